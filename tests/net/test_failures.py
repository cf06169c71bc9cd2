#!/usr/bin/env python3
"""Failures are named, counted, explained, the same in show, SQL and log, and leave nothing behind."""
import socket
import struct
from lib import *

SMALL = CONF.replace("ip local pool RA 10.100.0.10 10.100.3.250", "ip local pool RA 10.100.0.10 10.100.0.10")
t = Topology()
sp = Sallyport(t.gw, SMALL).start()
host = t.client(1)


def status(token):
    return sp.counters()["status"][token]


def sas():
    return sp.show("crypto", "ikev2", "sa")["ikev2_sas"]


def refused(name, token, words, **changes):
    """One login that must fail with this status."""
    before, live = status(token), len(sas())
    ss = StrongSwan(host, retransmits=2, timeout="0.5", **changes).start()
    ok("%s: refused" % name, not ss.up(timeout=6), ss.last[-300:])
    ok("%s: counted as %s" % (name, token), wait_for(2, lambda: status(token) > before),
       str({k: v for k, v in sp.counters()["status"].items() if v}))
    rows = wait_for(3, lambda: sp.sql("select status, sentence from v_failures where status = '%s'" % token))
    ok("%s: in SQL with a sentence" % name, rows and any(words in r[1] for r in rows), str(rows)[:400])
    ok("%s: in the log" % name, "status=%s" % token in sp.log_text() and words in sp.log_text(), sp.tail(3))
    said = sp.command("show", "crypto", "ikev2", "diagnose", "error").stdout
    ok("%s: in show with the same sentence" % name, rows and token in said and rows[0][1] in said, "%s\n%s" % (rows, said[:600]))
    ss.stop()
    ok("%s: no state left" % name, wait_for(8, lambda: len(sas()) <= live and not sp.counters()["half_open"]),
       "%s\n%s" % (sas(), sp.counters()["half_open"]))


refused("wrong PSK", "auth_failed", "key", psk="not-the-key")
refused("no common proposal", "no_proposal", "modp1024", ike="aes256-sha1-modp1024")
refused("unknown identity", "no_profile", "stranger", user="stranger@elsewhere.test")
refused("no common ESP proposal", "no_child_proposal", "ESP", esp="aes128-sha1")

one = StrongSwan(t.client(2), vips="0.0.0.0", remote_ts="10.99.2.0/24", user="client2@psk.test").start()
ok("the only address is given", one.up(), one.last[-300:])
refused("exhausted pool", "pool_exhausted", "RA", vips="0.0.0.0", remote_ts="10.99.2.0/24")
ok("the holder of the address is untouched", one.host.ping("10.99.2.2") == 3)

# ---- malformed and truncated ---------------------------------------------------------------------
GARBAGE = r"""
import os, random, socket, struct, sys
rng = random.Random(7)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
good = bytes.fromhex(sys.argv[1])
for port, marker in ((500, b""), (4500, b"\0\0\0\0")):
    for cut in range(0, len(good), 3):
        s.sendto(marker + good[:cut], ("10.99.1.1", port))
    for n in range(600):
        b = bytearray(good)
        for _ in range(rng.randrange(1, 8)):
            b[rng.randrange(len(b))] = rng.randrange(256)
        if rng.random() < .3:
            b[24:28] = struct.pack(">I", len(b))
        s.sendto(marker + bytes(b), ("10.99.1.1", port))
    for n in range(200):
        s.sendto(os.urandom(rng.randrange(1, 300)), ("10.99.1.1", port))
"""
# IKE_SA_INIT: header, SA (AES-GCM-128, PRF SHA-256, group 19), KE, Nonce
sa = bytes.fromhex("0000002c 010100 04".replace(" ", ""))
xf = [b"\x03\0\0\x0c\x01\0\0\x14\x80\x0e\0\x80", b"\x03\0\0\x08\x02\0\0\x05", b"\0\0\0\x08\x04\0\0\x13"]
prop = b"\0\0" + struct.pack(">H", 8 + sum(map(len, xf))) + b"\x01\x01\0\x03" + b"".join(xf)
body = b"\x22\0" + struct.pack(">H", 4 + len(prop)) + prop
body += b"\x28\0" + struct.pack(">H", 8 + 64) + b"\0\x13\0\0" + os.urandom(64)
body += b"\0\0" + struct.pack(">H", 4 + 32) + os.urandom(32)
init = os.urandom(8) + bytes(8) + b"\x21\x20\x22\x08" + bytes(4) + struct.pack(">I", 28 + len(body)) + body
before = sp.counters()
host.run("python3", "-c", GARBAGE, init.hex())
ok("still alive after garbage", sp.answers(), sp.tail())
named = lambda: sum(n - before["status"][k] for k, n in sp.counters()["status"].items())
ok("garbage is counted by name", wait_for(5, lambda: named() > 500), str(named()))
ok("the live session did not notice", one.host.ping("10.99.2.2") == 3 and len(sp.sessions()) >= 1)
ok("negotiations of garbage time out", wait_for(60, lambda: sp.counters()["half_open"] == 0), str(sp.counters()["half_open"]))

# ---- a bad configuration -------------------------------------------------------------------------
sp.configure(SMALL + "crypto ikev2 proposal X\n encryption aes-cbc-257\n")
r = sp.reload(check=False)
line = SMALL.count("\n") + 2
ok("bad configuration is refused with place and hint",
   r.returncode != 0 and ":%d:" % line in r.stdout and "aes-cbc-257" in r.stdout and "aes-cbc-256" in r.stdout, r.stdout)
ok("the running one stays", "aes-cbc-257" not in sp.command("show", "running-config").stdout and one.host.ping("10.99.2.2") == 3)
c = run(BIN, "check", sp.conf, check=False)
ok("check says the same, exit 2", c.returncode == 2 and ":%d:" % line in c.stdout, c.stdout)
one.down()
one.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
