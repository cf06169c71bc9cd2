#!/usr/bin/env python3
"""A client that asks with DHCPINFORM inside of its tunnel, as Windows does: it is told the routes, DNS servers and domain that its
session was granted. Everything else of DHCP is counted and not answered; a switch turns it off; a new main answers too."""
import socket

from scapy.all import BOOTP, DHCP

from lib import *

POLICY = """ dns 10.99.2.53 10.99.2.54
 wins 10.99.2.44
 def-domain corp.example
 netmask 255.255.252.0
"""
FULL = CONF.replace(" dns 10.99.2.53\n", POLICY).replace(" permit 10.99.2.0 0.0.0.255\n", " permit 10.99.2.0 0.0.0.255\n permit 172.16.0.0 0.15.255.255\n")
ASK = r"""
import socket, sys
vip, dst, message, seconds = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), float(sys.argv[4])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"ipsec0")
s.bind((vip, 68))
s.settimeout(seconds)
s.sendto(message, (dst, 67))
try:
    data, peer = s.recvfrom(2048)
    print(peer[0], peer[1], data.hex())
except socket.timeout:
    print("silence")
"""

t = Topology()
sp = Sallyport(t.gw, FULL).start()
ss = StrongSwan(t.client(1), remote_ts="0.0.0.0/0").start()
ok("connects", ss.up(), ss.last[-300:] + sp.tail(5))
vip = ss.addresses()[0]


def message(kind, ciaddr=None, wants=(1, 15, 3, 6, 44, 46, 47, 31, 33, 121, 249, 43, 252), more=()):
    options = [("message-type", kind), ("client_id", b"\1" + b"\x0a\x0b\x0c\x0d\x0e\x0f"), ("hostname", b"win11"),
               ("vendor_class_id", b"MSFT 5.0"), ("param_req_list", list(wants))] + list(more) + ["end"]
    return bytes(BOOTP(op=1, xid=0x11223344, ciaddr=ciaddr or vip, chaddr=b"\x0a\x0b\x0c\x0d\x0e\x0f") / DHCP(options=options))


def ask(what, dst="255.255.255.255", seconds=2.0):
    """(sender, its port, what scapy reads, {option: bytes}) or None. One question a second is taken."""
    time.sleep(1.1)
    said = ss.host.run(sys.executable, "-c", ASK, vip, dst, what.hex(), seconds).stdout.split()
    if said == ["silence"]:
        return None
    raw = bytes.fromhex(said[2])
    options, at = {}, 240
    while raw[at] != 255:
        if raw[at] == 0:
            at += 1
            continue
        options[raw[at]] = raw[at + 2:at + 2 + raw[at + 1]]
        at += 2 + raw[at + 1]
    return said[0], int(said[1]), BOOTP(raw), options


def count(reason):
    time.sleep(0.2)
    return sp.counters()["status"][reason]


def counted(reason, least):
    """Workers count a little after the packets went."""
    return wait_for(5, lambda: sp.counters()["status"][reason] >= least)


# ---- as Windows asks -----------------------------------------------------------------------------------
answer = ask(message("inform"))
if ok("a DHCPINFORM to all is answered", answer is not None, sp.tail(3) + str(sp.counters()["status"])):
    sender, port, bootp, options = answer
    us = socket.inet_aton(sender)
    ok("it is the answer to it", port == 67 and bootp.op == 2 and bootp.xid == 0x11223344 and bootp.ciaddr == vip
       and bootp.yiaddr == "0.0.0.0" and bootp.chaddr[:6] == b"\x0a\x0b\x0c\x0d\x0e\x0f", repr(bootp))
    ok("a DHCPACK of the sender without a lease", options[53] == b"\5" and options[54] == us and 51 not in options, str(options))
    routes = bytes([24, 10, 99, 2]) + us + bytes([12, 172, 16]) + us
    ok("the routes for Windows", options.get(249) == routes, str(options.get(249)))
    ok("and for others", options.get(121) == routes, str(options.get(121)))
    ok("the mask", options.get(1) == socket.inet_aton("255.255.252.0"), str(options.get(1)))
    ok("both DNS servers", options.get(6) == socket.inet_aton("10.99.2.53") + socket.inet_aton("10.99.2.54"), str(options.get(6)))
    ok("the domain", options.get(15) == b"corp.example", str(options.get(15)))
    ok("the NetBIOS name server", options.get(44) == socket.inet_aton("10.99.2.44"), str(options.get(44)))
    ok("scapy finds an end", "end" in bootp[DHCP].options, str(bootp[DHCP].options))
answer = ask(message("inform", wants=(6,)))
ok("only what is asked for", answer and sorted(answer[3]) == [6, 53, 54], str(answer))
ok("counted", sp.counters()["counters"]["dhcp_answers"] == 2)

# ---- everything else -----------------------------------------------------------------------------------
before = count("dhcp_other")
ok("a discover is not answered", ask(message("discover"), seconds=0.7) is None)
ok("nor a request", ask(message("request"), seconds=0.7) is None)
ok("nor one for another address", ask(message("inform", ciaddr="10.100.0.99"), seconds=0.7) is None)
ok("nor what is no DHCP", ask(b"hello", seconds=0.7) is None)
ok("and counted", counted("dhcp_other", before + 3) and counted("truncated", 1), str(sp.counters()["status"]))
flood = r"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"ipsec0")
s.bind((sys.argv[1], 68))
for n in range(500):
    s.sendto(bytes.fromhex(sys.argv[2]), ("255.255.255.255", 67))
"""
time.sleep(1.1)
answers, before = sp.counters()["counters"]["dhcp_answers"], count("dhcp_other")
ss.host.run(sys.executable, "-c", flood, vip, message("inform").hex())
many = counted("dhcp_other", before + 300)
answers = sp.counters()["counters"]["dhcp_answers"] - answers
ok("a flood is answered once a second", 1 <= answers <= 3 and many, "%d answers" % answers)
ok("and data goes on", ss.host.ping("10.99.2.2") == 3)

# ---- a new main, and the switch ------------------------------------------------------------------------
old = sp.kill_main()
ok("a new main comes", wait_for(10, lambda: sp.main_pid() not in (0, old) and sp.answers()), sp.tail(5))
answer = ask(message("inform"))
ok("it answers too", answer and answer[3].get(15) == b"corp.example", str(answer))
sp.configure(FULL.replace(" tunnel mode ipsec ipv4\n", " ip address 10.99.3.1 255.255.255.255\n tunnel mode ipsec ipv4\n"))
ok("with an address of its own", sp.reload(check=False).returncode == 0, sp.tail(3))
answer = ask(message("inform"), dst="10.99.3.1")
ok("it answers at it and from it", answer and answer[0] == "10.99.3.1", str(answer))
sp.configure(FULL + " no sallyport dhcp-inform answer\n")
ok("a reload turns it off", sp.reload(check=False).returncode == 0, sp.tail(3))
before = count("esp_multicast")
ok("no answer now", ask(message("inform"), seconds=0.7) is None)
ok("it is a broadcast like others", counted("esp_multicast", before + 1))
ok("clean stop", sp.stop() == 0, sp.tail())
done()
