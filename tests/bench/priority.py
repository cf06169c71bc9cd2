#!/usr/bin/env python3
"""What priority is worth when the data path is at its limit: small packets from the LAN to a client, marked EF and not
marked, a hundred a second of each, beside bulk to clients of the same gateway with one worker.

    ./build.sh bench priority          the middle of 3; appends lines to RESULTS.md (4 minutes)
    BENCH_RUNS=1 BENCH_SECONDS=5 ./build.sh bench priority     under a minute, nothing is kept

    BENCH_RUNS=3          turns; with fewer than 3 nothing is kept
    BENCH_SECONDS=10      of one reading

    idle                  no bulk
    flood                 UDP in bundles of 44 packets of 1300 octets to a second client, more than any gateway seals
    flood, no class       the same with no priority configured
    tcp                   4 streams of iperf3 to the client that has the small packets, too: all share two cores, so here
                          it is not the gateway that is the limit

Times are one way, of one clock. For the readings to be of the gateway and not of who got a core when, gateway, client,
probes and flood are real-time processes (SCHED_FIFO), the gateway alone on the first core and the others on the second;
what floods is the least of them, iperf3 is none. The wire to the second client drops what is longer than 600
octets, so that opening it costs nothing. The flood pauses for the last 200 ms of every second, or the kernel would take
the cores from real-time processes for 50 ms of it; small packets are sent while it runs only, also when idle.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "net"), os.path.join(HERE, "peers")]
import json
import pairs
import places
from lib import Sallyport, nft, ok, done, spawn, stop_process, wait_for
from places import LAN, UDP_LOAD, ended, start
from results import add_row

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
CASES = ("idle", "flood", "flood, no class", "tcp")
GATEWAY_CORE, OTHER_CORE = 0, 1
FLOOD, GATEWAY, CLIENT, PROBE = 5, 10, 20, 30 # real-time priorities
EF = 46 << 2
INTERVAL_US = 10000
BUNDLE = ("1300", "44")
AIM_UNMARKED, AIM_IDLE = 0.2, 2 # marked p99 at most so many times the other

POLICY = """
class-map VOICE
 match dscp ef
policy-map TO-CLIENT
 class VOICE
  priority
sallyport workers 1
"""
TEMPLATE = "interface Virtual-Template1 type tunnel\n"
WITHOUT = POLICY + pairs.GATEWAY
WITH = WITHOUT.replace(TEMPLATE, TEMPLATE + " service-policy output TO-CLIENT\n")


class PriorityPair(pairs.SallyportPair):
    # Two workers of one real-time priority on one core would wait for each other.
    gateway, client_text = WITH, pairs.CLIENT + "sallyport workers 1\n"

    def up(self):
        super().up()
        self.bulk_host = self.row.other("bulk")
        client = self.client_text.replace("client1@", "client2@").replace(pairs.GW, "10.99.10.1")
        bulk = self.started(Sallyport(self.bulk_host, client, name="bulk")).start()
        if not wait_for(15, bulk.sessions):
            raise RuntimeError("no second session: " + bulk.tail())
        self.bulk_address = bulk.sessions()[0]["assigned_ip4"]
        nft(self.bulk_host, 'table netdev bench {\n chain in {\n type filter hook ingress device "eth0" priority 0;\n'
            ' meta length > 600 counter drop\n }\n}\n')
        real_time(self.gw, GATEWAY, GATEWAY_CORE)
        real_time(self.cli, CLIENT, OTHER_CORE)

    def dropped_gbit(self):
        """What came to the second client's wire."""
        rules = json.loads(self.bulk_host.run("nft", "-j", "list", "chain", "netdev", "bench", "in").stdout)["nftables"]
        return next(e["counter"]["bytes"] for r in rules if "rule" in r for e in r["rule"]["expr"] if "counter" in e) * 8e-9


def real_time(pids, priority, core):
    for pid in pids:
        for thread in os.listdir("/proc/%d/task" % pid):
            os.sched_setaffinity(int(thread), {core})
            os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(priority))


def eager(priority, *argv):
    return ("taskset", "-c", OTHER_CORE, "chrt", "-f", priority, *argv)


def probes(row, pair):
    """(p50, p99, greatest, lost in percent) of the marked and of the unmarked."""
    kinds = ((5302, EF), (5303, 0))
    heard = [start(row.cli, *eager(PROBE, UDP_LOAD, "hear", pair.address, port, SECONDS + 2)) for port, _ in kinds]
    time.sleep(0.3)
    sent = [start(row.lan, *eager(PROBE, UDP_LOAD, "tick", pair.address, port, SECONDS, INTERVAL_US, tos)) for port, tos in kinds]
    found = []
    for s, h in zip(sent, heard):
        n, words = ended(s, SECONDS + 10), ended(h, SECONDS + 10)
        if not n or len(words) != 6 or int(words[0]) == 0:
            raise RuntimeError("the probes did not run: %s %s" % (n, words))
        found.append((float(words[1]), float(words[3]), float(words[5]), 100 * (1 - int(words[0]) / int(n[0]))))
    return found


def measure(row, pair, case):
    status = pair.sallyport.counters()["status"]
    cpu, gbit, begin = places.cpu_s(pair.gw), pair.dropped_gbit(), time.monotonic()
    load = server = None
    if case.startswith("flood"):
        load = start(row.lan, *eager(FLOOD, UDP_LOAD, "flood", pair.bulk_address, 5300, SECONDS + 3, *BUNDLE))
    elif case == "tcp":
        server = places.Server(row)
        load = start(row.cli, "iperf3", "-c", LAN, "-t", SECONDS + 3, "-J", "-P", "4", "-R")
    time.sleep(1)
    marked, unmarked = probes(row, pair)
    out = load.communicate(timeout=30)[0] if load else ""
    took = time.monotonic() - begin
    rate = (pair.dropped_gbit() - gbit) / (SECONDS + 3) / 0.8 if case.startswith("flood") else 0
    if server:
        server.stop()
        rate = json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9
    queue = pair.sallyport.counters()["status"]["out_queue"] - status["out_queue"]
    found = dict(marked=marked, unmarked=unmarked, gbps=rate, queue=queue, cpu=(places.cpu_s(pair.gw) - cpu) / took)
    print("   %-16s %5.2f Gbit/s, gateway's core %3.0f %%, %7d out_queue; us p50 p99 greatest (lost): marked %.0f %.0f %.0f (%.1f %%), "
          "unmarked %.0f %.0f %.0f (%.1f %%)" % (case, rate, 100 * found["cpu"], queue, *marked, *unmarked), flush=True)
    return found


def turn(found):
    print("   others' cores: %.1f" % places.others(), flush=True)
    row = places.Row("on")
    pair = PriorityPair(row)
    try:
        pair.up()
        for case in CASES:
            pair.sallyport.configure(WITHOUT if case == "flood, no class" else WITH)
            pair.sallyport.reload()
            time.sleep(0.3)
            found.setdefault(case, []).append(measure(row, pair, case))
    finally:
        pair.down()
        row.remove()


def middle(values):
    return sorted(values)[len(values) // 2]


def figures(runs):
    """The middle of every figure by itself."""
    return dict(gbps=middle([r["gbps"] for r in runs]), queue=middle([r["queue"] for r in runs]), cpu=middle([r["cpu"] for r in runs]),
                **{kind: [middle([r[kind][i] for r in runs]) for i in range(4)] for kind in ("marked", "unmarked")})


def main():
    found, version = {}, PriorityPair.version() # before RESULTS.md changes
    for _ in range(RUNS):
        turn(found)
    by_case = {case: figures(found[case]) for case in CASES}
    flood, idle = by_case["flood"], by_case["idle"]
    ok("the gateway was at its limit", flood["queue"] > 0)
    ok("marked packets: p99 at most a fifth of the unmarked", flood["marked"][1] <= flood["unmarked"][1] * AIM_UNMARKED, str(flood))
    ok("and twice the idle p99", flood["marked"][1] <= idle["marked"][1] * AIM_IDLE, "%s %s" % (flood, idle))
    if RUNS >= 3:
        for case in CASES:
            f = by_case[case]
            add_row("| date | gateway | bulk |", "| %s | %s | %s | %.1f | %s | %.0f | %.0f | %.1f | %.0f | %.0f | %.1f |" % (
                time.strftime("%Y-%m-%d", time.gmtime()), version, case, f["gbps"], "yes" if f["queue"] else "no",
                f["marked"][0], f["marked"][1], f["marked"][3], f["unmarked"][0], f["unmarked"][1], f["unmarked"][3]))
    done()


main()
