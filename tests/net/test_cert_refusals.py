#!/usr/bin/env python3
"""Certificates that must not get in, each with its reason in words, for a strongSwan client and for the independent one; which profile a
certificate map chooses; our own certificates at a reload and before they end; what `show crypto pki` says of it all."""
import pki_lib
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from lib import *
from peer_lib import socket_in
from swan_lib import Swan

from ike_auth import X509, Cert
from ike_initiator import Initiator, Refused
from ike_wire import identity

HEAD = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
sallyport half-open per-source 1000
ip local pool RA 10.100.0.10 10.100.3.250
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
POINT = """
crypto pki trustpoint %(name)s
 sallyport ca-certificate %(ca)s
 revocation-check none
 %(more)s
"""
PROFILE = """
crypto ikev2 profile %(name)s
 %(match)s
 identity local %(local)s
 authentication remote rsa-sig
 authentication remote ecdsa-sig
 authentication local ecdsa-sig
 pki trustpoint OWN sign
 pki trustpoint %(point)s verify
 aaa authorization group cert list LOCAL RA
 virtual-template 1
"""
MAPS = """
crypto pki certificate map FIELD 10
 subject-name co ou=field
crypto pki certificate map OFFICE 10
 subject-name nc ou = field
 subject-name ne cn=nobody, o=corp
 alt-subject-name co @map.test
crypto pki certificate map BOSS 10
 subject-name eq cn=boss, ou=field, o=corp
crypto pki certificate map CHEF 10
 serial-number eq 4711
crypto pki certificate map CHEF 20
 subject-name eq cn=chef, o=corp
 issuer-name co cn=root
"""

t = Topology()
host = t.client(2)
root = pki_lib.Authority("Root", kind="rsa")
other = pki_lib.Authority("Root", file="other")  # of the same name
sub = root.authority("Sub")
gw = root.leaf("CN=gw, O=Corp", san=["dns:gw.example.test"], eku=["server"])
bound = root.authority("Bound", permit=["email:corp.test", "dns:corp.test", "ip:10.1.0.0/16"],
                       exclude=["email:mallory@corp.test", "dns:bad.corp.test", "ip:10.1.66.0/24"])
bound_dn = root.authority("Bound DN", permit=["dn:O=Corp"], exclude=["dn:O=Corp, OU=Guests"])
flat = root.authority("Flat", path_length=0)
cases = []  # (name, certificate, identity, words of the reason; None: it gets in)


def add(name, ca, words, san=(), id=None, subject=None, leaf=None, **more):
    id = id or name + "@corp.test"
    leaf = leaf or ca.leaf(subject or "O=Corp, CN=%s" % name, file=name, san=list(san) or ["email:" + id], **dict(dict(eku=["client"]), **more))
    cases.append((name, leaf, id, words))
    return leaf


unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0")
add("good", sub, None)
add("no-eku", sub, None, eku=None)
add("any-eku", sub, None, eku=["any"])
add("ike-eku", sub, None, eku=["ipsec"])
add("server-eku", sub, "extended key usage", eku=["server"])
add("ocsp-eku", sub, "extended key usage", eku=["ocsp"])
add("usage", sub, "key usage", usage="none")
add("san", sub, "san@corp.test", san=["email:somebody@corp.test"])
add("san-kind", sub, "san-kind@corp.test", san=["dns:san-kind.corp.test"])
add("san-none", sub, "san-none@corp.test", subject="CN=san-none@corp.test, O=Corp", san=["dns:x.test"])
add("expired", sub, "expired", days=(-10, -1))
add("early", sub, "not valid before", days=(1, 9))
add("untrusted", other, "trust")
add("old-issuer", root.authority("Old", days=(-20, -1)), "expired")
add("critical", sub, "critical", extensions=[(unknown, True)])
add("noncritical", sub, None, extensions=[(unknown, False)])
add("rsa1024", sub, "weak", kind="rsa1024")
add("permitted", bound, None, san=["email:permitted@corp.test", "dns:a.corp.test", "ip:10.1.2.3"])
add("email-out", bound, "name constraints", id="email-out@other.test")
add("email-bad", bound, "name constraints", san=["email:email-bad@corp.test", "email:mallory@corp.test"])
add("dns-out", bound, "name constraints", san=["email:dns-out@corp.test", "dns:a.other.test"])
add("dns-bad", bound, "name constraints", san=["email:dns-bad@corp.test", "dns:x.bad.corp.test"])
add("ip-out", bound, "name constraints", san=["email:ip-out@corp.test", "ip:10.2.0.1"])
add("ip-bad", bound, "name constraints", san=["email:ip-bad@corp.test", "ip:10.1.66.6"])
add("dn-in", bound_dn, None)
add("dn-out", bound_dn, "name constraints", subject="O=Else, CN=dn-out")
add("dn-bad", bound_dn, "name constraints", subject="O=Corp, OU=Guests, CN=dn-bad")
add("deep-bound", bound.authority("O=Corp, CN=Below"), "name constraints", san=["email:deep-bound@corp.test", "dns:a.other.test"])
add("path", flat.authority("Too Deep"), "fewer authorities")
add("path-ok", flat, None)
add("no-ca", None, "not of an authority", leaf=pki_lib.Authority("Not CA", issuer=root, is_ca=False).leaf("no-ca", san=["email:no-ca@corp.test"]))
add("no-sign", None, "not sign", leaf=pki_lib.Authority("Not Signing", issuer=root, can_sign=False).leaf("no-sign", san=["email:no-sign@corp.test"]))
missing = root.authority("Missing", file="missing-ca").leaf("missing", san=["email:missing@corp.test"])
field = sub.leaf("CN=fritz, OU=Field staff, O=Corp", file="fritz", san=["email:fritz@map.test"], eku=["client"])
office = sub.leaf("CN=olga, OU=Office, O=Corp", file="olga", san=["email:olga@map.test"], eku=["client"])
nobody = sub.leaf("CN=nobody, O=Corp", file="nobody", san=["email:nobody@map.test"], eku=["client"])
boss = sub.leaf("O=Corp, OU=Field, CN=boss", file="boss", san=["email:boss@map.test"], eku=["client"])
chef = root.leaf("O=Corp, CN=chef", file="chef", san=["email:chef@point.test"], eku=["client"])
serial = sub.leaf("CN=serial", file="serial", san=["email:serial@point.test"], eku=["client"], serial=0x4711)
fake_chef = sub.leaf("CN=chef, O=Corp", file="fake", san=["email:fake@point.test"], eku=["client"])


def conf(more="", own=None, extra="", maps="match certificate FIELD"):
    own = own or gw
    return HEAD + MAPS + POINT % dict(name="OWN", ca=root.cert_file, more="sallyport certificate %s\n sallyport private-key %s" % (own.chain_file, own.key_file)) + \
        POINT % dict(name="HQ", ca=root.cert_file, more=more) + POINT % dict(name="STRICT", ca=root.cert_file, more="sallyport require-eku") + \
        POINT % dict(name="MAPS", ca=root.cert_file, more="match certificate BOSS\n match certificate CHEF") + \
        profile("CORP", "match identity remote email domain corp.test\n match identity remote email domain other.test") + \
        profile("STRICT", "match identity remote email domain strict.test", point="STRICT") + profile("POINT", "match identity remote email domain point.test", point="MAPS") + \
        profile("FIELD", maps) + profile("OFFICE", "match certificate OFFICE") + profile("DN", "match identity remote fqdn domain dn.test", local="dn") + extra


def profile(name, match, point="HQ", local="fqdn gw.example.test"):
    return PROFILE % dict(name=name, match=match, point=point, local=local)


def peer(leaf, id, chain=None, remote="gw.example.test"):
    return Initiator(socket_in(host), "10.99.1.1", id, [Cert(leaf.key, chain or leaf.chain)], trust=[root.der], remote_id=remote, seconds=6)


def login(sp, leaf, id, chain=None, **more):
    """(None, the client), or (the reason of the refusal, None)."""
    before, p = sp.counters()["counters"]["certificates_refused"], peer(leaf, id, chain, **more)
    last = (sp.sql("select id from v_failures limit 1") or [(None,)])[0]
    try:
        return None, p.login()
    except Refused as e:
        ok("... the client is told nothing but that it failed", e.kinds == {24}, e.kinds)
    wait_for(3, lambda: (sp.sql("select id from v_failures limit 1") or [(None,)])[0] != last)
    return (sp.sql("select sentence from v_failures limit 1") or [("",)])[0][0], None


def check(sp, name, leaf, id, words, chain=None):
    why, p = login(sp, leaf, id, chain)
    ok("%s %s" % (name, "gets in" if words is None else "is refused"), why is None if words is None else why is not None and words.lower() in why.lower(), why)
    if p:
        p.logout()


def refusals(sp):
    for name, leaf, id, words in cases:
        check(sp, name, leaf, id, words)
    for name, spki in sorted(pki_lib.degenerate().items()):
        why, _ = login(sp, sub.leaf("weak", san=["email:weak@corp.test"], spki=spki), "weak@corp.test")
        ok("key %s is refused" % name, bool(why), why)
    for eku, words in ((["client"], None), (None, "extended key usage"), (["any"], "extended key usage")):
        check(sp, "require-eku: %s" % eku, sub.leaf("strict", san=["email:a@strict.test"], eku=eku), "a@strict.test", words)
    check(sp, "an issuer that nobody sent", missing, "missing@corp.test", "trust", chain=missing.chain[:1])
    sp.configure(conf(more="sallyport ca-certificate %s" % missing.issuer.cert_file))
    ok("reload", sp.reload(check=False).returncode == 0, sp.tail(3))
    check(sp, "... that the trustpoint has", missing, "missing@corp.test", None, chain=missing.chain[:1])


def by_swan(sp):
    """The same with strongSwan, but for what it does not load or does not do itself."""
    known = [c for c in cases if c[0] not in ("san", "san-kind", "san-none", "rsa1024", "critical", "no-ca", "deep-bound") and c[1].issuer is not bound_dn]
    connections = "".join(""" %s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = 10.99.1.1
  vips = 0.0.0.0
  encap = yes
  send_cert = always
  keyingtries = 1
  local { auth = pubkey
          certs = %s
          id = %s }
  remote { auth = pubkey
           id = gw.example.test }
  children { net { remote_ts = 10.99.2.0/24
                   esp_proposals = aes128gcm16 } } }
""" % (name, leaf.chain_file, id) for name, leaf, id, words in known)
    sp.configure(conf(more="sallyport ca-certificate %s" % bound.cert_file))  # which strongSwan does not send
    ok("reload", sp.reload(check=False).returncode == 0, sp.tail(3))
    subs = {c.issuer.file: c.issuer for _, c, _, _ in known if c.issuer not in (root, other)}
    swan = Swan(t.client(1), connections, cas=[root], subs=subs.values(), keys=[c[1] for c in known], retransmits=3, timeout="0.7").start()
    for name, leaf, id, words in known:
        last = sp.sql("select id from v_failures limit 1")
        got = swan.ctl("--initiate", "--ike", name, "--child", "net", "--timeout", 10, check=False).returncode == 0
        if got:
            swan.down(name)
        elif words:
            wait_for(3, lambda: sp.sql("select id from v_failures limit 1") != last)
        why = sp.sql("select sentence from v_failures limit 1")[0][0]
        ok("strongSwan: %s %s" % (name, "gets in" if words is None else "is refused"), got == (words is None) and (got or words.lower() in why.lower()), why)
    swan.stop()


def maps(sp):
    sp.configure(conf())
    sp.reload()
    for name, leaf, id, want in (("co", field, "fritz@map.test", "FIELD"), ("nc, ne and co together", office, "olga@map.test", "OFFICE")):
        why, p = login(sp, leaf, id)
        ok("map with %s" % name, p and [s["profile"] for s in sp.sessions()] == [want], why or sp.sessions())
        if p:
            p.logout()
    check(sp, "no map is met", nobody, "nobody@map.test", "profile")
    for leaf, id, words in ((chef, "chef@point.test", None), (serial, "serial@point.test", None), (fake_chef, "fake@point.test", "certificate maps of trustpoint MAPS")):
        check(sp, "maps of a trustpoint: %s" % leaf.file, leaf, id, words)
    sp.configure(conf(extra=profile("BOSS", "match certificate BOSS")))
    sp.reload()
    check(sp, "two profiles whose maps it meets", boss, "boss@map.test", "both profile FIELD and profile BOSS")
    check(sp, "one of them only", field, "fritz@map.test", None)


def local_dn(sp):
    anna = sub.leaf("anna", san=["dns:a.dn.test"], eku=["client"])
    why, p = login(sp, anna, "a.dn.test", remote=None)
    ok("identity local dn", p and p.idr == identity("dn:" + gw.subject_der.hex()), why or p.idr)
    if p:
        p.logout()


def reloads(sp):
    good = cases[0]
    _, p = login(sp, good[1], good[2])
    ok("a session", p is not None)
    ok("... with the certificate as it was", p.certs_seen[0] == (X509, gw.der))
    renewed = root.leaf("CN=gw, O=Corp", kind=gw.key, file="gw", san=["dns:gw.example.test"], eku=["server"])
    ok("reload with a renewed certificate in the same file", sp.reload(check=False).returncode == 0, sp.tail(3))
    _, q = login(sp, good[1], good[2])
    ok("the next login sees it", q and q.certs_seen[0] == (X509, renewed.der))
    ok("the session stays", p.ping("10.99.2.2") and len(sp.sessions()) == 2)
    other_key = root.leaf("CN=gw, O=Corp", kind="p384", file="gw", san=["dns:gw.example.test"], eku=["server"])
    ok("reload with another key in the same files", sp.reload(check=False).returncode == 0, sp.tail(3))
    _, r = login(sp, good[1], good[2])
    ok("the next login sees it, too", r and r.certs_seen[0] == (X509, other_key.der))
    for what, path, data in (("certificate", other_key.chain_file, b"garbage"), ("key", other_key.key_file, b"garbage"),
                             ("CA", root.cert_file, b""), ("pair", other_key.chain_file, pki_lib.pem(renewed.der))):
        with open(path, "rb") as f:
            before = f.read()
        pki_lib.write(os.path.basename(path), data, 0o600)
        result = sp.reload(check=False)
        ok("a broken %s: the reload says so" % what, result.returncode != 0 and ("trustpoint" in result.stdout or "private key" in result.stdout), result.stdout)
        ok("... and the log", any("reason=" in line and ("pki" in line or "key" in line) for line in sp.tail(3).splitlines()), sp.tail(3))
        _, s = login(sp, good[1], good[2])
        ok("... the one before is still in force", s and s.certs_seen[0] == (X509, other_key.der))
        s.logout()
        pki_lib.write(os.path.basename(path), before, 0o600)
    ok("... with the files as they were", sp.reload(check=False).returncode == 0, sp.tail(3))
    ok("all sessions stand", p.ping("10.99.2.2") and q.ping("10.99.2.2") and r.ping("10.99.2.2"))
    for c in (p, q, r):
        c.logout()


def expiry(sp):
    ok("nothing ends soon", "certificate_expiry" not in sp.log_text())
    short = root.leaf("CN=gw, O=Corp", file="short", san=["dns:gw.example.test"], eku=["server"], days=(-1, 10))
    sp.configure(conf(own=short, more="sallyport crl " + root.crl_file))
    ok("reload with a certificate of ten days", sp.reload(check=False).returncode == 0, sp.tail(3))
    line = wait_for(3, lambda: [x for x in sp.log_text().splitlines() if "certificate_expiry" in x])
    ok("the log says so", bool(line) and "expires soon" in line[0] and ("days_left=9" in line[0] or "days_left=10" in line[0]) and "trustpoint=OWN" in line[0] and "CN=gw" in line[0], line)
    time.sleep(2.5)
    ok("... once", sp.log_text().count("certificate_expiry") == 1)
    ok("the metric", wait_for(3, lambda: 9 * 86400 < sp.counters()["certificate_left_seconds"] <= 10 * 86400), sp.counters()["certificate_left_seconds"])
    certs = sp.show("crypto", "pki", "certificates")["certificates"]
    mine = [c for c in certs if c["trustpoint"] == "OWN" and c["kind"] == "own"]
    ok("show certificates", len(mine) == 1 and mine[0]["status"] == "Available, expires soon" and "CN=gw" in mine[0]["subject"] and
       mine[0]["sha256"] == short.fingerprint and not mine[0]["ca"] and "gw.example.test" in mine[0]["subject_alternative_name"] and
       mine[0]["serial"].lower().lstrip("0") == "%x" % short.serial and 9 * 86400 < mine[0]["seconds_left"] <= 10 * 86400, mine)
    cas = [c for c in certs if c["kind"] == "ca"]
    ok("... and the anchors", len(cas) == 4 and all(c["sha256"] == root.fingerprint and c["status"] == "Available" and c["ca"] for c in cas), cas)
    one = sp.show("crypto", "pki", "certificates", "HQ")["certificates"]
    ok("... of one trustpoint", [c["trustpoint"] for c in one] == ["HQ"], one)
    r = sp.command("show", "crypto", "pki", "certificates", "NONE", check=False)
    ok("... that there is not", r.returncode == 1 and "there is no trustpoint" in r.stdout, r.stdout)
    text = sp.command("show", "crypto", "pki", "certificates").stdout
    ok("... as text", all(w in text for w in ("Available, expires soon", "CN=gw", "gw.example.test", "Associated Trustpoints: OWN", short.fingerprint.upper())), text)
    points = {p["name"]: p for p in sp.show("crypto", "pki", "trustpoints")["trustpoints"]}
    ok("show trustpoints", set(points) == {"OWN", "HQ", "STRICT", "MAPS"} and points["OWN"]["signs"] and not points["HQ"]["signs"] and
       points["HQ"]["revocation_check"] == ["none"] and points["HQ"]["crls"] == 1 and points["HQ"]["status"] == "ok", points)
    ok("... as text", "Trustpoint HQ" in sp.command("show", "crypto", "pki", "trustpoints").stdout and
       "Issuing CA authenticated ....... Yes" in sp.command("show", "crypto", "pki", "trustpoints", "status").stdout)
    crls = sp.show("crypto", "pki", "crls")["crls"]
    ok("show crls", len(crls) == 1 and crls[0]["trustpoint"] == "HQ" and crls[0]["entries"] == 1 and "CN=Root" in crls[0]["issuer"] and
       crls[0]["bytes"] == len(root.crl_der), crls)
    ok("... as text", "Read from a file of trustpoint HQ" in sp.command("show", "crypto", "pki", "crls").stdout)


sp = Sallyport(t.gw, conf()).start()
refusals(sp)
by_swan(sp)
maps(sp)
local_dn(sp)
reloads(sp)
root.crl([cases[0][1]])
expiry(sp)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
