#!/usr/bin/python3
"""pki/: a small PKI by Python's cryptography, for the tests of trustpoints and certificate maps. Keys are thrown away: what
is tested there needs public halves only. Everything is valid from 2020 to 2060 unless its name says otherwise."""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pki")
FROM, TO = datetime.datetime(2020, 1, 1), datetime.datetime(2060, 1, 1)
UNSTRUCTURED = ObjectIdentifier("1.2.840.113549.1.9.2")
CRL = "http://crl.corp.example/%s.crl"


def name(**parts):
    oids = {"C": NameOID.COUNTRY_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
            "CN": NameOID.COMMON_NAME, "U": UNSTRUCTURED}
    return x509.Name([x509.NameAttribute(oids[k], v) for k, v in parts.items()])


def cert(subject, key, issuer, issuer_key, serial, ca=False, crl=None, ocsp=None, eku=None, san=None, until=TO):
    b = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
         .serial_number(serial).not_valid_before(FROM).not_valid_after(until)
         .add_extension(x509.BasicConstraints(ca, None), critical=True)
         .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), critical=True))
    if crl:
        b = b.add_extension(x509.CRLDistributionPoints([x509.DistributionPoint(
            [x509.UniformResourceIdentifier(CRL % crl)], None, None, None)]), critical=False)
    if ocsp:
        b = b.add_extension(x509.AuthorityInformationAccess([x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp))]), critical=False)
    if eku:
        b = b.add_extension(x509.ExtendedKeyUsage(eku), critical=False)
    if san:
        b = b.add_extension(x509.SubjectAlternativeName(san), critical=False)
    return b.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def crl(issuer, key, revoked):
    b = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(FROM).next_update(TO)
    for serial in revoked:
        b = b.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial)
                                      .revocation_date(datetime.datetime(2026, 2, 1)).build())
    return b.sign(key, hashes.SHA256())


def answer(c, issuer, key, revoked=False):
    """Of the issuer itself, about one certificate."""
    return (ocsp.OCSPResponseBuilder()
            .add_response(c, issuer, hashes.SHA1(), ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                          FROM, TO, datetime.datetime(2026, 2, 1) if revoked else None, None)
            .responder_id(ocsp.OCSPResponderEncoding.NAME, issuer).sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER))


def pem(c):
    return c.public_bytes(serialization.Encoding.PEM)


def put(file, *parts):
    with open(os.path.join(OUT, file), "wb") as f:
        f.write(b"".join(p if isinstance(p, bytes) else pem(p) for p in parts))


def main():
    os.makedirs(OUT, exist_ok=True)
    root_key, sub_key, other_key, leaf_key = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1()),
                                              ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1()))
    server_rsa = rsa.generate_private_key(65537, 2048)
    root_name, sub_name, other_name = name(O="Corp", CN="Root CA"), name(O="Corp", CN="Sub CA"), name(O="Other", CN="Other CA")
    root = cert(root_name, root_key, root_name, root_key, 1, ca=True)
    sub = cert(sub_name, sub_key, root_name, root_key, 2, ca=True, crl="root")
    other = cert(other_name, other_key, other_name, other_key, 1, ca=True)
    gw = name(O="Corp", CN="gw.corp.example")
    gw_san = [x509.DNSName("gw.corp.example")]

    def leaf(subject, key, serial, **more):
        return cert(subject, key, sub_name, sub_key, serial, **more)

    anna = name(C="DE", O="Corp", OU="Field Staff", U="r1.corp.example", CN="Anna, the first")
    san = [x509.RFC822Name("anna@corp.example"), x509.DNSName("Laptop.corp.example"),
           x509.IPAddress(ipaddress.ip_address("192.0.2.7")), x509.IPAddress(ipaddress.ip_address("2001:db8::7"))]
    client = [ExtendedKeyUsageOID.CLIENT_AUTH]
    put("root.pem", root)
    put("root.der", root.public_bytes(serialization.Encoding.DER))
    put("sub.pem", sub)
    put("other.pem", other)
    put("ca.pem", b"Both authorities.\n", root, b"\nand\n", sub)
    put("server-rsa.pem", leaf(gw, server_rsa, 0x10, san=gw_san), sub)
    put("server-ec.pem", leaf(gw, leaf_key, 0x11, san=gw_san))
    put("server-ed.pem", leaf(gw, ed25519.Ed25519PrivateKey.generate(), 0x12, san=gw_san))
    put("server-other.pem", cert(gw, ec.generate_private_key(ec.SECP256R1()), other_name, other_key, 0x13, san=gw_san))
    put("expiring.pem", leaf(gw, leaf_key, 0x14, san=gw_san, until=datetime.datetime(2026, 6, 20)))
    more = dict(crl="sub", ocsp="http://ocsp.corp.example/", eku=client, san=san)
    good, bad = leaf(anna, leaf_key, 0x00a1b2, **more), leaf(anna, leaf_key, 0x0bad, **more)
    put("client.pem", good)
    put("revoked.pem", bad)
    put("client.ocsp", answer(good, sub, sub_key))
    put("revoked.ocsp", answer(bad, sub, sub_key, True))
    put("sub.ocsp", answer(sub, root, root_key))
    put("nocrl.pem", leaf(anna, leaf_key, 0x21, eku=client, san=san))
    put("client-other.pem", cert(anna, leaf_key, other_name, other_key, 0x22, san=san))
    put("plain.pem", leaf(name(CN="plain"), leaf_key, 0x23))
    put("injected.pem", leaf(name(O="Corp", CN="eve, OU=admins+OU=admins"), leaf_key, 0x24))
    many = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "%064d" % i) for i in range(62)])
    put("long.pem", leaf(many, leaf_key, 0x25, san=[x509.DNSName("x" * 5000)]))
    put("mixed.pem", sub, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    put("nothing.pem", b"no certificate here\n")
    put("broken.pem", b"-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n")
    for file, issuer, key, revoked in (("root", root_name, root_key, []), ("sub", sub_name, sub_key, [0x0bad])):
        c = crl(issuer, key, revoked)
        put(file + ".crl", c.public_bytes(serialization.Encoding.DER))
        put(file + "-crl.pem", c.public_bytes(serialization.Encoding.PEM))


if __name__ == "__main__":
    main()
