#!/usr/bin/env python3
# long: 140 s
"""Sessions that wait for their client, and a client that comes back to its own (docs/reconnect.md): from another address and port, after the
path was cut, while the old SA still lives, after main's death, after a stop and after the loss of all memory. Wrong tokens, ended sessions, and
who did not ask for a token."""
import os
import signal
import struct
import time

import pki_lib
from lib import *
from peer_lib import socket_in

from ike_auth import Cert  # noqa: E402
from ike_initiator import Initiator, Refused, Silent  # noqa: E402
from ike_wire import *  # noqa: E402
from reconnect import Kept  # noqa: E402

GW, TARGET = "10.99.1.1", "10.99.2.2"
CONFIG = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
ip local pool RA 10.100.0.10 10.100.0.40
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
sallyport dpd retries 2
crypto ikev2 profile RA
 match identity remote email domain corp.test
 identity local fqdn gw.example.test
 authentication remote ecdsa-sig
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authorization group cert list LOCAL RA
 dpd 2 1 periodic
 %(reconnect)s
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
aaa server radius dynamic-author
 client 127.0.0.1 server-key key
"""

t = Topology()
ca = pki_lib.Authority("Test Root")
gw = ca.leaf("gw", san=["dns:gw.example.test"])
here, there = t.client(1), t.client(2)
CONF_NOW = dict(ca=ca.cert_file, cert=gw.chain_file, key=gw.key_file)
sp = Sallyport(t.gw, CONFIG % dict(CONF_NOW, reconnect="reconnect timeout 60")).start()
leaves = {}


def login(name, host=here, token=True, **more):
    if name not in leaves:
        leaves[name] = ca.leaf(name, san=["email:%s@corp.test" % name])
    return Initiator(socket_in(host), GW, "%s@corp.test" % name, [Cert(leaves[name])], trust=[ca.der], remote_id="gw.example.test",
                     cp=("address", "session-token") if token else ("address",), **more).login()


def waiting():
    return {s["username"].split("@")[0]: s for s in sp.show("crypto", "session")["waiting"]}


def up():
    return {s["username"].split("@")[0]: s for s in sp.sessions()}


def row(name, columns):
    found = sp.sql("select %s from sessions where identity = '%s@corp.test' order by started_ms desc limit 1" % (columns, name))
    return found[0] if found else None


def refused(attempt):
    """The notifies of the refusal; None: it was none."""
    try:
        attempt()
        return None
    except Refused as e:
        return e.kinds


def waits(name, seconds=15):
    return wait_for(seconds, lambda: name in waiting())


def stats():
    s = sp.show("crypto", "ikev2", "stats", "reconnect")
    return tuple(s[k] for k in ("reconnects_in", "reconnects", "reconnects_refused", "sessions_with_token", "sessions_waiting"))


# ---- who gets what -----------------------------------------------------------------------------------
anna = login("anna")
kept = Kept(anna)
ok("a token of 32 octets for who asks", len(kept.token) == 32 and kept.seconds == 60, str(anna.attributes))
ok("the ID is no secret and is of the session", up()["anna"]["session"].encode() in kept.session_id, str(kept.session_id))
ok("traffic", anna.ping(TARGET))
bert = login("bert", token=False)
ok("nothing for who does not ask", not bert.values("session-id") and not bert.values("session-token"), str(bert.attributes))
cleo = login("cleo")
cleo_kept = Kept(cleo)
ok("two that could come back", wait_for(3, lambda: stats() == (0, 0, 0, 2, 0)), str(stats()))
ulid, address = up()["anna"]["session"], anna.address
ok("traffic of all", bert.ping(TARGET) and cleo.ping(TARGET))

# ---- the path is cut ----------------------------------------------------------------------------------
nft(t.gw, """
table inet cut {
  chain in { type filter hook prerouting priority -300; ip saddr 10.99.1.11 udp dport { 500, 4500 } drop; }
}""")
ok("the sessions wait", waits("anna") and waits("cleo"), sp.tail(4))
started = time.monotonic()
w = waiting().get("anna", {})
ok("shown with their state", w.get("session") == ulid and w["status"] == "WAITING" and w["assigned_ip4"] == address and w["left_ms"] > 40000
   and w["inactive_ms"] < 15000, str(w))
ok("in words", "Session status: WAITING" in sp.command("show", "crypto", "session", "inactive").stdout)
ok("the filter leaves out those that are up", sp.show("crypto", "session", "inactive")["sessions"] == [])
ok("no SA is left", sp.show("crypto", "ikev2", "sa")["ikev2_sas"] == [], str(sp.show("crypto", "ikev2", "sa")))
ok("who has no token ended", wait_for(5, lambda: row("bert", "end_reason") == ("dpd",)), str(row("bert", "end_reason")))
ok("SQL says who waits", wait_for(3, lambda: sp.sql("select state, waiting_ms > 0, ip4 from v_active where ulid = '%s'" % ulid) == [("waiting", 1, address)]),
   str(sp.sql("select state, waiting_ms from v_active")))
ok("its lease is held", sp.sql("select count(*) from leases where released_ms is null and address = '%s'" % address) == [(1,)])
ok("its packets are counted", w["packets_in"] >= 1 and row("anna", "packets_in")[0] == w["packets_in"], "%s %s" % (w["packets_in"], row("anna", "packets_in")))
packets = w["packets_in"]
ok("gauges", wait_for(3, lambda: stats() == (0, 0, 0, 0, 2)), str(stats()))
ok("SNMP, metrics and show have one number", sp.counters()["sessions_waiting"] == 2)

# ---- wrong tokens ------------------------------------------------------------------------------------
bad = refused(lambda: kept.come_back(socket_in(there), token=bytes(32)))
ok("a wrong token is refused", bad == {AUTHENTICATION_FAILED}, str(bad))
gone = kept.session_id[:-4] + b"0000"
over = refused(lambda: kept.come_back(socket_in(there), session_id=gone))
ok("so is a session that never was, in the same way", over == bad, str(over))
form = refused(lambda: kept.come_back(socket_in(there), session_id=kept.session_id + b"0"))
ok("and a session ID that is none", form == bad, str(form))
proof = refused(lambda: Initiator(socket_in(there), GW, struct.pack("!BBBB", KEY_ID, 0, 0, 0) + kept.session_id, [Cert(leaves["anna"])], trust=[ca.der],
                                  remote_id="gw.example.test").login())
ok("and the right ID with a certificate", proof == bad, str(proof))
ok("counted", wait_for(3, lambda: stats() == (4, 0, 4, 0, 2)), str(stats()))
status = sp.counters()["status"]
ok("by name", status["reconnect_bad_token"] == 3 and status["reconnect_expired"] == 1, str({k: v for k, v in status.items() if "reconnect" in k}))
ok("both still wait", set(waiting()) == {"anna", "cleo"})

# ---- back, from another address -------------------------------------------------------------------------
again = kept.come_back(socket_in(there))
ok("the same address", again.address == address, str(again.address))
ok("the same session", up().get("anna", {}).get("session") == ulid, str(up()))
ok("traffic again", again.ping(TARGET))
ok("no certificate was needed", not again.certs_seen and [x[1] for x in again.trace if x[0] == "->"].count(IKE_AUTH) == 1, str(again.trace))
ok("the remote end is the new one", "10.99.1.12" in str(up()["anna"]["peer"]), str(up()["anna"]["peer"]))
ok("in SQL, too", row("anna", "remote")[0].startswith("10.99.1.12") and row("anna", "waiting_ms, resumes, ended_ms") == (None, 1, None),
   str(row("anna", "remote, waiting_ms, resumes, ended_ms")))
ok("counters go on", up()["anna"]["packets_in"] == packets + 1, "%s %s" % (packets, up()["anna"]["packets_in"]))
ok("in SQL, too", wait_for(8, lambda: sp.counters() and row("anna", "packets_in") == (packets + 1,)), str(row("anna", "packets_in")))
ok("shown as who it is", sp.show("crypto", "ikev2", "sa")["ikev2_sas"][0]["remote_id"] == "anna@corp.test")
ok("success is counted", wait_for(3, lambda: stats() == (5, 1, 4, 1, 1)), str(stats()))

# ---- the client notices first ------------------------------------------------------------------------
newer = kept.come_back(socket_in(there))
ok("the old SA gives way", newer.address == address and newer.ping(TARGET) and len(sp.show("crypto", "ikev2", "sa")["ikev2_sas"]) == 1)
ok("without a word", again.listen(1) == [], str(again.trace[-3:]))
ok("and the session is the same", up()["anna"]["session"] == ulid and row("anna", "resumes") == (2,), str(row("anna", "resumes")))
ok("one way of SAs, one way of packets", not again.ping(TARGET, tries=1))

# ---- main dies while one waits ------------------------------------------------------------------------
ok("it waits again", waits("anna"), sp.tail(3))
old = sp.kill_main()
ok("a new main comes", wait_for(15, lambda: sp.main_pid() not in (0, old) and sp.answers()), sp.tail(5))
ok("with those that wait", set(waiting()) >= {"anna"} and waiting()["anna"]["packets_in"] == packets + 2, str(waiting()))
taken = {s["index"] for s in waiting().values()}
third = kept.come_back(socket_in(there))
ok("it comes back to the new main", third.address == address and third.ping(TARGET) and up()["anna"]["session"] == ulid)
number = sp.show("crypto", "ikev2", "sa")["ikev2_sas"][0]["tunnel_id"]
ok("... with an SA whose number was nobody's", taken and number > max(taken), "%s %s" % (number, taken))

# ---- time is over -------------------------------------------------------------------------------------
ok("who does not come ends in time", wait_for(75 - (time.monotonic() - started), lambda: (row("cleo", "end_reason") == ("not_resumed",))),
   str(row("cleo", "end_reason, waiting_ms, ended_ms")))
ok("not before", time.monotonic() - started > 55, str(time.monotonic() - started))
late = refused(lambda: cleo_kept.come_back(socket_in(there)))
ok("its token is over", late == bad, str(late))
ok("its lease is free", sp.sql("select count(*) from leases where released_ms is null and address = '%s'" % cleo.address) == [(0,)])
ok("nothing of it is kept", row("cleo", "record") == (None,))
cleo = login("cleo", there)
ok("it logs in anew", cleo.ping(TARGET))

# ---- a stop, and the loss of all memory ------------------------------------------------------------------
third = kept.come_back(socket_in(there))
ok("up before the stop", third.ping(TARGET))
ok("clean stop", sp.stop() == 0, sp.tail())
ok("the database says that it waits", row("anna", "ended_ms, waiting_ms > 0") == (None, 1), str(row("anna", "ended_ms, waiting_ms")))
with open(os.path.join(sp.state, "sallyport.db"), "rb") as f:
    ok("without its token", kept.token not in f.read())
sp.start()
ok("it waits after the start", waiting().get("anna", {}).get("assigned_ip4") == address, str(waiting()) + sp.tail(5))
ok("its address is its own", login("dora", there).address != address)
fourth = kept.come_back(socket_in(there))
ok("it comes back", fourth.address == address and fourth.ping(TARGET) and up()["anna"]["session"] == ulid, str(fourth.address))
sp.crash()
sp.start()
ok("it waits after a crash of everything", waiting().get("anna", {}).get("session") == ulid, str(waiting()) + sp.tail(5))
ok("its counters are there", waiting()["anna"]["packets_in"] >= packets + 3, str(waiting()["anna"]))
fifth = kept.come_back(socket_in(there))
ok("it comes back from that", fifth.address == address and fifth.ping(TARGET), str(fifth.address))

# ---- the end ------------------------------------------------------------------------------------------
ok("a logout is one", fifth.logout() == [] and wait_for(3, lambda: row("anna", "end_reason") == ("peer_delete",)), str(row("anna", "end_reason")))
ok("nobody comes back to that", refused(lambda: kept.come_back(socket_in(there))) == bad)
wait_for(15, lambda: not up())
emil = login("emil", there)
emil_kept = Kept(emil)
ok("another waits", waits("emil"), sp.tail(3))
before = emil.address
emil = login("emil", there, auth_notifies=[notify(INITIAL_CONTACT)])
ok("INITIAL_CONTACT of a login ends it, and its address is free for it", "emil" not in waiting() and emil.address == before
   and Kept(emil).session_id != emil_kept.session_id, "%s %s %s" % (waiting(), before, emil.address))
emil_kept = Kept(emil)
ok("it waits", waits("emil"), sp.tail(3))
cleared = sp.command("clear", "crypto", "session", "username", "emil@corp.test").stdout
ok("an operator ends it by name", "1 waiting session ended" in cleared and "emil" not in waiting(), cleared)
ok("so it is stored", wait_for(3, lambda: row("emil", "end_reason") == ("admin_clear",)), str(row("emil", "end_reason")))
hal = Kept(login("hal", there))
ok("one more waits", waits("hal"), sp.tail(3))
for kind, more, code in (("coa", "Session-Timeout = 7200", "CoA-ACK"), ("disconnect", "", "Disconnect-ACK")):
    request = os.path.join(WORK, "request")
    with open(request, "w") as f:
        f.write('User-Name = "hal@corp.test"\n' + more + "\n")
    r = t.gw.run("radclient", "-x", "-f", request, "127.0.0.1:3799", kind, "key", check=False)
    ok("RADIUS finds it: %s" % kind, code in r.stdout, r.stdout)
ok("and ends it", "hal" not in waiting() and wait_for(3, lambda: row("hal", "end_reason") == ("disconnect_request",)), str(row("hal", "end_reason")))
ok("nobody comes back to that either", refused(lambda: hal.come_back(socket_in(there))) == bad)
fay = Kept(login("fay", there))
login("gus", there)
ok("both", wait_for(3, lambda: set(up()) >= {"fay", "gus"}))
cleared = sp.command("clear", "crypto", "ikev2", "sa", "reconnect").stdout
ok("all with a token are ended", wait_for(3, lambda: not up() and not waiting()), cleared + str(up()))
ok("nobody comes back to that", refused(lambda: fay.come_back(socket_in(there))) == bad)
before = stats()
time.sleep(0.2)
sp.command("clear", "crypto", "ikev2", "stats", "reconnect")
hal = Kept(login("hal", there))
ok("what is counted begins anew, the sessions are there", before[0] > 0 and wait_for(3, lambda: stats() == (0, 0, 0, 1, 0)), "%s %s" % (before, stats()))
text = sp.command("show", "crypto", "ikev2", "stats", "reconnect").stdout.splitlines()
ok("five lines", [x.split(":")[0].strip() for x in text] == ["Total incoming reconnect connection", "Success reconnect connection",
   "Failed reconnect connection", "Reconnect capable active session count", "Reconnect capable inactive session count"], str(text))

# ---- other clocks -------------------------------------------------------------------------------------
os.makedirs(os.path.join(sp.dir, "lua"), exist_ok=True)
with open(os.path.join(sp.dir, "lua", "clocks.lua"), "w") as f:
    f.write("""function authorize(s)
  if s.name:find("ivy") then return {idle_timeout = 5} end
  if s.name:find("jon") then return {session_lifetime = 9} end
end
""")
sp.configure(CONFIG % dict(CONF_NOW, reconnect="reconnect timeout 60") + "sallyport script clocks\n")
ok("a script sets other clocks", sp.reload(check=False).returncode == 0 and wait_for(10, lambda: sp.show("lua")["state"] == "ready"), sp.tail(3))
t.gw.run("nft", "delete", "table", "inet", "cut")
ivy, jon = login("ivy"), login("jon", there)
jon_kept, begun = Kept(jon), time.monotonic()
ok("a client may wait no longer than its session lives", jon_kept.seconds <= 9, str(jon_kept.seconds))
ivy.ping(TARGET)
ivy.listen(4)
ok("not idle yet", "ivy" in up(), str(up()))
ok("one waits meanwhile", wait_for(4, lambda: "jon" in waiting()), str(waiting()))
ivy.listen(3)
ok("without data it ends, and does not wait", wait_for(3, lambda: row("ivy", "end_reason") == ("idle",)) and "ivy" not in waiting(), str(row("ivy", "end_reason")))
ok("a lifetime ends who waits, too", wait_for(6, lambda: row("jon", "end_reason") == ("session_timeout",)) and time.monotonic() - begun > 8, str(row("jon", "end_reason")))
ok("and its token", refused(lambda: jon_kept.come_back(socket_in(there))) == bad)
hal = Kept(login("hal", there))
sp.configure(CONFIG % dict(CONF_NOW, reconnect=""))
ok("a configuration without it", sp.reload(check=False).returncode == 0, sp.tail(3))
ok("lets nobody come back", refused(lambda: hal.come_back(socket_in(there))) == bad)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
