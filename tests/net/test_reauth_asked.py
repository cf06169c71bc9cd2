#!/usr/bin/env python3
# long: 130 s
"""Authentication again because somebody asks for it: by CoA (subscriber:command=reauthenticate), by Termination-Action of an Access-Accept or of a
CoA, by the operator. A strongSwan client logs in again beside its old IKE SA and loses no packet; RADIUS is asked again; a client that does not come
is ended with a reason of its own, also when main died meanwhile; who is away comes back by no token."""
import re

import pki_lib
from freeradius_lib import GATEWAY_EAP, GATEWAY_RADIUS, FreeRadius
from lib import *
from peer_lib import socket_in
from swan_lib import Swan, eap_connection

from ike_auth import Cert  # noqa: E402
from ike_initiator import Initiator, Refused  # noqa: E402
from ike_wire import *  # noqa: E402
from reconnect import Kept  # noqa: E402

KEY, PASSWORD, TARGET = "coa-secret", "a password", "10.99.2.2"
CONF = GATEWAY_RADIUS + """aaa server radius dynamic-author
 client 127.0.0.1 server-key %(coa)s
 sallyport reauthentication %(within)d
ip local pool RA 10.100.0.10 10.100.3.250
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
""" + GATEWAY_EAP + """ virtual-template 1
sallyport dpd retries 2
crypto ikev2 profile CERT
 match identity remote email domain corp.test
 identity local fqdn gw.example.test
 authentication remote rsa-sig
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authorization group cert list LOCAL RA
 dpd 2 1 periodic
 reconnect timeout 120
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""


STATE = """    if (&User-Name == "timed@eap.test") {
      update reply {
        &State := 0x7469636b6574
      }
    }
"""


class Pinger:
    """A ping through the tunnel every 10 ms; how many were lost."""

    def __init__(self, host, seconds):
        self.count = int(seconds * 100)
        self.p = subprocess.Popen(["ip", "netns", "exec", host.ns, "ping", "-q", "-n", "-c", str(self.count), "-i", "0.01", "-W", "2", TARGET],
                                  stdout=subprocess.PIPE, text=True)

    def lost(self):
        m = re.search(r"(\d+) packets transmitted, (\d+) received", self.p.communicate(timeout=120)[0])
        return int(m.group(1)) - int(m.group(2)) if m else self.count


t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
gw = root.leaf("gw", kind="rsa", san=["dns:gw.example.test"], eku=["server"])
leaves = {n: root.leaf(n, kind="rsa", san=["email:%s@corp.test" % n]) for n in ("dora", "emil")}
users = {"anna@eap.test": PASSWORD, "timed@eap.test": (PASSWORD, "Session-Timeout = 40, Termination-Action = RADIUS-Request"),
         "ended@eap.test": (PASSWORD, "Session-Timeout = 6, Termination-Action = Default")}
third = t.client(3)
radius = FreeRadius(t.lan, users, gw, root, address="10.99.2.2", clients="10.99.2.0/24", first="mschapv2", accepts=STATE).start()


def conf(within=60):
    return CONF % dict(coa=KEY, within=within, ca=root.cert_file, cert=gw.chain_file, key=gw.key_file)


sp = Sallyport(t.gw, conf()).start()
secrets = "".join("eap-%s { id-1 = %s\n secret = \"%s\" }\n" % (n.split("@")[0], n, PASSWORD) for n in users)

swan = {n: Swan(t.client(k), eap_connection(n, "eap.test"), secrets, cas=[root], retransmits=3, timeout="1.0", extra="make_before_break = yes").start()
        for k, n in enumerate(("anna", "timed"), 1)}


def up(n):
    r = swan[n].ctl("--initiate", "--ike", n, "--child", "net", "--timeout", 20, check=False)
    swan[n].last = r.stdout
    return r.returncode == 0


def sessions(name):
    return [s for s in sp.sessions() if s["username"] == name]


def session(name):
    v = sessions(name)
    return v[0] if len(v) == 1 else None


def ended(identity):
    return [r[0] for r in sp.sql("select end_reason from v_history where identity = '%s' and end_reason is not null order by started_ms" % identity)]


def coa(name, *attributes):
    path = os.path.join(WORK, "attributes")
    with open(path, "w") as f:
        f.write(", ".join(['User-Name = "%s"' % name] + ['Cisco-AVPair += "%s"' % a if ":" in a else a for a in attributes]) + "\n")
    return t.gw.run("radclient", "-x", "-r", "1", "-t", "1", "-f", path, "127.0.0.1:3799", "coa", KEY, check=False).stdout


def is_first(r):
    """Does an Access-Request have EAP-Response/Identity?"""
    return re.match("0x02......01", r.get("EAP-Message", [""])[0]) is not None


def accesses(name):
    """Logins that RADIUS was asked about: conversations, each with a first request of its own."""
    return len(firsts(name))


def firsts(name):
    return [r for r in radius.records("auth") if r.get("User-Name") == [name] and is_first(r)]


def acct(name):
    return [(r["Acct-Session-Id"][0], r["Acct-Status-Type"][0]) for r in radius.records() if r.get("User-Name") == [name]]


def again(name, begin, seconds=3):
    """begin() makes the client log in again: nothing is lost, RADIUS is asked, the inner address stays."""
    before, asked = session(name), accesses(name)
    n = name.split("@")[0]
    ping = Pinger(swan[n].host, seconds)
    time.sleep(0.3)
    begin()
    lost = ping.lost()
    ok("... no packet is lost", lost == 0, "%d lost\n%s" % (lost, sp.tail(12)))
    ok("... RADIUS was asked again", accesses(name) == asked + 1, "%d %d" % (asked, accesses(name)))
    now = session(name)
    ok("... the inner address stays, the session is another", now and now["assigned_ip4"] == before["assigned_ip4"] and
       now["session"] != before["session"], "%s %s" % (before, now))
    ok("... and the one before says why", ended(name)[-1:] == ["reauthenticated"], str(ended(name)))
    return before["session"], now["session"] if now else None


# ---- by CoA ------------------------------------------------------------------------------------------------
ok("anna connects", up("anna"), swan["anna"].last[-600:] + sp.tail(5) + radius.log_text()[-500:])
answers = []
first, second = again("anna@eap.test", lambda: answers.append(coa("anna@eap.test", "subscriber:command=reauthenticate", "subscriber:reauthenticate-type=rerun")))
ok("CoA: ACK", "CoA-ACK" in answers[0], answers[0])
ok("strongSwan was told", "AUTH_LIFETIME of 59s" in swan["anna"].log_text() or "AUTH_LIFETIME of 60s" in swan["anna"].log_text(), swan["anna"].log_text()[-1500:])
ok("accounting: the one stops when the other has begun", wait_for(5, lambda: [x for x in acct("anna@eap.test") if x[1] != "Interim-Update"] ==
   [(first, "Start"), (second, "Start"), (first, "Stop")]), str(acct("anna@eap.test")))
ok("counted", sp.counters()["counters"]["ike_reauthentications_asked"] == 1 and sp.counters()["counters"]["ike_reauthentications"] >= 1)
a = coa("anna@eap.test", "subscriber:command=bounce-host-port")
ok("another command: 405", "CoA-NAK" in a and "Unsupported-Service" in a, a)
a = coa("anna@eap.test", "subscriber:command=reauthenticate", "ip:sub-qos-policy-in=NO")
ok("all or nothing", "CoA-NAK" in a and sp.counters()["counters"]["ike_reauthentications_asked"] == 1, a)

# ---- by the operator, and while the IKE SA is rekeyed ---------------------------------------------------------
said = []
again("anna@eap.test", lambda: said.append(sp.command("reauthenticate", "crypto", "session", "username", "anna@eap.test").stdout))
ok("reauthenticate crypto session", "1 session asked to authenticate again" in said[0], said[0])


def rekeyed():
    sp.command("rekey", "crypto", "ikev2", "sa")
    sp.command("reauthenticate", "crypto", "session")


again("anna@eap.test", rekeyed, 4)

# ---- Session-Timeout with Termination-Action ---------------------------------------------------------------------
a = coa("anna@eap.test", "Session-Timeout = 86400", "Termination-Action = RADIUS-Request")
ok("Session-Timeout and Termination-Action by CoA: ACK", "CoA-ACK" in a, a)
ok("strongSwan was told of that, too", wait_for(3, lambda: re.search(r"AUTH_LIFETIME of 863\d\ds", swan["anna"].log_text())), swan["anna"].log_text()[-800:])
a = coa("anna@eap.test", "Termination-Action = Default")
ok("and back", "CoA-ACK" in a, a)
# strongSwan keeps its over_time (24 minutes, for nothing is configured) free, and begins as soon as it is told: in the middle of so short a time.
began = time.monotonic()
ok("timed connects", up("timed"), swan["timed"].last[-600:] + sp.tail(5))
ok("... has a session", wait_for(3, lambda: session("timed@eap.test")), str(sp.sessions()) + swan["timed"].log_text()[-1500:])
address = session("timed@eap.test")["assigned_ip4"]
ok("... carries packets", wait_for(5, lambda: swan["timed"].host.ping(TARGET, count=1) == 1))
sp.kill_main()
ok("... also when main dies", wait_for(10, sp.answers) and wait_for(5, lambda: swan["timed"].host.ping(TARGET, count=1) == 1))
ping = Pinger(swan["timed"].host, 36)
time.sleep(began + 17 - time.monotonic())
ok("Termination-Action of the Access-Accept: it stays logged in at first", accesses("timed@eap.test") == 1, swan["timed"].log_text()[-1500:])
time.sleep(began + 32 - time.monotonic())
ok("... and logs in again before the end, once", accesses("timed@eap.test") == 2 and re.search("AUTH_LIFETIME of (20|19)s, starting reauthentication", swan["timed"].log_text()),
   swan["timed"].log_text()[-1500:])
time.sleep(began + 50 - time.monotonic())
ok("... twice in all", accesses("timed@eap.test") == 3, swan["timed"].log_text()[-1500:])
ok("... State of the Access-Accept comes with the first Access-Request of the next login (RFC 2865 5.24)",
   [r.get("State") for r in firsts("timed@eap.test")][:3] == [None, ["0x7469636b6574"], ["0x7469636b6574"]], str(firsts("timed@eap.test")))
ok("... and with that of no other", all("State" not in r for r in firsts("anna@eap.test")), str(firsts("anna@eap.test")))
lost = ping.lost()
ok("... without a lost packet", lost == 0, "%d\n%s" % (lost, swan["timed"].log_text()[-1500:]))
ok("... each anew", set(ended("timed@eap.test")) == {"reauthenticated"} and sessions("timed@eap.test")[-1]["assigned_ip4"] == address, str(ended("timed@eap.test")))
swan["timed"].stop()
sp.command("clear", "crypto", "session", "username", "timed@eap.test")


# ---- who does not come, and who is away -------------------------------------------------------------------------------
def login(name):
    return Initiator(socket_in(third), "10.99.1.1", "%s@corp.test" % name, [Cert(leaves[name])], trust=[root.der], remote_id="gw.example.test",
                     cp=("address", "session-token")).login()


def waiting():
    return {s["username"] for s in sp.show("crypto", "session")["waiting"]}


sp.configure(conf(within=10))
sp.reload()
dora = login("dora")
ok("a client that passes over what it is told", dora.ping(TARGET))
a = coa("dora@corp.test", "subscriber:command=reauthenticate")
ok("... ACK", "CoA-ACK" in a, a)
sp.kill_main()
ok("... main dies, and another one answers", wait_for(10, sp.answers))
begin, dora_ended = time.monotonic(), []
while time.monotonic() - begin < 14 and not dora_ended:
    dora.listen(0.5)
    dora_ended = ended("dora@corp.test")
ok("... and is ended in time, for that reason", dora_ended == ["not_reauthenticated"], "%s\n%s" % (dora_ended, sp.tail(8)))
ok("... and not a moment too early", time.monotonic() - begin > 4, "%.1f s" % (time.monotonic() - begin))
emil = login("emil")
kept = Kept(emil)
ok("a client goes silent, and its session waits", emil.ping(TARGET) and wait_for(15, lambda: "emil@corp.test" in waiting()), sp.tail(5))
a = coa("emil@corp.test", "subscriber:command=reauthenticate")
ok("a waiting session: ACK", "CoA-ACK" in a, a)
try:
    kept.come_back(socket_in(third))
    came_back = True
except Refused:
    came_back = False
ok("... its token is no answer", not came_back and "emil@corp.test" in waiting())
sp.kill_main()
wait_for(10, sp.answers)
try:
    kept.come_back(socket_in(third))
    came_back = True
except Refused:
    came_back = False
ok("... nor for a new main", not came_back and "emil@corp.test" in waiting())
before = emil.address
emil = login("emil")
ok("... its client logs in, and has its address", emil.address == before and "emil@corp.test" not in waiting() and
   ended("emil@corp.test") == ["reauthenticated"], "%s %s %s" % (before, emil.address, ended("emil@corp.test")))
swan["anna"].stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
