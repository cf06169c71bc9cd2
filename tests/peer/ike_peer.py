"""An IKEv2 client that shares nothing with Sallyport: written from RFC 7296, 5282, 4106, 3948 and 5723 on python3-cryptography.
Pre-shared keys, one suite (AES-GCM-256, HMAC-SHA-256, X25519), one child (AES-GCM-256; esp_peer.py has others), everything in UDP to port 4500 from
one socket that the caller made. It logs in, asks for tickets, resumes with them, and sends a ping through its tunnel.

It also reads and writes Sallyport's own tickets, from docs/ticket.md."""
import hashlib
import hmac
import os
import socket
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ike_wire import *


def prf(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def prf_plus(key, seed, length):
    out, t, n = b"", b"", 1
    while len(out) < length:
        t = prf(key, t + seed + bytes([n]))
        out, n = out + t, n + 1
    return out[:length]


IKE_SUITE = [transform(False, 1, 20, 256), transform(False, 2, 5), transform(True, 4, 31)]
ESP_SUITE = [transform(False, 1, 20, 256), transform(True, 5, 0)]
EVERYTHING = b"\x01\0\0\0" + struct.pack("!BBHHH", 7, 0, 16, 0, 65535) + bytes(4) + b"\xff" * 4


class Refused(Exception):
    """The gateway said no: .kinds are the notifies."""

    def __init__(self, kinds):
        super().__init__(str(sorted(kinds)))
        self.kinds = kinds


class Silent(Exception):
    pass


class Peer:
    esp_suite, esp_key_len = ESP_SUITE, 36

    def __init__(self, sock, gateway, identity, gateway_identity, psk):
        self.sock, self.gateway, self.psk = sock, (gateway, 4500), psk
        self.idi = struct.pack("!BBBB", EMAIL, 0, 0, 0) + identity.encode()
        self.idr = struct.pack("!BBBB", FQDN, 0, 0, 0) + gateway_identity.encode()
        self.ticket = self.lifetime = self.address = None
        self.wants_ticket = True

    # ---- messages ----

    def exchange(self, request, seconds=1.0, tries=4):
        for _ in range(tries):
            self.sock.sendto(bytes(4) + request, self.gateway)
            self.sock.settimeout(seconds)
            try:
                while True:
                    data = self.sock.recv(65535)
                    if data[:4] == bytes(4) and data[4:12] == request[:8] and data[23] & RESPONSE \
                            and data[24:28] == request[20:24]:
                        return data[4:]
            except socket.timeout:
                continue
        raise Silent()

    def header(self, kind, exchange, flags, number, length):
        return self.spi_i + self.spi_r + struct.pack("!BBBBII", kind, 0x20, exchange, flags, number, 28 + length)

    def plain(self, exchange, payloads):
        kind, body = chain(payloads)
        return self.header(kind, exchange, INITIATOR, 0, len(body)) + body

    def seal(self, exchange, payloads):
        kind, body = chain(payloads)
        iv = os.urandom(8)
        length = 4 + 8 + len(body) + 1 + 16
        head = self.header(SK, exchange, INITIATOR, self.number, length) + struct.pack("!BBH", kind, 0, length)
        return head + iv + AESGCM(self.sk_ei[:32]).encrypt(self.sk_ei[32:] + iv, body + b"\0", head)

    def open(self, message):
        assert message[16] == SK
        plain = AESGCM(self.sk_er[:32]).decrypt(self.sk_er[32:] + message[32:40], message[40:], message[:32])
        return unchain(message[28], plain[:len(plain) - 1 - plain[-1]])

    def ask(self, exchange, payloads, **more):
        reply = self.open(self.exchange(self.seal(exchange, payloads), **more))
        self.number += 1
        return reply

    # ---- the first exchange ----

    def begin(self, exchange, payloads):
        """Sends it, with a cookie when one is wanted. Gives the payloads of the reply."""
        self.spi_i, self.spi_r, self.ni = os.urandom(8), bytes(8), os.urandom(32)
        # A hash that fits nothing says that there is a NAT: ESP then travels in UDP.
        natd = [notify(NAT_SOURCE, os.urandom(20)), notify(NAT_DESTINATION, os.urandom(20))]
        cookie = []
        for _ in range(3):
            self.first_request = self.plain(exchange, cookie + [(k, self.ni if k == NONCE else b) for k, b in payloads] + natd)
            self.first_reply = self.exchange(self.first_request)
            assert self.first_reply[18] == exchange
            reply = unchain(self.first_reply[16], self.first_reply[28:])
            if COOKIE not in notifies(reply):
                break
            cookie = [notify(COOKIE, notifies(reply)[COOKIE])]
        if first(reply, NONCE) is None:
            raise Refused(set(notifies(reply)))
        assert cookie or len(self.first_reply) <= len(self.first_request)  # to an address that nothing has proven
        self.spi_r, self.nr = self.first_reply[8:16], first(reply, NONCE)
        return reply

    def derive(self, skeyseed):
        stream = prf_plus(skeyseed, self.ni + self.nr + self.spi_i + self.spi_r, 32 + 36 + 36 + 32 + 32)
        self.sk_d, self.sk_ei, self.sk_er = stream[:32], stream[32:68], stream[68:104]
        self.sk_pi, self.sk_pr = stream[104:136], stream[136:168]
        self.number = 1

    def login(self):
        key = X25519PrivateKey.generate()
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        reply = self.begin(IKE_SA_INIT, [(SA, proposal(1, b"", IKE_SUITE)), (KE, struct.pack("!HH", 31, 0) + public), (NONCE, None)])
        secret = key.exchange(X25519PublicKey.from_public_bytes(first(reply, KE)[4:]))
        self.derive(prf(self.ni + self.nr, secret))
        pad = prf(self.psk.encode(), b"Key Pad for IKEv2")
        self.authenticate(pad, pad)
        return self

    def resume(self, ticket, sk_d):
        """RFC 5723 4.3 and 5.1."""
        self.begin(IKE_SESSION_RESUME, [(NONCE, None), notify(TICKET_OPAQUE, ticket)])
        self.derive(prf(sk_d, b"Resumption" + self.ni + self.nr))
        self.authenticate(self.sk_pi, self.sk_pr)
        return self

    def authenticate(self, key_i, key_r):
        """IKE_AUTH; the keys are those of the outer prf of either AUTH."""
        auth = prf(key_i, self.first_request + self.nr + prf(self.sk_pi, self.idi))
        self.spi_in = os.urandom(4)
        payloads = [(IDI, self.idi), (AUTH, struct.pack("!BBBB", 2, 0, 0, 0) + auth),
                    (CP, struct.pack("!BBBBHH", 1, 0, 0, 0, 1, 0)), (SA, proposal(3, self.spi_in, self.esp_suite)),
                    (TSI, EVERYTHING), (TSR, EVERYTHING)]
        if self.wants_ticket:
            payloads.append(notify(TICKET_REQUEST))
        reply = self.ask(IKE_AUTH, payloads)
        if first(reply, AUTH) is None or first(reply, SA) is None:
            raise Refused(set(notifies(reply)))
        assert first(reply, IDR) == self.idr
        assert first(reply, AUTH)[4:] == prf(key_r, self.first_reply + self.ni + prf(self.sk_pr, self.idr))
        self.spi_out = first(reply, SA)[8:12]
        at = first(reply, CP)[4:]
        while at:
            kind, length = struct.unpack("!HH", at[:4])
            if kind & 0x7FFF == 1:
                self.address = socket.inet_ntoa(at[4:8])
            at = at[4 + length:]
        self.esp_answer, n = first(reply, SA), self.esp_key_len
        keymat = prf_plus(self.sk_d, self.ni + self.nr, 2 * n)
        self.esp_out, self.esp_in, self.sequence = keymat[:n], keymat[n:], 0
        self.take_ticket(reply)

    # ---- afterwards ----

    def take_ticket(self, reply):
        data = notifies(reply).get(TICKET_LT_OPAQUE)
        if data:
            self.lifetime, self.ticket = struct.unpack("!I", data[:4])[0], data[4:]

    def ask_ticket(self):
        reply = self.ask(INFORMATIONAL, [notify(TICKET_REQUEST)])
        self.take_ticket(reply)
        return set(notifies(reply))

    def rekey(self):
        """The IKE SA gets a successor (RFC 7296 2.18), asking for a ticket on the way. Gives the notifies."""
        key, spi, ni = X25519PrivateKey.generate(), os.urandom(8), os.urandom(32)
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        reply = self.ask(CREATE_CHILD_SA, [(SA, proposal(1, spi, IKE_SUITE)), (NONCE, ni),
                                           (KE, struct.pack("!HH", 31, 0) + public), notify(TICKET_REQUEST)])
        secret = key.exchange(X25519PublicKey.from_public_bytes(first(reply, KE)[4:]))
        nr, old_sk_d = first(reply, NONCE), self.sk_d
        self.logout()
        self.spi_i, self.spi_r, self.ni, self.nr = spi, first(reply, SA)[8:16], ni, nr
        self.derive(prf(old_sk_d, secret + ni + nr))
        self.number = 0
        return set(notifies(reply))

    def logout(self):
        return self.ask(INFORMATIONAL, [(DELETE, struct.pack("!BBH", 1, 0, 0))])

    def esp(self, inner):
        self.sequence += 1
        pad = -(len(inner) + 2) % 4
        head, iv = self.spi_out + struct.pack("!I", self.sequence), struct.pack("!Q", self.sequence)
        plain = inner + bytes(range(1, pad + 1)) + bytes([pad, 4])
        return head + iv + AESGCM(self.esp_out[:32]).encrypt(self.esp_out[32:] + iv, plain, head)

    def unesp(self, packet):
        plain = AESGCM(self.esp_in[:32]).decrypt(self.esp_in[32:] + packet[8:16], packet[16:], packet[:8])
        return plain[:len(plain) - 2 - plain[-2]]

    def ping(self, target, tries=5):
        """Did an echo come back through the tunnel?"""
        for n in range(tries):
            echo = echo_request(self.address, target, n)
            self.sock.sendto(self.esp(echo), self.gateway)
            self.sock.settimeout(0.5)
            try:
                while True:
                    data = self.sock.recv(65535)
                    if data[:4] != self.spi_in:
                        continue
                    inner = self.unesp(data)
                    if inner[20] == 0 and inner[24:] == echo[24:] and socket.inet_ntoa(inner[12:16]) == target:
                        return True
            except (socket.timeout, InvalidTag):
                continue
        return False


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(source, target, number):
    icmp = struct.pack("!BBHHH", 8, 0, 0, 0x5A11, number) + b"through the tunnel.."
    icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), number, 0, 64, 1, 0) + socket.inet_aton(source) + socket.inet_aton(target)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + icmp


# ---- Sallyport's tickets (docs/ticket.md) ----------------------------------------------------------


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read_record(record, kind):
    assert struct.unpack("!HH", record[:4]) == (kind, 1)
    assert struct.unpack("!I", record[-4:])[0] == crc32c(record[:-4])
    fields, at = {}, record[4:-4]
    while at:
        tag, length = struct.unpack("!HI", at[:6])
        fields[tag], at = at[6:6 + length], at[6 + length:]
    return fields


def write_record(kind, fields):
    record = struct.pack("!HH", kind, 1) + b"".join(struct.pack("!HI", t, len(v)) + v for t, v in fields.items())
    return record + struct.pack("!I", crc32c(record))


def read_keys(record):
    """{key id: key} of the record in secrets.db."""
    value = read_record(record, 0x7402)[1]
    keys = {}
    for part in (value[:48], value[48:96]):
        if struct.unpack("!Q", part[:8])[0]:
            keys[part[8:16]] = part[16:48]
    return keys


def open_ticket(keys, ticket):
    assert ticket[0] == 1
    return read_record(AESGCM(keys[ticket[1:9]]).decrypt(ticket[9:21], ticket[21:], ticket[:9]), 0x7401)


def seal_ticket(keys, key_id, fields):
    head, nonce = b"\x01" + key_id, os.urandom(12)
    return head + nonce + AESGCM(keys[key_id]).encrypt(nonce, write_record(0x7401, fields), head)
