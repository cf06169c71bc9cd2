#!/usr/bin/env python3
"""Certificates: a strongSwan client with each kind of key, over IPv4 and IPv6, and who is refused and why."""
import pki_lib
from lib import *
from swan_lib import Swan

KINDS = ("rsa", "p256", "p384", "p521", "ed25519")

CERT_CONF = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
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
 match identity remote email domain cert.test
 identity local fqdn gw.example.test
 authentication remote rsa-sig
 authentication remote ecdsa-sig
 authentication local %(local)s
 pki trustpoint HQ
 aaa authorization group cert list LOCAL RA
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
sub = root.authority("Test Issuing CA")
gateways = {k: sub.leaf("gw-" + k, kind=k, san=["dns:gw.example.test"], eku=["server"]) for k in KINDS}
users = {k: sub.leaf("user-" + k, kind=k, san=["email:%s@cert.test" % k], eku=["client"]) for k in KINDS}


def conf(kind, **more):
    gw = gateways[kind]
    return CERT_CONF % dict(dict(ca=root.cert_file, cert=gw.chain_file, key=gw.key_file,
                                 local="rsa-sig" if kind == "rsa" else "ecdsa-sig"), **more)


def connection(kind, family, auth="pubkey", remote="pubkey", name=None, cert=None, id=None):
    return """ %s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = %s
  vips = 0.0.0.0, ::
  encap = yes
  send_cert = always
  keyingtries = 1
  local { auth = %s
          certs = %s
          id = %s }
  remote { auth = %s
           id = gw.example.test }
  children { net { remote_ts = 10.99.2.0/24, fd00:99:2::/64
                   esp_proposals = aes128gcm16 } } }
""" % (name or "%s-%s" % (kind, family), {"ipv4": "10.99.1.1", "ipv6": "fd00:99:1::1"}[family], auth,
       cert or users[kind].chain_file, id or "%s@cert.test" % kind, remote)


def up(swan, name):
    r = swan.ctl("--initiate", "--ike", name, "--child", "net", "--timeout", 12, check=False)
    swan.last = r.stdout
    return r.returncode == 0


def reasons(sp):
    return [r for (r,) in sp.sql("select sentence from v_failures order by rowid")] if False else \
        [r for (r,) in sp.sql("select sentence from v_failures")]


sp = Sallyport(t.gw, conf("rsa")).start()
swan = Swan(t.client(1), "".join(connection(k, f) for k in KINDS for f in ("ipv4", "ipv6")), cas=[root], subs=[sub],
            keys=list(users.values()), retransmits=3, timeout="0.7").start()
for gw in KINDS:
    if gw != "rsa":
        sp.configure(conf(gw))
        ok("gateway %s: reload" % gw, sp.reload(check=False).returncode == 0, sp.tail(4))
    for user in KINDS if gw == "rsa" else ("rsa", "ed25519"):
        for family in ("ipv4", "ipv6"):
            name = "%s-%s" % (user, family)
            if not ok("gateway %s, client %s" % (gw, name), up(swan, name), swan.last[-700:] + sp.tail(3)):
                continue
            sa = sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"][-1]
            print("   %s %s" % (sa.get("auth_sign"), sa.get("auth_verify")))
            ok("... carries packets", swan.host.ping("10.99.2.2", count=1) == 1)
            ok("... and is deleted", swan.down(name))
swan.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
