#!/usr/bin/env python3
"""The machine of the gateway starts anew: nothing of its memory is left, its database is. How long clients that have neither token nor ticket are without
their network is measured and printed: strongSwan, which finds out by its liveness checks, and our own client, which is told by a
token that the gateway lost the SA (RFC 6290)."""
import signal

from lib import *

CLIENT = """
hostname client
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key %s
crypto ikev2 profile GW
 match identity remote fqdn gw.example.test
 identity local email ours@psk.test
 authentication local pre-share
 authentication remote pre-share
 keyring local KR
 dpd 10 2 periodic
crypto ipsec profile GW
 set ikev2-profile GW
interface Tunnel1
 ip address negotiated
 tunnel mode ipsec ipv4
 tunnel source dynamic
 tunnel destination dynamic
 tunnel protection ipsec profile GW
crypto ikev2 client flexvpn HOME
 peer 1 10.99.1.1
 connect auto
 client connect Tunnel1
""" % PSK

t = Topology()
sp = Sallyport(t.gw).start()
class Restarts(StrongSwan):
    def conf(self):
        return super().conf().replace("start_action = none", "start_action = start\n dpd_action = restart")


swan = Restarts(t.client(1), user="swan@psk.test", dpd="2s", retransmits=2, timeout="1.0", tries=0).start()
ours = Sallyport(t.client(2), CLIENT, name="client").start()
hosts = {"strongSwan": swan.host, "Sallyport": ours.host}
for name, host in hosts.items():
    ok("%s connects" % name, wait_for(15, lambda: host.ping("10.99.2.2", count=1) == 1), sp.tail(4))
sessions = len(sp.sessions())

ok("nothing is left", sp.crash())
sp.start()
began, back = time.monotonic(), {}
while len(back) < len(hosts) and time.monotonic() - began < 60:
    for name, host in hosts.items():
        if name not in back and host.ping("10.99.2.2", count=1) == 1:
            back[name] = time.monotonic() - began
for name in hosts:
    print("# %s has its network again after %s s" % (name, "%.1f" % back[name] if name in back else "more than 60"))
ok("all come back by themselves", len(back) == 2, str(back) + sp.tail(6))
ok("ours is told at once", back.get("Sallyport", 99) < 15, str(back))
ok("the sessions of before ended with the machine", wait_for(5, lambda: sorted(sp.sql(
    "select end_reason from v_history")) == [("lost",)] * sessions), str(sp.sql("select identity, end_reason from v_history")))
ok("and each client has one session", wait_for(5, lambda: len(sp.sessions()) == 2), str(sp.sessions())[:500])
swan.stop()
ok("the client stops", ours.stop() == 0)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
