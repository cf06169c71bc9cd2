"""IKEv2 payloads as bytes, for the peers of tests: written from RFC 7296, 7383, 7427, 4739, 4806, 5998 and the IANA registry."""
import ipaddress
import struct

SA, KE, IDI, IDR, CERT, CERTREQ, AUTH, NONCE, NOTIFY, DELETE, VENDOR = 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43
TSI, TSR, SK, CP, EAP, SKF = 44, 45, 46, 47, 48, 53
IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL, IKE_SESSION_RESUME = 34, 35, 36, 37, 38
COOKIE, NAT_SOURCE, NAT_DESTINATION = 16390, 16388, 16389
TICKET_LT_OPAQUE, TICKET_REQUEST, TICKET_ACK, TICKET_NACK, TICKET_OPAQUE = 16409, 16410, 16411, 16412, 16413
INVALID_KE_PAYLOAD, AUTHENTICATION_FAILED, REKEY_SA = 17, 24, 16393
NO_PROPOSAL_CHOSEN, NO_ADDITIONAL_SAS, TEMPORARY_FAILURE = 14, 35, 43
INITIAL_CONTACT, HTTP_CERT_LOOKUP, MOBIKE, MULTIPLE_AUTH, ANOTHER_AUTH = 16384, 16392, 16396, 16404, 16405
REDIRECT_SUPPORTED, EAP_ONLY, CHILDLESS, FRAGMENTATION, SIGNATURE_HASHES = 16406, 16417, 16418, 16430, 16431
NO_TFC, NON_FIRST_FRAGMENTS, IP4_ALLOWED, IP6_ALLOWED = 16394, 16395, 16439, 16440
INITIATOR, RESPONSE = 0x08, 0x20
IPV4, FQDN, EMAIL, IPV6, DN, KEY_ID = 1, 2, 3, 5, 9, 11
# CERT encodings
PKCS7, X509, CRL, HASH_URL, HASH_URL_BUNDLE, OCSP = 1, 4, 7, 12, 13, 14
REQUEST, REPLY, SET, ACK = 1, 2, 3, 4
ATTRIBUTES = {"address": 1, "netmask": 2, "dns": 3, "nbns": 4, "dhcp": 6, "version": 7, "address6": 8, "dns6": 10, "dhcp6": 12,
              "subnet": 13, "supported": 14, "subnet6": 15, "domain": 25, "dnssec": 26, "encdns": 27, "encdns6": 28,
              "banner": 28672, "default-domain": 28674, "split-dns": 28675, "local-lan": 28678, "pfs": 28679, "backup": 28681,
              "ms-server": 23456, "ms-server6": 23457, "session-id": 21328, "session-token": 21329, "session-wait": 21330,
              "session-state": 21331}


def chain(payloads):
    """The first type, and the bytes of all."""
    out = b""
    for i, (kind, body) in enumerate(payloads):
        following = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        out += struct.pack("!BBH", following, 0, 4 + len(body)) + body
    return (payloads[0][0] if payloads else 0), out


def unchain(kind, data):
    found = []
    while kind:
        following, _, length = struct.unpack("!BBH", data[:4])
        assert 4 <= length <= len(data)
        found.append((kind, data[4:length]))
        kind, data = following, data[length:]
    assert not data
    return found


def notify(kind, data=b"", protocol=0, spi=b""):
    return NOTIFY, struct.pack("!BBH", protocol, len(spi), kind) + spi + data


def notifies(payloads):
    return {struct.unpack("!H", b[2:4])[0]: b[4 + b[1]:] for k, b in payloads if k == NOTIFY}


def first(payloads, kind):
    return next((b for k, b in payloads if k == kind), None)


def transform(last, kind, number, bits=0):
    attribute = struct.pack("!HH", 0x8000 | 14, bits) if bits else b""
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal(protocol, spi, transforms, number=1, last=True):
    body = b"".join(transforms)
    return struct.pack("!BBHBBBB", 0 if last else 2, 0, 8 + len(spi) + len(body), number, protocol, len(spi), len(transforms)) + spi + body


def parse_proposals(body):
    """[(number, protocol, SPI, [(type, number, bits)])]"""
    found = []
    while body:
        _, _, length, number, protocol, size, count = struct.unpack("!BBHBBBB", body[:8])
        spi, at, transforms = body[8:8 + size], body[8 + size:length], []
        for _ in range(count):
            _, _, n, kind, _, value = struct.unpack("!BBHBBH", at[:8])
            transforms.append((kind, value, struct.unpack("!H", at[10:12])[0] if n >= 12 else 0))
            at = at[n:]
        assert not at
        found.append((number, protocol, spi, transforms))
        body = body[length:]
    return found


def identity(text):
    """The body of an ID payload. An address, a@b, a name; `dn:` and hex, `keyid:` and text; bytes are a body already."""
    if isinstance(text, bytes):
        return text
    kind, _, rest = text.partition(":")
    if kind in ("dn", "keyid"):
        number, value = (DN, bytes.fromhex(rest)) if kind == "dn" else (KEY_ID, rest.encode())
    else:
        try:
            value = ipaddress.ip_address(text).packed
            number = IPV4 if len(value) == 4 else IPV6
        except ValueError:
            number, value = EMAIL if "@" in text else FQDN, text.encode()
    return struct.pack("!BBBB", number, 0, 0, 0) + value


def selectors(*nets):
    """The body of a TS payload: networks, or (network, protocol, first port, last port)."""
    out = b""
    for net in nets:
        net, protocol, low, high = (net, 0, 0, 65535) if isinstance(net, str) else net
        net = ipaddress.ip_network(net)
        a, b = net[0].packed, net[-1].packed
        out += struct.pack("!BBHHH", 7 if net.version == 4 else 8, protocol, 8 + len(a) + len(b), low, high) + a + b
    return struct.pack("!BBBB", len(nets), 0, 0, 0) + out


def parse_selectors(body):
    """[(first address, last address, protocol, first port, last port)]"""
    found, at = [], body[4:]
    while at:
        _, protocol, length, low, high = struct.unpack("!BBHHH", at[:8])
        half = (length - 8) // 2
        found.append((str(ipaddress.ip_address(at[8:8 + half])), str(ipaddress.ip_address(at[8 + half:length])), protocol, low, high))
        at = at[length:]
    assert len(found) == body[0]
    return found


def configuration(kind, attributes):
    """attributes: words of ATTRIBUTES, or numbers, or (either, value as bytes)."""
    out = struct.pack("!BBBB", kind, 0, 0, 0)
    for a in attributes:
        name, value = a if isinstance(a, tuple) else (a, b"")
        out += struct.pack("!HH", ATTRIBUTES.get(name, name), len(value)) + value
    return CP, out


def parse_configuration(body):
    """(kind, [(number, value)])"""
    found, at = [], body[4:]
    while at:
        kind, length = struct.unpack("!HH", at[:4])
        assert len(at) >= 4 + length
        found.append((kind & 0x7FFF, at[4:4 + length]))
        at = at[4 + length:]
    return body[0], found


def certificate(encoding, data):
    return CERT, bytes([encoding]) + data


def certificate_request(encoding, hashes):
    return CERTREQ, bytes([encoding]) + b"".join(hashes)
