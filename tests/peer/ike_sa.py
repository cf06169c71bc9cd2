"""One IKE SA of either role: headers, sealing, fragments (RFC 7383), and a record of all messages."""
import struct

from ike_suite import *

NAMES = {SA: "SA", KE: "KE", IDI: "IDi", IDR: "IDr", CERT: "CERT", CERTREQ: "CERTREQ", AUTH: "AUTH", NONCE: "NONCE", NOTIFY: "N",
         DELETE: "D", VENDOR: "V", TSI: "TSi", TSR: "TSr", CP: "CP", EAP: "EAP"}


def names(payloads):
    """For people and for tests: ["IDi", "CERT", "N16384", ...]"""
    return [NAMES.get(k, str(k)) + (str(struct.unpack("!H", b[2:4])[0]) if k == NOTIFY else "") for k, b in payloads]


class Message:
    """A datagram's header."""

    def __init__(self, data):
        self.data, self.spi_i, self.spi_r = data, data[:8], data[8:16]
        self.kind, self.version, self.exchange, self.flags, self.number, self.length = struct.unpack("!BBBBII", data[16:28])
        self.is_response, self.from_initiator = bool(self.flags & RESPONSE), bool(self.flags & INITIATOR)


class Secured:
    """is_initiator: of the IKE SA. trace: [("->" or "<-", exchange, number, names)]."""

    def __init__(self, is_initiator):
        self.is_initiator, self.suite, self.trace = is_initiator, None, []
        self.fragments, self.fragment_size, self.parts = False, 1200, {}
        self.fragments_seen = 0

    def set_keys(self, suite, skeyseed, seed):
        self.suite = suite
        self.sk_d, keys_i, keys_r, self.sk_pi, self.sk_pr = suite.keys(skeyseed, seed)
        self.keys_out, self.keys_in = (keys_i, keys_r) if self.is_initiator else (keys_r, keys_i)

    def header(self, kind, exchange, number, is_response, length):
        flags = (INITIATOR if self.is_initiator else 0) | (RESPONSE if is_response else 0)
        return self.spi_i + self.spi_r + struct.pack("!BBBBII", kind, 0x20, exchange, flags, number, 28 + length)

    def plain(self, exchange, payloads, number=0, is_response=False):
        kind, body = chain(payloads)
        self.trace.append(("->", exchange, number, names(payloads)))
        return self.header(kind, exchange, number, is_response, len(body)) + body

    def seal(self, exchange, payloads, number, is_response=False):
        """Datagrams."""
        kind, body = chain(payloads)
        self.trace.append(("->", exchange, number, names(payloads)))
        if self.fragments and len(body) > self.fragment_size:
            pieces = [body[i:i + self.fragment_size] for i in range(0, len(body), self.fragment_size)]
            return [self.piece(SKF, kind if i == 0 else 0, exchange, number, is_response, p, struct.pack("!HH", i + 1, len(pieces)))
                    for i, p in enumerate(pieces)]
        return [self.piece(SK, kind, exchange, number, is_response, body, b"")]

    def piece(self, payload, kind, exchange, number, is_response, body, more):
        length = 4 + len(more) + self.suite.sealed_length(len(body))
        head = self.header(payload, exchange, number, is_response, length)
        return self.suite.seal(self.keys_out, head + struct.pack("!BBH", kind, 0, length) + more, body)

    def open(self, data):
        """The payloads; None as long as fragments are missing. InvalidTag."""
        m = Message(data)
        if m.kind == SK:
            found = unchain(data[28], self.suite.open(self.keys_in, data, 32))
        elif m.kind == SKF:
            number, total = struct.unpack("!HH", data[32:36])
            self.fragments_seen += 1
            parts = self.parts.setdefault((m.number, m.is_response), {})
            parts[number] = (data[28], self.suite.open(self.keys_in, data, 36))
            if len(parts) < total:
                return None
            found = unchain(parts[1][0], b"".join(parts[i + 1][1] for i in range(total)))
            del self.parts[(m.number, m.is_response)]
        else:
            raise InvalidTag()
        self.trace.append(("<-", m.exchange, m.number, names(found)))
        return found
