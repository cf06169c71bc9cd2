"""An IKEv2 initiator for tests, written from the RFCs and sharing nothing with Sallyport.

    anna = Initiator(sock, "10.99.1.1", "anna@example.test", [Cert(leaf)], trust=[ca.der], remote_id="gw.example.test")
    anna.login(); anna.ping("10.99.2.2"); anna.attributes; anna.logout()

The socket is the caller's (in whose namespace it is). `auth` is a list of credentials, one a round of RFC 4739: Psk, Cert, Eap. Nothing
is taken on trust: the gateway proves itself by `trust` (anchors, DER), by `remote` (Psk), or after EAP alone (eap_only=True).
Refused: it said no (.kinds are its notifies, .eap_failure); Silent: it said nothing; NotProven: it is not who it should be.
`trace` lists all messages with their payloads.

faults, one word each:
  wrong-secret          another secret or password than the credential's
  wrong-signature       one bit of the signature is other
  other-octets          signature or MAC over our own nonce in place of the gateway's
  unannounced-hash      a hash that the gateway did not announce
  other-identity        IDi is intruder@example.test
  other-ca              the same certificate, but signed by another authority of the same name
  no-cert, garbage-cert no CERT; CERT of random bytes. Degenerate keys: Cert(pki_lib leaf made with spki=degenerate()[name])
  algorithm-lie:WORD    the AlgorithmIdentifier of RFC 7427 is one of ike_auth.LIES
  method:N              AUTH says that it is of method N (also after EAP)
  pkcs7-cert            certificates as PKCS #7 (encoding 1)
  early-auth            AUTH, from SK_pi, in place of the answer to the first EAP request of a method
  early-success         EAP-Success in place of the second response of a method
  switch-method, late-nak, old-identifier, trust-early-success, believe-anything     see eap_peer.EapPeer
  mschap:WORD           malformed responses of EAP-MSCHAPv2, see eap_peer.Mschapv2Peer
  tls:WORD, avp:WORD    malformed fragments and AVPs of the TLS methods, see eap_tls.TlsPeer
  auth-from-skp         after EAP, AUTH from SK_pi although the method made an MSK
  auth-from-msk         after EAP, AUTH from an MSK of zeros although the method made none
  no-auth               after EAP, a message without AUTH
  repeat                every request is sent once more; the answer must be the same octets (not a fault: everybody's right)
  eap-after-success     an EAP payload beside the AUTH after EAP-Success; eap-again: one in place of it"""
import os
import socket
import struct
import time

import esp_peer
from eap_peer import Eap, EapPeer
from ike_auth import *
from ike_peer import Refused, Silent, echo_request
from ike_sa import *

EVERYWHERE = selectors("0.0.0.0/0", "::/0")
IKE_LINES = ["aes256gcm16 aes128gcm16 prfsha256 x25519 ecp256"]
ESP_LINES = ["aes256gcm16 aes128gcm16 noesn"]
ORDER = "IDi CERT N CERTREQ IDr AUTH CP SA TSi TSr"
ESP_NAMES = {20: "gcm", 19: "gcm12", 18: "gcm8", 12: "cbc", 13: "ctr", 28: "chacha20", 11: "null"}
ESP_INTEGS = {2: "sha1", 12: "sha256", 13: "sha384", 14: "sha512"}


class Failed(Refused):
    """EAP-Failure, or notifies without what should have come."""

    def __init__(self, kinds, eap_failure=False):
        super().__init__(kinds)
        self.eap_failure = eap_failure


class Initiator(Secured):
    """ike, esp: lines of ike_suite. cp: attributes that are asked for (ike_wire.configuration), None: no CP. hashes: what we announce
    (RFC 7427), None: nothing. init_notifies, auth_notifies: payloads more. vendors: vendor IDs of the first message. order: of the
    payloads of the first IKE_AUTH (N: auth_notifies). port: where the first message goes; the others go to 4500. group: of the first
    KE. send_idr: IDr in the request. certreq: hashes of authorities, or None for those of `trust`. fragments: RFC 7383.
    late_notifies: N2 of the order. server_name: what must be a dNSName of the gateway's certificate, also when it is an address.
    server_eku: it must have serverAuth. nonce: its bytes. rekey_number: of the first proposal when rekeying; rekey_more: payloads there;
    rekey_esp: lines there; a group in the first of them brings a KE.
    ocsp: hashes of responders whose answers about the gateway we want in IKE (RFC 4806; may be empty), None: not asked for.

    Afterwards: certs_seen [(encoding, data)] of the gateway; schemes by which it signed; notified (notifies of the last reply); attributes
    [(number, value)], address, address6; selectors; certreqs, vendors_seen, said (notifies) of its first reply; eap (EapPeer); msk."""

    def __init__(self, sock, gateway, identity_i, auth, trust=(), remote=None, remote_id=None, ike=IKE_LINES, esp=ESP_LINES, cp=("address",),
                 hashes=(2, 3, 4, 5), init_notifies=(), auth_notifies=(), vendors=(), order=ORDER, port=4500, group=None, send_idr=True,
                 certreq=None, eap_only=False, fragments=False, ts_i=EVERYWHERE, ts_r=EVERYWHERE, faults=(), tries=4, seconds=1.5,
                 late_notifies=(), server_name=None, server_eku=False, nonce=32, rekey_number=1, rekey_more=(), rekey_esp=None, ocsp=None):
        super().__init__(True)
        self.sock, self.gateway, self.port, self.faults = sock, gateway, port, set(faults)
        self.identity_i, self.auth, self.trust, self.remote = identity(identity_i), list(auth), list(trust), remote
        self.remote_id = identity(remote_id) if remote_id else None
        self.ike_lines, self.esp_lines, self.cp, self.hashes, self.group = ike, esp, cp, hashes, group
        self.init_notifies, self.auth_notifies, self.vendors, self.order = list(init_notifies), list(auth_notifies), list(vendors), order
        self.send_idr, self.certreq, self.eap_only, self.wants_fragments = send_idr, certreq, eap_only, fragments
        self.ts_i, self.ts_r, self.tries, self.seconds = ts_i, ts_r, tries, seconds
        self.late_notifies, self.server_name, self.server_eku, self.nonce = list(late_notifies), server_name, server_eku, nonce
        self.rekey_esp = rekey_esp or esp
        self.rekey_number, self.rekey_more, self.ocsp, self.certs_seen = rekey_number, list(rekey_more), ocsp, []
        self.eap, self.msk, self.schemes, self.attributes, self.address, self.address6 = None, None, [], [], None, None
        if "other-identity" in self.faults:
            self.identity_i = identity("intruder@example.test")

    # ---- messages ----

    def exchange(self, datagrams):
        want = Message(datagrams[0])
        for _ in range(self.tries):
            self.send(datagrams)
            raw = []
            for m in self.replies(want):
                raw.append(m.data)
                try:
                    found = m.data if m.exchange == IKE_SA_INIT else self.open(m.data)
                except InvalidTag:
                    raw.pop()
                    continue
                if found is not None:
                    if "repeat" in self.faults:
                        self.repeat(datagrams, want, raw)
                    return found
        raise Silent()

    def send(self, datagrams):
        for d in datagrams:
            self.sock.sendto((bytes(4) if self.port != 500 else b"") + d, (self.gateway, self.port))

    def replies(self, want):
        """Messages that answer this request, for as long as one waits for them."""
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.sock.recv(65535)
            except socket.timeout:
                return
            data = data[4:] if self.port != 500 and data[:4] == bytes(4) else data
            if len(data) >= 28 and data[:8] == want.spi_i:
                m = Message(data)
                if m.is_response and m.number == want.number:
                    yield m

    def repeat(self, datagrams, want, raw):
        """The same request again must be answered by the same octets (RFC 7296 2.1)."""
        again = []
        for _ in range(3):
            time.sleep(0.02)  # one that is still at work on the first may drop the second
            self.send(datagrams)
            for m in self.replies(want):
                again.append(m.data)
                if len(again) == len(raw):
                    break
            if again:
                break
        if sorted(again) != sorted(raw):
            raise NotProven("request %d again: %s octets, before %s" % (want.number, [len(d) for d in again], [len(d) for d in raw]))

    def ask(self, exchange, payloads):
        reply = self.exchange(self.seal(exchange, payloads, self.number))
        self.number += 1
        return reply

    # ---- IKE_SA_INIT ----

    def init(self):
        groups = [n for kind, n, _ in transforms(" ".join(self.ike_lines)) if kind == DH]
        ke = KeyExchange(self.group or groups[0])
        self.spi_i, self.spi_r, self.ni, cookie = os.urandom(8), bytes(8), os.urandom(self.nonce), []
        for _ in range(4):
            # A hash that fits nothing says that there is a NAT: ESP then travels in UDP.
            more = [notify(NAT_SOURCE, os.urandom(20)), notify(NAT_DESTINATION, os.urandom(20))]
            more += [notify(FRAGMENTATION)] if self.wants_fragments else []
            more += [notify(SIGNATURE_HASHES, struct.pack("!%dH" % len(self.hashes), *self.hashes))] if self.hashes else []
            payloads = cookie + [(SA, offer(1, b"", self.ike_lines)), ke.payload(), (NONCE, self.ni)] + more + self.init_notifies
            self.first_request = self.plain(IKE_SA_INIT, payloads + [(VENDOR, v) for v in self.vendors])
            self.first_reply = self.exchange([self.first_request])
            m = Message(self.first_reply)
            reply = unchain(m.kind, self.first_reply[28:])
            self.trace.append(("<-", m.exchange, 0, names(reply)))
            said = notifies(reply)
            if COOKIE in said:
                cookie = [notify(COOKIE, said[COOKIE])]
            elif INVALID_KE_PAYLOAD in said:
                ke = KeyExchange(struct.unpack("!H", said[INVALID_KE_PAYLOAD])[0])
            else:
                break
        if first(reply, NONCE) is None:
            raise Failed(set(said))
        self.spi_r, self.nr, self.said, self.number = m.spi_r, first(reply, NONCE), said, 1
        self.certreqs = [b for k, b in reply if k == CERTREQ]
        self.vendors_seen = [b for k, b in reply if k == VENDOR]
        self.peer_hashes = struct.unpack("!%dH" % (len(said[SIGNATURE_HASHES]) // 2), said[SIGNATURE_HASHES]) if SIGNATURE_HASHES in said else None
        self.fragments = self.wants_fragments and FRAGMENTATION in said
        chosen = {t[0]: t for t in parse_proposals(first(reply, SA))[0][3]}
        suite = Suite(chosen)
        self.set_keys(suite, suite.prf(self.ni + self.nr, ke.shared(first(reply, KE)[4:])), self.ni + self.nr + self.spi_i + self.spi_r)
        self.port = 4500

    # ---- IKE_AUTH ----

    def octets(self):
        nonce = self.ni if "other-octets" in self.faults else self.nr
        return self.first_request + nonce + self.suite.prf(self.sk_pi, self.identity_i)

    def octets_r(self, idr):
        return self.first_reply + self.ni + self.suite.prf(self.sk_pr, idr)

    def proof(self, cred):
        """(CERT payloads, AUTH or None) of a round."""
        if isinstance(cred, Eap):
            return [], None
        if isinstance(cred, Psk):
            secret = cred.secret + (b"x" if "wrong-secret" in self.faults else b"")
            return [], self.mark(auth_by_secret(self.suite, secret, self.octets()))
        if "other-ca" in self.faults:
            cred = forge(cred)
        body = self.mark(auth_by_key(cred, self.octets(), self.peer_hashes, self.faults))
        if "no-cert" in self.faults:
            return [], body
        if "garbage-cert" in self.faults:
            return [certificate(X509, os.urandom(700))], body
        if "pkcs7-cert" in self.faults:
            return [certificate(PKCS7, bundle(cred.chain))], body
        return cred.payloads(), body

    def mark(self, body):
        how = next((f[7:] for f in self.faults if f.startswith("method:")), None)
        return bytes([int(how)]) + body[1:] if how else body

    def first_payloads(self, cred, more):
        certs, auth = self.proof(cred)
        self.spi_in = os.urandom(4)
        requests = [key_hash(t) for t in self.trust] if self.certreq is None else self.certreq
        ocsp = [certificate_request(OCSP, self.ocsp)] if self.ocsp is not None else []
        parts = {"IDi": [(IDI, self.identity_i)], "CERT": certs, "AUTH": [(AUTH, auth)] if auth else [],
                 "CERTREQ": ([certificate_request(X509, requests)] if requests else []) + ocsp,
                 "IDr": [(IDR, self.remote_id)] if self.remote_id and self.send_idr else [],
                 "CP": [configuration(REQUEST, self.cp)] if self.cp is not None else [],
                 "SA": [(SA, offer(3, self.spi_in, self.esp_lines))], "TSi": [(TSI, self.ts_i)], "TSr": [(TSR, self.ts_r)],
                 "N2": self.late_notifies,
                 "N": list(self.auth_notifies) + ([notify(EAP_ONLY)] if self.eap_only else []) + more}
        return [p for word in self.order.split() for p in parts[word]]

    def authenticate(self):
        for i, cred in enumerate(self.auth):
            more = [notify(ANOTHER_AUTH)] if i + 1 < len(self.auth) else []
            if i == 0:
                several = [notify(MULTIPLE_AUTH)] if len(self.auth) > 1 else []
                payloads = self.first_payloads(cred, several + ([] if isinstance(cred, Eap) else more))
            else:
                certs, auth = self.proof(cred)
                payloads = [(IDI, self.identity_i)] + certs + ([(AUTH, auth)] + more if auth else [])
            reply = self.ask(IKE_AUTH, payloads)
            self.judge(reply, i == 0)
            if isinstance(cred, Eap):
                reply = self.by_eap(cred, reply, more)
            if i + 1 == len(self.auth):
                self.take_child(reply)

    def judge(self, reply, is_first):
        """The gateway's AUTH, which has to be there in the first reply (but with EAP only) and after EAP."""
        body, idr = first(reply, AUTH), first(reply, IDR)
        self.certs_seen += [(b[0], b[1:]) for k, b in reply if k == CERT]
        if idr is not None:
            self.idr = idr
        if body is None:
            if AUTHENTICATION_FAILED in notifies(reply) or is_first and not self.eap_only:
                self.give_up(reply, "no AUTH in the first reply")
            return
        if self.remote_id and self.idr != self.remote_id:
            raise NotProven("another identity than asked for: %r" % self.idr)
        octets = self.octets_r(self.idr)
        if body[0] == 2:
            if not isinstance(self.remote, Psk) or body != auth_by_secret(self.suite, self.remote.secret, octets):
                raise NotProven("pre-shared key of the gateway")
            return
        self.leaf = trusted_leaf(reply, self.trust)
        self.schemes.append(verify(self.leaf.public_key(), body, octets))
        if not has_identity(self.leaf, self.idr):
            raise NotProven("the certificate does not say %r" % self.idr)
        if self.server_name and not has_dns_name(self.leaf, self.server_name):
            raise NotProven("the certificate has no dNSName %s" % self.server_name)
        if self.server_eku and not has_eku(self.leaf, "1.3.6.1.5.5.7.3.1"):
            raise NotProven("the certificate is not for a server")

    def give_up(self, reply, why):
        """NotProven when the gateway seems to think that this goes on."""
        if first(reply, EAP) is not None or first(reply, SA) is not None:
            raise NotProven(why)
        raise Failed(set(notifies(reply)))

    def by_eap(self, cred, reply, more):
        """The rounds of EAP and the AUTH after them (RFC 7296 2.16). Gives the last reply."""
        self.eap = EapPeer(cred, self.faults)
        methods = 0
        while True:
            data = first(reply, EAP)
            if data is None:
                self.give_up(reply, "a child without EAP")
            answer = self.eap.answer(data)
            if self.eap.is_success:
                break
            if self.eap.is_failure:
                raise Failed(set(notifies(reply)), eap_failure=True)
            if answer is None:
                raise NotProven("EAP came to a halt after %r" % data[:8])
            methods += len(data) > 4 and data[4] > 3
            if methods and "early-auth" in self.faults:
                break
            reply = self.ask(IKE_AUTH, [(EAP, answer)])
        self.msk = self.eap.msk
        reply = self.ask(IKE_AUTH, self.after_eap(more))
        body = first(reply, AUTH)
        if body is None:
            self.give_up(reply, "no AUTH after EAP")
        key = self.msk or self.sk_pr
        if body != auth_by_secret(self.suite, key, self.octets_r(self.idr)):
            raise NotProven("AUTH of the gateway after EAP")
        return reply

    def after_eap(self, more):
        key = self.msk or self.sk_pi
        if "auth-from-skp" in self.faults or "early-auth" in self.faults:
            key = self.sk_pi
        if "auth-from-msk" in self.faults:
            key = bytes(64)
        auth = [(AUTH, self.mark(auth_by_secret(self.suite, key, self.octets())))]
        if "no-auth" in self.faults:
            auth = []
        if "eap-after-success" in self.faults or "eap-again" in self.faults:
            auth = ([] if "eap-again" in self.faults else auth) + [(EAP, self.eap.last)]
        return auth + more

    # ---- the child ----

    def take_child(self, reply):
        self.last_reply = reply
        self.notified = set(notifies(reply))
        if first(reply, SA) is None:
            raise Failed(self.notified)
        if first(reply, CP) is not None:
            _, self.attributes = parse_configuration(first(reply, CP))
            self.address = next((socket.inet_ntoa(v) for k, v in self.attributes if k == 1 and len(v) == 4), None)
            self.address6 = next((socket.inet_ntop(socket.AF_INET6, v[:16]) for k, v in self.attributes if k == 8 and len(v) == 17), None)
        self.selectors = parse_selectors(first(reply, TSI)), parse_selectors(first(reply, TSR))
        self.set_child(first(reply, SA), self.ni + self.nr)

    def set_child(self, sa, nonces):
        _, _, self.spi_out, chosen = parse_proposals(sa)[0]
        chosen = {t[0]: t for t in chosen}
        self.esp_chosen, self.sequence, self.out = chosen, 0, None
        if chosen[ENCR][1] in ESP_NAMES:
            s = esp_peer.Suite(ESP_NAMES[chosen[ENCR][1]], chosen[ENCR][2], ESP_INTEGS.get(chosen.get(INTEG, (0, 0))[1]), chosen.get(ESN, (5, 0))[1] == 1)
            keymat = self.suite.prf_plus(self.sk_d, nonces, 2 * s.keymat_len)
            kind = esp_peer.Scapy if s.cipher == "chacha20" else esp_peer.Rfc
            self.out, self.back = kind(s, self.spi_out, keymat[:s.keymat_len]), kind(s, self.spi_in, keymat[s.keymat_len:])

    def login(self):
        self.init()
        self.authenticate()
        return self

    def values(self, name):
        """All values of a configuration attribute that the gateway gave."""
        return [v for k, v in self.attributes if k == ATTRIBUTES.get(name, name)]

    # ---- afterwards ----

    def dpd(self):
        return self.ask(INFORMATIONAL, [])

    def logout(self):
        self.faults.discard("repeat")  # there is nobody left to answer
        return self.ask(INFORMATIONAL, [(DELETE, struct.pack("!BBH", 1, 0, 0))])

    def rekey_child(self):
        """CREATE_CHILD_SA. Gives the names of the reply's payloads."""
        old, ni = self.spi_in, os.urandom(32)
        self.spi_in = os.urandom(4)
        ke = next((KeyExchange(n) for kind, n, _ in transforms(self.rekey_esp[0]) if kind == DH), None)
        reply = self.ask(CREATE_CHILD_SA, [notify(REKEY_SA, b"", 3, old), (SA, offer(3, self.spi_in, self.rekey_esp, self.rekey_number)),
                                           (NONCE, ni)] + ([ke.payload()] if ke else []) + [(TSI, self.ts_i), (TSR, self.ts_r)] + self.rekey_more)
        if first(reply, SA) is None:
            self.spi_in = old
            raise Failed(set(notifies(reply)))
        shared = ke.shared(first(reply, KE)[4:]) if ke and first(reply, KE) is not None else b""
        self.set_child(first(reply, SA), shared + ni + first(reply, NONCE))
        self.ask(INFORMATIONAL, [(DELETE, struct.pack("!BBH", 3, 4, 1) + old)])
        return names(reply)

    def rekey_ike(self):
        """The IKE SA gets a successor with the same group (RFC 7296 2.18), and is deleted. After TEMPORARY_FAILURE again, for a while (2.25)."""
        spi, ni, ke = os.urandom(8), os.urandom(32), KeyExchange(self.suite.group)
        for _ in range(10):
            reply = self.ask(CREATE_CHILD_SA, [(SA, offer(1, spi, self.ike_lines)), (NONCE, ni), ke.payload()])
            if TEMPORARY_FAILURE not in notifies(reply):
                break
            time.sleep(0.5)
        if first(reply, SA) is None:
            raise Failed(set(notifies(reply)))
        nr, (_, _, spi_r, chosen) = first(reply, NONCE), parse_proposals(first(reply, SA))[0]
        old_prf, old_sk_d = self.suite.prf, self.sk_d
        self.ask(INFORMATIONAL, [(DELETE, struct.pack("!BBH", 1, 0, 0))])
        self.spi_i, self.spi_r, self.number = spi, spi_r, 0
        self.set_keys(Suite({t[0]: t for t in chosen}), old_prf(old_sk_d, ke.shared(first(reply, KE)[4:]) + ni + nr), ni + nr + spi + spi_r)

    def listen(self, seconds):
        """Answers the gateway's requests with nothing. Gives [(exchange, payloads)]."""
        heard, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.sock.recv(65535)
            except socket.timeout:
                break
            if data[:4] != bytes(4) or data[4:12] != self.spi_i or Message(data[4:]).is_response:
                continue
            m, found = Message(data[4:]), self.open(data[4:])
            if found is not None:
                heard.append((m.exchange, found))
                for d in self.seal(m.exchange, [], m.number, True):
                    self.sock.sendto(bytes(4) + d, (self.gateway, self.port))
        return heard

    def ping(self, target, tries=5):
        """Did an echo come back through the tunnel?"""
        for n in range(tries):
            echo = echo_request(self.address, target, n)
            self.sequence += 1
            self.sock.sendto(self.out.seal(self.sequence, echo), (self.gateway, self.port))
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                self.sock.settimeout(max(0.01, end - time.monotonic()))
                try:
                    data = self.sock.recv(65535)
                    if data[:4] != self.spi_in:
                        continue
                    plain = self.back.open(struct.unpack("!I", data[4:8])[0], data)
                except (socket.timeout, InvalidTag):
                    continue
                inner = plain[:len(plain) - 2 - plain[-2]]
                if inner[20] == 0 and inner[24:] == echo[24:] and socket.inet_ntoa(inner[12:16]) == target:
                    return True
        return False
