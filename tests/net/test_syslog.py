#!/usr/bin/env python3
"""Syslog to real rsyslogs: collectors over IPv4, IPv6 and in a VRF, and the daemon of the host, which is killed
and comes back; topics, levels and hosts that change with a reload. Every message is also taken apart by a
reader of RFC 5424 that shares nothing with ours."""
import datetime
import re
import socket
import struct
from lib import *

PEN = "8072.9999.9999"
UDP4, UDP6, NOBODY = "10.99.2.2", "fd00:99:2::2", "10.99.2.77"

# ---- a reader of RFC 5424, from its section 6 ---------------------------------------------------------

HEADER = re.compile(r"<(0|[1-9]\d{0,2})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ")
NAME = re.compile(r'[!-<>-\\^-~]{1,32}')


def parse(text):
    """A dict, with every parameter as {(element, name): value}; an exception for what is not a message."""
    m = HEADER.match(text)
    if not m:
        raise ValueError("header: %r" % text)
    pri, time_text, host, app, procid, msgid = m.groups()
    datetime.datetime.strptime(time_text, "%Y-%m-%dT%H:%M:%S.%fZ")
    at, params = m.end(), {}
    while text[at] == "[":
        name = NAME.match(text, at + 1)
        element, at = name.group(), name.end()
        while text[at] == " ":
            name = NAME.match(text, at + 1)
            at = name.end()
            if text[at:at + 2] != '="':
                raise ValueError("parameter: %r" % text[at:])
            at += 2
            value = ""
            while text[at] != '"':
                if text[at] == "]":
                    raise ValueError("bracket: %r" % text[at:])
                if text[at] == "\\":
                    at += 1
                    if text[at] not in '"\\]':
                        raise ValueError("escape: %r" % text[at:])
                value += text[at]
                at += 1
            at += 1
            params[(element, name.group())] = value
        if text[at] != "]":
            raise ValueError("element: %r" % text[at:])
        at += 1
    if text[at:at + 2] != " \ufeff":
        raise ValueError("no BOM: %r" % text[at:])
    msg = text[at + 2:]
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in msg):
        raise ValueError("control characters: %r" % msg)
    return dict(facility=int(pri) >> 3, severity=int(pri) & 7, host=host, app=app, procid=procid, msgid=msgid,
                params=params, msg=msg)


# ---- rsyslog --------------------------------------------------------------------------------------------

RSYSLOG = """
global(workDirectory="%(dir)s" maxMessageSize="8k")
module(load="imudp")
module(load="imuxsock" SysSock.Use="off")
template(name="fields" type="list") {
  constant(value="{")
  property(outname="msgid" name="msgid" format="jsonf") constant(value=",")
  property(outname="severity" name="syslogseverity" format="jsonf") constant(value=",")
  property(outname="facility" name="syslogfacility-text" format="jsonf") constant(value=",")
  property(outname="host" name="hostname" format="jsonf") constant(value=",")
  property(outname="program" name="programname" format="jsonf") constant(value=",")
  property(outname="procid" name="procid" format="jsonf") constant(value=",")
  property(outname="from" name="fromhost-ip" format="jsonf") constant(value=",")
  property(outname="by" name="inputname" format="jsonf") constant(value=",")
  property(outname="data" name="structured-data" format="jsonf") constant(value=",")
  property(outname="msg" name="msg" format="jsonf") constant(value=",")
  property(outname="raw" name="rawmsg" format="jsonf")
  constant(value="}\\n")
}
ruleset(name="all") {
  action(type="omfile" file="%(dir)s/fields" template="fields")
  action(type="omfile" file="%(dir)s/lines" template="RSYSLOG_SyslogProtocol23Format")
}
%(inputs)s
"""


class Rsyslog:
    """One rsyslogd in a host's namespace."""

    def __init__(self, host, name, addresses=(), sockets=()):
        self.host = host
        self.dir = os.path.join(WORK, "rs-" + name)
        os.makedirs(self.dir)
        inputs = ['input(type="imudp" address="%s" port="514" name="%s" ruleset="all")' % (a, a) for a in addresses]
        inputs += ['input(type="imuxsock" Socket="%s" UseSpecialParser="%s" ruleset="all" RateLimit.Interval="0")' % s
                   for s in sockets]
        self.sockets = [s[0] for s in sockets]
        self.conf = os.path.join(self.dir, "conf")
        with open(self.conf, "w") as f:
            f.write(RSYSLOG % dict(dir=self.dir, inputs="\n".join(inputs)))
        self.process = None

    def start(self):
        self.process = spawn(self.host.ns, "rsyslogd", "-n", "-f", self.conf, "-i", os.path.join(self.dir, "pid"),
                             log=os.path.join(self.dir, "out"))
        if not wait_for(10, self.is_ready):
            raise RuntimeError("rsyslogd did not start: " + self.out())
        return self

    def is_ready(self):
        listening = self.host.run("ss", "-Hulnp").stdout
        return ("pid=%d," % self.process.pid in listening or "address=" not in open(self.conf).read()) and \
            all(os.path.exists(s) for s in self.sockets)

    def stop(self, sig=signal.SIGTERM):
        stop_process(self.process, sig=sig)

    def out(self):
        with open(os.path.join(self.dir, "out"), errors="replace") as f:
            return f.read()

    def rows(self):
        try:
            with open(os.path.join(self.dir, "fields"), encoding="utf-8") as f:
                return [json.loads(line) for line in f if line.endswith("\n")]
        except OSError:
            return []

    def of(self, msgid, by=None, since=0):
        return [r for r in self.rows()[since:] if r["msgid"] == msgid and (by is None or r["by"] == by)]

    def waits_for(self, msgid, by=None, since=0, seconds=5, count=1):
        return wait_for(seconds, lambda: len(self.of(msgid, by, since)) >= count)


def state_of(target):
    for d in sp.show("logging")["destinations"]:
        if target in (d["address"], d["path"]):
            return d
    return {}


def param(row, element, name):
    return parse(row["raw"])["params"].get((element + "@" + PEN, name))


# ---- the first start --------------------------------------------------------------------------------------

t = Topology()
vrf = Host("v1")
vrf.addr("lo", "10.77.0.1/32")
LOCAL = os.path.join(WORK, "local.sock")
OLDER = os.path.join(WORK, "older.sock")
rs = Rsyslog(t.lan, "lan", (UDP4, UDP6), ((LOCAL, "off"),)).start()
HOSTS = "logging host %s\nlogging host %s\nlogging host %s\n" % (UDP4, UDP6, NOBODY)
TOPICS = "crypto logging ikev2\ncrypto logging session\n"
LOCAL_CONF = "sallyport logging local %s rfc5424\n" % LOCAL
sp = Sallyport(t.gw, CONF + HOSTS + TOPICS + LOCAL_CONF).start()
ok("the start is exported to all three", all(rs.waits_for("start", by) for by in (UDP4, UDP6, "imuxsock")), str(rs.rows())[:400])
ok("and what the configuration said", rs.waits_for("config_loaded", UDP4))
first = rs.of("start", UDP4)[0]
ok("host name, program, process, facility", (first["host"], first["program"], first["procid"], first["facility"]) ==
   ("gw", "sallyport", str(sp.main_pid()), "local4"), str(first))
ok("sequenceId begins at 1", parse(first["raw"])["params"][("meta", "sequenceId")] == "1", first["raw"])

# ---- a session comes and goes -------------------------------------------------------------------------------

ss = StrongSwan(t.client(1)).start()
begin = time.monotonic()
ok("a client connects", ss.up(), ss.last[-300:] + sp.tail(5))
ok("the destination that does not exist delays nothing", time.monotonic() - begin < 4 and rs.waits_for("session_up", UDP4, seconds=2))
ok("the client goes", ss.down())
EXPECTED = {"ike_sa_up": (5, "%IKEV2-5-SA_UP: SA UP "), "child_sa_up": (6, "%IKEV2-6-CHILD_UP: "),
            "session_up": (5, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP.  Peer 10.99.1.11:4500  Id: client1@psk.test "),
            "session_down": (5, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN.  Peer 10.99.1.11:4500  Id: client1@psk.test "),
            "ike_sa_down": (5, "%IKEV2-5-SA_DOWN: SA DOWN ")}
for msgid, (severity, words) in EXPECTED.items():
    for by in (UDP4, UDP6, "imuxsock"):
        ok("%s by %s arrives" % (msgid, by), rs.waits_for(msgid, by))
        row = (rs.of(msgid, by) or [dict(severity="", msg="", data="", raw="")])[0]
        ok("%s by %s: severity and words" % (msgid, by), row["severity"] == str(severity) and row["msg"].lstrip("\ufeff").startswith(words),
           str(row)[:500])
up = rs.of("session_up", UDP4)[0]
ok("session_up: identity, address and port", (param(up, "session", "identity"), param(up, "session", "remote"), param(up, "session", "remote_port")) ==
   ("client1@psk.test", "10.99.1.11", "4500"), up["data"])
ok("session_up: the addresses it got", re.match(r"10\.100\.", param(up, "session", "ip4")) and param(up, "session", "ip6").startswith("fd00:100::"), up["data"])
ok("session_down: the same session, and why it ended", param(rs.of("session_down", UDP4)[0], "session", "session") == param(up, "session", "session")
   and param(rs.of("session_down", UDP4)[0], "session", "status") == "peer_delete", rs.of("session_down", UDP4)[0]["data"])
STORED = "select ulid from v_history where identity = 'client1@psk.test'"
ok("the store has it under the same name", wait_for(3, lambda: sp.sql(STORED) == [(param(up, "session", "session"),)]), str(sp.sql(STORED)))
ok("from the address of our side", up["from"] == "10.99.2.1", up["from"])
for by in (UDP4, UDP6, "imuxsock"):
    numbers = [int(parse(r["raw"])["params"][("meta", "sequenceId")]) for r in rs.rows() if r["by"] == by]
    ok("%s: no number is missing" % by, numbers == list(range(1, len(numbers) + 1)), str(numbers))
same = [[r["msgid"] for r in rs.rows() if r["by"] == by] for by in (UDP4, UDP6, "imuxsock")]
ok("the same messages in the same order everywhere", same[0] == same[1] == same[2], str(same))
with open(os.path.join(rs.dir, "lines"), encoding="utf-8") as f:
    ok("rsyslog can forward them: its own RFC 5424 lines say the same",
       any(("session_up [meta" in l and 'identity="client1@psk.test"' in l) for l in f), "")

# ---- what a peer calls itself ------------------------------------------------------------------------------------

EVIL = b'x"][evil@1 admin="1\n<0>1 - - - - - - gotcha\xff'
evil = StrongSwan(t.client(2), user='"@#%s"' % EVIL.hex()).start()
since = len(rs.rows())
ok("a client with a hostile name is refused", not evil.up(timeout=6))
evil.stop()
ok("its failure arrives", rs.waits_for("ike_auth_failed", UDP4, since))
row = rs.of("ike_auth_failed", UDP4, since)[0]
ok("its name is one parameter", param(row, "ike", "identity") == 'x\\"][evil@1 admin=\\"1\\x0a<0>1 - - - - - - gotcha\\xff', row["raw"])
ok("and makes no other", not any(k[0].startswith("evil") or k[1] == "admin" for k in parse(row["raw"])["params"]) and
   not any("gotcha" in r["raw"] and r["msgid"] != "ike_auth_failed" for r in rs.rows()), row["raw"])
ok("a warning", row["severity"] == "4")

# ---- show and counters --------------------------------------------------------------------------------------------

text = sp.command("show", "logging").stdout
ok("show logging", all(w in text for w in ("Syslog logging: enabled", "level informational", "facility local4", ", IKEv2, sessions",
                                           "Logging to 10.99.2.2 (udp port 514, vrf none, up)", "Logging to fd00:99:2::2 (udp port 514",
                                           "Logging to %s (socket, RFC 5424, up)" % LOCAL)), text)
dead = state_of(NOBODY)
ok("show logging: the one that does not exist waits", dead.get("state") == "waiting" and "route to host" in dead.get("last_error", "").lower()
   and dead["queued"] > 0, str(dead))
j = sp.show("logging")
ok("show logging --json", j["enabled"] and j["ikev2"] and j["session"] and j["level"] == "informational" and len(j["destinations"]) == 4, str(j))
arrived = sum(1 for r in rs.rows())
ok("counted", wait_for(3, lambda: sp.counters()["counters"]["syslog_sent"] >= arrived), str((arrived, sp.counters()["counters"]["syslog_sent"])))

# ---- topics and levels, on reload --------------------------------------------------------------------------------


def cycle(conf, name):
    """Reload, a login and a logout: the rows since then."""
    sp.configure(CONF + conf)
    since = len(rs.rows())
    r = sp.reload()
    ok("%s: reload" % name, r.returncode == 0, r.stdout)
    ok("%s: connects" % name, ss.up() and ss.down(), ss.last[-300:])
    sp.reload()
    # The second config_loaded comes after everything else.
    rs.waits_for("config_loaded", "imuxsock", since, count=2)
    return rs.rows()[since:]


def ids(rows, by):
    return {r["msgid"] for r in rows if r["by"] == by}


rows = cycle(HOSTS + LOCAL_CONF + "crypto logging session\n", "only sessions")
ok("only sessions: no IKEv2 events", ids(rows, UDP4) == {"config_loaded", "control", "session_up", "session_down"}, str(ids(rows, UDP4)))
ok("only sessions: the same on the local socket", ids(rows, "imuxsock") == ids(rows, UDP4), str(ids(rows, "imuxsock")))
rows = cycle(HOSTS + LOCAL_CONF + "crypto logging ikev2\n", "only IKEv2")
ok("only IKEv2: no sessions", {"ike_sa_up", "ike_sa_down"} <= ids(rows, UDP4) and not {"session_up", "session_down"} & ids(rows, UDP4), str(ids(rows, UDP4)))
rows = cycle(HOSTS + LOCAL_CONF, "no topic")
ok("no topic: the headend's own events", not {i for i in ids(rows, UDP4) if re.match("ike_|child_|session_", i)} and
   {"config_loaded", "control"} <= ids(rows, UDP4), str(ids(rows, UDP4)))
ok("no topic: a warning says so", "add `crypto logging session`" in sp.log_text())
ok("standard error has every event all the same", sp.log_text().count(" session_up ") == 4 and sp.log_text().count(" ike_sa_up ") == 4)
STORED = "select count(*) from v_events where event = 'session_up'"
ok("and so has the store", wait_for(3, lambda: sp.sql(STORED) == [(4,)]), str(sp.sql(STORED)))
rows = cycle(HOSTS + LOCAL_CONF + TOPICS + "logging trap errors\nlogging facility authpriv\n", "level errors")
ok("level errors: nothing of that to collectors", not ids(rows, UDP4) & {"session_up", "ike_sa_up", "config_loaded"}, str(ids(rows, UDP4)))
ok("level errors: the local daemon sorts for itself", {"session_up", "ike_sa_up", "child_sa_up"} <= ids(rows, "imuxsock"), str(ids(rows, "imuxsock")))
ok("another facility", {r["facility"] for r in rows} == {"authpriv"}, str({r["facility"] for r in rows}))
rows = cycle(HOSTS + LOCAL_CONF + TOPICS + "no logging trap\n", "no logging trap")
ok("no logging trap: nothing to collectors", not ids(rows, UDP4) and "session_up" in ids(rows, "imuxsock"))
sp.configure(CONF + HOSTS + LOCAL_CONF + TOPICS + "no logging on\n")
since = len(rs.rows())
sp.reload()
ok("no logging on", ss.up() and ss.down() and "disabled" in sp.command("show", "logging").stdout)
time.sleep(1.5)
ok("no logging on: nothing arrives", len(rs.rows()) == since, str(rs.rows()[since:])[:300])

# ---- rsyslog goes and comes back ---------------------------------------------------------------------------------------

sp.configure(CONF + HOSTS + LOCAL_CONF + TOPICS)
sp.reload()
ok("exported again", rs.waits_for("config_loaded", UDP4, since) and rs.waits_for("config_loaded", "imuxsock", since))
since = len(rs.rows())
rs.stop(signal.SIGKILL)
ok("logins go on without it", ss.up() and ss.down(), ss.last[-300:])
for _ in range(5):
    sp.reload()
ok("its messages are kept", state_of(LOCAL)["queued"] >= 15 and state_of(LOCAL)["state"] == "waiting", str(state_of(LOCAL)))
ok("and the reason is shown", "refused" in state_of(LOCAL)["last_error"].lower(), str(state_of(LOCAL)))
ok("a collector that refuses keeps them too", state_of(UDP4)["state"] == "waiting" and "refused" in state_of(UDP4)["last_error"].lower()
   and state_of(UDP4)["queued"] >= 10, str(state_of(UDP4)))
rs.start()
ok("on the local socket nothing is lost", rs.waits_for("config_loaded", "imuxsock", since, count=5), str([r["msgid"] for r in rs.rows()[since:]]))
rows = [r for r in rs.rows() if r["by"] == "imuxsock"]
numbers = [int(parse(r["raw"])["params"][("meta", "sequenceId")]) for r in rows]
at = max(i for i, n in enumerate(numbers) if n == 1)
ok("no number is missing on the local socket", numbers[at:] == list(range(1, len(numbers) - at + 1)), str(numbers))
ok("the session of the meantime is there", {"session_up", "session_down", "ike_sa_up"} <= ids(rs.rows()[since:], "imuxsock"))
ok("the collector is found again without a restart", wait_for(35, lambda: state_of(UDP4)["state"] == "up" and state_of(UDP6)["state"] == "up"), str(sp.show("logging")))
ok("with what was kept for it", rs.waits_for("config_loaded", UDP4, since, count=5) and rs.waits_for("config_loaded", UDP6, since, count=5),
   str([r["msgid"] for r in rs.rows()[since:] if r["by"] == UDP4]))
ok("nothing was dropped", sp.show("logging")["dropped"] == 0)

# ---- hosts that come and go, in a VRF, from an address -----------------------------------------------------------------------

inner = Rsyslog(vrf, "vrf", ("10.77.0.1",)).start()
sp.configure(CONF + "vrf definition %s\n address-family ipv4\nlogging host 10.77.0.1 vrf %s\nlogging host %s\n" % (vrf.ns, vrf.ns, UDP4) +
             "interface Loopback0\n ip address 10.99.1.1 255.255.255.255\nlogging source-interface Loopback0\n" +
             'logging origin-id string "hub one"\n' + TOPICS)
since = len(rs.rows())
ok("a collector in a VRF: reload", sp.reload().returncode == 0)
ok("a collector in a VRF: connects", ss.up() and ss.down())
ok("the collector in the VRF has the session", inner.waits_for("session_down", "10.77.0.1"), str(sp.show("logging")))
ok("show names the VRF", state_of("10.77.0.1").get("vrf") == vrf.ns, str(state_of("10.77.0.1")))
ok("from the address of the source interface", rs.waits_for("session_down", UDP4, since) and rs.of("session_down", UDP4, since)[0]["from"] == "10.99.1.1",
   str(rs.of("session_down", UDP4, since))[:300])
ok("under the origin that was set", rs.of("session_down", UDP4, since)[0]["host"] == "hub-one", rs.of("session_down", UDP4, since)[0]["raw"])
ok("destinations that are gone get nothing", not ids(rs.rows()[since:], UDP6) and not ids(rs.rows()[since:], "imuxsock"), str(rs.rows()[since:])[:300])
ok("show lists the two", {d["address"] for d in sp.show("logging")["destinations"]} == {"10.77.0.1", UDP4})

# ---- main dies --------------------------------------------------------------------------------------------------------------

ok("a client is connected", ss.up())
since, before = len(rs.rows()), sp.main_pid()
sp.kill_main()
ok("a new main answers", wait_for(10, sp.answers))
ok("its start is exported", rs.waits_for("start", UDP4, since) and inner.waits_for("start"))
row = rs.of("start", UDP4, since)[0]
ok("another process, another count", row["procid"] != str(before) and parse(row["raw"])["params"][("meta", "sequenceId")] == "1", row["raw"])
ok("what was thawed too", rs.waits_for("thaw", UDP4, since) and param(rs.of("thaw", UDP4, since)[0], "system", "sessions") == "1", str(rs.rows()[since:])[:300])
ok("and the end of a session from before", ss.down() and rs.waits_for("session_down", UDP4, since))

# ---- a flood --------------------------------------------------------------------------------------------------------------------

def ask(*words):
    """A command over the control socket, without a process for each."""
    body = b"".join(w.encode() + b"\0" for w in ("text",) + words)
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(sp.socket)
        c.sendall(struct.pack(">I", len(body)) + body)
        while c.recv(4096):
            pass


since = len(rs.rows())
begin = time.monotonic()
for _ in range(400):
    ask("clear", "crypto", "session", "remote", "192.0.2.1")
took = time.monotonic() - begin
ok("a flood is told in a summary", rs.waits_for("suppressed", UDP4, since), str(ids(rs.rows()[since:], UDP4)))
time.sleep(1.2)
told, left = len(rs.of("control", UDP4, since)), sum(int(param(r, "system", "times")) for r in rs.of("suppressed", UDP4, since))
ok("every one is told or counted", told + left == 400 and 100 <= told <= 100 * (took + 2), "%d told, %d left out in %.1f s" % (told, left, took))
ok("show logging counts them", sp.show("logging")["rate_limited"] == left, str(sp.show("logging")["rate_limited"]))

# ---- the daemon of a host as distributions have it, which knows the older form only -------------------------------------------------

older = Rsyslog(t.lan, "older", (), ((OLDER, "on"),)).start()
sp.configure(CONF + "sallyport logging local %s\n" % OLDER + TOPICS)
sp.reload()
ok("the older form: connects", ss.up() and ss.down())
ok("the older form arrives", wait_for(5, lambda: any("tunnel is DOWN" in r["msg"] for r in older.rows())), str(older.rows())[:300])
row = [r for r in older.rows() if "tunnel is UP" in r["msg"]][0]
ok("program, process and words are where they belong", (row["program"], row["procid"], row["severity"]) == ("sallyport", str(sp.main_pid()), "5") and
   row["msg"].lstrip().startswith("%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP.  Peer 10.99.1.11:4500  Id: client1@psk.test"), str(row))

# ---- the end ----------------------------------------------------------------------------------------------------------------------

ok("a client is connected at the end", ss.up())
ok("clean stop", sp.stop() == 0, sp.tail())
ok("the last words are sent", wait_for(3, lambda: any("SALLYPORT-5-STOP" in r["msg"] for r in older.rows()) and
                                       sum("tunnel is DOWN" in r["msg"] for r in older.rows()) == 2), str(older.rows()[-3:]))
bad = []
for r in rs.rows() + inner.rows():
    try:
        m = parse(r["raw"])
        if (m["msgid"], str(m["severity"])) != (r["msgid"], r["severity"]) or len(r["raw"].encode()) > 2048:
            bad.append(r)
    except Exception as e:
        bad.append((str(e), r["raw"]))
print("   %d messages read by both readers" % len(rs.rows() + inner.rows()))
ok("every message was one of RFC 5424", not bad, str(bad[:2]))
done()
