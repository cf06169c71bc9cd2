#!/usr/bin/python3
"""Seeds of the fuzzers x509, crl, ocsp, cms and sig_alg, from x509.txt."""
import pathlib

HERE = pathlib.Path(__file__).parent
CORPUS = HERE.parent / "fuzz" / "corpus"
PSS = bytes.fromhex("43304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d"
                    "010108300d06096086480165030402010500a203020120")
ALGS = {"rsa": bytes.fromhex("0f300d06092a864886f70d01010b0500"), "pss": PSS,
        "ecdsa": bytes.fromhex("0c300a06082a8648ce3d040302"), "ed25519": bytes.fromhex("07300506032b6570")}


def rows():
    found, name = {}, None
    for line in (HERE / "x509.txt").read_text().splitlines():
        if line.startswith("name = "):
            name = line[7:]
        elif line.startswith("der = "):
            found[name] = bytes.fromhex(line[6:])
    return found


def put(target, name, data):
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    (CORPUS / target / name).write_bytes(data)


def field(data):
    return len(data).to_bytes(2, "big") + data


def spki(der):
    """SubjectPublicKeyInfo of a certificate, by its algorithm."""
    for start, length in [("3059301306072a8648ce3d0201", 91), ("302a300506032b6570", 44), ("30820122300d", 294)]:
        at = der.find(bytes.fromhex(start))
        if at >= 0:
            return der[at:at + length]
    return b""


def main():
    all_rows = rows()
    pairs = {"leaf": "int", "revoked": "int", "direct": "root", "permit_ok": "permit", "exclude_wild": "exclude",
             "by_rsa": "rsa_ca", "by_pss": "rsa_ca", "by_root2": "cross", "by_loop": "loop_a", "p521": "free",
             "ed25519": "free", "critical": "int", "responder": "int", "selfsigned": "root"}
    for leaf, other in pairs.items():
        put("x509", leaf, field(all_rows[leaf]) + field(all_rows[other]) + b"gw.corp.example")
    for name, der in all_rows.items():
        if name.startswith("crl"):
            put("crl", name, der)
        if name.startswith("ocsp_"):
            put("ocsp", name, der)
        if name.startswith("cms") or name == "bundle":
            put("cms", name, der)
    for alg, der in ALGS.items():
        key = {"rsa": "rsa", "pss": "rsa", "ecdsa": "leaf", "ed25519": "ed25519"}[alg]
        put("sig_alg", alg, der + field(spki(all_rows[key])) + bytes(64))


main()
