#!/usr/bin/env python3
# long: 60 s
"""Authorize-Only (RFC 5176 section 3.2): radclient asks for it, FreeRADIUS gets the Access-Request with State, and what it answers is done to the
running session: changed as a whole, not at all, or ended. With every refusal, and with a server that is silent for a while or for good."""
import hashlib
import re
import struct

import pki_lib
from freeradius_lib import GATEWAY_EAP, GATEWAY_RADIUS, FreeRadius
from lib import *
from swan_lib import Swan, eap_connection

KEY, PASSWORD, TARGET = "coa-secret", "a password", "10.99.2.2"
CONF = GATEWAY_RADIUS + """aaa server radius dynamic-author
 client 10.99.1.1 server-key %(coa)s
ip access-list extended NO-PING
 deny icmp any any echo
 permit ip any any
policy-map FIVE
 class class-default
  police cir 5000000 conform-action transmit exceed-action drop
ip local pool RA 10.100.0.10 10.100.3.250
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
crypto ikev2 keyring KR
 peer ALL
  identity email domain psk.test
  pre-shared-key %(psk)s
""" + GATEWAY_EAP + """ reconnect timeout 600
 virtual-template 1
crypto ikev2 profile PSK
 match identity remote email domain psk.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL RA
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
# By State, so that only the right one is any good.
ENTRIES = """
"anna@eap.test" Service-Type == Authorize-Only, State == 0x6f6b, Auth-Type := Accept
\tFilter-Id = "NO-PING.in", Cisco-AVPair = "ip:sub-qos-policy-in=FIVE", Class = 0x6e6577, Session-Timeout = 80000
"anna@eap.test" Service-Type == Authorize-Only, State == 0x706f6f6c, Auth-Type := Accept
\tCisco-AVPair = "ip:inacl#10=permit ip any any", Framed-Pool = "RA"
"anna@eap.test" Service-Type == Authorize-Only, State == 0x6c697374, Auth-Type := Accept
\tCisco-AVPair = "ip:inacl#10=permit ip any any", Cisco-AVPair += "ip:outacl=NOWHERE"
"anna@eap.test" Service-Type == Authorize-Only, State == 0x61646472, Auth-Type := Accept
\tCisco-AVPair = "ip:inacl#10=permit ip any any", Framed-IP-Address = 10.100.9.9
"anna@eap.test" Service-Type == Authorize-Only, State == 0x66726565, Auth-Type := Accept
\tCisco-AVPair = "ip:inacl#10=permit ip any any"
"anna@eap.test" Service-Type == Authorize-Only, State == 0x736c6f77, Auth-Type := Accept
\tIdle-Timeout = 7000
"rex@eap.test" Service-Type == Authorize-Only, Auth-Type := Reject
\tReply-Message = "not any more"
"""

t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
gw = root.leaf("gw", kind="rsa", san=["dns:gw.example.test"], eku=["server"])
radius = FreeRadius(t.lan, {"anna@eap.test": PASSWORD, "rex@eap.test": PASSWORD}, gw, root, address="10.99.2.2", clients="10.99.2.0/24",
                    first="mschapv2", entries=ENTRIES).start()
sp = Sallyport(t.gw, CONF % dict(coa=KEY, psk=PSK, ca=root.cert_file, cert=gw.chain_file, key=gw.key_file)).start()
secrets = "".join("eap-%s { id-1 = %s@eap.test\n secret = \"%s\" }\n" % (n, n, PASSWORD) for n in ("anna", "rex"))
swan = {n: Swan(t.client(k), eap_connection(n, "eap.test"), secrets, cas=[root], retransmits=3, timeout="1.0").start() for k, n in enumerate(("anna", "rex"), 1)}
psk = StrongSwan(t.client(3)).start()


def up(n):
    r = swan[n].ctl("--initiate", "--ike", n, "--child", "net", "--timeout", 20, check=False)
    return r.returncode == 0 and wait_for(3, lambda: session(n + "@eap.test"))


def session(name):
    v = [s for s in sp.sessions() if s["username"] == name]
    return v[0] if len(v) == 1 else None


def ask(kind, *attributes):
    path = os.path.join(WORK, "attributes")
    with open(path, "w") as f:
        f.write(", ".join(attributes) + "\n")
    return t.gw.run("radclient", "-x", "-r", "1", "-t", "1", "-f", path, "10.99.1.1:3799", kind, KEY, check=False).stdout


def only(name, state, *more):
    return ask("coa", 'User-Name = "%s"' % name, "Service-Type = Authorize-Only", *(["State = 0x" + state.encode().hex()] if state else []), *more)


def is_initiated(text, state):
    reply = text[text.find("Received"):]
    return "CoA-NAK" in reply and "Error-Cause = Request-Initiated" in reply and "Service-Type = Authorize-Only" in reply and \
        "State = 0x" + state.encode().hex() in reply


def asked(state):
    """The Access-Requests that FreeRADIUS got with this State."""
    return [r for r in radius.records("auth") if r.get("State") == ["0x" + state.encode().hex()]]


def logged(*words):
    return [line for line in sp.log_text().splitlines() if all(w in line for w in words)]


def ended(name):
    return [r[0] for r in sp.sql("select end_reason from v_history where identity = '%s' and end_reason is not null" % name)]


# ---- what the server says is done ---------------------------------------------------------------------------
ok("anna connects", up("anna"), sp.tail(5) + radius.log_text()[-500:])
anna = swan["anna"].host
s = session("anna@eap.test")
ok("she can ping", wait_for(5, lambda: anna.ping(TARGET, count=1) == 1))
a = only("anna@eap.test", "ok", 'Acct-Session-Id = "%s"' % s["session"], 'Proxy-State = 0x7071')
ok("the answer is a NAK: Request-Initiated, with Service-Type and State", is_initiated(a, "ok") and "Proxy-State = 0x7071" in a, a)
ok("RADIUS is asked, once", wait_for(3, lambda: len(asked("ok")) == 1), str(radius.records("auth")[-1:]))
r = asked("ok")[0] if asked("ok") else {}
ok("... for authorization only, without a password", r.get("Service-Type") == ["Authorize-Only"] and "User-Password" not in r and
   "Message-Authenticator" in r and "EAP-Message" not in r, str(r))
ok("... about this session", r.get("User-Name") == ["anna@eap.test"] and r.get("Acct-Session-Id") == [s["session"]] and
   "audit-session-id=" + s["session"] in r.get("Cisco-AVPair", []) and r.get("Calling-Station-Id") == ["10.99.1.11"] and
   r.get("Called-Station-Id") == ["10.99.1.1"] and r.get("NAS-Port-Id") == [s["interface"]] and r.get("NAS-Identifier") == ["gw"] and
   "NAS-IP-Address" in r and r.get("Framed-IP-Address") == [s["assigned_ip4"]], str(r))
ok("the list acts", wait_for(3, lambda: anna.ping(TARGET, count=1) == 0), sp.tail(5))
text = sp.command("show", "policy-map", "interface").stdout
ok("and so does the rate", "Service-policy input: FIVE" in text and "NO-PING" in text, text)
ok("the session is the same", session("anna@eap.test")["session"] == s["session"])
ok("the log has question and answer", logged("coa_authorize", s["session"]) and logged("coa_ack", "authorize-only", s["session"]), sp.tail(5))
sp.kill_main()
ok("another main has it still", wait_for(10, sp.answers) and anna.ping(TARGET, count=1) == 0, sp.tail(5))

# ---- what cannot be applied is not applied, not even a part of it ---------------------------------------------
for state, words in (("pool", "Framed-Pool"), ("list", "NOWHERE"), ("addr", "Framed-IP-Address")):
    a = only("anna@eap.test", state)
    ok("%s: asked" % words, is_initiated(a, state) and wait_for(3, lambda: len(asked(state)) == 1), a)
    ok("%s: nothing changes, and the log has the name" % words, wait_for(3, lambda: logged("coa_nak", "authorize-only", words)) and
       anna.ping(TARGET, count=1) == 0 and session("anna@eap.test")["session"] == s["session"], sp.tail(5))
a = only("anna@eap.test", "free")
ok("what can be, is", is_initiated(a, "free") and wait_for(3, lambda: anna.ping(TARGET, count=1) == 1), sp.tail(5))

# ---- refused, and nobody is asked --------------------------------------------------------------------------------
before = len(radius.records("auth"))
psk_up = psk.up()
for name, cause, text in (
        ("no State", "Missing-Attribute", only("anna@eap.test", None)),
        ("a change beside it", "Unsupported-Attribute", only("anna@eap.test", "ok", "Session-Timeout = 1000")),
        ("another service", "Unsupported-Service", ask("coa", 'User-Name = "anna@eap.test"', "Service-Type = Framed-User", "State = 0x6f6b")),
        ("nobody's session", "Session-Context-Not-Found", only("nobody@eap.test", "ok")),
        ("another NAS", "NAS-Identification-Mismatch", only("anna@eap.test", "ok", 'NAS-Identifier = "other"')),
        ("a session that no server knows", "Unsupported-Service", only("client1@psk.test", "ok"))):
    ok("%s: %s" % (name, cause), psk_up and "CoA-NAK" in text and "Error-Cause = " + cause in text, text + psk.last[-300:])
a = ask("coa", 'Called-Station-Id = "10.99.1.1"', "Service-Type = Authorize-Only", "State = 0x66726565")
ok("two sessions, of which one has no server: about none", len(sp.sessions()) == 2 and "Error-Cause = Unsupported-Service" in a, a)
a = ask("disconnect", 'User-Name = "anna@eap.test"', "Service-Type = Authorize-Only")
ok("a Disconnect-Request has no service: 401", "Disconnect-NAK" in a and "Error-Cause = Unsupported-Attribute" in a, a)
time.sleep(0.3)
ok("none of them came to the server", len(radius.records("auth")) == before)
psk.stop()
sp.command("clear", "crypto", "session", "username", "client1@psk.test")

# ---- the same again, and another one meanwhile ---------------------------------------------------------------------
SENDER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
for line in sys.argv[1:]:
    s.sendto(bytes.fromhex(line), ("10.99.1.1", 3799))
    print(s.recvfrom(4096)[0].hex())
"""


def raw(ident, name, state):
    body = b"".join(bytes([k, len(v) + 2]) + v for k, v in ((1, name.encode()), (6, struct.pack("!I", 17)), (24, state.encode())))
    head = struct.pack("!BBH", 43, ident, 20 + len(body))
    return head + hashlib.md5(head + bytes(16) + body + KEY.encode()).digest() + body


radius.process.send_signal(signal.SIGSTOP)
first, second = raw(1, "anna@eap.test", "slow"), raw(2, "anna@eap.test", "ok")
lines = t.gw.run(sys.executable, "-c", SENDER, first.hex(), first.hex(), second.hex(), timeout=20).stdout.split()
radius.process.send_signal(signal.SIGCONT)
ok("a request that comes again has the same answer", len(lines) == 3 and lines[0] == lines[1] and bytes([101, 6, 0, 0, 1, 251]).hex() in lines[0], str(lines))
ok("another one while RADIUS is asked: 506", bytes([101, 6, 0, 0, 1, 250]).hex() in lines[2] and bytes([24, 4]).hex() + b"ok".hex() in lines[2], str(lines))
ok("the server was asked once, and it was done", wait_for(5, lambda: len(logged("coa_ack", "authorize-only")) == 3) and len(logged("coa_authorize")) == 6,
   str(asked("slow")) + sp.tail(5))

# ---- silence changes nothing ------------------------------------------------------------------------------------------
radius.process.send_signal(signal.SIGSTOP)
a = only("anna@eap.test", "ok")
ok("a silent server: asked", is_initiated(a, "ok"), a)
ok("... and in the end it is logged", wait_for(15, lambda: logged("coa_nak", "authorize-only", "list RAD")), sp.tail(5))
ok("... nothing has changed", anna.ping(TARGET, count=1) == 1 and session("anna@eap.test")["session"] == s["session"])
a = only("anna@eap.test", "free")
ok("... and it may be asked for again", is_initiated(a, "free"), a)
radius.process.send_signal(signal.SIGCONT)

# ---- a reject ends the session --------------------------------------------------------------------------------------------
ok("rex connects", up("rex"), sp.tail(5) + radius.log_text()[-500:])
wait_for(10, lambda: len(logged("coa_ack", "authorize-only")) + len(logged("coa_nak", "authorize-only")) == len(logged("coa_authorize")))
before = len(sp.sessions())
a = ask("coa", 'Called-Station-Id = "10.99.1.1"', "Service-Type = Authorize-Only", "State = 0x66726565")
ok("two sessions: about both", before == 2 and is_initiated(a, "free") and wait_for(3, lambda: {r["User-Name"][0] for r in asked("free")} ==
   {"anna@eap.test", "rex@eap.test"}), a + str(asked("free")))
ok("rex: his session ends, and he is told", wait_for(5, lambda: not session("rex@eap.test")) and wait_for(5, lambda: "ESTABLISHED" not in swan["rex"].ctl("--list-sas").stdout),
   sp.tail(5))
ok("... the history says why", ended("rex@eap.test") == ["authorization_refused"], str(ended("rex@eap.test")))
ok("... the log has the server's words", logged("coa_nak", "authorize-only", "not any more"), sp.tail(8))
stops = [r for r in radius.records() if r.get("User-Name") == ["rex@eap.test"] and r["Acct-Status-Type"] == ["Stop"]]
ok("... and accounting, too: Admin-Reset", wait_for(5, lambda: [r for r in radius.records() if r.get("User-Name") == ["rex@eap.test"] and
   r["Acct-Status-Type"] == ["Stop"] and r.get("Acct-Terminate-Cause") == ["Admin-Reset"]]), str(stops))
ok("anna's goes on", session("anna@eap.test")["session"] == s["session"] and anna.ping(TARGET, count=1) == 1)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
