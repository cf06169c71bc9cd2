"""EAP of both roles for the peers of tests: Identity, NAK, MD5, GTC, MSCHAPv2 (RFC 3748, RFC 2759; EAP-MSCHAPv2 as deployed). The TLS
methods are in eap_tls.py.

A method is a class. As the peer: answer(type data) -> type data. As the server: start() -> type data, take(type data) -> type data, or
SUCCESS or FAILURE. Either has .msk (None when the method makes none) and .is_done when it may be followed by EAP-Success."""
import hashlib
import hmac
import os
import struct

import mschap

REQUEST, RESPONSE, SUCCESS, FAILURE = 1, 2, 3, 4
IDENTITY, NOTIFICATION, NAK, MD5, GTC, TLS, TTLS, PEAP, MSCHAPV2, EXPANDED = 1, 2, 3, 4, 6, 13, 21, 25, 26, 254
TYPES = {"md5": MD5, "gtc": GTC, "tls": TLS, "ttls": TTLS, "peap": PEAP, "mschapv2": MSCHAPV2}


def packet(code, identifier, kind=None, data=b""):
    body = b"" if kind is None else bytes([kind]) + data
    return struct.pack("!BBH", code, identifier, 4 + len(body)) + body


def parse(data):
    """(code, identifier, type or None, type data)"""
    code, identifier, length = struct.unpack("!BBH", data[:4])
    body = data[4:length]
    return code, identifier, body[0] if body else None, body[1:]


class Eap:
    """Credentials of the peer, and what it is ready to do.

    methods: words of TYPES in any order; the server's proposal is taken when it is among them, else NAK lists them. identity: what
    it answers to Identity when that is not `user` ("" is what Android may send). tls: arguments of eap_tls.Config.
    inner: of ttls: pap, mschapv2, or eap-md5, eap-mschapv2, eap-gtc; of peap: mschapv2, gtc.
    token: what GTC gets when it was announced as a second factor, as FortiClient knows it (an EAP-Success of five bytes; the method's
    type is the last)."""

    def __init__(self, user, password="", methods=("mschapv2", "md5", "gtc"), identity=None, tls=None, inner="pap", token=None):
        self.user, self.password, self.methods, self.tls, self.inner = user, password, methods, tls, inner
        self.identity, self.token = user if identity is None else identity, token


class Md5Peer:
    msk, is_done = None, True

    def __init__(self, cred, faults, identifier):
        self.password, self.identifier = cred.password.encode(), identifier

    def answer(self, data):
        challenge = data[1:1 + data[0]]
        digest = hashlib.md5(bytes([self.identifier()]) + self.password + challenge).digest()
        return bytes([16]) + digest


class GtcPeer:
    msk, is_done = None, True

    def __init__(self, cred, faults, identifier):
        self.password, self.prompts = cred.password.encode(), []

    def answer(self, data):
        self.prompts.append(data.decode(errors="replace"))
        return self.password


class Mschapv2Peer:
    """is_done: the server proved that it knows the password. faults: believe-anything: takes any proof of the server; mschap:size,
    mschap:length, mschap:short, mschap:name: a response whose value has another size, whose length is another, which ends in its value, whose
    name is of 900 octets; mschap:success: says that all went well in place of the response."""

    def __init__(self, cred, faults, identifier):
        self.user, self.hash, self.faults = cred.user, mschap.nt_hash(cred.password), faults
        self.msk, self.is_done, self.error = None, False, None

    def answer(self, data):
        code = data[0]
        if code == 1:
            challenge, peer = data[5:21], os.urandom(16)
            response = mschap.nt_response(challenge, peer, self.user, self.hash)
            self.proof = mschap.authenticator_response(self.hash, response, peer, challenge, self.user)
            self.key = mschap.session_key(self.hash, response)
            value = peer + bytes(8) + response + b"\0" + self.user.encode()
            how = next((f[7:] for f in self.faults if f.startswith("mschap:")), None)
            if how == "success":
                return b"\x03"
            if how:
                value = value[:20] if how == "short" else value + b"a" * 900 if how == "name" else value
                length = 5 + len(value) + (500 if how == "length" else 0)
                return struct.pack("!BBHB", 2, data[1], length, 255 if how == "size" else 49) + value
            return struct.pack("!BBHB", 2, data[1], 5 + len(value), 49) + value
        if code == 3:
            if data[4:46].decode(errors="replace") != self.proof and "believe-anything" not in self.faults:
                return None
            self.msk, self.is_done = self.key + bytes(32), True
            return b"\x03"
        self.error = data[4:].decode(errors="replace")
        return b"\x04"


PEERS = {MD5: Md5Peer, GTC: GtcPeer, MSCHAPV2: Mschapv2Peer}


class EapPeer:
    """answer(packet) gives the packet to send, or None. is_success, is_failure: what the server said; msk.

    faults: switch-method: from the second request of the method on it answers with the type of another one; late-nak: a NAK there;
    old-identifier: answers with the identifier of the request before; early-success: sends EAP-Success in place of its second
    response; trust-early-success: takes EAP-Success although the method has not come to its end; wrong-secret."""

    def __init__(self, cred, faults=(), inside=False):
        self.cred, self.faults, self.inside = cred, set(faults), inside
        self.method = self.kind = self.msk = None
        self.is_success = self.is_failure = self.was_asked_identity = False
        self.identifier, self.before, self.requests, self.last = 0, 0, 0, None
        if "wrong-secret" in self.faults:
            self.cred = Eap(cred.user, cred.password + "x", cred.methods, cred.identity, cred.tls, cred.inner)

    def response(self, kind, data):
        identifier = self.before if "old-identifier" in self.faults and self.requests > 1 else self.identifier
        self.last = packet(RESPONSE, identifier, kind, data)
        return self.last

    def answer(self, data):
        code, identifier, kind, body = parse(data)
        if code == SUCCESS and kind is not None:
            return self.second_factor(identifier, kind)
        if code == SUCCESS:
            self.is_success = bool(self.method and self.method.is_done) or "trust-early-success" in self.faults
            self.msk = self.method.msk if self.method else None
            return None
        if code == FAILURE:
            self.is_failure = True
            return None
        if self.last and identifier == self.identifier and self.requests:
            return self.last
        self.before, self.identifier = self.identifier, identifier
        if kind == IDENTITY:
            self.was_asked_identity = True
            return self.response(IDENTITY, self.cred.identity.encode())
        if kind == NOTIFICATION:
            return self.response(NOTIFICATION, b"")
        return self.answer_method(kind, body)

    def second_factor(self, identifier, kind):
        """Only a method that came to its end may be followed by another one, and only when we have a token. What FortiClient answers is
        not documented; a gateway must take any EAP payload."""
        if self.cred.token is None or self.method is None or not self.method.is_done:
            return None
        self.cred = Eap(self.cred.user, self.cred.token, [w for w, n in TYPES.items() if n == kind])
        self.method, self.identifier, self.requests = None, identifier, 0
        return self.response(IDENTITY, self.cred.identity.encode())

    def answer_method(self, kind, body):
        self.requests += 1
        wanted = [TYPES[m] for m in self.cred.methods]
        if self.method is None:
            if kind not in wanted:
                return self.response(NAK, bytes(wanted))
            self.kind, self.method = kind, self.make(kind)
        if kind != self.kind:
            return None
        if self.requests > 1 and "early-success" in self.faults:
            return packet(SUCCESS, self.identifier)
        if self.requests > 1 and "late-nak" in self.faults:
            return self.response(NAK, bytes([GTC]))
        answer = self.method.answer(body)
        if answer is None:
            return None
        if self.requests > 1 and "switch-method" in self.faults:
            return self.response(GTC if kind != GTC else MD5, self.cred.password.encode())
        return self.response(kind, answer)

    def make(self, kind):
        if kind in PEERS:
            return PEERS[kind](self.cred, self.faults, lambda: self.identifier)
        import eap_tls
        return eap_tls.PEERS[kind](self.cred, self.faults, lambda: self.identifier)


# ---- the server ------------------------------------------------------------------------------------


class Md5Server:
    msk = None

    def __init__(self, passwords, user, identifier, conf):
        self.password, self.identifier, self.is_done = passwords.get(user), identifier, False

    def start(self):
        self.challenge = os.urandom(16)
        self.identifier_sent = None
        return bytes([16]) + self.challenge + b"peer"

    def take(self, data):
        if self.password is None or data[:1] != b"\x10":
            return FAILURE
        digest = hashlib.md5(bytes([self.identifier()]) + self.password.encode() + self.challenge).digest()
        self.is_done = hmac.compare_digest(digest, data[1:17])
        return SUCCESS if self.is_done else FAILURE


class GtcServer:
    msk = None

    def __init__(self, passwords, user, identifier, conf):
        self.password, self.is_done = passwords.get(user), False

    def start(self):
        return b"Password: "

    def take(self, data):
        self.is_done = self.password is not None and data == self.password.encode()
        return SUCCESS if self.is_done else FAILURE


class Mschapv2Server:
    def __init__(self, passwords, user, identifier, conf):
        self.passwords, self.user, self.identifier = passwords, user, identifier
        self.msk, self.is_done, self.proved, self.conf = None, False, False, conf

    def start(self):
        self.challenge = os.urandom(16)
        value = self.challenge + b"peer"
        return struct.pack("!BBHB", 1, self.identifier(), 5 + len(value), 16) + value

    def message(self, code, text):
        return struct.pack("!BBH", code, self.identifier(), 4 + len(text)) + text.encode()

    def take(self, data):
        if data[:1] == b"\x02" and len(data) >= 54 and not self.proved:
            peer, response, name = data[5:21], data[29:53], data[54:].decode()
            password = self.passwords.get(name)
            hashed = mschap.nt_hash(password or "")
            if password is None or mschap.nt_response(self.challenge, peer, name, hashed) != response:
                return self.message(4, "E=691 R=0 C=%s V=3 M=no" % os.urandom(16).hex().upper())
            self.proved, self.key = True, mschap.session_key(hashed, response)
            proof = mschap.authenticator_response(hashed, response, peer, self.challenge, name)
            if "wrong-proof" in self.conf.get("faults", ()):
                proof = "S=" + "0" * 40
            return self.message(3, proof + " M=welcome")
        if data[:1] == b"\x03" and self.proved:
            self.msk, self.is_done = self.key + bytes(32), True
            return SUCCESS
        return FAILURE


SERVERS = {MD5: Md5Server, GTC: GtcServer, MSCHAPV2: Mschapv2Server}


class EapServer:
    """start() and take(packet) give the packet to send; None: nothing is worth an answer. is_success, is_failure, msk, user.

    methods: words in order of preference; NAK chooses among them. identity: the name of the user when it is not to be asked.
    conf: {"tls": arguments of eap_tls.Config, "faults": ...}. faults: early-success: EAP-Success after the identity; switch-method:
    goes on with another method in the middle; same-identifier: all its requests have the same one; wrong-proof (MSCHAPv2)."""

    def __init__(self, passwords, methods, identity=None, conf=None):
        self.passwords, self.methods, self.user, self.conf = passwords, [TYPES[m] for m in methods], identity, conf or {}
        self.faults, self.method, self.kind, self.msk = self.conf.get("faults", ()), None, None, None
        self.is_success = self.is_failure = False
        self.identifier, self.responses = os.urandom(1)[0], 0

    def request(self, kind, data):
        return packet(REQUEST, self.identifier, kind, data)

    def next(self):
        if "same-identifier" not in self.faults:
            self.identifier = (self.identifier + 1) & 255

    def start(self):
        if self.user is None:
            return self.request(IDENTITY, b"")
        return self.begin(self.methods[0])

    def begin(self, kind):
        self.kind = kind
        if kind in SERVERS:
            made = SERVERS[kind]
        else:
            import eap_tls
            made = eap_tls.SERVERS[kind]
        self.method = made(self.passwords, self.user, lambda: self.identifier, self.conf)
        return self.request(kind, self.method.start())

    def end(self, code):
        self.is_success, self.is_failure = code == SUCCESS, code == FAILURE
        self.msk = self.method.msk if self.method and self.is_success else None
        return packet(code, self.identifier)

    def take(self, data):
        code, identifier, kind, body = parse(data)
        if code != RESPONSE or identifier != self.identifier or self.is_success or self.is_failure:
            return None
        if self.method is None:
            if kind != IDENTITY:
                return self.end(FAILURE)
            self.user = body.decode()
            self.next()
            if "early-success" in self.faults:
                return packet(SUCCESS, self.identifier)
            return self.begin(self.methods[0])
        if kind == NAK and not self.responses:
            wanted = next((m for m in self.methods if m in body and m != self.kind), None)
            self.next()
            return self.begin(wanted) if wanted else self.end(FAILURE)
        if kind != self.kind:
            return self.end(FAILURE)
        self.responses += 1
        answer = self.method_takes(body)
        if answer in (SUCCESS, FAILURE):
            return self.end(answer)
        if "switch-method" in self.faults:
            return self.begin(GTC if self.kind != GTC else MD5)
        return self.request(self.kind, answer)

    def method_takes(self, body):
        """The method's request has the next identifier; what it checks has the one before."""
        if self.kind == MD5:
            return self.method.take(body)
        self.next()
        answer = self.method.take(body)
        if answer in (SUCCESS, FAILURE) and "same-identifier" not in self.faults:
            self.identifier = (self.identifier - 1) & 255  # that of the response (RFC 3748 4.2)
        return answer
