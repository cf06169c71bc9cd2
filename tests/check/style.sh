#!/bin/sh
# The C code against .clang-format; only where STYLE is set: the tool is a help, not a judge.
command -v clang-format >/dev/null || {
	echo "clang-format is not installed"
	exit 77
}
cd "${CHECK_ROOT:-$(dirname "$0")/../..}" || exit 1
bad=0
for f in $(find core modules db cmd tests -name '*.[ch]' 2>/dev/null | sort); do
	clang-format --dry-run --Werror "$f" 2>/dev/null || {
		echo "FAIL $f: clang-format would change it"
		bad=1
	}
done
exit $bad
