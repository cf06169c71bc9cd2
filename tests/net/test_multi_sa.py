#!/usr/bin/env python3
"""Several IPsec SAs of one IKE SA, asked for by us: `tunnel protection ipsec policy`, from the first
message on or after a childless start (RFC 6023), with a Sallyport and with strongSwan as gateway."""
from tunnel_lib import *

POLICY = """
ip access-list extended PAIRS
 permit ip 10.99.3.0 0.0.0.255 host 10.99.2.2
 permit ip 10.99.3.0 0.0.0.255 host 10.99.2.1
ipv6 access-list PAIRS6
 permit ipv6 fd00:99:3::/64 fd00:99:2::/64
"""
# Its data path wants an address of its own in its half of the selectors.
HALVES = """
ip access-list extended PAIRS
 permit ip 10.99.3.0 0.0.0.127 10.99.2.0 0.0.0.255
 permit ip 10.99.3.128 0.0.0.127 10.99.2.0 0.0.0.255
"""
TUNNEL = "tunnel protection ipsec policy ipv4 PAIRS"
TUNNEL6 = TUNNEL + "\n tunnel protection ipsec policy ipv6 PAIRS6"


def text(childless, policy=POLICY):
    return side(before=policy, dpd="sallyport childless" if childless else "",
                tunnel=TUNNEL6 if policy == POLICY else TUNNEL)


def count(sp):
    return len(sp.show("crypto", "ipsec", "sa")["ipsec_sas"])


def with_hub(t):
    hub = Sallyport(t.gw, HUB, name="hub").start()
    site = Site(t.client(1))
    for childless in (False, True):
        name = "childless" if childless else "plain"
        sp = Sallyport(site.host, text(childless), name=name).start()
        ok("%s: up" % name, up(sp), sp.tail() + hub.tail())
        ok("%s: three IPsec SAs on both sides" % name, wait_for(10, lambda: count(sp) == 3 and count(hub) == 3),
           "%d %d" % (count(sp), count(hub)) + sp.tail())
        ok("%s: each of them carries" % name, site.lan.ping("10.99.2.2") == 3 and site.lan.ping("fd00:99:2::2") == 3 and
           site.lan.ping("10.99.2.1") == 3, sp.tail() + hub.tail())
        ok("%s: nothing else does" % name, site.host.ping("10.99.2.2") == 0)
        pinger = spawn(site.lan.ns, "ping", "-n", "-i", "0.02", "-c", "150", "10.99.2.2", log=os.path.join(WORK, "ping" + name))
        before = sorted(s["spi_in"] for s in sp.show("crypto", "ipsec", "sa")["ipsec_sas"])
        (hub if childless else sp).command("rekey", "crypto", "ipsec", "sa")
        time.sleep(1)
        (sp if childless else hub).command("rekey", "crypto", "ikev2", "sa")
        pinger.wait(30)
        with open(os.path.join(WORK, "ping" + name)) as f:
            got = f.read()
        now = lambda: {s["spi_in"] for s in sp.show("crypto", "ipsec", "sa")["ipsec_sas"]}
        ok("%s: rekeyed, no ping is lost" % name, " 150 received" in got, got[-200:])
        ok("%s: three others" % name, wait_for(8, lambda: len(now()) == 3 and not now() & set(before)), "%s %s" % (before, now()))
        sp.kill_main()
        wait_for(10, sp.answers)
        ok("%s: main dies, all three stand" % name, site.lan.ping("10.99.2.2") == 3 and site.lan.ping("fd00:99:2::2") == 3 and
           wait_for(5, lambda: count(sp) == 3) and count(hub) == 3, sp.tail())
        ok("%s: clean stop" % name, sp.stop() == 0 and wait_for(5, lambda: not hub.sessions()))
    hub.stop()


def with_strongswan(t):
    gw = StrongSwanGateway(t.gw, gwid="hub.test", psk="sesame", pools="", remote_ts="10.99.3.0/24").start()
    site = Site(t.client(2))
    site.lan.addr("eth0", "10.99.3.130/24")

    def both():
        return site.lan.ping("10.99.2.2") == 3 and \
            " 3 received" in site.lan.run("ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "-I", "10.99.3.130", "10.99.2.2", check=False).stdout

    for childless in (False, True):
        name = "strongSwan, %s" % ("childless" if childless else "plain")
        sp = Sallyport(site.host, text(childless, HALVES), name="ss%d" % childless).start()
        ok("%s: up" % name, up(sp), sp.tail())
        ok("%s: two IPsec SAs" % name, wait_for(10, lambda: count(sp) == 2), str(count(sp)) + sp.tail())
        ok("%s: each of them carries" % name, both(), sp.tail())
        sp.command("rekey", "crypto", "ipsec", "sa")
        time.sleep(1)
        ok("%s: rekeyed" % name, both() and
           wait_for(8, lambda: count(sp) == 2), sp.tail())
        ok("%s: clean stop" % name, sp.stop() == 0)
    gw.stop()


def limited(t):
    """`ipsec flow-limit` of the authorization policy (R-AZP-10): what is more is refused, what stands stays."""
    hub = Sallyport(t.gw, HUB.replace("policy SITE\n", "policy SITE\n ipsec flow-limit 2\n"), name="few").start()
    site = Site(t.client(3))
    sp = Sallyport(site.host, text(False), name="many").start()
    ok("limit: up", up(sp), sp.tail() + hub.tail())
    ok("limit: the third is refused", wait_for(10, lambda: hub.counters()["status"]["no_additional_sas"] > 0), hub.tail())
    ok("limit: two stand and carry", wait_for(5, lambda: count(hub) == 2 and count(sp) == 2) and
       site.lan.ping("10.99.2.2") == 3, "%d %d" % (count(sp), count(hub)))
    hub.kill_main()
    wait_for(10, hub.answers)
    ok("limit: a new main knows it", count(hub) == 2 and site.lan.ping("10.99.2.2") == 3)
    sp.command("clear", "crypto", "session", check=False)
    ok("limit: again two", wait_for(20, lambda: count(hub) == 2 and count(sp) == 2), "%d %d" % (count(sp), count(hub)))
    sp.stop()
    hub.stop()


t = Topology()
with_hub(t)
limited(t)
with_strongswan(t)
done()
