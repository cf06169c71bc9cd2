#!/usr/bin/env python3
"""Who may send what: inner sources belong to their session, clients reach each other only where it is
permitted, nothing leaves the selectors; each refused packet is counted by its reason."""
from lib import *

t = Topology()
sp = Sallyport(t.gw).start()
one, two = (StrongSwan(t.client(n), user="client%d@psk.test" % n, remote_ts="0.0.0.0/0, ::/0").start() for n in (1, 2))
ok("two clients connect", one.up() and two.up(), one.last[-300:] + two.last[-300:] + sp.tail(3))
vip = [ss.addresses()[0] for ss in (one, two)]
vip6 = [ss.addresses()[1] for ss in (one, two)]


def count(reason):
    time.sleep(0.2)
    return sp.counters()["status"][reason]


def counted(reason, least):
    """Workers count a little after the packets went."""
    return wait_for(5, lambda: sp.counters()["status"][reason] >= least)


def session(user):
    return [s for s in sp.show("crypto", "ipsec", "sa")["ipsec_sas"] if s["peer"]["address"] == user][0]


ok("both reach the LAN", all(ss.host.ping("10.99.2.2") == 3 and ss.host.ping("fd00:99:2::2") == 3 for ss in (one, two)))
before = count("out_client_to_client")
ok("client to client is denied", one.host.ping(vip[1]) == 0 and one.host.ping(vip6[1]) == 0)
ok("and counted", counted("out_client_to_client", before + 6), str(count("out_client_to_client")))
sp.configure(CONF + " sallyport client-to-client permit\n")
r = sp.reload(check=False)
ok("a reload permits it", r.returncode == 0, r.stdout)
ok("now they reach each other", one.host.ping(vip[1]) == 3 and one.host.ping(vip6[1]) == 3 and two.host.ping(vip[0]) == 3)
sp.configure(CONF)
ok("another reload takes it back", sp.reload(check=False).returncode == 0)
ok("denied again", one.host.ping(vip[1]) == 0 and one.host.ping("10.99.2.2") == 3)

# A source that is another's. charon's own policies may stop it already; then there is nothing to count.
one.host.run("ip", "addr", "add", vip[1] + "/32", "dev", "lo", check=False)
ok("with the other's address as source nothing comes back", one.host.ping("10.99.2.2", source=vip[1]) == 0)
ok("the owner of the address did not notice", two.host.ping("10.99.2.2") == 3)
one.host.run("ip", "addr", "del", vip[1] + "/32", "dev", "lo", check=False)

# From the LAN: an address of the pool that nobody has, and one outside of the selectors.
before = count("out_no_route")
ok("an address that nobody has is no way in", t.lan.ping("10.100.2.77", count=2) == 0)
ok("counted as such", counted("out_no_route", before + 2), str(count("out_no_route")))
ok("the LAN reaches its clients", t.lan.ping(vip[0]) == 3 and t.lan.ping(vip6[1]) == 3)

# Forged ESP: unknown SPI, known SPI with rubbish, replay of a real packet.
FORGE = r"""
import os, socket, struct, sys
spi = int(sys.argv[1], 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(50):
    s.sendto(struct.pack(">II", spi ^ 0x5a5a5a00, n + 1) + os.urandom(60), ("10.99.1.1", 4500))
    s.sendto(struct.pack(">II", spi, 100000 + n) + os.urandom(60), ("10.99.1.1", 4500))
    s.sendto(struct.pack(">II", spi, n)[: n % 8], ("10.99.1.1", 4500))
"""
sa = session("10.99.1.12")
unknown, auth = count("esp_no_sa"), count("esp_auth")
one.host.run("python3", "-c", FORGE, sa["spi_in"])
ok("unknown SPIs are counted", counted("esp_no_sa", unknown + 50), str(count("esp_no_sa") - unknown))
ok("forged packets are counted", counted("esp_auth", auth + 50), str(count("esp_auth") - auth))
now = session("10.99.1.12")
ok("also at the SA", now["drops_auth"] >= sa["drops_auth"] + 50 and now["packets_in"] == sa["packets_in"], str(now))
ok("its owner did not notice", two.host.ping("10.99.2.2") == 3)
ok("and its peer's address is the same", session("10.99.1.12")["peer"]["address"] == "10.99.1.12")

dump = os.path.join(WORK, "replay.pcap")
p = spawn(t.gw.ns, "tcpdump", "-i", "wan0", "-U", "--immediate-mode", "-c", "5", "-w", dump, "-Z", "root",
          "src host 10.99.1.12 and udp dst port 4500 and greater 100", log=os.path.join(WORK, "tcpdump"))
wait_for(3, lambda: os.path.exists(dump) and os.path.getsize(dump) >= 24)
two.host.ping("10.99.2.2", count=8)
p.wait(5)
REPLAY = r"""
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
data = open(sys.argv[1], "rb").read()
at = 24
while at < len(data):
    length = struct.unpack_from("<I", data, at + 8)[0]
    frame = bytearray(data[at + 16:at + 16 + length])
    frame[40:42] = bytes(2)  # the UDP checksum was left to a card that is none
    for _ in range(4):
        s.send(frame)
    at += 16 + length
"""
sa, before = session("10.99.1.12"), count("esp_replay")
two.host.run("python3", "-c", REPLAY, dump)
ok("replayed packets are counted", counted("esp_replay", before + 20), str(count("esp_replay") - before))
now = session("10.99.1.12")
ok("also at the SA, and none was let in", now["drops_replay"] == sa["drops_replay"] + 20 and now["packets_in"] == sa["packets_in"], str(now))
for ss in (one, two):
    ss.down()
    ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
