#!/bin/bash
# must_report.sh WORDS COMMAND...: passes when the command fails and says so in WORDS (a regular
# expression): the proof that a tool sees the bug that was planted for it.
words=$1
shift
out=$("$@" 2>&1) && {
	echo "FAIL $1 ended well: the planted bug was not noticed"
	exit 1
}
if [[ -n $words ]] && grep -qaE "$words" <<<"$out"; then
	grep -aE "$words" <<<"$out" | head -n 3
	echo "# 1 passed, 0 failed"
	exit 0
fi
echo "$out" | tail -n 30
echo "FAIL the report does not say '$words'"
exit 1
