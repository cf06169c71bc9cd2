#!/usr/bin/env python3
"""The data path for $SOAK_SECONDS (600): a hub with two workers that cipher for each other, seven peers with traffic all the
time, and everything that disturbs it: new keys from either side, other addresses and other mappings of a NAT, clients that come and go, reloads
that change an access list and a rate, and packets that nobody should send.

    raw4, raw6    ESP without UDP, over IPv4 and IPv6; undisturbed but for new keys
    swan          strongSwan, in UDP; the same
    nat           behind a NAT that forgets its mappings
    mover, swan2  another address now and then, by MOBIKE
    limited       has access lists and a rate

At the end every datagram is accounted for: it arrived once, unharmed; or its sender moved then; or a counter says why not."""
import array
import re

from peers import *

SECONDS = int(os.environ.get("SOAK_SECONDS", "600"))
PROFILE_NAME = os.environ.get("SOAK_PROFILE", "plain")
HERE = os.path.dirname(os.path.abspath(__file__))
LAN = {4: "10.99.2.2", 6: "fd00:99:2::2"}

# What the hub may count, by what causes it. Whatever else is counted is a failure.
EXPECTED = {
    "packets that nobody should send": "esp_no_sa esp_auth esp_replay esp_short bad_marker truncated trailing_bytes bad_version bad_length "
                                       "bad_payload bad_exchange unsupported_critical bad_ike_spi not_authentic",
    "access lists and rates": "esp_acl esp_rate out_acl out_rate",
    "clients that come and go": "peer_delete dpd timeout out_no_route replaced",
    "requests that come again late": "bad_message_id",
    "new keys from both sides": "rekeyed redundant temporary_failure child_not_found",
    "moves": "out_send",
    "what kernels say by themselves": "out_multicast",
    "the end": "shutdown admin_clear",
    "no failure": "ok pending",
}
# Nobody does harm to the peers: only a packet of an SA that has just gone may reach one.
AT_PEERS = ["esp_no_sa"] + [EXPECTED[k] for k in ("requests that come again late", "new keys from both sides", "what kernels say by themselves",
                                                 "no failure")]
HARM = ("esp_no_sa", "esp_auth", "esp_replay", "esp_short")
LIMITS = ("esp_acl", "esp_rate", "out_acl", "out_rate")
# Losses of packets of peers that are not limited; those of HARM come in by what exceeds the harm that was done.
LOSSES = ("esp_pad", "esp_source", "esp_selector", "esp_malformed", "esp_seq_end", "esp_too_big", "esp_ecn", "esp_wrong_vrf", "out_no_route",
          "out_client_to_client", "out_selector", "out_redirect", "out_send", "tun_write", "ring_full", "out_queue")


# ---- traffic ------------------------------------------------------------------------------------------


class End:
    """flow.py in a namespace."""

    all = []

    def __init__(self, host):
        self.host = host
        self.spec = dict(udp_in=[], udp_out=[], tcp_in=[], tcp_out=[], result=os.path.join(WORK, "flows-" + host.name))
        End.all.append(self)

    def start(self):
        self.p = subprocess.Popen(["ip", "netns", "exec", self.host.ns, "/usr/bin/python3", "-B", os.path.join(HERE, "flow.py")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        remember(self.p)
        self.p.stdin.write(json.dumps(self.spec) + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip() == "ready"

    def go(self):
        self.p.stdin.write("go\n")
        self.p.stdin.flush()

    def result(self):
        self.p.wait(60)
        with open(self.spec["result"]) as f:
            return json.load(f)


class Flow:
    """One direction between a peer and the LAN."""

    all = []

    def __init__(self, kind, peer, up, family, source, target, address, rate, sizes=None, port=None):
        self.number = len(Flow.all)
        self.peer, self.up, self.family, self.kind = peer, up, family, kind
        self.port = port or 20000 + self.number
        self.name = "%s %s IPv%d %s%s" % (peer.name, "up" if up else "down", family, kind, " large" if sizes and sizes[1] > 1300 else "")
        self.source, self.target, self.is_large = source, target, bool(sizes) and sizes[1] > 1300
        source.spec[kind + "_out"].append([self.number, family, address, self.port, rate] + ([sizes] if sizes else []))
        target.spec[kind + "_in"].append([self.number, family, "", self.port, 0])
        Flow.all.append(self)

    def judge(self, results):
        out, got = (results[e][self.kind + way][str(self.number)] for e, way in ((self.source, "_out"), (self.target, "_in")))
        self.wrong = got["wrong"]
        if self.kind == "tcp":
            self.total, self.broken = got["total"], out["broken"]
            return
        times, seen = array.array("d", out["times"]), bytes.fromhex(got["seen"])
        self.sent, self.refused, self.late, self.twice = len(times), out["refused"], got["late"], got["twice"]
        missing = [t for n, t in enumerate(times) if n >= len(seen) or not seen[n]]
        inside = lambda t: any(a <= t <= b for a, b in self.peer.windows)
        self.lost, self.missing = len(missing), [t for t in missing if not inside(t)]
        self.late_at = [t for t in got["late_at"] if not inside(t)]


def flows_of(peer, end, lan):
    mine = peer.addresses()
    if peer.name == "limited":
        for up, ports in ((True, DENIED_UP), (False, DENIED_DOWN)):
            for port in ports:
                Flow("udp", peer, up, 4, *((end, lan, LAN[4]) if up else (lan, end, mine[4])), rate=60, sizes=[16, 1200], port=port)
        return
    for up in (True, False):
        for family in (4, 6):
            way = (end, lan, LAN[family]) if up else (lan, end, mine[family])
            Flow("udp", peer, up, family, *way, rate=40 if family == 4 else 25, sizes=[0, 1150])
            Flow("udp", peer, up, family, *way, rate=4, sizes=[1400, 6000])
            if family == 4 or peer.name == "raw6":
                Flow("tcp", peer, up, family, *way, rate=400000 if peer.ours else 250000)


class Pings:
    def __init__(self, peer, family, size):
        self.peer, self.name = peer, "%s IPv%d %d" % (peer.name, family, size)
        self.log = os.path.join(WORK, "ping-%s-%d-%d" % (peer.name, family, size))
        self.p = spawn(peer.host.ns, "ping", "-n", "-D", "-O", "-i", "0.5", "-s", size, LAN[family], log=self.log)

    def lost(self):
        stop_process(self.p, sig=signal.SIGINT)
        with open(self.log) as f:
            text = f.read()
        m = re.search(r"(\d+) packets transmitted", text)
        sent = int(m.group(1)) if m else 1
        answered = {int(n) for n in re.findall(r"bytes from .* icmp_seq=(\d+) ", text)}
        # The last one may be on its way.
        self.missing = [n for n in range(1, sent) if n not in answered]
        return len(self.missing), len(re.findall("DUP!", text))


# ---- readings -----------------------------------------------------------------------------------------


def reading(sp):
    pid = sp.main_pid()
    with open("/proc/%d/status" % pid) as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    return {"holder": sp.process.pid, "main": pid, "rss": rss, "main fds": len(os.listdir("/proc/%d/fd" % pid)),
            "holder fds": len(os.listdir("/proc/%d/fd" % sp.process.pid))}


def kernel_drops(host):
    """Datagrams that the kernel of a namespace dropped: full sockets, full devices."""
    total = {}
    text = host.run("cat", "/proc/net/snmp", "/proc/net/snmp6").stdout
    udp = [line.split() for line in text.splitlines() if line.startswith("Udp:")]
    row = dict(zip(udp[0][1:], map(int, udp[1][1:])))
    total["full sockets"] = row["RcvbufErrors"] + sum(int(n) for n in re.findall(r"Udp6RcvbufErrors\s+(\d+)", text))
    for raw in ("raw", "raw6"):
        for line in host.run("cat", "/proc/net/" + raw).stdout.splitlines()[1:]:
            total["full sockets"] += int(line.split()[-1])
    for line in host.run("cat", "/proc/net/dev").stdout.splitlines()[2:]:
        name, rest = line.split(":")
        if name.strip() != "lo":
            v = rest.split()
            total[name.strip()] = int(v[3]) + int(v[11])
    return total


# ---- the network ----------------------------------------------------------------------------------------

t = Topology()
sp = Sallyport(t.gw, hub_conf(0)).start(30)
nat_inside = t.nat(3)
router = "%s-r3" % TAG
run("ip", "netns", "exec", router, "nft", "flush chain inet nat post; add rule inet nat post oifname wan0 masquerade random")


class Router:
    """The NAT, as new_address() wants it: masquerading forgets the mappings of an address that goes away."""

    @staticmethod
    def ip(*words):
        return run("ip", "-n", router, *words)

    @staticmethod
    def addr(device, address):
        return run("ip", "-n", router, "addr", "add", address, "dev", device)


c4, c7 = t.client(4), t.client(7)
peers = [Ours("raw4", t.client(1)), Ours("raw6", t.client(2), gateway="fd00:99:1::1"), Theirs("swan", t.client(6)),
         # With MOBIKE the hub does not follow by itself: the client finds out by its liveness checks (RFC 4555 3.8).
         Ours("nat", nat_inside, moves=new_address(Router, "wan0", "10.99.1.103/24", "10.99.1.153/24"), blind_s=25.0),
         Ours("mover", c4, moves=new_address(c4, "eth0", "10.99.1.14/24", "10.99.1.64/24")),
         Theirs("swan2", c7, moves=another_address(c7, "eth0", "10.99.1.17/24", "10.99.1.67/24")),
         Ours("limited", t.client(5), domain="limited.test")]
lan = End(t.lan)
ends = {}
for p in peers:
    if not ok("%s connects" % p.name, p.connect(), p.words() + sp.tail()):
        done()
    ends[p] = End(p.host)
    flows_of(p, ends[p], lan)
daemons = {"hub": sp, **{p.name: p.sp for p in peers if p.ours}}
hosts = {"hub": t.gw, "lan": t.lan, **{p.name: p.host for p in peers}}
forms = [c["udp_encapsulated"] for s in sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"] for c in s["children"]]
ok("with UDP and without it side by side", forms.count(True) == 3 and forms.count(False) == 4, str(forms))
ok("all ends are ready", all(e.start() for e in End.all))
begin = {n: reading(d) for n, d in daemons.items()}
kernel_begin = {n: kernel_drops(h) for n, h in hosts.items()}
counts_begin = {n: d.counters()["status"] for n, d in daemons.items()}
totals_begin = sp.counters()["counters"]

churn_host, harm_host = t.client(8), t.client(9)


def helper(host, *argv, stdin=subprocess.DEVNULL):
    p = subprocess.Popen(["ip", "netns", "exec", host.ns, "/usr/bin/python3", "-B", os.path.join(HERE, argv[0]), *argv[1:]], stdin=stdin,
                         stdout=subprocess.PIPE, stderr=open(os.path.join(WORK, argv[0] + ".err"), "w"), text=True)
    remember(p)
    return p


# Neighbours and paths are known before the first datagram that is counted, and stay known: a kernel forgets a path MTU after 600 s,
# and then each path loses the packet that finds it anew.
for h in (t.lan, *(p.host for p in peers)):
    h.sysctl("net.ipv4.route.mtu_expires=86400", "net.ipv6.route.mtu_expires=86400")
for p in peers:
    for h, addresses in ((p.host, LAN), (t.lan, p.addresses())):
        ok("%s: pings" % p.name, all(h.ping(a) for a in addresses.values()), sp.tail(5))
        h.ping(addresses[6], size=3000)
for e in End.all:
    e.go()
pings = [Pings(p, family, size) for p in peers if p.name != "limited" for family in (4, 6) for size in (56, 3000)]
churn = helper(churn_host, "churn.py", "10.99.1.1", PSK, "10.99.2.2", "4")
harm = helper(harm_host, "harm.py", "0.1", stdin=subprocess.PIPE)

# ---- all the time -----------------------------------------------------------------------------------------

log = open(os.path.join(WORK, "actions"), "w", buffering=1)
start = time.monotonic()
turn, trouble, done_times, readings, iperf = 0, [], {}, {n: [] for n in daemons}, []


def do(what, function):
    done_times[what] = done_times.get(what, 0) + 1
    began = time.monotonic() - start
    try:
        function()
    except Exception as e: # told at the end; the soak goes on
        trouble.append("%s after %d s: %s" % (what, time.monotonic() - start, e))
    if what != "read":
        log.write("%.3f %s, took %.3f\n" % (began, what, time.monotonic() - start - began))


def reload():
    global turn
    turn += 1
    sp.configure(hub_conf(turn))
    sp.reload()


def move(peer):
    before = time.monotonic() - 0.5
    peer.moves()
    peer.windows.append((before, time.monotonic() + peer.blind_s))


def read():
    for n, d in daemons.items():
        readings[n].append(dict(reading(d), at=time.monotonic() - start))
    harm.stdin.write(json.dumps([s["spi_in"] for s in sp.show("crypto", "ipsec", "sa")["ipsec_sas"]]) + "\n")
    harm.stdin.flush()


def stream():
    """A burst that fills large packets, in turn up and down, by each form."""
    n = done_times["stream"]
    peer = peers[n % 3]
    server = spawn(t.lan.ns, "iperf3", "-s", "-1", "-p", 5300 + n % 50, "-B", LAN[4], log=os.path.join(WORK, "iperf"))
    time.sleep(0.4)
    iperf.append((server, spawn(peer.host.ns, "iperf3", "-c", LAN[4], "-p", 5300 + n % 50, "-t", 3, "-b", "30M", *(["-R"] if n // 3 % 2 else []),
                                log=os.path.join(WORK, "iperf"))))


movers = [p for p in peers if p.moves]
PLAN = [(5, 0, "read", read), (15, 4, "reload", reload), (12, 3, "stream", stream),
        (20, 7, "child by the hub", lambda: sp.command("rekey", "crypto", "ipsec", "sa")),
        (60, 25, "IKE by the hub", lambda: sp.command("rekey", "crypto", "ikev2", "sa"))]
for k, p in enumerate(peers):
    PLAN.append((20, 16 + 0.3 * k, "child by a peer", lambda p=p: p.rekey("child")))
    PLAN.append((60, 50 + 0.3 * k, "IKE by a peer", lambda p=p: p.rekey("IKE")))
for k, p in enumerate(movers):
    PLAN.append((40, 11 + 6 * k, "move of " + p.name, lambda p=p: move(p)))
next_at = [phase for _, phase, _, _ in PLAN]
while time.monotonic() - start < SECONDS:
    k = min(range(len(PLAN)), key=lambda i: next_at[i])
    time.sleep(max(0, min(next_at[k], SECONDS) - (time.monotonic() - start)))
    if next_at[k] >= SECONDS:
        break
    period, _, what, function = PLAN[k]
    next_at[k] = max(next_at[k] + period, time.monotonic() - start - period)
    do(what, function)

# ---- the end ------------------------------------------------------------------------------------------------

for s, c in iperf:
    for p in (c, s):
        stop_process(p, grace=3)
lost_pings = {p: p.lost() for p in pings}
for p in (harm, churn):
    p.send_signal(signal.SIGTERM)
harmed = json.loads(harm.communicate(timeout=30)[0])
churned = json.loads(churn.communicate(timeout=60)[0])
for e in End.all:
    e.p.send_signal(signal.SIGTERM)
results = {e: e.result() for e in End.all}
for f in Flow.all:
    f.judge(results)
time.sleep(1)
after = {n: d.counters()["status"] for n, d in daemons.items()}
totals = {k: v - totals_begin.get(k, 0) for k, v in sp.counters()["counters"].items()}
counts = {n: {k: v - counts_begin[n].get(k, 0) for k, v in after[n].items() if v != counts_begin[n].get(k, 0)} for n in after}
kernel = {n: {k: v - kernel_begin[n].get(k, 0) for k, v in kernel_drops(h).items() if v > kernel_begin[n].get(k, 0)} for n, h in hosts.items()}
last = {n: reading(d) for n, d in daemons.items()}
hub = counts["hub"]

print("# %d s, %s: done %s" % (SECONDS, PROFILE_NAME, done_times))
print("# churn %s" % churned)
print("# harm %s" % harmed)
for n in daemons:
    print("# counted by %s: %s" % (n, counts[n]))
print("# dropped by kernels: %s" % {n: k for n, k in kernel.items() if k})
udp = [f for f in Flow.all if f.kind == "udp"]
tcp = [f for f in Flow.all if f.kind == "tcp"]
for f in udp:
    print("#   %-30s %7d sent, %5d lost, %4d of them without a move, %d late, %d refused by its host" %
          (f.name, f.sent, f.lost, len(f.missing), f.late, f.refused))
for f in tcp:
    print("#   %-30s %7d KiB, %d times broken" % (f.name, f.total >> 10, f.broken))
print("# hub: %s" % {k: totals[k] for k in (
    "esp_in_packets", "esp_out_packets", "worker_ciphered", "worker_handovers", "child_rekeys", "ike_rekeys", "rekey_collisions", "mobike_updates_in",
    "child_sa_up", "child_sa_down")})

ok("everything that was to be done was done", not trouble, "; ".join(trouble)[:1500])
ok("no datagram is harmed", not sum(f.wrong for f in Flow.all), [f.name for f in Flow.all if f.wrong])
ok("none arrives twice", not sum(f.twice for f in udp) and not sum(d for _, d in lost_pings.values()), [(f.name, f.twice) for f in udp if f.twice])
ok("every flow has traffic", all(f.sent > 2 * SECONDS and f.lost < f.sent for f in udp) and all(f.total > 10000 * SECONDS for f in tcp),
   [f.name for f in udp if f.lost == f.sent or f.sent <= 2 * SECONDS] + [f.name for f in tcp if f.total <= 10000 * SECONDS])
# Fragments have no ports: for the kernel both directions between two addresses are one flow then, which it moves to the queue of the
# TUN by which the last of them came, whatever waits in the other one. On a busy machine it does so now and then.
late = {f: (f.name, [round(x - start, 3) for x in f.late_at[:5]]) for f in udp if f.late_at}
print("# late among those in fragments: %s" % [v for f, v in late.items() if f.is_large])
ok("none overtakes another of its flow", all(f.is_large for f in late), [v for f, v in late.items() if not f.is_large])
ok("nor do many of those in fragments", all(len(f.late_at) <= f.sent // 200 + 1 for f in late), list(late.values()))
ok("no connection breaks", not sum(f.broken for f in tcp), [(f.name, f.broken) for f in tcp if f.broken])

# Between two Sallyports, and to a limited one.
limited = [f for f in udp if f.peer.name == "limited"]
for up, names in ((True, ("esp_acl", "esp_rate")), (False, ("out_acl", "out_rate"))):
    lost, told = sum(f.lost for f in limited if f.up == up), sum(hub.get(n, 0) for n in names)
    ok("limited %s: what is lost is what lists and rates refused" % ("up" if up else "down"),
       lost == told and all(hub.get(n, 0) > 0 for n in names), "%d lost, %d counted, %s" % (lost, told, {n: hub.get(n, 0) for n in names}))
did_harm = harmed["no_sa"] + harmed["rubbish"] + harmed["short"] + churned["replayed"] + churned["altered"]
told_harm = sum(hub.get(n, 0) for n in HARM)
ok("all harm is counted", did_harm > 10 * SECONDS and did_harm - kernel["hub"].get("full sockets", 0) <= told_harm,
   "%d done, %d counted" % (did_harm, told_harm))
ok("replays and altered packets by their own names", hub.get("esp_replay", 0) > churned["replayed"] * 0.9 > 0 and
   hub.get("esp_auth", 0) >= churned["altered"] > 0 and hub.get("esp_short", 0) == harmed["short"] > 0 and
   hub.get("bad_marker", 0) >= harmed["marker"] > 0, "%s %s %s" % (hub, harmed, churned))
ok("clients come and go", churned["logins"] > SECONDS / 10 and not churned["refused"] and churned["silent"] == 0 and churned["vanished"] > 0,
   str(churned))
# What counters say was dropped on the way of ours; on the way of strongSwan's packets its own kernel drops some, too.
moving = [p.name for p in movers]
told = {True: sum(counts[n].get(k, 0) for n in counts for k in LOSSES if n not in moving) + max(told_harm - did_harm, 0) +
        sum(counts[n].get(k, 0) for n in counts if n != "hub" for k in HARM) +
        sum(sum(k.values()) for n, k in kernel.items() if n in [*daemons, "lan"])}
told[False] = told[True] + sum(sum(k.values()) for n, k in kernel.items() if n not in daemons)
for ours, who in ((True, "a Sallyport"), (False, "a strongSwan")):
    calm = [f for f in udp if f.missing and f.peer.ours == ours and f.peer.name != "limited"]
    missing = sum(len(f.missing) for f in calm)
    missing_pings = sum(l for p, (l, _) in lost_pings.items() if p.peer.ours == ours and not p.peer.moves) + \
        (churned["pings"] - churned["answers"] if ours else 0)
    print("# pings: %s%s" % ([(p.name, p.missing) for p in pings if p.missing and p.peer.ours == ours and not p.peer.moves],
                             ", of clients that come and go %d" % (churned["pings"] - churned["answers"]) if ours else ""))
    print("# lost without a move of %s: %d datagrams, %d pings; counters explain up to %d" % (who, missing, missing_pings, told[ours]))
    ok("%s: what is lost without a move is explained by counters" % who, missing + missing_pings <= told[ours],
       [(f.name, len(f.missing), [round(x - start, 2) for x in f.missing[:5]]) for f in calm])
may = {n: " ".join(EXPECTED.values() if n == "hub" else AT_PEERS + [EXPECTED["moves"]] * (n in ("nat", "mover"))).split() for n in counts}
strange = {n: {k: v for k, v in c.items() if k not in may[n]} for n, c in counts.items()}
ok("nothing unexpected is counted", not any(strange.values()), {n: s for n, s in strange.items() if s})

# The processes.
same = {n: (begin[n], last[n]) for n in daemons if any(begin[n][k] != last[n][k] for k in ("holder", "main"))}
ok("the processes are the same", not same, str(same))
for n, rows in readings.items():
    rows = rows[len(rows) // 4:]
    early, later = rows[:len(rows) // 3], rows[-(len(rows) // 3):]
    high = lambda part, what: max(r[what] for r in part)
    print("# %s: %d KiB, then %d KiB; descriptors %d, then %d" %
          (n, high(early, "rss"), high(later, "rss"), high(early, "main fds"), high(later, "main fds")))
    # The sanitizers keep what was freed, and shadow; what leaks they tell themselves. The first minutes touch buffers for the first time.
    # How much the bursts of moves take for a moment is chance; what does not come back moves the low mark.
    if PROFILE_NAME == "plain" and SECONDS >= 300:
        low = lambda part: min(r["rss"] for r in part)
        ok("%s: memory stays" % n, low(later) <= low(early) * 1.08 + 512 and high(later, "rss") <= high(early, "rss") * 1.25 + 512,
           "%s" % [r["rss"] for r in rows])
    ok("%s: descriptors stay" % n, all(high(later, w) <= high(early, w) for w in ("main fds", "holder fds")), "%s %s" % (early[0], later[-1]))
ok("those that stay have their SAs", wait_for(60, lambda: len(sp.sessions()) == len(peers)), "%d" % len(sp.sessions()))
ok("and one each", wait_for(70, lambda: len(sp.show("crypto", "ipsec", "sa")["ipsec_sas"]) == len(peers) ==
                            len(sp.show("crypto", "ikev2", "sa")["ikev2_sas"])), str(sp.show("crypto", "ikev2", "sa"))[:800])
for p in peers:
    ok("%s leaves" % p.name, p.leave(), p.words())
empty = lambda: not sp.sessions() and not sp.show("crypto", "ipsec", "sa")["ipsec_sas"] and not sp.show("crypto", "ikev2", "sa")["ikev2_sas"]
ok("then nobody is left", wait_for(60, empty), str(sp.sessions())[:500])
gauges = sp.counters().get("gauges", {})
ok("no SA either", all(gauges.get(g, 0) == 0 for g in ("ike_sas", "half_open", "child_sas", "sessions")), str(gauges))
ok("no address is in use", re.findall(r'"in_use": ?[1-9]', json.dumps(sp.show("ip", "local", "pool"))) == [], str(sp.show("ip", "local", "pool")))
ok("the hub stops with exit 0", sp.stop() == 0, sp.tail())
for n, d in daemons.items():
    for name in ("sallyport.db", "secrets.db"):
        db = sqlite3.connect(os.path.join(d.state, name))
        r = db.execute("pragma integrity_check").fetchall()
        ok("%s: %s is whole" % (n, name), r == [("ok",)], str(r))
        db.close()
    words = re.findall(r"(?s)(?:ERROR: (?:Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: ).{0,4000}", d.log_text())
    ok("%s: no sanitizer has anything to say" % n, not words, "\n".join(words)[:6000])
ok("no session is left in the history", sp.sql("select count(*) from v_active") == [(0,)])
done()
