#!/usr/bin/env python3
"""Thousands of IKE SAs with a child each, from strongSwan's load tester in one namespace to a gateway in another:
Sallyport, then Debian's strongSwan with ESP in user space too, in the same run. Set-ups per second and CPU per
set-up at 1,000 SAs and in the last step, memory per session. Tester and gateway share the machine: compare
the CPU of the gateways. When both were measured, a line of each goes to RESULTS.md beside this file.

    ./build.sh bench ike_load       IKE_LOAD_SAS=10000  IKE_LOAD_GATEWAYS="sallyport strongswan"
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "net"), os.path.join(HERE, "peers")]
import lib
from lib import *
from load_tester import LoadTester
from pairs import GATEWAY, strongswan_gateway
from places import cpu_s, family, memory_kib
from results import add_row

SAS = int(os.environ.get("IKE_LOAD_SAS", "10000"))
GATEWAYS = os.environ.get("IKE_LOAD_GATEWAYS", "sallyport strongswan").split()
LIMIT_S = 180


def gateway(kind, host):
    if kind == "sallyport":
        sp = Sallyport(host, GATEWAY).start()
        return sp, family(sp.process.pid)
    ss = strongswan_gateway(host)
    ss.start()
    return ss, [ss.process.pid]


def measure(kind):
    """One gateway, one tester: rows (SAs, set-ups per s, CPU ms per set-up) and KiB per session."""
    gw, pids = gateway(kind, top.gw)
    time.sleep(1)
    rss0, pss0 = memory_kib(pids)
    tester = LoadTester(client, kind, SAS)
    want = tester.want
    marks = [m for m in (1000, 2000, 5000) if m < want] + [want]
    rows, last, end = [], None, time.monotonic() + LIMIT_S
    while marks and time.monotonic() < end:
        time.sleep(0.02)
        have = tester.established()
        if have is None:
            continue
        now = time.monotonic()
        if last is None:
            if have > 0:
                last = (now, have, cpu_s(pids), cpu_s([tester.process.pid]))
            continue
        if have >= marks[0]:
            marks.pop(0)
            cpu, tcpu = cpu_s(pids), cpu_s([tester.process.pid])
            n = max(have - last[1], 1)
            rows.append(dict(sas=have, rate=n / max(now - last[0], 1e-3), gw_ms=1000 * (cpu - last[2]) / n, tester_ms=1000 * (tcpu - last[3]) / n))
            print("   %s: %5d SAs: %5.0f set-ups/s, gateway %.3f CPU-ms each, tester %.3f" % (kind, have, rows[-1]["rate"], rows[-1]["gw_ms"], rows[-1]["tester_ms"]), flush=True)
            last = (now, have, cpu, tcpu)
    time.sleep(3)
    rss, pss = memory_kib(pids)
    have = rows[-1]["sas"] if rows else 1
    each = [(b - a) / have for a, b in zip(rss0, rss)]
    print("   %s: %.1f KiB a session, all processes together (resident of each: %s)" % (kind, (pss - pss0) / have, ", ".join("%.1f" % e for e in each)), flush=True)
    ok("%s: %d SAs stand" % (kind, want), have >= want)
    if kind == "sallyport":
        ok("sallyport: it knows as many sessions", gw.counters()["sessions"] >= want, str(gw.counters()["sessions"]))
        print("   sallyport: what was not fine: %s" % {k: v for k, v in gw.counters()["status"].items() if v}, flush=True)
    tester.kill()
    gw.stop()
    return rows, (pss - pss0) / have


def version(kind):
    git = ["git", "-c", "safe.directory=" + ROOT, "-C", ROOT, "rev-parse", "--short=12", "HEAD"]
    command = git if kind == "sallyport" else ["dpkg-query", "-W", "-f", "${Version}", "charon-systemd"]
    return "%s %s" % (kind, run(*command, check=False).stdout.strip())


def keep(kind, rows, kib):
    first, last = rows[0], rows[-1]
    add_row("| date | gateway | SAs |", "| %s | %s | %d | %.0f | %.0f | %.2f | %.2f | %.2f | %.1f |" % (
        time.strftime("%Y-%m-%d", time.gmtime()), version(kind), last["sas"], first["rate"], last["rate"],
        first["gw_ms"], last["gw_ms"], last["tester_ms"], kib))


top = Topology()
client = top.client(1)
results = [(kind, *measure(kind)) for kind in GATEWAYS]
if len(GATEWAYS) > 1 and lib.failed == 0:
    for result in results:
        keep(*result)
done()
