#!/usr/bin/env python3
# long: 90 s
"""Who may send CoA and Disconnect: a client by its name, which moves, one in a VRF with a key of its own, both families, ports that
a reload changes, a VRF that comes later."""
from lib import *

t = Topology()
one = StrongSwan(t.client(1)).start()
radius = Host("rad")
t.wan.join(radius, "eth0", "10.99.1.20/24", "fd00:99:1::20/64", "10.99.1.21/24", "10.99.1.53/24")
dns = NameServer(radius, "10.99.1.53")
dns.set({"radius.corp.test": ["10.99.1.20", "fd00:99:1::20"]})
vrf, inside = Host("v1"), Host("v1r")
link(vrf, "eth0", inside, "eth0")
vrf.addr("eth0", "10.77.0.1/24")
inside.addr("eth0", "10.77.0.20/24", "10.99.1.20/32")
vrf.ip("route", "add", "10.99.1.20", "dev", "eth0")

CLIENTS = """
vrf definition %s
 address-family ipv4
vrf definition %s-later
 address-family ipv4
aaa server radius dynamic-author
 client radius.corp.test
 client 10.77.0.20 vrf %s server-key red-key
 client 10.99.1.20 vrf %s-later server-key later-key
 server-key common-key
""" % ((vrf.ns,) * 4)
sp = Sallyport(t.gw, CONF + CLIENTS, nameserver="10.99.1.53").start()
GONE = 'Acct-Session-Id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"'


def asks(host, key, server="10.99.1.1", port=3799, source=None):
    path = os.path.join(WORK, "attributes-" + host.ns)
    with open(path, "w") as f:
        f.write(GONE + (", Packet-Src-IP-Address = %s" % source if source else "") + "\n")
    r = host.run("radclient", "-x", "-r", "1", "-t", "1", "-f", path, "%s:%d" % (server, port), "disconnect", key, check=False)
    return "Session-Context-Not-Found" in r.stdout


def clients():
    return sp.show("aaa", "server", "radius", "dynamic-author")["clients"]


def addresses():
    return sorted(c["address"] for c in clients() if c["client"] == "radius.corp.test")


ok("the name has both its addresses", wait_for(5, lambda: addresses() == ["10.99.1.20", "fd00:99:1::20"]), str(clients()))
ok("the client by name is answered", asks(radius, "common-key", source="10.99.1.20"))
ok("by IPv6, too", asks(radius, "common-key", server="[fd00:99:1::1]"))
ok("and on the older port", asks(radius, "common-key", port=1700, source="10.99.1.20"))
ok("not from another address of its host", not asks(radius, "common-key", source="10.99.1.21"))
ok("the client in the VRF has its own key", asks(inside, "red-key", server="10.77.0.1") and not asks(inside, "common-key", server="10.77.0.1"))
ok("the address of another VRF's client is a stranger there", not asks(inside, "common-key", server="10.77.0.1", source="10.99.1.20"))
by = {(c["address"], c["vrf"]): c for c in clients()}
ok("show counts them apart", by[("10.77.0.20", vrf.ns)]["disconnect"]["naks"] == 1 and by[("10.77.0.20", vrf.ns)]["bad_authenticator"] >= 1 and
   by[("10.99.1.20", "none")]["disconnect"]["naks"] == 2, str(by))

# ---- the name moves; ports change -----------------------------------------------------------------------
dns.set({"radius.corp.test": ["10.99.1.21"]})
ok("a name that moves is followed", wait_for(90, lambda: addresses() == ["10.99.1.21"]) and asks(radius, "common-key", source="10.99.1.21") and
   not asks(radius, "common-key", source="10.99.1.20"), str(clients()))
sp.configure(CONF + CLIENTS + " port 3800\n")
sp.reload()
ok("another port by reload", asks(radius, "common-key", port=3800, source="10.99.1.21") and not asks(radius, "common-key", source="10.99.1.21"))
sp.configure(CONF + CLIENTS + " port 4500\n port 3800\n")
sp.reload()
ok("the port of IKE is not to be had, and said so", wait_for(3, lambda: "the port is that of IKE" in sp.log_text()) and asks(radius, "common-key", port=3800, source="10.99.1.21"))
ok("IKE does not mind", one.up(), one.last[-300:] + sp.tail(5))
sp.kill_main()
wait_for(10, sp.answers)
ok("a new main listens", wait_for(5, lambda: addresses() == ["10.99.1.21"]) and asks(radius, "common-key", port=3800, source="10.99.1.21") and
   asks(inside, "red-key", server="10.77.0.1", port=3800))
sp.configure(CONF)
sp.reload()
ok("without the block nobody is answered", not asks(radius, "common-key", port=3800, source="10.99.1.21") and clients() == [], str(clients()))
ok("and nothing listens", "3800" not in t.gw.run("ss", "-Hlun").stdout, t.gw.run("ss", "-Hlun").stdout)
ok("the session has lasted", len(sp.sessions()) == 1)
one.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
