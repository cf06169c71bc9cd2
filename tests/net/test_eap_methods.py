#!/usr/bin/env python3
# long: 80
"""Our EAP server against the peer of wpa_supplicant (eapol_test), which shares no line with it: every method, both
versions of TLS, and who is refused. The two talk RADIUS by tests/net/eap_radius.c; eapol_test compares its MSK with
ours."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU, NameOID

from lib import *

FRONT = os.path.join(ROOT, "build", "plain", "net", "eap_radius")
if not os.path.exists(FRONT):
    skip("build/plain/net/eap_radius is not built")
if not shutil.which("eapol_test"):
    skip("no eapol_test (package eapoltest)")
MD5, GTC, TLS, TTLS, PEAP, MSCHAPV2 = 4, 6, 13, 21, 25, 26
NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)


# ---- certificates -----------------------------------------------------------------------------

def path(name):
    return os.path.join(WORK, name)


def issue(file, cn, ca=None, sans=(), eku=None, until=NOW + 30 * DAY, key=None):
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])
    issuer, signer = ca or (None, key)
    b = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
         .public_key(key.public_key()).serial_number(x509.random_serial_number())
         .not_valid_before(NOW - 60 * DAY).not_valid_after(until)
         .add_extension(x509.BasicConstraints(issuer is None, None), True))
    if sans:
        b = b.add_extension(x509.SubjectAlternativeName(sans), False)
    if eku:
        b = b.add_extension(x509.ExtendedKeyUsage([eku]), False)
    cert = b.sign(signer, hashes.SHA256())
    with open(path(file + ".pem"), "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
    with open(path(file + ".key"), "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption()))
    return cert, key


ca = issue("ca", "Corp CA")
other = issue("other", "Other CA")
issue("server", "gw.corp.example", ca, [x509.DNSName("gw.corp.example")], EKU.SERVER_AUTH)
issue("server_long", "gw.corp.example", ca, [x509.DNSName("host-%d.very-long-name.corp.example" % n) for n in range(150)],
      EKU.SERVER_AUTH)
issue("server_rsa", "gw.corp.example", ca, [x509.DNSName("gw.corp.example")], EKU.SERVER_AUTH,
      key=rsa.generate_private_key(65537, 3072))
mail = [x509.RFC822Name("anna@corp.example")]
issue("anna", "anna", ca, mail, EKU.CLIENT_AUTH)
issue("anna_rsa", "anna", ca, mail, EKU.CLIENT_AUTH, key=rsa.generate_private_key(65537, 2048))
issue("expired", "anna", ca, mail, EKU.CLIENT_AUTH, until=NOW - DAY)
issue("stranger", "anna", other, mail, EKU.CLIENT_AUTH)
issue("gateway", "anna", ca, mail, EKU.SERVER_AUTH)

# ---- one login --------------------------------------------------------------------------------

host = Host("eap")
ports = iter(range(18120, 19000))


class Front:
    def __init__(self, methods, inner=(MSCHAPV2, GTC, MD5), version=0, fragment=1024, cert="server"):
        self.port, self.log, self.seen = next(ports), path("front-%d.log" % Host.count), 0
        self.log = path("front-%d.log" % self.port)
        self.process = spawn(host.ns, FRONT, self.port, "radius-secret", path(cert), path("ca.pem"),
                             ",".join(map(str, methods)), ",".join(map(str, inner)), version, fragment,
                             "anna", "secret", log=self.log)
        if not wait_for(5, lambda: "ready" in self.text()):
            raise RuntimeError("eap_radius: " + self.text())

    def text(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def login(self, has_keys=True, seconds=15, again=0, **network):
        """(eapol_test is content, what the server said last, all that eapol_test said)."""
        before = len(self.text())
        words = {"key_mgmt": "IEEE8021X", "identity": '"anna@corp.example"', "eapol_flags": "0", "ca_cert": '"%s"' % path("ca.pem")}
        words.update(network)
        conf = path("eapol-%d.conf" % self.port)
        with open(conf, "w") as f:
            f.write("network={\n%s}\n" % "".join(" %s=%s\n" % w for w in words.items() if w[1] is not None))
        r = host.run("eapol_test", "-c", conf, "-a", "127.0.0.1", "-p", self.port, "-s", "radius-secret", "-t", seconds,
                     "-r", again, *(() if has_keys else ("-n",)), check=False, timeout=seconds + 10)
        wait_for(1, lambda: len(self.text()) > before)
        return r.returncode == 0 and "SUCCESS" in r.stdout.splitlines()[-1], self.text()[before:].strip(), r.stdout

    def stop(self):
        stop_process(self.process)


def why(result):
    return "%s | %s" % (result[1], " ".join(result[2].splitlines()[-30:])[-1500:])


def goes_in(name, front, type_, user, has_keys=True, **network):
    r = front.login(has_keys, **network)
    ok(name, r[0] and r[1] == "in %d %s" % (type_, user), why(r))
    if has_keys:
        ok(name + ": the same MSK", "MPPE keys OK: 1  mismatch: 0" in r[2], why(r))
    return r


def stays_out(name, front, words, **network):
    r = front.login(seconds=6, **network)
    ok(name, not r[0] and "in " not in r[1][:3] and words in r[1], "wanted %r: %s" % (words, why(r)))
    return r[2]


def tls_of(version):
    return "tls_disable_tlsv1_0=1 tls_disable_tlsv1_1=1 tls_disable_tlsv1_2=%d tls_disable_tlsv1_3=%d" % (version == 13, version == 12)


def quoted(text):
    return '"%s"' % text


def client(name, phase1="", key=None):
    return {"eap": "TLS", "client_cert": quoted(path(name + ".pem")), "private_key": quoted(path((key or name) + ".key")),
            "phase1": quoted(phase1)}


# ---- EAP-TLS ----------------------------------------------------------------------------------

for version in (12, 13):
    v, p1 = "TLS 1.%d" % (version - 10), tls_of(version)
    for cert, fragment in (("server", 1024), ("server_rsa", 100), ("server_long", 4000)):
        front = Front([TLS], version=version, fragment=fragment, cert=cert)
        goes_in("EAP-TLS, %s, %s, fragments of %d" % (v, cert, fragment), front, TLS, "anna@corp.example",
                **client("anna", p1))
        if fragment != 1024:
            front.stop()
            continue
        goes_in("EAP-TLS, %s, RSA certificate, fragments of the client" % v, front, TLS, "anna@corp.example",
                fragment_size="120", **client("anna_rsa", p1))
        goes_in("EAP-TLS, %s, identity in capitals" % v, front, TLS, "anna@corp.example",
                **dict(client("anna", p1), identity=quoted("ANNA@CORP.EXAMPLE")))
        goes_in("EAP-TLS, %s, a realm alone" % v, front, TLS, "anna@corp.example",
                **dict(client("anna", p1), identity=quoted("@corp.example")))
        r = front.login(again=1, **client("anna", p1))
        ok("EAP-TLS, %s: a second login is no resumption" % v,
           r[0] and r[1].count("in 13 ") == 2 and r[2].count("resumed=0") >= 2 and "resumed=1" not in r[2], why(r))
        for name, cert, token, alert in (("an expired certificate", "expired", "certificate_expired", "certificate expired"),
                                         ("another CA", "stranger", "certificate_untrusted", "unknown CA"),
                                         ("a server's certificate", "gateway", "certificate_purpose", "unsupported certificate")):
            said = stays_out("EAP-TLS, %s: %s" % (v, name), front, token, **client(cert, p1))
            ok("EAP-TLS, %s: %s, as the client hears it" % (v, name), "remote TLS alert (param=%s)" % alert in said, said[-600:])
        stays_out("EAP-TLS, %s: another name" % v, front, "eap_name", **dict(client("anna", p1), identity=quoted("bert")))
        r = front.login(seconds=6, **dict(client("anna", p1), ca_cert=quoted(path("other.pem"))))
        ok("EAP-TLS, %s: a client that does not trust the server" % v, not r[0] and "tls_alert" in r[1], why(r))
        r = front.login(seconds=6, **dict(client("anna", p1), domain_match=quoted("other.example")))
        ok("EAP-TLS, %s: a client that wants another server" % v, not r[0] and "tls_alert" in r[1], why(r))
        front.stop()

# ---- TTLS and PEAP ----------------------------------------------------------------------------


def tunnel(eap, phase2, p1, password="secret", **more):
    return dict({"eap": eap, "identity": quoted("anna"), "anonymous_identity": quoted("anonymous"),
                 "password": quoted(password), "phase1": quoted(p1), "phase2": quoted(phase2)}, **more)


TTLS_INNER = ("auth=PAP", "auth=MSCHAPV2", "autheap=MSCHAPV2", "autheap=GTC", "autheap=MD5")
for version in (12, 13):
    v, p1 = "TLS 1.%d" % (version - 10), tls_of(version)
    for fragment, cert in ((1024, "server"), (90, "server_rsa")):
        # The client names the method it wants by a Nak, whatever we propose first.
        front = Front([TTLS], version=version, fragment=fragment, cert=cert)
        for inner in TTLS_INNER:
            name = "TTLS, %s, %s, fragments of %d" % (v, inner, fragment)
            goes_in(name, front, TTLS, "anna", **tunnel("TTLS", inner, p1))
            if fragment == 1024:
                stays_out(name + ": wrong password", front, "wrong_password", **tunnel("TTLS", inner, p1, "Secret"))
                stays_out(name + ": nobody", front, "user_unknown", **tunnel("TTLS", inner, p1, identity=quoted("bert")))
        front.stop()
        front = Front([PEAP], version=version, fragment=fragment, cert=cert)
        for inner in ("auth=MSCHAPV2", "auth=GTC"):
            name = "PEAP, %s, %s, fragments of %d" % (v, inner, fragment)
            for binding in (0, 1, 2):
                goes_in("%s, crypto_binding=%d" % (name, binding), front, PEAP, "anna",
                        **tunnel("PEAP", inner, p1 + " peapver=0 crypto_binding=%d" % binding))
            if fragment == 1024:
                stays_out(name + ": wrong password", front, "wrong_password",
                          **tunnel("PEAP", inner, p1 + " peapver=0", "Secret"))
                stays_out(name + ": nobody", front, "user_unknown",
                          **tunnel("PEAP", inner, p1 + " peapver=0", identity=quoted("bert")))
        front.stop()
    front = Front([TTLS, PEAP], inner=(MSCHAPV2,), version=version)
    stays_out("TTLS, %s: PAP where it is not allowed" % v, front, "eap_no_method", **tunnel("TTLS", "auth=PAP", p1))
    stays_out("TTLS, %s: a client that wants another CA" % v, front, "tls_alert",
              **tunnel("TTLS", "auth=MSCHAPV2", p1, ca_cert=quoted(path("other.pem"))))
    goes_in("PEAP, %s, chosen by a Nak" % v, front, PEAP, "anna", **tunnel("PEAP", "auth=MSCHAPV2", p1 + " peapver=0"))
    front.stop()

# ---- without TLS ------------------------------------------------------------------------------

front = Front([MSCHAPV2, GTC, MD5])
for eap, type_, keys in (("MSCHAPV2", MSCHAPV2, True), ("GTC", GTC, False), ("MD5", MD5, False)):
    words = {"eap": eap, "identity": quoted("anna"), "password": quoted("secret")}
    goes_in("EAP-" + eap, front, type_, "anna", keys, **words)
    stays_out("EAP-%s: wrong password" % eap, front, "wrong_password", **dict(words, password=quoted("Secret")))
front.stop()
done()
