#!/usr/bin/env python3
# long: 85 s
"""Site-to-site: `interface TunnelN` of one Sallyport against a virtual template or a tunnel of another
and against strongSwan, over IPv4 and IPv6, plain and behind NAT, in VRFs;
negotiated addresses and announced networks; restarts of either side, reload."""
from tunnel_lib import *


def addresses(host, dev="sp-tu1"):
    r = host.ip("-o", "addr", "show", "dev", dev, check=False)
    out = "" if r.returncode else r.stdout
    return sorted(w for line in out.splitlines() for w in line.split()[3:4])


def routes(host, dev="sp-tu1"):
    """Static ones, both families: {prefix: metric}."""
    found = {}
    for family in ("-4", "-6"):
        for line in host.ip(family, "route", "show", "dev", dev, "proto", "static", check=False).stdout.splitlines():
            words = line.split()
            found[words[0]] = int(words[words.index("metric") + 1]) if "metric" in words else 0
    return found


def log_count(sp, word):
    return sp.log_text().count(" %s " % word)


def site_to_hub(t, hub):
    """Static addresses and routes against a virtual template."""
    site = Site(t.client(1))
    sp = Sallyport(site.host, side(dpd="dpd 10 2 periodic"), name="site").start()
    ok("sVTI to dVTI: comes up by itself", up(sp), sp.tail())
    ok("sVTI to dVTI: LAN to LAN", site.lan.ping("10.99.2.2") == 3, sp.tail() + hub.tail())
    ok("sVTI to dVTI: LAN to LAN, IPv6", site.lan.ping("fd00:99:2::2") == 3)
    ok("sVTI to dVTI: the other way", t.lan.ping("10.99.3.2") == 3)
    ok("sVTI to dVTI: addresses stand", addresses(site.host) == ["10.9.9.2/30", "fd00:9::2/64"], str(addresses(site.host)))
    ok("sVTI to dVTI: routes", routes(site.host) == {"10.99.2.0/24": 1, "fd00:99:2::/64": 1}, str(routes(site.host)))
    rate = iperf3(site.lan, t.lan, "10.99.2.2", seconds=4)
    back = iperf3(site.lan, t.lan, "10.99.2.2", seconds=4, reverse=True)
    print("# sVTI to dVTI: %.0f Mbit/s, back %.0f" % (rate, back))
    ok("sVTI to dVTI: iperf3", rate > 50 and back > 50, "%.0f %.0f" % (rate, back))
    s = active(sp)[0]
    ok("show names the interface", s["interface"] == "Tunnel1" and "Interface: Tunnel1" in sp.command("show", "crypto", "session").stdout)

    # ---- main dies ----------------------------------------------------------------------------------
    pinger = spawn(site.lan.ns, "ping", "-n", "-i", "0.05", "-c", "140", "10.99.2.2", log=os.path.join(WORK, "ping"))
    time.sleep(1.2)
    sp.kill_main()
    wait_for(10, sp.answers)
    time.sleep(1)
    hub.kill_main()
    wait_for(10, hub.answers)
    pinger.wait(30)
    with open(os.path.join(WORK, "ping")) as f:
        got = [line for line in f if "received" in line]
    received = int(got[0].split(",")[1].split()[0]) if got else 0
    ok("either main dies: at most a moment is lost", received >= 130, str(got))
    ok("either main dies: the same session", [x["session"] for x in active(sp)] == [s["session"]], sp.tail())
    ok("either main dies: nobody connected again", len(hub.sessions()) == 1 and len(sp.sessions()) == 1 and
       hub.counters()["counters"]["ike_sa_up"] == 1, str(hub.counters()["counters"]["ike_sa_up"]))
    ok("either main dies: addresses and routes stand", addresses(site.host) == ["10.9.9.2/30", "fd00:9::2/64"] and
       routes(site.host) == {"10.99.2.0/24": 1, "fd00:99:2::/64": 1}, str(routes(site.host)))

    # ---- reload --------------------------------------------------------------------------------------
    def reload(text):
        sp.configure(text)
        return sp.reload(check=False)

    r = reload(side(dpd="dpd 10 2 periodic", tunnel="description x\n ip mtu 1300", after=SITE_ROUTES + "\nip route 10.98.0.0 255.255.0.0 Tunnel1 77"))
    ok("reload: a new route is live", wait_for(5, lambda: routes(site.host).get("10.98.0.0/16") == 77), str(routes(site.host)))
    ok("reload, something else: the session goes on", r.returncode == 0 and [x["session"] for x in active(sp)] == [s["session"]], r.stdout)
    ok("reload: LAN to LAN", site.lan.ping("10.99.2.2") == 3)
    r = reload(side(source="10.99.1.11", addresses="ip address 10.9.9.2 255.255.255.255"))
    ok("reload, another source: a new session", wait_for(10, lambda: active(sp) and active(sp)[0]["session"] != s["session"]), sp.tail())
    ok("reload: other addresses", addresses(site.host) == ["10.9.9.2/32"] and routes(site.host) == {"10.99.2.0/24": 1, "fd00:99:2::/64": 1},
       str(addresses(site.host)) + str(routes(site.host)))
    ok("reload: LAN to LAN again", site.lan.ping("10.99.2.2") == 3, sp.tail())
    ended = sp.sql("select end_reason from v_history where ulid = '%s'" % s["session"])
    ok("reload: the store says why", ended == [("config_change",)], str(ended))
    ok("shutdown ends it", reload(side(tunnel="shutdown")).returncode == 0 and wait_for(5, lambda: not sp.sessions()) and
       wait_for(5, lambda: not hub.sessions()) and "sp-tu1" not in site.host.ip("link").stdout, sp.tail())
    ok("no shutdown begins it", reload(side()).returncode == 0 and up(sp), sp.tail())
    ok("without the interface it ends", reload("hostname x\n").returncode == 0 and wait_for(5, lambda: not sp.sessions()) and
       wait_for(5, lambda: "sp-tu1" not in site.host.ip("link").stdout), sp.tail())
    reload(side())
    up(sp)

    # ---- the gateway stops and comes back ---------------------------------------------------------------
    hub.stop()
    ok("the gateway stops: the session ends", wait_for(8, lambda: not active(sp)), sp.tail())
    ok("no session: show says DOWN", "Interface: Tunnel1" in sp.command("show", "crypto", "session").stdout and
       "Session status: DOWN" in sp.command("show", "crypto", "session").stdout, sp.command("show", "crypto", "session").stdout)
    hub.start()
    ok("the gateway is back: so is the session", up(sp, 40), sp.tail())
    ok("the gateway is back: LAN to LAN", site.lan.ping("10.99.2.2") == 3)
    hub.command("clear", "crypto", "session")
    ok("cleared there: it comes back", wait_for(10, lambda: log_count(sp, "client_down") >= 2) and up(sp), sp.tail())
    sp.command("clear", "crypto", "session")
    ok("cleared here: it comes back", up(sp) and site.lan.ping("10.99.2.2") == 3, sp.tail())

    # ---- what cannot work says why ------------------------------------------------------------------------
    for name, text, reason in (
            ("a wrong key", side(psk="wrong", source="10.99.1.11"), "AUTHENTICATION_FAILED"),
            ("no way to the peer", side(peer="192.0.2.1"), "the host has no way to the peer"),
            ("a source of nowhere", side(source="eth77"), "source interface has no address"),
            ("a way into the tunnel", side(peer="10.99.2.1", source="eth0"), "leads into a tunnel"),
            ("a profile that is shut down", side(before="crypto ikev2 profile P\n shutdown"), "profile P is shut down")):
        reload(text)
        ok("%s: said" % name, wait_for(8, lambda: any("client_failed" in line and reason in line for line in sp.log_text().splitlines())),
           sp.tail(4))
    ok("nothing is up then", not active(sp), str(sp.sessions()))
    reload(side(source="eth0"))
    ok("source by interface", up(sp) and active(sp)[0]["local"]["address"] == "10.99.1.11", sp.tail())
    ok("clean stop", sp.stop() == 0, sp.tail())
    ok("clean stop: the gateway knows", wait_for(5, lambda: not hub.sessions()))


def negotiated(t, hub):
    """Addresses and networks from the gateway; over IPv6, behind NAT, default route beside it."""
    hosts = ((t.client(2), "10.99.1.1", "plain"), (t.client(3), "fd00:99:1::1", "over IPv6"), (t.nat(1), "10.99.1.1", "behind NAT"))
    for n, (host, peer, name) in enumerate(hosts, 2):
        # A route of the operator's too: it must survive that the address comes and goes.
        text = side(before="crypto ikev2 nat keepalive 5", id="c%d.road.test" % n, peer=peer, addresses=NEGOTIATED, after="ip route 10.97.0.0 255.255.0.0 Tunnel1")
        sp = Sallyport(host, text, name="road%d" % n).start()
        if not ok("negotiated, %s: up" % name, up(sp), sp.tail() + hub.tail(5)):
            continue
        s = active(sp)[0]
        mine = sorted([s["assigned_ip4"] + "/32", s["assigned_ip6"] + "/128"])
        expected = {"10.99.2.0/24": 2, "fd00:99:2::/64": 2, "10.97.0.0/16": 1}
        ok("negotiated, %s: addresses on the device" % name, addresses(host) == mine, "%s %s" % (addresses(host), mine))
        ok("negotiated, %s: announced networks are routes" % name, routes(host) == expected, str(routes(host)))
        ok("negotiated, %s: ping" % name, host.ping("10.99.2.2") == 3 and host.ping("fd00:99:2::2") == 3, sp.tail())
        ok("negotiated, %s: known there by the same address" % name,
           s["assigned_ip4"] in [x["assigned_ip4"] for x in hub.sessions()])
        rate = iperf3(host, t.lan, "10.99.2.2", seconds=3)
        ok("negotiated, %s: iperf3" % name, rate > 50, "%.0f" % rate)
        if name != "over IPv6":
            before = hub.counters()["counters"]["nat_keepalives_in"]
            time.sleep(11)
            came = hub.counters()["counters"]["nat_keepalives_in"] - before
            ok("negotiated, %s: %s NAT keepalives in 11 s" % (name, "two" if name == "behind NAT" else "no"),
               came in ((2, 3) if name == "behind NAT" else (0,)), str(came))
        sp.kill_main()
        wait_for(10, sp.answers)
        ok("negotiated, %s: main dies, all stands" % name, addresses(host) == mine and routes(host) == expected and
           [x["session"] for x in active(sp)] == [s["session"]] and host.ping("10.99.2.2") == 3, "%s %s" % (addresses(host), routes(host)))
        sp.configure(text.replace("hostname side", "hostname other"))
        sp.reload()
        ok("negotiated, %s: reload, all stands" % name, addresses(host) == mine and routes(host) == expected and
           [x["session"] for x in active(sp)] == [s["session"]], "%s %s" % (addresses(host), routes(host)))
        if n == 2:
            hub.stop()
            ok("negotiated: gone with the session", wait_for(8, lambda: addresses(host) == [] and routes(host) == {"10.97.0.0/16": 1}),
               "%s %s" % (addresses(host), routes(host)))
            hub.start()
            ok("negotiated: back with it", wait_for(40, lambda: len(addresses(host)) == 2 and routes(host) == expected),
               "%s %s" % (addresses(host), routes(host)))
        ok("negotiated, %s: clean stop" % name, sp.stop() == 0)


def both_sides():
    """Two tunnels face each other and both connect (R-LEG-04)."""
    wan = Wan("bwan")
    a, b = Host("ba"), Host("bb")
    wan.join(a, "eth0", "10.99.1.1/24")
    wan.join(b, "eth0", "10.99.1.2/24")
    one = Sallyport(a, side(id="one.test", peer_id="two.test", peer="10.99.1.2", addresses="ip address 10.9.0.1 255.255.255.252", after=""), name="one")
    two = Sallyport(b, side(id="two.test", peer_id="one.test", peer="10.99.1.1", addresses="ip address 10.9.0.2 255.255.255.252", after=""), name="two")
    for s in (one, two):
        s.start()
    ok("both connect: up", wait_for(15, lambda: active(one) and active(two)), one.tail() + two.tail())
    ok("both connect: ping", a.ping("10.9.0.2") == 3 and b.ping("10.9.0.1") == 3)

    def rests(name):
        """No session comes or goes any more."""
        wait_for(10, lambda: one.answers() and two.answers() and active(one) and active(two))
        time.sleep(2)
        before = [log_count(s, "session_up") for s in (one, two)]
        time.sleep(4)
        after = [log_count(s, "session_up") for s in (one, two)]
        ok("%s: it rests" % name, before == after and active(one) and active(two), "%s %s" % (before, after))
        ok("%s: ping" % name, a.ping("10.9.0.2") == 3 and b.ping("10.9.0.1") == 3, one.tail() + two.tail())

    rests("both connect")
    two.stop()
    two.start()
    rests("one is stopped and started")
    stop_process(two.process, sig=signal.SIGKILL)
    two.start()
    rests("one is killed and started")
    one.kill_main()
    wait_for(10, one.answers)
    rests("one's main dies")
    one.command("clear", "crypto", "session")
    rests("cleared")
    for sp in (one, two):
        stop_process(sp.process, sig=signal.SIGKILL)
    for sp in (one, two):
        sp.spawn()
    rests("both start at once")
    # ---- one only waits: its tunnel has no destination ------------------------------------------------
    two.configure(side(id="two.test", peer_id="one.test", peer="dynamic", addresses="ip address 10.9.0.2 255.255.255.252", after=""))
    two.reload()
    ok("one waits: only the other connects", wait_for(40, lambda: len(active(one)) == 1 and len(active(two)) == 1) and
       [x["initiator"] for x in two.show("crypto", "ikev2", "sa")["ikev2_sas"]] == [False], one.tail() + two.tail())
    ok("one waits: its session is on the tunnel", active(two)[0]["interface"] == "Tunnel1" and
       a.ping("10.9.0.2") == 3 and b.ping("10.9.0.1") == 3, str(two.sessions()))
    ok("both connect: clean stops", one.stop() == 0 and two.stop() == 0)


def in_vrfs(t, hub):
    """Outside in one VRF, inside in another, everything through the tunnel."""
    front, outer, inner = Host("vf"), Host("vo"), Host("vi")
    t.wan.join(outer, "eth0", "10.99.1.41/24")
    text = side(id="v.road.test", addresses="ip address negotiated", fvrf="match fvrf %s" % outer.ns,
                before="vrf definition %s\n address-family ipv4\nvrf definition %s\n address-family ipv4\n"
                       "crypto ikev2 policy ANY\n match fvrf any\n proposal default" % (outer.ns, inner.ns),
                tunnel="tunnel vrf %s\n vrf forwarding %s" % (outer.ns, inner.ns),
                after="ip route vrf %s 0.0.0.0 0.0.0.0 Tunnel1" % inner.ns)
    sp = Sallyport(front, text, name="vrfs").start()
    if ok("in VRFs: up", up(sp), sp.tail()):
        s = active(sp)[0]
        ok("in VRFs: show", (s["fvrf"], s["ivrf"]) == (outer.ns, inner.ns), str(s))
        ok("in VRFs: the address is inside", addresses(inner) == [s["assigned_ip4"] + "/32"] and not addresses(outer))
        ok("in VRFs: everything goes through", routes(inner) == {"default": 1, "10.99.2.0/24": 2}, str(routes(inner)))
        ok("in VRFs: ping", inner.ping("10.99.2.2") == 3)
    sp.stop()


def to_strongswan(t):
    """A strongSwan gateway: with addresses, and site to site."""
    ss = StrongSwanGateway(t.gw, psk="sesame", gwid="hub.test", subnets="10.99.2.0/24").start()
    c = t.client(4)
    sp = Sallyport(c, side(id="s.road.test", addresses="ip address negotiated", after="", dpd="dpd 10 2 periodic"), name="tostrong").start()
    ok("to strongSwan: up", up(sp), sp.tail() + ss.log_text()[-1500:])
    ok("to strongSwan: its network is a route", routes(c) == {"10.99.2.0/24": 2}, str(routes(c)))
    ok("to strongSwan: ping", c.ping("10.99.2.2") == 3, sp.tail())
    rate = iperf3(c, t.lan, "10.99.2.2", seconds=3)
    print("# to strongSwan: %.0f Mbit/s" % rate)
    ok("to strongSwan: iperf3", rate > 20, "%.0f" % rate)
    ss.ctl("--terminate", "--ike", "gw", "--timeout", "5", check=False)
    ok("to strongSwan: deleted there, it comes back", wait_for(10, lambda: log_count(sp, "client_up") == 2) and up(sp) and
       wait_for(5, lambda: c.ping("10.99.2.2", count=1) == 1), sp.tail())
    ss.write(pools="", local_ts="10.99.2.0/24, fd00:99:2::/64", remote_ts="10.99.3.0/24, fd00:99:3::/64")
    site = Site(c)
    sp.configure(side(id="s.site.test", addresses="ip address 10.99.3.1 255.255.255.255\n ipv6 enable"))
    sp.reload()
    ok("to strongSwan, site to site: up", wait_for(15, lambda: log_count(sp, "client_up") == 3) and up(sp), sp.tail() + ss.log_text()[-1500:])
    ok("to strongSwan, site to site: LAN to LAN", site.lan.ping("10.99.2.2") == 3 and site.lan.ping("fd00:99:2::2") == 3,
       sp.command("show", "crypto", "ikev2", "session").stdout)
    sp.stop()
    ss.stop()


t = Topology()
hub = Sallyport(t.gw, HUB, name="hub").start()
site_to_hub(t, hub)
negotiated(t, hub)
in_vrfs(t, hub)
ok("the gateway stops", hub.stop() == 0)
to_strongswan(t)
both_sides()
done()
