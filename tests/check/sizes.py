"""Nothing grows past what a reader holds in mind: files, headers, functions."""
import re
import sys

from tree import Findings, code, files, lines

FILE, HEADER, FUNCTION = 800, 200, 100
FOLDERS = ["core", "modules", "db", "cmd", "tests/lib", "tests/sim", "tests/planted"]


def functions(path):
    """(name, first line, length) of each function; a body ends at the first } in column one."""
    start = None
    head = ""
    for number, line in enumerate(code(path).splitlines(), 1):
        if start is None:
            if re.match(r"[A-Za-z_{]", line) is None:
                if line.strip() and not line[0].isspace():
                    head = ""
                elif head:
                    head += line
            else:
                head = head + line if line.startswith("{") else line
            if head.rstrip().endswith("{") and ")" in head and "=" not in head:
                m = re.search(r"(\w+)\s*\(", head)
                start, name = number, m.group(1) if m else "?"
            if head.rstrip().endswith((";", "{")):
                head = ""
        elif line.startswith("}"):
            yield name, start, number - start + 1
            start = None


def main():
    found = Findings()
    for path in files(FOLDERS, (".c", ".h")):
        count = sum(1 for _ in lines(path))
        limit = HEADER if path.endswith(".h") else FILE
        if count > limit:
            found.add(path, count, f"{count} lines, the limit is {limit}")
        for name, start, length in functions(path):
            if length > FUNCTION:
                found.add(path, start, f"{name} has {length} lines, the limit is {FUNCTION}")
    return found.end()


sys.exit(main())
