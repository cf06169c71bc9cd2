#!/usr/bin/env python3
"""kill -9 of main: under 20 clients with running pings the outage stays under 2 s, nobody
authenticates again, no address changes hands, counters go on."""
import threading
from lib import *

CLIENTS = int(os.environ.get("KILL_CLIENTS", "20"))
ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))

t = Topology()
sp = Sallyport(t.gw).start()
clients = [StrongSwan(t.client(n), user="client%d@psk.test" % n, vips="0.0.0.0", remote_ts="10.99.2.0/24",
                      retransmits=8, timeout="0.5").start() for n in range(1, CLIENTS + 1)]
up = 0
for ss in clients:
    up += ss.up()
ok("%d clients connect" % CLIENTS, up == CLIENTS, "%d did; %s" % (up, sp.tail(5)))


def ping_times(host, stop, out):
    """Times of replies, by `ping -D`."""
    log = os.path.join(WORK, "ping-%s" % host.name)
    p = spawn(host.ns, "ping", "-n", "-D", "-i", "0.1", "10.99.2.2", log=log)
    stop.wait()
    stop_process(p, sig=signal.SIGINT)
    with open(log) as f:
        out[host.name] = [float(l[1:l.index("]")]) for l in f if l.startswith("[") and "bytes from" in l]


def addresses():
    return {ss.host.name: ss.addresses() for ss in clients}


def table():
    return sorted((s["identity"], s["assigned_ip4"], s["session"]) for s in sp.sessions())


def traffic():
    return {s["identity"]: s["packets_in"] for s in sp.sessions()}


before, sessions_before, traffic_before = addresses(), table(), traffic()
time.sleep(0.2)
auths_before, esp_before = (sp.counters()["counters"][k] for k in ("ike_auth_in", "esp_in_packets"))
ok("each has authenticated", auths_before >= CLIENTS, str(auths_before))
stop, replies = threading.Event(), {}
threads = [threading.Thread(target=ping_times, args=(ss.host, stop, replies)) for ss in clients]
for th in threads:
    th.start()
time.sleep(1)
worst_restart = 0.0
for n in range(ROUNDS):
    sp.kill_main()
    killed = time.monotonic()
    wait_for(10, sp.answers)
    worst_restart = max(worst_restart, time.monotonic() - killed)
    time.sleep(1.0)
stop.set()
for th in threads:
    th.join()
gaps = {name: max((b - a for a, b in zip(v, v[1:])), default=99) for name, v in replies.items()}
worst = max(gaps.values())
print("   longest gap between replies %.2f s, control socket back after at most %.2f s" % (worst, worst_restart))
ok("%d kills: outage under 2 s" % ROUNDS, worst < 2.0 and worst_restart < 2.0, "%.2f s" % worst)
ok("every ping ran all the time", all(len(v) > 10 * ROUNDS for v in replies.values()), str({k: len(v) for k, v in replies.items()}))
ok("no address changed", addresses() == before)
ok("the same sessions", table() == sessions_before, "%s\n%s" % (table(), sessions_before))
time.sleep(0.2)
counters = sp.counters()["counters"]
ok("nobody authenticated again", counters["ike_auth_in"] == auths_before, "%d, before %d" % (counters["ike_auth_in"], auths_before))
ok("counters went on", counters["esp_in_packets"] > esp_before + 20 * ROUNDS, "%d, before %d" % (counters["esp_in_packets"], esp_before))
after = traffic()
ok("session counters went on", all(after.get(k, 0) > v for k, v in traffic_before.items()), "%s %s" % (traffic_before, after))
ok("no client saw a new IKE SA", all("psk: #1," in ss.sas() for ss in clients))
for ss in clients:
    ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
