#!/usr/bin/python3
"""ike_keys.txt and sk.txt: the key schedule of RFC 7296 (2.13 to 2.18) and Encrypted payloads,
written from the RFCs with hmac, hashlib and OpenSSL's ciphers; shares nothing with core."""
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from vec import fixed, write

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:
    TripleDES = algorithms.TripleDES

# keyword: (IANA id, key bits of the attribute, key and salt bytes)
ENCR = {"aes-cbc-128": (12, 128, 16), "aes-cbc-192": (12, 192, 24), "aes-cbc-256": (12, 256, 32),
        "aes-gcm-128": (20, 128, 20), "aes-gcm-192": (20, 192, 28), "aes-gcm-256": (20, 256, 36),
        "chacha20-poly1305": (28, 0, 36), "3des": (3, 0, 24)}
# hash: (PRF id, INTEG id, key bytes, ICV bytes)
HASH = {"md5": (1, 1, 16, 12), "sha1": (2, 2, 20, 12), "sha256": (5, 12, 32, 16),
        "sha384": (6, 13, 48, 24), "sha512": (7, 14, 64, 32)}

# encryption, prf, integrity, DH group, nonce lengths, length of the secret, new suite's prf
SUITES = [
    ("aes-gcm-256", "sha512", None, 20, 32, 32, 48, "sha256"),
    ("aes-gcm-128", "sha256", None, 19, 16, 256, 32, "sha384"),
    ("aes-gcm-192", "sha384", None, 21, 33, 17, 66, "sha512"),
    ("chacha20-poly1305", "sha256", None, 31, 24, 32, 32, "sha1"),
    ("aes-cbc-256", "sha512", "sha512", 16, 256, 256, 512, "sha256"),
    ("aes-cbc-192", "sha384", "sha384", 15, 40, 20, 384, "md5"),
    ("aes-cbc-128", "sha256", "sha256", 14, 32, 16, 256, "sha256"),
    ("aes-cbc-128", "sha1", "sha1", 2, 20, 20, 128, "sha512"),
    ("3des", "md5", "md5", 5, 16, 16, 192, "sha256"),
]

CHILDREN = [("aes-gcm-256", None, False), ("aes-gcm-128", None, True),
            ("aes-cbc-256", "sha512", False), ("aes-cbc-128", "sha1", True),
            ("chacha20-poly1305", None, False)]


def prf(name, key, data):
    return hmac.new(key, data, name).digest()


def prf_plus(name, key, seed, n):
    out, block, i = b"", b"", 1
    while len(out) < n:
        block = prf(name, key, block + seed + bytes([i]))
        out += block
        i += 1
    return out[:n]


def cut(stream, *lengths):
    out, at = [], 0
    for n in lengths:
        out.append(stream[at:at + n])
        at += n
    return out


def expand(encr, name, integ, skeyseed, ni, nr, spi_i, spi_r):
    p, a, e = HASH[name][2], HASH[integ][2] if integ else 0, ENCR[encr][2]
    seed = ni + nr + struct.pack(">QQ", spi_i, spi_r)
    stream = prf_plus(name, skeyseed, seed, 3 * p + 2 * a + 2 * e)
    names = ("d", "ai", "ar", "ei", "er", "pi", "pr")
    return dict(zip(names, cut(stream, p, a, a, e, e, p, p)))


def ids(encr, name, integ, group):
    return {"encr": ENCR[encr][0], "bits": ENCR[encr][1], "prf": HASH[name][0],
            "integ": HASH[integ][1] if integ else 0, "group": group}


def key_rows():
    rows = []
    for n, (encr, name, integ, group, ni_len, nr_len, g_len, new_prf) in enumerate(SUITES):
        ni, nr = fixed(f"{n} ni", ni_len), fixed(f"{n} nr", nr_len)
        secret = fixed(f"{n} g^ir", g_len)
        spi_i, spi_r = struct.unpack(">QQ", fixed(f"{n} spi", 16))
        k = expand(encr, name, integ, prf(name, ni + nr, secret), ni, nr, spi_i, spi_r)
        row = {"case": "derive", **ids(encr, name, integ, group), "ni": ni, "nr": nr,
               "secret": secret, "spi_i": f"{spi_i:016x}", "spi_r": f"{spi_r:016x}"}
        rows.append({**row, **{"sk_" + x: v for x, v in k.items() if v}})

        psk = fixed(f"{n} psk", 5 + 20 * n)
        message, id_body = fixed(f"{n} message", 300), fixed(f"{n} id", 4 + n)
        for who, nonce in (("i", nr), ("r", ni)):
            octets = message + nonce + prf(name, k["p" + who], id_body)
            rows.append({"case": "auth", "prf": HASH[name][0], "of": who,
                         "sk_p": k["p" + who], "message": message, "nonce": nonce,
                         "id": id_body, "shared": psk,
                         "auth": prf(name, prf(name, psk, b"Key Pad for IKEv2"), octets)})

        for esp, esp_integ, pfs in CHILDREN:
            e, a = ENCR[esp][2], HASH[esp_integ][2] if esp_integ else 0
            g = fixed(f"{n} child g^ir", g_len) if pfs else b""
            ei, ai, er, ar = cut(prf_plus(name, k["d"], g + ni + nr, 2 * (e + a)), e, a, e, a)
            rows.append({"case": "child", "prf": HASH[name][0], "sk_d": k["d"], "ni": ni, "nr": nr,
                         "secret": g, "encr": ENCR[esp][0], "bits": ENCR[esp][1],
                         "integ": HASH[esp_integ][1] if esp_integ else 0, "esn": int(pfs),
                         "i_to_r": ei + ai, "r_to_i": er + ar})

        ni2, nr2 = fixed(f"{n} ni2", 32), fixed(f"{n} nr2", 32)
        secret2 = fixed(f"{n} new g^ir", g_len)
        spi_i2, spi_r2 = struct.unpack(">QQ", fixed(f"{n} spi2", 16))
        new_integ = new_prf if integ else None
        k2 = expand(encr, new_prf, new_integ, prf(name, k["d"], secret2 + ni2 + nr2), ni2, nr2,
                    spi_i2, spi_r2)
        row = {"case": "rekey", **ids(encr, new_prf, new_integ, group), "old_prf": HASH[name][0],
               "old_sk_d": k["d"], "ni": ni2, "nr": nr2, "secret": secret2,
               "spi_i": f"{spi_i2:016x}", "spi_r": f"{spi_r2:016x}"}
        rows.append({**row, **{"sk_" + x: v for x, v in k2.items() if v}})
    return rows


def cbc(encr, key, iv, data):
    algorithm = TripleDES if encr == "3des" else algorithms.AES
    e = Cipher(algorithm(key), modes.CBC(iv)).encryptor()
    return e.update(data) + e.finalize()


def seal(encr, integ, key, a_key, iv, head, number, plain):
    """head: header and SK header with the lengths still zero; number: of a fragment, or empty."""
    aead = integ is None
    block = 1 if aead else len(iv)
    icv_len = 16 if aead else HASH[integ][3]
    pad = -(len(plain) + 1) % block
    body = plain + bytes(pad) + bytes([pad])
    total = len(head) + len(number) + len(iv) + len(body) + icv_len
    head = head[:24] + struct.pack(">I", total) + head[28:30] + struct.pack(">H", total - 28)
    covered = head + number
    if aead:
        nonce = key[-4:] + iv
        cipher = ChaCha20Poly1305 if encr.startswith("chacha") else AESGCM
        return covered + iv + cipher(key[:-4]).encrypt(nonce, body, covered)
    msg = covered + iv + cbc(encr, key, iv, body)
    return msg + hmac.new(a_key, msg, integ).digest()[:icv_len]


def sk_rows():
    rows = []
    for n, (encr, _, integ, *_) in enumerate(SUITES):
        key = fixed(f"{n} e", ENCR[encr][2])
        a_key = fixed(f"{n} a", HASH[integ][2]) if integ else b""
        iv_len = 8 if integ is None or encr == "3des" else 16
        for plain_len in (0, 1, 15, 16, 17, 100, 1200):
            plain = fixed(f"{n} plain", plain_len)
            iv = fixed(f"{n} iv {plain_len}", iv_len)
            fragment = plain_len == 100
            head = fixed("spi", 16) + bytes([53 if fragment else 46, 0x20, 37, 8, 0, 0, 0, n])
            head += bytes(4) + bytes([41, 0, 0, 0])
            number = struct.pack(">HH", 2, 3) if fragment else b""
            rows.append({"encr": ENCR[encr][0], "bits": ENCR[encr][1],
                         "integ": HASH[integ][1] if integ else 0, "e": key, "a": a_key, "iv": iv,
                         "number": number, "plain": plain,
                         "msg": seal(encr, integ, key, a_key, iv, head, number, plain)})
    return rows


if __name__ == "__main__":
    write("ike_keys.txt", ["IKE key schedule by gen_ike.py (RFC 7296 2.13 to 2.18, RFC 5282)."],
          key_rows())
    write("sk.txt", ["Encrypted payloads, whole and fragments, by gen_ike.py (RFC 7296 3.14, 5282,"
                     " 7383, 7634)."], sk_rows())
