#!/usr/bin/env python3
"""IKE fragmentation (RFC 7383) with strongSwan on both ends of paths that carry 576 and 1280 bytes and drop
every IP fragment: messages of four kilobytes arrive, and without it they do not."""
import datetime
import re

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from client_lib import *

CAS = 170  # each is 20 bytes in a CERTREQ of IKE_AUTH
NETS6 = ["fd00:99:%x::/64" % n for n in range(0x20, 0x2c)]
BIG = CONF.replace(" permit 10.99.2.0 0.0.0.255\n",
                   " permit 10.99.2.0 0.0.0.255\n" + "".join(" permit 10.98.%d.0 0.0.0.255\n" % n for n in range(28)))
BIG = BIG.replace("identity local fqdn gw.example.test", "identity local fqdn %s.gw.example.test" % ".".join(["x" * 40] * 4))
GWID = "%s.gw.example.test" % ".".join(["x" * 40] * 4)
REMOTE = ", ".join(["10.99.2.0/24", "fd00:99:2::/64"] + NETS6)
ESP = ", ".join("%s-%s" % (e, d) for e in ("aes256gcm16", "aes256gcm12", "aes192gcm16", "aes128gcm16")
                for d in ("modp4096", "modp3072"))
BRANCH = client_conf(psk="sesame", gateway="hub.test", id="fqdn %s.branch.test" % ".".join(["b" * 44] * 5),
                     after="ip route 10.99.2.0 255.255.255.0 Tunnel1")
OFF = "no crypto ikev2 fragmentation\n"


def certificates(folder):
    """Authorities that a client asks for, so that its IKE_AUTH is large."""
    os.makedirs(folder, exist_ok=True)
    now = datetime.datetime.utcnow()
    for n in range(CAS):
        key = Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA %d" % n)])
        cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                .serial_number(n + 1).not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(9))
                .add_extension(x509.BasicConstraints(True, None), True).sign(key, None))
        with open(os.path.join(folder, "ca%d.pem" % n), "wb") as f:
            f.write(cert.public_bytes(serialization.Encoding.PEM))


def narrow(top, host, v4, v6):
    """The path between the headend and this client carries no more, and no fragment."""
    for a, dev, b, mtu in ((top.gw, "wan0", v4, 576), (top.gw, "wan0", v6, 1280),
                           (host, "eth0", "10.99.1.1", 576), (host, "eth0", "fd00:99:1::1", 1280)):
        family = ["-6"] if ":" in b else []
        a.ip(*family, "route", "add", b, "dev", dev, "mtu", mtu)


def big(host, **more):
    ss = StrongSwan(host, vips="0.0.0.0, ::", remote_ts=REMOTE, esp=ESP, gwid=GWID, **more)
    certificates(os.path.join(ss.dir, "x509ca"))
    return ss.start()


def fragments(sp):
    c = sp.counters()["counters"]
    return {k: c[k] for k in ("ike_fragments_in", "ike_fragments_out", "ike_fragmented_messages_in", "ike_rekeys", "child_rekeys")}


def delta(sp, before):
    return {k: v - before[k] for k, v in fragments(sp).items()}


top = Topology()
nft(top.wan.host, """
table bridge wan {
  counter lost { }
  chain forward { type filter hook forward priority 0;
    ether type ip ip frag-off & 0x3fff != 0 counter name lost drop
    ether type ip6 exthdr frag exists counter name lost drop
  }
}""")


def lost():
    return int(re.search(r"packets (\d+)", top.wan.host.run("nft", "list", "counter", "bridge", "wan", "lost").stdout).group(1))


c = top.client(1)
narrow(top, c, "10.99.1.11", "fd00:99:1::11")
sp = Sallyport(top.gw, BIG + "crypto ipsec profile default\n set pfs group16\n").start()
for title, gateway, mtu, in_use in (("IPv4, 576", "10.99.1.1", 576, 548), ("IPv6, 1280", "fd00:99:1::1", 1280, 1232)):
    ss = big(c, gateway=gateway, extra="fragment_size = %d" % mtu)
    before = fragments(sp)
    if not ok("%s: connects" % title, ss.up(), ss.last[-600:] + sp.tail(5)):
        ss.stop()
        continue
    wait_for(8, lambda: delta(sp, before)["ike_fragmented_messages_in"] == 1)  # of the next sample
    d = delta(sp, before)
    ok("%s: what came was large" % title, d["ike_fragments_in"] >= 4000 / mtu and d["ike_fragmented_messages_in"] == 1, str(d))
    ok("%s: and so was the answer" % title, d["ike_fragments_out"] >= 2, str(d))
    detail = sp.command("show", "crypto", "ikev2", "sa", "detail").stdout
    ok("%s: show says so" % title, "IETF Std Fragmentation enabled.\n" in detail and
       "IETF Std Fragmentation MTU in use: %d bytes.\n" % in_use in detail, detail)
    for what in ("child_rekeys", "ike_rekeys"):
        # A peer may rekey its IKE SA once a second.
        ok("%s: traffic before %s" % (title, what), c.ping("10.99.2.2", count=12) == 12)
        kind = ("--ike", "psk") if what == "ike_rekeys" else ("--child", "net")
        before = fragments(sp)
        ss.ctl("--rekey", *kind, check=False)
        ok("%s: %s by strongSwan" % (title, what), wait_for(5, lambda: delta(sp, before)[what] == 1), str(delta(sp, before)))
        before = fragments(sp)
        sp.command("rekey", "crypto", "ikev2" if what == "ike_rekeys" else "ipsec", "sa")
        ok("%s: %s by us" % (title, what), wait_for(5, lambda: delta(sp, before)[what] == 1), str(delta(sp, before)) + sp.tail(5))
    ok("%s: traffic after that" % title, c.ping("10.99.2.2") == 3)
    sp.kill_main()
    ok("%s: a new main goes on" % title, wait_for(8, sp.answers) and c.ping("10.99.2.2") == 3)
    before = fragments(sp)
    sp.command("rekey", "crypto", "ipsec", "sa")
    ok("%s: and rekeys" % title, wait_for(5, lambda: delta(sp, before)["child_rekeys"] == 1), str(delta(sp, before)))
    ok("%s: no IP fragment was sent" % title, lost() == 0, str(lost()))
    ok("%s: deletes" % title, ss.down())
    ss.stop()

# Without it on either side the same client does not get through.
short = dict(retransmits=1, timeout="0.4")
ss = big(c, fragmentation="no", **short)
ok("strongSwan without it: not over this path", not ss.up(timeout=3))
ok("because IP fragments are lost", lost() > 0)
ss.stop()
sp.configure(BIG + OFF)
sp.reload()
ss = big(c, extra="fragment_size = 576", **short)
ok("we without it: not over this path", not ss.up(timeout=3))
ss.stop()
wide = top.client(2)
ss = StrongSwan(wide, gwid=GWID, user="client2@psk.test").start()
ok("but over a better one", ss.up(), ss.last[-400:])
ok("and show says that it is off", "      Fragmentation not configured.\n" in sp.command("show", "crypto", "ikev2", "sa", "detail").stdout)
ss.down()
ss.stop()
sp.configure(BIG + "crypto ikev2 fragmentation mtu 300\n")
sp.reload()
ss = StrongSwan(wide, gwid=GWID, user="client2@psk.test", fragmentation="no").start()
ok("a peer that cannot: as ever", ss.up() and wide.ping("10.99.2.2") == 3, ss.last[-400:])
ok("and show says what we could", "IETF Std Fragmentation configured.\n" in sp.command("show", "crypto", "ikev2", "sa", "detail").stdout)
ss.down()
ss.write(fragmentation="force")
before = fragments(sp)
ok("cut finer than the path needs", ss.up() and wide.ping("10.99.2.2") == 3, ss.last[-400:])
wait_for(8, lambda: delta(sp, before)["ike_fragments_out"])
d = delta(sp, before)
ok("into what the MTU says", d["ike_fragments_out"] >= 4, str(d))
ok("and shown so", "MTU in use: 272 bytes." in sp.command("show", "crypto", "ikev2", "sa", "detail").stdout)
ss.down()
ss.stop()
ok("nothing in the counters says internal", sp.counters()["status"]["internal"] == 0)
ok("clean stop", sp.stop() == 0, sp.tail())

# We connect, strongSwan answers; both say much.
nets = ", ".join("10.98.%d.0/24" % n for n in range(28))
gw = StrongSwanGateway(top.gw, psk="sesame", gwid="hub.test", local_ts="0.0.0.0/0", subnets=nets, charon="fragment_size = 576").start()
for off in (False, True):
    sp = Sallyport(c, BRANCH + (OFF if off else ""), name="branch%d" % off)
    sp.start()
    came_up = wait_for(3 if off else 10, lambda: [s for s in sp.show("crypto", "ikev2", "sa")["ikev2_sas"] if s["status"] == "READY"])
    if off:
        ok("as client, without it: not over this path", not came_up)
    else:
        wait_for(8, lambda: fragments(sp)["ike_fragments_out"])
        d = fragments(sp)
        ok("as client: connects", came_up and c.ping("10.99.2.2") == 3, sp.tail() + gw.log_text()[-1000:])
        ok("as client: both in fragments", d["ike_fragments_out"] >= 2 and d["ike_fragmented_messages_in"] == 1, str(d))
        sp.command("rekey", "crypto", "ikev2", "sa")
        ok("as client: rekeyed", wait_for(5, lambda: fragments(sp)["ike_rekeys"] == 1) and c.ping("10.99.2.2") == 3, sp.tail())
    sp.stop()
gw.stop()
done()
