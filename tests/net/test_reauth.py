#!/usr/bin/env python3
"""Authentication again (RFC 4478): between two of us and with strongSwan in each role, make before break
and break before make. The inner address stays, and where there is something before the break, no ping
is lost."""
import re
from lib import *

PROFILE = """
crypto ikev2 keyring KR
 peer %(name)s
  identity email domain %(name)s.test
  pre-shared-key %(psk)s
crypto ikev2 profile %(name)s
 match identity remote email domain %(name)s.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL RA
 virtual-template 1
 sallyport reauthentication %(seconds)d
"""
BRANCH = """
hostname branch
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key %(psk)s
crypto ikev2 profile HUB
 match identity remote fqdn gw.example.test
 identity local email me@branch.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 %(more)s
crypto ipsec profile HUB
 set ikev2-profile HUB
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination %(peer)s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
ip route 10.99.2.0 255.255.255.0 Tunnel1
"""


class Pinger:
    """A ping through the tunnel every 20 ms; how many were lost."""

    def __init__(self, host, seconds):
        self.count = int(seconds * 50)
        self.p = subprocess.Popen(["ip", "netns", "exec", host.ns, "ping", "-q", "-n", "-c", str(self.count), "-i", "0.02",
                                   "-W", "2", "10.99.2.2"], stdout=subprocess.PIPE, text=True)

    def lost(self):
        out = self.p.communicate(timeout=90)[0]
        m = re.search(r"(\d+) packets transmitted, (\d+) received", out)
        return int(m.group(1)) - int(m.group(2)) if m else self.count


def address(host):
    m = re.search(r"inet (10\.100\.[0-9.]+)", host.ip("-4", "addr", "show", "dev", "sp-tu1").stdout)
    return m.group(1) if m else None


def ended(sp, identity):
    return [r[0] for r in sp.sql("SELECT end_reason FROM v_history WHERE identity = '%s'" % identity)]


def counted(sp):
    return sp.counters()["counters"]["ike_reauthentications"]


def profile(name, seconds):
    return PROFILE % dict(name=name, seconds=seconds, psk=PSK)


top = Topology()
gw2 = Host("gw2")
top.wan.join(gw2, "wan0", "10.99.1.2/24")
gw2.addr("lo", "10.99.2.2/32")
gw = Sallyport(top.gw, CONF + profile("branch", 10) + profile("told", 3600), name="gw").start()
charon = StrongSwanGateway(gw2).start()
c1, c2, c3, c4, c5 = [top.client(n) for n in range(1, 6)]
branch = Sallyport(c2, BRANCH % dict(psk=PSK, peer="10.99.1.1", more=""), name="branch").start()
other = Sallyport(c5, BRANCH % dict(psk=PSK, peer="10.99.1.2", more="sallyport reauthentication 10"), name="other").start()
NET = dict(vips="0.0.0.0", remote_ts="10.99.2.0/24")
mbb = StrongSwan(c1, extra="make_before_break = yes", **NET).start()
bbm = StrongSwan(c3, user="client3@psk.test", **NET).start()
told = StrongSwan(c4, user="me@told.test", extra="make_before_break = yes", over="3597s", **NET).start()

ok("our client connects to our gateway", wait_for(10, lambda: address(c2)), branch.tail())
ok("our client connects to strongSwan", wait_for(10, lambda: address(c5)), other.tail())
ours, theirs = address(c2), address(c5)
ping, ping_other = Pinger(c2, 19), Pinger(c5, 12)

# ---- strongSwan begins, at our gateway ------------------------------------------------------------------
ok("strongSwan, make before break: connects", mbb.up(), mbb.last)
before = mbb.addresses()
ping_mbb = Pinger(c1, 3)
time.sleep(0.3)
mbb.ctl("--rekey", "--ike", "psk", "--reauth", check=False)
ok("strongSwan, break before make: connects", bbm.up(), bbm.last)
bbm_before = bbm.addresses()
bbm.ctl("--rekey", "--ike", "psk", "--reauth", check=False)
ok("strongSwan, break before make: the same address",
   wait_for(8, lambda: bbm.addresses() == bbm_before and ended(gw, "client3@psk.test") == ["peer_delete"]), bbm.sas())
ok("strongSwan, break before make: traffic", wait_for(5, lambda: c3.ping("10.99.2.2", count=1) == 1))
lost = ping_mbb.lost()
ok("strongSwan, make before break: no ping is lost", lost == 0, "%d lost\n%s" % (lost, gw.tail()))
ok("strongSwan, make before break: it was one", ended(gw, "client1@psk.test") == ["reauthenticated"] and
   mbb.sas().count("ESTABLISHED") == 1, "%s %s" % (ended(gw, "client1@psk.test"), mbb.sas()))
ok("strongSwan, make before break: the same address", mbb.addresses() == before, "%s %s" % (before, mbb.addresses()))

# strongSwan keeps its over_time free of what it is told: here it begins after 3 s.
ok("told by AUTH_LIFETIME: strongSwan connects", told.up(), told.last)
lost = Pinger(c4, 4).lost()
ok("told by AUTH_LIFETIME: strongSwan believes it", "AUTH_LIFETIME of 3600s" in told.log_text() and
   "reauthenticated" in ended(gw, "me@told.test"), told.log_text()[-1500:])
ok("told by AUTH_LIFETIME: no ping is lost", lost == 0, "%d lost" % lost)
told.stop()

# ---- we begin -----------------------------------------------------------------------------------------
lost = ping_other.lost()
ok("we at strongSwan: no ping is lost", lost == 0, "%d lost\n%s\n%s" % (lost, other.tail(), charon.log_text()[-2000:]))
ok("we at strongSwan: it was done", counted(other) >= 1, other.tail())
ok("we at strongSwan: the same address", address(c5) == theirs, "%s %s" % (theirs, address(c5)))
branch.kill_main() # the record knows when it is due
lost = ping.lost()
ok("we at our gateway, two times, and main died: that costs what a death costs", lost < 25, "%d lost\n%s" % (lost, branch.tail()))
ok("we at our gateway: both count it", counted(gw) >= 2 and counted(branch) >= 1, "%d %d" % (counted(gw), counted(branch)))
ok("we at our gateway: the same address", address(c2) == ours and
   {r[0] for r in gw.sql("SELECT ip4 FROM v_history WHERE identity = 'me@branch.test'")} == {ours}, address(c2))
ok("we at our gateway: the history says why", set(ended(gw, "me@branch.test")) == {"reauthenticated"}, str(ended(gw, "me@branch.test")))
LEFT = "SELECT count(*) FROM %s WHERE identity = 'me@branch.test'"
ok("one session and one lease are left", wait_for(8, lambda: gw.sql(LEFT % "v_active")[0][0] == 1) and
   gw.sql(LEFT % "v_leases" + " AND held")[0][0] == 1)
done()
