#!/usr/bin/env python3
# long: 20
"""EAP by a real FreeRADIUS: a strongSwan client with each of its methods, with and without query-identity; what the server is told and what it
decides; two servers of which one is dead; a wrong secret; keys that only the server has."""
import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from swan_lib import Swan

PASSWORD = "anna's password"
SECRET = "radius-secret"
CONF = """
hostname gw
aaa new-model
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key %(secret)s
 timeout 1
 retransmit 1
radius server DEAD
 address ipv4 10.99.2.3 auth-port 1812 acct-port 1813
 key nobody
 timeout 1
 retransmit 1
aaa group server radius RAD
 server name R1
aaa group server radius TWO
 server name DEAD
 server name R1
 deadtime 1
aaa group server radius NONE
 server name DEAD
aaa authentication login RAD group RAD
aaa authentication login TWO group TWO
aaa authentication login NEXT group NONE group RAD
aaa authentication login NONE group NONE
aaa authorization network LOCAL local
aaa authorization network RAD group RAD
ip local pool RA 10.100.0.10 10.100.3.250
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 profile QUERY
 match identity remote email domain query.test
 identity local fqdn gw.example.test
 authentication remote eap query-identity
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authentication eap %(list)s
 aaa authorization group eap list LOCAL RA
 virtual-template 1
crypto ikev2 profile PLAIN
 match identity remote email domain plain.test
 match identity remote address 10.99.1.0 255.255.255.0
 identity local fqdn gw.example.test
 authentication remote eap
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authentication eap %(list)s
 aaa authorization group eap list LOCAL RA
 virtual-template 1
crypto ikev2 profile KEYS
 match identity remote fqdn domain keys.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring aaa RAD password %(lookup)s
 aaa authorization group psk list LOCAL RA
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
gw = root.leaf("gw", kind="rsa", san=["dns:gw.example.test"], eku=["server"])
anna = root.leaf("anna", kind="p256", san=["email:anna@plain.test", "email:anna@query.test"], eku=["client"])
NAMES = ("anna@query.test", "anna@plain.test", "anna")
users = {n: PASSWORD for n in NAMES}
users["named"] = (PASSWORD, "User-Name := \"carl\"")
users["refused"] = ("another", "Reply-Message = \"not today\"")
users["branch.keys.test"] = ("look-up", "Tunnel-Password:0 = \"a key of both\"")
users["spoke.keys.test"] = ("look-up", "Cisco-AVPair = \"ipsec:ikev2-password-local=ours\", Cisco-AVPair += \"ipsec:ikev2-password-remote=theirs\"")
radius = FreeRadius(t.lan, users, gw, root, address="10.99.2.2", clients="10.99.2.0/24", secret=SECRET, first="mschapv2").start()


def conf(**changes):
    return CONF % dict(dict(ca=root.cert_file, cert=gw.chain_file, key=gw.key_file, secret=SECRET, list="RAD", lookup="look-up"), **changes)


def connection(name, local, remote="auth = pubkey\n id = gw.example.test", secrets=""):
    return """ %s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = 10.99.1.1
  vips = 0.0.0.0
  encap = yes
  keyingtries = 1
  %s
  remote { %s }
  children { net { remote_ts = 10.99.2.0/24
                   esp_proposals = aes128gcm16 } } }
""" % (name, local, remote)


def eap(method, domain, user=None, cert=None):
    name = "anna@%s.test" % domain
    more = "\n certs = %s" % cert.chain_file if cert else ""
    return "local { auth = eap-%s\n id = %s%s%s }" % (method, name, "\n eap_id = " + user if user else "", more)


names = {}
for domain in ("query", "plain"):
    for method in ("mschapv2", "md5", "gtc", "ttls", "tls"):
        names["%s-%s" % (method, domain)] = eap(method, domain, cert=anna if method == "tls" else None)
names["named"] = eap("mschapv2", "query", user="named")
names["refused"] = eap("md5", "query", user="refused")
names["nobody"] = eap("md5", "query", user="nobody")
names["by-address"] = "local { auth = eap-mschapv2\n id = 10.99.1.11 }"
conns = {n: connection(n, local) for n, local in names.items()}
for n, more in (("branch", "branch.keys.test"), ("spoke", "spoke.keys.test"), ("stranger", "stranger.keys.test")):
    conns[n] = connection(n, "local { auth = psk\n id = %s }" % more, "auth = psk\n id = gw.example.test")
secrets = "eap-1 { %s\n secret = \"%s\" }\n" % ("\n ".join("id-%d = %s" % (k, n) for k, n in enumerate(
    [*NAMES, "named", "refused", "nobody", "10.99.1.11"])), PASSWORD)
secrets += "ike-b { id-1 = branch.keys.test\n secret = \"a key of both\" }\n"
secrets += "ike-c { id-1 = stranger.keys.test\n secret = \"a key of both\" }\n"
sp = Sallyport(t.gw, conf()).start()
swan = Swan(t.client(1), "".join(conns.values()), secrets, cas=[root], keys=[anna], retransmits=5, timeout="1.0", plugins="").start()


def up(name):
    r = swan.ctl("--initiate", "--ike", name, "--child", "net", "--timeout", 25, check=False)
    swan.last = r.stdout
    return r.returncode == 0


def sentences():
    return "\n".join(r for (r,) in sp.sql("select sentence from v_failures order by id"))


def servers():
    return {s["name"]: s for s in sp.show("aaa", "servers")["servers"]}


for name in [n for n in names if n.endswith("query") or n.endswith("plain")]:
    before = len(radius.records("auth"))
    if not ok(name, up(name), swan.last[-900:] + sp.tail(3) + radius.log_text()[-400:]):
        continue
    told = radius.records("auth")[before:]
    user = "anna@%s.test" % name.split("-")[1]
    first = told[0]
    ok("... the server is told who, from where, what for", first["User-Name"] == [user] and first["Calling-Station-Id"] == ["10.99.1.11"] and
       first["Service-Type"] == ["Login-User"] and first["NAS-Identifier"] == ["gw"] and first["NAS-IP-Address"] == ["10.99.2.1"] and
       first["NAS-Port-Type"] == ["Virtual"] and "Message-Authenticator" in first, str(first))
    ok("... is shown as EAP", sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"][-1].get("auth_verify") == "EAP")
    ok("... carries packets", swan.host.ping("10.99.2.2", count=1) == 1)
    ok("... and is deleted", swan.down(name))

ok("the server's name for the user counts", up("named") and wait_for(3, lambda: sp.sql("select username from v_active") == [("carl",)]),
   str(sp.sql("select username from v_active")) + sp.tail(4))
swan.down("named")
for name, words in (("refused", "not today"), ("nobody", "refused nobody"), ("by-address", "names no user")):
    ok("%s is refused" % name, not up(name), sp.tail(3))
    ok("... in words", wait_for(3, lambda: words in sentences()), sentences()[-600:])
s = servers()["R1"]
ok("servers are shown", s["authentication"]["accepts"] >= 11 and s["authentication"]["rejects"] == 2 and
   s["authentication"]["bad_authenticators"] == 0 and not s["dead"], str(s))
ok("in words, too", "RADIUS: id" in sp.command("show", "aaa", "servers").stdout)

# ---- keys that only the server has ----------------------------------------------------------------------
before = len(radius.records("auth"))
ok("a key of RADIUS", up("branch"), swan.last[-500:] + sp.tail(4))
told = radius.records("auth")[before:]
ok("... asked by the identity", told and told[0]["User-Name"] == ["branch.keys.test"] and told[0]["Calling-Station-Id"] == ["10.99.1.11"] and
   "User-Password" in told[0], str(told))
ok("... works", swan.host.ping("10.99.2.2", count=1) == 1)
swan.down("branch")
ok("nobody's identity has no key", not up("stranger") and wait_for(3, lambda: "refused" in sentences()), sentences()[-300:])

# ---- servers that do not answer ---------------------------------------------------------------------------
sp.configure(conf(list="TWO"))
sp.reload()
ok("the second server of a group", up("mschapv2-query"), swan.last[-600:] + sp.tail(4))
swan.down("mschapv2-query")
ok("the first one is dead", servers()["DEAD"]["dead"] and wait_for(3, lambda: "radius_dead" in sp.log_text()), str(servers()))
begin = time.monotonic()
ok("nobody waits for it again", up("mschapv2-query") and time.monotonic() - begin < 2.5, "%.1f s" % (time.monotonic() - begin))
swan.down("mschapv2-query")
sp.configure(conf(list="NEXT"))
sp.reload()
ok("the next group of a list", up("mschapv2-plain"), swan.last[-600:] + sp.tail(4))
swan.down("mschapv2-plain")
sp.configure(conf(list="NONE"))
sp.reload()
ok("no server at all: refused", not up("mschapv2-plain") and wait_for(3, lambda: "no RADIUS server answered" in sentences()), sentences()[-300:])
sp.configure(conf(list="NOWHERE"))
sp.reload()
ok("a list that is not there lets nobody in", not up("mschapv2-plain") and wait_for(3, lambda: "NOWHERE names neither" in sentences()),
   sentences()[-300:])
sp.configure(conf(secret="another"))
sp.reload()
ok("another secret: nothing is believed", not up("mschapv2-plain"), sp.tail(3))
ok("... and the server says nothing to us", servers()["R1"]["authentication"]["timeouts"] > 0, str(servers()["R1"]))
sp.configure(conf(lookup="wrong"))
sp.reload()
ok("another password for look-ups: no key", not up("branch"), sp.tail(3))
ok("no secret is in the log", not any(w in sp.log_text() for w in (SECRET, "look-up", "a key of both", PASSWORD)))
swan.stop()
radius.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
