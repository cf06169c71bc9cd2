"""Certificates for tests: authorities, leaves, CRLs, OCSP responders, a web server, and certificates that are wrong on purpose.

    ca = Authority("Test CA")                                  # self-signed, ECDSA P-256
    sub = ca.authority("Sub CA", kind="rsa")                   # an intermediate; path_length, permit, exclude: constraints
    gw = sub.leaf("gw", kind="rsa", san=["dns:gw.example.test", "ip:10.99.1.1"], eku=["server"])
    gw.cert_file, gw.key_file, gw.chain_file                   # PEM; the chain is the leaf and the intermediates, without the root
    gw.der, gw.chain, gw.key, gw.cert                          # DER; [DER of leaf, intermediates]; objects of python3-cryptography
    ca.crl([gw]); ca.crl_file                                  # PEM; ca.crl_der: the same as DER
    web = Web(lan, "10.99.2.2"); web.put("ca.crl", ca.crl([gw])); web.requests()
    ocsp = sub.ocsp(lan, "10.99.2.2", 8888); ocsp.revoke(gw)   # `openssl ocsp` in the namespace of `lan`

kind: rsa (2048 bits), rsa1024, rsa3072, rsa4096, p256, p384, p521, ed25519, or a private key that exists already.
days: (first, last) from now, so (-10, -1) has expired and (1, 10) is not valid yet.
san: dns:, ip:, email:, uri:, dn: (RFC 4514). eku: server, client, ike (ikeIntermediate), ocsp, any, or an OID; None: no extension.

`python3 pki_lib.py FOLDER` writes a small set of all kinds, for use by hand."""
import datetime
import hashlib
import ipaddress
import os
import re
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

EKUS = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "ocsp": "1.3.6.1.5.5.7.3.9",
        "ike": "1.3.6.1.5.5.8.2.2", "ipsec": "1.3.6.1.5.5.7.3.17", "any": "2.5.29.37.0"}
FIELDS = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
          "C": NameOID.COUNTRY_NAME, "L": NameOID.LOCALITY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME,
          "E": NameOID.EMAIL_ADDRESS, "DC": NameOID.DOMAIN_COMPONENT, "SERIALNUMBER": NameOID.SERIAL_NUMBER}
CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}


def folder():
    """The folder of the test that runs, else one that the caller set."""
    if folder.path is None:
        import lib
        folder.path = os.path.join(lib.WORK, "pki")
    os.makedirs(folder.path, exist_ok=True)
    return folder.path


folder.path = None


def make_key(kind):
    if not isinstance(kind, str):
        return kind
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:] or 2048))
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(CURVES[kind]())


def signing_hash(key):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}[key.curve.key_size]()
    return hashes.SHA256()


def sign(key, data):
    """The signature of a certificate."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data, ec.ECDSA(signing_hash(key)))


def make_name(text):
    """`CN=a, O=b`, or only a common name. The order is that of the bytes."""
    if "=" not in text:
        text = "CN=" + text
    return x509.Name([x509.NameAttribute(FIELDS[k.strip()], v.strip()) for k, v in
                      (part.split("=", 1) for part in re.split(r",(?=\s*[A-Z]+=)", text))])


def general(text):
    kind, value = text.split(":", 1)
    return {"dns": x509.DNSName, "email": x509.RFC822Name, "uri": x509.UniformResourceIdentifier,
            "ip": lambda v: x509.IPAddress(ipaddress.ip_network(v) if "/" in v else ipaddress.ip_address(v)),
            "dn": lambda v: x509.DirectoryName(make_name(v))}[kind](value)


def write(name, data, mode=0o644):
    path = os.path.join(folder(), name)
    with open(path + ".new", "wb") as f:
        os.chmod(path + ".new", mode)
        f.write(data)
    os.rename(path + ".new", path)
    return path


class Entity:
    """A certificate with its key; as files NAME.crt, NAME.key and NAME.chain in PEM, NAME.der."""

    def __init__(self, file, der, key, issuer):
        self.file, self.der, self.key, self.issuer = file, der, key, issuer
        try:
            self.cert = x509.load_der_x509_certificate(der)
            self.serial = self.cert.serial_number
        except ValueError:
            self.cert = None
        above, self.chain = issuer, [der]
        while above is not None and above.issuer is not None:
            self.chain.append(above.der)
            above = above.issuer
        self.cert_file = write(file + ".crt", pem(der))
        self.chain_file = write(file + ".chain", b"".join(pem(d) for d in self.chain))
        self.der_file = write(file + ".der", der)
        self.key_file = write(file + ".key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        self.fingerprint = hashlib.sha256(der).hexdigest()

    @property
    def subject_der(self):
        return self.cert.subject.public_bytes()

    @property
    def spki(self):
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def key_hash(self):
        """What a CERTREQ names this authority by (RFC 7296 3.7)."""
        return hashlib.sha1(self.spki).digest()


def pem(der, label="CERTIFICATE"):
    import base64
    text = base64.b64encode(der).decode()
    return ("-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, "\n".join(text[i:i + 64] for i in range(0, len(text), 64)), label)).encode()


def build(subject, key, issuer_name, issuer_key, days, extensions, serial):
    now = datetime.datetime.utcnow()
    b = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer_name).public_key(key.public_key())
    b = b.serial_number(serial or x509.random_serial_number())
    b = b.not_valid_before(now + datetime.timedelta(days=days[0])).not_valid_after(now + datetime.timedelta(days=days[1]))
    for extension, critical in extensions:
        b = b.add_extension(extension, critical)
    return b.sign(issuer_key, signing_hash(issuer_key)).public_bytes(Encoding.DER)


def file_name(name):
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def authority_extensions(key, issuer_key, path_length, permit, exclude, is_ca, can_sign):
    found = [(x509.BasicConstraints(is_ca, path_length if is_ca else None), True),
             (x509.KeyUsage(not can_sign, False, False, False, False, can_sign, can_sign, False, False), True),
             (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
             (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)]
    if permit or exclude:
        found.append((x509.NameConstraints([general(t) for t in permit] or None, [general(t) for t in exclude] or None), True))
    return found


class Authority(Entity):
    """permit, exclude: name constraints as in san (`dns:corp.test`, `ip:10.0.0.0/8`). is_ca, can_sign False: one that must not
    issue. crl_url, ocsp_url: what its leaves say, unless they say otherwise."""

    def __init__(self, name, kind="p256", issuer=None, days=(-1, 3650), path_length=None, permit=(), exclude=(), is_ca=True,
                 can_sign=True, crl_url=None, ocsp_url=None, file=None, serial=None):
        key, self.name = make_key(kind), make_name(name)
        above = issuer.key if issuer else key
        extensions = authority_extensions(key, above, path_length, permit, exclude, is_ca, can_sign)
        if issuer:
            extensions += issuer.urls(None, None)
        der = build(self.name, key, issuer.name if issuer else self.name, above, days, extensions, serial)
        self.crl_url, self.ocsp_url, self.issued, self.crl_number = crl_url, ocsp_url, [], 0
        super().__init__(file or file_name(name), der, key, issuer)
        if issuer:
            issuer.issued.append(self)

    def authority(self, name, **more):
        return Authority(name, issuer=self, **more)

    def urls(self, crl_url, ocsp_url):
        crl_url, ocsp_url = crl_url or self.crl_url, ocsp_url or self.ocsp_url
        found = []
        if crl_url:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
            found.append((x509.CRLDistributionPoints([point]), False))
        if ocsp_url:
            access = x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url))
            found.append((x509.AuthorityInformationAccess([access]), False))
        return found

    def leaf(self, name, kind="p256", san=(), eku=("server", "client"), days=(-1, 365), usage=True, crl_url=None, ocsp_url=None,
             extensions=(), serial=None, file=None, is_ca=False, spki=None):
        """usage: False = no keyUsage; "none" = one without digitalSignature. extensions: more [(x509 extension, critical)].
        is_ca False: BasicConstraints says so. spki: DER of another public key in place of that of `key` (see DEGENERATE)."""
        key = make_key(kind)
        found = [(x509.BasicConstraints(is_ca, None), True), (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
                 (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)]
        if usage:
            signs = usage != "none"
            found.append((x509.KeyUsage(signs, False, not signs, False, False, False, False, False, False), True))
        if san:
            found.append((x509.SubjectAlternativeName([general(t) for t in san]), False))
        if eku:
            found.append((x509.ExtendedKeyUsage([ObjectIdentifier(EKUS.get(e, e)) for e in eku]), False))
        found += self.urls(crl_url, ocsp_url) + list(extensions)
        subject = make_name(name)
        der = build(subject, key, self.name, self.key, days, found, serial)
        if spki:
            der = replace_key(der, spki, self.key)
        common = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        made = Entity(file or file_name(common[0].value if common else name), der, key, self)
        self.issued.append(made)
        return made

    # ---- revocation ----

    def crl(self, revoked=(), days=(-1, 7), key=None, file=None, reason=None, number=None):
        """Writes the CRL and gives its DER. reason: keyCompromise, ... days: thisUpdate and nextUpdate. key: sign with another one (a forgery)."""
        now = datetime.datetime.utcnow()
        self.crl_number = self.crl_number + 1 if number is None else number
        b = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        b = b.last_update(now + datetime.timedelta(days=days[0])).next_update(now + datetime.timedelta(days=days[1]))
        b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        b = b.add_extension(x509.CRLNumber(self.crl_number), False)
        for entity in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(getattr(entity, "serial", entity))
            entry = entry.revocation_date(now - datetime.timedelta(hours=1))
            if reason:
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(reason)), False)
            b = b.add_revoked_certificate(entry.build())
        signer = key or self.key
        self.crl_der = b.sign(signer, signing_hash(signer)).public_bytes(Encoding.DER)
        self.crl_file = write((file or self.file) + ".crl", pem(self.crl_der, "X509 CRL"))
        return self.crl_der

    def ocsp(self, host, address, port=8888, delegated=True, signer=None, validity=60):
        return Ocsp(self, host, address, port, delegated, signer, validity).start()

    def ocsp_response(self, leaf, status="good", signer=None, days=(0, 1), nonce=None, algorithm=None):
        """DER of one response without a responder; signer: an Entity, else the authority itself."""
        from cryptography.x509 import ocsp
        now, signer = datetime.datetime.utcnow(), signer or self
        states = {"good": ocsp.OCSPCertStatus.GOOD, "revoked": ocsp.OCSPCertStatus.REVOKED, "unknown": ocsp.OCSPCertStatus.UNKNOWN}
        gone = now - datetime.timedelta(hours=1) if status == "revoked" else None
        b = ocsp.OCSPResponseBuilder().add_response(
            leaf.cert, self.cert, algorithm or hashes.SHA1(), states[status], now + datetime.timedelta(days=days[0]) - datetime.timedelta(minutes=1),
            now + datetime.timedelta(days=days[1]), gone, None).responder_id(ocsp.OCSPResponderEncoding.HASH, signer.cert)
        if signer is not self:
            b = b.certificates([signer.cert])
        if nonce:
            b = b.add_extension(x509.OCSPNonce(nonce), False)
        return b.sign(signer.key, signing_hash(signer.key)).public_bytes(Encoding.DER)


class Ocsp:
    """`openssl ocsp` in the namespace of `host`. It knows every leaf that the authority had issued when it was started."""

    def __init__(self, ca, host, address, port, delegated, signer, validity):
        self.ca, self.host, self.address, self.port, self.validity = ca, host, address, port, validity
        self.signer = signer or (ca.leaf("OCSP of " + ca.file, eku=["ocsp"]) if delegated else ca)
        self.revoked, self.process = set(), None
        self.log = os.path.join(folder(), "ocsp-%s-%d.log" % (ca.file, port))
        self.url = "http://%s:%d/" % ("[%s]" % address if ":" in address else address, port)

    def start(self):
        import lib
        rows = []
        for leaf in self.ca.issued:
            if leaf.cert is None:
                continue
            until, serial = leaf.cert.not_valid_after.strftime("%y%m%d%H%M%SZ"), "%X" % leaf.serial
            gone = datetime.datetime.utcnow() - datetime.timedelta(hours=1)
            state = ("R", gone.strftime("%y%m%d%H%M%SZ")) if leaf in self.revoked else ("V", "")
            rows.append("\t".join([state[0], until, state[1], ("0" if len(serial) % 2 else "") + serial, "unknown", "/CN=" + leaf.file]))
        index = write("%s-%d.index" % (self.ca.file, self.port), ("\n".join(rows) + "\n").encode())
        write("%s-%d.index.attr" % (self.ca.file, self.port), b"unique_subject = no\n")
        self.process = lib.spawn(self.host.ns, "openssl", "ocsp", "-index", index, "-port", self.port, "-rsigner", self.signer.cert_file,
                                 "-rkey", self.signer.key_file, "-CA", self.ca.cert_file, "-nmin", self.validity, log=self.log)
        if not lib.wait_for(5, lambda: ":%d " % self.port in self.host.run("ss", "-ltnH", check=False).stdout):
            raise RuntimeError("openssl ocsp did not start: " + open(self.log).read())
        return self

    def revoke(self, *leaves):
        """From now on these are revoked."""
        self.revoked.update(leaves)
        self.stop()
        return self.start()

    def requests(self):
        """How many came."""
        with open(self.log, errors="replace") as f:
            return f.read().count("Received request")

    def stop(self):
        import lib
        lib.stop_process(self.process)


WEB = r"""
import http.server, socket, socketserver, sys, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if "slow" in self.path:
            time.sleep(30)
        if "moved" in self.path:
            self.send_response(302)
            self.send_header("Location", "/" + self.path.replace("moved", "").strip("/"))
            self.end_headers()
            return
        super().do_GET()
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # that of HTTPServer asks for the name of this address, and may wait for it
        self.server_name, self.server_port = sys.argv[1], int(sys.argv[2])
import functools
Server((sys.argv[1], int(sys.argv[2])), functools.partial(Handler, directory=sys.argv[3])).serve_forever()
"""


class Web:
    """Serves files by HTTP in the namespace of `host`, also to POST. A path with "slow" takes half a minute, one with "moved" redirects."""

    def __init__(self, host, address, port=80):
        import lib
        self.dir = os.path.join(folder(), "web-%s-%d" % (host.name, port))
        os.makedirs(self.dir, exist_ok=True)
        self.log, script = self.dir + ".log", write("web.py", WEB.encode())
        self.url = "http://%s%s/" % ("[%s]" % address if ":" in address else address, "" if port == 80 else ":%d" % port)
        self.process = lib.spawn(host.ns, sys.executable, "-B", "-u", script, address, port, self.dir, log=self.log)
        if not lib.wait_for(5, lambda: ":%d " % port in host.run("ss", "-ltnH", check=False).stdout):
            raise RuntimeError("the web server did not start")

    def put(self, name, data):
        """Gives the URL."""
        with open(os.path.join(self.dir, name), "wb") as f:
            f.write(data)
        return self.url + name

    def requests(self, name=""):
        with open(self.log, errors="replace") as f:
            return sum(("GET /" in line or "POST /" in line) and name in line for line in f)

    def stop(self):
        import lib
        lib.stop_process(self.process)


# ---- certificates that no library makes ------------------------------------------------------------


def der(tag, *content):
    body = b"".join(content)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + size + body


def der_integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def der_split(data):
    """[(tag, whole element)] of the elements that lie side by side in data."""
    found, at = [], 0
    while at < len(data):
        n, head = data[at + 1], 2
        if n & 0x80:
            head, n = 2 + (n & 0x7F), int.from_bytes(data[at + 2:at + 2 + (n & 0x7F)], "big")
        found.append((data[at], data[at:at + head + n]))
        at += head + n
    return found


def der_body(element):
    return element[2 + (element[1] & 0x7F if element[1] & 0x80 else 0):]


def replace_key(cert_der, spki, issuer_key):
    """The certificate with another SubjectPublicKeyInfo, signed again."""
    tbs, algorithm, _ = [e for _, e in der_split(der_body(cert_der))]
    fields = [e for _, e in der_split(der_body(tbs))]
    fields[6] = spki  # version, serial, signature, issuer, validity, subject, key
    tbs = der(0x30, *fields)
    return der(0x30, tbs, algorithm, der(3, b"\0", sign(issuer_key, tbs)))


RSA_OID = bytes.fromhex("300d06092a864886f70d0101010500")
P256_OID = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
ED25519_OID = bytes.fromhex("300506032b6570")


ODD = (1 << 2047) | int.from_bytes(hashlib.sha512(b"odd").digest(), "big") | 1  # a modulus; who factors it is not asked


def rsa_spki(n, e):
    return der(0x30, RSA_OID, der(3, b"\0", der(0x30, der_integer(n), der_integer(e))))


def degenerate():
    """{name: SubjectPublicKeyInfo} of keys with which nobody must be let in; for leaf(spki=...)."""
    return {
        "rsa-e1": rsa_spki(ODD, 1), "rsa-e0": rsa_spki(ODD, 0), "rsa-even-e": rsa_spki(ODD, 65536), "rsa-even-n": rsa_spki(ODD - 1, 65537),
        "rsa-n0": rsa_spki(0, 65537), "rsa-n1": rsa_spki(1, 3), "rsa-512": rsa_spki((1 << 511) | 0x12345, 65537),
        "rsa-huge-e": rsa_spki(ODD, ODD - 2), "rsa-huge-n": rsa_spki((1 << 65535) | 1, 65537),
        "rsa-empty": der(0x30, RSA_OID, der(3, b"\0")),
        "p256-infinity": der(0x30, P256_OID, der(3, b"\0\0")),
        "p256-off-curve": der(0x30, P256_OID, der(3, b"\0\x04" + bytes(31) + b"\1" + bytes(31) + b"\1")),
        "p256-zero": der(0x30, P256_OID, der(3, b"\0\x04" + bytes(64))),
        "p256-short": der(0x30, P256_OID, der(3, b"\0\x04" + bytes(20))),
        "ed25519-identity": der(0x30, ED25519_OID, der(3, b"\0\1" + bytes(31))),
        "ed25519-zero": der(0x30, ED25519_OID, der(3, b"\0" + bytes(32))),
        "ed25519-order-2": der(0x30, ED25519_OID, der(3, b"\0\xec" + b"\xff" * 30 + b"\x7f")),
        "ed25519-short": der(0x30, ED25519_OID, der(3, b"\0" + bytes(16))),
        "unknown-algorithm": der(0x30, der(0x30, bytes.fromhex("06032a0304")), der(3, b"\0" + bytes(32))),
    }


def pkcs7(ders):
    """A bundle of certificates only: SignedData without signers (RFC 2315 9; CERT encoding 1 of RFC 7296 3.6)."""
    signed = der(0x30, der_integer(1), der(0x31), der(0x30, bytes.fromhex("06092a864886f70d010701")), der(0xA0, *ders), der(0x31))
    return der(0x30, bytes.fromhex("06092a864886f70d010702"), der(0xA0, signed))


def main():
    folder.path = sys.argv[1]
    root = Authority("Example Root CA", kind="rsa")
    sub = root.authority("Example Issuing CA", path_length=0)
    root.crl([])
    for kind in ("rsa", "rsa3072", "p256", "p384", "p521", "ed25519"):
        sub.leaf("gw-" + kind, kind=kind, san=["dns:gw.example.test", "ip:10.99.1.1"], eku=["server", "ike"])
        sub.leaf("user-" + kind, kind=kind, san=["email:user-%s@example.test" % kind], eku=["client"])
    expired = sub.leaf("expired", days=(-10, -1))
    sub.leaf("not-yet", days=(1, 10))
    sub.crl([expired])
    for name, spki in degenerate().items():
        sub.leaf("weak-" + name, spki=spki)
    for path in (sub.cert_file, expired.cert_file):
        r = subprocess.run(["openssl", "verify", "-CAfile", root.cert_file, "-untrusted", sub.cert_file, path],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(r.stdout.strip())
    print("written to %s in %.1f s" % (folder.path, time.process_time()))


if __name__ == "__main__":
    main()
