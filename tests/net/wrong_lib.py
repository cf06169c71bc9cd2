"""A headend with a profile for every way to authenticate, and what a refused login has to leave behind."""
import pki_lib
from lib import *
from peer_lib import socket_in

from eap_peer import Eap  # noqa: E402
from ike_auth import *  # noqa: E402
from ike_initiator import Initiator, Refused, Silent  # noqa: E402

GW4, GW6, TARGET, PASSWORD = "10.99.1.1", "fd00:99:1::1", "10.99.2.2", "anna's password"
METHODS = "mschapv2 tls ttls peap gtc md5"

HEAD = """
hostname gw
aaa new-model
aaa authentication login LOCAL local
aaa authorization network LOCAL local
username anna password 0 %(password)s
no aaa local authentication attempts max-fail
sallyport half-open per-source 1000
sallyport ike resumption lifetime 600
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
 sallyport require-eku
 revocation-check none
crypto ikev2 keyring KR
 peer ALL
  identity email domain psk.test
  pre-shared-key %(psk)s
%(profiles)s
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
PROFILE = """crypto ikev2 profile %s
 match identity remote email domain %s.test
 identity local fqdn gw.example.test
%s
 pki trustpoint HQ
 virtual-template 1
"""
CERT_LINES = " authentication remote rsa-sig\n authentication remote ecdsa-sig\n authentication local rsa-sig\n aaa authorization group cert list LOCAL RA"
EAP_LINES = " authentication remote eap query-identity timeout 10\n authentication local rsa-sig\n aaa authentication eap LOCAL\n" \
            " aaa authorization group eap list LOCAL RA\n sallyport eap methods %s\n sallyport eap inner-methods mschapv2 gtc md5" % METHODS
PSK_LINES = " authentication remote pre-share\n authentication local pre-share\n keyring local KR\n aaa authorization group psk list LOCAL RA"
PROFILES = "".join(PROFILE % p for p in (
    ("PSK", "psk", PSK_LINES), ("CERT", "cert", CERT_LINES), ("EAP", "eap", EAP_LINES),
    ("ONLY", "only", EAP_LINES + "\n sallyport eap only"),
    ("BOTH", "both", EAP_LINES + "\n authentication remote rsa-sig\n authentication remote ecdsa-sig\n sallyport eap multiple")))


class Headend(Sallyport):
    """With an RSA certificate for gw.example.test of `root`."""

    def __init__(self, host, root, cert):
        super().__init__(host, HEAD % dict(ca=root.cert_file, cert=cert.chain_file, key=cert.key_file, password=PASSWORD, psk=PSK, profiles=PROFILES))
        self.seen = 0

    def failures(self):
        """[(status, sentence)] since this was asked last."""
        rows = self.sql("select id, status, sentence from failures where id > %d order by id" % self.seen)
        self.seen = rows[-1][0] if rows else self.seen
        return [(s, text) for _, s, text in rows]


def login_of(peer):
    """None when it is in; else what it found out."""
    try:
        peer.login()
    except Refused as e:
        return "refused %s%s" % (sorted(e.kinds), " EAP-Failure" if getattr(e, "eap_failure", False) else "")
    except Silent:
        return "silence"
    except NotProven as e:
        return "not proven: %s" % e
    return None
