#!/usr/bin/env python3
# long: 60 s
"""CoA and Disconnect by RADIUS (RFC 5176), as radclient sends them: each way to name a session, each refusal, what is
dropped without a word, what is changed in a live session, and all of it again after main was killed."""
import hashlib
import re
import struct
from lib import *

KEY = "coa-secret"
OTHER = "another-secret"
LISTS = """
ip access-list extended NO-PING
 deny icmp any any echo
 permit ip any any
policy-map TEN
 class class-default
  police cir 10000000 conform-action transmit exceed-action drop
policy-map FIVE
 class class-default
  police cir 5000000 conform-action transmit exceed-action drop
"""
DYNAUTH = """
aaa server radius dynamic-author
 client 10.99.1.1 server-key %s
 client 127.0.0.1 server-key %s
%%s""" % (KEY, KEY)
TEMPLATE = "interface Virtual-Template1 type tunnel\n"


def conf(more="", policy=""):
    return LISTS + CONF.replace(TEMPLATE, TEMPLATE + policy) + DYNAUTH % more


class Answer:
    def __init__(self, text):
        self.text = text
        m = re.search(r"Received (\S+) Id", text)
        self.code = m.group(1) if m else None
        m = re.search(r"Error-Cause = (\S+)", text)
        self.cause = m.group(1) if m else None
        m = re.search(r'Reply-Message = "([^"]*)"', text)
        self.says = m.group(1) if m else None

    def __repr__(self):
        return "%s %s %s\n%s" % (self.code, self.cause, self.says, self.text[-800:])


def ask(kind, attributes, key=KEY, port=3799, server="10.99.1.1", host=None):
    path = os.path.join(WORK, "attributes")
    with open(path, "w") as f:
        f.write(", ".join(attributes) + "\n")
    out = (host or t.gw).run("radclient", "-x", "-r", "1", "-t", "1", "-f", path, "%s:%d" % (server, port), kind, key, check=False)
    return Answer(out.stdout + (out.stderr or ""))


def disconnect(*attributes, **more):
    return ask("disconnect", attributes, **more)


def coa(*attributes, **more):
    return ask("coa", attributes, **more)


def is_ack(a, kind="Disconnect"):
    return a.code == kind + "-ACK" and a.cause is None


def is_nak(a, cause, kind="Disconnect"):
    return a.code == kind + "-NAK" and a.cause == cause


def session():
    v = sp.sessions()
    return v[0] if len(v) == 1 else None


def quoted(name, value):
    return '%s = "%s"' % (name, value)


def pair(text):
    return quoted("Cisco-AVPair", text)


def ended():
    return wait_for(5, lambda: not sp.sessions()) and wait_for(5, lambda: not one.sas())


def raw(code, ident, attributes, key=KEY.encode()):
    """A signed request as bytes, and the answer to each of two that are sent from one socket."""
    head = struct.pack("!BBH", code, ident, 20 + len(attributes))
    auth = hashlib.md5(head + bytes(16) + attributes + key).digest()
    return head + auth + attributes


SENDER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
for line in sys.argv[1:]:
    s.sendto(bytes.fromhex(line), ("10.99.1.1", 3799))
    try:
        data, who = s.recvfrom(4096)
        print(who[0], who[1], data.hex())
    except OSError:
        print("silence")
"""


def send(*packets):
    out = t.gw.run(sys.executable, "-c", SENDER, *[p.hex() for p in packets], check=False, timeout=30).stdout
    return out.split("\n")[:len(packets)]


def counters():
    return sp.counters()


def clients():
    j = json.loads(sp.command("show", "aaa", "server", "radius", "dynamic-author", "--json").stdout)
    return j, {c["address"]: c for c in j["clients"]}


def shaped(seconds, acts):
    """Mbit/s in half seconds of UDP from the client at 20 Mbit/s, while acts = [(second, function)] are done."""
    log = os.path.join(WORK, "iperf-%f" % time.monotonic())
    server = serve(t.lan.ns, 5201, "iperf3", "-s", "-1", "-J", "-i", "0.5", "-B", "10.99.2.2", log=log)
    begin = time.monotonic()
    p = spawn(one.host.ns, "iperf3", "-u", "-b", "20M", "-l", "1200", "-t", seconds, "-c", "10.99.2.2", log=log + "c")
    done_at = []
    for at, what in acts:
        time.sleep(max(0, at - (time.monotonic() - begin)))
        what()
        done_at.append(time.monotonic() - begin)
    p.wait(60)
    stop_process(server, grace=5)
    with open(log) as f:
        j = json.load(f)
    rows = [(i["sum"]["end"], i["sum"]["bits_per_second"] / 1e6 * 1228 / 1200) for i in j["intervals"] if i["sum"]["seconds"] > 0.3]
    return rows, done_at


def mean(rows, since, until):
    v = [r for end, r in rows if since < end <= until]
    return sum(v) / len(v) if v else 0.0


def near(value, want):
    return abs(value - want) <= want / 8


t = Topology()
sp = Sallyport(t.gw, conf()).start()
one = StrongSwan(t.client(1)).start()
USER = "client1@psk.test"
GONE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

# ---- Disconnect, by each name of a session ------------------------------------------------------------
for name in ("audit-session-id", "Acct-Session-Id", "User-Name", "Framed-IP-Address", "Framed-IPv6-Address", "Calling-Station-Id",
             "NAS-Port-Id"):
    ok("the client connects (%s)" % name, one.up(), one.last[-300:] + sp.tail(5))
    s = session()
    named = {"audit-session-id": pair("audit-session-id=" + s["session"]),
             "Acct-Session-Id": quoted("Acct-Session-Id", s["session"]),
             "User-Name": quoted("User-Name", USER),
             "Framed-IP-Address": "Framed-IP-Address = " + s["assigned_ip4"],
             "Framed-IPv6-Address": "Framed-IPv6-Address = " + s["assigned_ip6"],
             "Calling-Station-Id": quoted("Calling-Station-Id", s["peer"]["address"]),
             "NAS-Port-Id": quoted("NAS-Port-Id", s["interface"])}[name]
    a = disconnect(named, port=1700 if name == "User-Name" else 3799)
    ok("%s: ACK" % name, is_ack(a), repr(a))
    ok("%s: the session is gone, and the client knows" % name, ended(), str(sp.sessions()))
    pools = json.loads(sp.command("show", "ip", "local", "pool", "--json").stdout)
    pools = pools["pools"] if isinstance(pools, dict) else pools
    ok("%s: its addresses are free" % name, pools and all(p["in_use"] == 0 for p in pools), str(pools))
rows = sp.sql("select end_reason from v_history")
ok("the history says why", rows and all(r[0] == "disconnect_request" for r in rows), str(rows))

watch = spawn(t.gw.ns, BIN, "debug", "aaa", "pod", "--socket", sp.socket, log=os.path.join(WORK, "debug"))
wait_for(5, lambda: sp.show("debugging")["streams"])


def watched():
    with open(os.path.join(WORK, "debug"), errors="replace") as f:
        return f.read()


# ---- refused -------------------------------------------------------------------------------------------
ok("the client connects again", one.up(), one.last[-300:])
s = session()
ME = pair("audit-session-id=" + s["session"])
a = disconnect(pair("audit-session-id=" + GONE))
ok("no such session: 503", is_nak(a, "Session-Context-Not-Found") and a.says == "No Matching Session", repr(a))
a = disconnect(ME, quoted("User-Name", "somebody@psk.test"))
ok("two names that do not fit together", is_nak(a, "Session-Context-Not-Found"), repr(a))
a = disconnect(ME, quoted("User-Name", USER), quoted("NAS-Identifier", "gw"), "NAS-IP-Address = 10.99.1.1", "Service-Type = Authorize-Only")
ok("Service-Type: 401", is_nak(a, "Unsupported-Attribute"), repr(a))
a = disconnect(ME, quoted("NAS-Identifier", "other"))
ok("another NAS by name: 403", is_nak(a, "NAS-Identification-Mismatch"), repr(a))
a = disconnect(ME, "NAS-IP-Address = 10.99.1.77")
ok("another NAS by address: 403", is_nak(a, "NAS-Identification-Mismatch"), repr(a))
a = disconnect(quoted("User-Name", "nobody@psk.test"), "NAS-IP-Address = 10.99.2.1", "NAS-IPv6-Address = fd00:99:2::1", quoted("NAS-Identifier", "gw"))
ok("any address of ours is ours", is_nak(a, "Session-Context-Not-Found"), repr(a))
a = disconnect(quoted("NAS-Identifier", "gw"))
ok("no session named: 402", is_nak(a, "Missing-Attribute"), repr(a))
a = disconnect(ME, "Login-TCP-Port = 23")
ok("an unknown attribute: 401", is_nak(a, "Unsupported-Attribute"), repr(a))
before = sp.command("show", "policy-map", "interface", "--json").stdout
for name, cause, attributes in (
        ("an unknown attribute beside known ones", "Unsupported-Attribute", ("Login-TCP-Port = 23", pair("ip:sub-qos-policy-in=TEN"))),
        ("an unknown pair", "Unsupported-Attribute", (pair("ip:no-such=1"), pair("ip:sub-qos-policy-in=TEN"))),
        ("a policy map that is not there", "Invalid-Attribute-Value", (pair("ip:sub-qos-policy-in=TEN"), pair("ip:sub-qos-policy-out=NO"))),
        ("a list that is not there", "Invalid-Attribute-Value", (pair("ip:sub-qos-policy-in=TEN"), quoted("Filter-Id", "NO.in"))),
        ("an interface command that is not allowed", "Invalid-Attribute-Value", (pair("ip:interface-config=shutdown"),)),
        ("nothing to change", "Missing-Attribute", ())):
    a = coa(ME, *attributes)
    ok("CoA, %s" % name, is_nak(a, cause, "CoA"), repr(a))
ok("and nothing is changed", sp.command("show", "policy-map", "interface", "--json").stdout == before and session()["session"] == s["session"])

# ---- dropped -------------------------------------------------------------------------------------------
a = disconnect(ME, key="wrong")
ok("a wrong key: silence", a.code is None, repr(a))
a = disconnect(ME, host=one.host)
ok("a stranger: silence", a.code is None, repr(a))
now = int(time.time())
stale = bytes([55, 6]) + struct.pack("!I", now - 1000)
name = USER.encode()
who = bytes([1, len(name) + 2]) + name
lines = send(raw(40, 5, who + stale), raw(4, 6, who))
ok("another time, another code: silence", lines == ["silence", "silence"], str(lines))
st = counters()["status"]
ok("each is counted by its name", st["coa_bad_authenticator"] >= 1 and st["coa_unknown_client"] >= 1 and st["coa_old"] == 1 and
   st["coa_malformed"] == 1, str({k: v for k, v in st.items() if k.startswith("coa")}))
ok("the session does not care", session()["session"] == s["session"])
j, by = clients()
ok("show has them for each client", by["10.99.1.1"]["bad_authenticator"] >= 1 and by["10.99.1.1"]["disconnect"]["acks"] == 7 and
   by["10.99.1.1"]["disconnect"]["naks"] == 8 and by["10.99.1.1"]["coa"]["naks"] == 6 and j["unknown_clients"] >= 1, str(j))
text = sp.command("show", "aaa", "server", "radius", "dynamic-author").stdout
ok("and no key in it", "7 ACK, 8 NAK" in text and KEY not in text, text)
ok("nor in the log", KEY not in sp.log_text())

lines = ("POD: POD received from id ", "POD Request, len ", "POD: 10.99.1.1 Message Authenticator missing or failed decode",
         "POD: 10.99.1.1 request queued", "26 Vendor-Specific, 43 octets: audit-session-id", "POD: Sending NAK from port 3799 to 10.99.1.1/",
         "POD: 10.99.1.1 Error-Cause 401: attribute (16) is not understood here", "CoA: CoA received from id ", "CoA: Sending NAK from port 3799", "DROPPED: CoA or Disconnect from an address that is no client")
for words in lines:
    ok("debug aaa pod: %s" % words, wait_for(3, lambda: words in watched()), watched()[-1500:])
ok("without the values of pairs", GONE not in watched())
ok("show debugging knows", [s["pod"] for s in sp.show("debugging")["streams"]] == [True])
sp.command("undebug", "all")
ok("undebug all ends it", wait_for(5, lambda: watch.poll() is not None))

# ---- the same again ------------------------------------------------------------------------------------
gone = raw(40, 77, bytes([44, 28]) + GONE.encode() + bytes([33, 5]) + b"one" + bytes([33, 5]) + b"two")
lines = send(gone, gone)
ok("a request that comes again gets the same answer", lines[0] == lines[1] and lines[0].startswith("10.99.1.1 3799 2a4d"), str(lines))
ok("with Proxy-State in order", bytes([33, 5]).hex() + b"one".hex() + bytes([33, 5]).hex() + b"two".hex() in lines[0], lines[0])
ok("and is counted so", clients()[1]["10.99.1.1"]["repeated"] == 1)

# ---- CoA: rates and lists while it runs ------------------------------------------------------------------
answers = []
rows, at = shaped(10, [(3, lambda: answers.append(coa(ME, pair("ip:sub-qos-policy-in=TEN")))),
                       (6, lambda: answers.append(coa(ME, pair("ip:interface-config=service-policy input FIVE"))))])
ok("CoA: ACK", all(is_ack(a, "CoA") for a in answers), repr(answers))
free, ten, five = mean(rows, 0.6, 3), mean(rows, at[0] + 1, at[1]), mean(rows, at[1] + 1, 10)
ok("any rate, then 10, then 5 Mbit/s, each within a second", free > 12 and near(ten, 10) and near(five, 5), "%.2f %.2f %.2f %s" % (free, ten, five, rows))
print("# %.2f, %.2f, %.2f Mbit/s" % (free, ten, five))
ok("the session is the same", session()["session"] == s["session"])
ok("pings pass", one.host.ping("10.99.2.2") == 3)
ping = spawn(one.host.ns, "ping", "-n", "-i", "0.02", "10.99.2.2", log=os.path.join(WORK, "pings"))
time.sleep(1)
a = coa(ME, pair("ip:inacl#10=permit icmp any any"), pair("ip:inacl#20=permit ip any any"), "Idle-Timeout = 3600")
time.sleep(1)
stop_process(ping, sig=signal.SIGINT)
with open(os.path.join(WORK, "pings")) as f:
    m = re.search(r"(\d+) packets transmitted, (\d+) received", f.read())
ok("a list that permits costs no packet", is_ack(a, "CoA") and m and int(m.group(1)) - int(m.group(2)) <= 1, repr(a) + str(m and m.groups()))
a = coa(ME, quoted("Filter-Id", "NO-PING.in"))
ok("a list that denies acts with the next packet", is_ack(a, "CoA") and one.host.ping("10.99.2.2") == 0, repr(a))
a = coa(quoted("User-Name", USER), pair("ip:inacl#10=deny tcp any any"), pair("ip:inacl#20=permit ip any any"))
ok("lines of its own take its place", is_ack(a, "CoA") and one.host.ping("10.99.2.2") == 3, repr(a))
a = coa(ME, pair("ipsec:outacl=NO-PING"))
v4 = session()["assigned_ip4"]
ok("out: the LAN cannot ping the client", is_ack(a, "CoA") and t.lan.ping(v4) == 0, repr(a))
text = sp.command("show", "policy-map", "interface").stdout
ok("show policy-map interface has them", "Service-policy input: FIVE" in text and "NO-PING" in text, text)

# ---- it stays: rekeying, reload, another main -------------------------------------------------------------
sp.command("rekey", "crypto", "ipsec", "sa")
time.sleep(1)
ok("a rekeyed SA has it", t.lan.ping(v4) == 0 and one.host.ping("10.99.2.2") == 3)
sp.configure(conf(more=" sallyport nak-unknown 404\n sallyport event-timestamp require\n"))
sp.reload()
ok("after a reload, too", t.lan.ping(v4) == 0 and one.host.ping("10.99.2.2") == 3)
a = disconnect(pair("audit-session-id=" + GONE), "Event-Timestamp = %d" % int(time.time()))
ok("404 by switch", is_nak(a, "Invalid-Request") and a.says == "No Matching Session", repr(a))
a = disconnect(ME)
ok("without Event-Timestamp: silence, where it is required", a.code is None and session()["session"] == s["session"], repr(a))
sp.configure(conf(more=" auth-type session-key\n"))
sp.reload()
a = disconnect(quoted("User-Name", USER))
ok("auth-type session-key wants it", is_nak(a, "Missing-Attribute"), repr(a))
sp.configure(conf())
sp.reload()
sp.kill_main()
wait_for(10, sp.answers)
ok("a new main has the session", session() and session()["session"] == s["session"])
ok("with what CoA gave it", t.lan.ping(v4) == 0 and one.host.ping("10.99.2.2") == 3)
a = coa(ME, pair("ip:inacl#10=permit ip any any"))
ok("and takes more of it", is_ack(a, "CoA"), repr(a))
rows, _ = shaped(4, [])
ok("with its rate", near(mean(rows, 1.1, 4), 5), str(rows))
a = coa(ME, pair("ip:sub-qos-policy-in=TEN"))
rows, _ = shaped(4, [])
ok("and listens on the same port: another rate", is_ack(a, "CoA") and near(mean(rows, 1.1, 4), 10), repr(a) + str(rows))

# ---- times ---------------------------------------------------------------------------------------------------
a = coa(ME, "Session-Timeout = 86400")
ok("a longer session", is_ack(a, "CoA"), repr(a))
a = coa(ME, "Session-Timeout = 86400", "Termination-Action = RADIUS-Request")
ok("at whose end the client authenticates again", is_ack(a, "CoA") and wait_for(3, lambda: "AUTH_LIFETIME of 863" in one.log_text()), repr(a))
a = coa(ME, "Session-Timeout = 1")
ok("a shorter one: over", is_ack(a, "CoA") and ended(), repr(a) + str(sp.sessions()))

# ---- several sessions ------------------------------------------------------------------------------------------
one.write(ike_more="unique = never")
two = StrongSwan(t.client(2), ike_more="unique = never").start()
ok("two sessions of one user", one.up() and two.up() and len(sp.sessions()) == 2, str(sp.sessions()))
a = coa(quoted("User-Name", USER), quoted("Filter-Id", "NO-PING.in"))
ok("CoA for both", is_ack(a, "CoA") and one.host.ping("10.99.2.2") == 0 and two.host.ping("10.99.2.2") == 0, repr(a))
a = disconnect(quoted("User-Name", USER), quoted("Calling-Station-Id", "10.99.1.12"))
ok("one of them by its address", is_ack(a) and wait_for(5, lambda: len(sp.sessions()) == 1) and session()["peer"]["address"] == "10.99.1.11",
   repr(a) + str(sp.sessions()))
ok("and again", two.up())
a = disconnect(quoted("User-Name", USER))
ok("both at once", is_ack(a) and wait_for(5, lambda: not sp.sessions()), repr(a))
log = sp.log_text()
ok("the log has both outcomes", "coa_ack" in log and "coa_nak" in log and "error_cause=503" in log)
one.stop()
two.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
