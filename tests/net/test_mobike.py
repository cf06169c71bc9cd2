#!/usr/bin/env python3
"""MOBIKE with strongSwan on either side, and between two Sallyports: the client's address is replaced, it
goes over to another interface and to IPv6, keys change right after the move; little traffic is lost and
no connection breaks."""
import re
import threading

from client_lib import *

GATEWAY = CONF + """
sallyport listen 10.99.1.1
sallyport listen fd00:99:1::1
sallyport listen 10.99.4.1
crypto ikev2 profile RA
 nat force-encapsulation
"""
ME = dict(id="email client9@psk.test", dpd="dpd 10 2 periodic")


class Pinger:
    """A ping through the tunnel every 50 ms."""

    def __init__(self, host, seconds):
        self.count = int(seconds * 20)
        self.p = subprocess.Popen(["ip", "netns", "exec", host.ns, "ping", "-q", "-n", "-c", str(self.count), "-i", "0.05",
                                   "-W", "1", "10.99.2.2"], stdout=subprocess.PIPE, text=True)

    def lost_seconds(self):
        m = re.search(r"(\d+) packets transmitted, (\d+) received", self.p.communicate(timeout=60)[0])
        lost = (int(m.group(1)) - int(m.group(2))) / 20 if m else 99
        print("# %.2f s without an answer" % lost, flush=True)
        return lost


class Stream:
    """iperf3 through the tunnel; the longest time without a byte."""

    def __init__(self, client, lan, seconds):
        self.server = serve(lan.ns, 5201, "iperf3", "-s", "-1", "-B", "10.99.2.2")
        self.p = subprocess.Popen(["ip", "netns", "exec", client.ns, "iperf3", "-J", "-i", "0.5", "-b", "20M", "-R", "-c",
                                   "10.99.2.2", "-t", str(seconds)], stdout=subprocess.PIPE, text=True)

    def silent_seconds(self):
        out = self.p.communicate(timeout=60)[0]
        stop_process(self.server, grace=2)
        try:
            data = json.loads(out)
            longest = now = 0
            for i in data["intervals"]:
                now = 0 if i["sum"]["bytes"] else now + 0.5
                longest = max(longest, now)
            return longest if "error" not in data and data["end"]["sum_received"]["bytes"] else 99
        except (ValueError, KeyError):
            return 99


def replace(host, old, new, dev="eth0"):
    host.ip("addr", "del", old, "dev", dev)
    host.addr(dev, new)


def leave(host, dev):
    host.ip("addr", "flush", "dev", dev)
    host.ip("link", "set", dev, "down")


def peer_of(sp):
    s = sp.live()
    return s[0]["peer"]["address"] if len(s) == 1 else str(len(s))


def counters(sp):
    return sp.counters()["counters"]


def uplinks(host, n):
    """A second way to the gateway, used while the first one is down."""
    wan2.join(host, "eth1", "10.99.4.%d/24" % (10 + n))
    host.ip("route", "add", "10.99.1.0/24", "via", "10.99.4.1", "metric", "500")


t = Topology()
wan2 = Wan("wan2")
wan2.join(t.gw, "wan1", "10.99.4.1/24")
sp = Sallyport(t.gw, GATEWAY).start()

# ---- strongSwan is the client ------------------------------------------------------------------

c = t.client(1)
uplinks(c, 1)
ss = StrongSwan(c, vips="0.0.0.0", remote_ts="10.99.2.0/24", mobike="yes").start()
ok("strongSwan: connected", ss.up(), ss.last)
ok("strongSwan: MOBIKE is on", sp.show("crypto", "ikev2", "sa")["ikev2_sas"][0]["mobike"])
before = sp.sessions()[0]["session"]
stream = Stream(c, t.lan, 4)
time.sleep(1)
replace(c, "10.99.1.11/24", "10.99.1.12/24")
time.sleep(1.2)
leave(c, "eth0")
silent = stream.silent_seconds()
ok("strongSwan: the stream goes on through two moves", silent <= 3, "%s s silent\n%s" % (silent, sp.tail()))
ok("strongSwan: it is where it moved to", peer_of(sp) == "10.99.4.11", peer_of(sp))
ok("strongSwan: the same session", sp.sessions()[0]["session"] == before)
seen = counters(sp)
ok("strongSwan: proved it each time", seen["mobike_checks"] >= min(2, seen["mobike_updates_in"]) >= 1,
   "%s checks, %s updates" % (seen["mobike_checks"], seen["mobike_updates_in"]))
for what in ("child", "IKE SA"):
    if what == "IKE SA":
        c.ip("link", "set", "eth0", "up")
        c.addr("eth0", "10.99.1.13/24")
        leave(c, "eth1")
        ok("strongSwan: and back", wait_for(5, lambda: peer_of(sp) == "10.99.1.13"), peer_of(sp))
    both = [threading.Thread(target=f) for f in (
        (lambda: ss.ctl("--rekey", "--child", "net", check=False), lambda: sp.command("rekey", "crypto", "ipsec", "sa"))
        if what == "child" else
        (lambda: ss.ctl("--rekey", "--ike", "psk", check=False), lambda: sp.command("rekey", "crypto", "ikev2", "sa")))]
    for r in both:
        r.start()
    for r in both:
        r.join()
    ok("strongSwan: both rekey the %s at once after the move" % what,
       wait_for(10, lambda: len(sp.show("crypto", "ipsec", "sa")["ipsec_sas"]) == 1 and c.ping("10.99.2.2") == 3), sp.tail())
ok("strongSwan: deletes", ss.down())
ok("strongSwan: nothing left", wait_for(5, lambda: not sp.sessions()))

# From IPv4 to IPv6.
ok("strongSwan, IPv4: connected", ss.up(), ss.last)
ping = Pinger(c, 2.5)
time.sleep(1)
c.addr("eth0", "fd00:99:1::11/64")
c.ip("-4", "addr", "flush", "dev", "eth0")
lost = ping.lost_seconds()
ok("strongSwan: to IPv6", peer_of(sp).startswith("fd00:99:1:"), peer_of(sp) + ss.log_text()[-1500:])
ok("strongSwan: to IPv6 with little loss", lost <= 3, "%s s" % lost)
ok("strongSwan: deletes there, too", ss.down())
ss.stop()

# ---- Sallyport is the client ---------------------------------------------------------------------


def our_client(title, host, gateway_moved, kill=False):
    """Address replaced, then the other interface; gives the client."""
    me = Sallyport(host, client_conf(**ME), name="road-" + host.name).start()
    ok(title + ": connected", wait_for(10, lambda: host.ping("10.99.2.2", count=1) == 1), me.tail())
    session = [s["session"] for s in me.sessions()]
    old = host.ip("-o", "-4", "addr", "show", "dev", "eth0").stdout.split()[3]
    new = old.replace(".1.1", ".1.3")
    ping = Pinger(host, 2)
    time.sleep(0.7)
    replace(host, old, new)
    lost = ping.lost_seconds()
    ok(title + ": another address, little loss", lost <= 1.5, "%s s\n%s" % (lost, me.tail()))
    ok(title + ": the gateway knows", gateway_moved(new.split("/")[0]), me.tail())
    if kill:
        me.kill_main()
        wait_for(5, me.answers)
    ping = Pinger(host, 2)
    time.sleep(0.7)
    leave(host, "eth0")
    lost = ping.lost_seconds()
    ok(title + ": another interface, little loss", lost <= 1.5, "%s s\n%s" % (lost, me.tail()))
    ok(title + ": the gateway knows that, too", gateway_moved("10.99.4."), me.tail())
    ok(title + ": the same session", [s["session"] for s in me.sessions()] == session)
    ok(title + ": two updates", counters(me)["mobike_updates_out"] >= 2, str(counters(me)["mobike_updates_out"]))
    return me


c9 = t.client(9)
uplinks(c9, 9)
me = our_client("Sallyport", c9, lambda a: wait_for(3, lambda: peer_of(sp).startswith(a)), kill=True)
# Only IPv6 is left.
ping = Pinger(c9, 2)
time.sleep(0.5)
c9.ip("link", "set", "eth0", "up")
c9.addr("eth0", "fd00:99:1::19/64")
leave(c9, "eth1")
lost = ping.lost_seconds()
ok("Sallyport: to IPv6 with little loss", lost <= 2.5 and peer_of(sp).startswith("fd00:99:1:"), "%s s %s\n%s" % (lost, peer_of(sp), me.tail()))
ok("Sallyport: show has the new gateway", me.show("crypto", "ikev2", "client", "flexvpn")["clients"][0]["peer"] == "fd00:99:1::1",
   str(me.show("crypto", "ikev2", "client", "flexvpn"))[:400])
# The gateway gets another address instead of the one in use.
t.gw.addr("wan0", "fd00:99:1::2/64")
sp.configure(GATEWAY.replace("listen fd00:99:1::1", "listen fd00:99:1::2"))
ping = Pinger(c9, 2)
time.sleep(0.5)
sp.reload()
lost = ping.lost_seconds()
where = me.show("crypto", "ikev2", "client", "flexvpn")["clients"][0]["peer"]
ok("Sallyport: follows the gateway to its new address", lost <= 1 and where == "fd00:99:1::2", "%s s %s\n%s" % (lost, where, sp.tail()))
ok("Sallyport: clean stop", me.stop() == 0, me.tail())
# Outside in a VRF of its own.
outer, front = Host("vo"), Host("vf")
t.wan.join(outer, "eth0", "10.99.1.61/24")
me = Sallyport(front, "vrf definition %s\n address-family ipv4\ncrypto ikev2 policy ANY\n match fvrf any\n proposal default\n" % outer.ns +
               client_conf(**ME).replace("ikev2 profile HUB\n", "ikev2 profile HUB\n match fvrf %s\n" % outer.ns, 1)
               .replace("tunnel source dynamic", "tunnel source dynamic\n tunnel vrf %s" % outer.ns), name="vrf").start()
ok("in a VRF: connected", wait_for(10, lambda: front.ping("10.99.2.2", count=1) == 1), me.tail())
replace(outer, "10.99.1.61/24", "10.99.1.62/24")
ok("in a VRF: another address", wait_for(3, lambda: peer_of(sp) == "10.99.1.62") and front.ping("10.99.2.2") == 3, me.tail())
ok("in a VRF: clean stop", me.stop() == 0, me.tail())
ok("the gateway: clean stop", sp.stop() == 0, sp.tail())

gw = StrongSwanGateway(t.gw, mobike="yes", subnets="10.99.2.0/24").start()
c8 = t.client(8)
uplinks(c8, 8)
me = our_client("to strongSwan", c8, lambda a: wait_for(3, lambda: a in gw.sas()))
rekeys = [threading.Thread(target=f) for f in (
    lambda: gw.ctl("--rekey", "--child", "net", check=False), lambda: me.command("rekey", "crypto", "ipsec", "sa"))]
for r in rekeys:
    r.start()
for r in rekeys:
    r.join()
ok("to strongSwan: both rekey at once after the move",
   wait_for(10, lambda: len(me.show("crypto", "ipsec", "sa")["ipsec_sas"]) == 1 and c8.ping("10.99.2.2") == 3), me.tail())
ok("to strongSwan: clean stop", me.stop() == 0, me.tail())
gw.stop()
done()
