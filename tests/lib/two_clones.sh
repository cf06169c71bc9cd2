#!/bin/bash
# Two clones of the commit, in different folders and with different caches (one of them builds the
# libraries again), must give the same bytes.
set -eu
git -c "safe.directory=$SALLYPORT_ROOT" rev-parse HEAD >/dev/null 2>&1 || {
	echo "there is no git history here to clone"
	exit 77
}
[[ -e cmd/main.c ]] || {
	echo "there is no program to compare yet"
	exit 77
}
cache=${SALLYPORT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sallyport}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/other-cache"
cp -r "$cache/src" "$work/other-cache/src"
git -c "safe.directory=$SALLYPORT_ROOT" clone -q "$SALLYPORT_ROOT" "$work/one"
git -c "safe.directory=$SALLYPORT_ROOT" clone -q "$SALLYPORT_ROOT" "$work/a-longer-name"
SALLYPORT_CACHE=$cache "$work/one/build.sh"
SALLYPORT_CACHE=$work/other-cache "$work/a-longer-name/build.sh"
for f in sallyport sallyport.debug; do
	cmp "$work/one/build/$f" "$work/a-longer-name/build/$f" || {
		echo "FAIL $f differs between two clones"
		exit 1
	}
done
echo "ok two clones"
