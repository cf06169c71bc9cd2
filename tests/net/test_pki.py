#!/usr/bin/env python3
"""Trustpoints in a running daemon: files through the holder, the pair of certificate and key, what show says, a reload with
something broken, ends of certificates that come near."""
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lib import *

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Corp"), x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def cert(cn, key, issuer, issuer_key, ca=False, days=365, since=1):
    return (x509.CertificateBuilder().subject_name(name(cn)).issuer_name(name(issuer)).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(NOW - since * DAY).not_valid_after(NOW + days * DAY)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("gw.example.test")]), critical=False)
            .sign(issuer_key, hashes.SHA256()))


def pem(c):
    return c.public_bytes(ser.Encoding.PEM)


def key_pem(k):
    return k.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())


root_key, sub_key, key, other_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
root = cert("Root CA", root_key, "Root CA", root_key, ca=True, days=3650)
sub = cert("Sub CA", sub_key, "Root CA", root_key, ca=True, days=1825)
crl = (x509.CertificateRevocationListBuilder().issuer_name(name("Sub CA")).last_update(NOW - DAY).next_update(NOW + 7 * DAY)
       .sign(sub_key, hashes.SHA256()))
FILES = {
    "ca.pem": pem(root), "gw.pem": pem(cert("gw", key, "Sub CA", sub_key)) + pem(sub), "gw.key": key_pem(key),
    "rsa.pem": pem(cert("rsa gw", rsa_key, "Sub CA", sub_key)), "rsa.key": key_pem(rsa_key),
    "soon.pem": pem(cert("soon over", key, "Sub CA", sub_key, days=20)),
    "over.pem": pem(cert("over", key, "Sub CA", sub_key, days=-1, since=40)),
    "other.key": key_pem(other_key), "sub.crl": crl.public_bytes(ser.Encoding.DER),
    "bundle.pem": pem(cert("gw", key, "Sub CA", sub_key)) + key_pem(key), "secret.txt": b"-----BEGIN CERTIFICATE-----\n",
}

t = Topology()
sp = Sallyport(t.gw, CONF)
pki = os.path.join(sp.dir, "pki")
os.makedirs(pki)
for file, data in FILES.items():
    with open(os.path.join(pki, file), "wb") as f:
        f.write(data)
    os.chmod(os.path.join(pki, file), 0o600)  # root's: main cannot open them itself


def trustpoint(name="HQ", cert="gw", key="gw", more=""):
    return ("crypto pki trustpoint %s\n sallyport ca-certificate pki/ca.pem\n sallyport certificate pki/%s.pem\n"
            " sallyport private-key pki/%s.key\n%s" % (name, cert, key, more))


def certs(*words):
    return sp.show("crypto", "pki", "certificates", *words)["certificates"]


def trustpoints():
    return {p["name"]: p for p in sp.show("crypto", "pki", "trustpoints")["trustpoints"]}


def subject(kind="own"):
    return [c["subject"] for c in certs() if c["kind"] == kind]


GOOD = CONF + trustpoint(more=" sallyport crl %s/sub.crl\n" % pki)
sp.configure(GOOD)
sp.start()

# ---- show --------------------------------------------------------------------------------------
ok("our certificate, its issuer, the root", subject() == ["CN=gw,O=Corp"] and
   subject("ca") == ["CN=Sub CA,O=Corp", "CN=Root CA,O=Corp"], str(certs()) + sp.tail(5))
hq = trustpoints()["HQ"]
ok("the trustpoint is whole", hq["status"] == "ok" and hq["signs"] and hq["anchors"] == 1 and hq["crls"] == 1 and
   hq["revocation_check"] == ["crl"], str(hq))
text = sp.command("show", "crypto", "pki", "certificates", "HQ").stdout
ok("in the router's words", all(w in text for w in ("Certificate\n  Status: Available\n", "Certificate Serial Number (hex): ",
   "    CN=Sub CA\n    O=Corp\n", "CA Certificate", "    end   date: ", "Associated Trustpoints: HQ", "dns:gw.example.test")), text)
text = sp.command("show", "crypto", "pki", "trustpoints", "status").stdout
ok("the state of trustpoints", "Issuing CA authenticated ....... Yes" in text and "Trustpoint HQ:" in text, text)
text = sp.command("show", "crypto", "pki", "crls").stdout
ok("revocation lists", "CN=Sub CA" in text and "NextUpdate: " in text and "0 entries" in text, text)
r = sp.command("show", "crypto", "pki", "certificates", "NOBODY", check=False)
ok("a trustpoint that is not there", r.returncode == 1 and "no trustpoint" in r.stdout, r.stdout)
left = sp.counters()["certificate_left_seconds"]
ok("the time that is left is a metric", 364 * 86400 < left <= 365 * 86400, str(left))


sp.configure(GOOD + """crypto ikev2 profile CERT
 match certificate FIELD
 authentication local rsa-sig
 authentication remote eap query-identity
 sallyport eap methods tls gtc
 pki trustpoint HQ
crypto pki certificate map FIELD 10
 subject-name co ou=field
""")
sp.reload()
text = sp.command("show", "crypto", "ikev2", "profile", "CERT").stdout
ok("a profile says what it is proved by", all(w in text for w in ("certificate map FIELD", "HQ sign verify",
   "EAP methods: tls gtc, identity queried", "Local authentication method: rsa-sig")), text)
p = sp.show("crypto", "ikev2", "profile", "CERT")[0]
ok("in JSON, too", p["trustpoints"] == ["HQ"] and p["eap_methods"] == ["tls", "gtc"], str(p))
sp.configure(GOOD)
sp.reload()


# ---- reload ------------------------------------------------------------------------------------
def refused(what, conf, says):
    before = [c["sha256"] for c in certs()]
    sp.configure(conf)
    r = sp.reload(check=False)
    ok("refused: " + what, r.returncode != 0 and says in r.stdout and [c["sha256"] for c in certs()] == before and
       len(before) == 3 and says in sp.log_text(), r.stdout + sp.tail(3))


refused("a key of another certificate", CONF + trustpoint(key="other"), "does not belong to the certificate")
refused("no such file", CONF + trustpoint(cert="absent"), "there is no such file")
refused("not a certificate", CONF + trustpoint(cert="secret", more=" sallyport ca-certificate pki/secret.txt\n"), "pki/secret")
refused("a certificate and a private key in one file", CONF + trustpoint(cert="bundle"), "only the keys process may read")
refused("a command in short, which the holder does not take", CONF + trustpoint(more=" sally crl /etc/hostname\n").replace(
    " sally crl", " sallyport cr"), "not written in full words")
sp.configure(CONF + trustpoint(cert="rsa", key="rsa") + trustpoint("EC"))
r = sp.reload(check=False)
ok("another certificate is in force at once", r.returncode == 0 and subject() == ["CN=rsa gw,O=Corp", "CN=gw,O=Corp"],
   r.stdout + sp.tail(5))
sp.configure(CONF)
sp.reload()
ok("without trustpoints there are none", certs() == [] and trustpoints() == {})
ok("and nothing that could end", wait_for(3, lambda: sp.counters()["certificate_left_seconds"] == 0)) # a sample serves for a moment

# ---- ends --------------------------------------------------------------------------------------
sp.configure(CONF + trustpoint(cert="soon") + trustpoint("OLD", cert="over"))
sp.reload()
ok("what ends soon is said", wait_for(5, lambda: "expires soon" in sp.log_text() and "CN=soon over" in sp.log_text()), sp.tail(5))
ok("what is over is said", "state=expired" in sp.log_text() and "CN=over" in sp.log_text(), sp.tail(5))
status = {c["subject"]: c["status"] for c in certs()}
ok("and shown", status["CN=soon over,O=Corp"] == "Available, expires soon" and status["CN=over,O=Corp"] == "Expired", str(status))
ok("no warning of those that are good for long", "CN=Root CA" not in sp.log_text(), sp.tail(5))

# ---- a start with something broken ----------------------------------------------------------------
sp.stop()
sp.configure(CONF + trustpoint("BAD", cert="absent") + trustpoint("WRONG", key="other") + trustpoint())
sp.start()
p = trustpoints()
ok("main starts with what is whole", p["HQ"]["signs"] and not p["BAD"]["signs"] and not p["WRONG"]["signs"] and
   p["BAD"]["status"] == "not_found" and "does not belong" in p["WRONG"]["reason"] and p["WRONG"]["anchors"] == 1, str(p))
ok("and says what is not", "pki_error" in sp.log_text() and "trustpoint=BAD" in sp.log_text(), sp.tail(8))
sp.kill_main()
ok("a new main has them again", wait_for(10, sp.answers) and wait_for(10, lambda: trustpoints()["HQ"]["signs"]), sp.tail(5))
sp.stop()
done()
