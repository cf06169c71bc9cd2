#!/usr/bin/env python3
"""What CERT payloads may carry besides certificates: certificates by hash and URL (RFC 7296 3.6), for which the gateway asks a web
server, and the OCSP response about the gateway's own certificate (RFC 4806)."""
import hashlib

import pki_lib
from lib import *
from peer_lib import socket_in

from ike_auth import HASH_URL, OCSP, PKCS7, X509, Cert, certificate
from ike_initiator import Initiator, NotProven, Refused

BUNDLE_URL, LOOKUP_SUPPORTED = 13, 16392
CONF = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
%(more)s
ip local pool RA 10.100.0.10 10.100.3.250
crypto ikev2 authorization policy RA
 pool RA
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
 %(point)s
crypto ikev2 profile RA
 match identity remote email domain cert.test
 identity local fqdn gw.example.test
 authentication remote ecdsa-sig
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authorization group cert list LOCAL RA
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
client = t.client(1)
root = pki_lib.Authority("Root")
sub = root.authority("Sub")
deep = sub.authority("Deep").authority("Deeper").authority("Deepest").leaf("deep", san=["email:deep@cert.test"], eku=["client"])
web, inside = pki_lib.Web(t.lan, "10.99.2.2"), pki_lib.Web(t.gw, "127.0.0.1")
anna = sub.leaf("anna", san=["email:anna@cert.test"], eku=["client"])
gw = root.leaf("gw", san=["dns:gw.example.test"], eku=["server"])


def conf(more="", point="", cert=None):
    cert = cert or gw
    return CONF % dict(ca=root.cert_file, cert=cert.chain_file, key=cert.key_file, more=more, point=point)


class Named(Cert):
    """CERT payloads as they are written here: (encoding, bytes)."""

    def __init__(self, entity, *payloads):
        super().__init__(entity)
        self.written = payloads

    def payloads(self):
        return [certificate(encoding, data) for encoding, data in self.written]


def named(data, url, encoding=HASH_URL):
    return encoding, hashlib.sha1(data).digest() + url.encode()


def login(sp, name, cred, want, id="anna@cert.test", logout=True, **more):
    """want: None = in, else words of the reason."""
    before = len(sp.sql("select 1 from v_failures"))
    p = Initiator(socket_in(client), "10.99.1.1", id, [cred], trust=[root.der], remote_id="gw.example.test", seconds=8, **more)
    try:
        p.login()
        got = None
        if logout:
            p.logout()
    except Refused:
        wait_for(3, lambda: len(sp.sql("select 1 from v_failures")) > before)
        got = sp.sql("select sentence from v_failures limit 1")[0][0]
    ok(name, got is None if want is None else got is not None and want in got, got)
    return p


def explicit(n, data):
    return pki_lib.der(0xA0 + n, data)


def by_url(sp):
    leaf_url, sub_url = web.put("anna.der", anna.der), web.put("sub.der", sub.der)
    leaf, issuer = named(anna.der, leaf_url), named(sub.der, sub_url)
    p = login(sp, "by URL, and that is off", Named(anna, leaf, issuer), "`crypto ikev2 http-url cert` is off")
    ok("... it is not offered", LOOKUP_SUPPORTED not in p.said)
    ok("... and nothing was fetched", web.requests() == 0)
    sp.configure(conf("crypto ikev2 http-url cert"))
    ok("reload", sp.reload(check=False).returncode == 0, sp.tail(3))
    p = login(sp, "leaf and issuer by URL", Named(anna, leaf, issuer), None)
    ok("... it is offered", LOOKUP_SUPPORTED in p.said)
    ok("... both were fetched", web.requests("anna.der") == 1 and web.requests("sub.der") == 1, web.requests())
    login(sp, "leaf by URL, issuer in full", Named(anna, leaf, (X509, sub.der)), None)
    login(sp, "leaf in full, issuer by URL", Named(anna, (X509, anna.der), issuer), None)
    both = pki_lib.der(0x30, explicit(0, anna.der), explicit(1, sub.crl([])), explicit(0, sub.der))
    login(sp, "both in a bundle", Named(anna, named(both, web.put("both.bundle", both), BUNDLE_URL)), None)
    broken = both[:-9]
    login(sp, "a broken bundle", Named(anna, named(broken, web.put("broken.bundle", broken), BUNDLE_URL)), "malformed")
    other = root.leaf("other", san=["email:anna@cert.test"], eku=["client"])
    login(sp, "another certificate than its hash says", Named(anna, named(anna.der, web.put("other.der", other.der))), "another hash")
    login(sp, "somebody else's certificate", Named(anna, named(other.der, web.url + "other.der")), "not of the key of its certificate")
    login(sp, "nothing there", Named(anna, named(anna.der, web.url + "missing.der"), issuer), "missing.der")
    login(sp, "a redirect", Named(anna, named(anna.der, web.url + "moved/anna.der"), issuer), "moved/anna.der")
    login(sp, "no answer", Named(anna, named(anna.der, web.url + "slow.der"), issuer), "slow.der")
    login(sp, "too long", Named(anna, named(bytes(100000), web.put("long.der", bytes(100000))), issuer), "too long")
    login(sp, "https", Named(anna, named(anna.der, "https://10.99.2.2/anna.der"), issuer), "it is no http:// URL")
    login(sp, "another port", Named(anna, named(anna.der, "http://10.99.2.2:81/anna.der"), issuer), ":81/anna.der")
    for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "10.99.1.1", "169.254.169.254", "0.0.0.0", "[::1]"):
        login(sp, "no way to " + host, Named(anna, named(anna.der, "http://%s/anna.der" % host), issuer), host)
    ok("... where nobody was asked", inside.requests() == 0)
    login(sp, "no URL", Named(anna, named(anna.der, ""), issuer), "URL of a certificate is missing")
    login(sp, "half a hash", Named(anna, (HASH_URL, bytes(7)), issuer), "URL of a certificate is missing")
    login(sp, "a line end in the URL", Named(anna, named(anna.der, leaf_url + "\r\nX: y"), issuer), "do not belong")
    login(sp, "a zero in the URL", Named(anna, named(anna.der, leaf_url + "\0x"), issuer), "URL of a certificate is missing")
    urls = [named(c, web.put("deep-%d.der" % i, c)) for i, c in enumerate(deep.chain)]
    before = web.requests()
    login(sp, "too many URLs", Named(deep, *urls), "more than 4", id="deep@cert.test")
    ok("... and nothing was fetched for them", web.requests() == before)
    login(sp, "as many as are allowed", Named(deep, *(urls[:3] + [(X509, c) for c in deep.chain[3:]])), None, id="deep@cert.test")
    ok("counted", sp.counters()["counters"]["revocation_fetches"] > 15)


def staples(p):
    return [data for encoding, data in p.certs_seen if encoding == OCSP]


def ocsp_of_ours(sp):
    responder = root.ocsp(t.lan, "10.99.2.2", 8888)
    asked = root.leaf("gw2", file="gw2", san=["dns:gw.example.test"], eku=["server"], ocsp_url=responder.url)
    responder.stop()
    responder.start()  # it knows gw2 now
    sp.configure(conf(cert=asked))
    ok("reload", sp.reload(check=False).returncode == 0, sp.tail(3))
    p = login(sp, "OCSP wanted, and the command is off", Cert(anna), None, ocsp=[])
    ok("... none is sent", staples(p) == [] and responder.requests() == 0)
    sp.configure(conf(cert=asked, point="sallyport ocsp staple\n sallyport fetch-host 10.99.2.2:8888"))
    ok("reload with the command", sp.reload(check=False).returncode == 0, sp.tail(3))
    ok("the responder is asked ahead", wait_for(5, lambda: responder.requests() == 1), sp.tail(3))
    time.sleep(0.3)
    p = login(sp, "OCSP wanted", Cert(anna), None, ocsp=[])
    good = staples(p)
    ok("... one response comes", len(good) == 1, [e for e, _ in p.certs_seen])
    path = pki_lib.write("staple", good[0] if good else b"")
    r = run("openssl", "ocsp", "-respin", path, "-issuer", root.cert_file, "-cert", asked.cert_file, "-CAfile", root.cert_file, "-no_nonce", check=False)
    ok("... which openssl finds good", "verify OK" in r.stdout and ": good" in r.stdout, r.stdout)
    p = login(sp, "OCSP not wanted", Cert(anna), None)
    ok("... none comes", staples(p) == [])
    ok("and the responder was asked once", responder.requests() == 1, responder.requests())
    sp.configure(conf(cert=asked, point="sallyport ocsp staple\n sallyport fetch-host 10.99.2.2:8888", more="! another"))
    sp.reload()
    p = login(sp, "after a reload", Cert(anna), None, ocsp=[])
    ok("... what was kept is still there", staples(p) == good and responder.requests() == 1)
    revoked = root.leaf("gw3", file="gw3", san=["dns:gw.example.test"], eku=["server"], ocsp_url=responder.url)
    responder.revoke(revoked)
    sp.configure(conf(cert=revoked, point="sallyport ocsp staple\n sallyport fetch-host 10.99.2.2:8888"))
    sp.reload()
    ok("one that says revoked is logged", wait_for(5, lambda: "our own certificate has been revoked" in sp.log_text()), sp.tail(3))
    p = login(sp, "OCSP wanted, ours is revoked", Cert(anna), None, ocsp=[])
    ok("... and not sent", staples(p) == [])


sp = Sallyport(t.gw, conf()).start()
by_url(sp)
ocsp_of_ours(sp)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
