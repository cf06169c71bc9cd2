#!/usr/bin/env python3
"""The guard is guarded: the independent peers of tests/peer against strongSwan, in both roles, with every method that it has; and that
strongSwan refuses what they do wrong on command."""
import pki_lib
from freeradius_lib import FreeRadius
from hostapd_lib import Hostapd
from lib import *
from peer_lib import socket_in
from swan_lib import Swan

from clients import client as client_like  # noqa: E402
from eap_peer import Eap  # noqa: E402
from ike_auth import *  # noqa: E402
from ike_initiator import Initiator, Refused, Silent  # noqa: E402
import mschap  # noqa: E402
from ike_responder import Responder  # noqa: E402

GW, TARGET, PASSWORD = "10.99.1.1", "10.99.2.2", "anna's password"

root = pki_lib.Authority("Test Root", kind="rsa")
sub = root.authority("Test Issuing CA")
mschap.self_test()
kinds = ("rsa", "p256", "p384", "p521", "ed25519")
gateways = {k: sub.leaf("gw-" + k, kind=k, san=["dns:gw-%s.example.test" % k], eku=["server"]) for k in kinds}
users = {k: sub.leaf("user-" + k, kind=k, san=["email:%s@cert.test" % k, "email:%s@both.test" % k, "email:%s@tls.test" % k],
                     eku=["client"]) for k in kinds}


def connection(name, kind, remote, local="pubkey"):
    return """ %s { version = 2
  proposals = aes256gcm16-aes128gcm16-prfsha256-x25519-ecp256, aes256-sha256-modp2048, aes128-sha1-modp1024, aes256-sha1-modp1024
  pools = p4
  send_certreq = yes
  send_cert = always
  encap = yes
  local { auth = %s
          certs = %s
          id = gw-%s.example.test }
  %s
  children { net { local_ts = 10.99.2.0/24
                   esp_proposals = aes256gcm16-aes128gcm16, aes256-sha256, aes128-sha1 } } }
""" % (name, local, gateways[kind].cert_file, kind, remote)


CONNECTIONS = "".join(
    [connection("cert-" + k, k, "remote { auth = pubkey\n id = *@cert.test }") for k in kinds] +
    [connection("eap-" + m, "rsa", "remote { auth = eap-%s\n id = *@%s.test\n eap_id = %%any }" % (m, m)) for m in ("md5", "gtc", "mschapv2", "ttls")] +
    [connection("eap-tls", "p256", "remote { auth = eap-tls\n id = *@tls.test }"),
     connection("radius", "rsa", "remote { auth = eap-radius\n id = *@radius.test\n eap_id = %any }"),
     connection("both", "rsa", "remote-1 { auth = pubkey\n id = *@both.test }\n remote-2 { auth = eap-mschapv2\n id = *@both.test\n eap_id = %any }"),
     connection("only", "rsa", "remote { auth = eap-mschapv2\n id = *@only.test\n eap_id = %any }", "eap-mschapv2"),
     connection("psk", "rsa", "remote { auth = psk\n id = *@psk.test }", "psk"),
     connection("clients", "p384", "remote { auth = eap-mschapv2\n id = %any\n eap_id = %any }")])
SECRETS = "".join(" eap-%d { id = anna@%s.test\n secret = \"anna's password\" }\n" % (i, m)
                  for i, m in enumerate(("md5", "gtc", "mschapv2", "ttls", "both", "only")))
SECRETS += " ike-1 { secret = \"%s\" }\n" % PSK
SECRETS += " eap-9 { id = anna\n secret = \"%s\" }\n eap-10 { id = \"CORP\\\\anna\"\n secret = \"%s\" }\n" % (PASSWORD, PASSWORD)

t = Topology()
client = t.client(1)
swan = Swan(t.gw, CONNECTIONS, SECRETS, cas=[root], subs=[sub], keys=list(gateways.values()),
            extra="hash_and_url = yes\nplugins { eap-gtc { backend = generic } }\n"
            "plugins { eap-radius { servers { one { address = 127.0.0.1\n secret = radius-secret } } } }").start()
radius = FreeRadius(t.gw, {"anna@radius.test": PASSWORD, "rsa@radius.test": "none"}, gateways["p256"], root).start()


def peer(user, auth, gateway="rsa", **more):
    return Initiator(socket_in(client), GW, user, auth, **dict(dict(trust=[root.der], remote_id="gw-%s.example.test" % gateway), **more))


def logs_in(name, *args, **more):
    why, p, good = "", peer(*args, **more), False
    try:
        p.login()
        pings = p.address is not None and p.ping(TARGET)
        p.logout()
        good = pings
    except (Refused, Silent, NotProven, AssertionError) as e:
        why = "%s: %r %s" % (type(e).__name__, e, p.trace[-2:])
    ok(name, good, why)
    return p


def tls(user=None, **more):
    entity = users[user] if user else None
    return dict(trust=root.cert_file, cert=entity.chain_file if entity else None, key=entity.key_file if entity else None, **more)


def refused(name, *args, **more):
    """The gateway says no, or nothing; that we should not want it is another matter."""
    p, why = peer(*args, tries=1, **more), "let in"
    try:
        p.login()
    except (Refused, Silent) as e:
        return ok(name, True)
    except (NotProven, AssertionError) as e:
        why = repr(e)
    return ok(name, False, "%s %s" % (why, p.trace[-2:]))


for k in kinds:
    logs_in("certificate " + k, k + "@cert.test", [Cert(users[k])], k)
for scheme in ("rsa1", "rsa-sha256", "rsa-sha384", "rsa-sha512", "pss-sha256", "pss-sha384", "pss-sha512", "pss-sha256-trailer"):
    logs_in("scheme " + scheme, "rsa@cert.test", [Cert(users["rsa"], scheme=scheme)])
for k, scheme in (("p256", "ecdsa256"), ("p384", "ecdsa384"), ("p521", "ecdsa521"), ("p256", "ecdsa-sha512"), ("p384", "ecdsa-sha256")):
    logs_in("scheme %s with %s" % (scheme, k), k + "@cert.test", [Cert(users[k], scheme=scheme)], "p256")
p = logs_in("without SIGNATURE_HASH_ALGORITHMS", "p384@cert.test", [Cert(users["p384"])], "p384", hashes=None)
ok("methods of RFC 4754 then", p.schemes == ["ecdsa384"], p.schemes)
p = logs_in("with SHA-512 only", "rsa@cert.test", [Cert(users["rsa"])], hashes=(4,))
ok("the gateway signs with it", p.schemes == ["rsa-sha512"], p.schemes)
for line in ("aes256 sha256 prfsha256 modp2048", "aes128 sha1 prfsha1 modp1024"):
    logs_in("IKE " + line, "rsa@cert.test", [Cert(users["rsa"])], ike=[line], esp=["aes256 sha256 noesn"])
logs_in("the other group first, fragments", "rsa@cert.test", [Cert(users["rsa"])], group=19, fragments=True)
logs_in("pre-shared key", "anna@psk.test", [Psk(PSK)], remote=Psk(PSK))
web, urls = pki_lib.Web(t.lan, TARGET), []
unseen = root.authority("Another Issuing CA", kind="p384").leaf("by URL", san=["email:url@cert.test"])
urls = [web.put("%d.der" % i, c) for i, c in enumerate(unseen.chain)]
p = logs_in("certificates by URL", "url@cert.test", [Cert(unseen, encoding=HASH_URL, urls=urls)])
ok("fetched from there", web.requests("GET /0.der") == 1 and web.requests("GET /1.der") == 1 and HTTP_CERT_LOOKUP in p.said)
ok("PKCS #7 is one", run("openssl", "pkcs7", "-inform", "DER", "-in", pki_lib.write("p7", bundle(unseen.chain)), "-print_certs").stdout.count("BEGIN") == 2)
for m in ("md5", "gtc", "mschapv2"):
    logs_in("EAP " + m, "anna@%s.test" % m, [Eap("anna@%s.test" % m, PASSWORD, [m])])
# This strongSwan has TLS 1.3 of before RFC 9190 (other keys, no octet at the end); see FreeRADIUS.
for k in kinds:
    logs_in("EAP-TLS " + k, k + "@tls.test",
            [Eap(k + "@tls.test", methods=["tls"], tls=tls(k, version="1.2", server_name="gw-p256.example.test"))], "p256")
logs_in("EAP-TTLS", "anna@ttls.test", [Eap("anna@ttls.test", PASSWORD, ["ttls"], tls=tls(version="1.2", fragment=300), inner="eap-md5")])
for version in ("1.2", "1.3"):
    for method, inner in (("peap", "mschapv2"), ("peap", "gtc"), ("ttls", "pap"), ("ttls", "mschapv2"), ("ttls", "eap-md5"), ("ttls", "eap-mschapv2"),
                          ("ttls", "eap-gtc"), ("tls", "")):
        logs_in("by RADIUS %s %s, TLS %s" % (method, inner, version), "rsa@radius.test" if method == "tls" else "anna@radius.test",
                [Eap("rsa@radius.test" if method == "tls" else "anna@radius.test", PASSWORD, [method], inner=inner,
                     tls=tls("rsa" if method == "tls" else None, version=version, server_name="gw-p256.example.test"))])
def tunnel(method="ttls"):
    return [Eap("anna@radius.test", PASSWORD, [method], tls=tls(version="1.2"))]


# FreeRADIUS passes over AVPs that it must know, strongSwan over two lengths of MSCHAPv2: avp:mandatory, mschap:size, mschap:length are for others.
for fault in ("avp:zero", "avp:short", "avp:long", "tls:endless", "tls:empty"):
    refused("refused: " + fault, "anna@radius.test", tunnel(), faults=[fault])
refused("refused: tls:empty in EAP-TLS", "rsa@tls.test", [Eap("rsa@tls.test", methods=["tls"], tls=tls("rsa"))], "p256", faults=["tls:empty"])
for fault in ("mschap:short", "mschap:name", "mschap:success"):
    refused("refused: " + fault, "anna@mschapv2.test", [Eap("anna@mschapv2.test", PASSWORD, ["mschapv2"])], faults=[fault])
logs_in("FreeRADIUS is alive", "anna@radius.test", tunnel())
radius.stop()
Hostapd(t.gw, {"anna@radius.test": PASSWORD}, gateways["p256"], root).start()
for method, inner in (("peap", "mschapv2"), ("peap", "gtc"), ("ttls", "pap"), ("ttls", "mschapv2"), ("ttls", "eap-mschapv2")):
    p = logs_in("by hostapd %s %s" % (method, inner), "anna@radius.test",
                [Eap("anna@radius.test", PASSWORD, [method], inner=inner, tls=tls(version="1.2"))])
    if method == "peap":
        ok("bound to its tunnel", p.eap and p.eap.method and p.eap.method.was_bound)
logs_in("certificate, then EAP", "rsa@both.test", [Cert(users["rsa"]), Eap("anna@both.test", PASSWORD, ["mschapv2"])])
logs_in("EAP only", "anna@only.test", [Eap("anna@only.test", PASSWORD, ["mschapv2"])], eap_only=True)

# strongSwan takes what stands after the AlgorithmIdentifier, and an AUTH after EAP whatever its method is; both are for the gateway
# whose tests these are. It remembers certificates, so what hides one needs one that it has not seen.
for fault in ["wrong-signature", "other-octets", "other-identity", "other-ca", "method:1", "method:2", "method:13"] + [
        "algorithm-lie:" + how for how in LIES if how != "trailing"]:
    refused("refused: " + fault, "p256@cert.test", [Cert(users["p256"])], "p256", faults=[fault])
for fault in ("no-cert", "garbage-cert"):
    unseen = sub.leaf("unseen-" + fault, san=["email:unseen@cert.test"])
    refused("refused: " + fault, "unseen@cert.test", [Cert(unseen)], "p256", faults=[fault])
refused("refused: salt of PSS", "rsa@cert.test", [Cert(users["rsa"], scheme="pss-sha256")], faults=["algorithm-lie:salt"])
refused("refused: the name of another", "p384@cert.test", [Cert(users["p256"])])
for name, spki in pki_lib.degenerate().items():
    weak = sub.leaf("weak-" + name, spki=spki, san=["email:p256@cert.test"], kind="rsa" if name.startswith("rsa") else "p256")
    refused("refused: key " + name, "p256@cert.test", [Cert(weak)], "p256")
    if name in ("rsa-e1", "ed25519-identity"):
        # strongSwan's OpenSSL does not look at the key: it shows that the signature is a right one, which anybody can make.
        forged = Cert(RsaOfExponentOne(), weak.chain, "rsa-sha256") if name == "rsa-e1" else Cert(Ed25519OfIdentity(), weak.chain, "ed25519")
        logs_in("anybody signs for key " + name, "p256@cert.test", [forged], "p256")
for m, fault in [(m, f) for m in ("md5", "mschapv2", "gtc") for f in ("wrong-secret", "early-auth")] + [
        ("mschapv2", "switch-method"), ("mschapv2", "late-nak"), ("mschapv2", "old-identifier"), ("mschapv2", "early-success"),
        ("mschapv2", "auth-from-skp"), ("md5", "auth-from-msk"), ("mschapv2", "no-auth"), ("mschapv2", "eap-again")]:
    refused("refused: EAP %s, %s" % (m, fault), "anna@%s.test" % m, [Eap("anna@%s.test" % m, PASSWORD, [m])], faults=[fault])
refused("refused: PSK, wrong-secret", "anna@psk.test", [Psk(PSK)], remote=Psk(PSK), faults=["wrong-secret"])
refused("refused: EAP without the certificate before it", "rsa@both.test", [Eap("anna@both.test", PASSWORD, ["mschapv2"])])
refused("refused: the certificate without EAP after it", "rsa@both.test", [Cert(users["rsa"])])

# ---- clients as they are ---------------------------------------------------------------------------


def behaves(name, words="", **more):
    p = client_like(name, socket_in(client), GW, **dict(dict(user="anna", password=PASSWORD, trust=[root.der], dialled="gw-p384.example.test",
                                                             own="10.99.1.11"), **more))
    why, good = "", False
    try:
        p.login()
        good = p.address is not None and p.ping(TARGET) and "SA" in p.rekey_child() and p.ping(TARGET)
        p.rekey_ike()
        good = good and p.dpd() == [] and "SA" in p.rekey_child() and p.ping(TARGET)
        p.logout()
    except (Refused, Silent, NotProven, AssertionError) as e:
        why = "%s: %r %s" % (type(e).__name__, e, p.trace[-3:])
    ok("client %s %s" % (name, words), good, why)
    return p


for dh in ("default", "registry", "strong"):
    p = behaves("windows11", dh, user="CORP\\anna", dh=dh)
ok("windows was asked for its name, and fragments", p.eap.was_asked_identity and p.fragments)
behaves("windows7", user="CORP\\anna")
behaves("macos", identity="anna@corp.test")
for name in ("ios", "strongswan-app", "mikrotik"):
    behaves(name)
# This strongSwan does not know that an empty EAP identity means IDi.
p = behaves("android", eap_identity="anna")
ok("android needed two KEs", [t[3] for t in p.trace].count(["N17"]) == 1)
behaves("forticlient")

ok("strongSwan is alive", "local" in swan.ctl("--list-conns").stdout)
swan.stop()

# ---- the responder ---------------------------------------------------------------------------------


def caller(name, kind, local, remote="auth = pubkey\n id = gw.example.test"):
    return """ %s { version = 2
  remote_addrs = 10.99.1.1
  proposals = aes256gcm16-prfsha256-x25519
  vips = 0.0.0.0
  encap = yes
  local { %s }
  remote { %s }
  children { %s { remote_ts = 10.99.2.0/24
                  esp_proposals = aes256gcm16 } } }
""" % (name, local, remote, name)


CALLERS = "".join(
    [caller("cert-" + k, k, "auth = pubkey\n certs = %s\n id = %s@cert.test" % (users[k].cert_file, k)) for k in kinds] +
    [caller("eap-" + m, "", "auth = eap-%s\n id = anna@test\n eap_id = anna" % m) for m in ("md5", "gtc", "mschapv2")] +
    [caller("eap-any", "", "auth = eap\n id = anna@test\n eap_id = anna"),
     caller("eap-tls", "", "auth = eap-tls\n certs = %s\n id = rsa@cert.test" % users["rsa"].cert_file),
     caller("psk", "", "auth = psk\n id = anna@test", "auth = psk\n id = gw.example.test")])
swan = Swan(client, CALLERS, " eap-1 { id = anna\n secret = \"%s\" }\n ike-1 { secret = \"%s\" }" % (PASSWORD, PSK), cas=[root], subs=[sub],
            keys=list(users.values()), extra="plugins { eap-gtc { backend = generic } }").start()
mine = {k: sub.leaf("responder-" + k, kind=k, san=["dns:gw.example.test"], eku=["server"]) for k in kinds}
server_tls = dict(trust=root.cert_file, cert=mine["p256"].chain_file, key=mine["p256"].key_file, version="1.2")


def accepts(name, child, kind="rsa", good=True, **more):
    """good: does strongSwan come up?"""
    options = dict(dict(local=Cert(mine[kind]), trust=[root.der], passwords={"anna": PASSWORD}, eap_conf={"tls": server_tls}), **more)
    with Responder([(socket_in(t.gw, (GW, 500)), False), (socket_in(t.gw, (GW, 4500)), True)], "gw.example.test", **options) as r:
        up = swan.ctl("--initiate", "--child", child, "--timeout", "15" if good else "5", check=False).returncode == 0
        s = r.wait(1)
        swan.ctl("--terminate", "--ike", child, "--force", "--timeout", "1", check=False)
        is_right = up == good and (not good or s is not None and s.scheme is not None)
        ok(name, is_right and not r.errors, "%s %s %s" % (up, r.errors, s and (s.error, s.trace)))
        return s


for k in kinds:
    accepts("strongSwan logs in with " + k, "cert-" + k, k)
for scheme in ("pss-sha256", "rsa-sha512", "rsa-sha384"):
    accepts("it verifies " + scheme, "cert-rsa", local=Cert(mine["rsa"], scheme=scheme))
accepts("and ECDSA of RFC 4754", "cert-p384", "p384", hashes=None)
for m in ("md5", "gtc", "mschapv2"):
    s = accepts("strongSwan logs in with EAP " + m, "eap-" + m, remote=[m])
accepts("by NAK", "eap-md5", remote=["mschapv2", "md5"])
s = accepts("with EAP-TLS", "eap-tls", remote=["tls"])
accepts("with a pre-shared key", "psk", local=Psk(PSK), remote=Psk(PSK))

# What FortiClient does when a second factor is wanted has no other gateway than our responder.
with Responder([(socket_in(t.gw, (GW, 4500)), True)], "gw.example.test", Cert(mine["rsa"]), ["mschapv2"], [root.der], {"anna": PASSWORD},
               faults=["fortinet"], ike=["aes256 aes128 sha256 prfsha256 modp2048"], esp=["aes256 sha256 noesn"]) as r:
    p = client_like("forticlient", socket_in(client), GW, user="anna", password=PASSWORD, token=PASSWORD, trust=[root.der], own="10.99.1.11")
    p.login()
    s = r.wait(1)
    ok("FortiClient's second factor", s.is_up and s.methods == [26, 6] and s.msk is None and 0xF100 in s.notified, "%s %s" % (s.error, r.errors))
accepts("not with another", "psk", local=Psk(PSK), remote=Psk("other"), good=False)
for fault in ["wrong-signature", "other-octets", "other-identity", "other-ca", "method:1", "algorithm-lie:other-hash"]:
    accepts("refused by strongSwan: " + fault, "cert-p256", "p256", faults=[fault], good=False)
for m, fault in (("mschapv2", "wrong-proof"), ("mschapv2", "early-success"), ("mschapv2", "auth-from-skp"), ("md5", "auth-from-msk"), ("mschapv2", "no-final-auth"),
                 ("mschapv2", "no-first-auth"), ("mschapv2", "skip-eap"), ("mschapv2", "switch-method")):
    accepts("refused by strongSwan: EAP %s, %s" % (m, fault), "eap-" + m, remote=[m], faults=[fault], good=False)
swan.stop()

# ---- our initiator and our responder: each refuses what the other does wrong -------------------------


def between(name, outcome, cred, remote="cert", faults=(), gateway_faults=(), kind="p256", **more):
    """outcome: None = comes up; "gateway" = the responder refuses; "client" = the initiator does."""
    with Responder([(socket_in(t.gw, (GW, 4500)), True)], "gw.example.test", Cert(mine[kind]), remote, [root.der], {"anna": PASSWORD},
                   eap_conf={"tls": server_tls}, faults=gateway_faults) as r:
        user = "anna" if isinstance(cred, Eap) else kind + "@cert.test"
        p = Initiator(socket_in(client), GW, user, [cred], trust=[root.der], faults=faults, tries=1 if outcome else 4,
                      **dict(dict(send_idr=False, remote_id="gw.example.test"), **more))
        found = None
        try:
            p.login()
        except NotProven as e:
            found, why = "client", str(e)
        except (Refused, Silent) as e:
            found, why = "gateway", repr(e)
        s = r.wait(0.1)
        ok(name, found == outcome and not r.errors, "%s %s %s %s" % (found, why if found else "", s and s.error, r.errors))


with Responder([(socket_in(t.gw, (GW, 4500)), True)], "gw.example.test",
               Cert(mine["p256"], ocsp=[sub.ocsp_response(mine["p256"])], crls=[sub.crl()]), trust=[root.der],
               attributes=[("address", bytes([10, 100, 9, 9])), ("address6", bytes(15) + b"\7\x80"), ("domain", b"a.test"), ("domain", b"b.test"),
                           (23456, bytes(4))], notifies=[notify(IP4_ALLOWED)]) as r:
    p = Initiator(socket_in(client), GW, "p256@cert.test", [Cert(users["p256"])], trust=[root.der], ocsp=[], cp=["address", "domain", 23456]).login()
    s = r.wait(1)
    ok("OCSP and CRL in IKE", [kind for kind, _ in p.certs_seen] == [X509, X509, OCSP, CRL] and [c[0] for c in s.certreqs] == [X509, OCSP])
    ok("attributes", s.requested == [1, 25, 23456] and p.values("domain") == [b"a.test", b"b.test"] and p.values(23456) == [bytes(4)] and p.address6 == "::7")
    ok("IP4_ALLOWED", IP4_ALLOWED in p.notified)
for k in kinds:
    between("between us: " + k, None, Cert(users[k]), kind=k)
for fault in ["wrong-signature", "other-octets", "other-identity", "other-ca", "no-cert", "method:1", "method:2", "method:13"] + [
        "algorithm-lie:" + how for how in LIES]:
    between("our gateway refuses " + fault, "gateway", Cert(users["p256"]), faults=[fault])
    between("our client refuses " + fault, "client", Cert(users["p256"]), gateway_faults=[fault])
between("our client refuses a certificate of another name", "client", Cert(users["p256"]), gateway_faults=["other-identity"], remote_id=None)
between("our client refuses garbage-cert", "client", Cert(users["p256"]), gateway_faults=["garbage-cert"])
for m in ("md5", "gtc", "mschapv2", "tls"):
    cred = Eap("anna", PASSWORD, [m], tls=tls("p256", version="1.2", server_name="gw.example.test"))
    between("between us: EAP " + m, None, cred, [m])
    if m in ("mschapv2", "tls"):
        between("between us: EAP only, " + m, None, cred, [m], gateway_faults=["no-first-auth"], eap_only=True)
    between("between us: every request twice, EAP " + m, None, cred, [m], faults=["repeat"], fragments=True)
    between("our gateway refuses EAP %s, method:1" % m, "gateway", cred, [m], faults=["method:1"])
    between("our gateway refuses EAP %s, early-auth" % m, "gateway", cred, [m], faults=["early-auth"])
    between("our client refuses EAP %s, early-success" % m, "client", cred, [m], gateway_faults=["early-success"])
    between("our client refuses EAP %s, skip-eap" % m, "client", cred, [m], gateway_faults=["skip-eap"])
    between("our client refuses EAP %s, no-first-auth" % m, "client", cred, [m], gateway_faults=["no-first-auth"])
    between("our client refuses EAP %s, no-final-auth" % m, "client", cred, [m], gateway_faults=["no-final-auth"])
    fault = "auth-from-msk" if m in ("md5", "gtc") else "auth-from-skp"
    between("our gateway refuses EAP %s, %s" % (m, fault), "gateway", cred, [m], faults=[fault])
    between("our client refuses EAP %s, %s" % (m, fault), "client", cred, [m], gateway_faults=[fault])
other = pki_lib.Authority("Test Root", file="other-root")
stranger = other.leaf("stranger", san=["email:p256@cert.test", "dns:gw.example.test"])
strange = dict(trust=root.cert_file, cert=stranger.chain_file, key=stranger.key_file, version="1.2")
between("our gateway refuses EAP-TLS with another authority's certificate", "gateway", Eap("anna", methods=["tls"], tls=strange), ["tls"])
for name, change in (("another name", dict(server_name="gw2.example.test")), ("another authority", dict(trust=other.cert_file))):
    between("our client refuses EAP-TLS with %s" % name, "gateway",
            Eap("anna", methods=["tls"], tls=dict(tls("p256", version="1.2", server_name="gw.example.test"), **change)), ["tls"])
done()
