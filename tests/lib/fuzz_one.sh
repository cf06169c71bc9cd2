#!/bin/bash
# fuzz_one.sh NAME SECONDS COMMAND...: the kept inputs of a target (tests/fuzz/corpus/NAME), then a
# search for new ones that takes that many seconds.
name=$1 seconds=$2
shift 2
kept=tests/fuzz/corpus/$name
new=build/fuzz/corpus/$name
passed=0 failed=0

step() {
	local what=$1
	shift
	if "$@"; then
		echo "ok $what"
		passed=$((passed + 1))
	else
		echo "FAIL $what"
		failed=$((failed + 1))
	fi
}

if [[ -d $kept ]]; then
	step "$name: kept inputs" "$@" -runs=0 "$kept"
	step "$name: search" "$@" -max_total_time="$seconds" -print_final_stats=1 "$new" "$kept"
else
	step "$name: search" "$@" -max_total_time="$seconds" -print_final_stats=1 "$new"
fi
echo "# $passed passed, $failed failed"
((failed == 0))
