#!/usr/bin/python3
"""Makes x509.txt: certificates by python3-cryptography; CRLs, OCSP and CMS by the openssl program.

Keys and signatures are new each time; what the tests say about each name stays true. Everything is valid from a
day before it was made for 20 years; `now` in the file is when that was.
"""
import datetime
import ipaddress
import pathlib
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU
from cryptography.x509.oid import NameOID, ObjectIdentifier

from vec import write

NOW = int(time.time())
DAY = datetime.timedelta(days=1)
BEGIN = datetime.datetime.utcfromtimestamp(NOW) - DAY
END = BEGIN + 20 * 365 * DAY
IPSEC_IKE = ObjectIdentifier("1.3.6.1.5.5.7.3.17")
ROWS = [{}]
KEYS, CERTS = {}, {}
serial = 0x1000


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def name(*parts):
    kinds = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
             "C": NameOID.COUNTRY_NAME, "E": NameOID.EMAIL_ADDRESS, "DC": NameOID.DOMAIN_COMPONENT}
    return x509.Name([x509.NameAttribute(kinds[p.split("=", 1)[0]], p.split("=", 1)[1]) for p in parts])


def put(label, der):
    ROWS.append({"name": label, "der": der})


def usage(sign=True, ca=False, cert_sign=True, encipher=False):
    return x509.KeyUsage(digital_signature=sign, content_commitment=False, key_encipherment=encipher,
                         data_encipherment=False, key_agreement=False, key_cert_sign=ca and cert_sign, crl_sign=ca,
                         encipher_only=False, decipher_only=False)


def make(label, subject, issuer, key=None, ca=False, path_len=None, sans=(), ekus=(), use=None, begin=BEGIN, end=END,
         extra=(), digest=hashes.SHA256(), key_ids=True, basic=True, critical_san=False, keep=True):
    """issuer: a label, or None for one signed by itself."""
    global serial
    serial += 1
    key = key or p256()
    subject = subject if isinstance(subject, x509.Name) else name(*subject)
    sign_key = KEYS[issuer] if issuer else key
    b = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key()).serial_number(serial)
    b = b.issuer_name(CERTS[issuer].subject if issuer else subject).not_valid_before(begin).not_valid_after(end)
    if basic:
        b = b.add_extension(x509.BasicConstraints(ca=ca, path_length=path_len), critical=True)
    b = b.add_extension(use or usage(ca=ca), critical=True)
    if key_ids:
        b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(sign_key.public_key()), critical=False)
    if sans:
        b = b.add_extension(x509.SubjectAlternativeName(list(sans)), critical=critical_san)
    if ekus:
        b = b.add_extension(x509.ExtendedKeyUsage(list(ekus)), critical=False)
    for value, critical in extra:
        b = b.add_extension(value, critical=critical)
    if isinstance(sign_key, ed25519.Ed25519PrivateKey):
        digest = None
    cert = b.sign(sign_key, digest)
    KEYS[label], CERTS[label] = key, cert
    if keep:
        put(label, cert.public_bytes(serialization.Encoding.DER))
    return cert


def dns(*names):
    return [x509.DNSName(n) for n in names]


def ip(text):
    return x509.IPAddress(ipaddress.ip_address(text))


def net(text):
    return x509.IPAddress(ipaddress.ip_network(text))


def authorities():
    make("root", ["O=Sallyport Test", "CN=Root"], None, ca=True)
    make("int", ["O=Sallyport Test", "CN=Intermediate"], "root", ca=True, path_len=0)
    make("sub", ["O=Sallyport Test", "CN=Sub"], "int", ca=True)
    make("free", ["O=Sallyport Test", "CN=Free"], "root", ca=True)
    make("notca", ["CN=Not an authority"], "root", basic=False)
    make("nosign", ["CN=No signing"], "root", ca=True, use=usage(ca=True, cert_sign=False))
    make("expired_ca", ["CN=Expired CA"], "root", ca=True, end=BEGIN + DAY / 2)
    make("server_ca", ["CN=Server CA"], "root", ca=True, ekus=[EKU.SERVER_AUTH])
    make("permit", ["CN=Permitting CA"], "root", ca=True, extra=[(x509.NameConstraints(permitted_subtrees=[
        x509.DNSName("corp.example"), x509.RFC822Name("corp.example"), net("10.0.0.0/8"),
        x509.DirectoryName(name("O=Corp")), x509.UniformResourceIdentifier(".corp.example")], excluded_subtrees=None),
        True)])
    make("permit_net", ["CN=Net permitting CA"], "root", ca=True, extra=[(x509.NameConstraints(
        permitted_subtrees=[net("10.0.0.0/8")], excluded_subtrees=None), True)])
    make("exclude", ["CN=Excluding CA"], "root", ca=True, extra=[(x509.NameConstraints(excluded_subtrees=[
        x509.DNSName("evil.example"), x509.RFC822Name("evil.example"), net("192.0.2.0/24"), net("2001:db8::/32"),
        x509.DirectoryName(name("O=Evil")), x509.RFC822Name("mallory@corp.example")], permitted_subtrees=None), True)])
    make("exclude_sub", ["CN=Below excluding"], "exclude", ca=True)
    # the same name and key, once signed by itself and once by root
    make("root2", ["CN=Root Two"], None, ca=True)
    make("cross", ["CN=Root Two"], "root", ca=True, key=KEYS["root2"])
    # a and b sign each other
    make("loop_a0", ["CN=Loop A"], None, ca=True, key_ids=False, keep=False)
    make("loop_b", ["CN=Loop B"], "loop_a0", ca=True, key_ids=False)
    make("loop_a", ["CN=Loop A"], "loop_b", key=KEYS["loop_a0"], ca=True, key_ids=False)
    # an authority of the name of int, with a key of its own
    make("forged", ["O=Sallyport Test", "CN=Intermediate"], None, ca=True, key_ids=False)
    for i in range(100):
        make(f"many{i}", ["CN=Many"], "root", ca=True, key=ed25519.Ed25519PrivateKey.generate(), key_ids=False)
    for i in range(12):
        make(f"deep{i}", [f"CN=Deep {i}"], f"deep{i - 1}" if i else "root", ca=True)
    # policyConstraints that demands a policy
    make("policy", ["CN=Policy CA"], "root", ca=True, extra=[(x509.PolicyConstraints(0, None), True)])


GOOD_SANS = dns("gw.corp.example", "Other.Corp.Example", "192.0.2.9") + [
    x509.RFC822Name("anna@corp.example"), ip("192.0.2.1"), ip("2001:db8::1"),
    x509.UniformResourceIdentifier("https://corp.example/anna"), x509.DirectoryName(name("O=Corp", "CN=dir"))]
PLACES = [
    (x509.CRLDistributionPoints([x509.DistributionPoint([
        x509.UniformResourceIdentifier("ldap://x/y"), x509.UniformResourceIdentifier("http://crl.example/int.crl")],
        None, None, None)]), False),
    (x509.AuthorityInformationAccess([
        x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP,
                               x509.UniformResourceIdentifier("http://ocsp.example/")),
        x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.CA_ISSUERS,
                               x509.UniformResourceIdentifier("http://crl.example/int.cer"))]), False)]
BOTH = [EKU.CLIENT_AUTH, EKU.SERVER_AUTH]


def leaves():
    who = ["C=DE", "O=Corp", "OU=Users", "OU=Berlin", "CN=anna"]
    make("leaf", who, "int", sans=GOOD_SANS, ekus=BOTH, extra=PLACES)
    make("revoked", ["O=Corp", "CN=ruth"], "int", extra=PLACES)
    make("direct", ["O=Corp", "CN=direct"], "root", sans=dns("direct.corp.example"))
    make("expired", ["O=Corp", "CN=old"], "int", end=BEGIN + DAY / 2)
    make("not_yet", ["O=Corp", "CN=young"], "int", begin=BEGIN + 2 * DAY)
    make("server_only", ["CN=server"], "int", ekus=[EKU.SERVER_AUTH])
    make("client_only", ["CN=client"], "int", ekus=[EKU.CLIENT_AUTH])
    make("any_eku", ["CN=any"], "int", ekus=[EKU.ANY_EXTENDED_KEY_USAGE])
    make("ike_eku", ["CN=ike"], "int", ekus=[IPSEC_IKE])
    make("mail_eku", ["CN=mail"], "int", ekus=[EKU.EMAIL_PROTECTION])
    make("no_eku", ["CN=plain"], "int")
    make("encipher", ["CN=cipher"], "int", use=usage(sign=False, encipher=True))
    make("critical", ["CN=critical"], "int",
         extra=[(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)])
    make("unknown_ext", ["CN=noncritical"], "int",
         extra=[(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), False)])
    make("selfsigned", ["CN=self"], None, sans=dns("self.corp.example"))
    make("by_notca", ["CN=x"], "notca")
    make("by_nosign", ["CN=x"], "nosign")
    make("by_expired_ca", ["CN=x"], "expired_ca")
    make("by_server_ca", ["CN=x"], "server_ca", ekus=BOTH)
    make("by_sub", ["CN=x"], "sub")
    make("by_root2", ["CN=x"], "root2")
    make("by_loop", ["CN=x"], "loop_a", key_ids=False)
    make("by_forged", ["CN=x"], "forged", key_ids=False)
    make("by_many", ["CN=x"], "many99", key_ids=False)
    make("by_many_first", ["CN=x"], "many0", key_ids=False)
    make("by_deep7", ["CN=x"], "deep7")
    make("by_deep11", ["CN=x"], "deep11")
    make("by_policy", ["CN=x"], "policy")
    corp = ["O=Corp", "CN=x"]
    mail = x509.RFC822Name
    uri = x509.UniformResourceIdentifier
    for label, subject, sans in [
            ("ok", corp, dns("a.corp.example", "corp.example") + [mail("x@corp.example"), ip("10.1.2.3"),
                                                                 uri("https://www.corp.example/x")]),
            ("dns", corp, dns("a.corp.example.evil.example")), ("dns2", corp, dns("xcorp.example")),
            ("mail", corp, [mail("x@mail.corp.example")]), ("ip", corp, [ip("11.1.2.3")]),
            ("ip6", corp, [ip("::a00:1")]), ("dn", ["O=Other", "CN=x"], []), ("dn2", ["CN=x", "O=Corp"], []),
            ("dirname", corp, [x509.DirectoryName(name("O=Other"))]), ("uri", corp, [uri("https://corp.example@evil.example/")]),
            ("subject_mail", corp + ["E=x@evil.example", "E=x@corp.example"], []),
            ("two", corp, dns("corp.example", "evil.example"))]:
        make(f"permit_{label}", subject, "permit", sans=sans)
    make("net_ok", corp, "permit_net", sans=dns("10.1.2.3", "any.example"))
    make("net_spelt", corp, "permit_net", sans=dns("11.1.2.3"))
    for label, subject, sans in [
            ("ok", corp, dns("a.corp.example", "notevil.example") + [mail("x@corp.example"), ip("198.51.100.1")]),
            ("dns", corp, dns("a.EVIL.example")), ("dns2", corp, dns("evil.example")),
            ("wild", corp, dns("*.example")), ("mail", corp, [mail("x@evil.example")]),
            ("box", corp, [mail("mallory@CORP.example")]), ("ip", corp, [ip("192.0.2.77")]),
            ("ip6", corp, [ip("2001:db8::5")]), ("dn", ["O=Evil", "CN=x"], []), ("dn2", ["O= eViL ", "CN=x"], [])]:
        make(f"exclude_{label}", subject, "exclude", sans=sans)
    make("exclude_below", corp, "exclude_sub", sans=dns("b.evil.example"))
    make("ed25519", ["CN=ed"], "free", key=ed25519.Ed25519PrivateKey.generate())
    make("p384", ["CN=p384"], "free", key=ec.generate_private_key(ec.SECP384R1()), digest=hashes.SHA384())
    make("p521", ["CN=p521"], "free", key=ec.generate_private_key(ec.SECP521R1()), digest=hashes.SHA512())
    make("rsa", ["CN=rsa"], "free", key=rsa.generate_private_key(65537, 2048))
    make("rsa1024", ["CN=weak"], "free", key=rsa.generate_private_key(65537, 1024))
    make("rsa_ca", ["CN=RSA CA"], "root", key=rsa.generate_private_key(65537, 2048), ca=True)
    make("by_rsa", ["CN=by rsa"], "rsa_ca", digest=hashes.SHA384())
    make("by_rsa_sha1", ["CN=sha1"], "rsa_ca", digest=hashes.SHA1())
    make("responder", ["CN=OCSP responder"], "int", ekus=[EKU.OCSP_SIGNING])
    make("responder_root", ["CN=OCSP of root"], "root", ekus=[EKU.OCSP_SIGNING])


def openssl(*args, data=None):
    done = subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"openssl {args}: {done.stderr.decode()}")
    return done.stdout


def files(tmp):
    for label, cert in CERTS.items():
        if label.startswith("many"):
            continue
        (tmp / f"{label}.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        (tmp / f"{label}.key").write_bytes(KEYS[label].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def index(tmp):
    """The database of `openssl ca` and `openssl ocsp`: revoked is, leaf is not."""
    when = time.strftime("%y%m%d%H%M%SZ", time.gmtime(NOW - 3600))
    end = END.strftime("%y%m%d%H%M%SZ")
    (tmp / "index").write_text(
        f"V\t{end}\t\t{CERTS['leaf'].serial_number:04X}\tunknown\t/CN=anna\n"
        f"R\t{end}\t{when},keyCompromise\t{CERTS['revoked'].serial_number:04X}\tunknown\t/CN=ruth\n")
    (tmp / "index.attr").write_text("unique_subject = no\n")
    (tmp / "number").write_text("01\n")
    (tmp / "ca.conf").write_text(f"""[ca]
default_ca = d
[d]
database = {tmp}/index
crlnumber = {tmp}/number
default_md = sha256
default_crl_days = 7000
[users]
issuingDistributionPoint = critical, @users_point
[users_point]
onlyuser = TRUE
[cas]
issuingDistributionPoint = critical, @cas_point
[cas_point]
onlyCA = TRUE
[here]
issuingDistributionPoint = critical, @here_point
[here_point]
fullname = URI:http://crl.example/int.crl
[there]
issuingDistributionPoint = critical, @there_point
[there_point]
fullname = URI:http://crl.example/other.crl
[indirect]
issuingDistributionPoint = critical, @indirect_point
[indirect_point]
indirectCRL = TRUE
[reasons]
issuingDistributionPoint = critical, @reasons_point
[reasons_point]
onlysomereasons = keyCompromise
[unknown]
1.2.3.4.5 = critical, DER:0500
[delta]
deltaCRL = critical, 1
""".replace("deltaCRL = critical, 1", "2.5.29.27 = critical, DER:020101"))


def crls(tmp):
    def one(label, *more, signer="int"):
        out = tmp / "out.crl"
        openssl("ca", "-gencrl", "-config", tmp / "ca.conf", "-cert", tmp / f"{signer}.pem", "-keyfile",
                tmp / f"{signer}.key", "-out", out, *more)
        put(label, openssl("crl", "-in", out, "-outform", "DER"))
    one("crl")
    one("crl_root", signer="root")
    one("crl_forged", signer="forged")
    one("crl_old", "-crl_lastupdate", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(NOW - 7200)), "-crl_nextupdate",
        time.strftime("%Y%m%d%H%M%SZ", time.gmtime(NOW - 3600)))
    for section in ["users", "cas", "here", "there", "indirect", "reasons", "unknown", "delta"]:
        one(f"crl_{section}", "-crlexts", section)
    # before ruth was revoked, and still in time
    whole = (tmp / "index").read_text()
    (tmp / "index").write_text(whole.splitlines(keepends=True)[0])
    one("crl_before", "-crl_lastupdate", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(NOW - 7200)), "-crl_nextupdate",
        time.strftime("%Y%m%d%H%M%SZ", time.gmtime(NOW + 86400 * 7000)))
    (tmp / "index").write_text(whole)


def ocsp(tmp):
    def one(label, cert, *more, signer="responder", md="-sha1", issuer="int"):
        req, resp = tmp / "req", tmp / "resp"
        openssl("ocsp", md, "-issuer", tmp / f"{issuer}.pem", "-cert", tmp / f"{cert}.pem", "-no_nonce", "-reqout", req)
        openssl("ocsp", "-index", tmp / "index", "-CA", tmp / f"{issuer}.pem", "-rsigner", tmp / f"{signer}.pem",
                "-rkey", tmp / f"{signer}.key", "-reqin", req, "-respout", resp, *more)
        put(label, resp.read_bytes())
        return req.read_bytes()
    put("ocsp_request", one("ocsp_good", "leaf", "-ndays", 7000))
    one("ocsp_revoked", "revoked", "-ndays", 7000)
    one("ocsp_unknown", "no_eku", "-ndays", 7000)
    one("ocsp_sha256", "leaf", "-ndays", 7000, md="-sha256")
    one("ocsp_by_key", "leaf", "-ndays", 7000, "-resp_key_id")
    one("ocsp_by_issuer", "leaf", "-ndays", 7000, signer="int")
    one("ocsp_by_leaf", "leaf", "-ndays", 7000, signer="no_eku")
    one("ocsp_by_root", "leaf", "-ndays", 7000, signer="responder_root")
    one("ocsp_short", "leaf", "-nmin", 5)
    one("ocsp_no_next", "leaf")
    req = tmp / "req"
    openssl("ocsp", "-issuer", tmp / "int.pem", "-cert", tmp / "leaf.pem", "-reqout", req)
    openssl("ocsp", "-index", tmp / "index", "-CA", tmp / "int.pem", "-rsigner", tmp / "responder.pem", "-rkey",
            tmp / "responder.key", "-reqin", req, "-respout", tmp / "resp", "-ndays", 7000)
    put("ocsp_nonce_request", req.read_bytes())
    put("ocsp_nonce", (tmp / "resp").read_bytes())
    put("ocsp_try_later", bytes.fromhex("30030a0103"))


def tlv(tag, body):
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def parts(der):
    """The elements inside a constructed one, whole."""
    def header(at):
        if der[at + 1] < 128:
            return 2, der[at + 1]
        n = der[at + 1] & 127
        return 2 + n, int.from_bytes(der[at + 2:at + 2 + n], "big")
    at, found = header(0)[0], []
    while at < len(der):
        head, size = header(at)
        found.append(der[at:at + head + size])
        at += head + size
    return found


def stripped(message):
    """A signed message whose signed attributes have become its content: the signature holds."""
    kind, explicit = parts(message)
    version, digests, _, certs, signers = parts(parts(explicit)[0])
    signer = parts(parts(signers)[0])
    attributes = b"\x31" + signer[3][1:]
    content = tlv(0x30, bytes.fromhex("06092a864886f70d010701") + tlv(0xa0, tlv(4, attributes)))
    signers = tlv(0x31, tlv(0x30, b"".join(signer[:3] + signer[4:])))
    return tlv(0x30, kind + tlv(0xa0, tlv(0x30, version + digests + content + certs + signers)))


def cms(tmp):
    content = tmp / "content"
    content.write_bytes(b"Let anna in.\r\n")
    put("content", content.read_bytes())

    def one(label, *more, signer="leaf"):
        put(label, openssl("cms", "-sign", "-binary", "-in", content, "-outform", "DER", "-signer",
                           tmp / f"{signer}.pem", "-inkey", tmp / f"{signer}.key", *more))
    one("cms", "-nodetach")
    one("cms_detached")
    one("cms_plain", "-noattr")
    one("cms_ber", "-nodetach", "-stream")
    one("cms_key_id", "-keyid")
    one("cms_no_cert", "-nocerts")
    one("cms_sha512", "-nodetach", "-md", "sha512", signer="rsa")
    one("cms_pss", "-nodetach", "-keyopt", "rsa_padding_mode:pss", signer="rsa")
    one("cms_sha1", "-nodetach", "-md", "sha1", signer="rsa")
    one("cms_p384", "-nodetach", "-md", "sha384", signer="p384")
    one("cms_other_type", "-nodetach", "-econtent_type", "1.2.3.4")
    put("cms_stripped", stripped(ROWS[[r.get("name") for r in ROWS].index("cms")]["der"]))
    put("bundle", openssl("crl2pkcs7", "-nocrl", "-certfile", tmp / "leaf.pem", "-certfile", tmp / "int.pem",
                          "-outform", "DER"))


def keys(tmp):
    """Private keys in every form that is read."""
    def add(label, text):
        ROWS.append({"name": label, "der": text})
    add("key_p256", (tmp / "leaf.key").read_bytes())
    add("key_p256_sec1", openssl("ec", "-in", tmp / "leaf.key"))
    add("key_p256_params", openssl("ecparam", "-name", "prime256v1") + openssl("ec", "-in", tmp / "leaf.key"))
    add("key_p256_der", openssl("pkcs8", "-topk8", "-nocrypt", "-in", tmp / "leaf.key", "-outform", "DER"))
    add("key_p384", (tmp / "p384.key").read_bytes())
    add("key_p521", (tmp / "p521.key").read_bytes())
    add("key_ed25519", (tmp / "ed25519.key").read_bytes())
    add("key_rsa", (tmp / "rsa.key").read_bytes())
    add("key_rsa_pkcs1", openssl("rsa", "-in", tmp / "rsa.key", "-traditional"))
    add("key_rsa_der", openssl("rsa", "-in", tmp / "rsa.key", "-traditional", "-outform", "DER"))
    add("key_rsa1024", (tmp / "rsa1024.key").read_bytes())
    add("key_encrypted", openssl("pkcs8", "-topk8", "-in", tmp / "leaf.key", "-passout", "pass:x"))
    add("pem_chain", b"leaf:\n" + (tmp / "leaf.pem").read_bytes() + b"\nint:\n" + (tmp / "int.pem").read_bytes())
    # certificates signed with RSA-PSS: salt as long as the hash, and as long as it can be
    for label, salt in [("pss", "32"), ("pss_max", "-2")]:
        openssl("req", "-new", "-key", tmp / "no_eku.key", "-subj", f"/CN={label}", "-out", tmp / "csr")
        put(f"by_{label}", openssl("x509", "-req", "-in", tmp / "csr", "-CA", tmp / "rsa_ca.pem", "-CAkey",
                                   tmp / "rsa_ca.key", "-days", 7000, "-set_serial", 77, "-extfile", tmp / "ext",
                                   "-sigopt", "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{salt}", "-sha256",
                                   "-outform", "DER"))


def main():
    authorities()
    leaves()
    with tempfile.TemporaryDirectory() as folder:
        tmp = pathlib.Path(folder)
        files(tmp)
        index(tmp)
        (tmp / "ext").write_text("basicConstraints = critical, CA:FALSE\n")
        crls(tmp)
        ocsp(tmp)
        cms(tmp)
        keys(tmp)
    ROWS[0]["now"] = int(time.time()) + 1  # after the last that openssl dated itself
    write("x509.txt", ["Made by gen_x509.py; keys (of nobody) included."], ROWS)


main()
