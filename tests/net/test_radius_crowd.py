#!/usr/bin/env python3
# long: 90 s
"""RADIUS in a crowd, and when things die. A hundred strongSwan clients by EAP, with traffic: main is killed, and no server hears of a login
again. Two hundred logins while the first of two servers is killed, and then the server of accounting. Two hundred that wait while no
server lives: the loop does not. Then main is killed and the headend stopped and begun anew, and when the server of accounting is back, each
session has its Start and its Stop once."""
import collections
import subprocess
import threading

import lib
import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from peer_lib import socket_in
from swan_lib import Swan
from eap_peer import Eap
from ike_initiator import EAP, Initiator, NotProven, Refused, Silent

SWANS, CROWD = 100, 200
PASSWORD = "the password of all"
# A server has two tries, of 1 and of 2 seconds, with a tenth of jitter; what else a login takes here is its own work on a busy machine.
FAILOVER_S, OWN_S = 3.3, 3.0
TYPING_S = 1.0
TURN_MS = 250 # far above what the loop takes on a busy machine, far below the shortest wait for a server
SERVER = """
radius server %(name)s
 address ipv4 %(address)s auth-port 1812 acct-port 1813
 key radius-secret
 timeout 1
 retransmit 1
"""
CROWD_CONF = CONF + """
aaa group server radius LOGIN
 server name ONE
 server name TWO
 deadtime 1
aaa group server radius RECORDS
 server name THREE
aaa group server radius OTHERS
 server name FOUR
aaa authentication login USERS group LOGIN
aaa accounting network RECORDS start-stop broadcast group RECORDS group OTHERS
no sallyport half-open per-source
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 profile CROWD
 match identity remote email domain crowd.test
 identity local fqdn gw.example.test
 authentication remote eap
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authentication eap USERS
 aaa authorization group eap list LOCAL RA
 aaa accounting eap RECORDS
 virtual-template 1
"""
CONNECTION = """ %(name)s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = 10.99.1.1
  vips = 0.0.0.0
  encap = yes
  keyingtries = 1
  local { auth = eap-md5
          id = %(name)s@crowd.test }
  remote { auth = pubkey
           id = gw.example.test }
  children { %(name)s { remote_ts = 10.99.2.0/24
                        esp_proposals = aes128gcm16
                        start_action = start } } }
"""

t = Topology()
root = pki_lib.Authority("Crowd Root", kind="p256")
gw = root.leaf("gw", kind="p256", san=["dns:gw.example.test"], eku=["server"])
swans = ["s%d" % i for i in range(SWANS)]
users = {"%s@crowd.test" % n: (PASSWORD, "Acct-Interim-Interval = 4") for n in swans}
users.update({"u%d@crowd.test" % i: PASSWORD for i in range(CROWD)})


def server(n):
    """One in a network of its own behind the gateway."""
    host, net = Host("rad%d" % n), "10.99.%d" % (2 + n)
    link(t.gw, "rad%d" % n, host, "eth0")
    t.gw.addr("rad%d" % n, net + ".1/24")
    host.addr("eth0", net + ".2/24")
    return FreeRadius(host, users, gw, root, address=net + ".2", clients="10.99.0.0/16").start()


def kill(radius):
    """As if it fell over between two requests: one that it has taken has its answer, for a record that is written and not answered would
    rightly come twice."""
    nft(radius.host, "table ip dead {\n chain in { type filter hook input priority 0; udp dport { 1812, 1813 } drop; }\n}\n")
    time.sleep(0.2)
    radius.process.kill()
    radius.process.wait()


def revive(radius):
    radius.host.run("nft", "delete", "table", "ip", "dead")
    os.unlink(radius.log)
    radius.start()


def pings(host, source, seconds, every=0.05):
    p = subprocess.Popen(["ip", "netns", "exec", host.ns, "ping", "-n", "-D", "-i", str(every), "-w", str(seconds), "-I", source, "10.99.2.2"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lib._processes.append(p)
    return p


def replies(p):
    """When they came."""
    p.send_signal(signal.SIGINT)
    out = p.communicate(timeout=10)[0]
    lib._processes.remove(p)
    return [float(line[1:line.index("]")]) for line in out.splitlines() if line.startswith("[") and "bytes from" in line]


def longest_gap(times):
    return max((b - a for a, b in zip(times, times[1:])), default=99)


def type_slowly(p):
    """A user takes his time for the password, so that a server can die between its question and his answer."""
    ask = p.ask

    def later(exchange, payloads):
        if any(kind == EAP for kind, _ in payloads):
            time.sleep(TYPING_S)
        return ask(exchange, payloads)

    p.ask = later


class Crowd:
    """Logins that begin evenly within so many seconds. waits: [(name, how often it tried before, seconds, got in)]; peers: those that are in."""

    def __init__(self, prefix, seconds, again):
        self.prefix, self.again, self.waits, self.peers = prefix, again, [], []
        self.threads = [threading.Thread(target=self.come, args=(i, seconds * i / CROWD)) for i in range(CROWD)]
        for th in self.threads:
            th.start()

    def come(self, i, after):
        time.sleep(after)
        name = "%s%d@crowd.test" % (self.prefix, i)
        for tried in range(1 + self.again):
            p = Initiator(socket_in(crowd_host), "10.99.1.1", name, [Eap(name, PASSWORD, ["md5"])], trust=[root.der],
                          remote_id="gw.example.test", tries=10, seconds=2.0)
            if i % 4 == 0:
                type_slowly(p)
            begun, is_in = time.monotonic(), True
            try:
                p.login()
            except (Refused, Silent, NotProven):
                is_in = False
            self.waits.append((name, tried, time.monotonic() - begun, is_in))
            if is_in:
                self.peers.append(p)
                return

    def came(self):
        return len(self.peers)

    def join(self):
        for th in self.threads:
            th.join()
        return max(w[2] for w in self.waits)


def servers():
    return {s["name"]: s for s in sp.show("aaa", "servers")["servers"]}


def logins_asked():
    return len(one.records("auth")) + len(two.records("auth"))


def ids(kind, prefix, radius=None):
    """{session: how often the server was told this of it}, of those users."""
    return collections.Counter(r["Acct-Session-Id"][0] for r in (radius or three).records()
                               if r["Acct-Status-Type"] == [kind] and r.get("User-Name", [""])[0].startswith(prefix))


def waiting():
    return sp.sql("select count(*) from v_accounting")[0][0]


one, two, three, four = server(1), server(2), server(3), server(4)
sp = Sallyport(t.gw, "".join(SERVER % dict(name=n, address="10.99.%d.2" % (3 + k)) for k, n in enumerate(("ONE", "TWO", "THREE", "FOUR"))) +
               CROWD_CONF % dict(ca=root.cert_file, cert=gw.chain_file, key=gw.key_file)).start()
first, crowd_host = StrongSwan(t.client(1), vips="0.0.0.0", remote_ts="10.99.2.0/24").start(), t.client(3)
ok("a client is there", first.up(), getattr(first, "last", ""))

# ---- main dies under a hundred sessions of RADIUS ------------------------------------------------------------
swan = Swan(t.client(2), "".join(CONNECTION % dict(name=n) for n in swans),
            "".join("eap-%s { id = %s@crowd.test\n secret = \"%s\" }\n" % (n, n, PASSWORD) for n in swans), cas=[root], retransmits=5, timeout="1.0").start()
ok("%d clients by EAP of RADIUS" % SWANS, wait_for(30, lambda: sp.counters()["sessions"] == 1 + SWANS), "%d; %s" % (sp.counters()["sessions"], sp.tail(3)))
ok("each has a Start", wait_for(10, lambda: ids("Start", "s") == {s["session"]: 1 for s in sp.sessions() if s["identity"].startswith("s")}),
   str(len(ids("Start", "s"))))
started, asked, table = ids("Start", "s"), logins_asked(), sorted((s["identity"], s["assigned_ip4"], s["session"]) for s in sp.sessions())
probes = [pings(swan.host, row[1], 20, 0.25) for row in table if row[0].startswith("s")]
time.sleep(2)
interims = len(ids("Interim-Update", "s"))
sp.kill_main()
ok("another main answers", wait_for(10, sp.answers))
killed = time.time()
time.sleep(5)
heard = [replies(p) for p in probes]
gaps = [longest_gap(h) for h in heard]
print("   longest gap between replies %.2f s" % max(gaps))
ok("outage under 2 s for each", max(gaps) < 2 and all(h[-1] > killed + 3 for h in heard), "%.2f" % max(gaps))
ok("nobody authenticates again: the servers were asked nothing", logins_asked() == asked > SWANS, "%d, before %d" % (logins_asked(), asked))
ok("the same sessions with the same addresses", sorted((s["identity"], s["assigned_ip4"], s["session"]) for s in sp.sessions()) == table)
mark = len(three.records())
ok("accounting goes on for each under the same Acct-Session-Id", wait_for(10, lambda: {r["Acct-Session-Id"][0] for r in three.records()[mark:]
   if r["Acct-Status-Type"] == ["Interim-Update"]} == set(started)), "%d" % len(ids("Interim-Update", "s")))
ok("... with no other Start", ids("Start", "s") == started)
swan.stop()
ok("each has its Stop", wait_for(20, lambda: ids("Stop", "s") == started), str(len(ids("Stop", "s"))))
stops = {r["Acct-Session-Id"][0]: r for r in three.records() if r["Acct-Status-Type"] == ["Stop"]}
least = min(len(h) for h in heard)
ok("... with what was sent before and after", all(int(stops[row[2]]["Acct-Output-Packets"][0]) >= least for row in table if row[2] in started), str(least))

# ---- two hundred logins, and a server dies ----------------------------------------------------------------------
probe, crowd = pings(first.host, first.addresses()[0], 60), Crowd("u", 5, again=1)
ok("logins are under way", wait_for(20, lambda: crowd.came() > CROWD // 4))
kill(one)
at_death = crowd.came()
wait_for(30, lambda: crowd.came() > CROWD * 3 // 5)
kill(three)
before_three = len(ids("Start", "u"))
worst = crowd.join()
again = sum(w[1] for w in crowd.waits)
print("   %d were in when the first server died, %d tried again; longest wait %.2f s; %d Starts when accounting died" % (at_death, again, worst, before_three))
ok("all %d get in" % CROWD, crowd.came() == CROWD, "%d; %s" % (crowd.came(), sp.tail(3)))
ok("the server died in the middle", CROWD // 4 < at_death < CROWD and servers()["ONE"]["authentication"]["deaths"] >= 1, str(servers()["ONE"]))
ok("that of accounting as well", 0 < before_three < CROWD, str(before_three))
ok("who had to try again was in its hands", 0 < again <= 40, str(again))
ok("nobody waits longer than its tries", worst < FAILOVER_S + OWN_S, "%.2f s" % worst)
ok("records wait in the spool", waiting() >= CROWD - before_three, str(waiting()))
ok("the other server that is told of all does not wait for the dead one", wait_for(5, lambda: len(ids("Start", "u", four)) == CROWD),
   str(len(ids("Start", "u", four))))

# ---- no server lives ----------------------------------------------------------------------------------------------
kill(two)
nobody = Crowd("w", 2, again=0)
most = wait_for(10, lambda: sp.counters()["eap_conversations"] >= CROWD * 9 // 10 and sp.counters()["eap_conversations"])
worst = nobody.join()
turn_ms = sp.counters()["loop_turn_max_us"] / 1000
times = replies(probe)
print("   %s waited at once; longest wait %.2f s; longest turn %.1f ms; longest gap of an established client %.2f s" % (most, worst, turn_ms, longest_gap(times)))
ok("nearly all wait at the same time", most, str(sp.counters()["eap_conversations"]))
ok("all are refused", nobody.came() == 0 and len(nobody.waits) == CROWD, str(nobody.came()))
ok("when both servers had their tries", 2 < worst < 2 * FAILOVER_S + OWN_S, "%.2f s" % worst)
ok("the loop waited for nobody", 0 < turn_ms < TURN_MS, "%.1f ms" % turn_ms)
ok("an established client never noticed", len(times) > 200 and longest_gap(times) < 1, "%d, %.2f s" % (len(times), longest_gap(times)))
ok("nothing is left of their logins", wait_for(10, lambda: sp.counters()["eap_conversations"] == 0 == sp.counters()["half_open"]), str(sp.counters()["half_open"]))

# ---- records wait, whatever dies --------------------------------------------------------------------------------------
known, put = {s["session"] for s in sp.sessions() if s["identity"].startswith("u")}, waiting()
ok("all sessions are there", len(known) == CROWD)
sp.kill_main()
ok("another main has them and their records", wait_for(10, sp.answers) and len(sp.sessions()) == 1 + CROWD and waiting() == put,
   "%d, %d" % (len(sp.sessions()), waiting()))
begun = time.monotonic()
ok("clean stop while nobody takes records", sp.stop() == 0, sp.tail())
print("   stopped in %.1f s" % (time.monotonic() - begun))
ok("each left its Stop", waiting() >= put + CROWD, "%d, before %d" % (waiting(), put))
sp.start()
revive(three)
begun = time.monotonic()
ok("the server is back: all are delivered", wait_for(25, lambda: waiting() == 0), str(waiting()))
print("   delivered within %.1f s" % (time.monotonic() - begun))
every = {ulid: 1 for ulid in known}
ok("one Start of each", ids("Start", "u") == every, str(collections.Counter(ids("Start", "u").values())))
ok("one Stop of each", ids("Stop", "u") == every, str(collections.Counter(ids("Stop", "u").values())))
ok("the other server has the same", wait_for(5, lambda: ids("Start", "u", four) == ids("Stop", "u", four) == every),
   str(len(ids("Stop", "u", four))))
order = [(r["Acct-Session-Id"][0], r["Acct-Status-Type"][0]) for r in three.records() if r["Acct-Session-Id"][0] in known]
ok("... behind it", all(order.index((u, "Start")) < order.index((u, "Stop")) for u in known if (u, "Stop") in order))
ok("no secret is in the log", not any(word in sp.log_text() for word in ("radius-secret", PASSWORD)))
first.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
