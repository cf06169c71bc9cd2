#!/usr/bin/env python3
# long: 60 s
"""Addresses of a DHCP server, of sessions that wait for their client (docs/addresses.md): the lease is kept and renewed without a tunnel, is
the client's again when it is back, outlives main and all memory, is given back when the session ends, and CoA leaves it alone."""
import signal

import pki_lib
from dhcpd_lib import *
from peer_lib import socket_in

from ike_auth import Cert  # noqa: E402
from ike_initiator import Initiator, Refused  # noqa: E402
from reconnect import Kept  # noqa: E402

GW, TARGET, KEY = "10.99.1.1", "10.99.2.2", "coa-secret"
CONFIG = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
aaa server radius dynamic-author
 client 10.99.1.1 server-key %(secret)s
crypto ikev2 reconnect key 1 active cluster-secret
crypto ikev2 authorization policy RA
 dhcp server 10.99.2.2
 dhcp giaddr 10.200.0.1
 dhcp timeout 3
 route set access-list LAN
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
sallyport dpd retries 2
crypto ikev2 profile RA
 match identity remote email domain corp.test
 identity local fqdn gw.example.test
 authentication remote ecdsa-sig
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authorization group cert list LOCAL RA
 dpd 2 1 periodic
 reconnect timeout %(wait)d
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
t.gw.ip("addr", "add", GIADDR + "/32", "dev", "lo")
dhcpd = Dhcpd(t.lan, lease=12)
ca = pki_lib.Authority("Test Root")
gw = ca.leaf("gw", san=["dns:gw.example.test"])
FILES = dict(ca=ca.cert_file, cert=gw.chain_file, key=gw.key_file, secret=KEY)
here, there = t.client(1), t.client(2)
sp = Sallyport(t.gw, CONFIG % dict(FILES, wait=300)).start()
leaves = {}


def login(name, host=here, token=True):
    if name not in leaves:
        leaves[name] = ca.leaf(name, san=["email:%s@corp.test" % name])
    return Initiator(socket_in(host), GW, "%s@corp.test" % name, [Cert(leaves[name])], trust=[ca.der], remote_id="gw.example.test",
                     cp=("address", "session-token", "session-state") if token else ("address",), seconds=5).login()


def waiting():
    return {s["username"].split("@")[0]: s for s in sp.show("crypto", "session")["waiting"]}


def up():
    return {s["username"].split("@")[0]: s for s in sp.sessions()}


def anywhere(name):
    """Up or waiting: a peer that does not listen is soon taken for dead."""
    return {**up(), **waiting()}.get(name, {})


def waits(name):
    return wait_for(15, lambda: name in waiting())


def count(name):
    return sp.counters()["counters"][name]


def requests(addr):
    return len(dhcpd.said("DHCPREQUEST for " + addr))


def reason(name):
    found = sp.sql("select end_reason from sessions where identity = '%s@corp.test' order by started_ms desc limit 1" % name)
    return found[0][0] if found else None


def refused(attempt):
    try:
        attempt()
        return False
    except Refused:
        return True


# ---- a token with an address of a server ------------------------------------------------------------------
anna = login("anna")
ok("an address of the server", anna.address and dhcpd.is_active(anna.address), str(anna.attributes))
kept = Kept(anna)
addr = anna.address
ok("and a token", len(kept.token) == 32 and kept.seconds == 300)
ok("nothing to take to another gateway, which could not renew it", kept.state == b"", str(len(kept.state)))
ok("traffic", anna.ping(TARGET), sp.tail(3))

# ---- it waits ------------------------------------------------------------------------------------------
nft(t.gw, """
table inet cut {
  chain in { type filter hook prerouting priority -300; ip saddr 10.99.1.11 udp dport { 500, 4500 } drop; }
}""")
ok("waits", waits("anna"), sp.tail(4))
before = requests(addr)
ok("renewed while it waits", wait_for(23, lambda: requests(addr) >= before + 3), dhcpd.text()[-600:])
w = waiting().get("anna", {})
ok("past its first lease it has it", w.get("assigned_ip4") == addr and w.get("ip4_from") == "dhcp 10.99.2.2" and 0 < w.get("dhcp_lease_s", 0) <= 12
   and dhcpd.is_active(addr), str(w))
ok("shown in words", "Assigned address: %s from dhcp 10.99.2.2" % addr in sp.command("show", "crypto", "session").stdout)
bert = login("bert", there)
ok("another has another", bert.address not in (None, addr), str(bert.attributes))
newer = login("anna", there, token=False)
ok("the same user from anew, too", newer.address not in (None, addr, bert.address), str(newer.attributes))
wait_for(3, lambda: count("dhcp_discovers_sent") >= 3)  # counted in the samples of each second
discovers = count("dhcp_discovers_sent")
ok("each asked once", discovers == 3, str(discovers))
newer.logout()
bert.logout()
ok("both are given back, the one that waits is not", wait_for(3, lambda: count("dhcp_releases_sent") == 2) and dhcpd.is_active(addr))

# ---- main dies ------------------------------------------------------------------------------------------
old, before = sp.kill_main(), requests(addr)
ok("a new main comes", wait_for(15, lambda: sp.main_pid() not in (0, old) and sp.answers()), sp.tail(5))
ok("and renews for who waits", waiting()["anna"]["assigned_ip4"] == addr and wait_for(16, lambda: requests(addr) >= before + 2), dhcpd.text()[-400:])

# ---- back ----------------------------------------------------------------------------------------------
again = kept.come_back(socket_in(there))
ok("comes back to the same address", again.address == addr and again.ping(TARGET), str(again.address))
ok("nobody is asked for one", count("dhcp_discovers_sent") == discovers, "%d, %d" % (discovers, count("dhcp_discovers_sent")))
ok("with the server's mask and DNS", again.values(2) == anna.values(2) and again.values(3) == anna.values(3), str(again.attributes))

# ---- CoA -----------------------------------------------------------------------------------------------
lease = up()["anna"]
path = os.path.join(WORK, "attributes")
with open(path, "w") as f:
    f.write('Acct-Session-Id = "%s", Session-Timeout = 3600\n' % lease["session"])
said = t.gw.run("radclient", "-x", "-r", "1", "-t", "1", "-f", path, "10.99.1.1:3799", "coa", KEY, check=False).stdout
now = up()["anna"]
ok("CoA changes what it changes", "CoA-ACK" in said and now.get("left_ms", 0) > 3000000, said + str(now))
ok("and not the address", (now["assigned_ip4"], now["ip4_from"], now["dhcp_server"]) == (addr, "dhcp 10.99.2.2", "10.99.2.2")
   and now["dhcp_lease_s"] > 0 and again.ping(TARGET), str(now))

# ---- all memory is lost ------------------------------------------------------------------------------------
dhcpd.stop()
dhcpd.start(600)
before = requests(addr)
ok("renewed for long", wait_for(10, lambda: anywhere("anna").get("dhcp_lease_s", 0) > 500), sp.tail(3))
sp.crash()
before = requests(addr)
sp.start()
ok("renewed at once", wait_for(4, lambda: requests(addr) > before), dhcpd.text()[-300:] + sp.tail(5))
w = waiting().get("anna", {})
ok("it waits with its address", w.get("assigned_ip4") == addr and wait_for(3, lambda: anywhere("anna").get("dhcp_renew_s", 0) > 200), str(w))
last = kept.come_back(socket_in(there))
ok("comes back from that", last.address == addr and last.ping(TARGET), str(last.address))
ok("nobody was asked for a new one", count("dhcp_discovers_sent") == 0)
last.logout()
ok("a logout gives it back", wait_for(3, lambda: not dhcpd.is_active(addr)), dhcpd.lease(addr))

# ---- the end of waiting is one, too --------------------------------------------------------------------------
sp.configure(CONFIG % dict(FILES, wait=60))
sp.reload()
carl = login("carl", there)
ok("an operator's word ends it", waits("carl") and "1 waiting session ended" in
   sp.command("clear", "crypto", "session", "username", "carl@corp.test").stdout and wait_for(3, lambda: not dhcpd.is_active(carl.address)), sp.tail(3))

# ---- the server has forgotten ------------------------------------------------------------------------------
dora = login("dora", there)
kept = Kept(dora)
ok("another waits", waits("dora"), sp.tail(3))
sp.crash()
dhcpd.stop()
with open(dhcpd.leases, "w") as f:
    f.write("")
dhcpd.config = SERVER.replace("subnet 10.200.0.0 netmask 255.255.254.0", "subnet 10.200.0.0 netmask 255.255.255.224").replace(
    "range 10.200.0.50 10.200.0.99", "range 10.200.0.10 10.200.0.19")
dhcpd.start(600)
sp.start()
ok("a NAK ends a session that waits", wait_for(8, lambda: reason("dora") == "dhcp_refused"), str(reason("dora")) + sp.tail(5) + dhcpd.text()[-400:])
ok("nobody comes back to it", refused(lambda: kept.come_back(socket_in(there))) and waiting() == {})
ok("its port is left to others", wait_for(4, lambda: ":67 " not in t.gw.run("ss", "-Hlun").stdout), t.gw.run("ss", "-Hlun").stdout)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
