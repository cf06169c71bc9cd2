#!/usr/bin/env python3
# alone: measures turns of the loop
"""The SNMP subagent with real programs: snmpd in front of it, snmpget, snmpwalk, snmptrapd, smilint.
Sessions come and go, masters and mains die, one master never says a word."""
import re
import socket
from snmp_lib import *

NO_SNMP = CONF.replace("10.100.0.10 10.100.3.250", "10.100.0.10 10.100.0.10")


def with_snmp(path, *more):
    return NO_SNMP + "sallyport snmp agentx %s\n" % path + "".join("sallyport snmp notifications %s\n" % m for m in more)


def camel(token):
    return "sp" + "".join(p.capitalize() for p in token.split("_"))


# ---- the MIB ------------------------------------------------------------------------------------
smi = os.path.join(WORK, "smi.conf")
with open(smi, "w") as f:
    f.write("path %s\n" % STANDINS)
mib_file = os.path.join(MIBS, "SALLYPORT-MIB.txt")
r = run("smilint", "-c", smi, "-l", "6", mib_file, check=False)
ok("smilint has nothing to say", r.returncode == 0 and not r.stdout.strip(), r.stdout)
with open(os.path.join(WORK, "broken.txt"), "w") as f:
    f.write(open(mib_file).read().replace("spUptime OBJECT-TYPE", "spUptime OBJECT-TIPE"))
ok("and would say it", run("smilint", "-c", smi, "-l", "6", f.name, check=False).stdout.strip())
mib = open(mib_file).read()
readable = re.findall(r"^(sp\w+) OBJECT-TYPE\n(?:    .*\n)*?    MAX-ACCESS  read-only", mib, re.M)
numbers = {text(l.split()[0]): text(l.split()[1]) for l in translate("-Tz").splitlines() if len(l.split()) == 2}
ok("snmptranslate knows every object", len(readable) > 60 and all(n in numbers for n in readable), str(len(readable)))
ok("below the arc of core/base/pen.h", numbers["sallyportMIB"] == ARC[1:] + ".1" and
   '"%s"' % ARC[len(".1.3.6.1.4.1."):] in open(os.path.join(ROOT, "core/base/pen.h")).read(), numbers.get("sallyportMIB"))

# ---- nobody there at start --------------------------------------------------------------------------
t = Topology()
receiver = Receiver(t.gw)
master = Master(t.gw, sink=receiver.port)
sp = Sallyport(t.gw, with_snmp(master.socket, "session", "pool")).start()
ss = StrongSwan(t.client(1)).start()
ok("a client connects while there is no snmpd", ss.up(), ss.last[-300:] + sp.tail(5))
info = sp.show("snmp")
ok("show snmp says why", info["state"] == "not connected" and "no such socket" in info["reason"], str(info))
r = sp.command("show", "snmp")
ok("in words too", "not connected" in r.stdout and master.socket in r.stdout, r.stdout)
master.start()
ok("snmpd comes, and is answered", wait_for(12, master.answers), sp.tail(5))
ok("it was refused once in the log, not each time", sp.log_text().count("state=refused") == 1 and "snmp_master state=connected" in sp.log_text(), sp.tail(10))
info = sp.show("snmp")
ok("show snmp says connected", info["state"] == "connected" and info["connections"] == 1 and info["complete"] and info["cards"] == 1 and
   info["complaints"] == 0, str(info))
ok("no notification of a session that was there before", not receiver.notes(), str(receiver.notes()))

# ---- the walk, and the MIB --------------------------------------------------------------------------
ss.host.ping("10.99.2.2", count=5, size=100)
time.sleep(1.1) # the traffic of sessions is asked for once a second at most
master.catches_up(sp)
walk = master.walk()
names = {}
for oid in walk:
    name = translate(oid)
    names.setdefault(name.split("::")[-1].split(".")[0], []).append(oid)
    if not re.fullmatch(r"SALLYPORT-MIB::sp\w+\.\d+", name):
        ok("every OID that is answered is in the MIB", False, "%s is %s" % (oid, name))
        break
else:
    ok("every OID that is answered is in the MIB", len(walk) > 200, str(len(walk)))
ok("every readable object of the MIB is answered", set(names) == set(readable), str(set(names) ^ set(readable)))
ok("walking goes on behind our tree", "No more variables" in master.ask("snmpwalk", "-On", "127.0.0.1:1161", ARC + ".1.2", check=False).stdout
   or "No Such" in master.ask("snmpwalk", "-On", "127.0.0.1:1161", ARC + ".1.2", check=False).stdout)
ok("snmpbulkwalk gives the same names", list(master.walk(program="snmpbulkwalk")) == list(walk))
for oid, what in ((OBJECTS + ".4.1", "no instance"), (OBJECTS + ".4.1.1", "a wrong instance"), (OBJECTS + ".4.250.0", "no such object"),
                  (OBJECTS + ".7.1.3.999", "no such session"), (OBJECTS + ".8.5.0", "what only notifications have")):
    ok("GET of %s is refused" % what, "No Such" in master.get(oid).stdout, master.get(oid).stdout)
r = master.ask("snmpset", "127.0.0.1:1161", OBJECTS + ".8.1.0", "i", "1", check=False)
ok("nothing can be set", r.returncode != 0, r.stdout)
ok("names work: snmpget spSessions.0", master.get("SALLYPORT-MIB::spSessions.0", mibs=True).stdout.split()[-1] == "1")


def row(index, walk=None):
    """{column number: value} of a session."""
    walk = walk if walk is not None else master.walk(OBJECTS + ".7")
    return {int(k.split(".")[-2]): v for k, v in walk.items() if k.endswith(".%d" % index) and k.startswith(OBJECTS + ".7.")}


session = sp.sessions()[0]
indexes = [int(k.rsplit(".", 1)[1]) for k in walk if k.startswith(OBJECTS + ".7.1.2.")]
ok("one session, one row", len(indexes) == 1, str(indexes))
cells = row(indexes[0], walk)
ok("who it is", (text(cells[2]), text(cells[3]), text(cells[4]), text(cells[5]), text(cells[6])) ==
   (session["session"], "client1@psk.test", "client1@psk.test", "RA", "RA"), str(cells))
ok("where it comes from", (cells[9], octets(cells[10]), cells[11], cells[12], octets(cells[13]), cells[14]) ==
   ("1", bytes([10, 99, 1, 1]), "4500", "1", bytes([10, 99, 1, 11]), str(session["peer"]["port"])), str(cells))
ok("its inner addresses", socket.inet_ntop(socket.AF_INET, octets(cells[15])) == session["assigned_ip4"] and
   socket.inet_ntop(socket.AF_INET6, octets(cells[16])) == session["assigned_ip6"] and cells[17] == "128", str(cells))
ok("its state and role", cells[18] == "2" and cells[19] == "1", str(cells))
ok("when it began", octets(cells[20])[:4] == time.gmtime().tm_year.to_bytes(2, "big") + bytes(time.gmtime()[1:3]), cells[20])
ok("its traffic is that of show", (int(cells[22]), int(cells[23]), int(cells[24]), int(cells[25])) ==
   (session["bytes_in"], session["bytes_out"], session["packets_in"], session["packets_out"]) and int(cells[24]) >= 5, "%s %s" % (cells, session))
pools = {text(v): k.rsplit(".", 1)[1] for k, v in walk.items() if k.startswith(OBJECTS + ".6.1.2.")}
ok("the pools", walk[OBJECTS + ".6.1.5." + pools["RA"]] == "1" and walk[OBJECTS + ".6.1.6." + pools["RA"]] == "1" and
   walk[OBJECTS + ".6.1.4." + pools["RA6"]] == "2", str(pools))

# ---- one sample, three readers ----------------------------------------------------------------------
for attempt in range(10):
    shown = sp.counters()
    time.sleep(0.6)  # the store may lag
    seen = master.walk()
    rows = sp.sql("select token, value, sample from v_counters")
    if int(seen[OBJECTS + ".2.1.0"]) == shown["sample"] and rows and rows[0][2] == shown["sample"]:
        break
ok("show, SQL and SNMP are of one sample", attempt < 9, "%s %s" % (shown["sample"], seen[OBJECTS + ".2.1.0"]))
ok("and of one time", int(seen[OBJECTS + ".2.3.0"]) == shown["sample_wall_ms"])
by_name = {}
for k in seen:
    g, n = k[len(OBJECTS) + 1:].split(".")[:2]
    if g in ("3", "4"):
        by_name[k] = int(seen[k])
sql = {r[0]: r[1] for r in rows}
gauges = {k: v for k, v in shown.items() if isinstance(v, int) and not k.startswith("sample")}
wrong = []
for token, value in list(gauges.items()) + list(shown["counters"].items()):
    oid = "." + numbers.get(camel(token), "?") + ".0"
    if not value == by_name.get(oid) == sql.get(token, 0):
        wrong.append((token, value, by_name.get(oid), sql.get(token)))
ok("%d counters and gauges are equal in all three" % len(by_name), not wrong and len(by_name) == len(gauges) + len(shown["counters"]), str(wrong))
failures = {text(v): int(seen[k.replace(OBJECTS + ".5.1.2.", OBJECTS + ".5.1.4.")]) for k, v in seen.items() if k.startswith(OBJECTS + ".5.1.2.")}
wrong = [(t_, n, failures.get(t_), sql.get("status_" + t_)) for t_, n in shown["status"].items()
         if not n == failures.get(t_) == sql.get("status_" + t_, 0)]
ok("%d failures too, by name" % len(failures), not wrong and len(failures) == len(shown["status"]), str(wrong))

# ---- sessions come and go ----------------------------------------------------------------------------
WHO = ["spSessionId", "spSessionUser", "spSessionIdentity", "spSessionProfile", "spSessionLocalAddressType", "spSessionLocalAddress",
       "spSessionLocalPort", "spSessionRemoteAddressType", "spSessionRemoteAddress", "spSessionRemotePort", "spSessionInnerIpv4",
       "spSessionInnerIpv6", "spSessionInnerIpv6Length"]


def varbinds(note):
    """Names of the variables behind sysUpTime and snmpTrapOID, in order; and {name: value}."""
    order, values = [], {}
    for oid, value in list(note.items())[2:]:
        name = translate(oid).split("::")[-1].split(".")[0]
        order.append(name)
        values[name] = value
    return order, values


def objects_of(name):
    return re.search(r"^%s NOTIFICATION-TYPE\n\s+OBJECTS\s+\{([^}]*)\}" % name, mib, re.M).group(1).replace(",", " ").split()


octets_in = sp.sessions()[0]["bytes_in"]
ss.down()
ok("the row is gone", wait_for(3, lambda: not row(indexes[0])), str(row(indexes[0])))
ok("a notification says that it ended", wait_for(5, lambda: len(receiver.of(2)) == 1), str(receiver.notes()))
order, values = varbinds(receiver.of(2)[0])
ok("with the variables of the MIB, in order", order == WHO + order[13:] == objects_of("spSessionDown"), str(order))
ok("who, why and how much", (text(values["spSessionId"]), text(values["spSessionUser"]), text(values["spNotifyReason"]), int(values["spSessionInOctets"])) ==
   (session["session"], "client1@psk.test", "peer_delete", octets_in), str(values))
ok("the client comes again", ss.up(), ss.last[-300:])
ok("a notification says that it is up", wait_for(5, lambda: len(receiver.of(1)) == 1), str(receiver.notes()))
order, values = varbinds(receiver.of(1)[0])
again = sp.sessions()[0]
ok("with the variables of the MIB, in order", order == WHO == objects_of("spSessionUp"), str(order))
ok("who and where", (text(values["spSessionId"]), octets(values["spSessionRemoteAddress"]), values["spSessionRemotePort"]) ==
   (again["session"], bytes([10, 99, 1, 11]), "4500"), str(values))
other = StrongSwan(t.client(2), user="client2@psk.test", vips="0.0.0.0").start()
ok("a pool without addresses", not other.up(timeout=5))
ok("is notified with the next sample", wait_for(8, lambda: receiver.of(3)), str(receiver.notes()))
order, values = varbinds(receiver.of(3)[0])
ok("which one", order == objects_of("spPoolExhausted") and text(values["spPoolName"]) == "RA" and int(values["spPoolRefused"]) >= 1, str(values))
wait_for(3, lambda: sp.show("snmp")["notifications_sent"] >= 3)
time.sleep(0.2)  # a younger sample
c = sp.counters()["counters"]
ok("all are counted, and the one for which nobody was there", c["snmp_notifications_sent"] == 3 and c["snmp_notifications_dropped"] == 1,
   "%s %s" % (c["snmp_notifications_sent"], c["snmp_notifications_dropped"]))

# ---- the master dies, main dies ------------------------------------------------------------------------
main_pid = sp.main_pid()
master.kill()
ok("it is noticed that snmpd died", wait_for(3, lambda: sp.show("snmp")["state"] == "not connected"), str(sp.show("snmp")))
master.start()
ok("snmpd comes again, and is answered", wait_for(12, master.answers), sp.tail(5))
ok("without a restart of ours", sp.main_pid() == main_pid and sp.log_text().count("state=lost") == 1)
ok("the session is there", text(row(int([k for k in master.walk(OBJECTS + ".7.1.2")][0].rsplit(".", 1)[1]))[2]) == again["session"])
before = len(receiver.notes())
uptime = int(master.walk(OBJECTS + ".3")["." + numbers["spUptimeSeconds"] + ".0"])
sp.kill_main()
wait_for(10, sp.answers)
ok("main dies: it is answered again", wait_for(12, master.answers), sp.tail(5))
ok("main dies: the session is there again", wait_for(3, lambda: [text(v) for v in master.walk(OBJECTS + ".7.1.2").values()] == [again["session"]]),
   str(master.walk(OBJECTS + ".7.1.2")))
ok("main dies: nobody was notified of it", len(receiver.notes()) == before, str(receiver.notes()[before:]))
ok("main dies: the uptime goes on", wait_for(3, lambda: int(master.walk(OBJECTS + ".3")["." + numbers["spUptimeSeconds"] + ".0"]) >= uptime))

# ---- reload -----------------------------------------------------------------------------------------------
sp.configure(with_snmp(master.socket).replace("ip local pool RA 10.100.0.10 10.100.0.10", "ip local pool RA 10.100.9.1 10.100.9.9"))
sp.reload()
index = int(list(master.walk(OBJECTS + ".7.1.2"))[0].rsplit(".", 1)[1])
ok("a session whose pool has gone is shown as orphaned", wait_for(3, lambda: row(index)[19] == "2"), str(row(index)))
ok("notifications can be switched off", wait_for(3, lambda: (master.walk(OBJECTS + ".8")[OBJECTS + ".8.1.0"] == "2")))
sp.configure(NO_SNMP)
sp.reload()
ok("SNMP can be switched off", wait_for(3, lambda: not master.answers()) and sp.show("snmp")["state"] == "off", str(sp.show("snmp")))
before = len(receiver.notes())
ss.down()
ss.up()
sp.configure(with_snmp(master.socket))
sp.reload()
ok("and on again", wait_for(12, master.answers), sp.tail(5))
ok("with what changed meanwhile", [text(v) for v in master.walk(OBJECTS + ".7.1.2").values()] == [s["session"] for s in sp.sessions()])
ok("and nothing is notified", len(receiver.notes()) == before)

# ---- a client moves; the daemon says goodbye -------------------------------------------------------------------
sp.configure(with_snmp(master.socket).replace("10.100.0.10 10.100.0.10", "10.100.0.10 10.100.0.20"))
sp.reload()
inside = t.nat(1)
nat = StrongSwan(inside, user="client3@psk.test", vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
ok("a client behind a NAT connects", nat.up(), nat.last[-300:])


def remotes():
    return {octets(v) for v in master.walk(OBJECTS + ".7.1.13").values()}


ok("with the address of the NAT", wait_for(3, lambda: bytes([10, 99, 1, 101]) in remotes()), str(remotes()))
router = "%s-r1" % TAG
run("ip", "-n", router, "addr", "del", "10.99.1.101/24", "dev", "wan0")
run("ip", "-n", router, "addr", "add", "10.99.1.150/24", "dev", "wan0")
ok("its pings go on", inside.ping("10.99.2.2", count=5) + inside.ping("10.99.2.2", count=5) > 4, str(sp.sessions()))
ok("its row follows it", wait_for(3, lambda: bytes([10, 99, 1, 150]) in remotes() and bytes([10, 99, 1, 101]) not in remotes()), str(remotes()))
nat.down()
nat.stop()
sp.configure(with_snmp(master.socket, "session"))
sp.reload()
before = len(receiver.of(2))
code = sp.stop()
ok("clean stop", code == 0, sp.tail())
ok("what ends with the daemon is notified", wait_for(3, lambda: [text(varbinds(n)[1]["spNotifyReason"]) for n in receiver.of(2)[before:]] == ["shutdown"]),
   str(receiver.of(2)[before:]))
ok("the master knows that we are gone", wait_for(3, lambda: not master.answers()))
sp.start()
ok("and that we are there again", wait_for(8, master.answers))
wait_for(3, lambda: "ESTABLISHED" not in ss.sas())
ok("the client comes again", ss.up(), ss.last[-300:])

# ---- a master that accepts and never says a word --------------------------------------------------------------
def logins(seconds, between=lambda: None):
    """Logs out and in again and again: (longest turn of the loop in us, slowest in s, did all succeed)."""
    turn, slowest, good = 0, 0.0, True
    sp.counters()
    time.sleep(0.2)
    sp.counters()  # what was before is not ours
    end = time.monotonic() + seconds
    while good and time.monotonic() < end:
        between()
        start = time.monotonic()
        good = ss.down() and ss.up(timeout=5)
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.12)
        turn = max(turn, sp.counters()["loop_turn_max_us"])
    return turn, slowest, good


calm, calm_s, good = logins(5)
path = os.path.join(WORK, "silent")
silent = socket.socket(socket.AF_UNIX)
silent.bind(path)
silent.listen(8)
silent.settimeout(0.05)
accepted = []


def accept():
    try:
        accepted.append(silent.accept()[0])
    except socket.timeout:
        pass


sp.configure(with_snmp(path, "session"))
sp.reload()
worst, longest, ok_again = logins(20, accept)
print("   a silent master: longest turn of the loop %d us (%d us before it), slowest logout and login %.2f s, %d connections" % (
    worst, calm, longest, len(accepted)))
ok("logins go on beside a silent master", ok_again and longest < 3, "%.2f" % longest)
ok("the loop does not wait for it", worst < 10000 + 5 * calm, "%d us" % worst)
ok("it is tried again and again, and said once", len(accepted) >= 2 and sp.log_text().count('"it does not answer"') == 1, "%d %s" % (len(accepted), sp.tail(5)))
ok("show snmp says so", sp.show("snmp")["reason"] == "it does not answer", str(sp.show("snmp")))
sockets = [l for l in run("ls", "-l", "/proc/%d/fd" % sp.main_pid()).stdout.splitlines() if "socket:" in l]
time.sleep(6)
more = [l for l in run("ls", "-l", "/proc/%d/fd" % sp.main_pid()).stdout.splitlines() if "socket:" in l]
ok("no descriptor is left behind", abs(len(more) - len(sockets)) <= 2, "%d, then %d" % (len(sockets), len(more)))
start = time.monotonic()
code = sp.stop()
took = time.monotonic() - start
ok("a clean stop beside a silent master takes %.1f s" % took, code == 0 and took < 4, "%d %s" % (code, sp.tail()))
for a in accepted:
    a.close()
silent.close()

# ---- one that does not accept ------------------------------------------------------------------------------
os.unlink(path)
full = socket.socket(socket.AF_UNIX)
full.bind(path)
full.listen(0)
crowd = []
for _ in range(4):
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(path)
    except BlockingIOError:
        pass
    crowd.append(s)
sp.start()
ok("a full backlog holds nobody up", wait_for(5, lambda: sp.show("snmp")["reason"] == "it does not accept"), str(sp.show("snmp")))
ok("logins go on", ss.down() in (True, False) and ss.up(), ss.last[-300:])
ok("clean stop", sp.stop() == 0, sp.tail())
ss.stop()
other.stop()
done()
