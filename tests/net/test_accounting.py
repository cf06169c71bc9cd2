#!/usr/bin/env python3
# long: 80
"""Accounting with a real FreeRADIUS: Start, Interim and Stop of a strongSwan client with what RFC 2866 and the guides say, traffic counted as it was sent,
a server that is away for a while, main killed, the headend stopped and begun anew, the machine's memory lost: each record arrives once, and no
session is left without an end."""
import signal

import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from swan_lib import Swan, psk_connection

CONF = """
hostname gw
aaa new-model
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key radius-secret
 timeout 1
 retransmit 1
aaa group server radius RAD
 server name R1
aaa accounting network ACCT start-stop group RAD
aaa accounting update periodic 1
aaa authorization network LOCAL local
ip local pool RA 10.100.0.10 10.100.3.250
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
crypto ikev2 profile RA
 match identity remote email domain acct.test
 identity local fqdn gw.example.test
 authentication remote pre-share key secret
 authentication local pre-share key secret
 aaa authorization group psk list LOCAL RA
 aaa accounting psk ACCT
 dpd 2 1 periodic
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
OTHERS = """radius server GONE
 address ipv4 10.99.2.9 auth-port 1812 acct-port 1813
 key radius-secret
 timeout 1
 retransmit 0
aaa group server radius GONE
 server name GONE
aaa accounting network BOTH start-stop broadcast group GONE group RAD
aaa accounting network EITHER start-stop group GONE group RAD
"""
t = Topology()
root = pki_lib.Authority("Test Root", kind="p256")
server = root.leaf("radius", kind="p256", san=["dns:radius.test"], eku=["server"])
radius = FreeRadius(t.lan, {}, server, root, address="10.99.2.2", clients="10.99.2.0/24").start()
sp = Sallyport(t.gw, CONF).start()
swans = {n: Swan(t.client(k), psk_connection(n, "acct.test"), "ike-1 { id-1 = %s@acct.test\n secret = secret }" % n, retransmits=3, timeout="1.0").start()
         for k, n in enumerate(("anna", "bert"), 1)}


def up(n):
    return swans[n].ctl("--initiate", "--ike", n, "--child", "net", "--timeout", 12, check=False).returncode == 0


def records(n=None, kind=None):
    return [r for r in radius.records() if (n is None or r.get("User-Name") == [n + "@acct.test"]) and
            (kind is None or r["Acct-Status-Type"] == [kind])]


def delivered():
    return wait_for(15, lambda: sp.sql("select count(*) from v_accounting") == [(0,)])


def pairs(r):
    return dict(p.split("=", 1) for p in r.get("Cisco-AVPair", []))


ok("the headend says that it begins", wait_for(8, lambda: records(kind="Accounting-On")), sp.tail(5) + radius.log_text()[-500:])

# ---- a session -----------------------------------------------------------------------------------------
ok("anna connects", up("anna"), sp.tail(4))
session = sp.sql("select ulid, ip4 from v_active")[0]
ok("Start", wait_for(5, lambda: len(records("anna", "Start")) == 1), str(radius.records()))
start = records("anna", "Start")[0]
ok("... which session, whose, from where", start["Acct-Session-Id"] == [session[0]] and start["Framed-IP-Address"] == [session[1]] and
   start["Calling-Station-Id"] == ["10.99.1.11"] and start["Called-Station-Id"] == ["10.99.1.1"] and start["NAS-Identifier"] == ["gw"] and
   start["NAS-IP-Address"] == ["10.99.2.1"] and start["NAS-Port-Type"] == ["Virtual"] and start["Acct-Authentic"] == ["Local"], str(start))
shown = sp.sessions()[0]["interface"]
ok("... by which port, as it is shown", start["NAS-Port-Id"] == [shown] and shown == "Virtual-Access" + start["NAS-Port"][0], str(start) + shown)
ok("... Cisco's pairs", pairs(start)["audit-session-id"] == session[0] and pairs(start)["isakmp-phase1-id"] == "anna@acct.test" and
   pairs(start)["isakmp-initiator-ip"] == "10.99.1.11" and "connect-progress" in pairs(start), str(start))
ok("... and when", start["Event-Timestamp"][0].startswith(time.strftime("%b %d %Y", time.gmtime())) and
   "Acct-Delay-Time" in start, str(start))
shown = sp.show("aaa", "sessions")
ok("show aaa sessions", shown["total"] == 1 and shown["sessions"][0]["session_id"] == session[0] and shown["delivered"] >= 1, str(shown))
user = sp.show("aaa", "user", "anna@acct.test")["users"]
ok("show aaa user", len(user) == 1 and user[0]["start_sent"] and user[0]["groups"] == "RAD" and
   "audit-session-id = " + session[0] in sp.command("show", "aaa", "user", "all").stdout, str(user))
began = time.monotonic()
ok("pings", swans["anna"].host.ping("10.99.2.2", count=10, size=1000) == 10)

# ---- a server that is away, and another main ---------------------------------------------------------------
radius.stop()
ok("bert connects while the server is away", up("bert"), sp.tail(4))
ok("... and goes", swans["bert"].down("bert"))
ok("bert comes again", up("bert"))
sp.kill_main()
ok("a new main answers", wait_for(10, sp.answers))
ok("both are still there", len(sp.sessions()) == 2 and swans["bert"].host.ping("10.99.2.2", count=1) == 1)
waiting = sp.sql("select count(*) from v_accounting")[0][0]
ok("records wait in the spool", waiting >= 3, str(waiting))
time.sleep(2) # so that lateness can be told from haste
radius.start()
ok("the server is back: all are delivered", delivered(), str(sp.sql("select count(*) from v_accounting")))
kinds = {}
for r in records("bert"):
    kinds.setdefault(r["Acct-Session-Id"][0], []).append(r["Acct-Status-Type"][0])
ok("... once each, in the order of each session", sorted(kinds.values()) == [["Start"], ["Start", "Stop"]], str(kinds))
late = records("bert", "Start")[0]
away = int(late["Timestamp"][0]) - time.mktime(time.strptime(late["Event-Timestamp"][0][:20], "%b %d %Y %H:%M:%S")) + time.timezone
ok("... and say how late they are", int(late["Acct-Delay-Time"][0]) >= 2 and abs(int(late["Acct-Delay-Time"][0]) - away) <= 1, str(late))

# ---- interim ---------------------------------------------------------------------------------------------
ok("Interim", wait_for(75 - (time.monotonic() - began), lambda: records("anna", "Interim-Update")), str(records("anna")))
interim = records("anna", "Interim-Update")[0]
ok("... of the same port", all(interim[n] == start[n] for n in ("NAS-Port", "NAS-Port-Id", "NAS-Port-Type")), str(interim))
ok("... with its traffic", int(interim["Acct-Input-Octets"][0]) == 10 * 1028 == int(interim["Acct-Output-Octets"][0]) and
   interim["Acct-Input-Packets"] == ["10"] and 55 <= int(interim["Acct-Session-Time"][0]) <= 75, str(interim))

# ---- Stop ------------------------------------------------------------------------------------------------
swans["anna"].host.ping("10.99.2.2", count=5, size=500)
ok("anna leaves", swans["anna"].down("anna"))
ok("Stop", wait_for(5, lambda: len(records("anna", "Stop")) == 1))
stop = records("anna", "Stop")[0]
ok("... with its traffic", int(stop["Acct-Input-Octets"][0]) == 10 * 1028 + 5 * 528 == int(stop["Acct-Output-Octets"][0]) and
   stop["Acct-Input-Packets"] == ["15"] == stop["Acct-Output-Packets"], str(stop))
ok("... why", stop["Acct-Terminate-Cause"] == ["User-Request"] and pairs(stop)["disc-cause-ext"] == "peer_delete", str(stop))
ok("... of the same session", stop["Acct-Session-Id"] == start["Acct-Session-Id"] and
   pairs(stop)["audit-session-id"] == pairs(start)["audit-session-id"])
ok("a client that vanishes", up("anna"))
swans["anna"].stop(signal.SIGKILL)
ok("... has a Stop, too", wait_for(25, lambda: len(records("anna", "Stop")) == 2), sp.tail(4))
ok("... for its carrier", records("anna", "Stop")[1]["Acct-Terminate-Cause"] == ["Lost-Carrier"], str(records("anna", "Stop")[1]))

# ---- the memory of the machine is lost -----------------------------------------------------------------------
# What was delivered and is not noted yet would come twice.
ok("nothing waits", delivered())
ok("main goes with the holder", sp.crash())
sp.start()
ok("who was lost gets a Stop", wait_for(10, lambda: len(records("bert", "Stop")) == 2), str([r["Acct-Status-Type"] for r in records("bert")]))
ok("... by the reboot", records("bert", "Stop")[1]["Acct-Terminate-Cause"] == ["NAS-Reboot"], str(records("bert", "Stop")[1]))
ok("and the headend begins again", wait_for(5, lambda: len(records(kind="Accounting-On")) == 2))

# ---- two groups ---------------------------------------------------------------------------------------------
for name, waits in (("EITHER", 0), ("BOTH", 2)):
    swans["bert"].stop(signal.SIGKILL)
    swans["bert"].start()
    sp.configure(CONF.replace("aaa accounting psk ACCT", "aaa accounting psk " + name).replace("aaa authorization", OTHERS + "aaa authorization", 1))
    sp.reload()
    before = len(records("bert"))
    ok("%s: bert comes and goes" % name, up("bert") and swans["bert"].down("bert"), sp.tail(4))
    ok("... the group that answers is told, whatever the other does", wait_for(12, lambda: [
        r["Acct-Status-Type"][0] for r in records("bert")[before:]] == ["Start", "Stop"]), str(records("bert")[before:]))
    ok("... and records of the other wait", wait_for(5, lambda: sp.sql("select count(*) from v_accounting") == [(waits,)]),
       str(sp.sql("select * from v_accounting")))
sp.configure(CONF)
sp.reload()

# ---- the end ------------------------------------------------------------------------------------------------
swans["bert"].stop(signal.SIGKILL)
swans["bert"].start()
ok("bert once more", up("bert"), sp.tail(4))
ok("clean stop", sp.stop() == 0, sp.tail())
ok("stopped: a Stop for who was there", wait_for(3, lambda: len(records("bert", "Stop")) == 5), str(records("bert")[-1]))
ok("... by the operator", records("bert", "Stop")[4]["Acct-Terminate-Cause"] == ["Admin-Reboot"], str(records("bert", "Stop")[4]))
ok("and Off", wait_for(3, lambda: records(kind="Accounting-Off")))
ok("each session of the history has Start and Stop once", sorted(r["Acct-Session-Id"][0] for r in records(kind="Start")) ==
   sorted(r["Acct-Session-Id"][0] for r in records(kind="Stop")) == sorted(u for (u,) in sp.sql("select ulid from v_history")))
for s in swans.values():
    s.stop()
radius.stop()
done()
