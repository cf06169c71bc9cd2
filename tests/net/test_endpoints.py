#!/usr/bin/env python3
"""Endpoints: a headend behind DNAT (1:1 NAT, as in every cloud), a headend with two addresses that
answers from the one that was hit, and two VRFs with the same inner pool at once."""
from lib import *


def login(name, sp, ss, lan, target="10.99.2.2"):
    if not ok("%s: connects" % name, ss.up(), ss.last[-600:] + sp.tail(5)):
        return False
    ok("%s: ping" % name, ss.host.ping(target) == 3)
    return True


def behind_dnat():
    """client -- wan -- router(DNAT) -- gw: the headend knows only its private address."""
    c, gw, lan = dnat()
    sp = Sallyport(gw, name="dnat").start()
    ss = StrongSwan(c, vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
    login("behind DNAT", sp, ss, lan)
    sa = sp.show("crypto", "ikev2", "sa")["ikev2_sas"]
    ok("behind DNAT: detected as such", len(sa) == 1 and sa[0]["nat_local"], str(sa)[:300])
    ok("behind DNAT: deletes", ss.down())
    ss.stop()
    sp.stop()


def two_addresses():
    t = Topology()
    t.gw.addr("wan0", "10.99.1.2/24", "fd00:99:1::2/64")
    sp = Sallyport(t.gw, name="two").start()
    for n, gateway in enumerate(("10.99.1.2", "10.99.1.1", "fd00:99:1::2"), 1):
        ss = StrongSwan(t.client(n), gateway=gateway, user="client%d@psk.test" % n).start()
        if login("address %s" % gateway, sp, ss, t.lan):
            locals_ = [s["local"]["address"] for s in sp.sessions()]
            ok("address %s: answered from there" % gateway, gateway in locals_, str(locals_))
        ss.down()
        ss.stop()
    listed = CONF + "sallyport listen 10.99.1.2\nsallyport listen fd00:99:1::2\n"
    sp.configure(listed)
    r = sp.reload(check=False)
    ok("listed addresses: reload takes them", r.returncode == 0, r.stdout)
    sp.stop()
    sp.start()
    ss = StrongSwan(t.client(5), gateway="10.99.1.2", user="client5@psk.test").start()
    login("listed addresses", sp, ss, t.lan)
    ss.down()
    ss.write(gateway="10.99.1.1")
    ok("listed addresses: another one does not answer", not ss.up(timeout=4))
    ss.stop()
    sp.stop()


VRF_CONF = """
aaa new-model
aaa authorization network LOCAL local
%s
""" + "\n".join("""
vrf definition %(vrf)s
 address-family ipv4
ip local pool P%(n)d 10.100.0.10 10.100.0.20
crypto ikev2 authorization policy A%(n)d
 pool P%(n)d
crypto ikev2 keyring K%(n)d
 peer ALL
  identity email domain psk.test
  pre-shared-key %(psk)s
crypto ikev2 profile R%(n)d
 match fvrf %(vrf)s
 match identity remote email domain psk.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local K%(n)d
 aaa authorization group psk list LOCAL A%(n)d
 virtual-template %(n)d
interface Virtual-Template%(n)d type tunnel
 vrf forwarding %(vrf)s
 tunnel vrf %(vrf)s
 tunnel protection ipsec profile default
""" % dict(vrf="%s-v%d" % (TAG, n), n=n, psk=PSK) for n in (1, 2)) + """
crypto ikev2 policy ANY
 match fvrf any
 proposal default
"""


def two_vrfs():
    """Each VRF: its own outside and inside network, the same addresses in both."""
    front = Host("front")
    vrfs, clients, lans = [], [], []
    for n in (1, 2):
        v, c, lan = Host("v%d" % n), Host("vc%d" % n), Host("vl%d" % n)
        link(v, "wan0", c, "eth0")
        v.addr("wan0", "10.99.1.1/24")
        c.addr("eth0", "10.99.1.11/24")
        link(v, "lan0", lan, "eth0")
        v.addr("lan0", "10.99.2.1/24")
        lan.addr("eth0", "10.99.2.2/24")
        lan.route("default", "via", "10.99.2.1")
        v.sysctl("net.ipv4.ip_forward=1")
        vrfs.append(v)
        clients.append(c)
        lans.append(lan)
    sp = Sallyport(front, VRF_CONF % "", name="vrf").start()
    peers = [StrongSwan(c, vips="0.0.0.0", remote_ts="10.99.2.0/24").start() for c in clients]
    up = [login("VRF %d" % (n + 1), sp, ss, lans[n]) for n, ss in enumerate(peers)]
    if all(up):
        a = [ss.addresses() for ss in peers]
        ok("two VRFs hold the same inner address at once", a[0] == a[1] and a[0], str(a))
        ok("both still reach their own LAN", all(c.ping("10.99.2.2") == 3 for c in clients))
        ok("the LANs reach their own client", all(l.ping(a[0][0]) == 3 for l in lans))
        s = sp.sessions()
        sp.kill_main()
        wait_for(10, sp.answers)
        ok("both go on after a kill", all(wait_for(3, lambda c=c: c.ping("10.99.2.2", count=1) == 1) for c in clients))
        ok("show names the VRFs", sorted(x["fvrf"] for x in s) == ["%s-v1" % TAG, "%s-v2" % TAG], str(s))
    for ss in peers:
        ss.down()
        ss.stop()
    sp.stop()


behind_dnat()
two_addresses()
two_vrfs()
done()
