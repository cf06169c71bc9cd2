"""Where Sallyport's gateway spends its time while TCP runs through it, function by function, by perf. What ships is
stripped; the same program with its symbols is build/plain/sallyport."""
import os

import lib
from lib import ROOT, WORK, run, spawn, stop_process
from pairs import SallyportPair
from places import Row, Server, tcp

RATE = 1999 # samples a second; not in step with anything


def profile(seconds, offload, say):
    lib.BIN = os.path.join(ROOT, "build", "plain", "sallyport")
    row = Row(offload)
    pair = SallyportPair(row)
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
            for title, more in (("itself", ["--no-children"]), ("with what it calls", ["--children"])):
                r = run("perf", "report", "-i", data, "--stdio", "-g", "none", "--percent-limit", "0.7", "-s", "symbol", *more,
                        check=False, timeout=120)
                lines = [line for line in r.stdout.splitlines() if "%" in line and not line.startswith("#")]
                say("-- %s" % title)
                say("\n".join(lines[:45]) if lines else r.stdout[-1000:])
        server.stop()
    finally:
        pair.down()
        row.remove()
