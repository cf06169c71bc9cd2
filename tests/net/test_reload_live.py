#!/usr/bin/env python3
"""What a reload does to the packets of live sessions. Pings run from the client and from the LAN to
the client while profile, pool and Virtual-Template go away, come back and go bad; and the clients of
two templates do not meet, whatever the kernel would forward."""
import re
from lib import *

PROFILE = CONF[CONF.index("crypto ikev2 profile RA"):CONF.index("interface Virtual-Template1")]
TEMPLATE = CONF[CONF.index("interface Virtual-Template1"):]
POOLS = "ip local pool RA 10.100.0.10 10.100.3.250\nipv6 local pool RA6 fd00:100::/112 128\n"
POLICY = CONF[CONF.index("crypto ikev2 authorization policy RA"):CONF.index("crypto ikev2 keyring")]
SECOND = """
ip local pool RB 10.101.0.10 10.101.0.250
ip local pool RU 10.102.0.10 10.102.0.250
crypto ikev2 authorization policy RB
 pool RB
crypto ikev2 authorization policy client3@u.test
 pool RU
 route set remote ipv4 172.30.5.0 255.255.255.0
crypto ikev2 keyring KR
 peer OTHERS
  address 0.0.0.0 0.0.0.0
  pre-shared-key %s
crypto ikev2 profile RB
 match identity remote email domain b.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL RB
 virtual-template 2
crypto ikev2 profile RU
 match identity remote email domain u.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization user psk list LOCAL
 virtual-template 1
interface Virtual-Template2 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
""" % PSK

t = Topology()
sp = Sallyport(t.gw).start()
one = StrongSwan(t.client(1)).start()
ok("the client connects", one.up(), one.last[-300:] + sp.tail(5))
v4, v6 = one.addresses()
PATHS = ((one.host, "10.99.2.2"), (one.host, "fd00:99:2::2"), (t.lan, v4), (t.lan, v6))


class Pings:
    """Both ways, both families, all the time."""

    def __init__(self):
        self.all = [(log, spawn(h.ns, "ping", "-n", "-i", "0.05", to, log=log)) for n, (h, to) in enumerate(PATHS)
                    for log in [os.path.join(WORK, "ping-live-%d-%f" % (n, time.monotonic()))]]

    def stop(self):
        """The longest row of lost ones of each."""
        worst = []
        time.sleep(0.3)
        for log, p in self.all:
            stop_process(p, sig=signal.SIGINT)
            with open(log) as f:
                text = f.read()
            m = re.search(r"(\d+) packets transmitted, (\d+)", text)
            seen = [int(n) for n in re.findall(r"bytes from .*icmp_seq=(\d+)", text)]
            sent = int(m.group(1)) if m else 999
            worst.append(max((b - a - 1 for a, b in zip([0] + seen, seen + [max(sent, 1)])), default=sent))
        return worst


def routes():
    return [line.strip() for six in ([], ["-6"]) for line in t.gw.ip(*six, "route").stdout.splitlines() if "sp-vt" in line]


def leads(address, device):
    return ("dev %s" % device) in t.gw.ip(*(["-6"] if ":" in address else []), "route", "get", address, check=False).stdout


def session(user="client1@psk.test"):
    found = [s for s in sp.sessions() if s["identity"] == user]
    return found[0]["session"] if len(found) == 1 else None


def step(name, conf, good=True):
    before = session()
    pings = Pings()
    time.sleep(0.5)
    sp.configure(conf)
    r = sp.reload(check=False)
    ok("%s: %s" % (name, "taken" if good else "refused"), (r.returncode == 0) == good, r.stdout)
    time.sleep(1.5)
    gaps = pings.stop()
    ok("%s: traffic goes on, both ways and families" % name, max(gaps) <= 3, "%s lost in a row; %s" % (gaps, routes()))
    ok("%s: the session is the same" % name, before and session() == before)


step("profile removed", CONF.replace(PROFILE, ""))
step("everything again", CONF)
step("pools removed", CONF.replace(POOLS, "").replace(" pool RA\n", "").replace(" ipv6 pool RA6\n", ""))
ok("its addresses have their own routes, the pools have none", len(routes()) == 2 and leads(v4, "sp-vt1") and leads(v6, "sp-vt1"), str(routes()))
step("everything again", CONF)
ok("the pools' routes serve it again", not any(line.startswith((v4 + " ", v6 + " ")) for line in routes()), str(routes()))
step("profile, policy and pools removed", CONF.replace(PROFILE, "").replace(POLICY, "").replace(POOLS, ""))
step("template removed", CONF.replace(PROFILE, "").replace(TEMPLATE, ""))
step("bad configuration", CONF + "crypto ikev2 profile RA\n lifetime 5\n", good=False)
step("an address that is not here", CONF + "sallyport listen 10.77.7.7\ncrypto ikev2 diagnose error 7\n", good=False)
ok("the list of failures kept its size", "100 entries kept" in sp.command("show", "crypto", "ikev2", "diagnose", "error").stdout)
step("template removed again", CONF.replace(PROFILE, "").replace(TEMPLATE, ""))
before = session()
pings = Pings()
sp.kill_main()
wait_for(10, sp.answers)
time.sleep(1)
gaps = pings.stop()
ok("a new main keeps the device that is configured no more", max(gaps) <= 30 and session() == before, "%s lost in a row; %s" % (gaps, routes()))
step("template back, another MTU", CONF.replace("interface Virtual-Template1 type tunnel\n", "interface Virtual-Template1 type tunnel\n ip mtu 1380\n"))
step("template removed once more", CONF.replace(PROFILE, "").replace(TEMPLATE, ""))
ok("the client leaves", one.down())
ok("with its last session the device closes", wait_for(5, lambda: not routes() and t.gw.ip("link", "show", "sp-vt1", check=False).returncode != 0),
   str(routes()))
step_conf = CONF.replace(POOLS, "ip local pool RA 10.100.0.10 10.100.0.10\nipv6 local pool RA6 fd00:100::/112 128\n")
sp.configure(step_conf)
sp.reload()
ok("the client comes back", one.up(), one.last[-300:])
sp.configure(CONF.replace(POOLS, "").replace(" pool RA\n", "").replace(" ipv6 pool RA6\n", ""))
sp.reload()
one.down()
ok("the routes of a pool that is gone go with its last session", wait_for(5, lambda: not routes()), str(routes()))

# ---- routes that policies chosen by the peer's identity want, and two templates ------------------------
sp.configure(CONF + SECOND)
sp.reload()
ok("a pool leads to the template whose profile names its policy", leads("10.101.0.77", "sp-vt2"), str(routes()))
ok("a pool of a policy chosen by identity has a route", leads("10.102.0.77", "sp-vt1"), str(routes()))
ok("so has the network of `route set remote`", leads("172.30.5.1", "sp-vt1"), str(routes()))
two = StrongSwan(t.client(2), user="bob@b.test", remote_ts="0.0.0.0/0", vips="0.0.0.0").start()
three = StrongSwan(t.client(3), user="client3@u.test", vips="0.0.0.0").start()
one.write(remote_ts="0.0.0.0/0", vips="0.0.0.0")
ok("three clients connect", one.up() and two.up() and three.up(), one.last[-200:] + two.last[-200:] + three.last[-200:] + sp.tail(3))
ok("the one whose pool his identity chose reaches the LAN", three.host.ping("10.99.2.2") == 3)
ok("and the LAN reaches him", t.lan.ping(three.addresses()[0]) == 3)
a, b = one.addresses()[0], two.addresses()[0]
ok("both others reach the LAN", one.host.ping("10.99.2.2") == 3 and two.host.ping("10.99.2.2") == 3)
ok("a client of one template does not reach one of another", one.host.ping(b) == 0 and two.host.ping(a) == 0)
permit = (CONF + SECOND).replace("tunnel mode ipsec ipv4", "tunnel mode ipsec ipv4\n sallyport client-to-client permit", 1)
sp.configure(permit)
sp.reload()
ok("nor when only one of the two permits it", one.host.ping(b) == 0 and two.host.ping(a) == 0)
sp.configure((CONF + SECOND).replace("tunnel mode ipsec ipv4", "tunnel mode ipsec ipv4\n sallyport client-to-client permit"))
sp.reload()
ok("but when both do", one.host.ping(b) == 3 and two.host.ping(a) == 3, sp.tail(3))
# Both templates with one pool: the kernel has one route for it, sessions of the other have their own.
sp.configure((CONF + SECOND).replace("list LOCAL RB", "list LOCAL RA"))
sp.reload()
two.down()
ok("a client of the template without the pool's route connects", two.up(), two.last[-300:])
ok("and is reached", t.lan.ping(two.addresses()[0]) == 3 and leads(two.addresses()[0], "sp-vt2"), str(routes()))
lone = two.addresses()[0]
two.down()
ok("its route goes with it", wait_for(5, lambda: leads(lone, "sp-vt1")), str(routes()))
for ss in (one, two, three):
    ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
