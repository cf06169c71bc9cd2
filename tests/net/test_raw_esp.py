#!/usr/bin/env python3
"""ESP without UDP between two Sallyports, IPv4 and IPv6 outside; in UDP where a NAT is seen, where it is configured, and
where raw sockets cannot be had; a killed main; transport mode between the two hosts."""
import re

from client_lib import *

FORCED = CONF + "crypto ikev2 profile RA\n nat force-encapsulation\n"
RAW = "(ip proto 50 or ip6 proto 50)"
IN_UDP = "(udp port 4500 and greater 100 and ((ip and udp[8:4] != 0) or (ip6 and ip6[48:4] != 0)))"


def road_conf(gateway):
    return client_conf(gateway, id="email client9@psk.test", dpd="dpd 10 2 periodic")


class Without(Sallyport):
    """Who may not open raw sockets, as in a container without that right."""

    def spawn(self):
        self.process = spawn(self.host.ns, "setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", BIN, "run", "-c", self.conf,
                             "--state", self.state, "--socket", self.socket, log=self.log)


class Seen:
    """Packets on the gateway's outer device while something happens."""

    def __init__(self, *filters):
        self.files = []
        for n, f in enumerate(filters):
            path = os.path.join(WORK, "seen%d" % n)
            if os.path.exists(path):
                os.unlink(path)
            p = spawn(t.gw.ns, "tcpdump", "-i", "wan0", "-n", "-U", "--immediate-mode", "-w", path, "-Z", "root", f, log=path + ".log")
            wait_for(5, lambda: os.path.exists(path) and os.path.getsize(path) >= 24)
            self.files.append((p, path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        time.sleep(0.2)
        self.counts = []
        for p, path in self.files:
            stop_process(p, sig=signal.SIGINT)
            self.counts.append(len(run("tcpdump", "-n", "-r", path, check=False).stdout.splitlines()) - 1)


def child(sp):
    return sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"][0]["children"][0]


def up(sp, seconds=15):
    return wait_for(seconds, lambda: sp.live())


def story(name, host, gateway, in_udp, kind=Sallyport, peer=None):
    """Connects, pings both ways, streams; says which form was seen. Gives the client."""
    road = kind(host, road_conf(gateway), name="road-" + host.name)
    road.start()
    if not ok("%s: connects" % name, up(road) and up(peer or sp), road.tail(12) + sp.tail(12)):
        return road
    with Seen(RAW, IN_UDP) as seen:
        ok("%s: ping" % name, host.ping("10.99.2.2") == 3, road.tail(5) + sp.tail(5))
        inner = road.sessions()[0]["assigned"]["ipv4"] if "assigned" in road.sessions()[0] else None
        if inner:
            ok("%s: ping the other way" % name, t.lan.ping(inner) == 3)
    raw, encapsulated = seen.counts
    ok("%s: %s" % (name, "in UDP" if in_udp else "without UDP"),
       (encapsulated >= 6 and raw == 0) if in_udp else (raw >= 6 and encapsulated == 0), "%d raw, %d in UDP" % (raw, encapsulated))
    for side in (road, sp):
        ok("%s: show says so" % name, child(side)["udp_encapsulated"] == in_udp and child(side)["mode"] == "tunnel", str(child(side)))
    words = road.command("show", "crypto", "session", "detail").stdout
    ok("%s: so does the session" % name, ("ESP in UDP, tunnel mode" if in_udp else "ESP, tunnel mode") in words and
       road.sessions()[0]["udp_encapsulated"] == in_udp, words)
    ok("%s: TCP both ways" % name, all(iperf3(host, t.lan, "10.99.2.2", seconds=2, reverse=r) > 20 for r in (False, True)), sp.tail(5))
    bad = [s.counters()["status"] for s in (road, sp)]
    ok("%s: nothing was lost or twice" % name, all(b["esp_replay"] + b["esp_auth"] + b["esp_no_sa"] == 0 for b in bad), str(bad))
    return road


t = Topology()
sp = Sallyport(t.gw).start()
ok("it listens for ESP", all('listen address="esp %s"' % a in sp.log_text() for a in ("0.0.0.0", "::")), sp.tail())

road = story("IPv4", t.client(1), "10.99.1.1", in_udp=False)
text = sp.command("show", "crypto", "ipsec", "sa").stdout
ok("IPv4: no NAT is seen", "NAT-T is not detected" in sp.command("show", "crypto", "ikev2", "sa", "detailed").stdout and "UDP-Encaps" not in text, text)

# A main that is killed, on either side; the sockets stay, with what is queued in them.
for name, side in (("headend", sp), ("client", road)):
    ping = spawn(road.host.ns, "ping", "-n", "-i", "0.02", "-W", "2", "10.99.2.2", log=os.path.join(WORK, "ping-" + name))
    time.sleep(0.5)
    side.kill_main()
    ok("the %s's main dies and comes back" % name, wait_for(10, side.answers))
    time.sleep(1)
    stop_process(ping, sig=signal.SIGINT)
    with open(os.path.join(WORK, "ping-" + name)) as f:
        m = re.search(r"(\d+) packets transmitted, (\d+) received", f.read())
    ok("the %s's main dies: pings go on" % name, m and int(m.group(1)) > 50 and int(m.group(1)) - int(m.group(2)) <= 3, m and m.group(0))
with Seen(RAW, IN_UDP) as seen:
    ok("after both deaths: ping", road.host.ping("10.99.2.2") == 3)
ok("after both deaths: still without UDP", seen.counts[0] >= 6 and seen.counts[1] == 0, str(seen.counts))
for side in (road, sp):
    side.command("rekey", "crypto", "ipsec", "sa")
    time.sleep(1)
    ok("a rekeyed child travels as before", child(side)["udp_encapsulated"] is False and road.host.ping("10.99.2.2") == 3, str(child(side)))
road.stop()

road = story("IPv6", t.client(2), "fd00:99:1::1", in_udp=False)
road.stop()
road = story("a client behind NAT", t.nat(3), "10.99.1.1", in_udp=True)
road.stop()
road = story("a client without raw sockets", t.client(4), "10.99.1.1", in_udp=True, kind=Without)
ok("which says so, once", road.log_text().count("esp 0.0.0.0: Operation not permitted") == 1, road.tail())
road.stop()

sp.configure(FORCED)
ok("force-encapsulation is in force", sp.reload().returncode == 0)
road = story("force-encapsulation at the headend", t.client(5), "10.99.1.1", in_udp=True)
sp.stop()
sp = Without(t.gw, CONF, name="without").start()
ok("a headend without raw sockets: connects again", wait_for(40, lambda: up(road, 0) and up(sp, 0)), road.tail())
with Seen(RAW, IN_UDP) as seen:
    ok("a headend without raw sockets: ping", road.host.ping("10.99.2.2") == 3)
ok("a headend without raw sockets: in UDP", seen.counts[0] == 0 and seen.counts[1] >= 6, str(seen.counts))
road.stop()
sp.stop()

# ---- transport mode: the packets between the hosts themselves ---------------------------------------

SET = "crypto ipsec transform-set T esp-gcm 256\n mode transport\n"
HOSTS = SET + """
ip access-list extended HOSTS
 permit ip host 10.99.1.16 host 10.99.1.1
crypto ipsec profile HUB
 set transform-set T
interface Tunnel1
 no ip address
 tunnel destination 10.99.1.1
 tunnel protection ipsec policy ipv4 HOSTS
no crypto ikev2 client flexvpn HOME
"""


def lead(host, device, peer):
    """What goes to the peer itself goes into the tunnel, but for ESP and IKE."""
    for protocol in ("icmp", "tcp"):
        host.ip("rule", "add", "to", peer, "ipproto", protocol, "lookup", "77")
    host.ip("route", "add", peer, "dev", device, "table", "77")


sp = Sallyport(t.gw, CONF + SET + "crypto ipsec profile default\n set transform-set T\n", name="hosts").start()
one = t.client(6)
road = Sallyport(one, road_conf("10.99.1.1") + HOSTS, name="host").start()
if ok("transport: connects", up(road) and up(sp), road.tail() + sp.tail()):
    ok("transport: both say so", all(child(s)["mode"] == "transport" and not child(s)["udp_encapsulated"] for s in (road, sp)), str(child(sp)))
    ok("transport: in words", "Transport" in sp.command("show", "crypto", "ipsec", "sa").stdout)
    lead(one, "sp-tu1", "10.99.1.1")
    lead(t.gw, "sp-vt1", "10.99.1.16")
    with Seen(RAW + " and host 10.99.1.16", "icmp and host 10.99.1.16") as seen:
        ok("transport: ping", one.ping("10.99.1.1") == 3, str(sp.counters()["status"]))
        ok("transport: ping the other way", t.gw.ping("10.99.1.16") == 3)
    ok("transport: all of it in ESP", seen.counts[0] >= 12 and seen.counts[1] == 0, str(seen.counts))
    # 64 bytes of ICMP, 2 of trailer, IV and ICV; in a tunnel 20 more.
    lengths = {int(l) for l in re.findall(r"ESP.*length (\d+)", run("tcpdump", "-n", "-r", os.path.join(WORK, "seen0"), check=False).stdout)}
    ok("transport: without a second header", lengths == {8 + 8 + 64 + 4 + 16}, str(lengths))
    ok("transport: TCP both ways", all(iperf3(one, t.gw, "10.99.1.1", seconds=2, reverse=r) > 20 for r in (False, True)), str(sp.counters()["status"]))
    for side in (road, sp):
        side.command("rekey", "crypto", "ipsec", "sa")
        time.sleep(1)
        ok("transport: rekeyed", child(side)["mode"] == "transport" and one.ping("10.99.1.1") == 3, str(child(side)))
    sp.kill_main()
    ok("transport: main dies and comes back", wait_for(10, sp.answers) and child(sp)["mode"] == "transport" and one.ping("10.99.1.1") == 3)
for side in (road, sp):
    ok("clean stop", side.stop() == 0)
done()
