#!/usr/bin/env python3
"""Every transform that strongSwan knows too: IKE and ESP, agreed upon, shown by its name, with traffic.
And: what is not named in the configuration is not agreed upon."""
from lib import *

# Six transform sets are as many as a profile takes.
SETS = ("G256 G192 G128 CHACHA C256", "C192 C128 OLD SHORT")
NAMED = CONF + """
crypto ikev2 proposal AEAD
 encryption aes-gcm-256 aes-gcm-192 aes-gcm-128 chacha20-poly1305
 prf sha512 sha384 sha256 sha1 md5
 group 19 20 21 31 14 15 16 24 5 2
crypto ikev2 proposal CBC
 encryption aes-cbc-256 aes-cbc-192 aes-cbc-128 3des
 integrity sha512 sha384 sha256 sha1 md5
 prf sha512 sha384 sha256 sha1 md5
 group 19 20 21 31 14 15 16 24 5 2
crypto ikev2 policy ALL
 match fvrf any
 proposal AEAD
 proposal CBC
crypto ipsec transform-set G256 esp-gcm 256
crypto ipsec transform-set G192 esp-gcm 192
crypto ipsec transform-set G128 esp-gcm
crypto ipsec transform-set CHACHA esp-chacha20-poly1305
crypto ipsec transform-set C256 esp-aes 256 esp-sha512-hmac
crypto ipsec transform-set C192 esp-aes 192 esp-sha384-hmac
crypto ipsec transform-set C128 esp-aes esp-sha256-hmac
crypto ipsec transform-set OLD esp-aes esp-sha-hmac
crypto ipsec transform-set SHORT esp-gcm12 256 esp-gcm8
crypto ipsec profile default
 set transform-set %s
"""

# strongSwan's words, and what show says: encryption, key size, integrity, PRF, group
IKE = (
    ("aes256gcm16-prfsha512-ecp384", ("AES-GCM", 256, "", "SHA512", 20)),
    ("aes192gcm16-prfsha384-ecp521", ("AES-GCM", 192, "", "SHA384", 21)),
    ("aes128gcm16-prfsha256-curve25519", ("AES-GCM", 128, "", "SHA256", 31)),
    ("chacha20poly1305-prfsha256-ecp256", ("CHACHA20-POLY1305", 0, "", "SHA256", 19)),
    ("aes256-sha512-modp4096", ("AES-CBC", 256, "SHA512", "SHA512", 16)),
    ("aes192-sha384-modp3072", ("AES-CBC", 192, "SHA384", "SHA384", 15)),
    ("aes128-sha256-modp2048", ("AES-CBC", 128, "SHA256", "SHA256", 14)),
    ("aes128-sha1-modp1536", ("AES-CBC", 128, "SHA96", "SHA1", 5)),
    ("aes128-sha1-modp1024", ("AES-CBC", 128, "SHA96", "SHA1", 2)),
    ("aes128-sha256-modp2048s256", ("AES-CBC", 128, "SHA256", "SHA256", 24)),
    ("3des-sha1-modp2048", ("3DES", 0, "SHA96", "SHA1", 14)),
    ("aes256-sha1-prfsha512-ecp384", ("AES-CBC", 256, "SHA96", "SHA512", 20)),
)
ESP = (
    ("aes256gcm16", "esp-gcm 256"), ("aes192gcm16", "esp-gcm 192"), ("aes128gcm16", "esp-gcm"),
    ("chacha20poly1305", "esp-chacha20-poly1305"), ("aes256-sha512", "esp-aes 256 esp-sha512-hmac"),
    ("aes192-sha384", "esp-aes 192 esp-sha384-hmac"), ("aes128-sha256", "esp-aes esp-sha256-hmac"),
    ("aes128-sha1", "esp-aes esp-sha-hmac"), ("aes256gcm96", "esp-gcm12 256"), ("aes128gcm64", "esp-gcm8"),
)

t = Topology()
sp = Sallyport(t.gw, NAMED % SETS[0]).start()
ss = StrongSwan(t.client(1), retransmits=3, timeout="0.5").start()
for proposal, want in IKE:
    ss.write(ike=proposal)
    if not ok("IKE %s" % proposal, ss.up(), ss.last[-400:] + sp.tail(2)):
        continue
    sa = sp.show("crypto", "ikev2", "sa")["ikev2_sas"][-1]
    got = tuple(sa[k] for k in ("encryption", "key_size", "integrity", "prf", "dh_group"))
    ok("IKE %s: is shown" % proposal, got == want, "%s, expected %s" % (got, want))
    ok("IKE %s: deletes" % proposal, ss.down())
ss.write(ike="aes128gcm16-prfsha256-ecp256")
for n, (proposal, want) in enumerate(ESP):
    ss.write(esp=proposal)
    if n == 5:
        sp.configure(NAMED % SETS[1])
        ok("reload with the other transform sets", sp.reload(check=False).returncode == 0)
    if not ok("ESP %s" % proposal, ss.up(), ss.last[-400:] + sp.tail(2)):
        continue
    child = sp.show("crypto", "ikev2", "sa")["ikev2_sas"][-1]["children"][0]
    ok("ESP %s: is shown" % proposal, child["transform"] == want, child["transform"])
    ok("ESP %s: carries packets of every size" % proposal,
       all(ss.host.ping("10.99.2.2", size=n, count=1) == 1 for n in (0, 1, 13, 14, 15, 16, 17, 500, 1300, 4000)) and
       ss.host.ping("fd00:99:2::2", size=1200) == 3)
    ok("ESP %s: deletes" % proposal, ss.down())

# The wrong group first: INVALID_KE_PAYLOAD leads to the right one.
ss.write(esp="aes128-sha256", ike="aes128gcm16-prfsha256-modp768-ecp384")
ok("another group is asked for and taken", ss.up(), ss.last[-400:])
ok("it is group 20", sp.show("crypto", "ikev2", "sa")["ikev2_sas"][-1]["dh_group"] == 20)
ok("INVALID_KE_PAYLOAD was sent", wait_for(2, lambda: sp.counters()["status"]["invalid_ke"] == 1))
ss.down()

# Without names, old ones are refused, with the words that would allow them.
sp.configure(CONF)
ok("reload without names", sp.reload(check=False).returncode == 0)
for proposal, names in (("aes128-sha256-modp1024", "modp1024"), ("3des-sha256-modp2048", "3DES"), ("aes128-sha1-prfsha256-ecp256", "SHA")):
    ss.write(ike=proposal)
    ok("%s is refused" % proposal, not ss.up(timeout=6))
    said = wait_for(3, lambda: [r for (r,) in sp.sql("select sentence from v_failures where status = 'no_proposal'")
                                if names.lower() in r.lower() and "allow it with" in r])
    print("   %s" % (said and said[0]))
    ok("%s: the sentence names it and the way" % proposal, said, str(sp.sql("select sentence from v_failures")))
ss.write(ike="aes128gcm16-prfsha256-ecp256", esp="aes128-sha1")
ok("ESP with SHA-1 is refused", not ss.up(timeout=6))
ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
