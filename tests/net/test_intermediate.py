#!/usr/bin/env python3
"""Additional key exchanges (RFC 9242, 9370): two of us, and an initiator of its own that was written from
the RFCs and shares no code with the engine. It computes keys and AUTH by itself; with one part of AUTH
left out it is refused. It rekeys the IKE SA, the additional key exchanges in IKE_FOLLOWUP_KE; with a link
that is not the responder's it is told STATE_NOT_FOUND."""
import hashlib
import hmac
import socket
import struct
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lib import *

SA, KE, IDI, IDR, AUTH, NONCE, NOTIFY, DELETE, TSI, TSR, SK, CP = 33, 34, 35, 36, 39, 40, 41, 42, 44, 45, 46, 47
GATEWAY = CONF + """
crypto ikev2 proposal P
 encryption aes-gcm-128
 prf sha256
 group 31
 sallyport additional-key-exchange 1 19
 sallyport additional-key-exchange 3 20
crypto ikev2 policy P
 match fvrf any
 proposal P
"""
BRANCH = GATEWAY + """
crypto ikev2 keyring B
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key %s
crypto ikev2 profile HUB
 match identity remote fqdn gw.example.test
 identity local email client2@psk.test
 authentication remote pre-share
 authentication local pre-share
 keyring local B
crypto ipsec profile HUB
 set ikev2-profile HUB
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination 10.99.1.1
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
""" % PSK


# ---- the other implementation -------------------------------------------------------------------------

def prf(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def prf_plus(key, seed, length):
    out, t, i = b"", b"", 1
    while len(out) < length:
        t = prf(key, t + seed + bytes([i]))
        out += t
        i += 1
    return out[:length]


class Keys:
    def __init__(self, skeyseed, seed):
        s = prf_plus(skeyseed, seed, 32 + 2 * 20 + 2 * 32)
        self.d, self.ei, self.er, self.pi, self.pr = s[:32], s[32:52], s[52:72], s[72:104], s[104:]


class Curve:
    """One key exchange; group 31 or an ECP group."""

    def __init__(self, group):
        self.group = group
        self.curve = {19: ec.SECP256R1(), 20: ec.SECP384R1()}.get(group)
        self.key = ec.generate_private_key(self.curve) if self.curve else x25519.X25519PrivateKey.generate()

    def public(self):
        if self.curve:
            return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def secret(self, peer):
        if self.curve:
            return self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(self.curve, b"\x04" + peer))
        return self.key.exchange(x25519.X25519PublicKey.from_public_bytes(peer))


def chain(payloads):
    """(type, body)... -> first type and bytes."""
    out = b""
    for i, (_, body) in enumerate(payloads):
        following = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        out += struct.pack(">BBH", following, 0, 4 + len(body)) + body
    return payloads[0][0], out


def unchain(kind, data):
    out = []
    while kind:
        following, _, length = struct.unpack(">BBH", data[:4])
        out.append((kind, data[4:length]))
        kind, data = following, data[length:]
    return out


def transforms(*rows):
    out = b""
    for i, (kind, number, bits) in enumerate(rows):
        attribute = struct.pack(">HH", 0x800e, bits) if bits else b""
        out += struct.pack(">BBHBBH", 3 if i + 1 < len(rows) else 0, 0, 8 + len(attribute), kind, 0, number) + attribute
    return out


def proposal(protocol, spi, *rows):
    body = transforms(*rows)
    return struct.pack(">BBHBBBB", 0, 0, 8 + len(spi) + len(body), 1, protocol, len(spi), len(rows)) + spi + body


def notifies(payloads):
    return [struct.unpack(">H", body[2:4])[0] for t, body in payloads if t == NOTIFY]


class Initiator:
    def __init__(self, gateway):
        self.to = (gateway, 500)
        self.socks = {}
        for port in (500, 4500):
            s = self.socks[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("", port))
            s.settimeout(5)
        self.spi_i, self.spi_r = os.urandom(8), bytes(8)

    def exchange(self, message):
        port = self.to[1]
        marker = bytes(4) if port == 4500 else b""
        self.socks[port].sendto(marker + message, self.to)
        return self.socks[port].recvfrom(65535)[0][len(marker):]

    def header(self, first, kind, msgid, length):
        return self.spi_i + self.spi_r + struct.pack(">BBBBII", first, 0x20, kind, 0x08, msgid, length)

    def init(self, groups):
        first = Curve(31)
        self.ni = os.urandom(32)
        rows = [(1, 20, 128), (2, 5, 0), (4, 31, 0)] + [(5 + n, g, 0) for n, g in groups]
        kind, body = chain([(SA, proposal(1, b"", *rows)), (KE, struct.pack(">HH", 31, 0) + first.public()),
                            (NONCE, self.ni), (NOTIFY, struct.pack(">BBH", 0, 0, 16438)),
                            (NOTIFY, struct.pack(">BBH", 0, 0, 16388) + bytes(20)),
                            (NOTIFY, struct.pack(">BBH", 0, 0, 16389) + bytes(20))])
        self.request = self.header(kind, 34, 0, 28 + len(body)) + body
        self.reply = self.exchange(self.request)
        self.spi_r = self.reply[8:16]
        p = unchain(self.reply[16], self.reply[28:])
        self.nr = dict(p)[NONCE]
        self.seed = self.ni + self.nr + self.spi_i + self.spi_r
        self.keys = Keys(prf(self.ni + self.nr, first.secret(dict(p)[KE][4:])), self.seed)
        self.to = (self.to[0], 4500)
        return notifies(p)

    def rekey(self, groups, is_honest=True):
        """The IKE SA, by a responder that may ask for patience first (43)."""
        for _ in range(100):
            first, ni, spi_i = Curve(31), os.urandom(32), os.urandom(8)
            rows = [(1, 20, 128), (2, 5, 0), (4, 31, 0)] + [(5 + n, g, 0) for n, g in groups]
            p = self.next(36, [(SA, proposal(1, spi_i, *rows)), (NONCE, ni),
                               (KE, struct.pack(">HH", 31, 0) + first.public())])
            if NONCE in dict(p) or notifies(p) != [43]:
                break
            time.sleep(0.1)
        if NONCE not in dict(p):
            return "notify %s" % notifies(p)
        nr, spi_r = dict(p)[NONCE], dict(p)[SA][8:16]
        secrets = first.secret(dict(p)[KE][4:]) + ni + nr
        for _, group in groups:
            curve = Curve(group)
            link = [body for t, body in p if t == NOTIFY and body[2:4] == struct.pack(">H", 16441)]
            if len(link) != 1:
                return "no link"
            sent = link[0] if is_honest else link[0][:-1] + bytes([link[0][-1] ^ 1])
            p = self.next(44, [(KE, struct.pack(">HH", group, 0) + curve.public()), (NOTIFY, sent)])
            if KE not in dict(p):
                return "notify %s" % notifies(p)
            secrets += curve.secret(dict(p)[KE][4:])
        if notifies(p):
            return "more than was chosen"
        self.next(37, [(DELETE, struct.pack(">BBH", 1, 0, 0))])
        self.keys = Keys(prf(self.keys.d, secrets), ni + nr + spi_i + spi_r)
        self.spi_i, self.spi_r, self.msgid = spi_i, spi_r, 0
        return "rekeyed" if self.next(37, []) == [] else "no answer from the successor"

    def next(self, exchange, payloads):
        self.msgid += 1
        return self.protected(exchange, self.msgid - 1, payloads)

    def protected(self, exchange, msgid, payloads):
        """Sends them, returns the payloads of the reply; IntAuth of both directions is kept."""
        kind, plain = chain(payloads) if payloads else (0, b"")
        sk = struct.pack(">BBH", kind, 0, 4 + 8 + len(plain) + 1 + 16)
        head = self.header(SK, exchange, msgid, 28 + 4 + 8 + len(plain) + 1 + 16) + sk
        iv = os.urandom(8)
        cipher = AESGCM(self.keys.ei[:16]).encrypt(self.keys.ei[16:] + iv, plain + b"\0", head)
        r = self.exchange(head + iv + cipher)
        text = AESGCM(self.keys.er[:16]).decrypt(self.keys.er[16:] + r[32:40], r[40:], r[:32])
        answer = text[:len(text) - 1 - text[-1]]
        self.sent = self.adjusted(head, plain)
        self.received = self.adjusted(r[:32], answer)
        return unchain(r[28], answer)

    @staticmethod
    def adjusted(head, plain):
        return head[:24] + struct.pack(">I", 32 + len(plain)) + head[28:30] + struct.pack(">H", 4 + len(plain)) + plain

    def connect(self, groups, user, is_honest=True):
        self.notifies = self.init(groups)
        int_i = int_r = b""
        for n, (_, group) in enumerate(groups):
            curve, keys = Curve(group), self.keys
            p = dict(self.protected(43, 1 + n, [(KE, struct.pack(">HH", group, 0) + curve.public())]))
            int_i = prf(keys.pi, int_i + self.sent)
            int_r = prf(keys.pr, int_r + self.received)
            self.keys = Keys(prf(keys.d, curve.secret(p[KE][4:]) + self.ni + self.nr), self.seed)
        msgid = 1 + len(groups)
        self.msgid = msgid + 1
        int_auth = int_i + int_r + struct.pack(">I", msgid) if groups and is_honest else b""
        key = prf(PSK.encode(), b"Key Pad for IKEv2")
        identity = struct.pack(">B3x", 3) + user.encode()
        auth = prf(key, self.request + self.nr + prf(self.keys.pi, identity) + int_auth)
        any_ts = struct.pack(">B3xBBHHH", 1, 7, 0, 16, 0, 65535) + bytes(4) + b"\xff" * 4
        p = self.protected(35, msgid, [
            (IDI, identity), (AUTH, struct.pack(">B3x", 2) + auth), (CP, struct.pack(">B3xHH", 1, 1, 0)),
            (SA, proposal(3, os.urandom(4), (1, 20, 128), (5, 0, 0))), (TSI, any_ts), (TSR, any_ts)])
        if AUTH not in dict(p):
            return "notify %d" % struct.unpack(">H", dict(p)[NOTIFY][2:4])[0]
        want = prf(key, self.reply + self.ni + prf(self.keys.pr, dict(p)[IDR]) + int_auth)
        return "up" if want == dict(p)[AUTH][4:] and SA in dict(p) else "wrong AUTH"


if len(sys.argv) > 2 and sys.argv[1] == "peer":
    groups = [(1, 19), (3, 20)]
    one = Initiator(sys.argv[2])
    print(one.connect(groups, "a@psk.test", is_honest=sys.argv[3] != "dishonest"))
    if sys.argv[3].startswith("rekeys"):
        print(one.rekey(groups, is_honest=sys.argv[3] == "rekeys"))
    sys.exit(0)

# ---- the test -----------------------------------------------------------------------------------------

top = Topology()
client, c2 = top.client(1), top.client(2)
gw = Sallyport(top.gw, GATEWAY, name="gw").start()


def other(how):
    r = client.run("/usr/bin/python3", "-B", os.path.abspath(__file__), "peer", "10.99.1.1", how, check=False)
    return r.stdout.strip() or r.stderr[-800:]


got = other("honest")
ok("the independent initiator is let in, and our AUTH is what it computes", got == "up", got + gw.tail(8))
ok("the session is there", [r[0] for r in gw.sql("SELECT identity FROM v_active")] == ["a@psk.test"])
got = other("dishonest")
ok("without IKE_INTERMEDIATE in AUTH it is refused", got == "notify 24", got + gw.tail(8))
got = other("rekeys")
ok("it rekeys with additional key exchanges, and the successor has the keys that it computes",
   got == "up\nrekeyed", got + gw.tail(8))
got = other("rekeys-wrongly")
ok("a link that is not ours is told STATE_NOT_FOUND", got == "up\nnotify [47]", got + gw.tail(8))
branch = Sallyport(c2, BRANCH, name="branch").start()
up = wait_for(8, lambda: any(s["status"] == "READY" for s in branch.show("crypto", "ikev2", "sa")["ikev2_sas"]))
ok("two of us", up and c2.ping("10.99.2.2", count=2) == 2, branch.tail())
text = gw.command("show", "running-config").stdout
ok("the configuration says so", " sallyport additional-key-exchange 3 20" in text, text)
done()
