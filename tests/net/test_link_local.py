#!/usr/bin/env python3
"""Link-local peers are counted and not answered: an endpoint has no link to answer through."""
import re
from lib import *

SEND = r"""
import socket, struct, sys
where = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), socket.AF_INET6, socket.SOCK_DGRAM)[0][4]
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
marker = bytes(4) if where[1] == 4500 else b""
init = b"abcdefgh" + bytes(8) + b"\x21\x20\x22\x08" + bytes(4) + struct.pack(">I", 28)
for m in (marker + init, marker + init[:8] + b"12345678" + init[16:], b"\0\0\x12\x34" + bytes(60)):
    s.sendto(m, where)
"""

t = Topology()
sp = Sallyport(t.gw).start()
c = t.client(1)
text = t.gw.ip("-6", "addr", "show", "dev", "wan0", "scope", "link").stdout
address = re.search(r"inet6 (fe80::[0-9a-f:]+)", text).group(1)


def count():
    return sp.counters()["status"].get("link_local", 0)


for port in (500, 4500):
    before, packets = count(), sp.counters()["counters"]["ike_in_packets"]
    c.run("python3", "-c", SEND, "%s%%eth0" % address, port)
    ok("port %d: counted" % port, wait_for(3, lambda: count() - before == 3), str(count() - before))
    ok("port %d: goes no further" % port, sp.counters()["counters"]["ike_in_packets"] == packets)
ss = StrongSwan(c, gateway="fd00:99:1::1").start()
ok("other addresses of the same link are served", ss.up(), ss.last[-300:])
ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
