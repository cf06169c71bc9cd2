# shellcheck shell=bash disable=SC2034,SC2154
# How build.sh runs tests, sourced by it. A group is a function group_X that starts its tests with
# `one`; a test program says `ok NAME` or `FAIL NAME why` per test and `# N passed, M failed` at its
# end, exits 0 or 1, or exits 77 with the reason in its last line when it cannot run here.
#
# QUICK=1 makes the long groups short. SIM_SEEDS and FUZZ_SECONDS set them one by one.

readonly GROUPS_IN_ORDER="check unit asan tsan planted sim fuzz net repro"
if [[ -n ${QUICK:-} ]]; then
	: "${SIM_SEEDS:=2000}" "${FUZZ_SECONDS:=3}"
else
	: "${SIM_SEEDS:=30000}" "${FUZZ_SECONDS:=2}"
fi
export SALLYPORT_ROOT=$ROOT SALLYPORT_BIN=$ROOT/build/sallyport

group_packages() {
	case $1 in
	check) echo python3 ;;
	unit | repro) ;;
	net) TEST_PACKAGES ;;
	*) echo "clang libclang-rt-14-dev llvm python3" ;;
	esac
}

# --- one test -------------------------------------------------------------------------------------

# in_tool PROFILE COMMAND...: sets RUN, the command with what its profile needs around it. The
# sanitizers of this compiler want their shadow memory where a kernel with much address
# randomisation may have put something else; so randomisation is off for them.
in_tool() {
	local profile=$1
	shift
	RUN=("$@")
	[[ $profile != plain ]] || return 0
	! setarch -R true 2>/dev/null || RUN=(setarch -R "${RUN[@]}")
	RUN=(env ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1
		UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
		TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 "${RUN[@]}")
}

# tally LOG STATUS: "passed failed skipped" of a finished test, from its last line of totals. A
# program that died before its totals, or after them, is one failure more.
tally() {
	local line p=0 f=0 s=0
	if (($2 == 77)); then
		echo 0 0 1
		return
	fi
	line=$(grep -aE '^# [0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1) || true
	if [[ $line =~ ^#\ ([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
		p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]} s=${BASH_REMATCH[4]:-0}
	elif (($2 == 0)); then
		p=1
	fi
	(($2 == 0 || f > 0)) || f=1
	echo "$p $f $s"
}

# What a person needs to see of a test that did not simply pass.
report() {
	local label=$1 log=$2 status=$3 failed=$4
	if ((status == 77)); then
		echo "  skipped $label: $(tail -n 1 "$log")"
	elif ((failed > 0)); then
		echo "  FAILED $label (exit $status$([[ $status != 124 ]] || echo ", time is up")), log $log"
		grep -aE -A 3 '^FAIL|ERROR: |runtime error:|WARNING: ThreadSanitizer' "$log" | head -n 40 |
			sed 's/^/    /' || true
		grep -qaE '^FAIL|ERROR: |runtime error:' "$log" || tail -n 15 "$log" | sed 's/^/    /'
	fi
}

run_one() {
	local label=$1 limit=$2 status=0 counts log start=$SECONDS
	log=$(log_path "$GROUP.$label")
	shift 2
	timeout -k 5 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?
	((status == 77)) || echo "# $((SECONDS - start)) s" >>"$log"
	counts=$(tally "$log" "$status")
	# shellcheck disable=SC2086
	report "$label" "$log" "$status" "$(set -- $counts && echo "$2")"
	echo "$counts" >"$RESULTS/$label"
}

# selected NAME: no names were given on the command line, or this is one of them.
selected() {
	local bare=${1##*/} n
	bare=${bare#test_} bare=${bare#fuzz_}
	((${#SELECT[@]})) || return 0
	for n in "${SELECT[@]}"; do
		n=${n##*/} n=${n#test_} n=${n#fuzz_}
		[[ ${n%.*} != "${bare%.*}" ]] || return 0
	done
	return 1
}

# one LABEL LIMIT_S COMMAND...: starts a selected test when fewer than PARALLEL are running.
one() {
	selected "$1" || return 0
	while (($(jobs -rp | wc -l) >= PARALLEL)); do wait -n || true; done
	run_one "$@" &
}

# built PROFILE TARGET...: a build whose failure is a failed test of the group.
built() {
	local log
	log=$(log_path "build-$1")
	build "$@" >"$log" 2>&1 && return
	echo "  FAILED to build $*, log $log"
	grep -E 'error|undefined reference|multiple definition|\*\*\*' "$log" | head -n 20 | sed 's/^/    /' || true
	echo 0 1 0 >"$RESULTS/build-$1"
	return 1
}

# --- the groups -----------------------------------------------------------------------------------

group_check() {
	local f
	for f in tests/check/*; do
		case $f in
		*tree.py) ;; # what the rules share
		*style.sh) [[ -z ${STYLE:-} ]] || one style.sh 300 bash "$f" ;;
		*.py) one "${f##*/}" 120 "$PYTHON" -B "$f" ;;
		*.sh) one "${f##*/}" 120 bash "$f" ;;
		esac
	done
}

# units PROFILE [FILE...]
units() {
	local f profile=$1 names=()
	shift
	for f in "$@"; do ! selected "$f" || names+=("$(basename "$f" .c)"); done
	((${#names[@]})) || return 0
	built "$profile" "${names[@]/#/build/$profile/unit/}" || return 0
	for f in "${names[@]}"; do
		in_tool "$profile" "build/$profile/unit/$f"
		one "$f" 120 "${RUN[@]}"
	done
}

group_unit() { with_files units plain tests/unit/test_*.c; }
group_asan() { with_files units asan tests/unit/test_*.c; }

# Threads are in few places: a test that has them says so in its first line.
group_tsan() {
	local f marked=()
	for f in tests/unit/test_*.c; do
		[[ ! -e $f ]] || ! head -n 1 "$f" | grep -q '/\* tsan \*/' || marked+=("$f")
	done
	((${#marked[@]} == 0)) || units tsan "${marked[@]}"
}

# with_files FUNCTION PROFILE GLOB...: nothing to do when the glob found nothing.
with_files() { [[ ! -e $3 ]] || "$@"; }

# tests/planted/TOOL*.c holds a bug that the tool must report in the words of its first line.
group_planted() {
	local f
	for f in tests/planted/*; do
		case $f in
		*.c) planted_c "$f" ;;
		*.sh) one "${f##*/}" 120 bash "$f" ;;
		esac
	done
}

planted_c() {
	local name words out log
	name=$(basename "$1" .c)
	selected "$name" || return 0
	out=build/planted/$name
	words=$(sed -n '1s,^/\* reported as: \(.*\) \*/$,\1,p' "$1")
	profile "${name%%[_-]*}"
	boringssl
	mkdir -p build/planted
	log=$(log_path "build-$name")
	# shellcheck disable=SC2086
	if ! "$CC" $BASE $TOOL -isystem "$BSSL/include" "$1" -o "$out" $LINK "$BSSL/lib/libcrypto.a" \
		-lpthread >"$log" 2>&1; then
		echo "  FAILED to build $1, log $log"
		echo 0 1 0 >"$RESULTS/build-$name"
		return
	fi
	in_tool "$P" "$out"
	[[ $P != fuzz ]] || RUN+=(-max_total_time=60 -seed=1 -artifact_prefix=build/planted/)
	one "$name" 90 bash tests/lib/must_report.sh "$words" "${RUN[@]}"
}

group_sim() {
	compgen -G 'tests/sim/*.c' >/dev/null || return 0
	if built plain build/plain/sim; then one sim 300 build/plain/sim --seeds "$SIM_SEEDS"; fi
	if built asan build/asan/sim; then
		in_tool asan build/asan/sim --seeds $((SIM_SEEDS / 20))
		one sim-asan 300 "${RUN[@]}"
	fi
}

# One target: every input that is kept must pass, then a bounded search for new ones. What is found
# stays in build/ (corpus and crash); somebody decides what of it is worth a place in the tree.
group_fuzz() {
	local f name args seconds
	compgen -G 'tests/fuzz/fuzz_*.c' >/dev/null || return 0
	built fuzz fuzz || return 0
	mkdir -p build/fuzz/crash
	for f in tests/fuzz/fuzz_*.c; do
		name=$(basename "$f" .c)
		name=${name#fuzz_}
		mkdir -p "build/fuzz/corpus/$name"
		args=(-timeout=10 -rss_limit_mb=2048 "-artifact_prefix=build/fuzz/crash/$name-")
		[[ ! -e tests/fuzz/dict/$name.dict ]] || args+=("-dict=tests/fuzz/dict/$name.dict")
		seconds=$FUZZ_SECONDS
		# Those that keep state need long to get somewhere.
		[[ $name != ike_before && $name != ike_after ]] || seconds=${FUZZ_STATEFUL_SECONDS:-$FUZZ_SECONDS}
		in_tool fuzz "build/fuzz/fuzz/fuzz_$name" "${args[@]}"
		one "$name" $((seconds + 120)) bash tests/lib/fuzz_one.sh "$name" "$seconds" "${RUN[@]}"
	done
}

# Tests of a network keep to namespaces of their own and run side by side, three more than there are jobs, because
# most of them wait most of the time. What one of them measures (a rate, a
# turn of the loop) is true only when nothing else runs: such a test says `# alone: why` below its first line. One
# that takes more than a minute says `# long: seconds` there and starts first, so that it is not left over at the end.
group_net() {
	local f shared=() alone=()
	compgen -G 'tests/net/test_*.py' >/dev/null || return 0
	built plain all net build/plain/bench/snmp || return 0
	for f in tests/net/test_*.py; do
		if sed -n 2p "$f" | grep -q '^# alone: '; then alone+=("$f"); else shared+=("$f"); fi
	done
	PARALLEL=$((JOBS + 3))
	for f in $(long_first "${shared[@]}"); do net_one "$f"; done
	wait
	PARALLEL=1
	for f in "${alone[@]}"; do net_one "$f"; done
}

long_first() {
	local f
	for f in "$@"; do echo "$(sed -n '2s/^# long: \([0-9]*\).*/\1/p' "$f") $f"; done |
		awk '{ print(NF > 1 ? $1 : 0, $NF) }' | sort -k 1,1nr -s | cut -d ' ' -f 2
}

net_one() {
	if ((EUID != 0)); then
		one "${1##*/}" 5 sh -c 'echo "network namespaces need root"; exit 77'
	else
		one "${1##*/}" 300 "$PYTHON" -B "$1"
	fi
}

group_repro() {
	[[ -z ${QUICK:-} ]] || return 0
	one two-clones 900 bash tests/lib/two_clones.sh
}

# --- the words of build.sh ------------------------------------------------------------------------

# run_group NAME: runs it and adds to PASSED, FAILED, SKIPPED.
run_group() {
	local p=0 f=0 s=0 a b c file start=${EPOCHREALTIME/./} ms
	GROUP=$1
	PARALLEL=$JOBS
	mkdir -p build/log
	# The same group may run twice at once: for two profiles.
	RESULTS=$(mktemp -d "build/log/results.$GROUP.XXXXXX")
	"group_$GROUP"
	wait
	for file in "$RESULTS"/*; do
		[[ -e $file ]] || continue
		read -r a b c <"$file"
		p=$((p + a)) f=$((f + b)) s=$((s + c))
	done
	ms=$(((${EPOCHREALTIME/./} - start) / 1000))
	rm -rf "$RESULTS"
	printf 'group %s: %d passed, %d failed, %d skipped (%d.%d s)\n' "$GROUP" $p $f $s \
		$((ms / 1000)) $((ms % 1000 / 100))
	PASSED=$((PASSED + p)) FAILED=$((FAILED + f)) SKIPPED=$((SKIPPED + s))
}

# Stops what is running when somebody presses Ctrl-C.
stop_tests() {
	local job
	for job in $(jobs -p); do
		pkill -TERM -P "$job" 2>/dev/null || true
	done
	exit 130
}

run_groups() {
	local g packages=
	for g in "$@"; do packages+=" $(group_packages "$g")"; done
	# shellcheck disable=SC2086,SC2046
	need_packages $(echo $packages | tr ' ' '\n' | sort -u)
	PASSED=0 FAILED=0 SKIPPED=0
	trap stop_tests INT TERM
	for g in "$@"; do run_group "$g"; done
	echo "$PASSED passed, $FAILED failed$( ((SKIPPED == 0)) || echo ", $SKIPPED skipped")"
	if ((FAILED > 0)); then return 1; fi
	if (( ${#SELECT[@]} && PASSED + SKIPPED == 0)); then die "no test of that name"; fi
}

cmd_test() {
	local group=${1:-}
	SELECT=()
	if [[ -z $group ]]; then
		# shellcheck disable=SC2086
		run_groups $GROUPS_IN_ORDER
		return
	fi
	[[ " $GROUPS_IN_ORDER " == *" $group "* ]] || die "no group '$group' ($GROUPS_IN_ORDER)"
	SELECT=("${@:2}")
	run_groups "$group"
}

# fuzz [SECONDS] [TARGET...]
cmd_fuzz() {
	FUZZ_SECONDS=60
	if [[ ${1:-} =~ ^[0-9]+$ ]]; then
		FUZZ_SECONDS=$1
		shift
	fi
	SELECT=("$@")
	run_groups fuzz
}

group_soak_sim() {
	compgen -G 'tests/sim/*.c' >/dev/null || return 0
	if built plain build/plain/sim; then one sim 14400 build/plain/sim --seeds "$SIM_SEEDS"; fi
}

# IPsec of a stock kernel as the peer, in a small virtual machine: its packages are fetched once.
group_guest() {
	export SALLYPORT_GUEST=$CACHE/kernel-guest
	built plain all || return 0
	if [[ ! -e $SALLYPORT_GUEST/accel ]]; then
		one image 600 bash tests/guest/build.sh "$SALLYPORT_GUEST"
		wait
	fi
	one kernel 600 "$PYTHON" -B tests/guest/test_kernel.py
}

# The data path with real peers, SOAK_SECONDS long, with the program of SOAK_PROFILE (plain, asan, tsan).
group_data() {
	local program=build/$SOAK_PROFILE/sallyport
	[[ $SOAK_PROFILE != plain ]] || program=build/sallyport
	built "$SOAK_PROFILE" all || return 0
	in_tool "$SOAK_PROFILE" env "SALLYPORT_BIN=$ROOT/$program" "$PYTHON" -B tests/soak/test_data.py
	one "data-$SOAK_PROFILE" $((SOAK_SECONDS + 900)) "${RUN[@]}"
}

# The long runs, with a line each in tests/SOAK.md: all of them, or those that are named (soak_sim, fuzz, guest, data).
cmd_soak() {
	local g what commit bad=0
	local groups=("$@")
	((${#groups[@]})) || groups=(soak_sim fuzz guest data)
	SELECT=() SIM_SEEDS=1000000 FUZZ_SECONDS=300 FUZZ_STATEFUL_SECONDS=1800
	export SOAK_SECONDS=${SOAK_SECONDS:-600} SOAK_PROFILE=${SOAK_PROFILE:-plain}
	commit=$(git -c "safe.directory=$ROOT" rev-parse --short=12 HEAD 2>/dev/null || echo none)
	# shellcheck disable=SC2046
	need_packages $(group_packages fuzz) $(group_packages net)
	trap stop_tests INT TERM
	for g in "${groups[@]}"; do
		PASSED=0 FAILED=0 SKIPPED=0
		run_group "$g"
		case $g in
		fuzz) what="fuzzing, $FUZZ_SECONDS s a target, $FUZZ_STATEFUL_SECONDS s with state" ;;
		guest) what="IPsec of $(sed -n 1p "$CACHE/kernel-guest/versions.txt" || echo no kernel) as the peer" ;;
		data) what="the data path with real peers, $SOAK_SECONDS s, $SOAK_PROFILE program" ;;
		*) what="$SIM_SEEDS simulated seeds" ;;
		esac
		echo "$(date -u +%F) $commit $what: $PASSED passed, $FAILED failed" >>tests/SOAK.md
		bad=$((bad + FAILED))
	done
	if ((bad > 0)); then return 1; fi
}

# bench [NAME...]: everything in tests/bench, or some of it, says its own figures; nothing here judges them.
cmd_bench() {
	local f bad=0
	SELECT=("$@")
	# shellcheck disable=SC2046
	need_packages $(TEST_PACKAGES)
	cmd_build
	build plain bench
	for f in tests/bench/*; do
		# `data` is the whole data path: the workers alone, and beside real peers.
		selected "$f" || { [[ $f == *data_path.py ]] && selected data; } || continue
		case $f in
		*.c) set -- "build/plain/bench/$(basename "$f" .c)" ;;
		*ike_load.py)
			. tests/lib/load_tester.sh
			load_tester
			set -- "$PYTHON" -B "$f"
			;;
		*eap_load.py)
			. tests/lib/load_tester.sh
			. tests/bench/peers/peers.sh
			load_tester
			bench_load
			set -- "$PYTHON" -B "$f"
			;;
		*data_path.py)
			. tests/lib/load_tester.sh
			. tests/bench/peers/peers.sh
			load_tester
			data_path_peers
			set -- "$PYTHON" -B "$f"
			;;
		*priority.py)
			. tests/bench/peers/peers.sh
			bench_load
			set -- "$PYTHON" -B "$f"
			;;
		*.py) set -- "$PYTHON" -B "$f" ;;
		*) continue ;;
		esac
		echo "== $f"
		"$@" || {
			echo "$f failed"
			bad=1
		}
	done
	return $bad
}
