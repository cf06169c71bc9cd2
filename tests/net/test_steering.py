#!/usr/bin/env python3
# alone: counts packets lost at a rate
"""Packet-numbered traffic through N workers: no loss and no reordering inside a flow, whichever
worker the kernel gives a packet to."""
from lib import *

RATE = int(os.environ.get("STEERING_RATE", "2000"))
SECONDS = float(os.environ.get("STEERING_SECONDS", "5"))
FLOWS = 4
CLIENTS = 3

# Numbers go both ways at once; each side prints what the other one lost.
TRAFFIC = r"""
import json, select, socket, struct, sys, threading, time
me, peer, base, rate, seconds, flows = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])
socks = []
for n in range(flows):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    s.bind((me, base + n))
    s.connect((peer, base + n))
    socks.append(s)
seen = [0] * flows      # packets
last = [-1] * flows     # highest number
late = [0] * flows      # arrived after a higher one
stop = threading.Event()
def receive():
    while not stop.is_set():
        for s in select.select(socks, [], [], 0.1)[0]:
            n = socks.index(s)
            try:
                while True:
                    (number,) = struct.unpack("!Q", s.recv(2048, socket.MSG_DONTWAIT)[:8])
                    seen[n] += 1
                    if number < last[n]:
                        late[n] += 1
                    last[n] = max(last[n], number)
            except OSError:
                pass
th = threading.Thread(target=receive)
th.start()
print("ready", flush=True)
sys.stdin.readline()
count = int(rate * seconds)
start = time.monotonic()
for i in range(count):
    socks[i % flows].send(struct.pack("!Q", i // flows) + bytes(200 + i % 700))
    ahead = start + i / rate - time.monotonic()
    if ahead > 0.002:
        time.sleep(ahead)
took = time.monotonic() - start
time.sleep(1.5)
stop.set()
th.join()
print(json.dumps({"sent": count, "seen": sum(seen), "late": sum(late), "took": took}))
"""


def start_traffic(host, me, peer, port):
    return subprocess.Popen(["ip", "netns", "exec", host.ns, "python3", "-c", TRAFFIC, me, peer, str(port), str(RATE // (2 * CLIENTS)),
                             str(SECONDS), str(FLOWS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


t = Topology()
clients = [StrongSwan(t.client(n), user="client%d@psk.test" % n, vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
           for n in range(1, CLIENTS + 1)]


def case(n):
    sp = Sallyport(t.gw, CONF + "sallyport workers %d\n" % n, name="w%d" % n).start()
    name = "%d worker%s" % (n, "" if n == 1 else "s")
    if not ok("%s: clients connect" % name, all([ss.up() for ss in clients]), clients[0].last[-300:] + sp.tail(5)):
        return
    before = sp.counters()
    with open("/proc/%d/status" % sp.main_pid()) as f:
        threads = int([l for l in f if l.startswith("Threads")][0].split()[1])
    ends = []
    for k, ss in enumerate(clients):
        vip = ss.addresses()[0]
        port = 20000 + 100 * k
        ends.append(("client %d to LAN" % (k + 1), start_traffic(t.lan, "10.99.2.2", vip, port)))
        ends.append(("LAN to client %d" % (k + 1), start_traffic(ss.host, vip, "10.99.2.2", port)))
    # All are bound before the first packet: an answer of "port unreachable" would end a sender.
    for _, p in ends:
        p.stdout.readline()
    for _, p in ends:
        p.stdin.write("go\n")
        p.stdin.flush()
    results = [(what, json.loads(p.communicate(timeout=60)[0])) for what, p in ends]
    sent = sum(r["sent"] for _, r in results)
    seen = sum(r["seen"] for _, r in results)
    late = sum(r["late"] for _, r in results)
    after = sp.counters()
    moved = after["counters"]["worker_handovers"] - before["counters"]["worker_handovers"]
    drops = {k: v - before["status"][k] for k, v in after["status"].items() if v > before["status"][k]}
    print("   %s: %d sent, %d lost, %d out of order, %d handed to another worker, %d threads" % (
        name, sent, sent - seen, late, moved, threads))
    ok("%s: no loss" % name, seen == sent, "%s drops %s" % (results, drops))
    ok("%s: no reordering inside a flow" % name, late == 0, str(results))
    ok("%s: packets %s" % (name, "stay" if n == 1 else "came to a worker that does not own them"), (moved == 0) == (n == 1), str(moved))
    for ss in clients:
        ss.down()
    ok("%s: clean stop" % name, sp.stop() == 0, sp.tail())


for workers in (1, 2, 4):
    case(workers)
for ss in clients:
    ss.stop()
done()
