#!/usr/bin/env python3
"""What a session may send and how fast. The first client has access lists and a rate of 5 Mbit/s in each direction, the
second has neither. Changes by reload, while iperf3 runs, act within a second, and nothing else is disturbed."""
import re
from lib import *

LIMITS = """
ip access-list extended FROM-CLIENT
 deny udp any any eq 5999
 deny tcp any any eq 5999
 permit ip any any
ipv6 access-list FROM-CLIENT6
 deny icmp any any echo-request
 permit ipv6 any any
ip access-list extended TO-CLIENT
 deny icmp any any echo
 permit ip any any
policy-map RATE
 class class-default
  police cir %d conform-action transmit exceed-action drop
"""
FILTERS = """ ip access-group FROM-CLIENT in
 ip access-group TO-CLIENT out
 ipv6 traffic-filter FROM-CLIENT6 in
"""
RATES = """ service-policy input RATE
 service-policy output RATE
"""
FREE = """
crypto ikev2 keyring KR
 peer FREE
  identity email domain free.test
  pre-shared-key %s
crypto ikev2 profile FREE
 match identity remote email domain free.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL RA
 virtual-template 2
interface Virtual-Template2 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
""" % PSK
TEMPLATE = "interface Virtual-Template1 type tunnel\n"


def conf(rate=5000000, filters=FILTERS, rates=RATES):
    return (LIMITS % rate) + CONF.replace(TEMPLATE, TEMPLATE + filters + rates) + FREE


class Stream:
    """iperf3 over UDP, 20 Mbit/s: what the receiver got, in half seconds."""

    def __init__(self, client, server_host, server, seconds, port=5201, reverse=False):
        self.server_log = os.path.join(WORK, "iperf-%f" % time.monotonic())
        self.client_log = self.server_log + "c"
        self.reverse = reverse
        self.srv = serve(server_host.ns, port, "iperf3", "-s", "-1", "-J", "-i", "0.5", "-p", port, "-B", server, log=self.server_log)
        self.begin = time.monotonic()
        self.p = spawn(client.ns, "iperf3", "-J", "-u", "-b", "20M", "-l", "1200", "-i", "0.5", "-t", seconds, "-p", port,
                       "-c", server, *(["-R"] if reverse else []), log=self.client_log)

    def mbit(self):
        """Rows (second at the end, Mbit/s with the 28 bytes of IP and UDP)."""
        self.p.wait(60)
        stop_process(self.srv, grace=5)
        try:
            with open(self.client_log if self.reverse else self.server_log) as f:
                j = json.load(f)
        except (OSError, ValueError):
            return []
        return [(i["sum"]["end"], i["sum"]["bits_per_second"] / 1e6 * 1228 / 1200) for i in j["intervals"] if i["sum"]["seconds"] > 0.3]


def mean(rows, since, until):
    v = [r for end, r in rows if since < end <= until]
    return sum(v) / len(v) if v else 0.0


def near(value, want):
    return abs(value - want) <= want / 10


def limits():
    return json.loads(sp.command("show", "policy-map", "interface", "--json").stdout)["sessions"]


def udp_passes(host, port):
    """Does a datagram from the host reach the LAN?"""
    server = serve(t.lan.ns, port, sys.executable, "-c", "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); "
                   "s.bind(('10.99.2.2', %d)); s.settimeout(3); s.recv(9)" % port, log=os.path.join(WORK, "udp"), udp=True)
    for _ in range(3):
        host.run(sys.executable, "-c", "import socket; socket.socket(socket.AF_INET,socket.SOCK_DGRAM).sendto(b'x', ('10.99.2.2', %d))" % port,
                 check=False)
        time.sleep(0.1)
    try:
        return server.wait(5) == 0
    finally:
        stop_process(server)


t = Topology()
sp = Sallyport(t.gw, conf()).start()
one = StrongSwan(t.client(1)).start()
two = StrongSwan(t.client(2), user="bob@free.test").start()
ok("both clients connect", one.up() and two.up(), one.last[-300:] + two.last[-300:] + sp.tail(5))
v4, v6 = one.addresses()
free4 = two.addresses()[0]

# ---- access lists -------------------------------------------------------------------------------
ok("what the list permits passes", udp_passes(one.host, 5998))
ok("what it denies does not", not udp_passes(one.host, 5999))
ok("the other client is free", udp_passes(two.host, 5999))
ok("out: the LAN cannot ping the client, who can ping the LAN", t.lan.ping(v4) == 0 and one.host.ping("10.99.2.2") == 3)
ok("out: the other client can be pinged", t.lan.ping(free4) == 3)
ok("IPv6 has a list of its own", one.host.ping("fd00:99:2::2") == 0 and two.host.ping("fd00:99:2::2") == 3 and t.lan.ping(v6) == 3)
shown = limits()
ok("only the first session has limits", len(shown) == 1 and shown[0]["interface"].startswith("Virtual-Access"), str(shown))
ok("denied packets are counted for the session", shown[0]["input"]["acl_drops"] >= 6 and shown[0]["output"]["acl_drops"] == 3, str(shown))
sa = [s for s in json.loads(sp.command("show", "crypto", "ipsec", "sa", "--json").stdout)["ipsec_sas"] if s["acl_drops_in"]]
ok("and with its SA", len(sa) == 1 and sa[0]["acl_drops_out"] == 3 and sa[0]["drops_policy"] >= 6, str(sa))
statuses = sp.counters()["status"]
ok("and by name", statuses["esp_acl"] >= 6 and statuses["out_acl"] >= 3, str(statuses))

# ---- rates --------------------------------------------------------------------------------------
for name, reverse in (("from the client", False), ("to the client", True)):
    rate = mean(Stream(one.host, t.lan, "10.99.2.2", 5, reverse=reverse).mbit(), 1.1, 5)
    ok("5 Mbit/s %s" % name, near(rate, 5), "%.2f" % rate)
    print("# %s: %.2f Mbit/s" % (name, rate))
rate = mean(Stream(two.host, t.lan, "10.99.2.2", 2).mbit(), 0.5, 2)
ok("the other client has 20 Mbit/s", near(rate, 20), "%.2f" % rate)
for name, reverse in (("from the client", False), ("to the client", True)):
    rate = iperf3(one.host, t.lan, "10.99.2.2", seconds=6, reverse=reverse)
    ok("TCP finds the rate, %s" % name, 3 < rate < 5.5, "%.2f" % rate)
    print("# TCP %s: %.2f Mbit/s" % (name, rate))

# ---- changed while it runs ------------------------------------------------------------------------
before = sp.sessions()
pings = [spawn(h.ns, "ping", "-n", "-i", "0.02", to, log=os.path.join(WORK, "ping-%d" % i))
         for i, (h, to) in enumerate(((two.host, "10.99.2.2"), (t.lan, free4), (one.host, "10.99.2.2")))]
for name, reverse in (("from the client", False), ("to the client", True)):
    stream = Stream(one.host, t.lan, "10.99.2.2", 11, reverse=reverse)
    time.sleep(3)
    sp.configure(conf(rate=10000000))
    sp.reload()
    at = time.monotonic() - stream.begin
    time.sleep(max(0, 5.6 - at))
    sp.configure(conf(rate=5000000, rates=""))
    sp.reload()
    gone = time.monotonic() - stream.begin
    rows = stream.mbit()
    sp.configure(conf())
    sp.reload()
    # A busy machine does not always make the 20 Mbit/s that nobody limits any more.
    a, b, c = mean(rows, 1.1, 3), mean(rows, at + 1, 5.5), mean(rows, gone + 1, 11)
    ok("%s: 5, then 10, then any rate, each within a second" % name, near(a, 5) and near(b, 10) and c > 12, "%.2f %.2f %.2f %s" % (a, b, c, rows))
    print("# %s: %.2f, %.2f, %.2f Mbit/s" % (name, a, b, c))
for p in pings:
    stop_process(p, sig=signal.SIGINT)
lost = []
for i in range(2):
    with open(os.path.join(WORK, "ping-%d" % i)) as f:
        m = re.search(r"(\d+) packets transmitted, (\d+) received", f.read())
    lost.append(int(m.group(1)) - int(m.group(2)) if m else -1)
ok("the other session lost nothing meanwhile", all(0 <= n <= 1 for n in lost), str(lost))
ok("the sessions are the same", [s["session"] for s in before] == [s["session"] for s in sp.sessions()])
sp.configure(conf(filters=""))
r = sp.reload()
ok("without the lists everything passes", udp_passes(one.host, 5999) and t.lan.ping(v4) == 3, r.stdout)
sp.configure(conf())
r = sp.reload()
ok("with them it does not", not udp_passes(one.host, 5999) and t.lan.ping(v4) == 0)
sp.configure(conf(filters=FILTERS.replace("FROM-CLIENT in", "FORM-CLIENT in")))
r = sp.reload(check=False)
ok("a list that is not there is refused", r.returncode == 2 and "FORM-CLIENT" in r.stdout, r.stdout)
ok("and what was in force stays", not udp_passes(one.host, 5999))

# ---- over rekeying and restart --------------------------------------------------------------------
dropped = limits()[0]["input"]["police_drops"]
stream = Stream(one.host, t.lan, "10.99.2.2", 5)
time.sleep(1.5)
sp.command("rekey", "crypto", "ipsec", "sa")
rate = mean(stream.mbit(), 1.1, 5)
ok("a rekeyed SA goes on with the rate", near(rate, 5), "%.2f" % rate)
ok("and with the counters", limits()[0]["input"]["police_drops"] > dropped)
stream = Stream(one.host, t.lan, "10.99.2.2", 6)
time.sleep(1.5)
sp.kill_main()
wait_for(10, sp.answers)
rows = stream.mbit()
ok("so does a new main", near(mean(rows, 3.5, 6), 5), str(rows))
ok("with the lists", not udp_passes(one.host, 5999))
text = sp.command("show", "policy-map", "interface").stdout
ok("show policy-map interface", "Service-policy input: RATE" in text and "cir 5000000 bps, bc 156250 bytes" in text and
   "Access-group: FROM-CLIENT in" in text, text)
found = sp.sql("select value from v_counters where token = 'status_esp_rate'")
ok("SQL has the drops by name", found and found[0][0] and int(found[0][0]) > 0, str(found))
one.stop()
two.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
