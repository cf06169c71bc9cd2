#!/usr/bin/env python3
# long: 100 s
"""Packets that are too long (requirement group PFR), path MTUs, segment sizes, DSCP and ECN: two Sallyports,
seen on the wire between them.

    site LAN 10.99.3.2 -- site 10.77.0.2 ---- router ---- 10.99.1.1 gw -- LAN 10.99.2.2
                                (near)              (far)
"""
import json
from tunnel_lib import *

# What a host sees: one line for each packet of a device, sent or received.
WATCH = r"""
import json, socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind((sys.argv[1], 0))
print("{}", flush=True)
while True:
    p, where = s.recvfrom(65535)
    if not p:
        continue
    if p[0] >> 4 == 4:
        field, h = p[6] << 8 | p[7], (p[0] & 15) * 4
        r = dict(v=4, len=p[2] << 8 | p[3], tos=p[1], df=bool(field & 0x4000), mf=bool(field & 0x2000), off=(field & 8191) * 8,
                 proto=p[9], src=socket.inet_ntoa(p[12:16]), dst=socket.inet_ntoa(p[16:20]))
    elif p[0] >> 4 == 6:
        h = 40
        r = dict(v=6, len=40 + (p[4] << 8 | p[5]), tos=(p[0] << 4 | p[1] >> 4) & 255, df=True, mf=False, off=0, proto=p[6],
                 src=socket.inet_ntop(socket.AF_INET6, p[8:24]), dst=socket.inet_ntop(socket.AF_INET6, p[24:40]))
        if r["proto"] == 44:
            field = p[42] << 8 | p[43]
            r.update(mf=bool(field & 1), off=field & 0xfff8, proto=p[40])
            h = 48
    else:
        continue
    r["out"] = where[2] == socket.PACKET_OUTGOING
    if r["off"] == 0 and r["proto"] in (6, 17) and len(p) >= h + 4:
        r["sport"], r["dport"] = struct.unpack("!HH", p[h:h + 4])
    if r["off"] == 0 and r["proto"] == 6 and p[h + 13] & 2:
        o, end = h + 20, h + (p[h + 12] >> 4) * 4
        while o + 4 <= end and p[o]:
            if p[o] == 2:
                r["mss"] = p[o + 2] << 8 | p[o + 3]
            o += 1 if p[o] == 1 else max(p[o + 1], 1)
    print(json.dumps(r), flush=True)
"""

# Sends one datagram and says which error the network reported: TO BYTES DF TOS.
SEND = r"""
import socket, struct, sys, time
to, size, df, tos = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
v6 = ":" in to
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
if v6:
    s.setsockopt(41, 23, 3 if df else 0); s.setsockopt(41, 25, 1); s.setsockopt(41, 67, tos)
else:
    s.setsockopt(0, 10, 3 if df else 0); s.setsockopt(0, 11, 1); s.setsockopt(0, 1, tos)
s.sendto(b"x" * size, (to, 9000))
for i in range(12):
    time.sleep(0.05)
    try:
        data, control, flags, peer = s.recvmsg(64, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        continue
    for level, kind, c in control:
        if kind in (11, 25):
            e = struct.unpack("=IBBBBII", c[:16])
            by = socket.inet_ntop(socket.AF_INET6, c[24:40]) if v6 else socket.inet_ntoa(c[20:24])
            print("error", e[0], "origin", e[1], "mtu", e[5], "by", by)
            sys.exit(0)
"""

# Takes datagrams on port 9000 and prints length and TOS of each.
TAKE = r"""
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(41, 26, 0); s.setsockopt(0, 13, 1); s.setsockopt(41, 66, 1)
s.bind(("::", 9000))
print("ready", flush=True)
while True:
    data, control, flags, peer = s.recvmsg(65535, 256)
    tos = [c[0] for level, kind, c in control if kind in (1, 67)]
    print(len(data), tos[0] if tos else -1, flush=True)
"""


def script(name, text):
    path = os.path.join(WORK, name)
    with open(path, "w") as f:
        f.write(text)
    return path


class Watch:
    def __init__(self, host, dev):
        self.file = os.path.join(WORK, "watch-%s-%s" % (host.name, dev))
        self.process = spawn(host.ns, sys.executable, "-B", script("watch.py", WATCH), dev, log=self.file)
        wait_for(5, lambda: os.path.exists(self.file) and os.path.getsize(self.file) > 0)
        self.at = 0
        self.new()

    def new(self, **want):
        """The packets since the last call that have these fields."""
        with open(self.file) as f:
            f.seek(self.at)
            text = f.read()
        end = text.rfind("\n") + 1
        self.at += end
        rows = [json.loads(line) for line in text[:end].splitlines()]
        return [r for r in rows if all(r.get(k) == v for k, v in want.items())]


class Taker:
    def __init__(self, host):
        self.file = os.path.join(WORK, "take-%s" % host.name)
        spawn(host.ns, sys.executable, "-B", script("take.py", TAKE), log=self.file)
        wait_for(5, lambda: os.path.exists(self.file) and "ready" in open(self.file).read())
        self.seen = 1

    def new(self, seconds=1.0):
        def read():
            return [tuple(map(int, line.split())) for line in open(self.file).read().splitlines()[self.seen:]]
        got = wait_for(seconds, read)
        self.seen += len(got)
        return got


def send(host, to, size, df=0, tos=0):
    return host.run(sys.executable, "-B", script("send.py", SEND), to, size, df, tos).stdout.strip()


def set_far(mtu):
    gw.ip("link", "set", "wan0", "mtu", mtu)
    router.ip("link", "set", "gw0", "mtu", mtu)


def set_near(mtu):
    branch.ip("link", "set", "wan0", "mtu", mtu)
    router.ip("link", "set", "b0", "mtu", mtu)


def forget_paths():
    for h in (gw, site.host, site.lan, lan):
        h.ip("route", "flush", "cache", check=False)
        h.ip("-6", "route", "flush", "cache", check=False)


def conf(*lines, everywhere=""):
    return side(before=everywhere, tunnel="\n ".join(("ip mtu 1500",) + lines))


def restart(text):
    """A new session: the rules are those of a session's beginning. A client that was cleared would take its time."""
    sp.stop()
    sp.configure(text)
    sp.start()
    if not wait_for(15, lambda: up(sp, 1) and site.lan.ping("10.99.2.2", count=1) == 1):
        raise RuntimeError("no session: " + sp.tail())
    time.sleep(0.3)
    wire.new()
    taker.new(0.1)


def mtus(of):
    sa = of.show("crypto", "ipsec", "sa")["ipsec_sas"][0]
    return sa["path_mtu"], sa["media_mtu"]


def count(of, name, kind="counters"):
    return of.counters()[kind][name]


# ---- hosts ------------------------------------------------------------------------------------

router, gw, lan, branch = Host("r"), Host("gw"), Host("lan"), Host("b")
link(router, "gw0", gw, "wan0")
link(router, "b0", branch, "wan0")
link(gw, "lan0", lan, "eth0")
router.addr("gw0", "10.99.1.254/24", "fd00:99:1::fe/64")
router.addr("b0", "10.77.0.1/24", "fd00:77::1/64")
gw.addr("wan0", "10.99.1.1/24", "fd00:99:1::1/64")
branch.addr("wan0", "10.77.0.2/24", "fd00:77::2/64")
for h, via in ((gw, "10.99.1.254"), (branch, "10.77.0.1")):
    h.route("default", "via", via)
gw.ip("-6", "route", "add", "fd00:77::/64", "via", "fd00:99:1::fe")
branch.ip("-6", "route", "add", "fd00:99:1::/64", "via", "fd00:77::1")
gw.addr("lan0", "10.99.2.1/24", "fd00:99:2::1/64")
lan.addr("eth0", "10.99.2.2/24", "fd00:99:2::2/64")
lan.route("default", "via", "10.99.2.1")
lan.ip("-6", "route", "add", "default", "via", "fd00:99:2::1")
router.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
gw.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
site = Site(branch)
taker = Taker(lan)
# Nothing is cut behind our back where it is looked at.
for h, dev in ((branch, "wan0"), (gw, "wan0"), (router, "gw0"), (router, "b0")):
    h.run("ethtool", "-K", dev, "gso", "off", "tso", "off", "gro", "off", "tx-udp-segmentation", "off", check=False)

HUB_LONG = HUB.replace("tunnel mode ipsec ipv4\n", "tunnel mode ipsec ipv4\n ip mtu 1500\n")
IN_UDP = "crypto ikev2 profile SITE\n nat force-encapsulation\n"
hub = Sallyport(gw, HUB_LONG, name="hub").start()
sp = Sallyport(branch, conf(), name="site").start()
wire = Watch(branch, "wan0")
ok("the tunnel is up", up(sp))

# ---- the table: our own link has an MTU of 1400 --------------------------------------------------

SIZE = 1452  # 1480 bytes of IPv4


def esp(rows):
    """Those of ESP in either form; an IKE message of that length there is none while nothing happens."""
    return [p for p in rows if p["proto"] == 50 or p.get("dport") == 4500]


def table(form, room):
    for before in (True, False):
        for df_bit in ("clear", "set", "copy"):
            word = "before" if before else "after"
            interface = ["crypto ipsec df-bit " + df_bit] if before else []
            restart(conf("crypto ipsec fragmentation %s-encryption" % word, *interface,
                         everywhere="" if before else "crypto ipsec df-bit " + df_bit))
            for df in (0, 1):
                name = "%s, %s, %s, DF %d" % (form, word, df_bit, df)
                drop = df and df_bit != "clear"
                forget_paths()
                said = send(site.lan, "10.99.2.2", SIZE, df=df)
                came = taker.new(0.3 if drop else 2)
                out = wire.new(out=True, src="10.77.0.2", dst="10.99.1.1")
                data = [p for p in out if p["off"]] + [p for p in esp(out) if not p["off"] and p["len"] > 700]
                if drop:
                    ok(name + ": dropped", came == [] and data == [], "%s %s" % (came, data))
                    ok(name + ": the sender is told", said == "error 90 origin 2 mtu %d by 10.99.2.2" % room, said)
                    continue
                ok(name + ": arrives", [c[0] for c in came] == [SIZE], "%s %s" % (came, out))
                cut = [p for p in data if p["mf"] or p["off"]]
                if before:
                    ok(name + ": cut before", len(data) == 2 and cut == [] and abs(data[0]["len"] - data[1]["len"]) <= 12, str(out))
                    ok(name + ": outer DF", all(p["df"] == (df_bit == "set") for p in data), str(data))
                else:
                    ok(name + ": cut after", len(cut) == 2 and len(data) == 2, str(out))
                    ok(name + ": outer DF", not any(p["df"] for p in data), str(data))
    # the last: after-encryption and copy
    forget_paths()
    for df in (0, 1):
        wire.new()
        send(site.lan, "10.99.2.2", 1000, df=df)
        sent = esp(wire.new(out=True, src="10.77.0.2"))
        ok("%s: what fits has its DF bit copied: %d" % (form, df), any(p["len"] > 1000 and p["df"] == bool(df) for p in sent), str(sent))


set_near(1400)
table("raw", 1346) # 1400 - 20 - 8 - 8 - 16, whole words, less 2
for tos in (0, 0xb8, 0x2a, 0xb9):
    wire.new()
    taker.new(0.1)
    send(site.lan, "10.99.2.2", 500, tos=tos)
    ok("raw: TOS 0x%02x arrives" % tos, taker.new() == [(500, tos)])
    ok("raw: TOS 0x%02x is outside, too" % tos, [p["tos"] for p in esp(wire.new(out=True)) if p["len"] > 500] == [tos])
set_near(1500)
set_far(1400)
forget_paths()
restart(conf().replace("tunnel destination 10.99.1.1", "tunnel destination fd00:99:1::1"))
said = [send(site.lan, "10.99.2.2", 1372, df=1) for i in range(3)]
ok("raw, IPv6 outside: the path is found", said[2].startswith("error 90 origin 2 mtu 1326"), str(said))
set_far(1500)
set_near(1400)
hub.stop()
hub = Sallyport(gw, HUB_LONG + IN_UDP, name="hub").start()
ROOM = 1338 # and 8 of UDP
table("UDP", ROOM)
ok("path and link are shown", mtus(sp) == (1400, 1400), str(mtus(sp)))
text = sp.command("show", "crypto", "ipsec", "sa").stdout
ok("as text", "path mtu 1400, media mtu 1400" in text, text)
r = site.lan.run("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1452", "10.99.2.2", check=False).stdout
ok("ping -M do is told", "mtu = %d" % ROOM in r or "mtu=%d" % ROOM in r, r)

# ---- IPv6 inside -------------------------------------------------------------------------------------

forget_paths()
said = send(site.lan, "fd00:99:2::2", 1432, df=1)
ok("IPv6: the sender is told", said == "error 90 origin 3 mtu %d by fd00:99:2::2" % ROOM, said)
forget_paths()
set_near(1300)
restart(conf())
send(site.lan, "fd00:99:2::2", 1232, df=1)
ok("IPv6: 1280 bytes always pass", [c[0] for c in taker.new(2)] == [1232])
cut = [p for p in wire.new(out=True, src="10.77.0.2") if p["mf"] or p["off"]]
ok("IPv6: in fragments of the outer packet", len(cut) == 2, str(cut))
said = send(site.lan, "fd00:99:2::2", 1233, df=1)
ok("IPv6: nobody is told of less than 1280", "mtu 1280" in said, said)
restart(conf("crypto ipsec df-bit clear"))
send(site.lan, "fd00:99:2::2", 1432, df=1)
ok("IPv6: clear lets it pass", [c[0] for c in taker.new(2)] == [1432])
set_near(1500)

# ---- a path that is shorter than our link ------------------------------------------------------------

set_far(1300)
restart(conf())
forget_paths()
# The first is lost on the way, the second refused by the kernel that heard of it, and then it is known.
said = [send(site.lan, "10.99.2.2", 1300, df=1) for i in range(3)]
ok("the path is found", said[2].startswith("error 90 origin 2 mtu 1238"), str(said))
ok("and shown", mtus(sp) == (1300, 1500), str(mtus(sp)))
server = serve(lan.ns, 5301, "iperf3", "-s", "-p", "5301", log=os.path.join(WORK, "iperf"))
for name, more in (("to the LAN", []), ("from the LAN", ["-R"])):
    forget_paths()
    r = site.lan.run("iperf3", "-J", "-c", "10.99.2.2", "-p", "5301", "-t", "2", *more, check=False, timeout=30).stdout
    try:
        end = json.loads(r)["end"]
        rate, again = end["sum_received"]["bits_per_second"], end["sum_sent"]["retransmits"]
    except (ValueError, KeyError):
        rate, again = 0, -1
    print("# TCP %s over a path of 1300: %.0f Mbit/s, %d retransmissions" % (name, rate / 1e6, again), flush=True)
    ok("TCP %s flows" % name, rate > 50e6, r[-400:])
set_far(1500)

# ---- IPv6 outside: no DF bit, but what it means --------------------------------------------------------

set_far(1400)
forget_paths()
restart(conf().replace("tunnel destination 10.99.1.1", "tunnel destination fd00:99:1::1"))
said = [send(site.lan, "10.99.2.2", 1372, df=1) for i in range(3)]
ok("IPv6 outside: the path is found", said[2].startswith("error 90 origin 2 mtu 1318"), str(said))
ok("IPv6 outside: and shown", mtus(sp) == (1400, 1500), str(mtus(sp)))
# The host would cut by what it was told; the gateway shall remember.
site.lan.ip("route", "flush", "cache")
wire.new()
taker.new(0.1)
send(site.lan, "10.99.2.2", SIZE, df=0, tos=0xb8)
ok("IPv6 outside: cut after", [c[0] for c in taker.new(2)] == [SIZE])
cut = wire.new(out=True, src="fd00:77::2", dst="fd00:99:1::1")
ok("IPv6 outside: fragments with the class", len(cut) == 2 and all((p["mf"] or p["off"]) and p["tos"] == 0xb8 for p in cut), str(cut))
set_far(1500)

# ---- IKE through a socket that sends with DF -----------------------------------------------------------

# Longer than the link takes, with fragmentation of IKE messages switched off.
big = conf(everywhere="no crypto ikev2 fragmentation").replace(" set ikev2-profile P\n", " set ikev2-profile P\n set pfs group16\n")
restart(big.replace("ip mtu 1500", "ip mtu 576"))
set_near(576)
send(site.lan, "10.99.2.2", 100, df=1)
ok("traffic with DF", [c[0] for c in taker.new()] == [100])
sp.command("rekey", "crypto", "ipsec", "sa")
ok("a long message passes", wait_for(10, lambda: count(sp, "child_rekeys") == 1), sp.tail())
cut = [p for p in wire.new(out=True, src="10.77.0.2") if p["mf"] or p["off"]]
ok("in fragments", len(cut) >= 2, str(cut))
send(site.lan, "10.99.2.2", 100, df=1)
ok("and traffic has DF again", any(p["df"] for p in wire.new(out=True, dport=4500)))
set_near(1500)

# ---- segment sizes --------------------------------------------------------------------------------------

restart(conf("ip tcp adjust-mss 1111", "ipv6 tcp adjust-mss 1055"))
at_lan, at_site = Watch(lan, "eth0"), Watch(site.lan, "eth0")
for to, most in (("10.99.2.2", 1111), ("fd00:99:2::2", 1055)):
    site.lan.run("iperf3", "-c", to, "-p", "5301", "-t", "1", check=False)
    syn = [p["mss"] for p in at_lan.new(out=False, dport=5301) if "mss" in p]
    ack = [p["mss"] for p in at_site.new(out=False, sport=5301) if "mss" in p]
    ok("SYN to %s" % to, syn and set(syn) == {most}, str(syn))
    ok("SYN of its answer", ack and set(ack) == {most}, str(ack))
ok("they are counted", count(sp, "tcp_mss_lowered") >= 4)

# ---- DSCP and ECN -----------------------------------------------------------------------------------------

restart(conf())
for tos in (0, 0xb8, 0x2a, 0xb9):
    wire.new()
    taker.new(0.1)
    send(site.lan, "10.99.2.2", 500, tos=tos)
    ok("TOS 0x%02x arrives" % tos, taker.new() == [(500, tos)])
    sent = [p for p in wire.new(out=True, dport=4500) if p["len"] > 500]
    ok("TOS 0x%02x is outside, too" % tos, [p["tos"] for p in sent] == [tos], str(sent))
send(site.lan, "fd00:99:2::2", 500, tos=0x4a)
ok("IPv6 inside: traffic class", taker.new() == [(500, 0x4a)])
ok("IPv6 inside: TOS", any(p["tos"] == 0x4a for p in wire.new(out=True, dport=4500)))
wire.new()
lan.ping("10.99.3.2", count=1)
lan.run("ping", "-c", "1", "-Q", "0x68", "10.99.3.2")
ok("the other way", any(p["tos"] == 0x68 for p in wire.new(out=False, sport=4500)))
nft(router, """
table ip spoil {
  chain f { type filter hook forward priority 0;
    udp dport 4500 ip ecn set ce
    udp dport 4500 ip dscp set cs1
  }
}""")
send(site.lan, "10.99.2.2", 500, tos=0xba)
ok("congestion on the way is told inside, a changed DSCP is not", taker.new() == [(500, 0xbb)])
send(site.lan, "fd00:99:2::2", 500, tos=0x49)
ok("the same for IPv6", taker.new() == [(500, 0x4b)])
lost = count(hub, "esp_ecn", "status")
send(site.lan, "10.99.2.2", 500, tos=0xb8)
ok("who cannot hear of congestion loses the packet", taker.new(0.5) == [] and count(hub, "esp_ecn", "status") == lost + 1)
nft(router, "delete table ip spoil\n")

# ---- limits of the tunnel, and what is shown -------------------------------------------------------------------

restart(conf("ipv6 mtu 1300"))
said = send(site.lan, "fd00:99:2::2", 1300, df=1)
ok("ipv6 mtu", "mtu 1300" in said, said)
send(site.lan, "10.99.2.2", 1400, df=1)
ok("ip mtu beside it", [c[0] for c in taker.new()] == [1400])
shown = sp.show("ip", "interface", "Tunnel1")[0]
ok("show ip interface", (shown["ip_mtu"], shown["ipv6_mtu"], shown["df_bit"]) == (1500, 1300, "copy"), str(shown))
sp.kill_main()
ok("main dies: the session goes on", wait_for(10, lambda: sp.answers() and len(active(sp)) == 1))
said = send(site.lan, "fd00:99:2::2", 1300, df=1)
ok("and keeps its rules", "mtu 1300" in said, said)
stop_process(server)
done()
