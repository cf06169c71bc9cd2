#!/usr/bin/env python3
# long: 60 s
"""Clients as they are known to behave (tests/peer/clients.py): with pre-shared keys each logs in with its proposals, gets its address, has
traffic, rekeys both SAs in its way, and goes; what it sends twice is answered once. Then as people use them: with EAP and certificates, and
what each of them needs or does wrong has a check of that name."""
import base64
import hmac
import struct
import subprocess

import pki_lib
from lib import *
from peer_lib import socket_in

from clients import CLIENTS, client  # noqa: E402
from eap_peer import Eap  # noqa: E402
from ike_auth import Cert  # noqa: E402
from ike_initiator import Initiator, Psk, Refused, Silent, NotProven  # noqa: E402
from ike_wire import *  # noqa: E402

GW, TARGET, OWN = "10.99.1.1", "10.99.2.2", "10.99.1.11"
OLD = """
crypto ikev2 proposal OLD
 encryption aes-gcm-256 aes-gcm-128
 prf sha512 sha384 sha256 sha1
 group 2 14 19 31
crypto ikev2 proposal OLDER
 encryption aes-cbc-256 aes-cbc-128
 integrity sha512 sha384 sha256 sha1
 prf sha512 sha384 sha256 sha1
 group 2 14 19 31
crypto ikev2 policy OLD
 match fvrf any
 proposal OLD
 proposal OLDER
crypto ipsec transform-set A esp-gcm 256 esp-gcm
crypto ipsec transform-set B esp-aes 256 esp-aes esp-sha256-hmac esp-sha-hmac
crypto ipsec profile default
 set transform-set A B
"""
CONFIG = CONF.replace(" peer ALL\n", " peer ADDRESSES\n  identity address %s\n  pre-shared-key %s\n peer ALL\n" % (OWN, PSK))
CONFIG = CONFIG.replace(" match identity remote email", " match identity remote address 10.99.1.0 255.255.255.0\n match identity remote email") + OLD

t = Topology()
host = t.client(1)
sp = Sallyport(t.gw, CONFIG).start()


def behaves(name, dh):
    p = client(name, socket_in(host), GW, identity="anna@psk.test", auth=[Psk(PSK)], remote=Psk(PSK), dialled="gw.example.test", own=OWN, dh=dh,
               faults=["repeat"])
    steps = []

    def step(word, result):
        if result:
            steps.append(word)
    try:
        p.login()
        step("address", p.address)
        step("ping", p.ping(TARGET))
        step("rekey", "SA" in p.rekey_child() and p.ping(TARGET))
        p.rekey_ike()
        step("rekey of both", p.dpd() == [] and "SA" in p.rekey_child() and p.ping(TARGET))
        step("logout", p.logout() == [])
    except (Refused, Silent, NotProven, AssertionError) as e:
        steps.append("%s: %r" % (type(e).__name__, e))
    ok("%s %s" % (name, dh), steps == ["address", "ping", "rekey", "rekey of both", "logout"], "%s %s" % (steps, p.trace[-3:]))
    return p


for name in CLIENTS:
    for dh in ("default", "registry", "strong") if name == "windows11" else ("default",):
        p = behaves(name, dh)
        if name == "android":
            ok("by way of INVALID_KE_PAYLOAD", ["N17"] in [t[3] for t in p.trace])
        if name == "ios":
            ok("its KE is taken", any(t[0] == "<-" and "KE" in t[3] and t[2] for t in p.trace))
ok("nobody is left", wait_for(3, lambda: not sp.sessions()), sp.sessions())
ok("clean stop", sp.stop() == 0)

# ---- as people use them ------------------------------------------------------------------------------

PASSWORD = "anna's password"
LAN = """
hostname gw
aaa new-model
aaa authentication login LOCAL local
aaa authorization network LOCAL local
username anna password 0 %(password)s
no aaa local authentication attempts max-fail
ip local pool RA 10.100.0.10 10.100.3.250
ipv6 local pool RA6 fd00:100::/112 128
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 ipv6 pool RA6
 dns 10.99.2.53
 split-dns corp.test
 split-dns lab.test
 %(routes)s
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 sallyport require-eku
 revocation-check none
crypto pki certificate map MACHINES 10
 subject-name co ou=machines
crypto ikev2 profile RA
 match identity remote address 10.99.1.0 255.255.255.0
 match identity remote email domain corp.test
 match identity remote fqdn domain corp.test
 match identity remote address fd00:99:1::/64
 match certificate MACHINES
 identity local fqdn gw.example.test
 authentication remote eap %(eap)s
 authentication remote rsa-sig
 authentication remote ecdsa-sig
 authentication local rsa-sig
 sallyport eap methods gtc mschapv2 tls ttls peap
 pki trustpoint HQ
 aaa authentication eap LOCAL
 aaa authorization group eap list LOCAL RA
 aaa authorization group cert list LOCAL RA
 dpd 10 2 periodic
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
root = pki_lib.Authority("Test Root", kind="rsa")
sub = root.authority("Test Issuing CA")
gateway = sub.leaf("gw", kind="rsa", san=["dns:gw.example.test", "ip:10.99.1.1", "dns:10.99.1.1"], eku=["server", "ike"])


def conf(old=True, **more):
    return LAN % dict(dict(password=PASSWORD, ca=root.cert_file, cert=gateway.chain_file, key=gateway.key_file, eap="query-identity timeout 10",
                           routes="route set access-list LAN"), **more) + (OLD if old else "")


sp = Sallyport(t.gw, conf(), name="people").start()
seen = 0


def failures():
    """[(status, sentence)] since this was asked last."""
    global seen
    rows = sp.sql("select id, status, sentence from failures where id > %d order by id" % seen)
    seen = rows[-1][0] if rows else seen
    return [(s, text) for _, s, text in rows]


def like(name, user="anna", password=PASSWORD, **more):
    return client(name, socket_in(host), GW, **dict(dict(user=user, password=password, trust=[root.der], dialled="gw.example.test", own=OWN, tries=3), **more))


def comes_in(name, p, stay=False):
    """It logs in, has traffic, rekeys a child and the IKE SA in its way."""
    try:
        p.login()
        good = p.address is not None and p.ping(TARGET) and "SA" in p.rekey_child() and p.ping(TARGET)
        kept = p.address
        p.rekey_ike()
        good = good and p.dpd() == [] and "SA" in p.rekey_child() and p.ping(TARGET) and p.address == kept
        why = ""
        if not stay:
            p.logout()
    except (Refused, Silent, NotProven, AssertionError) as e:
        good, why = False, "%s: %r" % (type(e).__name__, e)
    ok(name, good, "%s %s %s" % (why, p.trace[-3:], failures()))
    return p


def is_refused(name, p, token, words):
    try:
        p.login()
        why = "LET IN"
    except (Refused, Silent, NotProven) as e:
        why = ""
    found = []

    def said_so():
        found.extend(failures())
        return any(s == token and words in text for s, text in found)
    ok(name, not why and wait_for(3, said_so), "%s %s %s" % (why, found, p.trace[-3:]))


# Windows: 5.1
for dh in ("default", "registry", "strong"):
    p = comes_in("windows 11, EAP-MSCHAPv2, %s" % dh, like("windows11", "CORP\\anna", dh=dh), stay=dh == "strong")
    ok("... is asked for its name", p.eap and p.eap.was_asked_identity)
    ok("... which goes without its domain", wait_for(3, lambda: sp.sql("select distinct username from sessions") == [("anna",)]),
       sp.sql("select username from sessions"))
    ok("... is shown the certificate although it names forty other authorities", len(p.certs_seen) == 2)
ok("... its class is known by its vendor ID", "windows" in sp.command("show", "crypto", "ikev2", "sa", "detailed").stdout.lower(),
   sp.command("show", "crypto", "ikev2", "sa", "detailed").stdout[-600:])
sp.command("rekey", "crypto", "ipsec", "sa")
heard = p.listen(2)
ok("... behind a NAT, its child is left to it", not any(x == CREATE_CHILD_SA for x, _ in heard), heard)
sp.command("rekey", "crypto", "ikev2", "sa")
heard = [payloads for x, payloads in p.listen(3) if x == CREATE_CHILD_SA]
groups = [[n for kind, n, *_ in parse_proposals(first(b, SA))[0][3] if kind == 4] for b in heard]
ok("... is offered the group that it has first", groups and groups[0][0] == 14 and struct.unpack("!H", first(heard[0], KE)[:2])[0] == 14, groups)
sp.command("clear", "crypto", "session", check=False)
p.listen(1)
comes_in("windows 7, EAP-MSCHAPv2", like("windows7", "CORP\\anna"))
comes_in("windows, an address dialled: it wants it as a dNSName", like("windows11", "anna", dialled="10.99.1.1"))
machine = sub.leaf("CN=pc1,OU=machines", kind="rsa", san=["dns:pc1.corp.test"], eku=["client"], file="pc1")
comes_in("windows 11, machine certificate", like("windows11", auth=[Cert(machine)], identity_i="dn:" + machine.subject_der.hex()))
for size in (500, 40):
    p = like("windows11", auth=[Cert(machine)], identity_i="dn:" + machine.subject_der.hex())
    p.fragment_size = size
    comes_in("windows 11, machine certificate in fragments of %d octets" % size, p)
is_refused("windows 11, a user's certificate with the name of a machine", like("windows11", auth=[Cert(
    sub.leaf("CN=mallory,OU=machines", kind="rsa", san=["dns:mallory.corp.test"], eku=["client"], file="mallory"))],
    identity_i="dn:" + machine.subject_der.hex()), "certificate_identity", "")
is_refused("windows 11, a machine certificate without clientAuth", like("windows11", auth=[Cert(
    sub.leaf("CN=pc2,OU=machines", kind="rsa", eku=["server"], file="pc2"))], identity_i="dn:" + pki_lib.make_name("CN=pc2,OU=machines").public_bytes().hex()),
    "certificate_purpose", "")
is_refused("windows 11, a wrong password", like("windows11", "CORP\\anna", "no"), "wrong_password", "")

# Apple: 5.2
for name in ("ios", "macos"):
    p = comes_in("%s, EAP-MSCHAPv2" % name, like(name, identity="anna@corp.test"))
    ok("... is shown the certificate although it asks for none", len(p.certs_seen) == 2)
    ok("... has one attribute for each DNS domain", name == "ios" and p.values("domain") == [b"corp.test", b"lab.test"] or name == "macos", p.attributes)
apple = sub.leaf("anna-apple", kind="rsa", san=["email:anna@corp.test"], eku=["client"])
comes_in("ios, certificate", like("ios", identity="anna@corp.test", auth=[Cert(apple)]))
for version in ("1.2", "1.3"):
    tls = dict(trust=root.cert_file, cert=apple.chain_file, key=apple.key_file, version=version, server_name="gw.example.test")
    comes_in("macos, EAP-TLS %s" % version, like("macos", identity="anna@corp.test", auth=[Eap("anna@corp.test", methods=["tls"], tls=tls)]))
p = like("ios", identity="anna@corp.test", remote_id="vpn.elsewhere.test")
try:
    p.login()
    why = "in"
except NotProven as e:
    why = str(e)
ok("ios, IDr of another name: it is told ours, and decides", "another identity" in why and p.idr[4:] == b"gw.example.test", why)
failures()
p = like("ios", identity="anna@corp.test")
p.login()
heard = p.listen(12)
ok("ios, DPD is empty", heard and all(x == INFORMATIONAL and payloads == [] for x, payloads in heard), heard)
q = like("ios", identity="anna@corp.test", auth_notifies=[])
q.login()
ok("ios, its new SA after eight minutes: the old one lives until it is deleted", q.ping(TARGET) and p.dpd() == [] and p.ping(TARGET))
p.logout()
ok("... and the new one after that", q.ping(TARGET))
q.logout()

# Android: 5.3
p = comes_in("android, EAP-MSCHAPv2, an empty EAP identity", like("android", identity="anna@corp.test", auth=[Eap("anna", PASSWORD, ["mschapv2"], identity="")]))
ok("... by way of INVALID_KE_PAYLOAD", ["N17"] in [x[3] for x in p.trace])
ok("... IPv4 and IPv6", p.address and p.address6, p.attributes)
for scheme in ("rsa-sha256", "rsa-sha512", "pss-sha256"):
    comes_in("android, certificate, %s" % scheme, like("android", identity="anna@corp.test", auth=[Cert(apple, scheme=scheme)]))
p = like("android", identity="anna@corp.test", password="no")
is_refused("android, a wrong password", p, "wrong_password", "")
try:
    p.tries, p.seconds = 1, 0.5
    p.logout()
except (Silent, Refused):
    pass
ok("android, its delete after the refusal hurts nobody", sp.answers() and wait_for(15, lambda: not sp.sessions()), sp.sessions())
failures()
for ipv6 in (False, True):
    address, word = ("fd00:99:1::1", "IPv6") if ipv6 else (GW, "IPv4")
    for what, auth in (("EAP", None), ("certificate", [Cert(apple)]),
                       ("EAP-TLS", [Eap("anna@corp.test", methods=["tls"], tls=dict(trust=root.cert_file, cert=apple.chain_file, key=apple.key_file))])):
        p = client("strongswan-app", socket_in(host, ipv6=ipv6), address, user="anna", password=PASSWORD, trust=[root.der], dialled="gw.example.test",
                   own=OWN, identity="anna@corp.test", auth=auth)
        comes_in("strongSwan app, %s, %s, no IDr, always in UDP" % (what, word), p)

# others: 5.4
comes_in("mikrotik, EAP, a configuration payload in its rekeying", like("mikrotik", identity="anna@corp.test"))
comes_in("mikrotik, certificate", like("mikrotik", identity="anna@corp.test", auth=[Cert(apple)]))
comes_in("one that begins on port 4500", Initiator(socket_in(host), GW, "anna@corp.test", [Eap("anna", PASSWORD)], trust=[root.der]))
comes_in("forticlient, EAP-MSCHAPv2", like("forticlient"))
is_refused("forticlient 7.4.4, a signature without its algorithm", like("forticlient", auth=[Cert(apple, scheme="rsa-sha256")], identity_i="anna@corp.test",
                                                                         faults=["algorithm-lie:missing"]), "signature_algorithm", "RFC 7427")


def tool(*words, stdin=""):
    return subprocess.run(["ip", "netns", "exec", t.gw.ns, BIN, "user", *words, "--socket", sp.socket, "--state", sp.state], input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


tool("add", "fred", stdin="fred's password\n")
secret = tool("totp", "fred").split()[1]


def code(skew=0):
    """RFC 6238, six digits, half a minute."""
    mac = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), struct.pack("!Q", int(time.time()) // 30 + skew), "sha1").digest()
    return "%06d" % ((struct.unpack("!I", mac[mac[19] & 15:][:4])[0] & 0x7FFFFFFF) % 1000000)


is_refused("forticlient, a wrong code", like("forticlient", "fred", "fred's password", token="000000"), "wrong_code", "")
is_refused("forticlient, a wrong password is not asked for a code", like("forticlient", "fred", "no", token=code()), "wrong_password", "")
is_refused("forticlient, a code and AUTH of an MSK of zeros", like("forticlient", "fred", "fred's password", token=code(-1), faults=["auth-from-msk"]), "auth_failed",
           "after EAP is wrong")
used = code()
p = comes_in("forticlient, password and code", like("forticlient", "fred", "fred's password", token=used))
ok("... AUTH is of SK_pi", p.msk is None)
is_refused("forticlient, the same code again", like("forticlient", "fred", "fred's password", token=used), "wrong_code", "")
tls = dict(trust=root.cert_file, version="1.2", server_name="gw.example.test")
for method in ("ttls", "peap"):
    p = like("forticlient", auth=[Eap("fred", "fred's password", [method], inner="mschapv2", tls=tls)])
    is_refused("its notify is no way around the code inside %s" % method, p, "wrong_code", "")
is_refused("others with a second factor are told to use GTC", like("ios", "fred", "fred's password", identity="anna@corp.test"), "wrong_code", "MSCHAPv2 has no place")

# what a configuration does not allow, is explained
sp.configure(conf(eap="timeout 10"))
sp.reload()
is_refused("windows without query-identity", like("windows11", "anna"), "config", "query-identity")
sp.configure(conf(old=False))
sp.reload()
is_refused("windows as it comes", like("windows11", "anna"), "no_proposal", "`group 2`")
ok("nobody is left", wait_for(15, lambda: not sp.sessions() and not sp.counters()["half_open"]), sp.sessions())
ok("clean stop", sp.stop() == 0, sp.tail(3))
done()
