#!/usr/bin/env python3
# long: 70 s
"""Rekeying with strongSwan beyond test_matrix: with PFS, again and again at the same moment, child and IKE SA across,
by lifetimes, with a main that dies in the middle, and two children. No ping is lost."""
import re
import threading

from lib import *

top = Topology()
client = top.client(1)
PFS = """
crypto ipsec security-association lifetime seconds 3600
crypto ipsec profile default
 set pfs group19
"""
sp = Sallyport(top.gw, CONF + PFS).start()
ss = StrongSwan(client, vips="0.0.0.0", remote_ts="10.99.2.0/24").start()


class Pinger:
    """A ping through the tunnel every 20 ms; how many were lost."""

    def __init__(self, count=125):
        self.count = count
        self.p = subprocess.Popen(["ip", "netns", "exec", client.ns, "ping", "-q", "-n", "-c", str(count), "-i", "0.02",
                                   "-W", "2", "10.99.2.2"], stdout=subprocess.PIPE, text=True)

    def lost(self):
        out = self.p.communicate(timeout=60)[0]
        m = re.search(r"(\d+) packets transmitted, (\d+) received", out)
        return int(m.group(1)) - int(m.group(2)) if m else self.count


def child_spis():
    return sorted(s["spi_in"] for s in sp.show("crypto", "ipsec", "sa")["ipsec_sas"])


def ike_spis():
    return [(s["local_spi"], s["remote_spi"]) for s in sp.show("crypto", "ikev2", "sa")["ikev2_sas"] if s["status"] == "READY"]


def settled():
    """One child and one IKE SA on both sides."""
    def check():
        sas = ss.sas()
        return len(ike_spis()) == 1 and len(child_spis()) == 1 and sas.count("INSTALLED") == 1 and sas.count("ESTABLISHED") == 1
    return wait_for(15, check)


def counters():
    return sp.counters()["counters"]


def rekey(how):
    if how == "child by strongSwan":
        ss.ctl("--rekey", "--child", "net", check=False)
    elif how == "IKE by strongSwan":
        ss.ctl("--rekey", "--ike", "psk", check=False)
    elif how == "child by us":
        sp.command("rekey", "crypto", "ipsec", "sa")
    elif how == "IKE by us":
        sp.command("rekey", "crypto", "ikev2", "sa")


def story(title, hows, child, ike, pings=125):
    children, ikes, before = child_spis(), ike_spis(), counters()
    sessions = [s["session"] for s in sp.sessions()]
    ping = Pinger(pings)
    time.sleep(0.5)
    threads = [threading.Thread(target=rekey, args=(how,)) for how in hows]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    lost = ping.lost()
    ok("%s: no ping is lost" % title, lost == 0, "%d lost\n%s" % (lost, sp.tail()))
    ok("%s: one of everything is left" % title, settled(), "%s %s\n%s" % (child_spis(), ike_spis(), ss.sas()))
    after = counters()
    if child:
        ok("%s: the child is another" % title, child_spis() != children and after["child_rekeys"] > before["child_rekeys"], "%s %s" % (children, child_spis()))
    if ike:
        ok("%s: the IKE SA is another" % title, ike_spis() != ikes and after["ike_rekeys"] > before["ike_rekeys"], "%s %s" % (ikes, ike_spis()))
    ok("%s: the session is the same" % title, [s["session"] for s in sp.sessions()] == sessions, str(sp.sessions()))


ss.write(esp="aes128gcm16-ecp256")
ok("connected", ss.up(), ss.last)
story("child by strongSwan", ["child by strongSwan"], True, False)
story("child by us", ["child by us"], True, False)
for i in range(3):
    story("child by both at once %d" % i, ["child by strongSwan", "child by us"], True, False)
    story("IKE by both at once %d" % i, ["IKE by strongSwan", "IKE by us"], False, True)
story("child by us, IKE by strongSwan", ["child by us", "IKE by strongSwan"], True, False)
story("IKE by us, child by strongSwan", ["IKE by us", "child by strongSwan"], False, True)
ok("after all that nothing in the counters says internal", sp.counters()["status"]["internal"] == 0)

# A kill of main in the middle of a rekey: the tunnel goes on.
for how in ("child by us", "IKE by us", "child by strongSwan", "IKE by strongSwan"):
    t = threading.Thread(target=rekey, args=(how,))
    ping = Pinger(200)
    time.sleep(0.3)
    t.start()
    time.sleep(0.004)
    sp.kill_main()
    t.join()
    lost = ping.lost()
    ok("%s with kill -9: few pings lost" % how, lost < 50, "%d lost" % lost)
    ok("%s with kill -9: one of everything is left" % how, wait_for(10, sp.answers) and wait_for(80, settled), "%s %s\n%s" % (child_spis(), ike_spis(), ss.sas()))
    ok("%s with kill -9: traffic" % how, client.ping("10.99.2.2") == 3)

# By lifetimes: 120 s are the shortest that may be configured here, so the peer's is short.
ss.down()
ss.write(rekey="4s")
ok("with a short lifetime: connected", ss.up(), ss.last)
before = counters()
ping = Pinger(1000)
lost = ping.lost()
after = counters()
ok("with a short lifetime: no ping lost in 20 s", lost == 0, "%d lost" % lost)
ok("with a short lifetime: the IKE SA was rekeyed", after["ike_rekeys"] - before["ike_rekeys"] >= 3, str(after["ike_rekeys"] - before["ike_rekeys"]))
ok("and one session is all that SQL knows of it", sp.sql("SELECT count(*) FROM v_active")[0][0] == 1)
ss.down()

# A second child of the same IKE SA: each has its own selectors, its own keys and its own end.
ss.write(rekey="0", remote_ts="10.99.2.2/32", more="more { remote_ts = 10.99.2.1/32\n esp_proposals = aes128gcm16-ecp256\n start_action = none }")
ok("with one child: connected", ss.up(), ss.last)
ok("the second net has no way yet", client.ping("10.99.2.1", count=2) == 0)
r = ss.ctl("--initiate", "--child", "more", "--timeout", "10", check=False)
ok("a second child", r.returncode == 0 and len(child_spis()) == 2 and len(ike_spis()) == 1, r.stdout + str(child_spis()))
ok("each takes what its selectors say", client.ping("10.99.2.2", count=3) == 3 and client.ping("10.99.2.1", count=4) == 4)
sas = sp.show("crypto", "ipsec", "sa")["ipsec_sas"]
ok("and counts it", sorted(s["packets_in"] for s in sas) == [3, 4] or sorted(s["packets_out"] for s in sas) == [3, 4], str(sas))
old = child_spis()
rekey("child by us")
ok("both are rekeyed", wait_for(10, lambda: len(child_spis()) == 2 and not set(child_spis()) & set(old)), "%s %s" % (old, child_spis()))
ok("with both there is traffic", client.ping("10.99.2.2", count=3) == 3 and client.ping("10.99.2.1", count=3) == 3)
rekey("IKE by strongSwan")
ok("both move to another IKE SA", wait_for(10, lambda: len(child_spis()) == 2 and len(ike_spis()) == 1) and
   client.ping("10.99.2.2", count=3) == 3 and client.ping("10.99.2.1", count=3) == 3, str(child_spis()))
ss.ctl("--terminate", "--child", "more", "--timeout", "10", check=False)
ok("the second is deleted, the first stays", wait_for(10, lambda: len(child_spis()) == 1) and client.ping("10.99.2.2", count=3) == 3 and
   len(sp.sessions()) == 1, str(child_spis()))
ss.down()
ok("delete: nothing is left", wait_for(5, lambda: not sp.sessions() and not child_spis()), str(sp.sessions()))
done()
