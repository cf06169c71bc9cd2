#!/usr/bin/env python3
# long: 60
"""`group RAD local` as the list of EAP users: a real FreeRADIUS answers while it lives; when it is dead the built-in server goes on with local
users, with and without query-identity, and the log says so; a refusal and a method that has begun never go elsewhere."""
import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from swan_lib import Swan

PASSWORD = "anna's password"
SECRET = "radius-secret"
CONF = """
hostname gw
aaa new-model
username anna@query.test password 0 %(password)s
username anna@plain.test password 0 %(password)s
username here@query.test password 0 %(password)s
username wrong@query.test password 0 another
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key %(secret)s
 timeout 1
 retransmit 1
 automate-tester probe-on
radius server HALF
 address ipv4 10.99.2.2 auth-port 1912 acct-port 1913
 key %(secret)s
 timeout 1
 retransmit 0
aaa group server radius RAD
 server name R1
 deadtime 1
aaa group server radius HALF
 server name HALF
 deadtime 1
aaa authentication login FALL group RAD local
aaa authentication login HALF group HALF local
aaa authorization network LOCAL local
ip local pool RA 10.100.0.10 10.100.3.250
crypto ikev2 authorization policy RA
 pool RA
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
 aaa authorization user eap cached
 sallyport eap methods mschapv2 md5 ttls
 virtual-template 1
crypto ikev2 profile PLAIN
 match identity remote email domain plain.test
 identity local fqdn gw.example.test
 authentication remote eap
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authentication eap %(list)s
 aaa authorization group eap list LOCAL RA
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
# A server that begins EAP-MD5 and is never heard of again.
HALF = r"""
import hashlib, hmac, os, socket, struct, sys
secret = sys.argv[1].encode()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.99.2.2", 1912))
print("ready", flush=True)
while True:
    q, peer = s.recvfrom(4096)
    at, eap, has_state = 20, b"", False
    while at + 2 <= len(q):
        kind, size = q[at], q[at + 1]
        eap += q[at + 2:at + size] if kind == 79 else b""
        has_state |= kind == 24
        at += size
    print("state" if has_state else "begin", flush=True)
    if has_state or not eap:
        continue
    request = bytes([1, eap[1] + 1 & 255]) + struct.pack("!H", 22) + bytes([4, 16]) + os.urandom(16)
    attrs = bytes([79, 2 + len(request)]) + request + bytes([24, 6]) + b"half" + bytes([80, 18])
    head = struct.pack("!BBH", 11, q[1], 20 + len(attrs) + 16)
    attrs += hmac.new(secret, head + q[4:20] + attrs + bytes(16), hashlib.md5).digest()
    s.sendto(head + hashlib.md5(head + q[4:20] + attrs + secret).digest() + attrs, peer)
"""

t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
gw = root.leaf("gw", kind="rsa", san=["dns:gw.example.test"], eku=["server"])
users = {n: PASSWORD for n in ("anna@query.test", "anna@plain.test")}
radius = FreeRadius(t.lan, users, gw, root, address="10.99.2.2", clients="10.99.2.0/24", secret=SECRET, first="mschapv2").start()


def conf(list="FALL"):
    return CONF % dict(ca=root.cert_file, cert=gw.chain_file, key=gw.key_file, secret=SECRET, password=PASSWORD, list=list)


def connection(name, method, user):
    return """ %s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = 10.99.1.1
  vips = 0.0.0.0
  encap = yes
  keyingtries = 1
  local { auth = eap-%s
          id = %s }
  remote { auth = pubkey
           id = gw.example.test }
  children { net { remote_ts = 10.99.2.0/24
                   esp_proposals = aes128gcm16 } } }
""" % (name, method, user)


conns = "".join(connection(name, method, user) for name, method, user in (
    ("query", "mschapv2", "anna@query.test"), ("plain", "mschapv2", "anna@plain.test"), ("ttls", "ttls", "anna@query.test"),
    ("md5", "md5", "anna@query.test"), ("here", "md5", "here@query.test"), ("wrong", "md5", "wrong@query.test")))
secrets = "eap-1 { %s\n secret = \"%s\" }\n" % ("\n ".join("id-%d = %s" % (k, n) for k, n in enumerate(
    [*users, "here@query.test", "wrong@query.test"])), PASSWORD)
sp = Sallyport(t.gw, conf()).start()
swan = Swan(t.client(1), conns, secrets, cas=[root], retransmits=5, timeout="2.0", plugins="").start()


def up(name):
    r = swan.ctl("--initiate", "--ike", name, "--child", "net", "--timeout", 30, check=False)
    swan.last = r.stdout
    return r.returncode == 0


def sentences():
    return "\n".join(r for (r,) in sp.sql("select sentence from v_failures order by id"))


def falls():
    return [line for line in sp.log_text().splitlines() if "aaa_fallback" in line]


# ---- while it lives ------------------------------------------------------------------------------------------
for name in ("query", "plain"):
    ok("%s by RADIUS" % name, up(name), swan.last[-600:] + sp.tail(4))
    swan.down(name)
asked = len(radius.records("auth"))
ok("whom the server does not know is refused, though we do", not up("here") and wait_for(3, lambda: "refused here@query.test" in sentences()),
   sentences()[-300:])
ok("... and the server was asked", len(radius.records("auth")) > asked)
ok("nobody fell back", not falls(), str(falls()))

# ---- when it is dead -------------------------------------------------------------------------------------------
radius.stop()
ok("query: the first one waits, and is in", up("query"), swan.last[-600:] + sp.tail(6))
ok("... the log says by which way", len(falls()) == 1 and all(w in falls()[0] for w in (
    "user=anna@query.test", "list=FALL", "silent=RAD", "next=local", "radius_timeout")), str(falls()))
ok("... it carries packets", swan.host.ping("10.99.2.2", count=1) == 1)
ok("... its name is the one that was proven", sp.sql("select username from v_active") == [("anna@query.test",)], str(sp.sql("select username from v_active")))
swan.down("query")
ok("the server is dead", wait_for(5, lambda: "radius_dead" in sp.log_text()), sp.tail(5))
for name in ("plain", "ttls", "md5", "here"):
    begin = time.monotonic()
    ok("%s by local users" % name, up(name), swan.last[-600:] + sp.tail(6))
    ok("... without waiting for the dead", time.monotonic() - begin < 1.9, "%.1f s" % (time.monotonic() - begin))
    swan.down(name)
ok("each is in the log", len(falls()) == 5, str(len(falls())))
ok("a wrong password is refused", not up("wrong"), sp.tail(3))
ok("no conversation is left", wait_for(10, lambda: sp.counters()["eap_conversations"] == 0), str(sp.counters()["eap_conversations"]))

# Debian 12's server signs no answer to Status-Server, so that it is believed without.
# ---- back ----------------------------------------------------------------------------------------------------------
asked, fell = len(radius.records("auth")), len(falls())
radius.start()
ok("the server is found alive by asking it", wait_for(40, lambda: "radius_alive" in sp.log_text()), sp.tail(3) + radius.log_text()[-600:] + str(sp.show("aaa", "servers")))
ok("query by RADIUS again", up("query") and len(radius.records("auth")) > asked and len(falls()) == fell, sp.tail(5))
swan.down("query")

# ---- a server that dies in the middle ------------------------------------------------------------------------------
sp.configure(conf(list="HALF"))
sp.reload()
half_log = os.path.join(WORK, "half")
half = spawn(t.lan.ns, sys.executable, "-c", HALF, SECRET, log=half_log)
wait_for(5, lambda: "ready" in open(half_log).read())
fell = len(falls())
ok("a method that has begun goes nowhere else", not up("md5"), swan.last[-400:] + sp.tail(5))
ok("... it had begun", "begin" in open(half_log).read() and "state" in open(half_log).read(), open(half_log).read())
ok("... and the log says why", wait_for(5, lambda: "no RADIUS server answered" in sentences()) and len(falls()) == fell, sentences()[-300:] + str(falls()[fell:]))
stop_process(half)
ok("the next login begins by local users", up("md5") and len(falls()) == fell + 1, swan.last[-400:] + sp.tail(5))
swan.down("md5")
ok("no secret is in the log", not any(w in sp.log_text() for w in (SECRET, PASSWORD)))
swan.stop()
radius.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
