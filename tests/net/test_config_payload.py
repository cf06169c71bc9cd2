#!/usr/bin/env python3
# long: 60 s
"""The configuration payload with real peers: strongSwan as client and as gateway, Sallyport as both, and a client of
our own that says what it likes (R-MCF, RFC 7296 3.15, RFC 8598, RFC 8983)."""
import ctypes
import os
import re
import socket
import struct

from lib import *

sys.path.insert(0, os.path.join(ROOT, "tests", "peer"))
import ike_peer as ike  # noqa: E402

libc = ctypes.CDLL(None, use_errno=True)

POLICY = """
ipv6 local pool NETS fd00:a00::/40 56
ipv6 access-list LAN6
 permit ipv6 fd00:99:2::/64 any
crypto ikev2 authorization policy RA
 ipv6 pool NETS
 ipv6 dns fd00:99:2::53
 wins 10.99.2.60
 def-domain corp.test
 split-dns corp.test
 split-dns lab.test
 backup-gateway 192.0.2.7
 banner ^CWelcome^C
 configuration url http://conf.test/x
 configuration version 2.4
 include-local-lan
 pfs
 smartcard-removal-disconnect
 netmask 255.255.252.0
 route set access-list ipv6 LAN6
 route accept any
"""
VENDOR = 43
OTHER = {1, 2, 3, 4, 10, 13, 15}
UNITY = {7, 28672, 28674, 28675, 28678, 28679, 28681, 28684}
FLEX = {28692, 28693}


class Quirky(ike.Peer):
    """Puts its own CP payload, vendor IDs and oddities into the messages."""
    vendors, cp, init_extra, child_extra = (), (1, [(1, b"")]), (), ()

    def plain(self, exchange, payloads):
        if exchange == ike.IKE_SA_INIT:
            payloads = payloads + [(VENDOR, v) for v in self.vendors] + list(self.init_extra)
        return super().plain(exchange, payloads)

    def ask(self, exchange, payloads, **more):
        if exchange == ike.IKE_AUTH:
            payloads = [p for p in payloads if p[0] != ike.CP]
            if self.cp:
                payloads.insert(2, (ike.CP, config(*self.cp)))
        if exchange == ike.CREATE_CHILD_SA:
            payloads = payloads + list(self.child_extra)
        reply = super().ask(exchange, payloads, **more)
        if exchange == ike.IKE_AUTH:
            self.auth_reply = reply
            if not ike.first(reply, ike.CP):
                reply = reply + [(ike.CP, b"\2\0\0\0")]
        return reply

    def given(self):
        return attributes(ike.first(self.auth_reply, ike.CP))

    def next_request(self, seconds=4):
        """The next request of the gateway, answered with nothing; its payloads."""
        self.sock.settimeout(seconds)
        while True:
            data = self.sock.recv(65535)
            if data[:4] != bytes(4) or data[23] & ike.RESPONSE:
                continue
            message, number = data[4:], struct.unpack("!I", data[24:28])[0]
            payloads = self.open(message)
            kept, self.number = self.number, number
            head = self.header(ike.SK, message[18], ike.INITIATOR | ike.RESPONSE, number, 29) + struct.pack("!BBH", 0, 0, 29)
            iv = os.urandom(8)
            self.sock.sendto(bytes(4) + head + iv + ike.AESGCM(self.sk_ei[:32]).encrypt(self.sk_ei[32:] + iv, b"\0", head), self.gateway)
            self.number = kept
            return payloads


def config(kind, attrs):
    return struct.pack("!BBBB", kind, 0, 0, 0) + b"".join(struct.pack("!HH", t, len(v)) + v for t, v in attrs)


def attributes(body):
    found, at = [], (body or b"")[4:]
    while at:
        kind, length = struct.unpack("!HH", at[:4])
        found.append((kind & 0x7FFF, at[4:4 + length]))
        at = at[4 + length:]
    return found


def socket_in(host):
    """A UDP socket in the namespace of a host."""
    with open("/proc/self/ns/net") as ours, open("/run/netns/%s" % host.ns) as theirs:
        assert libc.setns(theirs.fileno(), 0x40000000) == 0
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        finally:
            assert libc.setns(ours.fileno(), 0x40000000) == 0


def quirky(c, n, **more):
    sock = socket_in(c)
    p = Quirky(sock, "10.99.1.1", "peer%d@psk.test" % n, "gw.example.test", PSK)
    p.wants_ticket = False
    for k, v in more.items():
        setattr(p, k, v)
    return p


t = Topology()
gw = Sallyport(t.gw, CONF + POLICY).start()
c1, c2, c3 = t.client(1), t.client(2), t.client(3)

# ---- strongSwan as client ---------------------------------------------------------------------------
ss = StrongSwan(c1, user="client1@psk.test").start()
ok("strongSwan logs in", ss.up(), ss.last + gw.tail())
mine = ss.addresses()
ok("strongSwan: an IPv4 address and the first of a prefix", len(mine) == 2 and mine[0].startswith("10.100.") and
   mine[1] == "fd00:a00::1", str(mine))
with open(os.path.join(ss.dir, "resolv.conf")) as f:
    resolv = f.read()
ok("strongSwan: all name servers", all(x in resolv for x in ("10.99.2.53", "fd00:99:2::53")), resolv)
ok("strongSwan: traffic of both families", c1.ping("10.99.2.2") == 3 and c1.ping("fd00:99:2::2") == 3, ss.sas())
ok("strongSwan: its selector is the whole prefix", "fd00:a00:0:ff:ffff:ffff:ffff:ffff" in json.dumps(gw.show("crypto", "ipsec", "sa")),
   json.dumps(gw.show("crypto", "ipsec", "sa"))[:1500])
ok("strongSwan: both families are told", "N((16439)) N((16440))" in ss.log_text(), ss.log_text()[-3000:])
ok("strongSwan is another one", gw.show("crypto", "ikev2", "sa")["ikev2_sas"][0]["peer_class"] == "other")
ss.down()
ok("strongSwan again: the same prefix", ss.up() and ss.addresses() == mine, str(ss.addresses()))
ss.down()

# RFC 8983: only the family that there is, and which one that is. INTERNAL_ADDRESS_FAILURE when it is not asked for.
gw.configure(CONF + POLICY + "crypto ikev2 authorization policy RA\n no ipv6 pool\n")
gw.reload()
ss.write(vips="0.0.0.0, ::")
ok("one of two families is enough", ss.up() and len(ss.addresses()) == 1, ss.log_text()[-2000:])
ok("and is told", re.search(r"IKE_AUTH response 1 \[.*N\(\(16439\)\)", ss.log_text().rsplit("initiating IKE_SA", 1)[-1]) and
   "16440" not in ss.log_text().rsplit("initiating IKE_SA", 1)[-1])
ss.down()
ss.write(vips="::", remote_ts="fd00:99:2::/64")
ok("the other family alone: refused", not ss.up())
ok("with the reason", re.search(r"IKE_AUTH response 1 \[.*N\(INT_ADDR_FAIL\) N\(\(16439\)\)",
                                ss.log_text().rsplit("initiating IKE_SA", 1)[-1]), ss.log_text()[-1500:])

# A strongSwan that is a site and asks for nothing is pushed what there is (R-MCF-04).
gw.configure(CONF + POLICY + "crypto ikev2 authorization policy RA\n route set remote ipv4 192.168.7.0 255.255.255.0\n")
gw.reload()
c1.addr("lo", "192.168.7.1/32")
ss.write(vips="", remote_ts="10.99.2.0/24\n local_ts = 192.168.7.0/24")
ok("a site logs in without a request", ss.up(), ss.last + gw.tail())
ok("it is pushed the configuration", wait_for(5, lambda: "INFORMATIONAL request 0 [ CP" in ss.log_text()), ss.log_text()[-1500:])
ok("and the tunnel stays", c1.ping("10.99.2.2", source="192.168.7.1") == 3 and len(gw.sessions()) == 1)
ss.down()
ss.stop()

# ---- classes of peers, with a client that says what it likes (R-MCF-09..11, S-11) ---------------------
gw.configure(CONF + POLICY)
gw.reload()
FLEXVPN = [b"CISCO-DELETE-REASON", b"FLEXVPN-SUPPORTED"]
ANYCONNECT = [b"CISCO(COPYRIGHT)&Copyright (c) 2009 Cisco Systems, Inc.", b"CISCO-ANYCONNECT-EAP"]
WINDOWS = [bytes.fromhex("1e2b516905991c7d7c96fcbfb587e46100000009")]
for i, (name, vendors, asked, wanted) in enumerate((
        ("other", [], [(1, b"")], OTHER),
        ("FlexVPN", FLEXVPN, [(1, b""), (7, b""), (28675, b"")], OTHER | UNITY | FLEX),
        ("AnyConnect", ANYCONNECT, [(1, b"")], OTHER | UNITY),
        ("Windows", WINDOWS, [(1, b""), (3, b""), (4, b""), (23456, b""), (8, b""), (10, b""), (23457, b"")], OTHER | {8}),
        ("Apple", [], [(1, b""), (2, b""), (6, b""), (3, b""), (8, b""), (12, b""), (10, b""), (25, b"")], OTHER | {8, 25}),
        ("P-CSCF and trust anchors", [], [(1, b""), (20, b""), (21, b""), (26, b"")], OTHER),
        ("who asks what we know", [], [(1, b""), (14, b"")], OTHER | {14}),
        ("Unity attributes in a request", [], [(1, b""), (28672, b"hello"), (28679, b"\0\1")], OTHER))):
    p = quirky(c2, 20 + i, vendors=vendors, cp=(1, asked))
    try:
        p.login()
    except ike.Refused as e:
        ok("%s: logs in" % name, False, str(e) + gw.tail())
        continue
    got = {k for k, _ in p.given()}
    ok("%s: exactly its attributes" % name, got == wanted, "%s, not %s" % (sorted(got), sorted(wanted)))
    if name == "Apple":
        ok("Apple: a domain, an attribute", [v for k, v in p.given() if k == 25] == [b"corp.test", b"lab.test"], str(p.given()))
    p.logout()

# ---- oddities ---------------------------------------------------------------------------------------
p = quirky(c2, 40, init_extra=[(ike.CP, config(1, [(1, b"")]))]).login()
ok("a CP payload in IKE_SA_INIT is ignored (AnyConnect)", p.ping("10.99.2.2"), gw.tail())
p.child_extra = [(ike.CP, config(1, [(1, b""), (3, b"")]))]
time.sleep(1.1)
p.rekey()
ok("a CP payload in CREATE_CHILD_SA is ignored (MikroTik)", p.ping("10.99.2.2"), gw.tail())
reply = p.ask(ike.INFORMATIONAL, [(ike.CP, config(3, [(13, socket.inet_aton("10.7.0.0") + socket.inet_aton("255.255.0.0")), (3, b"\1\2\3\4")]))])
body = ike.first(reply, ike.CP)
ok("a CFG_SET of what does not lead to the peer: an empty CFG_ACK", body and body[0] == 4 and not attributes(body), str(reply))
reply = p.ask(ike.INFORMATIONAL, [(ike.CP, config(2, [(1, b"")]))])
ok("a CFG_REPLY that nobody asked for is ignored", not reply and p.ping("10.99.2.2"), str(reply))
p.logout()

p = quirky(c2, 41, cp=(1, [(1, b""), (13, socket.inet_aton("10.77.0.0") + socket.inet_aton("255.255.255.0"))])).login()
routes = t.gw.ip("route").stdout
ok("networks in a request are let in by `route accept any`", "10.77.0.0/24" in routes, routes)
reply = p.ask(ike.INFORMATIONAL, [(ike.CP, config(3, [(13, socket.inet_aton("10.77.0.128") + socket.inet_aton("255.255.255.128"))]))])
ok("and acknowledged in a CFG_SET", attributes(ike.first(reply, ike.CP)) == [(13, b"")], str(reply))
p.logout()
ok("and gone with it", wait_for(5, lambda: "10.77.0.0/24" not in t.gw.ip("route").stdout))

gw.configure(CONF + POLICY + "crypto ikev2 authorization policy RA\n route set remote ipv4 192.168.8.0 255.255.255.0\n")
gw.reload()
p = quirky(c2, 42, cp=None, vendors=FLEXVPN).login()
pushed = ike.first(p.next_request(), ike.CP)
ok("who asks for nothing gets a CFG_SET", pushed and pushed[0] == 3 and {k for k, _ in attributes(pushed)} ==
   {3, 4, 10, 13, 15} | UNITY | FLEX, str(pushed))
p.logout()

# ---- Sallyport as client: of Sallyport ----------------------------------------------------------------
gw.configure(CONF.replace("identity email domain psk.test", "address 0.0.0.0 0.0.0.0") + POLICY)
gw.reload()
CLIENT = """
hostname client
aaa new-model
aaa authorization network LOCAL local
ip access-list standard MINE
 permit 10.78.0.0 0.0.0.255
crypto ikev2 authorization policy MINE
 route set access-list MINE
 route accept any
crypto ikev2 keyring KR
 peer GW
  address 0.0.0.0 0.0.0.0
  pre-shared-key %s
crypto ikev2 profile P
 match identity remote fqdn gw.example.test
 identity local email client3@psk.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL MINE
crypto ipsec profile IP
 set ikev2-profile P
interface Tunnel1
 ip address negotiated
 ipv6 address negotiated
 tunnel mode ipsec ipv4
 tunnel source dynamic
 tunnel destination dynamic
 tunnel protection ipsec profile IP
crypto ikev2 client flexvpn HOME
 peer 1 %s
 client connect Tunnel1
"""


def home(sp):
    return sp.show("crypto", "ikev2", "client", "flexvpn")["clients"][0]


c3.addr("lo", "10.78.0.1/32")
sp = Sallyport(c3, CLIENT % (PSK, "10.99.1.1"), name="client").start()
ok("our client is up", wait_for(10, lambda: home(sp)["state"] == "ACTIVE"), sp.tail() + gw.tail())
h = home(sp)
ok("our client: what it was given", (h["dns"], h["wins"], h["split_dns"], h["default_domain"], h["banner"], h["backup_gateways"]) ==
   (["10.99.2.53", "fd00:99:2::53"], ["10.99.2.60"], ["corp.test", "lab.test"], "corp.test", "Welcome", ["192.0.2.7"]), str(h))
ok("our client: a prefix", h["assigned_ip6_length"] == 56 and h["assigned_ip6"].endswith("::1"), str(h))
text = sp.command("show", "crypto", "ikev2", "client", "flexvpn").stdout
ok("in words", re.search(r"Name servers : 10\.99\.2\.53, fd00:99:2::53\n.*Split DNS : corp\.test,lab\.test\n", text, re.S), text)
known = [(x["remote"], x["peer_class"]) for x in gw.show("crypto", "ikev2", "sa")["ikev2_sas"]]
ok("the gateway knows a FlexVPN client", [c for _, c in known] == ["flexvpn"], str(known))
ok("traffic of both families", c3.ping("10.99.2.2") == 3 and c3.ping("fd00:99:2::2") == 3, sp.tail())
other = h["assigned_ip6"].rsplit("::", 1)[0] + ":7::99"
c3.addr("lo", other + "/128")
ok("any address of the prefix", wait_for(3, lambda: c3.ping("fd00:99:2::2", count=1, source=other) == 1) and
   c3.ping("fd00:99:2::2", source=other) == 3, other)
ok("the network behind the client", wait_for(5, lambda: t.lan.ping("10.78.0.1", count=1) == 1), t.gw.ip("route").stdout)
gw.kill_main()
ok("the gateway's main dies: it knows the same", wait_for(10, gw.answers) and
   gw.show("crypto", "ikev2", "sa")["ikev2_sas"][0]["peer_class"] == "flexvpn" and t.lan.ping("10.78.0.1") == 3)
sp.kill_main()
ok("the client's main dies: it knows the same", wait_for(10, sp.answers) and wait_for(5, lambda: home(sp).get("banner") == "Welcome") and
   home(sp)["split_dns"] == ["corp.test", "lab.test"], str(home(sp)))
sp.stop()
gw.stop()

# ---- Sallyport as client: of strongSwan -------------------------------------------------------------------
sg = StrongSwanGateway(t.gw, pools="p4, p6", local_ts="10.99.2.0/24, fd00:99:2::/64", user="client3@psk.test", charon="""
  plugins { attr { dns = 10.99.2.53, fd00:99:2::53
                   nbns = 10.99.2.60
                   subnet = 10.99.2.0/24
                   25 = corp.test
                   28672 = Welcome
                   28674 = corp.test } }""").start()
sp = Sallyport(c3, CLIENT % (PSK, "10.99.1.1"), name="client2").start()
ok("of strongSwan: up", wait_for(10, lambda: home(sp)["state"] == "ACTIVE"), sp.tail() + sg.log_text()[-1500:])
h = home(sp)
ok("of strongSwan: what it was given", (sorted(h["dns"]), h["wins"], h["split_dns"], h["default_domain"], h["banner"]) ==
   (["10.99.2.53", "fd00:99:2::53"], ["10.99.2.60"], ["corp.test"], "corp.test", "Welcome"), str(h))
ok("of strongSwan: both addresses", h["assigned_ip4"].startswith("10.100.9.") and h["assigned_ip6"].startswith("fd00:100:9::"), str(h))
ok("of strongSwan: its network is a route", "10.99.2.0/24 dev sp-tu1" in c3.ip("route").stdout, c3.ip("route").stdout)
ok("of strongSwan: traffic", c3.ping("10.99.2.2") == 3, sg.sas())
ok("of strongSwan: our CFG_SET is answered", wait_for(5, lambda: "INFORMATIONAL request 2 [ CP" in sg.log_text()) and
   home(sp)["state"] == "ACTIVE", sg.log_text()[-1500:])
sp.stop()
sg.write(pools="p6", local_ts="fd00:99:2::/64")
sp = Sallyport(c3, CLIENT % (PSK, "10.99.1.1"), name="client3").start()
ok("of strongSwan with IPv6 only: up", wait_for(10, lambda: home(sp)["state"] == "ACTIVE") and not home(sp)["assigned_ip4"], sp.tail())
sp.stop()
sg.stop()
done()
