#!/usr/bin/env python3
"""A NAT gives the client another mapping: the session follows its first authentic packet, be it ESP or
IKE. A client that does not accept our identity leaves nothing behind."""
from lib import *

t = Topology()
sp = Sallyport(t.gw).start()
c = t.nat(1)
ss = StrongSwan(c, vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
ok("connects", ss.up(), ss.last[-400:])
before = sp.sessions()[0]
ns = "%s-r1" % TAG
# Masquerading forgets the mappings of an address that goes away.
run("ip", "-n", ns, "addr", "del", "10.99.1.101/24", "dev", "wan0")
run("ip", "-n", ns, "addr", "add", "10.99.1.150/24", "dev", "wan0")
c.ping("10.99.2.2", count=5)
ok("pings after the mapping changed", c.ping("10.99.2.2", count=5) >= 4)
after = sp.sessions()
ok("the same session", len(after) == 1 and after[0]["session"] == before["session"], str(after)[:300])
ok("show has the new place", after[0]["peer"]["address"] == "10.99.1.150", str(after[0]["peer"]))
ok("the log says so", "10.99.1.150" in sp.log_text())
vip = ss.addresses()[0]
ok("the LAN reaches the client", t.lan.ping(vip) == 3)
sp.kill_main()
wait_for(5, sp.answers)
ok("after a restart still there", c.ping("10.99.2.2") == 3 and sp.sessions()[0]["peer"]["address"] == "10.99.1.150")
ok("deletes", ss.down())
ok("nothing left", wait_for(5, lambda: not sp.sessions()))
ss.stop()

refusing = StrongSwan(t.client(2), gwid="other.example.test", user="client2@psk.test", vips="0.0.0.0",
                      remote_ts="10.99.2.0/24", retransmits=2, timeout="0.5").start()
ok("a client that expects another identity refuses us", not refusing.up(timeout=6))
ok("its session is gone at once", wait_for(3, lambda: not sp.show("crypto", "ikev2", "sa")["ikev2_sas"]),
   str(sp.show("crypto", "ikev2", "sa"))[:400])
ok("counted", wait_for(8, lambda: sp.counters()["status"]["peer_refused"] > 0))
WHY = "select end_reason from v_history where identity = 'client2@psk.test'"
ok("history says why", wait_for(5, lambda: sp.sql(WHY) == [("peer_refused",)]), str(sp.sql(WHY)))
refusing.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
