"""What the data path does for a client whose SA is the oldest of many: the others are set up by the load tester, a step
at a time, and idle."""
import time

from load_tester import LoadTester
from lib import wait_for
from pairs import SallyportPair, StrongSwanPair
from places import Row, Server, latency, memory_kib, tcp

KINDS = {"sallyport": SallyportPair, "strongswan": StrongSwanPair}
CASES = ("1 c>l", "1 l>c")


def readings(pair, row, seconds, runs):
    """{tcp: {case: the run with the middle rate}, idle, memory: (RSS, PSS) in KiB}."""
    server = Server(row)
    found = dict(tcp={}, idle=latency(row, 2))
    for case in CASES:
        all = sorted((t for t in (tcp(row, case, seconds, pair.gw, pair.cli) for _ in range(runs)) if t), key=lambda t: t["gbps"])
        found["tcp"][case] = all[len(all) // 2] if all else None
    server.stop()
    rss, pss = memory_kib(pair.gw)
    found["memory"] = (sum(rss), pss)
    return found


def load(row, kind, have, want, say):
    """More clients until there are want. Gives how many there are."""
    host = row.other("l%d" % want)
    initiators = max(n for n in range(1, 9) if (want - have) % n == 0)
    tester = LoadTester(host, "%s-%d" % (kind, want), want - have, initiators, prefix="s%dn" % want)
    begin, now = time.monotonic(), 0
    while time.monotonic() < begin + 240:
        now = tester.established() or now
        if now >= tester.want:
            break
        time.sleep(0.2)
    say("   %s: %d more SAs in %.1f s" % (kind, now, time.monotonic() - begin))
    tester.kill()
    return have + now


def scale(kind, counts, seconds, runs, say):
    """[(SAs, readings)] of one gateway; it stops before a step that could not be set up."""
    row = Row("on")
    pair = KINDS[kind](row)
    steps = []
    try:
        pair.up()
        have = 1
        for want in counts:
            if want > have:
                have = load(row, kind, have, want, say)
                time.sleep(2)
            if not wait_for(10, lambda: row.cli.ping("10.99.2.2", count=1) == 1):
                say("   %s: the oldest of %d does not get through" % (kind, have))
                break
            steps.append((have, readings(pair, row, seconds, runs)))
            t = steps[-1][1]["tcp"]
            say("   %s: oldest of %d: Gbit/s %s" % (kind, have, ", ".join("%s %.3f" % (c, t[c]["gbps"] if t[c] else 0) for c in CASES)))
            if have < want:
                break
    finally:
        pair.down()
        row.remove()
    return steps
