"""What the rules have in common: walking the tree, C text without comments, and the report."""
import os
import re

ROOT = os.environ.get("CHECK_ROOT") or os.path.join(os.path.dirname(__file__), "..", "..")


def files(folders, suffixes=None):
    """Paths from the root of the tree, in order; build products and hidden folders left out."""
    for folder in folders:
        for where, dirs, names in os.walk(os.path.join(ROOT, folder)):
            dirs[:] = sorted(d for d in dirs if d not in ("build", "__pycache__") and d[0] != ".")
            for name in sorted(n for n in names if n != ".git"):
                if suffixes is None or name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(where, name), ROOT)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def lines(path):
    return enumerate(text(path).splitlines(), 1)


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(path):
    """C text with comments and the insides of literals blanked; line numbers stay true."""
    def blank(m):
        return m.group(0)[0] + re.sub(r"[^\n]", " ", m.group(0)[1:])
    return TOKEN.sub(blank, text(path))


class Findings:
    def __init__(self):
        self.count = 0

    def add(self, path, number, what):
        print(f"FAIL {path}:{number}: {what}")
        self.count += 1

    def end(self):
        """The exit status."""
        if self.count == 0:
            print("# 1 passed, 0 failed")
        return 1 if self.count else 0
