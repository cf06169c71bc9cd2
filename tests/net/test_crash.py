#!/usr/bin/env python3
"""A gateway that loses everything but its disk: with the token of RFC 6290 the client knows with its next
packet and connects again, where its liveness checks alone would take a minute. A client that loses
everything is gone for the gateway as soon as it is asked for life. ESP with an unknown SPI is logged."""
import re
from client_lib import *

GATEWAY = CONF.replace(" virtual-template 1\n", " dpd %s periodic\n virtual-template 1\n")
BRANCH = client_conf(dpd="dpd 60 10 periodic")

t = Topology()
gw = Sallyport(t.gw, GATEWAY % "120 10", name="gw").start()
c = t.client(1)
br = Sallyport(c, BRANCH, name="branch").start()


def counter(sp, name):
    return sp.counters()["counters"][name]


def is_up(sp):
    return [s["session"] for s in sp.live()]


ok("connects", wait_for(8, lambda: is_up(gw) and is_up(br)) and c.ping("10.99.2.2") == 3, br.tail())
secret = os.path.join(gw.state, "token.secret")
mode = os.stat(secret)
ok("the secret is the daemon's alone", mode.st_mode & 0o777 == 0o600 and mode.st_size == 32, oct(mode.st_mode))
with open(secret, "rb") as f:
    before = f.read()

# ---- a stranger -------------------------------------------------------------------------------------
FORGE = r"""
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.99.1.66", 4500))
for i in range(200):
    spi_i, spi_r = bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2])
    token = struct.pack("!BBHBBH", 0, 0, 24, 0, 0, 16419) + bytes([i]) * 16
    lost = struct.pack("!BBHBBH", 41, 0, 8, 0, 0, 4)
    for flags in (0x20, 0x28):
        s.sendto(bytes(4) + spi_i + spi_r + struct.pack("!BBBBII", 41, 0x20, 37, flags, i, 60) + lost + token, ("10.99.1.11", 4500))
    # And a protected request with the SPIs of the living SA, as if its client asked.
    for flags in (0x00, 0x08):
        for a, b in ((spi_i, spi_r), (spi_r, spi_i)):
            s.sendto(bytes(4) + a + b + struct.pack("!BBBBII", 46, 0x20, 37, flags, 99, 88) + struct.pack("!BBH", 0, 0, 60) + bytes(56), ("10.99.1.1", 4500))
s.settimeout(0.5)
got = []
try:
    while True:
        got.append(s.recv(2048))
except socket.timeout:
    pass
print(sum(struct.pack("!H", 16419) in m for m in got), len(got))
"""
evil = Host("evil")
t.wan.join(evil, "eth0", "10.99.1.66/24")
sa = br.show("crypto", "ikev2", "sa")["ikev2_sas"][0]
ups = is_up(gw), is_up(br)
r = evil.run(sys.executable, "-c", FORGE, sa["local_spi"], sa["remote_spi"])
ok("nobody else is shown a token of a living SA", r.stdout.split()[0] == "0", r.stdout)
ok("guessed tokens are counted", wait_for(7, lambda: counter(br, "qcd_tokens_refused") >= 100), str(counter(br, "qcd_tokens_refused")))
ok("and end nothing", (is_up(gw), is_up(br)) == ups and c.ping("10.99.2.2") == 3, "%s %s" % (ups, (is_up(gw), is_up(br))))

# ---- the gateway ------------------------------------------------------------------------------------
log = os.path.join(WORK, "ping")
pinger = spawn(c.ns, "ping", "-n", "-D", "-i", "0.1", "10.99.2.2", log=log)
time.sleep(1)
gw.crash()
gw.spawn()
ok("the gateway comes back", wait_for(10, gw.answers), gw.tail())
back = time.time()
ok("the client is told", wait_for(5, lambda: "status=peer_restarted" in br.log_text()), br.tail(8) + gw.tail(8))
ok("and connects again", wait_for(5, lambda: is_up(gw) and is_up(br)), br.tail(8))
time.sleep(0.5)
stop_process(pinger, sig=signal.SIGINT)
with open(log) as f:
    replies = [float(l[1:l.index("]")]) for l in f if l.startswith("[") and "bytes from" in l]
gap = max((b - a, a) for a, b in zip(replies, replies[1:]))
took = gap[1] + gap[0] - back
print("# %.2f s without replies, %.2f s of them after the gateway was there again" % (gap[0], max(took, 0)))
ok("traffic is back in seconds", took < 3, "%.2f s" % took)
ok("with the same secret", open(secret, "rb").read() == before)
ok("counted", wait_for(7, lambda: counter(br, "qcd_tokens_verified") == 1 and counter(gw, "qcd_tokens_sent") >= 1))
ok("the gateway logged the strange ESP", re.search(
    r"invalid_spi destaddr=10\.99\.1\.1 prot=50 spi=0x[0-9a-f]{8} spi_decimal=\d+ srcaddr=10\.99\.1\.11", gw.log_text()), gw.tail())
WHY = "select end_reason from v_history"
ok("the client's history says why", wait_for(5, lambda: ("peer_restarted",) in br.sql(WHY)), str(br.sql(WHY)))

# ---- the client -------------------------------------------------------------------------------------
old = is_up(gw)
gw.configure(GATEWAY % "10 2")
gw.reload()
br.command("clear", "crypto", "ikev2", "client", "flexvpn", "HOME")
ok("connects with the gateway's new checks", wait_for(8, lambda: is_up(gw) not in ([], old) and is_up(br)), br.tail())
br.crash()
br.configure(BRANCH.replace("connect auto", "connect manual"))
br.start()
ok("the gateway asks and is told", wait_for(16, lambda: not is_up(gw)), gw.tail(5))
ok("its history says why", wait_for(5, lambda: ("peer_restarted",) in gw.sql(WHY)), str(gw.sql(WHY)))

# ---- a client that waits --------------------------------------------------------------------------------
WRONG = client_conf(dpd="dpd 60 10 periodic", psk="wrong")
br.configure(WRONG)
br.reload()


def pause():
    c = br.show("crypto", "ikev2", "client", "flexvpn")["clients"]
    return c[0].get("next_attempt_ms", 0) if c else 0


ESP = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(bytes([1, 2, 3, 4]) + bytes(80), ('10.99.1.11', 4500))"


def tries_early():
    """Ends a pause of two seconds at least when the gateway sends ESP that belongs to nothing?"""
    wait_for(12, lambda: pause() > 2000)
    before = br.log_text().count("client_failed")
    t.gw.run(sys.executable, "-c", ESP)
    return wait_for(1, lambda: br.log_text().count("client_failed") > before)


ok("a client waits although its gateway sends", not tries_early(), br.tail(4))
br.configure("crypto isakmp invalid-spi-recovery\n" + WRONG)
br.reload()
ok("with invalid-spi-recovery it does not", tries_early(), br.tail(4))
for sp in (br, gw):
    ok("clean stop", sp.stop() == 0, sp.tail())
done()
