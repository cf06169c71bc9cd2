"""EAP-TLS, EAP-TTLSv0 and PEAPv0 for the peers of tests: RFC 5216, 9190, 5281, 5705, 8446, 9427; PEAPv0 with its cryptographic binding
as deployed. TLS is Python's ssl between two memory buffers; as it has no exporter, the secrets come from its key log."""
import hashlib
import hmac
import os
import ssl
import struct
import tempfile

import mschap
from eap_peer import *

LENGTH, MORE, START = 0x80, 0x40, 0x20


class Config:
    """cert, key, trust: PEM files (the first two may be None). version: "1.2", "1.3" or None for either. fragment: bytes of TLS
    data in a packet. client_cert: as the server, demand one. server_name: what the server's certificate must say, or None."""

    def __init__(self, trust=None, cert=None, key=None, version=None, fragment=1000, client_cert=True, server_name=None):
        self.trust, self.cert, self.key, self.version, self.fragment = trust, cert, key, version, fragment
        self.client_cert, self.server_name = client_cert, server_name

    def context(self, is_server, log):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
        c.minimum_version = ssl.TLSVersion.TLSv1_3 if self.version == "1.3" else ssl.TLSVersion.TLSv1_2
        c.maximum_version = ssl.TLSVersion.TLSv1_2 if self.version == "1.2" else ssl.TLSVersion.TLSv1_3
        c.check_hostname = False
        if is_server:
            c.num_tickets = 0
            c.verify_mode = ssl.CERT_REQUIRED if self.client_cert else ssl.CERT_NONE
        elif self.trust is None:
            c.verify_mode = ssl.CERT_NONE
        else:
            c.check_hostname = self.server_name is not None
        if self.trust:
            c.load_verify_locations(self.trust)
        if self.cert:
            c.load_cert_chain(self.cert, self.key)
        c.options |= 0x4  # a server without renegotiation_info (strongSwan) is one to talk to
        c.keylog_filename = log
        return c


def p_hash(name, secret, seed, length):
    out, a = b"", seed
    while len(out) < length:
        a = hmac.new(secret, a, name).digest()
        out += hmac.new(secret, a + seed, name).digest()
    return out[:length]


def expand_label(name, secret, label, context, length):
    label = b"tls13 " + label
    info = struct.pack("!HB", length, len(label)) + label + bytes([len(context)]) + context
    out, t, n = b"", b"", 1
    while len(out) < length:
        t = hmac.new(secret, t + info + bytes([n]), name).digest()
        out, n = out + t, n + 1
    return out[:length]


class Connection:
    def __init__(self, config, is_server):
        handle, self.log = tempfile.mkstemp(prefix="peer-keys-")
        os.close(handle)
        try:
            context = config.context(is_server, self.log)
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.incoming, self.outgoing, is_server, None if is_server else config.server_name)
        except BaseException:
            os.unlink(self.log)
            raise
        self.is_server, self.is_open, self.error, self.server_hello, self.seen = is_server, False, None, None, b""

    def step(self, data):
        """TLS records in, TLS records out."""
        self.incoming.write(data)
        if not self.is_open and self.error is None:
            try:
                self.tls.do_handshake()
                self.is_open = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as e:
                self.error = str(e)
        out = self.outgoing.read()
        if self.server_hello is None:
            self.seen += out if self.is_server else data
            if len(self.seen) >= 43 and self.seen[0] == 22 and self.seen[5] == 2:
                self.server_hello = self.seen[11:43]
        if self.is_open and self.log:
            with open(self.log) as f:
                self.secrets = dict((line.split()[0], line.split()[1:]) for line in f if not line.startswith("#"))
            os.unlink(self.log)
            self.log = None
        return out

    def read(self):
        try:
            return self.tls.read(65536)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as e:
            self.error = str(e)
            return b""

    def write(self, data):
        self.tls.write(data)
        return self.outgoing.read()

    @property
    def is_13(self):
        return self.tls.version() == "TLSv1.3"

    def export(self, label, length, context=b""):
        """RFC 8446 7.5; in TLS 1.2 RFC 5705 without a context, which is what the EAP methods use."""
        name = "sha384" if self.tls.cipher()[0].endswith("SHA384") else "sha256"
        if self.is_13:
            secret = bytes.fromhex(self.secrets["EXPORTER_SECRET"][1])
            nothing = hashlib.new(name, b"").digest()
            derived = expand_label(name, secret, label.encode(), nothing, len(nothing))
            return expand_label(name, derived, b"exporter", hashlib.new(name, context).digest(), length)
        random, master = (bytes.fromhex(t) for t in self.secrets["CLIENT_RANDOM"])
        return p_hash(name, master, label.encode() + random + self.server_hello, length)

    def __del__(self):
        if getattr(self, "log", None):
            os.unlink(self.log)


class Framed:
    """Fragments of TLS data in both directions (RFC 5216 2.1.5, 3.1)."""

    def __init__(self, fragment):
        self.fragment, self.incoming, self.outgoing, self.total = fragment, b"", b"", 0
        self.first = False

    def take(self, data):
        """The complete TLS data, or None: more to come."""
        flags, at = data[0], 5 if data[0] & LENGTH else 1
        self.incoming += data[at:]
        if flags & MORE:
            return None
        whole, self.incoming = self.incoming, b""
        return whole

    def put(self, data, version=0):
        self.outgoing, self.first, self.version = data, True, version
        return self.next()

    def next(self):
        piece, rest = self.outgoing[:self.fragment], self.outgoing[self.fragment:]
        flags = (MORE if rest else 0) | (LENGTH if self.first and rest else 0) | self.version
        total = struct.pack("!I", len(self.outgoing)) if self.first and rest else b""
        self.outgoing, self.first = rest, False
        return bytes([flags]) + total + piece


def keys(connection, kind):
    """128 octets: MSK and EMSK (RFC 5216 2.3, RFC 5281 8; with TLS 1.3 RFC 9190 2.3 and RFC 9427 2.1)."""
    if connection.is_13:
        return connection.export("EXPORTER_EAP_TLS_Key_Material", 128, bytes([kind]))
    return connection.export({TLS: "client EAP encryption", TTLS: "ttls keying material", PEAP: "client EAP encryption"}[kind], 128)


class TlsPeer:
    """kind TLS. The others add what goes on inside.

    faults: tls:length: the total that the first fragment announces is 4 GiB; tls:endless, tls:empty: after the ClientHello, fragments without end, of
    octets or of nothing; avp:zero, avp:short, avp:long: lengths of TTLS's AVPs that are none; avp:mandatory: one that nobody knows and everybody
    must (RFC 5281 10.1)."""
    kind = TLS

    def __init__(self, cred, faults, identifier):
        self.cred, self.faults, self.msk, self.is_done = cred, faults, None, False
        config = Config(**(cred.tls or {}))
        self.tls, self.framed, self.error = Connection(config, False), Framed(config.fragment), None
        self.was_open = False

    def answer(self, data):
        if self.framed.outgoing:
            return self.framed.next()
        if data[0] & START:
            first = self.framed.put(self.tls.step(b""))
            return bytes([LENGTH]) + b"\xff" * 4 + first[1:] if "tls:length" in self.faults else first
        if self.faults & {"tls:endless", "tls:empty"}:
            return bytes([MORE]) + (os.urandom(900) if "tls:endless" in self.faults else b"")
        whole = self.framed.take(data)
        if whole is None:
            return b"\0"
        out = self.tls.step(whole)
        self.error = self.tls.error
        if self.tls.is_open:
            if not self.was_open:
                self.was_open, self.msk = True, keys(self.tls, self.kind)[:64]
            out += self.inside(self.tls.read())
        return self.framed.put(out)

    def inside(self, data):
        """RFC 9190 2.5: one octet 0 says that the server is content; in TLS 1.2 its Finished does."""
        if data == b"\0" or not self.tls.is_13:
            self.is_done = True
        return b""


def avp(code, data, vendor=0):
    head = struct.pack("!IB", code, 0xC0 if vendor else 0x40)
    length = 8 + (4 if vendor else 0) + len(data)
    return head + length.to_bytes(3, "big") + (struct.pack("!I", vendor) if vendor else b"") + data + bytes(-length % 4)


def parse_avps(data):
    found = []
    while data:
        code, flags = struct.unpack("!IB", data[:5])
        length = int.from_bytes(data[5:8], "big")
        at = 12 if flags & 0x80 else 8
        found.append((code, struct.unpack("!I", data[8:12])[0] if flags & 0x80 else 0, data[at:length]))
        data = data[length + (-length % 4):]
    return found


class TtlsPeer(TlsPeer):
    kind = TTLS

    def __init__(self, cred, faults, identifier):
        super().__init__(cred, faults, identifier)
        self.inner, self.began = None, False

    def inside(self, data):
        if not self.began:
            self.began = True
            return self.tls.write(self.begin())
        return self.tls.write(self.go_on(data)) if data and self.proceeds(data) else b""

    def begin(self):
        user, password = self.cred.user.encode(), self.cred.password.encode()
        how = next((f[4:] for f in self.faults if f.startswith("avp:")), None)
        if how:
            self.is_done = True  # so that a server that takes it is seen to
            good = avp(1, user) + avp(2, password + bytes(-len(password) % 16))
            length = {"zero": 0, "short": 7, "long": 0xFFFFFF}.get(how)
            return avp(0xFFFFFF0, b"what") + good if length is None else good[:5] + length.to_bytes(3, "big") + good[8:]
        if self.cred.inner == "pap":
            self.is_done = True
            return avp(1, user) + avp(2, password + bytes(-len(password) % 16))
        if self.cred.inner == "mschapv2":
            implicit, hashed, peer = self.tls.export("ttls challenge", 17), mschap.nt_hash(self.cred.password), os.urandom(16)
            response = mschap.nt_response(implicit[:16], peer, self.cred.user, hashed)
            self.proof = mschap.authenticator_response(hashed, response, peer, implicit[:16], self.cred.user)
            self.ident = implicit[16:17]
            return avp(1, user) + avp(11, implicit[:16], 311) + avp(25, self.ident + b"\0" + peer + bytes(8) + response, 311)
        method = self.cred.inner[4:]
        self.inner = EapPeer(Eap(self.cred.user, self.cred.password, [method]), self.faults - {"wrong-secret"}, inside=True)
        self.inner_ended = False
        return avp(79, packet(RESPONSE, 0, IDENTITY, user))

    def proceeds(self, data):
        """Is there an answer to this?"""
        found = parse_avps(data)
        if self.inner is None:
            proof = next((d for code, vendor, d in found if (code, vendor) == (26, 311)), b"")
            self.is_done = self.is_done or proof[:1] == getattr(self, "ident", None) and proof[1:43].decode() == self.proof
            return False
        self.answered = self.inner.answer(b"".join(d for code, _, d in found if code == 79))
        self.is_done = self.inner.is_success or self.inner.method is not None and self.inner.method.is_done
        return self.answered is not None

    def go_on(self, data):
        return avp(79, self.answered)


def prf_plus(key, seed, length):
    """PEAP's, of version 0."""
    out, t, n = b"", b"", 1
    while len(out) < length:
        t = hmac.new(key, t + seed + bytes([n, 0, 0]), "sha1").digest()
        out, n = out + t, n + 1
    return out[:length]


class PeapPeer(TlsPeer):
    """Version 0: inner packets without their four octets of header, but for Extensions (type 33), which have it."""
    kind = PEAP

    def __init__(self, cred, faults, identifier):
        super().__init__(cred, faults, identifier)
        self.inner = EapPeer(Eap(cred.user, cred.password, [cred.inner if cred.inner != "pap" else "mschapv2"]), faults - {"wrong-secret"})
        self.identifier, self.was_bound = identifier, False

    def inside(self, data):
        if not data:
            return b""
        if data[0] in (REQUEST, SUCCESS, FAILURE) and len(data) >= 4 and struct.unpack("!H", data[2:4])[0] == len(data):
            if data[0] == REQUEST and data[4] == 33:
                return self.tls.write(self.extensions(data))
            whole = data
        else:
            whole = packet(REQUEST, self.identifier(), data[0], data[1:])
        self.inner.identifier ^= 0x80 if whole[1] == self.inner.identifier else 0  # one identifier for both layers
        answer = self.inner.answer(whole)
        return self.tls.write(answer[4:]) if answer else b""

    def extensions(self, data):
        """The server's word about the inner method, which we repeat; with the proof that both ends of the tunnel are its ends."""
        found, at = {}, data[5:]
        while at:
            kind, length = struct.unpack("!HH", at[:4])
            found[kind & 0x3FFF], at = at[4:4 + length], at[4 + length:]
        is_good = found.get(3) == b"\0\1" and self.inner.method is not None and self.inner.method.is_done
        body = struct.pack("!HHH", 0x8003, 2, 1 if is_good else 2)
        if is_good and 12 in found:
            body += self.bind(found[12])
        self.is_done = is_good
        return struct.pack("!BBHB", RESPONSE, data[1], 5 + len(body), 33) + body

    def bind(self, theirs):
        isk = (self.inner.method.msk or b"")[:32].ljust(32, b"\0")
        material = prf_plus(keys(self.tls, PEAP)[:40], b"Inner Methods Compound Keys" + isk, 60)
        ipmk, cmk = material[:40], material[40:]

        def mac(head, nonce):
            return hmac.new(cmk, head + nonce + bytes(20) + bytes([PEAP]), "sha1").digest()
        if mac(struct.pack("!HH", 12, 56) + theirs[:4], theirs[4:36]) != theirs[36:56]:
            raise ValueError("the server's binding is not that of our tunnel")
        self.was_bound = True
        self.msk = prf_plus(ipmk, b"Session Key Generating Function\0", 128)[:64]
        head, nonce = struct.pack("!HHBBBB", 12, 56, 0, 0, theirs[2], 1), os.urandom(32)
        return head + nonce + mac(head, nonce)


PEERS = {TLS: TlsPeer, TTLS: TtlsPeer, PEAP: PeapPeer}


class TlsServer:
    """EAP-TLS as the server. certificate: the client's, DER, when all went well."""

    def __init__(self, passwords, user, identifier, conf):
        config = Config(**conf["tls"])
        self.tls, self.framed, self.msk, self.is_done = Connection(config, True), Framed(config.fragment), None, False
        self.certificate, self.ending = None, None

    def start(self):
        return bytes([START])

    def take(self, data):
        if self.framed.outgoing:
            return self.framed.next()
        whole = self.framed.take(data)
        if whole is None:
            return b"\0"
        if self.ending is not None and not whole:
            self.is_done = self.ending == SUCCESS
            return self.ending
        out = self.tls.step(whole)
        if self.tls.error:
            self.ending = FAILURE
        elif self.tls.is_open and self.ending is None:
            self.ending, self.msk = SUCCESS, keys(self.tls, TLS)[:64]
            self.certificate = self.tls.tls.getpeercert(True)
            if self.tls.is_13:
                out += self.tls.write(b"\0")
        return self.framed.put(out) if out else FAILURE


SERVERS = {TLS: TlsServer}
