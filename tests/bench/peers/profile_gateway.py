"""Where Sallyport's gateway spends its time while TCP runs through it, function by function, by perf. What ships is
stripped; the same program with its symbols is build/plain/sallyport."""
import os
import re

import lib
from lib import ROOT, WORK, run, spawn, stop_process
from places import Row, Server, tcp

RATE = 1999 # samples a second; not in step with anything


def rows(data, *more):
    """[(percent of all samples, what)] of perf's report, the greatest first."""
    r = run("perf", "report", "-i", data, "--stdio", "-g", "none", "--percent-limit", "0.2", "-s", "symbol", *more, check=False, timeout=120)
    found = re.findall(r"^ +([\d.]+)%(?: +[\d.]+%)? +(\[[.k]\] \S+)", r.stdout, re.M)
    if not found:
        raise RuntimeError("perf says nothing: " + r.stdout[-1000:])
    return [(float(percent), what) for percent, what in found]


def show(data, say):
    itself, below = rows(data, "--no-children"), rows(data, "--children")
    ours = [r for r in itself if r[1].startswith("[.]")]
    kernel = [r for r in itself if r[1].startswith("[k]")]
    # Chains are of the kernel's frames: what a system call costs stands at its name.
    calls = [r for r in below if r[1].startswith("[k]") and not re.search(r" (0|do_syscall_64|entry_SYSCALL)", r[1])]
    for title, most, part in (("our functions", 25, ours), ("the kernel's", 15, kernel), ("the kernel's with what they call", 40, calls)):
        say("-- %s, %.0f %% of all in these" % (title, sum(p for p, _ in part)) if part is not calls else "-- " + title)
        say("\n".join("%6.2f %% %s" % r for r in part[:most]))


def profile(kind, seconds, offload, say):
    lib.BIN = os.path.join(ROOT, "build", "plain", "sallyport")
    row = Row(offload)
    pair = kind(row)
    try:
        pair.up()
        server = Server(row)
        for case in ("1 c>l", "1 l>c"):
            tcp(row, case, 1, pair.gw, pair.cli)
            data = os.path.join(WORK, "perf.data")
            perf = spawn(None, "perf", "record", "-q", "-e", "cpu-clock", "-F", RATE, "-g", "-o", data, "-p",
                         ",".join(map(str, pair.gw)), "--", "sleep", seconds, log=os.path.join(WORK, "perf.log"))
            t = tcp(row, case, seconds, pair.gw, pair.cli)
            try:
                perf.wait(seconds + 10)
            finally:
                stop_process(perf)
            say("== %s, OFFLOAD=%s: %s" % (case, offload, "%.2f Gbit/s, %.3f CPU-s per GB" % (t["gbps"], t["gw"]) if t else "failed"))
            show(data, say)
        server.stop()
    finally:
        pair.down()
        row.remove()
