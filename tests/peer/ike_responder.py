"""An IKEv2 responder for tests, written from the RFCs and sharing nothing with Sallyport. It has no tunnel: it authenticates, gives an address and
answers liveness checks.

    with Responder([(sock500, False), (sock4500, True)], "gw.example.test", Cert(gw), trust=[root.der]) as r:
        ...; r.wait(5); r.sessions[0].is_up, .identity, .scheme, .error

The sockets are the caller's: (socket, whether a marker of four zero octets stands before IKE, as it does on port 4500).
local: Psk or Cert. remote: Psk, or "cert" (by `trust`), or ["mschapv2", ...]: EAP with these methods in order, passwords {user: password};
identity None: it asks for one. eap_conf: see eap_peer.EapServer. certreq: hashes of authorities, None: those of `trust`.

faults, one word each:
  wrong-secret, wrong-signature, other-octets, unannounced-hash, other-identity, other-ca, no-cert, garbage-cert, pkcs7-cert, algorithm-lie:WORD,
  method:N                      as of Initiator, in the AUTH of the first reply
  no-first-auth                 EAP although it has not proven itself (the initiator did not ask for EAP only)
  auth-from-skp, auth-from-msk  in the AUTH after EAP: from SK_pr although there is an MSK; from an MSK of zeros although there is none
  no-final-auth                 the last reply has a child and no AUTH
  skip-eap                      after IDi without AUTH it sends AUTH and a child at once
  skip-eap-by-skp               the same, AUTH being of SK_pr and an identity of nothing, as after EAP that made no key: anybody could
  early-success, switch-method, same-identifier, wrong-proof     see eap_peer.EapServer
  fortinet                      after MSCHAPv2, an EAP-Success of five bytes and GTC"""
import os
import select
import struct
import threading

from eap_peer import GTC, SUCCESS, EapServer, packet
from ike_auth import *
from ike_sa import *

IKE_LINES = ["aes256gcm16 aes128gcm16 prfsha384 prfsha256 x25519 ecp256 ecp384 modp2048",
             "aes256 aes128 sha512 sha256 sha1 prfsha512 prfsha256 prfsha1 x25519 ecp256 modp2048 modp1024"]
ESP_LINES = ["aes256gcm16 aes128gcm16 noesn", "aes256 aes128 sha256 sha1 noesn"]


class Session(Secured):
    """One IKE SA."""

    def __init__(self, owner, message):
        super().__init__(False)
        self.owner, self.faults, self.spi_i, self.spi_r = owner, owner.faults, message.spi_i, os.urandom(8)
        self.state, self.is_up, self.is_deleted, self.error, self.scheme, self.identity = "init", False, False, None, None, None
        self.eap, self.msk, self.number, self.replies, self.requested, self.methods = None, None, -1, [], [], []

    # ---- IKE_SA_INIT ----

    def init(self, data):
        m = Message(data)
        payloads = unchain(m.kind, data[28:])
        self.trace.append(("<-", m.exchange, 0, names(payloads)))
        said = notifies(payloads)
        found = choose(first(payloads, SA), self.owner.ike)
        if found is None:
            return self.plain(IKE_SA_INIT, [notify(NO_PROPOSAL_CHOSEN)], 0, True)
        number, _, chosen = found
        if struct.unpack("!H", first(payloads, KE)[:2])[0] != chosen[DH][1]:
            return self.plain(IKE_SA_INIT, [notify(INVALID_KE_PAYLOAD, struct.pack("!H", chosen[DH][1]))], 0, True)
        ke, self.ni, self.nr = KeyExchange(chosen[DH][1]), first(payloads, NONCE), os.urandom(32)
        suite, kinds = Suite(chosen), sorted(chosen)
        body = proposal(1, b"", [transform(k == kinds[-1], *chosen[k]) for k in kinds], number)
        self.peer_hashes = None
        if SIGNATURE_HASHES in said:
            self.peer_hashes = struct.unpack("!%dH" % (len(said[SIGNATURE_HASHES]) // 2), said[SIGNATURE_HASHES])
        requests = [key_hash(t) for t in self.owner.trust] if self.owner.certreq is None else self.owner.certreq
        reply = [(SA, body), ke.payload(), (NONCE, self.nr), notify(NAT_SOURCE, os.urandom(20)), notify(NAT_DESTINATION, os.urandom(20))]
        reply += [certificate_request(X509, requests)] if requests else []
        if self.owner.hashes and self.peer_hashes is not None:
            reply.append(notify(SIGNATURE_HASHES, struct.pack("!%dH" % len(self.owner.hashes), *self.owner.hashes)))
        if FRAGMENTATION in said:
            reply.append(notify(FRAGMENTATION))
            self.fragments = True
        self.first_request, self.first_reply = data, self.plain(IKE_SA_INIT, reply, 0, True)
        self.set_keys(suite, suite.prf(self.ni + self.nr, ke.shared(first(payloads, KE)[4:])), self.ni + self.nr + self.spi_i + self.spi_r)
        self.number, self.state = 0, "auth"
        return self.first_reply

    # ---- IKE_AUTH ----

    def octets(self):
        nonce = self.nr if "other-octets" in self.faults else self.ni
        return self.first_reply + nonce + self.suite.prf(self.sk_pr, self.idr)

    def octets_i(self):
        return self.first_request + self.nr + self.suite.prf(self.sk_pi, self.idi)

    def proof(self):
        """IDr, CERT, AUTH of the first reply."""
        local, faults = self.owner.local, self.faults
        self.idr = identity("intruder.example.test" if "other-identity" in faults else self.owner.identity)
        if isinstance(local, Psk):
            body = auth_by_secret(self.suite, local.secret + (b"x" if "wrong-secret" in faults else b""), self.octets())
            return [(IDR, self.idr), (AUTH, self.mark(body))]
        if "other-ca" in faults:
            local = forge(local)
        certs = local.payloads()
        if "no-cert" in faults:
            certs = []
        if "garbage-cert" in faults:
            certs = [certificate(X509, os.urandom(700))]
        if "pkcs7-cert" in faults:
            certs = [certificate(PKCS7, bundle(local.chain))]
        return [(IDR, self.idr)] + certs + [(AUTH, self.mark(auth_by_key(local, self.octets(), self.peer_hashes, faults)))]

    def mark(self, body):
        how = next((f[7:] for f in self.faults if f.startswith("method:")), None)
        return bytes([int(how)]) + body[1:] if how else body

    def auth(self, payloads):
        """The reply's payloads."""
        if self.state == "eap":
            return self.go_on_with_eap(payloads)
        if self.state == "after-eap":
            return self.after_eap(payloads)
        self.idi, self.request = first(payloads, IDI), payloads
        self.identity, self.notified = self.idi[4:].decode(errors="replace"), notifies(payloads)
        if first(payloads, CP) is not None:
            self.requested = [k for k, _ in parse_configuration(first(payloads, CP))[1]]
        self.asked_for, self.certreqs = first(payloads, IDR), [b for k, b in payloads if k == CERTREQ]
        body = first(payloads, AUTH)
        wants_eap = isinstance(self.owner.remote, (list, tuple))
        if body is None:
            if not wants_eap:
                raise NotProven("no AUTH, and no EAP here")
            self.eap = EapServer(self.owner.passwords, self.owner.remote, self.owner.eap_identity, self.owner.eap_conf)
            if "skip-eap-by-skp" in self.faults:
                shown, self.idr = identity(self.owner.identity), bytes(4)
                return [(IDR, shown), (AUTH, auth_by_secret(self.suite, self.sk_pr, self.octets()))] + self.child()
            proof = self.proof()
            if "no-first-auth" in self.faults:
                proof = proof[:1]
            if "skip-eap" in self.faults:
                return proof + self.child()
            self.state = "eap"
            return proof + [(EAP, self.eap.start())]
        if wants_eap:
            raise NotProven("AUTH where EAP was to come")
        self.judge(payloads, body)
        return self.proof() + self.child()

    def judge(self, payloads, body):
        if isinstance(self.owner.remote, Psk):
            if body != auth_by_secret(self.suite, self.owner.remote.secret, self.octets_i()):
                raise NotProven("pre-shared key")
            self.scheme = "psk"
            return
        leaf = trusted_leaf(payloads, self.owner.trust)
        self.scheme = verify(leaf.public_key(), body, self.octets_i())
        if not has_identity(leaf, self.idi):
            raise NotProven("the certificate does not say %r" % self.idi)

    def go_on_with_eap(self, payloads):
        data = first(payloads, EAP)
        if data is None:
            raise NotProven("no EAP payload: %s" % names(payloads))
        if self.eap.method is None and self.methods:
            return [(EAP, self.eap.begin(GTC))]  # fortinet: whatever was said to the announcement
        answer = self.eap.take(data)
        if answer is None:
            raise NotProven("EAP came to a halt")
        if self.eap.kind is not None and (not self.methods or self.methods[-1] != self.eap.kind):
            self.methods.append(self.eap.kind)
        if self.eap.is_success and "fortinet" in self.faults and self.eap.kind != GTC:
            announcement = packet(SUCCESS, self.eap.identifier, GTC)
            self.eap.next()
            self.eap.method, self.eap.is_success, self.eap.responses = None, False, 0
            return [(EAP, announcement)]
        if self.eap.is_failure:
            self.error = "EAP failed"
            self.state = "dead"
        if self.eap.is_success or answer[0] == SUCCESS:
            self.state, self.msk = "after-eap", self.eap.msk
        return [(EAP, answer)]

    def after_eap(self, payloads):
        body = first(payloads, AUTH)
        if body is None or body != auth_by_secret(self.suite, self.msk or self.sk_pi, self.octets_i()):
            raise NotProven("AUTH after EAP")
        self.scheme, self.user = "eap", self.eap.user
        key = self.sk_pr if "auth-from-skp" in self.faults else bytes(64) if "auth-from-msk" in self.faults else self.msk or self.sk_pr
        auth = [] if "no-final-auth" in self.faults else [(AUTH, auth_by_secret(self.suite, key, self.octets()))]
        return auth + self.child()

    def child(self):
        found = choose(first(self.request, SA), self.owner.esp)
        if found is None:
            return [notify(NO_PROPOSAL_CHOSEN)]
        number, self.spi_out, chosen = found
        chosen.pop(DH, None)
        kinds, self.spi_in = sorted(chosen), os.urandom(4)
        more = []
        if first(self.request, CP) is not None and self.owner.attributes is not None:
            more = [configuration(REPLY, self.owner.attributes)]
        self.is_up, self.state = True, "up"
        body = proposal(3, self.spi_in, [transform(k == kinds[-1], *chosen[k]) for k in kinds], number)
        return more + [(SA, body), (TSI, self.owner.ts_i), (TSR, self.owner.ts_r)] + self.owner.notifies

    # ---- requests ----

    def handle(self, data):
        """Datagrams to send, or nothing."""
        m = Message(data)
        if m.exchange == IKE_SA_INIT:
            return self.replies
        if m.is_response or m.number < self.number:
            return []
        if m.number == self.number and self.number:
            return self.replies
        try:
            payloads = self.open(data)
        except InvalidTag:
            return []
        if payloads is None:
            return []
        self.number = m.number
        try:
            reply = self.react(m.exchange, payloads)
        except NotProven as e:
            self.error, self.state, reply = str(e), "dead", [notify(AUTHENTICATION_FAILED)]
        self.replies = self.seal(m.exchange, reply, m.number, True)
        return self.replies

    def react(self, exchange, payloads):
        if exchange == IKE_AUTH and self.state in ("auth", "eap", "after-eap"):
            return self.auth(payloads)
        if exchange == INFORMATIONAL:
            if AUTHENTICATION_FAILED in notifies(payloads):
                self.error = self.error or "the initiator does not believe us"
                self.is_up = False
            if any(k == DELETE and b[0] == 1 for k, b in payloads):
                self.is_deleted, self.is_up = True, False
            return []
        return [notify(NO_ADDITIONAL_SAS)]


class Responder:
    """attributes: of CFG_REPLY (ike_wire.configuration), None: no CP. notifies: payloads more in the last reply (IP4_ALLOWED, ...).

    Of a session: identity, notified, requested (attribute numbers), asked_for (IDr), certreqs, scheme, user, methods (EAP), eap, msk, error."""

    def __init__(self, sockets, identity, local, remote="cert", trust=(), passwords=None, eap_identity=None, eap_conf=None, ike=IKE_LINES,
                 esp=ESP_LINES, hashes=(2, 3, 4, 5), certreq=None, attributes=(("address", bytes([10, 100, 9, 9])),),
                 ts_i=selectors("10.100.9.9/32"), ts_r=selectors("10.99.2.0/24"), faults=(), notifies=()):
        self.sockets, self.identity, self.local, self.remote, self.trust = sockets, identity, local, remote, trust
        self.passwords, self.eap_identity, self.ike, self.esp, self.hashes = passwords or {}, eap_identity, ike, esp, hashes
        self.certreq, self.attributes, self.ts_i, self.ts_r, self.faults = certreq, attributes, ts_i, ts_r, set(faults)
        self.notifies = list(notifies)
        self.eap_conf = dict(eap_conf or {}, faults=self.faults)
        self.sessions, self.errors, self.changed = [], [], threading.Condition()
        self.ending, self.thread = os.pipe(), threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        os.write(self.ending[1], b"x")
        self.thread.join()
        for s in [s for s, _ in self.sockets]:
            s.close()
        for fd in self.ending:
            os.close(fd)

    def serve(self):
        while True:
            ready = select.select([self.ending[0]] + [s for s, _ in self.sockets], [], [])[0]
            if self.ending[0] in ready:
                return
            for sock, marked in [p for p in self.sockets if p[0] in ready]:
                data, peer = sock.recvfrom(65535)
                if marked and data[:4] != bytes(4):
                    continue
                try:
                    replies = self.handle(data[4:] if marked else data)
                except Exception as e:  # a test asks for .errors
                    self.errors.append(repr(e))
                    continue
                for r in replies:
                    sock.sendto((bytes(4) if marked else b"") + r, peer)

    def handle(self, data):
        m = Message(data)
        with self.changed:
            if m.exchange == IKE_SA_INIT:
                if m.is_response:
                    return []
                session = next((s for s in self.sessions if s.spi_i == m.spi_i), None)
                if session is not None:
                    return session.replies
                session = Session(self, m)
                session.replies = [session.init(data)]
                if session.state != "init":
                    self.sessions.append(session)
                return session.replies
            session = next((s for s in self.sessions if s.spi_r == m.spi_r), None)
            replies = session.handle(data) if session else []
            self.changed.notify_all()
            return replies

    def wait(self, seconds, condition=lambda s: s.is_up or s.error or s.is_deleted):
        """The newest session when it has come to something; else None."""
        with self.changed:
            self.changed.wait_for(lambda: self.sessions and condition(self.sessions[-1]), seconds)
            return self.sessions[-1] if self.sessions else None
