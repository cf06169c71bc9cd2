#!/usr/bin/env python3
"""Every cipher, hash and group of the table negotiates with strongSwan when it is named, old ones
only then; what is not allowed is refused with the words that would allow it."""
from lib import *

NAMED = CONF + """
crypto ikev2 proposal NAMED
 encryption aes-cbc-128 aes-cbc-192 aes-cbc-256 3des
 integrity sha1 sha256 sha384 sha512 md5
 group 2 5 15 16 20 21 24 31
crypto ikev2 proposal COMBINED
 encryption aes-gcm-128 aes-gcm-256 chacha20-poly1305
 prf sha256 sha384 sha512 sha1
 group 19 31
crypto ikev2 policy NAMED
 proposal NAMED
 proposal COMBINED
"""
SUITES = ("aes256-sha1-modp1024", "aes128-sha1-modp1536", "3des-md5-prfsha1-modp3072", "aes192-sha256-modp4096",
          "aes256-sha384-ecp384", "aes256-sha512-ecp521", "aes128-sha256-curve25519", "aes256-sha1-modp2048s256",
          "aes256gcm16-prfsha384-ecp256", "chacha20poly1305-prfsha512-curve25519")

t = Topology()
sp = Sallyport(t.gw, NAMED).start()
host = t.client(1)
ss = StrongSwan(host, vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
for ike in SUITES:
    ss.write(ike=ike)
    up = ss.up(timeout=8)
    ok("%s: connects and passes traffic" % ike, up and host.ping("10.99.2.2") == 3, ss.last[-300:])
    ss.down()
    wait_for(3, lambda: not sp.sessions())


def refused(name, ike, words):
    ss.write(ike=ike)
    ok("%s: refused" % name, not ss.up(timeout=6))
    text = sp.command("show", "crypto", "ikev2", "diagnose", "error").stdout
    ok("%s: with advice" % name, words in text, text[:400])


refused("a group that was not named", "aes256-sha1-modp2048", "group 14")
sp.stop()
sp.configure(CONF)
sp.start()
refused("an old group by default", "aes256-sha256-modp1024", "group 2")
ss.write(ike="aes256gcm16-prfsha512-ecp384")
ok("a default suite", ss.up(timeout=8), ss.last[-300:])
ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
