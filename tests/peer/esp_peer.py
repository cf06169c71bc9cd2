"""ESP with every suite, for the client of ike_peer.py. Two implementations that share nothing with Sallyport: scapy's, where it
has the suite (it has no short ICVs, no GMAC, and ESN with AEADs only), else the few lines of Rfc, from RFC 4303, 4106, 4543, 3686,
3602 and 2410 on python3-cryptography."""
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import ike_peer as ike

# IANA number, bytes of salt, of IV and of ICV; scapy's name
CIPHERS = {"gcm": (20, 4, 8, 16, "AES-GCM"), "gcm12": (19, 4, 8, 12, None), "gcm8": (18, 4, 8, 8, None),
           "gmac": (21, 4, 8, 16, None), "chacha20": (28, 4, 8, 16, "CHACHA20-POLY1305"), "cbc": (12, 0, 16, 0, "AES-CBC"),
           "ctr": (13, 4, 8, 0, "AES-CTR"), "null": (11, 0, 0, 0, "NULL")}
# IANA number, hash, bytes of ICV; scapy's name
HASHES = {"sha1": (2, hashlib.sha1, 12, "HMAC-SHA1-96"), "sha256": (12, hashlib.sha256, 16, "SHA2-256-128"),
          "sha384": (13, hashlib.sha384, 24, "SHA2-384-192"), "sha512": (14, hashlib.sha512, 32, "SHA2-512-256")}


class Suite:
    def __init__(self, cipher, bits=0, integ=None, esn=False):
        self.cipher, self.bits, self.integ, self.esn = cipher, bits, integ, esn
        number, self.salt_len, self.iv_len, icv, self.scapy = CIPHERS[cipher]
        self.key_len = 32 if cipher == "chacha20" else bits // 8
        self.transforms = [ike.transform(False, 1, number, bits)]
        self.integ_len, self.icv_len = 0, icv
        if integ:
            number, self.hash, self.icv_len, self.scapy_integ = HASHES[integ]
            self.integ_len = self.hash().digest_size
            self.transforms.append(ike.transform(False, 3, number))
        self.transforms.append(ike.transform(True, 5, 1 if esn else 0))
        self.keymat_len = self.key_len + self.salt_len + self.integ_len
        self.by_scapy = bool(self.scapy) and not (esn and integ)

    def __str__(self):
        words = [self.cipher] + ([str(self.bits)] if self.bits else []) + ([self.integ] if self.integ else [])
        return " ".join(words) + (" ESN" if self.esn else "")

    def split(self, keymat):
        key, rest = keymat[:self.key_len], keymat[self.key_len:]
        return key, rest[:self.salt_len], rest[self.salt_len:]


class Rfc:
    """One direction of an SA."""

    def __init__(self, suite, spi, keymat):
        self.suite, self.spi = suite, spi
        self.key, self.salt, self.integ = suite.split(keymat)

    def covered(self, sequence):
        high, low = sequence >> 32, sequence & 0xFFFFFFFF
        return self.spi + (struct.pack("!II", high, low) if self.suite.esn else struct.pack("!I", low))

    def crypt(self, iv, text, seal):
        if self.suite.cipher == "null":
            return text
        mode = modes.CBC(iv) if self.suite.cipher == "cbc" else modes.CTR(self.salt + iv + b"\0\0\0\1")
        cipher = Cipher(algorithms.AES(self.key), mode)
        step = cipher.encryptor() if seal else cipher.decryptor()
        return step.update(text) + step.finalize()

    def mac(self, sequence, packet):
        high = struct.pack("!I", sequence >> 32) if self.suite.esn else b""
        return hmac.new(self.integ, packet + high, self.suite.hash).digest()[:self.suite.icv_len]

    def seal(self, sequence, inner):
        block = 16 if self.suite.cipher == "cbc" else 4
        pad = -(len(inner) + 2) % block
        text = inner + bytes(range(1, pad + 1)) + bytes([pad, 4])
        head, iv = self.spi + struct.pack("!I", sequence & 0xFFFFFFFF), os.urandom(self.suite.iv_len)
        if self.suite.integ:
            packet = head + iv + self.crypt(iv, text, True)
            return packet + self.mac(sequence, packet)
        covered = self.covered(sequence)
        if self.suite.cipher == "gmac":
            return head + iv + text + AESGCM(self.key).encrypt(self.salt + iv, b"", covered + iv + text)
        sealed = AESGCM(self.key).encrypt(self.salt + iv, text, covered)
        return head + iv + sealed[:len(text) + self.suite.icv_len]

    def open(self, sequence, packet):
        iv, body = packet[8:8 + self.suite.iv_len], packet[8 + self.suite.iv_len:]
        text, icv = body[:-self.suite.icv_len], body[-self.suite.icv_len:]
        if self.suite.integ:
            if self.mac(sequence, packet[:-self.suite.icv_len]) != icv:
                raise InvalidTag()
            return self.crypt(iv, text, False)
        covered = self.covered(sequence)
        if self.suite.cipher == "gmac":
            AESGCM(self.key).decrypt(self.salt + iv, icv, covered + iv + text)
            return text
        # The whole ICV is that of the text that the counter gives; a short one is its beginning.
        counter = Cipher(algorithms.AES(self.key), modes.CTR(self.salt + iv + b"\0\0\0\2")).decryptor()
        plain = counter.update(text) + counter.finalize()
        if AESGCM(self.key).encrypt(self.salt + iv, plain, covered)[len(plain):][:self.suite.icv_len] != icv:
            raise InvalidTag()
        return plain


class Scapy:
    """The same by scapy."""

    def __init__(self, suite, spi, keymat):
        from scapy.layers.inet import IP
        from scapy.layers.ipsec import ESP, SecurityAssociation
        key, salt, integ = suite.split(keymat)
        self.IP, self.ESP, self.suite = IP, ESP, suite
        more = {"auth_algo": suite.scapy_integ, "auth_key": integ} if suite.integ else {}
        self.sa = SecurityAssociation(ESP, spi=struct.unpack("!I", spi)[0], crypt_algo=suite.scapy, crypt_key=key + salt or None,
                                      tunnel_header=IP(src="10.99.1.11", dst="10.99.1.1"), esn_en=suite.esn, **more)

    def number(self, sequence):
        self.sa.esn, self.sa.seq_num = sequence >> 32, sequence & 0xFFFFFFFF

    def seal(self, sequence, inner):
        self.number(sequence)
        return bytes(self.sa.encrypt(self.IP(inner))[self.ESP])

    def open(self, sequence, packet):
        self.number(sequence)
        outer = self.IP(src="10.99.1.1", dst="10.99.1.11", proto=50) / self.ESP(packet)
        inner = bytes(self.sa.decrypt(self.IP(bytes(outer))))
        return inner + b"\0\4"  # as Rfc gives it: scapy took the trailer off


class EspPeer(ike.Peer):
    """A client whose child has this suite."""

    def __init__(self, suite, *args):
        super().__init__(*args)
        self.suite, self.wants_ticket = suite, False
        self.esp_suite, self.esp_key_len = suite.transforms, suite.keymat_len

    def authenticate(self, key_i, key_r):
        super().authenticate(key_i, key_r)
        kind = Scapy if self.suite.by_scapy else Rfc
        self.out, self.back = kind(self.suite, self.spi_out, self.esp_out), kind(self.suite, self.spi_in, self.esp_in)
        self.heard = 0

    def chose_it(self):
        """The answer has our transforms and no others."""
        return self.esp_answer[12:] == b"".join(self.suite.transforms)

    def esp(self, inner):
        self.sequence += 1
        return self.out.seal(self.sequence, inner)

    def unesp(self, packet):
        plain = self.back.open(struct.unpack("!I", packet[4:8])[0], packet)
        self.heard += 1
        return plain[:len(plain) - 2 - plain[-2]]
