#!/usr/bin/python3
"""Seeds of fuzz_sk: for every suite a message that opens, a fragment, a body with padding, and
payloads to be sealed and changed."""
import struct

from gen_ike import ENCR, HASH, seal
from vec import HERE, fixed

KEY = b"thirty-two bytes of key and salt that serve every suite alike..\0"
SUITES = [("aes-gcm-128", None), ("aes-gcm-192", None), ("aes-gcm-256", None),
          ("chacha20-poly1305", None), ("aes-cbc-128", "sha1"), ("aes-cbc-128", "sha256"),
          ("aes-cbc-192", "sha384"), ("aes-cbc-256", "sha512"), ("3des", "md5")]
OUT = HERE.parent / "fuzz" / "corpus" / "sk"

OUT.mkdir(parents=True, exist_ok=True)
for n, (encr, integ) in enumerate(SUITES):
    key, a_key = KEY[:ENCR[encr][2]], KEY[:HASH[integ][2]] if integ else b""
    iv = fixed("iv", 8 if integ is None or encr == "3des" else 16)
    head = fixed("spi", 16) + bytes.fromhex("2e202508 00000001 00000000 29000000")
    plain = fixed("plain", 37)
    for mode, data in ((0, seal(encr, integ, key, a_key, iv, head, b"", plain)),
                       (1, plain + bytes(10) + bytes([10])),
                       (2, b"\x80\x01" + plain),
                       (3, seal(encr, integ, key, a_key, iv, head, struct.pack(">HH", 1, 2), plain))):
        (OUT / f"{n}_{mode}").write_bytes(bytes([n, mode]) + data)
