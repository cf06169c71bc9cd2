"""AUTH payloads and certificates for the peers of tests: RFC 7296 2.15 and 3.6-3.8, RFC 7427, 8420, 4754, 4806.

Credentials of one round: Psk(secret), Cert(key, chain, scheme), Eap(user, password, ...) (eap_peer.py).

Schemes: rsa1 (method 1, SHA-1), rsa1-sha256 (method 1 with that hash, as some peers do), rsa-sha1|256|384|512 and pss-sha256|384|512 (method 14;
pss-sha256-trailer: the same with the trailerField written out),
ecdsa256, ecdsa384, ecdsa521 (methods 9-11), ecdsa-sha1|256|384|512 and ed25519 (method 14)."""
import datetime
import hashlib
import os
import struct

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ike_wire import *

HASHES = {"sha1": (hashes.SHA1, 1), "sha256": (hashes.SHA256, 2), "sha384": (hashes.SHA384, 3), "sha512": (hashes.SHA512, 4)}
HASH_OIDS = {"sha1": "06052b0e03021a", "sha256": "0609608648016503040201", "sha384": "0609608648016503040202",
             "sha512": "0609608648016503040203"}
CURVE_METHODS = {"ecdsa256": (9, "sha256", 32), "ecdsa384": (10, "sha384", 48), "ecdsa521": (11, "sha512", 66)}
PAD = b"Key Pad for IKEv2"


def der(tag, *content):
    body = b"".join(content)
    size = bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)])
    return bytes([tag]) + size + body


def pss_identifier(name, salt=None, trailer=b""):
    """RFC 4055 3.1; RFC 7427 A.4. Its examples write the trailerField although it has its default."""
    hashed = der(0x30, bytes.fromhex(HASH_OIDS[name]), b"\5\0")
    mask = der(0x30, bytes.fromhex("06092a864886f70d010108"), hashed)
    size = HASHES[name][0].digest_size if salt is None else salt
    return der(0x30, bytes.fromhex("06092a864886f70d01010a"),
               der(0x30, der(0xA0, hashed), der(0xA1, mask), der(0xA2, der(2, bytes([size]))), trailer))


IDENTIFIERS = {"rsa-sha1": "300d06092a864886f70d0101050500", "rsa-sha256": "300d06092a864886f70d01010b0500",
               "rsa-sha384": "300d06092a864886f70d01010c0500", "rsa-sha512": "300d06092a864886f70d01010d0500",
               "ecdsa-sha1": "300906072a8648ce3d0401", "ecdsa-sha256": "300a06082a8648ce3d040302",
               "ecdsa-sha384": "300a06082a8648ce3d040303", "ecdsa-sha512": "300a06082a8648ce3d040304", "ed25519": "300506032b6570"}
IDENTIFIERS = {word: bytes.fromhex(text) for word, text in IDENTIFIERS.items()}
for _name in ("sha1", "sha256", "sha384", "sha512"):
    IDENTIFIERS["pss-" + _name] = pss_identifier(_name)
    IDENTIFIERS["pss-%s-trailer" % _name] = pss_identifier(_name, trailer=bytes.fromhex("a303020101"))


class Psk:
    def __init__(self, secret):
        self.secret = secret if isinstance(secret, bytes) else secret.encode()


class Cert:
    """key: a private key of python3-cryptography. chain: [DER], the leaf first. Or one object that has .key and .chain.
    encoding: of CERT payloads; HASH_URL needs urls (one for each certificate). ocsp, crls: DER for more CERT payloads."""

    def __init__(self, key, chain=None, scheme=None, encoding=X509, urls=(), ocsp=(), crls=()):
        self.key, self.chain = (key, chain) if chain is not None else (key.key, key.chain)
        self.scheme, self.encoding, self.urls, self.ocsp, self.crls = scheme, encoding, urls, ocsp, crls

    def payloads(self):
        found = []
        for i, c in enumerate(self.chain):
            if self.encoding == HASH_URL:
                found.append(certificate(HASH_URL, hashlib.sha1(c).digest() + self.urls[i].encode()))
            elif self.encoding == PKCS7:
                found.append(certificate(PKCS7, bundle(self.chain)))
                break
            else:
                found.append(certificate(self.encoding, c))
        return found + [certificate(OCSP, o) for o in self.ocsp] + [certificate(CRL, c) for c in self.crls]


def der_long(tag, *content):
    body = b"".join(content)
    return der(tag, body) if len(body) < 256 else bytes([tag, 0x82]) + struct.pack("!H", len(body)) + body


def bundle(ders):
    """SignedData with certificates only (RFC 2315 9)."""
    signed = der_long(0x30, b"\2\1\1\x31\0", bytes.fromhex("300b06092a864886f70d010701"), der_long(0xA0, *ders), b"\x31\0")
    return der_long(0x30, bytes.fromhex("06092a864886f70d010702"), der_long(0xA0, signed))


def default_scheme(key, peer_hashes):
    """What a peer with these hashes (None: it announced none) is sure to verify."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        if not peer_hashes:
            return "rsa1"
        return next("rsa-" + n for n in ("sha256", "sha384", "sha512", "sha1") if HASHES[n][1] in peer_hashes)
    size = key.curve.key_size
    name = {256: "sha256", 384: "sha384", 521: "sha512"}[size]
    return "ecdsa-" + name if peer_hashes and HASHES[name][1] in peer_hashes else "ecdsa%d" % size


def sign(key, scheme, octets):
    """(method, the signature as it stands in AUTH after an AlgorithmIdentifier)."""
    if scheme in CURVE_METHODS:
        method, name, size = CURVE_METHODS[scheme]
        r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(HASHES[name][0]())))
        return method, r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if scheme == "ed25519":
        return 14, key.sign(octets)
    kind, name = (scheme.split("-") + ["sha1"])[:2]
    hashed = HASHES[name][0]()
    if kind == "ecdsa":
        return 14, key.sign(octets, ec.ECDSA(hashed))
    if kind == "pss":
        return 14, key.sign(octets, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)
    return 1 if kind == "rsa1" else 14, key.sign(octets, padding.PKCS1v15(), hashed)


def lie(identifier, scheme, how):
    """RFC 7427 length byte and AlgorithmIdentifier that are not what they should be."""
    if how == "other-hash":
        other = scheme.replace("sha256", "sha384") if "sha256" in scheme else "rsa-sha256" if scheme.startswith("rsa") else "ecdsa-sha256"
        identifier = IDENTIFIERS[other]
    elif how == "other-key":
        identifier = IDENTIFIERS["ecdsa-sha256" if scheme.startswith(("rsa", "pss")) else "rsa-sha256"]
    elif how == "md5":
        identifier = bytes.fromhex("300d06092a864886f70d0101040500")
    elif how == "salt":
        identifier = pss_identifier("sha256", 20)
    elif how == "empty":
        return b"\0"
    elif how == "missing":
        return b""
    elif how == "too-long":
        return b"\xff" + identifier
    elif how == "too-short":
        return bytes([len(identifier) - 3]) + identifier
    elif how == "trailing":
        return bytes([len(identifier) + 4]) + identifier + b"\5\0\5\0"
    elif how == "indefinite":
        return bytes([len(identifier) + 2]) + b"\x30\x80" + identifier[2:] + b"\0\0"
    elif how == "unknown":
        identifier = bytes.fromhex("300506032a0304")
    return bytes([len(identifier)]) + identifier


LIES = ("other-hash", "other-key", "md5", "salt", "empty", "missing", "too-long", "too-short", "trailing", "indefinite", "unknown")


def auth_by_secret(suite, secret, octets, is_key_pad=True):
    return struct.pack("!BBBB", 2, 0, 0, 0) + suite.prf(suite.prf(secret, PAD) if is_key_pad else secret, octets)


def auth_by_key(cred, octets, peer_hashes, faults=()):
    """The body of AUTH."""
    scheme = cred.scheme or default_scheme(cred.key, peer_hashes)
    if "unannounced-hash" in faults:
        kind = "rsa-" if isinstance(cred.key, rsa.RSAPrivateKey) else "ecdsa-"
        scheme = kind + next(n for n in ("sha1", "sha512", "sha384", "sha256") if HASHES[n][1] not in (peer_hashes or ()))
    method, signature = sign(cred.key, scheme, octets)
    if "wrong-signature" in faults:
        signature = signature[:-5] + bytes([signature[-5] ^ 1]) + signature[-4:]
    if method == 14:
        how = next((f.split(":", 1)[1] for f in faults if f.startswith("algorithm-lie:")), None)
        signature = lie(IDENTIFIERS[scheme], scheme, how) + signature
    return struct.pack("!BBBB", method, 0, 0, 0) + signature


def forge(cred):
    """The same certificates as if another authority of the same name had signed them; the key is a new one."""
    old = x509.load_der_x509_certificate(cred.chain[0])
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    b = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer).public_key(key.public_key())
    b = b.serial_number(old.serial_number).not_valid_before(old.not_valid_before).not_valid_after(old.not_valid_after)
    for e in old.extensions:
        if e.oid not in (x509.SubjectKeyIdentifier.oid, x509.AuthorityKeyIdentifier.oid):
            b = b.add_extension(e.value, e.critical)
    return Cert(key, [b.sign(other, hashes.SHA256()).public_bytes(Encoding.DER)] + cred.chain[1:])


class RsaOfExponentOne:
    """Signs for any RSA key whose exponent is 1: the signature is the padded hash itself. For Cert(RsaOfExponentOne(), chain, "rsa-sha256")."""

    def __init__(self, bits=2048):
        self.size = bits // 8

    def sign(self, octets, _, hashed):
        digest = hashlib.new(hashed.name, octets).digest()
        info = der(0x30, der(0x30, bytes.fromhex(HASH_OIDS[hashed.name]), b"\5\0"), der(4, digest))
        return b"\0\1" + b"\xff" * (self.size - 3 - len(info)) + b"\0" + info


class Ed25519OfIdentity:
    """Signs for the Ed25519 key that is the neutral element: R = S * B with S = 0 fits every message."""

    def sign(self, octets):
        return b"\1" + bytes(63)


# ---- the other side's ------------------------------------------------------------------------------


class NotProven(Exception):
    """The other side did not prove who it is."""


def verify(public, body, octets):
    """The scheme by which AUTH proves it; NotProven."""
    method, signature = body[0], body[4:]
    try:
        if method in (9, 10, 11):
            word, (_, name, size) = next((w, v) for w, v in CURVE_METHODS.items() if v[0] == method)
            if len(signature) != 2 * size:
                raise NotProven("length of the signature")
            pair = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
            public.verify(encode_dss_signature(*pair), octets, ec.ECDSA(HASHES[name][0]()))
            return word
        if method == 1:
            public.verify(signature, octets, padding.PKCS1v15(), hashes.SHA1())
            return "rsa1"
        if method != 14:
            raise NotProven("method %d" % method)
        identifier, signature = signature[1:1 + signature[0]], signature[1 + signature[0]:]
        word = next((w for w, i in IDENTIFIERS.items() if i == identifier), None)
        if word is None:
            raise NotProven("algorithm " + identifier.hex())
        kind, name = (word.split("-") + [None])[:2]
        hashed = HASHES[name][0]() if name else None
        if kind == "ed25519":
            public.verify(signature, octets)
        elif kind == "ecdsa":
            public.verify(signature, octets, ec.ECDSA(hashed))
        else:
            pss = padding.PSS(padding.MGF1(hashed), hashed.digest_size) if kind == "pss" else padding.PKCS1v15()
            public.verify(signature, octets, pss, hashed)
        return word
    except (InvalidSignature, AttributeError, TypeError, ValueError) as e:
        raise NotProven("signature of method %d: %r" % (method, e))


def is_signed_by(cert, issuer):
    try:
        public = issuer.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(cert.signature, cert.tbs_certificate_bytes)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(cert.signature, cert.tbs_certificate_bytes, ec.ECDSA(cert.signature_hash_algorithm))
        else:
            public.verify(cert.signature, cert.tbs_certificate_bytes, padding.PKCS1v15(), cert.signature_hash_algorithm)
        return cert.issuer == issuer.subject
    except (InvalidSignature, TypeError):
        return False


def trusted_leaf(payloads, trust):
    """The leaf of the CERT payloads of a message, when a path leads to one of the anchors (DER); else NotProven."""
    bodies = [b[1:] for k, b in payloads if k == CERT and b[0] == X509]
    if not bodies:
        raise NotProven("no certificate")
    now, anchors = datetime.datetime.utcnow(), [x509.load_der_x509_certificate(t) for t in trust]
    try:
        leaf, *others = [x509.load_der_x509_certificate(b) for b in bodies]
    except ValueError as e:
        raise NotProven("a certificate that is none: %s" % e)
    at = leaf
    for _ in range(8):
        if not at.not_valid_before <= now <= at.not_valid_after:
            raise NotProven("%s is not valid now" % at.subject.rfc4514_string())
        if any(is_signed_by(at, a) or at == a for a in anchors):
            return leaf
        at = next((o for o in others if is_signed_by(at, o)), None)
        if at is None:
            break
    raise NotProven("no path from %s to an anchor" % leaf.subject.rfc4514_string())


def has_identity(leaf, body):
    """Does the certificate speak of what the ID payload says (RFC 4945 3.1)?"""
    kind, value = body[0], body[4:]
    if kind == DN:
        return leaf.subject.public_bytes() == value
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if kind in (IPV4, IPV6):
        return any(a.packed == value for a in names.get_values_for_type(x509.IPAddress))
    wanted = {FQDN: x509.DNSName, EMAIL: x509.RFC822Name}.get(kind)
    return bool(wanted) and value.decode().lower() in [n.lower() for n in names.get_values_for_type(wanted)]


def has_dns_name(leaf, name):
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return name.lower() in [n.lower() for n in names.get_values_for_type(x509.DNSName)]


def has_eku(leaf, oid):
    try:
        return oid in [o.dotted_string for o in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value]
    except x509.ExtensionNotFound:
        return False


def key_hash(ca_der):
    """What CERTREQ names an authority by (RFC 7296 3.7)."""
    public = x509.load_der_x509_certificate(ca_der).public_key()
    return hashlib.sha1(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
