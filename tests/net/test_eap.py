#!/usr/bin/env python3
"""EAP: a strongSwan client with each of its methods, over IPv4 and IPv6; certificate and then EAP; who is refused, and in which words."""
import pki_lib
from lib import *
from swan_lib import Swan

PASSWORD = "anna's password"
EAP_CONF = """
hostname gw
aaa new-model
aaa authentication login LOCAL local
aaa authorization network LOCAL local
username anna password 0 %(password)s
username bert password 0 other
ip local pool RA 10.100.0.10 10.100.3.250
ipv6 local pool RA6 fd00:100::/112 128
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 ipv6 pool RA6
 route set access-list LAN
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 profile RA
 match identity remote email domain eap.test
 identity local fqdn gw.example.test
 authentication remote eap query-identity
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authentication eap LOCAL
 aaa authorization group eap list LOCAL RA
 %(more)s
 virtual-template 1
crypto ikev2 profile BOTH
 match identity remote email domain both.test
 identity local fqdn gw.example.test
 authentication remote eap query-identity
 authentication remote ecdsa-sig
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authentication eap LOCAL
 aaa authorization group eap list LOCAL RA
 sallyport eap multiple
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
other = pki_lib.Authority("Other Root", kind="rsa")
gw = root.leaf("gw", kind="rsa", san=["dns:gw.example.test"], eku=["server"])
anna = root.leaf("anna", kind="p256", san=["email:anna@eap.test", "email:anna@both.test"], eku=["client"])
stranger = other.leaf("stranger", kind="p256", san=["email:mallory@eap.test"], eku=["client"])


def conf(more=" sallyport eap methods mschapv2 tls ttls peap gtc md5", **changes):
    return EAP_CONF % dict(dict(ca=root.cert_file, cert=gw.chain_file, key=gw.key_file, password=PASSWORD, more=more), **changes)


def connection(name, locals_, family="ipv4"):
    return """ %s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = %s
  vips = 0.0.0.0, ::
  encap = yes
  send_cert = always
  keyingtries = 1
  %s
  remote { auth = pubkey
           id = gw.example.test }
  children { net { remote_ts = 10.99.2.0/24, fd00:99:2::/64
                   esp_proposals = aes128gcm16 } } }
""" % (name, {"ipv4": "10.99.1.1", "ipv6": "fd00:99:1::1"}[family], locals_)


def eap(method, user="anna", cert=None, id="anna@eap.test"):
    more = "\n certs = %s" % cert.chain_file if cert else ""
    return "local { auth = eap-%s\n id = %s\n eap_id = %s%s }" % (method, id, user, more)


METHODS = {"mschapv2": eap("mschapv2"), "md5": eap("md5"), "gtc": eap("gtc"), "ttls": eap("ttls"),
           "tls": eap("tls", user="anna@eap.test", cert=anna)}
both = "local-1 { auth = pubkey\n certs = %s\n id = anna@both.test }\n local-2 { auth = eap-mschapv2\n id = anna@both.test\n eap_id = anna }" % anna.chain_file


def up(swan, name):
    r = swan.ctl("--initiate", "--ike", name, "--child", "net", "--timeout", 12, check=False)
    swan.last = r.stdout
    return r.returncode == 0


sp = Sallyport(t.gw, conf()).start()
names = {"%s-%s" % (m, f): connection("%s-%s" % (m, f), local, f) for m, local in METHODS.items() for f in ("ipv4", "ipv6")}
names.update({"both-" + f: connection("both-" + f, both, f) for f in ("ipv4", "ipv6")})
wrong = {"wrong-" + m: connection("wrong-" + m, eap(m, user="bert")) for m in ("mschapv2", "md5", "gtc", "ttls")}
wrong["cert-alone"] = connection("cert-alone", "local { auth = pubkey\n certs = %s\n id = anna@both.test }" % anna.chain_file)
wrong["eap-alone"] = connection("eap-alone", eap("mschapv2", id="anna@both.test"))
wrong["nobody"] = connection("nobody", eap("mschapv2", user="nobody"))
wrong["other-ca"] = connection("other-ca", eap("tls", user="mallory@eap.test", cert=stranger))
swan = Swan(t.client(1), "".join(names.values()) + "".join(wrong.values()),
            "eap-1 { id-1 = anna\n id-2 = anna@eap.test\n secret = \"%s\" }\n eap-2 { id-1 = bert\n id-2 = nobody\n secret = \"no\" }" % PASSWORD,
            cas=[root], keys=[anna, stranger], retransmits=3, timeout="0.7", plugins="").start()
for name in names:
    if not ok(name, up(swan, name), swan.last[-900:] + sp.tail(3)):
        continue
    sa = sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"][-1]
    print("   %s %s" % (sa.get("auth_sign"), sa.get("auth_verify")))
    ok("... is shown as EAP", sa.get("auth_verify") == "EAP", str(sa.get("auth_verify")))
    ok("... carries packets", swan.host.ping("10.99.2.2", count=1) == 1)
    ok("... and is deleted", swan.down(name))
for name in wrong:
    ok("%s is refused" % name, not up(swan, name), sp.tail(2))
print("\n".join("   %s" % r for (r,) in sp.sql("select sentence from v_failures")))
swan.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
