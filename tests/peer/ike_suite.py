"""Algorithms of an IKE SA for the peers of tests: transforms by word, key exchange, prf, sealing. Written from RFC 7296, 3526, 5903,
8031, 5282, 7634, 3686, 3602 and 2451 on python3-cryptography.

A proposal is a line of words: "aes256 aes128 sha256 sha1 prfsha256 modp2048 ecp256". Words that only an offer may hold (this peer
cannot compute them): xcbc cmac prfxcbc prfcmac mlkem768."""
import functools
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ike_wire import *

ENCR, PRF, INTEG, DH, ESN = 1, 2, 3, 4, 5
# word: (type, number, bits)
WORDS = {"3des": (ENCR, 3, 0), "des": (ENCR, 2, 0), "null": (ENCR, 11, 0), "chacha20": (ENCR, 28, 0),
         "sha1": (INTEG, 2, 0), "sha256": (INTEG, 12, 0), "sha384": (INTEG, 13, 0), "sha512": (INTEG, 14, 0),
         "xcbc": (INTEG, 5, 0), "cmac": (INTEG, 8, 0), "md5": (INTEG, 1, 0),
         "prfsha1": (PRF, 2, 0), "prfsha256": (PRF, 5, 0), "prfsha384": (PRF, 6, 0), "prfsha512": (PRF, 7, 0),
         "prfxcbc": (PRF, 4, 0), "prfcmac": (PRF, 8, 0), "prfmd5": (PRF, 1, 0),
         "noesn": (ESN, 0, 0), "esn": (ESN, 1, 0)}
for _bits in (128, 192, 256):
    WORDS.update({"aes%d" % _bits: (ENCR, 12, _bits), "aes%dctr" % _bits: (ENCR, 13, _bits), "aes%dgcm16" % _bits: (ENCR, 20, _bits),
                  "aes%dgcm12" % _bits: (ENCR, 19, _bits), "aes%dgcm8" % _bits: (ENCR, 18, _bits)})
GROUPS = {"modp1024": 2, "modp1536": 5, "modp2048": 14, "modp3072": 15, "modp4096": 16, "ecp256": 19, "ecp384": 20, "ecp521": 21,
          "x25519": 31, "mlkem768": 36, "modpnone": 0}
WORDS.update({word: (DH, number, 0) for word, number in GROUPS.items()})
HASHES = {2: (hashlib.sha1, 12), 12: (hashlib.sha256, 16), 13: (hashlib.sha384, 24), 14: (hashlib.sha512, 32)}
PRFS = {2: hashlib.sha1, 5: hashlib.sha256, 6: hashlib.sha384, 7: hashlib.sha512}


def transforms(line):
    return [WORDS[w] for w in line.split()]


def offer(protocol, spi, lines, number=1):
    """The body of an SA payload; number: of the first proposal."""
    out = b""
    for i, line in enumerate(lines):
        found = transforms(line)
        parts = [transform(n + 1 == len(found), *t) for n, t in enumerate(found)]
        out += proposal(protocol, spi, parts, number + i, i + 1 == len(lines))
    return out


def choose(body, lines):
    """(number of the proposal, SPI, {type: (type, number, bits)}) as a responder with these lines chooses, or None."""
    for line in lines:
        wanted = transforms(line)
        for number, _, spi, offered in parse_proposals(body):
            chosen = {kind: next((t for t in wanted if t[0] == kind and t in offered), None) for kind in {t[0] for t in offered}}
            if any(t[0] == ENCR and t[1] in (18, 19, 20, 28) for t in chosen.values() if t) and chosen.get(INTEG, 0) is None:
                del chosen[INTEG]
            for kind in [k for k, t in chosen.items() if t is None and (k, 0, 0) in offered]:
                chosen[kind] = (kind, 0, 0)
            if all(chosen.values()) and {t[0] for t in wanted} <= set(chosen) | {ESN, DH}:
                return number, spi, chosen
    return None


# ---- key exchange ----------------------------------------------------------------------------------


def pi_bits(bits):
    """floor(2^bits * pi), by Machin's formula."""
    guard = bits + 64

    def arctan(x):
        total, term, n, sign = 0, (1 << guard) // x, 1, 1
        while term:
            total += sign * (term // n)
            term //= x * x
            n, sign = n + 2, -sign
        return total
    return (4 * (4 * arctan(5) - arctan(239))) >> 64


@functools.lru_cache(None)
def prime(bits):
    """2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + c) (RFC 2409 6, RFC 3526)."""
    c = {1024: 129093, 1536: 741804, 2048: 124476, 3072: 1690314, 4096: 240904}[bits]
    return (1 << bits) - (1 << (bits - 64)) - 1 + ((pi_bits(bits - 130) + c) << 64)


class KeyExchange:
    def __init__(self, number):
        self.number = number
        word = next(w for w, n in GROUPS.items() if n == number)
        if word.startswith("modp"):
            self.bits, self.secret = int(word[4:]), int.from_bytes(os.urandom(32), "big") | 1 << 255
            self.public = pow(2, self.secret, prime(self.bits)).to_bytes(self.bits // 8, "big")
        elif word == "x25519":
            self.secret = x25519.X25519PrivateKey.generate()
            self.public = self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            self.curve = {"ecp256": ec.SECP256R1, "ecp384": ec.SECP384R1, "ecp521": ec.SECP521R1}[word]()
            self.secret = ec.generate_private_key(self.curve)
            self.public = self.secret.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]

    def payload(self):
        return KE, struct.pack("!HH", self.number, 0) + self.public

    def shared(self, public):
        if self.number == 31:
            return self.secret.exchange(x25519.X25519PublicKey.from_public_bytes(public))
        if 19 <= self.number <= 21:
            return self.secret.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(self.curve, b"\x04" + public))
        p = prime(self.bits)
        return pow(int.from_bytes(public, "big"), self.secret, p).to_bytes(self.bits // 8, "big")


# ---- the keys of an SA -----------------------------------------------------------------------------


class Suite:
    """What was chosen: {type: (type, number, bits)}."""

    def __init__(self, chosen):
        self.encr, self.bits = chosen[ENCR][1:]
        self.group, self.hash = chosen[DH][1], PRFS[chosen[PRF][1]]
        self.is_aead = self.encr in (18, 19, 20, 28)
        self.integ, self.icv = (None, {18: 8, 19: 12, 20: 16, 28: 16}[self.encr]) if self.is_aead else HASHES[chosen[INTEG][1]]
        self.salt, self.iv = (4, 8) if self.is_aead or self.encr == 13 else (0, 8 if self.encr == 3 else 16)
        self.key = {3: 24, 28: 32}.get(self.encr, self.bits // 8)
        self.block = 1 if self.salt else self.iv

    def prf(self, key, data):
        return hmac.new(key, data, self.hash).digest()

    def prf_plus(self, key, seed, length):
        out, t, n = b"", b"", 1
        while len(out) < length:
            t = self.prf(key, t + seed + bytes([n]))
            out, n = out + t, n + 1
        return out[:length]

    def keys(self, skeyseed, seed):
        """SK_d, (integrity, encryption) of both directions, SK_pi, SK_pr."""
        n, a, e = self.hash().digest_size, self.integ().digest_size if self.integ else 0, self.key + self.salt
        stream, found = self.prf_plus(skeyseed, seed, 3 * n + 2 * a + 2 * e), []
        for size in (n, a, a, e, e, n, n):
            found.append(stream[:size])
            stream = stream[size:]
        d, ai, ar, ei, er, pi, pr = found
        return d, (ai, ei), (ar, er), pi, pr

    def crypt(self, key, iv, text, seal):
        if self.encr == 13:
            cipher = Cipher(algorithms.AES(key[:self.key]), modes.CTR(key[self.key:] + iv + b"\0\0\0\1"))
        else:
            cipher = Cipher((algorithms.TripleDES if self.encr == 3 else algorithms.AES)(key), modes.CBC(iv))
        step = cipher.encryptor() if seal else cipher.decryptor()
        return step.update(text) + step.finalize()

    def sealed_length(self, length):
        """Of an IV, `length` bytes of payloads, padding and ICV."""
        return self.iv + (length // self.block + 1) * self.block + self.icv

    def seal(self, keys, head, text):
        """head: everything before the IV, its lengths already right."""
        integ, key = keys
        iv, pad = os.urandom(self.iv), -(len(text) + 1) % self.block
        text += bytes(pad) + bytes([pad])
        if self.is_aead:
            aead = ChaCha20Poly1305(key[:32]) if self.encr == 28 else AESGCM(key[:self.key])
            sealed = aead.encrypt(key[self.key:] + iv, text, head)
            return head + iv + sealed[:len(text) + self.icv]
        message = head + iv + self.crypt(key, iv, text, True)
        return message + hmac.new(integ, message, self.integ).digest()[:self.icv]

    def open(self, keys, message, at):
        """The payloads of a message whose IV begins at `at`; InvalidTag."""
        integ, key = keys
        iv, sealed = message[at:at + self.iv], message[at + self.iv:]
        if self.is_aead:
            if self.icv < 16:
                raise InvalidTag()  # short ICVs: offers only
            aead = ChaCha20Poly1305(key[:32]) if self.encr == 28 else AESGCM(key[:self.key])
            text = aead.decrypt(key[self.key:] + iv, sealed, message[:at])
        else:
            if not hmac.compare_digest(hmac.new(integ, message[:-self.icv], self.integ).digest()[:self.icv], message[-self.icv:]):
                raise InvalidTag()
            text = self.crypt(key, iv, sealed[:-self.icv], False)
        return text[:len(text) - 1 - text[-1]]
