#!/usr/bin/env python3
"""Children with every transform, by a client that shares nothing with us (scapy's ESP where it has the suite): negotiated, and
packets both ways through the tunnel, with and without ESN, over the end of 32 bits; with either engine; and what is only chosen
when it is named."""
import ctypes
import re
import socket

from lib import *

sys.path.insert(0, os.path.join(ROOT, "tests", "peer"))
import ike_peer as ike  # noqa: E402
from esp_peer import EspPeer, Suite  # noqa: E402

libc = ctypes.CDLL(None, use_errno=True)
HASHES = "esp-sha512-hmac esp-sha384-hmac esp-sha256-hmac esp-sha-hmac"
SETS = """
crypto ipsec transform-set A esp-gcm 256 esp-gcm esp-chacha20-poly1305
crypto ipsec transform-set B esp-gcm12 256 esp-gcm12 192 esp-gcm12 esp-gcm8 256 esp-gcm8 esp-gmac 256 esp-gmac 192 esp-gmac
crypto ipsec transform-set C esp-aes 256 esp-aes 192 esp-aes 128 %s
crypto ipsec transform-set D esp-ctr 256 esp-ctr 192 esp-ctr %s
crypto ipsec transform-set E esp-null %s
crypto ipsec profile default
 set transform-set A B C D E
""" % (HASHES, HASHES, HASHES)
SUITES = [Suite("gcm", 128), Suite("gcm", 256, esn=True), Suite("chacha20"), Suite("chacha20", esn=True),
          Suite("gcm12", 128), Suite("gcm12", 256, esn=True), Suite("gcm8", 128, esn=True), Suite("gcm8", 256),
          Suite("gmac", 128), Suite("gmac", 192), Suite("gmac", 256, esn=True),
          Suite("cbc", 128, "sha1"), Suite("cbc", 192, "sha256"), Suite("cbc", 256, "sha384"), Suite("cbc", 256, "sha512", esn=True),
          Suite("ctr", 128, "sha1"), Suite("ctr", 192, "sha384"), Suite("ctr", 256, "sha512"), Suite("ctr", 128, "sha256", esn=True),
          Suite("null", 0, "sha1"), Suite("null", 0, "sha256"), Suite("null", 0, "sha512"), Suite("null", 0, "sha256", esn=True)]
TARGET = "10.99.2.2"


def socket_in(host):
    """A UDP socket in the namespace of a host."""
    with open("/proc/self/ns/net") as ours, open("/run/netns/%s" % host.ns) as theirs:
        assert libc.setns(theirs.fileno(), 0x40000000) == 0
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        finally:
            assert libc.setns(ours.fileno(), 0x40000000) == 0


t = Topology()
host = t.client(1)
sp = Sallyport(t.gw, CONF + SETS).start()


def login(suite):
    sock = socket_in(host)
    return EspPeer(suite, sock, "10.99.1.1", "anna@psk.test", "gw.example.test", PSK).login()


def try_suite(suite, engine):
    try:
        p = login(suite)
    except (ike.Refused, ike.Silent, AssertionError) as e:
        return ok("%s with %s" % (suite, engine), False, repr(e))
    p.sequence = 100
    echoes = p.ping(TARGET)
    if suite.esn:
        # Across the end of 32 bits; from a number beyond the window one may jump so far (RFC 4303 A2.2).
        p.sequence = 2**32 - 3
    last = p.sequence + 4
    echoes += sum(p.ping(TARGET) for _ in range(4))
    sas = sp.show("crypto", "ipsec", "sa")
    ok("%s with %s, the client by %s" % (suite, engine, "scapy" if suite.by_scapy else "the RFCs"),
       p.chose_it() and echoes == 5 and p.heard >= 5 and p.sequence == last,
       "chosen: %s, %d echoes, %d packets too many; %s" % (p.chose_it(), echoes, p.sequence - last, sas))
    p.logout()
    p.sock.close()


for engine in ("boringssl", "auto"):
    sp.configure(CONF + SETS + "sallyport crypto engine %s\n" % engine)
    sp.reload()
    for suite in SUITES:
        try_suite(suite, engine)

before = sp.counters()["status"]
p = login(Suite("null", 0, "sha256"))
p.sock.sendto(p.esp(ike.echo_request(p.address, TARGET, 1))[:-1] + b"!", p.gateway)
ok("a forged packet is counted, also where nothing is encrypted",
   wait_for(3, lambda: sp.counters()["status"]["esp_auth"] == before["esp_auth"] + 1))
ok("and the next one goes through", p.ping(TARGET))
p.logout()

# ---- show crypto engine ------------------------------------------------------------------------------
info = sp.show("crypto", "engine")
usable = info["ipsec_mb_usable"]
ok("show crypto engine --json", info["configured"] == "auto" and info["ike_engine"] == "boringssl" and
   info["esp_engine"] == ("ipsec-mb" if usable else "boringssl"), str(info))
made = {name: row["made"] for name, row in info["ciphers"].items()}
ok("both engines did their share", made["boringssl"] >= 2 * len(SUITES) and (not usable or made["ipsec-mb"] >= 2 * len(SUITES)), str(made))
text = sp.command("show", "crypto", "engine").stdout
ok("show crypto engine", re.search(r"^ESP engine: %s.*\(configured: auto\)" % info["esp_engine"], text, re.M) and
   "AES-NI" in text and "IKE engine: boringssl" in text, text)
ok("it takes no words", sp.command("show", "crypto", "engine", "x", check=False).returncode == 2)

# ---- only when they are named ------------------------------------------------------------------------
sp.configure(CONF)
sp.reload()
for suite in (Suite("null", 0, "sha256"), Suite("gmac", 256), Suite("gcm8", 256), Suite("gcm12", 256), Suite("ctr", 256, "sha256")):
    try:
        login(suite)
        ok("%s is refused by the default" % suite, False, "it logged in")
    except ike.Refused as e:
        ok("%s is refused by the default" % suite, 14 in e.kinds, str(e))
check = run(os.path.join(ROOT, "build", "sallyport"), "check", sp.conf, check=False)
ok("the default needs no warning", "encrypted" not in check.stdout, check.stdout)
sp.configure(CONF + SETS)
check = run(os.path.join(ROOT, "build", "sallyport"), "check", sp.conf, check=False)
words = check.stdout
ok("check says what is weak", check.returncode == 0 and words.count("nothing is encrypted") == 4 and words.count("8-byte ICV") == 2, words)
done()
