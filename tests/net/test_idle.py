#!/usr/bin/env python3
"""Idle timers: one wait of a little over a minute (60 s is the shortest that can be configured) that several peers
share. A client that sends nothing but signs of life goes, also when the gateway's main was killed meanwhile; one with
traffic stays. A tunnel of ours that went because it was idle comes back with the first packet into it."""
from lib import *

SITE = """
crypto ikev2 keyring SITES
 peer ALL
  identity email domain site.test
  pre-shared-key %s
ip access-list standard BRANCH
 permit 10.88.0.0 0.0.255.255
crypto ikev2 authorization policy SITE
 route set access-list LAN
 route set remote ipv4 10.88.0.0 255.255.0.0
crypto ikev2 profile SITE
 match identity remote email domain site.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local SITES
 aaa authorization group psk list LOCAL SITE
 virtual-template 2
crypto ipsec profile SITE
 set security-association idle-time 86400
interface Virtual-Template2 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile SITE
crypto ipsec security-association idle-time 60
""" % PSK
BRANCH = """
hostname branch
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key %s
crypto ikev2 profile HQ
 match identity remote fqdn gw.example.test
 identity local email branch@site.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 dpd 10 2 periodic
crypto ipsec profile HQ
 set ikev2-profile HQ
 set security-association idle-time 60
interface Tunnel1
 ip address 10.88.0.1 255.255.255.0
 tunnel mode ipsec ipv4
 tunnel source dynamic
 tunnel destination 10.99.1.1
 tunnel protection ipsec profile HQ
ip route 10.99.2.0 255.255.255.0 Tunnel1
""" % PSK

t = Topology()
gw = Sallyport(t.gw, CONF.replace(" virtual-template 1\n", " dpd 10 2 periodic\n virtual-template 1\n") + SITE, name="gw").start()
quiet = StrongSwan(t.nat(1), user="quiet@psk.test", dpd="5s", extra="keep_alive = 3s").start()
busy = StrongSwan(t.client(2), user="busy@psk.test").start()
c = t.client(3)
branch = Sallyport(c, BRANCH, name="branch").start()


def has(user):
    return [s for s in gw.sessions() if s["status"] == "UP-ACTIVE" and user in json.dumps(s["identity"])]


def leases():
    return gw.sql("select * from v_leases")


def client():
    return branch.show("crypto", "session")["down"]


ok("both clients connect", quiet.up() and busy.up(), quiet.last + busy.last)
ok("the branch connects", wait_for(10, lambda: has("branch")) and c.ping("10.99.2.2", source="10.88.0.1") == 3, branch.tail())
used = time.monotonic()
ok("traffic of both", quiet.host.ping("10.99.2.2") == 3 and busy.host.ping("10.99.2.2") == 3)
last = time.monotonic()
pinger = spawn(busy.host.ns, "ping", "-q", "-n", "-i", "15", "10.99.2.2")


def ipsec(user):
    tunnel = [s["remote"] for s in gw.show("crypto", "ikev2", "sa")["ikev2_sas"] if user in json.dumps(s)]
    return [x for x in gw.show("crypto", "ipsec", "sa")["ipsec_sas"] if tunnel and x["peer"] == tunnel[0]]


time.sleep(20)
shown = sorted((x["idle_time_s"], x["idle_ms"] > 15000) for x in gw.show("crypto", "ipsec", "sa")["ipsec_sas"])
ok("show says how long ago", shown == [(60, False), (60, True), (86400, True)], str(shown))
text = gw.command("show", "crypto", "ipsec", "sa").stdout
ok("in words, too", text.count("idle time: 60 s, without data for") == 4 and text.count("idle time: 86400 s") == 2, text)
gw.kill_main()
ok("a new main", wait_for(10, gw.answers), gw.tail())

ok("still there after 55 s", wait_for(max(0, last + 55 - time.monotonic()) + 0.2, lambda: time.monotonic() > last + 55) and has("quiet"), gw.tail())
ok("the quiet one goes", wait_for(10, lambda: not has("quiet")), gw.tail())
took = time.monotonic() - last
print("# %.1f s after its last data" % took)
ok("not early, not late", 58.5 < took < 64, "%.1f s" % took)
ok("was told", wait_for(3, lambda: "ESTABLISHED" not in quiet.sas()), quiet.sas())
dpd = quiet.log_text().count("INFORMATIONAL request")
ok("although it gave signs of life", dpd > 5, str(dpd))
why = "select identity, end_reason from v_history where end_reason is not null"
ok("history says why", wait_for(5, lambda: ("quiet@psk.test", "idle") in gw.sql(why)), str(gw.sql(why)))
ok("the address is free", wait_for(3, lambda: [r for r in leases() if "quiet" in str(r)] and all(not r[-1] for r in leases() if "quiet" in str(r))), str(leases()))
ok("the busy one stays", bool(has("busy")) and busy.host.ping("10.99.2.2") == 3, busy.sas())
ok("the branch went by itself", wait_for(6, lambda: [x["state"] for x in client()] == ["IDLE"]), str(client()))
ok("and says why", "idle" in client()[0]["reason"], str(client()))
ok("its history, too", wait_for(5, lambda: ("idle",) in branch.sql("select end_reason from v_history")), branch.tail())
ok("the gateway was told", not has("branch") and wait_for(5, lambda: ("branch@site.test", "peer_delete") in gw.sql(why)), str(gw.sql(why)))
time.sleep(3)
ok("it rests", [x["state"] for x in client()] == ["IDLE"], str(client()))
ok("a packet brings it back", c.ping("10.99.2.2", count=10, source="10.88.0.1") >= 7, branch.tail())
ok("it is up", bool(has("branch")) and client() == [], str(client()))
stop_process(pinger)
for sp in (branch, gw):
    ok("clean stop", sp.stop() == 0, sp.tail())
done()
