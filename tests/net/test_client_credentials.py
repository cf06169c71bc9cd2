#!/usr/bin/env python3
"""Our client at a strongSwan gateway: with each kind of certificate and each EAP method that both have; and what it refuses."""
import pki_lib
from lib import *
from swan_lib import Swan

KINDS = ("rsa", "p256", "p384", "p521", "ed25519")
PASSWORD = "anna's password"

t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
other = pki_lib.Authority("Other Root", kind="rsa")
gateways = {k: root.leaf("gw-" + k, kind=k, san=["dns:gw-%s.hub.test" % k], eku=["server"]) for k in KINDS}
users = {k: root.leaf("user-" + k, kind=k, san=["email:%s@cert.test" % k, "email:%s@tls.test" % k], eku=["client"]) for k in KINDS}
false_gateways = {"other-ca": other.leaf("false", kind="p256", san=["dns:gw-false.hub.test"], eku=["server"]),
                  "wrong-name": root.leaf("renamed", kind="p256", san=["dns:www.hub.test"], eku=["server"]),
                  "client-eku": root.leaf("mallory", kind="p256", san=["dns:gw-false.hub.test"], eku=["client"]),
                  "expired": root.leaf("old", kind="p256", san=["dns:gw-false.hub.test"], eku=["server"], days=(-20, -10))}


def connection(name, gw, remote, id=None):
    return """ %s { version = 2
  proposals = aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256-ecp384
  pools = p4
  send_cert = always
  encap = yes
  local { auth = pubkey
          certs = %s
          id = %s }
  %s
  children { net { local_ts = 10.99.2.0/24
                   esp_proposals = aes256gcm16-aes128gcm16 } } }
""" % (name, gw.chain_file, id or gw.cert.subject.rfc4514_string(), remote)


CONNECTIONS = "".join(connection("cert-" + k, gateways[k], "remote { auth = pubkey\n id = %s@cert.test }" % k, "gw-%s.hub.test" % k) for k in KINDS)
CONNECTIONS += "".join(connection("eap-" + m, gateways["rsa"], "remote { auth = eap-%s\n id = *@%s.test\n eap_id = %%any }" % (m, m), "gw-rsa.hub.test")
                       for m in ("mschapv2", "md5", "gtc", "tls"))
SECRETS = "".join(" eap-%d { id-1 = anna@%s.test\n id-2 = anna\n secret = \"%s\" }\n" % (i, m, PASSWORD) for i, m in enumerate(("mschapv2", "md5", "gtc")))

BRANCH = """
hostname branch
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 profile HUB
 match identity remote fqdn domain hub.test
 identity local email %(id)s
 authentication remote rsa-sig
 authentication remote ecdsa-sig
 authentication local %(local)s
 pki trustpoint HQ
 dpd 10 2 periodic
crypto ipsec profile HUB
 set ikev2-profile HUB
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination dynamic
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
crypto ikev2 client flexvpn HOME
 client connect Tunnel1
 peer 1 %(peer)s
 connect manual
ip route 10.99.2.0 255.255.255.0 Tunnel1
"""


def conf(kind="rsa", peer="10.99.1.1", **more):
    u = users[kind]
    return BRANCH % dict(dict(ca=root.cert_file, cert=u.chain_file, key=u.key_file, id="%s@cert.test" % kind, peer=peer,
                              local="rsa-sig" if kind == "rsa" else "ecdsa-sig"), **more)


def connect(sp, text):
    """The SAs that are up, as soon as there is one or a failure was noted."""
    sp.command("clear", "crypto", "session", check=False)
    wait_for(3, lambda: not sp.show("crypto", "ikev2", "sa")["ikev2_sas"])
    sp.configure(text)
    r = sp.reload(check=False)
    if r.returncode:
        print(r.stdout)
    before = len(sentences(sp))
    sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME", check=False)

    def ready():
        return [s for s in sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"] if s["status"] == "READY"]

    wait_for(8, lambda: ready() or len(sentences(sp)) > before)
    return ready()


def sentences(sp):
    return [r for (r,) in sp.sql("select sentence from v_failures")]


gw = Swan(t.gw, CONNECTIONS, SECRETS, cas=[root], keys=list(gateways.values()), extra="plugins { eap-gtc { backend = generic } }\n").start()
sp = Sallyport(t.client(1), conf(), name="branch").start()
for kind in KINDS:
    for peer in ("10.99.1.1", "fd00:99:1::1"):
        sas = connect(sp, conf(kind, peer))
        if not ok("certificate %s at %s" % (kind, peer), sas, sp.tail(3) + gw.log_text()[-600:]):
            continue
        ok("... carries packets", sp.host.ping("10.99.2.2", count=1) == 1)
for method, words in (("mschapv2", "ms-chapv2"), ("md5", "md5"), ("gtc", "gtc")):
    for peer in ("10.99.1.1", "fd00:99:1::1"):
        sas = connect(sp, conf(peer=peer, id="anna@%s.test" % method, local="eap %s username anna@%s.test password 0 %s" % (words, method, PASSWORD)))
        if ok("EAP-%s at %s" % (method, peer), sas, sp.tail(3) + gw.log_text()[-600:]):
            ok("... is shown", sas[-1]["auth_sign"] == "EAP", str(sas[-1]["auth_sign"]))
            ok("... carries packets", sp.host.ping("10.99.2.2", count=1) == 1)
sas = connect(sp, conf("p256", id="anna@mschapv2.test", local="eap username anna@mschapv2.test password 0 " + PASSWORD))
ok("EAP, whatever the gateway proposes", sas, sp.tail(3))
sas = connect(sp, conf("p256", id="p256@tls.test", local="eap username p256@tls.test"))
ok("EAP-TLS", sas, sp.tail(3) + gw.log_text()[-900:])
sas = connect(sp, conf(id="anna@mschapv2.test", local="eap ms-chapv2 username anna@mschapv2.test password 0 wrong"))
ok("a wrong password is refused", not sas)
print("\n".join("   %s" % s for s in sentences(sp)))
gw.stop()

for what, cert in false_gateways.items():
    swan = Swan(t.gw, connection("false", cert, "remote { auth = pubkey\n id = *@cert.test }", "gw-false.hub.test") if what != "wrong-name" else
                connection("false", cert, "remote { auth = pubkey\n id = *@cert.test }"), cas=[root], keys=[cert]).start()
    before = len(sentences(sp))
    sas = connect(sp, conf())
    ok("a gateway is not believed: %s" % what, not sas, str(sas))
    said = wait_for(3, lambda: sentences(sp)[:-before or None])
    print("   %s" % (said and said[0]))
    swan.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
