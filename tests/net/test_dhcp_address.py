#!/usr/bin/env python3
"""IPv4 addresses from a real DHCP server (ISC dhcpd) in the LAN, with the headend as relay agent: address, mask and DNS are
the server's, the lease is in its file, is renewed, outlives a main that dies, is given back; a server that is dead or
says no, and a pool that is exhausted, are failures with words and no packet too many."""
# long: 60 s
import re
import socket

from dhcpd_lib import *
from peer_lib import socket_in

from ike_auth import Psk  # noqa: E402
from ike_initiator import Initiator  # noqa: E402

BASE = CONF.replace(" pool RA\n", "%s")
DHCP = BASE % " dhcp server 10.99.2.2\n dhcp giaddr 10.200.0.1\n dhcp timeout 3\n"

t = Topology()
names = NameServer(t.lan, "10.99.2.2")
names.set({"dhcp.corp.test": ["10.99.2.2"], "moved.corp.test": ["10.99.2.9", "10.99.2.2"]})
t.gw.ip("addr", "add", GIADDR + "/32", "dev", "lo")
dhcpd = Dhcpd(t.lan)
sp = Sallyport(t.gw, DHCP, nameserver="10.99.2.2").start()
c = t.client(1)
ss = StrongSwan(c, vips="0.0.0.0", remote_ts="10.99.2.0/24", user="anna.x@psk.test", extra="make_before_break = yes").start()


def count(name):
    return sp.counters()["counters"][name]


def refused(ss):
    """Does it fail for want of an address?"""
    before = ss.log_text().count("INTERNAL_ADDRESS_FAILURE")
    is_refused = not ss.up() and ss.log_text().count("INTERNAL_ADDRESS_FAILURE") > before
    wait_for(5, lambda: "psk" not in ss.sas())  # the gateway deletes the IKE SA, too
    return is_refused


def down():
    """Until the server has heard of it: one that is stopped before keeps the lease."""
    before = len(dhcpd.said("DHCPRELEASE"))
    ss.down()
    wait_for(3, lambda: len(dhcpd.said("DHCPRELEASE")) > before)


def only():
    v = [s for s in sp.sessions() if s["status"] == "UP-ACTIVE"]
    return v[0] if len(v) == 1 else {}


# ---- an address of the server -----------------------------------------------------------------------
ok("connects", ss.up(), ss.last[-300:] + sp.tail(5) + dhcpd.text()[-500:])
addr = ss.addresses()[0]
ok("the address is the server's", addr.startswith("10.200.0.") and 50 <= int(addr.split(".")[3]) <= 99, addr)
ok("its lease file has it", wait_for(3, lambda: dhcpd.is_active(addr)), dhcpd.lease(addr))
lease = dhcpd.lease(addr)
ok("with the user's name", 'client-hostname "anna-x"' in lease, lease)
mac = re.search(r"hardware ethernet (\S+);", lease).group(1)
ok("of a locally administered address", int(mac.split(":")[0], 16) & 3 == 2, mac)
ok("we are its relay agent", any("via " + GIADDR in l for l in dhcpd.said("DHCPDISCOVER")), str(dhcpd.said("DHCPDISCOVER")))
ok("a DNS server of the policy comes first", "10.99.2.53" in open(os.path.join(ss.dir, "resolv.conf")).read()
   and "10.99.2.88" not in open(os.path.join(ss.dir, "resolv.conf")).read())
ok("traffic flows", c.ping("10.99.2.2") == 3, sp.tail(3))
s = only()
ok("show says where it comes from", (s["ip4_from"], s["dhcp_giaddr"], s["dhcp_server"]) == ("dhcp 10.99.2.2", GIADDR, "10.99.2.2")
   and 500 < s["dhcp_lease_s"] <= 600 and 200 < s["dhcp_renew_s"] <= 300, str(s))
text = sp.command("show", "crypto", "session", "detail").stdout
ok("in words, too", "Assigned address: %s from dhcp 10.99.2.2" % addr in text and "giaddr " + GIADDR in text, text)
pool = [p for p in sp.show("ip", "local", "pool") if p["dhcp"]]
ok("show ip local pool has the server", [(p["name"], p["in_use"], p["peak"], p["taken"], p["removed"]) for p in pool]
   == [("dhcp 10.99.2.2", 1, 1, 1, False)], str(pool))
policy = sp.command("show", "crypto", "ikev2", "authorization", "policy", "RA").stdout
ok("show authorization policy has it", "dhcp server : 10.99.2.2" in policy and "dhcp giaddr : " + GIADDR in policy
   and "dhcp timeout : 3" in policy, policy)
ok("the history names the server", wait_for(3, lambda: sp.sql("select pool from v_leases where address = '%s'" % addr)
                                            == [("dhcp 10.99.2.2",)]), str(sp.sql("select * from v_leases")))
ok("counted", (count("dhcp_discovers_sent"), count("dhcp_requests_sent"), count("dhcp_acks_received")) == (1, 1, 1))
ok("it is no orphan", s["orphaned"] == [], str(s["orphaned"]))

# ---- a second IKE SA with the same lease --------------------------------------------------------------
id = s["session"]
ss.ctl("--rekey", "--ike", "psk", "--reauth", check=False)
ok("authenticates again", wait_for(8, lambda: only().get("session") not in (None, id)), sp.tail(5))
ok("keeps the address, and nobody is asked", ss.addresses() == [addr] and count("dhcp_discovers_sent") == 1
   and count("dhcp_releases_sent") == 0 and dhcpd.is_active(addr), str(ss.addresses()))
ok("traffic flows through it", wait_for(4, lambda: c.ping("10.99.2.2", count=1) == 1))

# ---- given back ---------------------------------------------------------------------------------------
ok("disconnects", ss.down())
ok("the server is told", wait_for(3, lambda: len(dhcpd.said("DHCPRELEASE")) == 1), dhcpd.text()[-500:])
ok("and has it back", wait_for(3, lambda: not dhcpd.is_active(addr)), dhcpd.lease(addr))
ok("its port is left to others", wait_for(4, lambda: ":67 " not in t.gw.run("ss", "-Hlun").stdout), t.gw.run("ss", "-Hlun").stdout)

# ---- the server's mask and DNS, a second client, short leases -----------------------------------------
dhcpd.stop()
dhcpd.start(12)
sp.configure(DHCP.replace(" dns 10.99.2.53\n", ""))
sp.reload()
ok("the same client comes again", ss.up(), ss.last[-300:] + sp.tail(5))
ok("and has the same address", ss.addresses() == [addr], str(ss.addresses()))
resolv = open(os.path.join(ss.dir, "resolv.conf")).read()
ok("the DNS servers are the server's", "10.99.2.88" in resolv and "10.99.2.89" in resolv, resolv)
c2 = t.client(2)
ss2 = StrongSwan(c2, vips="0.0.0.0", remote_ts="10.99.2.0/24", user="bert@psk.test").start()
ok("another connects", ss2.up(), ss2.last[-300:] + sp.tail(5))
addr2 = ss2.addresses()[0]
ok("with another address", addr2 != addr and addr2.startswith("10.200.0."), addr2)
ok("renewed at half of the time", wait_for(10, lambda: len([l for l in dhcpd.said("DHCPREQUEST for " + addr)]) >= 2), dhcpd.text()[-500:])
ok("by request, with no new discover", count("dhcp_naks_received") == 0 and count("dhcp_discovers_sent") == 3)

p = Initiator(socket_in(t.client(3)), "10.99.1.1", "carl@psk.test", [Psk(PSK)], remote=Psk(PSK), remote_id="gw.example.test", seconds=4).login()
ok("a peer of our own is told address, mask and DNS", p.address and p.address.startswith("10.200.0.") and p.values(3) ==
   [socket.inet_aton("10.99.2.88"), socket.inet_aton("10.99.2.89")] and p.values(2) == [socket.inet_aton("255.255.254.0")], str(p.attributes))
again = Initiator(socket_in(c2), "10.99.1.1", "carl@psk.test", [Psk(PSK)], remote=Psk(PSK), remote_id="gw.example.test", seconds=4).login()
ok("the same user from elsewhere is another client", again.address not in (None, p.address), str(again.attributes))
for x in (p, again):
    x.logout()
ok("both are given back", wait_for(3, lambda: all(not dhcpd.is_active(x.address) for x in (p, again))))

# ---- main dies ------------------------------------------------------------------------------------------
before = only_ids = sorted(x["session"] for x in sp.sessions())
renewals = len(dhcpd.said("DHCPREQUEST for " + addr))
old = sp.kill_main()
ok("a new main comes", wait_for(10, lambda: sp.main_pid() not in (0, old) and sp.answers()), sp.tail(5))
ok("with the same sessions", sorted(x["session"] for x in sp.sessions()) == before)
ok("it renews what it never asked for", wait_for(16, lambda: len(dhcpd.said("DHCPREQUEST for " + addr)) > renewals + 1), dhcpd.text()[-500:])
time.sleep(1)
ok("past the first lease the tunnel is there", c.ping("10.99.2.2") == 3 and ss.addresses() == [addr], sp.tail(5))
pool = [p for p in sp.show("ip", "local", "pool") if p["dhcp"]]
ok("both addresses are held", [(p["name"], p["in_use"]) for p in pool] == [("dhcp 10.99.2.2", 2)], str(pool))
ok("the second goes", ss2.down())
ok("and is given back by the new main", wait_for(3, lambda: any(addr2 in l for l in dhcpd.said("DHCPRELEASE"))), dhcpd.text()[-500:])

# ---- the server dies --------------------------------------------------------------------------------------
dhcpd.stop()
began = time.monotonic()
ok("nobody new gets in, for want of an address", refused(ss2), ss2.last[-300:])
took = time.monotonic() - began
ok("after the time that is configured", 2.5 < took < 6, "%.1f s" % took)
WHY = "DHCP server 10.99.2.2 did not answer in 3 s"
ok("the log says why", wait_for(3, lambda: WHY in sp.log_text()), sp.tail(5))
ok("the diagnosis, too", WHY in sp.command("show", "crypto", "ikev2", "diagnose", "error").stdout)
ok("counted under its name", sp.counters()["status"]["dhcp_timeout"] >= 1 and count("dhcp_timeouts") >= 1)
ok("who is in stays until the lease is over", wait_for(20, lambda: not only()), sp.tail(5))
ok("and the history says why", wait_for(3, lambda: ("dhcp_timeout",) in sp.sql("select end_reason from v_history")),
   str(sp.sql("select end_reason from v_history")))
ok("the client knows", wait_for(3, lambda: ss.addresses() == []))

# ---- it comes back, and forgets -----------------------------------------------------------------------
dhcpd.start(12)
ok("connects again", ss.up(), ss.last[-300:] + sp.tail(5))
addr = ss.addresses()[0]
dhcpd.stop()
with open(dhcpd.leases, "w") as f:
    f.write("")
dhcpd.config = SERVER.replace("subnet 10.200.0.0 netmask 255.255.254.0", "subnet 10.200.0.0 netmask 255.255.255.224")
dhcpd.config = dhcpd.config.replace("range 10.200.0.50 10.200.0.99", "range 10.200.0.10 10.200.0.19")
dhcpd.start(12)
ok("a NAK ends the session", wait_for(10, lambda: not only()), sp.tail(5) + dhcpd.text()[-300:])
ok("under its name", wait_for(3, lambda: ("dhcp_refused",) in sp.sql("select end_reason from v_history")), sp.tail(3))
ok("counted once", count("dhcp_naks_received") == 1, str(count("dhcp_naks_received")))
ok("the next address is of the new range", ss.up() and ss.addresses()[0].startswith("10.200.0.1"), ss.last[-300:] + sp.tail(3))
down()

# ---- an address that is ours already ----------------------------------------------------------------------
dhcpd.config = SERVER.replace("range 10.200.0.50 10.200.0.99", "range 10.200.0.51")
dhcpd.stop()
dhcpd.start(600)
sp.configure(DHCP + "interface Loopback7\n ip address 10.200.0.51 255.255.255.255\n")
sp.reload()
ok("an address that an interface has is not given to a client", refused(ss), ss.last[-300:] + sp.tail(3))
ok("but declined, a few times at most", 1 <= count("dhcp_declines_sent") <= 3, str(count("dhcp_declines_sent")))
ok("the server knows", wait_for(3, lambda: "\n  binding state abandoned;" in dhcpd.lease("10.200.0.51")), dhcpd.lease("10.200.0.51"))
dhcpd.config = SERVER.replace("range 10.200.0.50 10.200.0.99", "range 10.200.0.50 10.200.0.51")
dhcpd.stop()
dhcpd.start(600)
ok("and gives another one", ss.up() and ss.addresses() == ["10.200.0.50"], ss.last[-300:] + sp.tail(3))
down()

# ---- our address towards the server is the relay's ---------------------------------------------------------
dhcpd.config = SERVER
dhcpd.stop()
dhcpd.start(600)
sp.configure(BASE % " dhcp server 10.99.2.2\n" + " sallyport proxy-arp lan0\n")
sp.reload()
ok("without giaddr", ss.up(), ss.last[-300:] + sp.tail(5))
ok("addresses are the LAN's", ss.addresses()[0].startswith("10.99.2.1"), str(ss.addresses()))
ok("and reach it", c.ping("10.99.2.2") == 3)
down()

# ---- a server that cannot be reached where it says it is -----------------------------------------------------
dhcpd.config = "server-identifier 10.99.2.222;\n" + SERVER
dhcpd.stop()
dhcpd.start(16)
sp.configure(DHCP)
sp.reload()
ok("a server with another identifier", ss.up() and only()["dhcp_server"] == "10.99.2.222", ss.last[-300:] + sp.tail(5))
addr, began = ss.addresses()[0], time.monotonic()
renewals = len(dhcpd.said("DHCPREQUEST for " + addr))
ok("it is not asked at T1 where it was found", wait_for(13, lambda: "for more time asked" in sp.log_text().rsplit("config_loaded", 1)[1])
   and len(dhcpd.said("DHCPREQUEST for " + addr)) == renewals, sp.tail(3))
ok("but at T2", wait_for(6, lambda: len(dhcpd.said("DHCPREQUEST for " + addr)) > renewals) and 13 < time.monotonic() - began < 16.5,
   "%.1f s" % (time.monotonic() - began))
wait_for(4, lambda: time.monotonic() - began > 17)
ok("and goes on", only().get("dhcp_lease_s", 0) > 8 and ss.addresses() == [addr], str(sp.sessions()) + sp.tail(3))
down()
dhcpd.config = SERVER
dhcpd.stop()
dhcpd.start(600)

# ---- a server by name --------------------------------------------------------------------------------------
sp.configure(BASE % " dhcp server dhcp.corp.test\n dhcp timeout 4\n" + " sallyport proxy-arp lan0\n")
sp.reload()
ok("by name", ss.up() and only()["ip4_from"] == "dhcp dhcp.corp.test", ss.last[-300:] + sp.tail(5))
down()
names.set({"dhcp.corp.test": "silent"})
time.sleep(1.1) # its time in the resolver
ok("what the name was is good while the name server is silent", ss.up(), ss.last[-300:] + sp.tail(5))
down()
names.set({"moved.corp.test": ["10.99.2.9", "10.99.2.2"]})
sp.configure(BASE % " dhcp server moved.corp.test\n dhcp timeout 6\n")
sp.reload()
ok("its addresses are asked in turn", ss.up(), ss.last[-300:] + sp.tail(5))
down()
sp.configure(BASE % " dhcp server nobody.corp.test\n")
sp.reload()
ok("a name that is none", refused(ss) and wait_for(3, lambda: "DHCP server nobody.corp.test is not found: the name has no IPv4 address" in sp.log_text()), sp.tail(3))

# ---- a giaddr that is not ours ---------------------------------------------------------------------------------
sp.configure(DHCP.replace(GIADDR, "10.201.0.1"))
sp.reload()
ok("a giaddr that no interface has", refused(ss) and wait_for(3, lambda: "10.201.0.1 port 67: it is no address of this host" in sp.log_text()), sp.tail(3))

# ---- a pool comes first, also when it is empty ------------------------------------------------------------------
sp.configure(DHCP.replace(" dhcp server", " pool ONE\n dhcp server").replace("ip local pool RA 10.100.0.10 10.100.3.250", "ip local pool ONE 10.100.0.10"))
sp.reload()
ok("the one address of the pool", ss.up() and ss.addresses() == ["10.100.0.10"], ss.last[-300:])
before = len(dhcpd.said("DHCPDISCOVER")), count("dhcp_discovers_sent")
ok("the next one gets none", refused(ss2), ss2.last + ss2.log_text()[-600:])
ok("because the pool is exhausted", wait_for(3, lambda: "pool ONE is exhausted" in sp.tail(5)), sp.tail(9))
ok("and no server is asked", (len(dhcpd.said("DHCPDISCOVER")), count("dhcp_discovers_sent")) == before)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
