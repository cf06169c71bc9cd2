#!/usr/bin/env python3
"""x"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "net"), os.path.join(HERE, "peers")]
import time
import places
import pairs
from lib import *
from places import UDP_LOAD, start, ended

open("/proc/self/autogroup","w").write("-20")
SECONDS = int(os.environ.get("BENCH_SECONDS", "20"))
PIN = os.environ.get("BENCH_PIN", "1") == "1"
PRIO = os.environ.get("BENCH_PRIORITY", "1") == "1"
POLICY = """
class-map VOICE
 match dscp ef
policy-map TO-CLIENT
 class VOICE
  priority
"""
TEMPLATE = "interface Virtual-Template1 type tunnel\n"

class PriorityPair(pairs.SallyportPair):
    gateway = POLICY + "sallyport workers 1\n" + (pairs.GATEWAY.replace(TEMPLATE, TEMPLATE + " service-policy output TO-CLIENT\n") if PRIO else pairs.GATEWAY)


def probes(row, pair):
    heard = [start(row.cli, *places.EAGER, UDP_LOAD, "hear", pair.address, port, SECONDS + 1.5) for port in (5302, 5303)]
    time.sleep(0.2)
    sent = [start(row.lan, *places.EAGER, UDP_LOAD, "tick", pair.address, port, SECONDS, 10000, tos) for port, tos in ((5302, 0xb8), (5303, 0))]
    n = [ended(p, SECONDS + 5) for p in sent]
    got = [ended(p, SECONDS + 5) for p in heard]
    for name, a, b in zip(("marked", "unmarked"), n, got):
        print("   %-9s sent %s heard %s" % (name, a, b), flush=True)


row = places.Row("on")
pair = PriorityPair(row)
pair.up()
bulk_host = row.other("bulk")
bulk = pair.started(Sallyport(bulk_host, pairs.CLIENT.replace("client1@", "client2@").replace(pairs.GW, "10.99.10.1"), name="bulk")).start()
wait_for(10, bulk.sessions)
print(bulk.sessions())
words = bulk_host.run("ip", "-4", "route", "get", places.LAN).stdout.split()
bulk_addr = words[words.index("src") + 1]
print(bulk_addr)
nft(bulk_host, 'table netdev t { chain c { type filter hook ingress device "eth0" priority 0; meta length > 600 counter drop; }; }\n')
def threads(pids):
    return [int(t) for p in pids for t in os.listdir("/proc/%d/task" % p)]
if PIN:
    for t in threads(pair.gw): os.sched_setaffinity(t, {0})
    for t in threads(pair.cli): os.sched_setaffinity(t, {1})
RT = os.environ.get("RT")
if RT:
    for ps, n in ((pair.gw, 10), (pair.cli, 20)):
        for t in threads(ps): os.sched_setscheduler(t, os.SCHED_FIFO, os.sched_param(n))
    places.EAGER = ("chrt", "-f", "30")
for t in () if RT else threads(pair.cli) + threads(pair.gw): os.setpriority(os.PRIO_PROCESS, t, int(os.environ.get("GWNICE","-20")))
if not RT: places.EAGER = ("nice", "-n", os.environ.get("PNICE","-20"))
def pin(core): return ("taskset", "-c", core) if PIN else ()
def load(what):
    c0 = pair.sallyport.counters()
    cpu = places.cpu_s(pair.gw), places.cpu_s(pair.cli)
    t0 = time.monotonic()
    ps = []
    if what == "tcp":
        srv = spawn(row.lan.ns, *pin(os.environ.get("SRV", "0")), "iperf3", "-s", "-B", places.LAN)
        time.sleep(.3)
        ps.append(start(row.cli, *pin("1"), "iperf3", "-c", places.LAN, "-t", SECONDS + 4, "-J", "-P", "4", "-R"))
    elif what == "udp":
        sink = start(row.cli, *pin("1"), UDP_LOAD, "sink", pair.address, 5300, SECONDS + 3)
        ps.append(start(row.lan, *pin("1"), UDP_LOAD, "send", pair.address, 5300, SECONDS + 3, 3000000, 1300))
    elif what.startswith("flood"):
        ps.append(start(row.lan, *pin("1"), "chrt", "-f", "5", UDP_LOAD, "flood", bulk_addr, 5300, SECONDS + 3, 1300, what[5:]))
    time.sleep(1)
    print(what, flush=True)
    probes(row, pair)
    out = ""
    for p in ps:
        out = p.communicate(timeout=20)[0]
    if what == "tcp":
        j = json.loads(out)["end"]
        print("   %.2f Gbit/s retr %s" % (j["sum_received"]["bits_per_second"] / 1e9, j["sum_sent"].get("retransmits")))
        stop_process(srv, grace=2)
    if what.startswith("flood"):
        print("   sent", out)
        print("   ", bulk_host.run("nft", "list", "ruleset").stdout.split("counter")[1][:60])
    if what == "udp":
        print("   sent", out.split(), "got", ended(sink, 5))
    t = time.monotonic() - t0
    c1 = pair.sallyport.counters()
    print("   gw cpu %.2f cli cpu %.2f" % ((places.cpu_s(pair.gw) - cpu[0]) / t, (places.cpu_s(pair.cli) - cpu[1]) / t))
    print("   ", {k: v - c0["status"].get(k, 0) for k, v in c1["status"].items() if v != c0["status"].get(k, 0)}, flush=True)
for what in os.environ.get("WHAT", "idle tcp udp").split():
    load(what)
pair.down()
row.remove()
