#!/usr/bin/python3
"""Writes tests/vectors/tls: a CA and certificates under it, valid for a hundred years, for tests that have
no clock. Keys are in the open: they open nothing."""
import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU, NameOID, ObjectIdentifier

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tls")
START = datetime.datetime(2020, 1, 1)
END = datetime.datetime(2120, 1, 1)
UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Corp"),
                      x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def upn(text):
    raw = text.encode()
    return x509.OtherName(UPN, bytes([0x0c, len(raw)]) + raw)


def write(file, cert, key):
    with open(os.path.join(HERE, file + ".pem"), "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
    with open(os.path.join(HERE, file + ".key"), "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption()))


def issue(file, cn, key, sans, eku, ca=None):
    issuer, signer = ca or (None, key)
    b = (x509.CertificateBuilder().subject_name(name(cn)).issuer_name(issuer.subject if issuer else name(cn))
         .public_key(key.public_key()).serial_number(x509.random_serial_number())
         .not_valid_before(START).not_valid_after(END)
         .add_extension(x509.BasicConstraints(issuer is None, None), True))
    if sans:
        b = b.add_extension(x509.SubjectAlternativeName(sans), False)
    if eku:
        b = b.add_extension(x509.ExtendedKeyUsage([eku]), False)
    cert = b.sign(signer, hashes.SHA256())
    write(file, cert, key)
    return cert, key


def main():
    os.makedirs(HERE, exist_ok=True)
    p256 = lambda: ec.generate_private_key(ec.SECP256R1())
    dns, mail = x509.DNSName, x509.RFC822Name
    ca = issue("ca", "Corp CA", p256(), [], None)
    issue("server", "vpn.corp.example", p256(), [dns("vpn.corp.example")], EKU.SERVER_AUTH, ca)
    issue("server_rsa", "vpn.corp.example", rsa.generate_private_key(65537, 2048), [dns("vpn.corp.example")],
          EKU.SERVER_AUTH, ca)
    issue("client", "Anna Common", p256(),
          [dns("laptop.corp.example"), upn("anna@ad.corp.example"), mail("anna@corp.example")],
          EKU.CLIENT_AUTH, ca)
    issue("client_rsa", "bert", rsa.generate_private_key(65537, 2048), [], EKU.CLIENT_AUTH, ca)
    issue("client_ed", "carl", ed25519.Ed25519PrivateKey.generate(), [mail("carl@corp.example")],
          EKU.CLIENT_AUTH, ca)
    issue("client_p384", "dora", ec.generate_private_key(ec.SECP384R1()), [mail("dora@corp.example")],
          EKU.CLIENT_AUTH, ca)
    issue("client_nul", "evil", p256(), [mail("anna@corp.example\0.evil.example")], EKU.CLIENT_AUTH, ca)


main()
