#!/usr/bin/env python3
"""DHCP server, giaddr and timeout of users as a real FreeRADIUS gives them (R-RAD-09 to 11), and where an address comes from when there is more
than one source (R-MCF-12): what the user has for himself, then a pool, then the server, and what fails does not lead to the next."""
import pki_lib
from dhcpd_lib import *
from freeradius_lib import FreeRadius
from peer_lib import socket_in

from ike_auth import Psk  # noqa: E402
from ike_initiator import Initiator, Refused  # noqa: E402

SECRET = "radius-secret"
CONFIG = CONF.replace("aaa new-model\n", """aaa new-model
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key %s
aaa group server radius RAD
 server name R1
aaa authorization network RAD group RAD
sallyport aaa authorization-password look-up
crypto ikev2 authorization policy RELAY
 dhcp giaddr 10.200.0.1
interface Loopback1
 ip address 10.200.0.1 255.255.255.255
""" % SECRET).replace(" aaa authorization group psk list LOCAL RA\n", " aaa authorization user psk list RAD\n aaa authorization group psk list LOCAL RA\n").replace(
    " pool RA\n ipv6", " ipv6").replace("ip local pool RA 10.100.0.10 10.100.3.250", "ip local pool ONE 10.100.0.10")
SERVED = "ipsec:group-dhcp-server=10.99.2.2", "ipsec:dhcp-giaddr=10.200.0.1", "ipsec:dhcp-timeout=3"


def reply(*pairs, more=()):
    return "look-up", ", ".join(list(more) + ['Cisco-AVPair += "%s"' % p for p in pairs])


t = Topology()
t.gw.ip("addr", "add", GIADDR + "/32", "dev", "lo")
root = pki_lib.Authority("Test Root", kind="rsa")
cert = root.leaf("radius", kind="rsa", san=["dns:radius.test"], eku=["server"])
users = {
    "anna@psk.test": reply(*SERVED),
    "bert@psk.test": reply(*SERVED, more=["Framed-IP-Address = 10.77.0.9"]),
    "carl@psk.test": reply("ip:addr-pool=ONE", *SERVED),
    "dora@psk.test": reply("ip:addr-pool=ONE", *SERVED),
    "emil@psk.test": reply(*SERVED, more=["Framed-IP-Address = 10.200.0.1"]),
    "fred@psk.test": reply(*SERVED, more=["Framed-IP-Address = 255.255.255.254"]),
    "gus@psk.test": reply("ipsec:group-dhcp-server=10.99.2.99", "ipsec:dhcp-giaddr=10.200.0.1", "ipsec:dhcp-timeout=1"),
    "hal@psk.test": reply("ipsec:group-dhcp-server=10.99.2.2", "ipsec:dhcp-giaddr=10.99.2.1"),
}
radius = FreeRadius(t.lan, users, cert, root, address="10.99.2.2", clients="10.99.2.0/24", secret=SECRET, first="mschapv2").start()
dhcpd = Dhcpd(t.lan)
sp = Sallyport(t.gw, CONFIG).start()
c = t.client(1)


def login(name):
    return Initiator(socket_in(c), "10.99.1.1", name + "@psk.test", [Psk(PSK)], remote=Psk(PSK), remote_id="gw.example.test", cp=("address",),
                     seconds=8).login()


def count(name):
    return sp.counters()["counters"][name]


def of(name):
    return {s["username"].split("@")[0]: s for s in sp.sessions()}.get(name, {})


def refused(name):
    try:
        return not login(name).address
    except Refused:
        return True


anna = login("anna")
ok("an address of the server that RADIUS names", dhcpd.is_active(anna.address or "none"), str(anna.attributes) + sp.tail(3))
s = of("anna")
ok("as relay of the giaddr that it names", (s.get("ip4_from"), s.get("dhcp_giaddr")) == ("dhcp 10.99.2.2", GIADDR)
   and any("via " + GIADDR in l for l in dhcpd.said("DHCPDISCOVER")), str(s))
fred = login("fred")
ok("255.255.255.254 is no address of his own", dhcpd.is_active(fred.address or "none") and fred.address != anna.address, str(fred.attributes))
asked = count("dhcp_discovers_sent")
ok("each asked once", asked == 2, str(asked))
bert = login("bert")
ok("his own comes first", bert.address == "10.77.0.9" and of("bert").get("ip4_own") is True, str(bert.attributes) + str(of("bert")))
carl = login("carl")
ok("and a pool before the server", carl.address == "10.100.0.10" and of("carl").get("ip4_from") == "ONE", str(carl.attributes))
text = sp.command("show", "crypto", "session", "detail").stdout
ok("show says which it was", "10.77.0.9, the user's own" in text and "10.100.0.10 from pool ONE" in text and "%s from dhcp 10.99.2.2" % anna.address in text,
   text)
ok("a pool that is exhausted does not lead to the server", refused("dora") and wait_for(3, lambda: "pool ONE is exhausted" in sp.log_text()), sp.tail(9))
ok("nor does an address that cannot be had", refused("emil") and wait_for(3, lambda: "10.200.0.1, which is the user's own, is an address of this gateway" in sp.log_text()),
   sp.tail(9))
ok("nobody of them asked", count("dhcp_discovers_sent") == asked)
ok("the time is that of RADIUS", refused("gus") and wait_for(3, lambda: "DHCP server 10.99.2.99 did not answer in 1 s" in sp.log_text()), sp.tail(9))
ok("a giaddr that the file does not name is not opened", refused("hal") and
   wait_for(3, lambda: "cannot be a DHCP relay at 10.99.2.1 port 67: the configuration names neither" in sp.log_text()), sp.tail(9))
for p in (anna, bert, carl, fred):
    p.logout()
ok("what is the server's is given back, and nothing else", wait_for(4, lambda: count("dhcp_releases_sent") == 2) and not dhcpd.is_active(anna.address),
   str(count("dhcp_releases_sent")))
ok("clean stop", sp.stop() == 0, sp.tail())
done()
