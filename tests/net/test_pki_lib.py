#!/usr/bin/env python3
"""The certificates of pki_lib are what they say: judged by openssl."""
import pki_lib
from lib import *

host = Host("pki")
host.addr("lo", "10.99.2.2/24", "fd00::2/64")
root = pki_lib.Authority("Root", kind="rsa")
ca = root.authority("CN=Issuing CA, O=Example", path_length=0, permit=["dns:corp.test", "email:corp.test", "ip:10.0.0.0/8"], exclude=["dns:bad.corp.test"])
names = ["email:anna@corp.test", "dns:a.corp.test", "ip:10.99.2.2"]
anna = ca.leaf("CN=anna, O=Example", san=names)


def judge(leaf, *more):
    """What openssl says of it; "" = that it is good."""
    r = run("openssl", "verify", "-CAfile", root.cert_file, "-untrusted", leaf.chain_file, *more, leaf.cert_file, check=False)
    return "" if r.returncode == 0 else next(line for line in r.stdout.splitlines() if line.startswith("error")).split(":", 1)[1].strip()


for kind in ("rsa", "rsa3072", "p256", "p384", "p521", "ed25519"):
    ok("a leaf of " + kind, judge(ca.leaf("leaf " + kind, kind=kind)) == "")
ok("with names that are permitted", judge(anna) == "", judge(anna))
for name, leaf, word in (("expired", ca.leaf("old", days=(-10, -1)), "expired"), ("not yet valid", ca.leaf("early", days=(1, 10)), "not yet valid"),
                         ("not permitted", ca.leaf("out", san=["dns:other.test"]), "permitted subtree violation"),
                         ("excluded", ca.leaf("bad", san=["dns:x.bad.corp.test"]), "excluded subtree violation"),
                         ("path too long", ca.authority("Deep CA").leaf("deep"), "path length constraint exceeded"),
                         ("of one that is no authority", pki_lib.Authority("No CA", issuer=root, is_ca=False).leaf("x"), "invalid CA certificate"),
                         ("of another authority", pki_lib.Authority("Root", file="other").leaf("x", file="x2"), "unable to get local issuer"),
                         ("without digitalSignature", ca.leaf("nosign", usage="none"), "")):
    ok(name, word in judge(leaf) and bool(judge(leaf)) == bool(word), judge(leaf))
ok("for a server", judge(ca.leaf("s", eku=["server"]), "-purpose", "sslserver") == "")
ok("not for a client", judge(ca.leaf("s2", eku=["server"]), "-purpose", "sslclient") != "")

root.crl()
ca.crl([anna], reason="keyCompromise")
ok("revoked by the CRL", "revoked" in judge(anna, "-crl_check", "-CRLfile", ca.crl_file))
ok("another is not", judge(ca.leaf("bert"), "-crl_check", "-CRLfile", ca.crl_file) == "")
ca.crl([], days=(-10, -1), file="stale")
ok("a CRL that is too old", "expired" in judge(anna, "-crl_check", "-CRLfile", ca.crl_file))

responder = ca.ocsp(host, "10.99.2.2")


def ask():
    return host.run("openssl", "ocsp", "-issuer", ca.cert_file, "-cert", anna.cert_file, "-url", responder.url, "-CAfile", root.cert_file,
                    "-verify_other", responder.signer.chain_file, check=False).stdout


good = ask()
ok("OCSP: good", "verify OK" in good and ": good" in good, good)
responder.revoke(anna)
ok("OCSP: revoked", ": revoked" in ask())
ok("OCSP counts", responder.requests() == 2, responder.requests())
for state in ("good", "revoked", "unknown"):
    path = pki_lib.write("answer", ca.ocsp_response(anna, state))
    r = run("openssl", "ocsp", "-respin", path, "-issuer", ca.cert_file, "-cert", anna.cert_file, "-CAfile", root.cert_file, "-no_nonce", check=False)
    ok("OCSP response: " + state, "verify OK" in r.stdout and ": " + state in r.stdout, r.stdout)

for address, port in (("10.99.2.2", 80), ("fd00::2", 8080)):
    web = pki_lib.Web(host, address, port)
    url = web.put("ca.crl", ca.crl_der)
    got = host.run("curl", "-sg", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", url).stdout
    ok("by HTTP from " + address, got == "200 %d" % len(ca.crl_der) and web.requests("ca.crl") == 1, got)
ok("redirected", host.run("curl", "-sg", "-o", "/dev/null", "-w", "%{http_code}", web.url + "moved/ca.crl").stdout == "302")

for name, spki in pki_lib.degenerate().items():
    leaf = ca.leaf("weak " + name, spki=spki)
    r = run("openssl", "asn1parse", "-inform", "DER", "-in", leaf.der_file, check=False)
    ok("degenerate key " + name, r.returncode == 0 and spki in leaf.der, r.stdout[-200:])
done()
