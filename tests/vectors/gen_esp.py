#!/usr/bin/python3
"""esp.txt: ESP packets of every suite by Python and OpenSSL (RFC 4303, 4106, 7634, 4543, 3602, 3686,
2410, 4868). The receiver needs nothing but those RFCs. Which IV a sender uses is its own affair; ours
is the sequence number for AEADs and CTR, and for CBC that number encrypted with AES under the first
16 bytes of HMAC-SHA256(encryption key, "ESP IV")."""
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from gen_ike import ENCR as IKE_ENCR, HASH, cbc
from vec import fixed, write

# For ESP only: (IANA id, key bits of the attribute, key and salt bytes)
ENCR = dict(IKE_ENCR, null=(11, 0, 0))
for size in (128, 192, 256):
    for name, number in (("ctr", 13), ("gcm8", 18), ("gcm12", 19), ("gmac", 21)):
        ENCR[f"aes-{name}-{size}"] = (number, size, size // 8 + 4)
ICV = {"gcm8": 8, "gcm12": 12}
SUITES = [("aes-gcm-128", None), ("aes-gcm-192", None), ("aes-gcm-256", None),
          ("chacha20-poly1305", None), ("aes-cbc-128", "sha1"), ("aes-cbc-128", "sha256"),
          ("aes-cbc-192", "sha384"), ("aes-cbc-256", "sha512"), ("3des", "md5"),
          ("aes-gcm12-128", None), ("aes-gcm12-256", None), ("aes-gcm8-192", None),
          ("aes-gcm8-256", None), ("aes-ctr-128", "sha1"), ("aes-ctr-192", "sha384"),
          ("aes-ctr-256", "sha256"), ("aes-gmac-128", None), ("aes-gmac-192", None),
          ("aes-gmac-256", None), ("null", "sha1"), ("null", "sha256"), ("null", "sha512")]


def cbc_iv(key, seq, n):
    iv_key = hmac.new(key, b"ESP IV", "sha256").digest()[:16]
    e = Cipher(algorithms.AES(iv_key), modes.ECB()).encryptor()
    return (e.update(struct.pack(">QQ", 0, seq)) + e.finalize())[:n]


def seal(encr, integ, keymat, spi, seq, esn, plain):
    e_len = ENCR[encr][2]
    key, a_key = keymat[:e_len], keymat[e_len:]
    hi, lo = seq >> 32, seq & 0xffffffff
    head = struct.pack(">II", spi, lo)
    if integ is None:
        iv = struct.pack(">Q", seq)
        ad = struct.pack(">III", spi, hi, lo) if esn else head
        if "gmac" in encr:
            # RFC 4543 figure 4: everything is additional data, the IV too
            tag = AESGCM(key[:-4]).encrypt(key[-4:] + iv, b"", ad + iv + plain)
            return head + iv + plain + tag
        cipher = ChaCha20Poly1305 if encr.startswith("chacha") else AESGCM
        sealed = cipher(key[:-4]).encrypt(key[-4:] + iv, plain, ad)
        return head + iv + sealed[:len(plain) + ICV.get(encr.split("-")[1], 16)]
    if encr == "null":
        pkt = head + plain
    elif "ctr" in encr:
        iv = struct.pack(">Q", seq)
        block = key[-4:] + iv + struct.pack(">I", 1)
        e = Cipher(algorithms.AES(key[:-4]), modes.CTR(block)).encryptor()
        pkt = head + iv + e.update(plain) + e.finalize()
    else:
        iv = cbc_iv(key, seq, 8 if encr == "3des" else 16)
        pkt = head + iv + cbc(encr, key, iv, plain)
    covered = pkt + struct.pack(">I", hi) if esn else pkt
    return pkt + hmac.new(a_key, covered, integ).digest()[:HASH[integ][3]]


def rows():
    for n, (encr, integ) in enumerate(SUITES):
        keymat = fixed(f"esp {n}", ENCR[encr][2] + (HASH[integ][2] if integ else 0))
        align = 8 if encr == "3des" else 16 if "cbc" in encr else 4
        for esn in (0, 1):
            for seq, size in ((1, align), (5, 96), (0xffffffff, 256), (0x1_0000_0002, 1408)):
                plain = fixed(f"plain {seq}", size)
                yield {"encr": ENCR[encr][0], "bits": ENCR[encr][1],
                       "integ": HASH[integ][1] if integ else 0, "esn": esn, "keymat": keymat,
                       "spi": "c0ffee01", "seq": f"{seq:016x}", "plain": plain,
                       "pkt": seal(encr, integ, keymat, 0xc0ffee01, seq, esn, plain)}


write("esp.txt", ["ESP packets of every suite, with and without ESN, by gen_esp.py."], list(rows()))
