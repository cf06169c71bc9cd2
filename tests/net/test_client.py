#!/usr/bin/env python3
# long: 85 s
"""`crypto ikev2 client flexvpn`: peers in order, dead ones and vanished ones, names, manual clients,
backup groups, restarts, reload, show and clear."""
import re
from lib import *

GATEWAY = """
hostname %(name)s
aaa new-model
aaa authorization network LOCAL local
ip local pool P 10.100.%(n)d.10 10.100.%(n)d.250
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy P
 pool P
 route set access-list LAN
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key sesame
 peer ALL6
  address ::/0
  pre-shared-key sesame
crypto ikev2 profile P
 match identity remote fqdn domain branch.test
 identity local fqdn %(name)s.hub.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL P
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

BRANCH = """
hostname branch
sallyport dpd retries 1
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key sesame
 peer ALL6
  address ::/0
  pre-shared-key sesame
crypto ikev2 profile HUB
 match identity remote fqdn domain hub.test
 identity local fqdn a.branch.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 dpd 2 1 periodic
crypto ipsec profile HUB
 set ikev2-profile HUB
%s"""
TUNNEL = """interface Tunnel%(n)d
 ip address negotiated
 tunnel source dynamic
 tunnel destination dynamic
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
crypto ikev2 client flexvpn %(name)s
 client connect Tunnel%(n)d
 %(lines)s
"""


def client(*lines, n=1, name="HOME"):
    return TUNNEL % dict(n=n, name=name, lines="\n ".join(lines))


def branch_conf(*clients, before=""):
    return before + BRANCH % "".join(clients)


def show(sp, name="HOME"):
    for c in sp.show("crypto", "ikev2", "client", "flexvpn")["clients"]:
        if c["profile"] == name:
            return c
    return {}


def state(sp, name="HOME"):
    c = show(sp, name)
    return c.get("state"), c.get("peer")


def becomes(sp, wanted, peer=None, seconds=15, name="HOME"):
    def there():
        s, p = state(sp, name)
        return s == wanted and (peer is None or p == peer)
    return wait_for(seconds, there)


def reload(sp, text):
    sp.configure(text)
    return sp.reload(check=False)


def session(sp):
    s = [x["session"] for x in sp.sessions() if x["status"] == "UP-ACTIVE"]
    return s[0] if len(s) == 1 else s


t = Topology()
gw2 = Host("gw2")
t.wan.join(gw2, "wan0", "10.99.1.2/24", "fd00:99:1::2/64")
gw2.addr("lo", "10.99.2.2/32")
one = Sallyport(t.gw, GATEWAY % dict(name="one", n=1), name="one").start()
two = Sallyport(gw2, GATEWAY % dict(name="two", n=2), name="two").start()
names = Host("names")
t.wan.join(names, "eth0", "10.99.1.53/24")
dns = NameServer(names, "10.99.1.53")
c = t.client(1)
BOTH = ("peer 1 10.99.1.1", "peer 2 10.99.1.2")
sp = Sallyport(c, branch_conf(client(*BOTH)), name="branch", nameserver="10.99.1.53").start()

# ---- the preferred peer, show ----------------------------------------------------------------------
ok("connects to the first peer", becomes(sp, "ACTIVE", "10.99.1.1"), sp.tail())
ok("ping", c.ping("10.99.2.2") == 3, sp.tail())
text = sp.command("show", "crypto", "ikev2", "client", "flexvpn").stdout
ok("show in the guide's layout", re.search(
    r"^Profile : HOME\nCurrent state:ACTIVE\nPeer : 10\.99\.1\.1\nSource : 10\.99\.1\.11\nivrf : IP DEFAULT\nfvrf : IP DEFAULT\n"
    r"Backup group: None\nTunnel interface : Tunnel1\n", text), text)
j = show(sp)
ok("show --json", (j["state"], j["peer"], j["peer_sequence"], j["tunnel"], j["backup_group"], j["connect"], j["reason"]) ==
   ("ACTIVE", "10.99.1.1", 1, "Tunnel1", "None", "auto", ""), str(j))
ok("show NAME, abbreviated", sp.command("sh", "cry", "ikev2", "cl", "flex", "HOME").stdout == text)
r = sp.command("show", "crypto", "ikev2", "client", "flexvpn", "NOBODY", check=False)
ok("show of a client that is not there", r.returncode == 1 and "NOBODY" in r.stdout, r.stdout)

# ---- main dies --------------------------------------------------------------------------------------
s = session(sp)
sp.kill_main()
ok("main dies: the same session", wait_for(10, sp.answers) and session(sp) == s and state(sp) == ("ACTIVE", "10.99.1.1"), sp.tail())
ok("main dies: nobody connected again", one.counters()["counters"]["ike_sa_up"] == 1)
one.kill_main()
ok("the gateway's main dies: nothing is noticed", wait_for(10, one.answers) and c.ping("10.99.2.2") == 3 and session(sp) == s)

# ---- a gateway vanishes, comes back, stops ---------------------------------------------------------------
# Without a word: when only the holder is killed, main may still say goodbye.
nft(t.gw, """
table inet vanish {
  chain out { type filter hook output priority 0; udp sport { 500, 4500 } drop; }
}
""")
stop_process(one.process, sig=signal.SIGKILL)
ok("the gateway vanishes: the next peer", becomes(sp, "ACTIVE", "10.99.1.2", seconds=30), sp.tail())
ok("the next peer: ping", wait_for(5, lambda: c.ping("10.99.2.2", count=1) == 1))
ended = sp.sql("select end_reason from v_history where ulid = '%s'" % s)
ok("the store says why", ended == [("dpd",)], str(ended))
t.gw.run("nft", "delete", "table", "inet", "vanish")
one.start()
time.sleep(2)
ok("the first is back: the second stays", state(sp) == ("ACTIVE", "10.99.1.2"))
two.stop()
ok("the second stops: the first again", becomes(sp, "ACTIVE", "10.99.1.1"), sp.tail())
one.stop()
ok("none is there: it tries", wait_for(10, lambda: state(sp)[0] in ("NEGOTIATING", "WAITING")), sp.tail())
two.start()
ok("the second is there: connected", becomes(sp, "ACTIVE", "10.99.1.2", seconds=75), sp.tail())
one.start()

# ---- clear: a new selection -----------------------------------------------------------------------------
r = sp.command("clear", "crypto", "ikev2", "client", "flexvpn", "HOME")
ok("clear: the best peer again", "1 clients cleared" in r.stdout and becomes(sp, "ACTIVE", "10.99.1.1"), r.stdout + sp.tail())
sp.command("clear", "crypto", "ikev2", "sa")
ok("clear of the IKE SA: the next peer", becomes(sp, "ACTIVE", "10.99.1.2"), sp.tail())
r = sp.command("clear", "crypto", "ikev2", "client", "flexvpn")
ok("clear without a name", r.returncode == 0 and becomes(sp, "ACTIVE", "10.99.1.1"), sp.tail())
r = run("ip", "netns", "exec", c.ns, "setpriv", "--reuid=65534", "--clear-groups", BIN, "clear", "crypto", "ikev2", "client", "flexvpn",
        "--socket", sp.socket, check=False)
ok("only root may clear", r.returncode == 1, r.stdout)

# ---- reload ---------------------------------------------------------------------------------------------
s = session(sp)
reload(sp, branch_conf(client(*BOTH, "description x"), before="hostname other\n"))
ok("reload, something else: it goes on", session(sp) == s and state(sp) == ("ACTIVE", "10.99.1.1"), sp.tail())
for name, lines, peer in (("another peer", ("peer 1 10.99.1.2",), "10.99.1.2"), ("inside", ("peer 1 10.99.1.2", "client inside eth9"), "10.99.1.2"),
                          ("source", ("peer 1 10.99.1.2", "source 1 eth0"), "10.99.1.2"), ("backup group", ("peer 1 10.99.1.2", "backup group 3"), "10.99.1.2")):
    s = session(sp)
    reload(sp, branch_conf(client(*lines)))
    ok("reload, %s: a new session" % name, becomes(sp, "ACTIVE", peer) and session(sp) != s, sp.tail())
reload(sp, branch_conf())
ok("reload without the client: it ends", wait_for(5, lambda: not sp.sessions()) and "no client" not in sp.tail(), sp.tail())
r = reload(sp, branch_conf(client("connect manual")))
ok("a client without peers rests", state(sp) == ("IDLE", None) and "peers are missing" in show(sp)["reason"], str(show(sp)))
r = sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME", check=False)
ok("and cannot be made to connect", r.returncode == 1 and "missing" in r.stdout, r.stdout)

# ---- manual -----------------------------------------------------------------------------------------------
reload(sp, branch_conf(client("connect manual", *BOTH)))
time.sleep(1)
ok("manual: waits for an order", state(sp)[0] == "IDLE" and not sp.sessions())
r = sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME")
ok("manual: connects by order", becomes(sp, "ACTIVE", "10.99.1.1"), r.stdout + sp.tail())
r = sp.command("cry", "ikev2", "client", "flexvpn", "connect", "HOME", check=False)
ok("manual: twice is said", r.returncode == 1 and "connected" in r.stdout, r.stdout)
ok("manual: whom?", sp.command("crypto", "ikev2", "client", "flexvpn", "connect", check=False).returncode == 2)
ok("manual: nobody", sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "X", check=False).returncode == 1)
s = session(sp)
sp.kill_main()
ok("manual: main dies, the same session", wait_for(10, sp.answers) and session(sp) == s and state(sp)[0] == "ACTIVE", sp.tail())
sp.command("clear", "crypto", "ikev2", "client", "flexvpn", "connect", "HOME")
time.sleep(2)
ok("manual: ended by order, and rests", state(sp)[0] == "IDLE" and not sp.sessions(), sp.tail())
sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME")
becomes(sp, "ACTIVE")
one.command("clear", "crypto", "session")
time.sleep(2)
ok("manual: ended by the gateway, and rests", state(sp)[0] == "IDLE", sp.tail())
one.stop()
two.stop()
reload(sp, branch_conf(client("connect manual", "peer 1 192.0.2.1", "peer 2 192.0.2.2")))
sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME")
ok("manual: one round in vain, and rests", becomes(sp, "IDLE") and "no way" in show(sp)["reason"], str(show(sp)))
one.start()
two.start()

# ---- a dead first peer ----------------------------------------------------------------------------------------
reload(sp, branch_conf(client("peer 1 10.99.1.9", "peer 2 10.99.1.2")))
ok("a dead first peer: it negotiates", becomes(sp, "NEGOTIATING", "10.99.1.9", seconds=3), str(show(sp)))
ok("a dead first peer: then the second", becomes(sp, "ACTIVE", "10.99.1.2", seconds=45), sp.tail())

# ---- names -----------------------------------------------------------------------------------------------------
dns.set({"a.hub.example": ["10.99.1.1"], "six.hub.example": ["fd00:99:1::2"], "quiet.hub.example": "silent"})
reload(sp, branch_conf(client("peer 1 fqdn a.hub.example dynamic")))
ok("a name", becomes(sp, "ACTIVE", "10.99.1.1"), sp.tail())
ok("a name: shown", show(sp)["peer_name"] == "a.hub.example" and
   "Peer : 10.99.1.1 a.hub.example" in sp.command("show", "crypto", "ikev2", "client", "flexvpn").stdout, str(show(sp)))
s = session(sp)
sp.kill_main()
ok("a name: main dies, the same session", wait_for(10, sp.answers) and session(sp) == s and state(sp) == ("ACTIVE", "10.99.1.1"), sp.tail())
dns.set({"a.hub.example": ["10.99.1.2"], "six.hub.example": ["fd00:99:1::2"], "quiet.hub.example": "silent"})
time.sleep(1.1)
one.stop()
ok("a name that moved: found again", becomes(sp, "ACTIVE", "10.99.1.2", seconds=30), sp.tail())
one.start()
reload(sp, branch_conf(client("peer 1 fqdn six.hub.example ipv6")))
ok("a name over IPv6", becomes(sp, "ACTIVE", "fd00:99:1::2"), sp.tail())
reload(sp, branch_conf(client("peer 1 fqdn nowhere.example", "peer 2 10.99.1.2")))
ok("a name that is not: the next peer", becomes(sp, "ACTIVE", "10.99.1.2"), sp.tail())
ok("a name that is not: said", "the name nowhere.example cannot be resolved" in sp.log_text())
reload(sp, branch_conf(client("peer 1 fqdn quiet.hub.example", "peer 2 10.99.1.1")))
ok("no answer: it waits for it", becomes(sp, "RESOLVING", seconds=3), str(show(sp)))
ok("no answer: show does not wait", sp.command("show", "version", timeout=2).returncode == 0)
ok("no answer: the next peer", becomes(sp, "ACTIVE", "10.99.1.1", seconds=25), sp.tail())
dns.set({"a.hub.example": ["10.99.1.9", "10.99.1.2"]})
reload(sp, branch_conf(client("peer 1 fqdn a.hub.example")))
ok("a name with two addresses: the second where the first is dead", becomes(sp, "ACTIVE", "10.99.1.2", seconds=45), sp.tail())
dns.set({"a.hub.example": ["10.99.1.1"]})
time.sleep(1.1)
reload(sp, branch_conf("""interface Tunnel5
 ip address negotiated
 tunnel mode ipsec ipv4
 tunnel destination a.hub.example
 tunnel protection ipsec profile HUB
"""))
ok("a name as tunnel destination", wait_for(10, lambda: [x for x in sp.sessions() if x["peer"]["address"] == "10.99.1.1"]), sp.tail())

# ---- backup groups ------------------------------------------------------------------------------------------------
reload(sp, branch_conf(client(*BOTH, "backup group 1"), client(*BOTH, "backup group 1", n=2, name="OTHER")))
ok("a backup group: different peers", wait_for(20, lambda: [state(sp)[0], state(sp, "OTHER")[0]] == ["ACTIVE"] * 2 and
   sorted([state(sp)[1], state(sp, "OTHER")[1]]) == ["10.99.1.1", "10.99.1.2"]), "%s %s" % (show(sp), show(sp, "OTHER")))
ok("a backup group: shown", show(sp)["backup_group"] == "1")
two.stop()
ok("a backup group: one peer left, one client", wait_for(20, lambda: sorted([state(sp)[0], state(sp, "OTHER")[0]])[0] == "ACTIVE" and
   any("same backup group" in show(sp, n)["reason"] for n in ("HOME", "OTHER"))), "%s %s" % (show(sp), show(sp, "OTHER")))
two.start()
ok("two clients: the other finds its peer", wait_for(75, lambda: [state(sp)[0], state(sp, "OTHER")[0]] == ["ACTIVE"] * 2), sp.tail())
ok("clean stop", sp.stop() == 0, sp.tail())
ok("the gateways know", wait_for(5, lambda: not one.sessions() and not two.sessions()))
ok("the gateways stop", one.stop() == 0 and two.stop() == 0)
done()
