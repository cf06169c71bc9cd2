"""MS-CHAPv2 for the peers of tests (RFC 2759, 3079, 1320), and EAP-MSCHAPv2's use of it."""
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def md4(data):
    """OpenSSL 3 has it no more."""
    def rotate(x, n):
        return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    message = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", 8 * len(data))
    rounds = ((lambda x, y, z: (x & y) | (~x & z), 0, (3, 7, 11, 19), list(range(16))),
              (lambda x, y, z: (x & y) | (x & z) | (y & z), 0x5A827999, (3, 5, 9, 13), [4 * (i % 4) + i // 4 for i in range(16)]),
              (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1, (3, 9, 11, 15), [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]))
    for at in range(0, len(message), 64):
        words, (a, b, c, d) = struct.unpack("<16I", message[at:at + 64]), state
        for f, constant, shifts, order in rounds:
            for i, k in enumerate(order):
                a, b, c, d = d, rotate((a + (f(b, c, d) & 0xFFFFFFFF) + words[k] + constant) & 0xFFFFFFFF, shifts[i % 4]), b, c
        state = [(s + v) & 0xFFFFFFFF for s, v in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def des(key7, block):
    bits = int.from_bytes(key7, "big")
    key = bytes(((bits >> (49 - 7 * i)) & 0x7F) << 1 for i in range(8))
    step = Cipher(algorithms.TripleDES(key * 3), modes.ECB()).encryptor()
    return step.update(block) + step.finalize()


def nt_hash(password):
    return md4(password.encode("utf-16le"))


def plain_user(user):
    """RFC 2759 4: without the domain."""
    return user.rsplit("\\", 1)[-1]


def challenge_hash(peer, authenticator, user):
    return hashlib.sha1(peer + authenticator + plain_user(user).encode()).digest()[:8]


def nt_response(authenticator, peer, user, hashed):
    challenge, key = challenge_hash(peer, authenticator, user), hashed + bytes(5)
    return b"".join(des(key[i:i + 7], challenge) for i in (0, 7, 14))


def authenticator_response(hashed, response, peer, authenticator, user):
    digest = hashlib.sha1(md4(hashed) + response + b"Magic server to client signing constant").digest()
    digest = hashlib.sha1(digest + challenge_hash(peer, authenticator, user) + b"Pad to make it do more than one iteration").digest()
    return "S=" + digest.hex().upper()


MAGIC1 = b"This is the MPPE Master Key"
MAGIC2 = b"On the client side, this is the send key; on the server side, it is the receive key."
MAGIC3 = b"On the client side, this is the receive key; on the server side, it is the send key."


def session_key(hashed, response):
    """32 octets: what the server receives with, and sends with (RFC 3079 3)."""
    master = hashlib.sha1(md4(hashed) + response + MAGIC1).digest()[:16]
    return b"".join(hashlib.sha1(master + bytes(40) + magic + b"\xf2" * 40).digest()[:16] for magic in (MAGIC2, MAGIC3))


def self_test():
    """RFC 2759 9.2 and RFC 3079 3.5.3."""
    hashed = nt_hash("clientPass")
    assert hashed.hex() == "44ebba8d5312b8d611474411f56989ae"
    authenticator = bytes.fromhex("5b5d7c7d7b3f2f3e3c2c602132262628")
    peer = bytes.fromhex("21402324255e262a28295f2b3a337c7e")
    response = nt_response(authenticator, peer, "User", hashed)
    assert response.hex() == "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"
    assert authenticator_response(hashed, response, peer, authenticator, "User") == "S=407A5589115FD0D6209F510FE9C04566932CDA56"
    assert session_key(hashed, response)[16:].hex() == "8b7cdc149b993a1ba118cb153f56dccb"


if __name__ == "__main__":
    self_test()
