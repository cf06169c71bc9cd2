#!/usr/bin/env python3
"""CoA and Disconnect by RADIUS (RFC 5176), as radclient sends them: each way to name a session, each refusal, what is
dropped without a word, what is changed in a live session, and all of it again after main was killed."""
import re
import socket
import struct
import hashlib
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


t = Topology()
sp = Sallyport(t.gw, conf()).start()
one = StrongSwan(t.client(1)).start()
USER = "client1@psk.test"

# ---- Disconnect, by each name of a session ------------------------------------------------------------
for number, name in enumerate(("audit-session-id", "Acct-Session-Id", "User-Name", "Framed-IP-Address", "Framed-IPv6-Address",
                               "Calling-Station-Id", "NAS-Port-Id")):
    ok("the client connects (%s)" % name, one.up(), one.last[-300:] + sp.tail(5))
    s = session()
    if number == 0:
        fields = s
        v4, v6 = one.addresses()
    named = {"audit-session-id": pair("audit-session-id=" + s["session"]),
             "Acct-Session-Id": quoted("Acct-Session-Id", s["session"]),
             "User-Name": quoted("User-Name", USER),
             "Framed-IP-Address": "Framed-IP-Address = %s" % v4,
             "Framed-IPv6-Address": "Framed-IPv6-Address = %s" % v6,
             "Calling-Station-Id": quoted("Calling-Station-Id", one.host.address if hasattr(one.host, "address") else "10.99.1.11"),
             "NAS-Port-Id": quoted("NAS-Port-Id", "Virtual-Access%d" % (s["tunnel_id"] if "tunnel_id" in s else 0))}[name]
    if name in ("Calling-Station-Id", "NAS-Port-Id"):
        print("#", s)
    a = disconnect(named)
    ok("%s: ACK" % name, is_ack(a), repr(a))
    ok("%s: the session is gone, and the client knows" % name, ended(), str(sp.sessions()))
    ok("%s: its address is free" % name, "in_use\": 0" in sp.command("show", "ip", "local", "pool", "--json").stdout.replace("\"in_use\":0", "\"in_use\": 0"),
       sp.command("show", "ip", "local", "pool", "--json").stdout)
rows = sp.sql("select end_reason from v_history")
ok("the history says why", rows and all(r[0] == "disconnect_request" for r in rows), str(rows))
one.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
