#!/usr/bin/env python3
"""The matrix of IKEv2 with pre-shared keys: strongSwan as client, strongSwan as gateway, Sallyport as both; IPv4
and IPv6 outside; plain, the client behind a NAT, the gateway behind DNAT. In each cell: connect, traffic, new keys
for the child and for the IKE SA by each side and by both at the same moment without a lost ping, a second child
where strongSwan is the client, delete by one of the sides. Cells have hosts of their own and run side by side."""
import itertools
import re
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

from sides import *

AT_ONCE = int(os.environ.get("MATRIX_AT_ONCE", "6"))
INSIDE, SECOND = "10.99.2.2", "10.99.2.130"

CLIENT = """
hostname client
crypto ikev2 keyring KR
 peer GATEWAYS
  address 0.0.0.0 0.0.0.0
  pre-shared-key %(psk)s
 peer GATEWAYS6
  address ::/0
  pre-shared-key %(psk)s
crypto ikev2 profile P
 match identity remote fqdn gw.example.test
 identity local email client1@psk.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec profile IP
 set ikev2-profile P
interface Tunnel1
 ip address negotiated
 tunnel mode ipsec ipv4
 tunnel source dynamic
 tunnel destination %(gateway)s
 tunnel protection ipsec profile IP
"""


class Pinger:
    """A ping every 50 ms for as long as it is not asked what was lost."""

    def __init__(self, host, target, log):
        self.log = log
        self.p = spawn(host.ns, "ping", "-n", "-i", "0.05", "-W", "2", target, log=log)

    def lost(self):
        """Sequence numbers without an answer, those on their way left out; and how many were answered."""
        time.sleep(0.2)
        stop_process(self.p, sig=signal.SIGINT)
        with open(self.log) as f:
            seen = {int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", f.read())}
        return sorted(set(range(1, max(seen, default=1))) - seen), len(seen)


def hosts(tag, between):
    """(client, gateway) on either side of a plain link, a NAT or a DNAT, for both families. The client reaches the
    gateway as 10.99.1.1 and fd00:99:1::1."""
    c, gw = Host("c" + tag), Host("g" + tag)
    for address in (INSIDE, SECOND):
        gw.addr("lo", address + "/32")
    if between == "plain":
        link(c, "eth0", gw, "wan0")
        gw.addr("wan0", "10.99.1.1/24", "fd00:99:1::1/64")
        c.addr("eth0", "10.99.1.11/24", "fd00:99:1::11/64")
        return c, gw
    r = Host("r" + tag)
    link(c, "eth0", r, "c0")
    link(r, "g0", gw, "wan0")
    r.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    if between == "NAT":
        r.addr("c0", "192.168.7.1/24", "fd00:7::1/64")
        r.addr("g0", "10.99.1.101/24", "fd00:99:1::101/64")
        c.addr("eth0", "192.168.7.2/24", "fd00:7::2/64")
        gw.addr("wan0", "10.99.1.1/24", "fd00:99:1::1/64")
        rules = 'chain post { type nat hook postrouting priority 100; oifname "g0" masquerade; }'
    else:
        r.addr("c0", "10.99.1.1/24", "fd00:99:1::1/64")
        r.addr("g0", "172.31.9.1/24", "fd00:31::1/64")
        c.addr("eth0", "10.99.1.11/24", "fd00:99:1::11/64")
        gw.addr("wan0", "172.31.9.2/24", "fd00:31::2/64")
        rules = """
  chain pre { type nat hook prerouting priority -100;
    ip daddr 10.99.1.1 udp dport { 500, 4500 } dnat ip to 172.31.9.2; ip6 daddr fd00:99:1::1 udp dport { 500, 4500 } dnat ip6 to fd00:31::2; }
  chain post { type nat hook postrouting priority 100;
    oifname "c0" ip saddr 172.31.9.2 snat ip to 10.99.1.1; oifname "c0" ip6 saddr fd00:31::2 snat ip6 to fd00:99:1::1; }"""
    nft(r, "table inet nat {\n%s\n}\n" % rules)
    for host, four, six in ((c, "192.168.7.1", "fd00:7::1"), (gw, "172.31.9.1", "fd00:31::1")):
        if (host is c) == (between == "NAT"):
            host.route("default", "via", four)
            host.ip("-6", "route", "add", "default", "via", six)
    return c, gw


class Cell:
    def __init__(self, number, client, gateway, outside, between):
        self.tag = "m%d" % number
        self.name = "%s to %s, %s, %s" % (client, gateway, outside, between)
        self.client, self.gateway, self.outside, self.between = client, gateway, outside, between
        self.results = []
        self.running = []

    def ok(self, name, condition, why=""):
        self.results.append((name, bool(condition), why if condition else "%s\n%s" % (why, "\n".join(p.words() for p in self.running))))
        return condition

    def start(self):
        self.c, gw = hosts(self.tag, self.between)
        to = "10.99.1.1" if self.outside == "IPv4" else "fd00:99:1::1"
        if self.gateway == "Sallyport":
            self.server = Ours(Sallyport(gw, name="g" + self.tag).start())
        else:
            self.server = Theirs(StrongSwanGateway(gw, local_ts="10.99.2.0/25", subnets="10.99.2.0/25").start(), "gw")
        self.running.append(self.server)
        if self.client == "Sallyport":
            self.peer = Ours(Sallyport(self.c, CLIENT % dict(psk=PSK, gateway=to), name="c" + self.tag).start())
        else:
            self.peer = Theirs(StrongSwan(self.c, gateway=to, vips="0.0.0.0", remote_ts="10.99.2.0/25",
                                          more="more { remote_ts = 10.99.2.128/25\n esp_proposals = aes128gcm16-ecp256\n start_action = none }").start(), "psk")
            self.peer.ss.up()
        self.running.append(self.peer)
        self.ours = [p for p in self.running if isinstance(p, Ours)]

    def have(self, children, ikes=1, seconds=15):
        """Each side has that many, no more."""
        return wait_for(seconds, lambda: all(len(k["IKE"]) == ikes and len(k["child"]) == children for k in (p.keys() for p in self.running)))

    def rest(self):
        """Two orders that missed each other are two rekeyings; while one is under way a new child is refused for the moment."""
        def unchanged():
            before = [p.keys() for p in self.running]
            time.sleep(1)
            return self.have(1, seconds=0) and [p.keys() for p in self.running] == before
        wait_for(10, unchanged)

    def rekey(self, what, sides):
        who = {(self.peer,): "the client", (self.server,): "the gateway"}.get(sides, "both at once")
        name = "%s rekeyed by %s" % (what, who)
        before = self.ours[0].keys()
        threads = [threading.Thread(target=p.rekey, args=(what,)) for p in sides]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        ok = wait_for(15, lambda: self.have(1, seconds=0) and not set(before[what]) & set(self.ours[0].keys()[what]))
        self.ok(name, ok, "%s %s" % (before, [p.keys() for p in self.running]))

    def run(self):
        self.start()
        if not self.ok("connects", self.have(1), str([p.keys() for p in self.running])):
            return
        self.ok("traffic", wait_for(5, lambda: self.c.ping(INSIDE, count=1)) and self.c.ping(INSIDE) == 3)
        seen = [self.ours[0].sp.show("crypto", "ikev2", "sa")["ikev2_sas"][0][side] for side in ("nat_local", "nat_remote")]
        if self.between != "plain":
            # Seen from the gateway the NAT is the client's, seen from the client the DNAT is the gateway's.
            mine = (self.between == "DNAT") == (self.ours[0] is self.server)
            self.ok("the NAT is detected", seen[0 if mine else 1], str(seen))
        sessions = [p.sp.sessions()[0]["session"] for p in self.ours]
        pinger = Pinger(self.c, INSIDE, os.path.join(WORK, "ping-" + self.tag))
        began = time.monotonic()
        for sides in ((self.peer,), (self.server,), (self.peer, self.server)):
            self.rekey("child", sides)
            time.sleep(1.1) # an IKE SA that is younger than a second is not rekeyed
            self.rekey("IKE", sides)
        self.rest()
        lost, answered = pinger.lost()
        self.ok("no ping is lost", not lost and answered > (time.monotonic() - began) * 10, "%d answered, lost %s" % (answered, lost))
        self.ok("the sessions are the same", [p.sp.sessions()[0]["session"] for p in self.ours] == sessions)
        if self.client == "strongSwan":
            self.second_child()
        self.end()

    def second_child(self):
        self.ok("the second net has no way yet", self.c.ping(SECOND, count=1) == 0)
        r = self.peer.ss.ctl("--initiate", "--child", "more", "--timeout", "10", check=False)
        self.ok("a second child", r.returncode == 0 and self.have(2), r.stdout)
        self.ok("both carry traffic", self.c.ping(INSIDE) == 3 and self.c.ping(SECOND) == 3)
        self.peer.ss.ctl("--terminate", "--child", "more", "--timeout", "10", check=False)
        self.ok("the second is deleted, the first stays", self.have(1) and self.c.ping(INSIDE) == 3 and self.c.ping(SECOND, count=1) == 0)

    def end(self):
        """Over IPv4 the client ends it, over IPv6 the gateway; our client comes back then, as it should."""
        if self.outside == "IPv4":
            if self.client == "Sallyport":
                self.ok("the client stops", self.peer.sp.stop() == 0)
                self.running.remove(self.peer)
            else:
                self.peer.disconnect()
            self.ok("deleted by the client: nothing is left", self.have(0, 0))
        elif self.client == "Sallyport":
            before = self.peer.keys()
            self.server.disconnect()
            self.ok("deleted by the gateway: the client is back", wait_for(15, lambda: self.have(1, seconds=0) and self.peer.keys()["IKE"] != before["IKE"] and
                                                                         self.c.ping(INSIDE, count=1)))
        else:
            self.server.disconnect()
            self.ok("deleted by the gateway: nothing is left", self.have(0, 0))

    def run_all(self):
        began = time.monotonic()
        try:
            self.run()
        except Exception:
            self.ok("runs", False, traceback.format_exc())
        for p in self.running:
            stop_process((p.sp if isinstance(p, Ours) else p.ss).process)
        self.took = time.monotonic() - began
        return self


PAIRS = (("strongSwan", "Sallyport"), ("Sallyport", "strongSwan"), ("Sallyport", "Sallyport"))
cells = [Cell(n, *pair, outside, between) for n, (pair, outside, between) in
         enumerate(itertools.product(PAIRS, ("IPv4", "IPv6"), ("plain", "NAT", "DNAT")))]
only = sys.argv[1:] and sys.argv[1] # a part of a cell's name
with ThreadPoolExecutor(AT_ONCE) as pool:
    for cell in pool.map(Cell.run_all, [c for c in cells if not only or only in c.name]):
        for name, condition, why in cell.results:
            ok("%s: %s" % (cell.name, name), condition, why)
        print("   %s: %.1f s" % (cell.name, cell.took), flush=True)
done()
