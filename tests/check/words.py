"""Words that do not belong in the tree: things left undone, and names of the machine it was made on."""
import glob
import re
import sys

from tree import Findings, files, lines

BINARY = (".png", ".bin", ".db", ".pcap", ".xz", ".der")
SKIP = ("tests/fuzz/corpus/", "tests/vectors/", "tests/check/words.py", "tests/planted/")


def package_hosts():
    """The hosts that this machine takes packages from."""
    hosts = set()
    for path in glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*"):
        with open(path, encoding="utf-8", errors="replace") as f:
            hosts.update(re.findall(r"\w+://([\w.-]+\.[\w-]+)", f.read()))
    return sorted(hosts)


def rules():
    yield re.compile(r"\b(TODO|FIXME|XXX)\b"), "left undone"
    yield re.compile(r"(?<![\w./-])/(work|home/\w+)/"), "a path of one machine"
    for host in package_hosts():
        yield re.compile(re.escape(host)), "a host of one machine"


def main():
    found = Findings()
    wanted = list(rules())
    for path in files([""]):
        if path.endswith(BINARY) or path.startswith(SKIP):
            continue
        for number, line in lines(path):
            for pattern, why in wanted:
                m = pattern.search(line)
                if m:
                    found.add(path, number, f"{m.group(0)}: {why}")
    return found.end()


sys.exit(main())
