# shellcheck shell=bash disable=SC2034,SC2154
# What the benchmark of the data path (tests/bench/data_path.py) needs beside Sallyport. Sourced after build.sh's functions.

readonly DATA_PATH_PACKAGES="libssl-dev ethtool iperf3 python3-cryptography"

# The wireguard-go of Debian 12 is older than its bundling of packages (GSO, GRO), so it would be too easy a peer. This
# fetches the binary package of a later suite through this machine's own entries, with the suite replaced, in a private
# state as private_apt's; nothing of it is installed.
readonly WIREGUARD_SUITE=trixie

private_apt_suite() {
	local apt=$1 f
	rm -rf "$apt"
	mkdir -p "$apt"/{entries,lists/partial,cache/archives/partial}
	for f in /etc/apt/sources.list.d/*.sources; do
		[[ ! -e $f ]] || awk -v RS= -v suite="$WIREGUARD_SUITE" \
			'/[Ss]uites:[^\n]*[ \t]bookworm([ \t\n]|$)/ { sub(/[Ss]uites:[^\n]*/, "Suites: " suite); print $0 "\n" }' \
			"$f" >"$apt/entries/${f##*/}"
	done
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[[ ! -e $f ]] || sed -n "s/^\([[:space:]]*deb[[:space:]].*[[:space:]]\)bookworm\([[:space:]].*\bmain\b\)/\1$WIREGUARD_SUITE\2/p" \
			"$f" >"$apt/entries/$(basename "$f" .list).list"
	done
	APT_PRIVATE=(-q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/entries"
		-o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
}

fetch_wireguard() {
	local folder=$1 log
	log=$PWD/$(log_path wireguard-go)
	[[ ! -e $folder/.complete ]] || return 0
	echo "fetching wireguard-go of $WIREGUARD_SUITE"
	rm -rf "$folder"
	mkdir -p "$folder"
	private_apt_suite "$folder/apt"
	# An entry that does not answer makes update complain; what counts is whether the package is found.
	apt-get "${APT_PRIVATE[@]}" update >"$log" 2>&1 || true
	(cd "$folder" && apt-get "${APT_PRIVATE[@]}" download wireguard-go && dpkg-deb -x wireguard-go_*.deb root) \
		>>"$log" 2>&1 || die "this machine's apt entries do not lead to wireguard-go of $WIREGUARD_SUITE; see $log"
	dpkg-deb -f "$folder"/wireguard-go_*.deb Version >"$folder/version"
	rm -rf "$folder/apt" "$folder"/*.deb
	touch "$folder/.complete"
}

# bench_load: builds the load of packets; exports where it is.
bench_load() {
	local here=tests/bench/peers out=build/bench
	mkdir -p "$out"
	[[ $out/udp_load -nt $here/udp_load.c ]] || gcc -O2 -Wall -Wextra -D_GNU_SOURCE -o "$out/udp_load" "$here/udp_load.c"
	export SALLYPORT_BENCH_TOOLS=$ROOT/$out
}

# data_path_peers: builds and fetches what is missing; exports where it is.
data_path_peers() {
	local here=tests/bench/peers out=build/bench
	# shellcheck disable=SC2086
	need_packages $DATA_PATH_PACKAGES ${BENCH_PROFILE:+linux-perf}
	export SALLYPORT_WIREGUARD=$CACHE/wireguard-go-$WIREGUARD_SUITE
	[[ -e $SALLYPORT_WIREGUARD/.complete ]] || locked "$CACHE/.lock" fetch_wireguard "$SALLYPORT_WIREGUARD"
	bench_load
	# The pump with all that this machine's compiler can do for it: it is the ceiling.
	[[ $out/pump -nt $here/pump.c ]] || gcc -O3 -march=native -w -o "$out/pump" "$here/pump.c" -lcrypto
}
