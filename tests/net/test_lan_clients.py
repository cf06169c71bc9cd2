#!/usr/bin/env python3
"""Clients whose addresses are of the LAN behind the gateway: `sallyport proxy-arp` has its hosts find them, for as long as a session
has the address. And what clients say to many: dropped and counted, unless the template permits it."""
from lib import *

SAME = CONF.replace("10.100.0.10 10.100.3.250", "10.99.2.100 10.99.2.119").replace("fd00:100::/112", "fd00:99:2::1:0/112")
PROXY = SAME + " sallyport proxy-arp lan0\n"

t = Topology()
t.lan.ip("route", "del", "default")
t.lan.ip("-6", "route", "del", "default")
run("ip", "netns", "exec", t.gw.ns, "sysctl", "-qw", "net.ipv4.neigh.lan0.proxy_delay=0", "net.ipv6.neigh.lan0.proxy_delay=0")
sp = Sallyport(t.gw, SAME).start()
one, two = (StrongSwan(t.client(n), user="client%d@psk.test" % n, remote_ts="0.0.0.0/0, ::/0").start() for n in (1, 2))
ok("a client connects", one.up(), one.last[-300:] + sp.tail(3))
vip, vip6 = one.addresses()


def proxies():
    found = []
    for family in ("-4", "-6"):
        found += [line.split()[0] for line in t.gw.ip(family, "neigh", "show", "proxy", "dev", "lan0").stdout.splitlines()]
    return sorted(found)


def reach():
    """Replies of six, from the LAN to the first client and from it into the LAN."""
    t.lan.ip("neigh", "flush", "dev", "eth0", check=False)
    return t.lan.ping(vip) + t.lan.ping(vip6), one.host.ping("10.99.2.2") + one.host.ping("fd00:99:2::2")


def reachable():
    """On a busy machine the first packet to a neighbor may be late."""
    return wait_for(6, lambda: reach() == (6, 6))


def count(reason):
    time.sleep(0.2)
    return sp.counters()["status"][reason]


def counted(reason, least):
    """Workers count a little after the packets went."""
    return wait_for(5, lambda: sp.counters()["status"][reason] >= least)


# ---- proxy ARP and ND ----------------------------------------------------------------------------------
ok("its address is of the LAN", vip.startswith("10.99.2.1") and vip6.startswith("fd00:99:2::1:"), "%s %s" % (vip, vip6))
ok("nobody answers for it", proxies() == [] and reach() == (0, 0))
sp.configure(PROXY)
r = sp.reload(check=False)
ok("a reload turns it on", r.returncode == 0, r.stdout)
ok("for the session that there is", proxies() == sorted([vip, vip6]), str(proxies()))
ok("the LAN and the client reach each other", reachable(), sp.tail(5))
mac = t.gw.ip("-o", "link", "show", "lan0").stdout.split("link/ether ")[1].split()[0]
ok("at the gateway's address", all(mac in t.lan.ip("neigh", "show", a).stdout for a in (vip, vip6)), t.lan.ip("neigh").stdout)
shown = sp.show("ip", "interface", "Virtual-Template1")[0]
ok("show ip interface says it", (shown["proxy_arp"], shown["multicast"], shown["dhcp_inform"]) == ("lan0", False, True), str(shown))
ok("in words", "Proxy ARP is enabled on lan0" in sp.command("show", "ip", "interface").stdout)
ok("another client", two.up(), two.last[-300:])
other, other6 = two.addresses()
ok("is there too", proxies() == sorted([vip, vip6, other, other6])
   and wait_for(6, lambda: t.lan.ping(other) == 3 and t.lan.ping(other6) == 3), str(proxies()))
ok("an address that nobody has is not", t.lan.ping("10.99.2.118", count=1) == 0)
two.down()
ok("it went with its session", wait_for(3, lambda: proxies() == sorted([vip, vip6])), str(proxies()))
old = sp.kill_main()
ok("a new main comes", wait_for(10, lambda: sp.main_pid() not in (0, old) and sp.answers()), sp.tail(5))
ok("it is as before", proxies() == sorted([vip, vip6]) and reachable(), str(proxies()))
sp.configure(SAME + " sallyport proxy-arp nolan0\n")
ok("another interface that is not there", sp.reload(check=False).returncode == 0 and proxies() == [], str(proxies()))
ok("is logged, once", sp.log_text().count("interface=nolan0") == 1 and "there is no such interface" in sp.log_text(), sp.tail(4))
sp.configure(PROXY.replace("lan0", "a-name-of-16-bytes"))
link(t.gw, "nolan0", t.lan, "eth9")
ok("one that comes later is taken", wait_for(15, lambda: vip in t.gw.ip("neigh", "show", "proxy", "dev", "nolan0").stdout)
   and vip6 in t.gw.ip("-6", "neigh", "show", "proxy", "dev", "nolan0").stdout)
ok("a name that no interface can have is an error", sp.reload(check=False).returncode != 0)
sp.configure(PROXY)
ok("back again", sp.reload(check=False).returncode == 0 and reachable(), sp.tail(4))

# ---- multicast and broadcasts of clients -----------------------------------------------------------------
LISTEN = r"""
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5353))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.1.2.3") + struct.pack("@II", 0, socket.if_nametoindex("sp-vt1")))
s.settimeout(float(sys.argv[1]))
print("ready", flush=True)
try:
    print(s.recvfrom(100)[1][0], flush=True)
except socket.timeout:
    print("silence", flush=True)
"""
SAY = r"""
import socket, sys
vip, vip6 = sys.argv[1:3]
for family, me, many in ((socket.AF_INET, vip, ("239.1.2.3", "224.0.0.251", "255.255.255.255")), (socket.AF_INET6, vip6, ("ff05::fb",))):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"ipsec0")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind((me, 0))
    for to in many:
        for n in range(5):
            s.sendto(b"anybody there?", (to, 5353))
"""


def hears():
    """What a program on the gateway that listens to the group hears."""
    p = subprocess.Popen(["ip", "netns", "exec", t.gw.ns, sys.executable, "-c", LISTEN, "2"], stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    one.host.run(sys.executable, "-c", SAY, vip, vip6)
    return p.communicate(timeout=10)[0].strip()


before = count("esp_multicast")
ok("a client's multicast is not let in", hears() == "silence")
ok("each packet is counted", counted("esp_multicast", before + 20) and count("esp_multicast") - before == 20, str(count("esp_multicast") - before))
sa = [s for s in sp.show("crypto", "ipsec", "sa")["ipsec_sas"]][0]
ok("also at the SA", sa["drops_policy"] >= 20, str(sa))
sp.configure(PROXY + " sallyport multicast permit\n")
ok("a reload permits it", sp.reload(check=False).returncode == 0)
before = count("esp_multicast")
ok("now it is heard", hears() == vip)
ok("and not counted", count("esp_multicast") == before)
sp.configure(PROXY)
ok("another takes it back", sp.reload(check=False).returncode == 0 and hears() == "silence")

# ---- the end ---------------------------------------------------------------------------------------------
ok("clean stop", sp.stop() == 0, sp.tail())
ok("nothing is left in the LAN", proxies() == [], str(proxies()))
done()
