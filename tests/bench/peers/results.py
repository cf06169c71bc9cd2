"""RESULTS.md beside the benchmarks: tables that only ever grow."""
import os

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "RESULTS.md")


def add_row(head, row):
    """Below the last row of the table whose first line begins with head."""
    with open(PATH) as f:
        lines = f.read().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(head))
    while at < len(lines) and lines[at].startswith("|"):
        at += 1
    lines.insert(at, row)
    with open(PATH, "w") as f:
        f.write("\n".join(lines) + "\n")


def add_section(text):
    """At the end."""
    with open(PATH, "a") as f:
        f.write("\n" + text.rstrip() + "\n")


def table(head, rows):
    """Markdown of cells that are text already."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head)] + rows)
