#!/usr/bin/env python3
"""The guard is guarded: the independent peers of tests/peer against strongSwan, in both roles, with every method that it has; and that
strongSwan refuses what they do wrong on command."""
import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from peer_lib import socket_in
from swan_lib import Swan

from eap_peer import Eap  # noqa: E402
from ike_auth import *  # noqa: E402
from ike_initiator import Initiator, Refused, Silent  # noqa: E402

GW, TARGET, PASSWORD = "10.99.1.1", "10.99.2.2", "anna's password"

root = pki_lib.Authority("Test Root", kind="rsa")
sub = root.authority("Test Issuing CA")
kinds = ("rsa", "p256", "p384", "p521", "ed25519")
gateways = {k: sub.leaf("gw-" + k, kind=k, san=["dns:gw-%s.example.test" % k], eku=["server"]) for k in kinds}
users = {k: sub.leaf("user-" + k, kind=k, san=["email:%s@cert.test" % k, "email:%s@both.test" % k, "email:%s@tls.test" % k],
                     eku=["client"]) for k in kinds}


def connection(name, kind, remote, local="pubkey"):
    return """ %s { version = 2
  proposals = aes256gcm16-aes128gcm16-prfsha256-x25519-ecp256, aes256-sha256-modp2048, aes128-sha1-modp1024
  pools = p4
  send_certreq = yes
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
     connection("only", "rsa", "remote { auth = eap-mschapv2\n id = *@only.test\n eap_id = %any }", "eap-mschapv2")])
SECRETS = "".join(" eap-%d { id = anna@%s.test\n secret = \"anna's password\" }\n" % (i, m)
                  for i, m in enumerate(("md5", "gtc", "mschapv2", "ttls", "both", "only")))

t = Topology()
client = t.client(1)
swan = Swan(t.gw, CONNECTIONS, SECRETS, cas=[root], subs=[sub], keys=list(gateways.values()),
            extra="tls { version_max = 1.3 }\nplugins { eap-gtc { backend = generic } }\n"
            "plugins { eap-radius { servers { one { address = 127.0.0.1\n secret = radius-secret } } } }").start()
radius = FreeRadius(t.gw, {"anna@radius.test": PASSWORD, "rsa@radius.test": "none"}, gateways["p256"], root).start()


def peer(user, auth, gateway="rsa", **more):
    return Initiator(socket_in(client), GW, user, auth, **dict(dict(trust=[root.der], remote_id="gw-%s.example.test" % gateway), **more))


def logs_in(name, *args, **more):
    why, p, good = "", peer(*args, **more), False
    try:
        p.login()
        good = p.address is not None and p.ping(TARGET)
        p.logout()
    except (Refused, Silent, NotProven, AssertionError) as e:
        why = "%s: %r %s" % (type(e).__name__, e, p.trace[-2:])
    ok(name, good, why)
    return p


def tls(user=None, **more):
    entity = users[user] if user else None
    return dict(trust=root.cert_file, cert=entity.chain_file if entity else None, key=entity.key_file if entity else None, **more)


def refused(name, *args, **more):
    p, kinds = peer(*args, tries=1, **more), None
    try:
        p.login()
    except Refused as e:
        kinds = e.kinds
    except (Silent, NotProven) as e:
        kinds = repr(e)
    ok(name, kinds == {AUTHENTICATION_FAILED}, "%r %s" % (kinds, p.trace[-2:]))


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
for m in ("md5", "gtc", "mschapv2"):
    logs_in("EAP " + m, "anna@%s.test" % m, [Eap("anna@%s.test" % m, PASSWORD, [m])])
for version in ("1.2", "1.3"):
    for k in ("rsa", "ed25519"):
        logs_in("EAP-TLS %s %s" % (version, k), k + "@tls.test",
                [Eap(k + "@tls.test", methods=["tls"], tls=tls(k, version=version, server_name="gw-p256.example.test"))], "p256")
    logs_in("EAP-TTLS %s" % version, "anna@ttls.test",
            [Eap("anna@ttls.test", PASSWORD, ["ttls"], tls=tls(version=version, fragment=300), inner="eap-md5")])
for version in ("1.2", "1.3"):
    for method, inner in (("peap", "mschapv2"), ("peap", "gtc"), ("ttls", "pap"), ("ttls", "mschapv2"), ("ttls", "eap-md5"), ("ttls", "eap-mschapv2"),
                          ("ttls", "eap-gtc"), ("tls", "")):
        logs_in("by RADIUS %s %s, TLS %s" % (method, inner, version), "rsa@radius.test" if method == "tls" else "anna@radius.test",
                [Eap("rsa@radius.test" if method == "tls" else "anna@radius.test", PASSWORD, [method], inner=inner,
                     tls=tls("rsa" if method == "tls" else None, version=version, server_name="gw-p256.example.test"))])
logs_in("certificate, then EAP", "rsa@both.test", [Cert(users["rsa"]), Eap("anna@both.test", PASSWORD, ["mschapv2"])])
logs_in("EAP only", "anna@only.test", [Eap("anna@only.test", PASSWORD, ["mschapv2"])], eap_only=True)
done()
