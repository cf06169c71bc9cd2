#!/usr/bin/env python3
"""Redirect (RFC 5685): strongSwan and our own client go where a gateway sends them, before and after
they have authenticated, and later at strongSwan's word; a forged redirect is not believed, and two
gateways that send a client to each other do not keep it running."""
import re

from client_lib import *

A, B, FORGER = "10.99.1.1", "10.99.1.2", "10.99.1.66"
INIT, AUTH = "crypto ikev2 redirect gateway init\n", "crypto ikev2 redirect gateway auth\n"


def target(where):
    return "sallyport redirect target %s\n" % where



def branch(peer):
    return client_conf(peer, before="crypto ikev2 redirect client max-redirects 2")


t = Topology()
gw2 = Host("gw2")
t.wan.join(gw2, "wan0", B + "/24", "fd00:99:1::2/64")
gw2.addr("lo", "10.99.2.2/32")
names = Host("names")
t.wan.join(names, "eth0", "10.99.1.53/24")
dns = NameServer(names, "10.99.1.53")
dns.set({"a.example.test": [A], "b.example.test": [B]})
a = Sallyport(t.gw, CONF + INIT + target(B), name="a").start()
b = Sallyport(gw2, CONF, name="b").start()


def reconfigure(sp, text):
    sp.configure(text)
    return sp.reload()


def sessions(sp):
    return [s["identity"] for s in sp.live()]


def count(sp, name):
    return sp.counters()["counters"][name]


def is_bare(sp):
    return not sp.sessions() and not sp.show("crypto", "ikev2", "sa")["ikev2_sas"] and not sp.show("crypto", "ipsec", "sa")["ipsec_sas"]


def is_at(sp, other, user):
    return wait_for(8, lambda: sessions(sp) == [user] and is_bare(other))


# ---- strongSwan ------------------------------------------------------------------------------------
c1 = t.client(1)
ss = StrongSwan(c1, vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
ss.up()
ok("INIT: strongSwan goes to the other gateway, nothing is left here", is_at(b, a, "client1@psk.test"),
   "%s %s %s" % (sessions(a), sessions(b), ss.log_text()[-800:]))
ok("counted", wait_for(7, lambda: count(a, "redirects_sent") == 1), str(count(a, "redirects_sent")))
ok("traffic", c1.ping("10.99.2.2") == 3)
ss.down()
wait_for(8, lambda: is_bare(b))
ok("no session was made for it", a.sql("select count(*) from v_history") == [(0,)], str(a.sql("select * from v_history")))
ok("stats show them", re.search(r"Redirects +0 +1\n", a.command("show", "crypto", "ikev2", "stats").stdout),
   a.command("show", "crypto", "ikev2", "stats").stdout)
reconfigure(a, CONF + INIT + target(A))
ok("a target that is this host is no redirect", ss.up() and sessions(a) == ["client1@psk.test"], ss.last[-300:])
ss.down()

# ---- our client ------------------------------------------------------------------------------------
c2 = t.client(2)
reconfigure(a, CONF + INIT + target("fqdn b.example.test"))
br = Sallyport(c2, branch(A), name="branch", nameserver="10.99.1.53").start()


def client():
    return br.show("crypto", "ikev2", "client", "flexvpn")["clients"][0]


ok("INIT: our client asks for the name and goes there", is_at(b, a, "branch@psk.test"), br.tail())
ok("traffic", c2.ping("10.99.2.2") == 3)
ok("show says where it is", client()["state"] == "ACTIVE" and client()["peer"] == B, str(client()))
ok("the log says who sent it", "redirected local=" in br.log_text() and "gateway=b.example.test" in br.log_text(), br.tail())
reconfigure(a, CONF + AUTH + target(B))
br.command("clear", "crypto", "ikev2", "client", "flexvpn", "HOME")
ok("AUTH: our client goes there", wait_for(8, lambda: count(br, "redirects_followed") == 2) and is_at(b, a, "branch@psk.test"), br.tail())
ok("traffic again", c2.ping("10.99.2.2") == 3)

# ---- a loop ----------------------------------------------------------------------------------------
reconfigure(a, CONF + AUTH + target("fqdn b.example.test"))
reconfigure(b, CONF + INIT + target("fqdn a.example.test"))
br.command("clear", "crypto", "ikev2", "client", "flexvpn", "HOME")
ok("a loop ends", wait_for(10, lambda: br.counters()["status"]["redirect_loop"] > 0), br.tail())
ok("and is said", wait_for(5, lambda: "redirected too often" in client()["reason"]), str(client()))
time.sleep(3)
ok("and stays ended", count(br, "redirects_followed") <= 2 + 2 + 4 and is_bare(b), "%d" % count(br, "redirects_followed"))

# ---- forged ----------------------------------------------------------------------------------------
SCRIPT = r"""
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 500))
while True:
    q, peer = s.recvfrom(4096)
    at, kind, ni = 28, q[16], b""
    while kind:
        n, length = q[at], struct.unpack("!H", q[at + 2:at + 4])[0]
        ni, at, kind = (q[at + 4:at + length] if kind == 40 else ni), at + length, n
    with open(sys.argv[2]) as f:
        nonce = {"wrong": bytes([ni[0] ^ 1]) + ni[1:], "none": b"", "right": ni}[f.read().strip()]
    data = b"\1\4" + socket.inet_aton(sys.argv[3]) + nonce
    notify = struct.pack("!BBHBBH", 0, 0, 8 + len(data), 0, 0, 16407) + data
    s.sendto(q[:8] + bytes(8) + struct.pack("!BBBBII", 41, 0x20, 34, 0x20, 0, 28 + len(notify)) + notify, peer)
"""
evil = Host("evil")
t.wan.join(evil, "eth0", FORGER + "/24")
mode = os.path.join(WORK, "mode")
script = os.path.join(WORK, "forger.py")
with open(script, "w") as f:
    f.write(SCRIPT)


def forge(how):
    with open(mode, "w") as f:
        f.write(how)


forge("wrong")
spawn(evil.ns, sys.executable, "-B", script, FORGER, mode, B, log=os.path.join(WORK, "forger.log"))
reconfigure(b, CONF)
reconfigure(br, branch(FORGER))
ok("another nonce is not believed", wait_for(8, lambda: count(br, "redirects_refused") >= 2), br.tail())
forge("none")
seen = count(br, "redirects_refused")
ok("nor none", wait_for(8, lambda: count(br, "redirects_refused") > seen))
ok("it goes on waiting", client()["state"] == "NEGOTIATING" and client()["peer"] == FORGER and is_bare(b), str(client()))
forge("right")
ok("with its own it is", is_at(b, a, "branch@psk.test"), br.tail())

# ---- an established SA -------------------------------------------------------------------------------
gw3 = Host("gw3")
t.wan.join(gw3, "wan0", "10.99.1.3/24")
gw3.addr("lo", "10.99.2.2/32")
ssg = StrongSwanGateway(gw3, subnets="10.99.2.0/24").start()
reconfigure(br, branch("10.99.1.3"))
ok("connects to strongSwan", wait_for(8, lambda: sessions(br) and client()["peer"] == "10.99.1.3"), br.tail())
wait_for(5, lambda: is_bare(b))
ssg.ctl("--redirect", "--ike", "gw", "--gateway", B)
ok("strongSwan sends it to the other one", is_at(b, a, "branch@psk.test"), br.tail() + ssg.log_text()[-500:])
ok("traffic there", c2.ping("10.99.2.2") == 3)
ok("strongSwan has nothing left", wait_for(5, lambda: not ssg.sas().strip()), ssg.sas())

# strongSwan 5.9.8 believes an AUTH redirect and then dies of it (a task of its own is freed twice).
reconfigure(a, CONF + AUTH + target(B))
ss.up(timeout=3)
ok("AUTH: strongSwan verifies us and believes it", wait_for(3, lambda: "redirected to " + B in ss.log_text()), ss.log_text()[-800:])
ok("and has no session here", not a.sessions())
for sp in (br, a, b):
    ok("clean stop", sp.stop() == 0, sp.tail())
done()
