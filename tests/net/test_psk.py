#!/usr/bin/env python3
# long: 70 s
"""strongSwan with a pre-shared key: both outer families, plain and behind NAT, both AES-GCM sizes,
address from the pools, ping, iperf3 both ways, clean delete."""
from lib import *

LONG = int(os.environ.get("IPERF_SECONDS", "10"))
SHORT = min(LONG, 3)

t = Topology()
plain = t.client(1)
natted = t.nat(1)
sp = Sallyport(t.gw).start()


def pool(addresses):
    return any(a.startswith("10.100.") for a in addresses) and any(a.startswith("fd00:100::") for a in addresses)


def case(name, host, gateway, esp, seconds=SHORT):
    ss = StrongSwan(host, gateway=gateway, esp=esp).start()
    try:
        if not ok("%s: connects" % name, ss.up(), ss.last[-600:] + sp.tail(5)):
            return
        vips = ss.addresses()
        ok("%s: addresses from the pools" % name, pool(vips), str(vips))
        ok("%s: ping IPv4" % name, t.lan.ping(vips[0]) == 3 and host.ping("10.99.2.2") == 3)
        ok("%s: ping IPv6" % name, host.ping("fd00:99:2::2") == 3)
        up = iperf3(host, t.lan, "10.99.2.2", seconds)
        back = iperf3(host, t.lan, "10.99.2.2", seconds, reverse=True)
        ok("%s: iperf3 both ways" % name, up > 5 and back > 5, "%.0f and %.0f Mbit/s" % (up, back))
        print("   %s: %.0f Mbit/s up, %.0f Mbit/s down" % (name, up, back))
        s = sp.sessions()
        ok("%s: one session with traffic" % name, len(s) == 1 and s[0]["packets_in"] > 10 and s[0]["packets_out"] > 10, str(s))
        ok("%s: a row in the store" % name,
           sp.sql("select ip4, ip6 from v_active") == [(vips[0], vips[1])], str(sp.sql("select ip4, ip6 from v_active")))
        ok("%s: deletes" % name, ss.down())
        ok("%s: nothing left" % name, wait_for(5, lambda: not sp.sessions()), str(sp.sessions()))
        ok("%s: history says why" % name,
           wait_for(3, lambda: sp.sql("select end_reason from v_history order by ended_ms desc limit 1") == [("peer_delete",)]))
    finally:
        ss.stop()


case("IPv4 AES-128-GCM", plain, "10.99.1.1", "aes128gcm16", LONG)
case("IPv4 AES-256-GCM", plain, "10.99.1.1", "aes256gcm16", LONG)
case("IPv6 AES-128-GCM", plain, "fd00:99:1::1", "aes128gcm16")
case("IPv6 AES-256-GCM", plain, "fd00:99:1::1", "aes256gcm16")
case("NAT IPv4 AES-128-GCM", natted, "10.99.1.1", "aes128gcm16")
case("NAT IPv6 AES-256-GCM", natted, "fd00:99:1::1", "aes256gcm16")
ok("clean stop", sp.stop() == 0, sp.tail())
done()
