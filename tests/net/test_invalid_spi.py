#!/usr/bin/env python3
"""ESP that belongs to no SA. A gateway that lost its state (nothing is left of it but its files): a client of ours that
keeps sending loses at most three pings of one a second; strongSwan is back when its own liveness check has failed. 10,000
random SPIs from one source, and from many, start no negotiation, are answered a bounded number of times, and logged so.
Replayed packets are logged in the words of R-ARW-07."""
import re
from client_lib import *

GATEWAY = "crypto isakmp invalid-spi-recovery\n" + CONF
BRANCH = client_conf(dpd="dpd 60 10 periodic")

t = Topology()
gw = Sallyport(t.gw, GATEWAY, name="gw").start()
c = t.client(1)
br = Sallyport(c, BRANCH, name="branch").start()
# Its liveness check: after 2 s of silence, given up after 1 + 1.4 + 2 s without an answer.
swan = StrongSwan(t.client(2), vips="0.0.0.0", remote_ts="10.99.2.0/24", dpd="2s", retransmits=2,
                  child_life="0\n dpd_action = restart").start()


def is_up(sp):
    return [s["session"] for s in sp.live()]


def lost(path):
    """Of those between the first and the last that were answered, and how many these are in all."""
    with open(path) as f:
        seen = sorted({int(x) for x in re.findall(r"icmp_seq=(\d+)[^\n]*time=", f.read())})
    return len(set(range(1, seen[-1] + 1)) - set(seen)), seen[-1]


ok("both connect", wait_for(8, lambda: len(is_up(gw)) == 1 and is_up(br)) and swan.up(), br.tail())
ok("traffic of both", c.ping("10.99.2.2") == 3 and swan.host.ping("10.99.2.2") == 3)

# ---- a gateway that lost everything ----------------------------------------------------------------
logs = [os.path.join(WORK, "ping%d" % i) for i in range(2)]
pingers = [spawn(h.ns, "ping", "-n", "-i", "1", "10.99.2.2", log=log) for h, log in zip((c, swan.host), logs)]
time.sleep(6.5) # a connection that is younger is a failing one
went = time.monotonic()
gw.crash()
gw.spawn()
ok("the gateway comes back", wait_for(10, gw.answers) and "thaw" not in gw.log_text().split("start ")[-1].split("listen")[0], gw.tail())
away = time.monotonic() - went
time.sleep(15)
for p in pingers:
    stop_process(p, sig=signal.SIGINT)
n, of = lost(logs[0])
print("# a client of ours lost %d of %d, the gateway was away for %.1f s" % (n, of, away))
ok("at most three pings are lost", of >= 15 and n - int(away) <= 3, "%d of %d\n%s" % (n, of, br.tail(8)))
n, of = lost(logs[1])
print("# strongSwan lost %d of %d" % (n, of))
ok("strongSwan is back when its liveness check has failed", of >= 15 and n <= 10, "%d of %d\n%s" % (n, of, swan.log_text()[-1500:]))
ok("both are up", wait_for(3, lambda: len(is_up(gw)) == 2 and is_up(br)), gw.tail())
LINE = r"invalid_spi destaddr=10\.99\.1\.1 prot=50 spi=0x[0-9a-f]{8} spi_decimal=\d+ srcaddr=10\.99\.1\.%d"
ok("it logged both senders", all(re.search(LINE % k, gw.log_text()) for k in (11, 12)), gw.tail())

# ---- random SPIs -----------------------------------------------------------------------------------
attacker = t.client(9)
attacker.ip("route", "add", "local", "10.98.0.0/16", "dev", "lo")
t.gw.route("10.98.0.0/16", "via", "10.99.1.19")
FLOOD = r"""
import os, socket, sys, time
socks = []
for n in range(int(sys.argv[1])):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    s.bind(("10.98.%d.%d" % (n // 200, 1 + n % 200), 4500))
    socks.append(s)
start = time.monotonic()
for n in range(10000):
    socks[n % len(socks)].sendto(bytes([1 + n % 255]) + os.urandom(83), ("10.99.1.1", 4500))
    ahead = start + n / 5000.0 - time.monotonic()
    if ahead > 0.002:
        time.sleep(ahead)
took = time.monotonic() - start
time.sleep(0.5)
got = []
for s in socks:
    try:
        while True:
            got.append(len(s.recv(2048)))
    except BlockingIOError:
        pass
print("%.1f %d %d" % (took, len(got), sum(got)))
"""
for sources in (1, 1000):
    before, ups, text = gw.counters(), sorted(is_up(gw)), len(gw.log_text())
    took, replies, octets = attacker.run(sys.executable, "-c", FLOOD, sources, timeout=60).stdout.split()
    wait_for(5, lambda: gw.counters()["status"]["esp_no_sa"] - before["status"]["esp_no_sa"] > 9000)
    after = gw.counters()
    lines = gw.log_text()[text:].count("invalid_spi destaddr")
    dropped = after["status"]["esp_no_sa"] - before["status"]["esp_no_sa"]
    rose = {k: after["counters"][k] - before["counters"][k] for k in ("invalid_spi_sent", "ike_init_in", "ike_init_out")}
    print("# %d sources: %d dropped in %s s, %s replies of %s bytes, %d lines, %s" % (sources, dropped, took, replies, octets, lines, rose))
    ok("%d sources: counted" % sources, dropped > 9000, str(dropped))
    ok("%d sources: few are answered" % sources, 1 <= int(replies) <= 40 + 20 * (float(took) + 1), replies)
    ok("%d sources: and shorter than what they are about" % sources, int(octets) <= 44 * int(replies), octets)
    ok("%d sources: few are logged" % sources, 1 <= lines <= os.cpu_count() * 10 * (float(took) + 2), str(lines))
    ok("%d sources: no negotiation" % sources, after["half_open"] == 0 and rose["ike_init_out"] + rose["ike_init_in"] == 0, str(rose))
    ok("%d sources: sessions do not notice" % sources, sorted(is_up(gw)) == ups and c.ping("10.99.2.2") == 3 and swan.host.ping("10.99.2.2") == 3)

# ---- replayed packets --------------------------------------------------------------------------------
REPLAY = r"""
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth0", 0))
while True:
    f, (_, _, kind, _, _) = s.recvfrom(4096)
    if kind == socket.PACKET_OUTGOING and f[12:14] == b"\x08\x00" and f[23] == 50 and len(f) > 60:
        break
for n in range(1000):
    s.send(f)
    time.sleep(0.001)
print(int.from_bytes(f[34:38], "big"))
"""
replayer = subprocess.Popen(["ip", "netns", "exec", c.ns, sys.executable, "-c", REPLAY], stdout=subprocess.PIPE, text=True)
time.sleep(0.5)
c.ping("10.99.2.2")
spi = int(replayer.communicate(timeout=20)[0])
found = lambda: [x["drops_replay"] for x in gw.show("crypto", "ipsec", "sa")["ipsec_sas"] if int(x["spi_in"], 16) == spi]
ok("replays are dropped and counted", wait_for(5, lambda: len(found()) == 1 and found()[0] >= 900), str(found()))
lines = re.findall(r"packet_replay connection=(\d+) spi=0x[0-9a-f]{8} .*status=esp_replay", gw.log_text())
ok("logged with the number that show has", lines and set(lines) == {str(spi)}, gw.tail(4))
ok("and seldom", len(lines) <= 3 * 4, str(len(lines)))
ok("show has it", "conn id: %d," % spi in gw.command("show", "crypto", "ipsec", "sa").stdout)
for sp in (br, gw):
    ok("clean stop", sp.stop() == 0, sp.tail())
done()
