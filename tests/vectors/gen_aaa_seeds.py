#!/usr/bin/python3
"""Seeds of fuzz_aaa_set: attributes of every table and every form of value, alone and together."""
import ipaddress
import struct

from vec import HERE

OUT = HERE.parent / "fuzz" / "corpus" / "aaa_set"

PAIRS = """ipsec:addr-pool=P|ip:addr=10.1.1.1|ipsec:addrv6=2001:db8::7|ipsec:prefix-len=64
ipsec:dns-servers=10.0.0.53 10.0.0.54|ipsec:ipv6-dns-servers-addr=2001:db8::1 *2001:db8::2|ipsec:wins-servers=10.0.0.1
ipsec:banner=Hello|ipsec:split-dns=a.example b.example|ipsec:ipsec-backup-gateway=vpn2|ipsec:pfs=1
ipsec:route-set=prefix 10.0.0.0/8|ipsec:route-set=interface|ipsec:route-set=access-list ipv6 L|ipsec:inacl=LAN
ipsec:route-accept=any tag:7 distance=9|ipsec:route-accept=none|ipsec:ipsec-flow-limit=3
ipsec:ikev2-password-local=sesame|ip:interface-config=ip mtu 1100|ip:interface-config=service-policy output P
ip:interface-config=ip access-group A in|ip:sub-qos-policy-in=P|ip:vrf-id=red
ip:inacl#20=deny tcp any any range 1 99|ip:inacl#3=permit udp 10.0.0.0 0.0.0.255 host 10.1.1.1 eq 53 domain
ipv6:outacl#9=permit tcp any 2001:db8::/32 established|ipsec:outacl=permit icmp any any echo|shell:priv-lvl*15"""
RULES = [b"permit in ip from any to 10.0.0.0/8", b"deny out 6 from 2001:db8::/32 to assigned 80,443 established",
         b"permit in 1 from any to any icmptypes 8,0\0deny in 17 from any 53 to any 1024-65535"]


def attr(kind, value):
    return struct.pack(">BB", kind, len(value) + 2) + value


def vsa(vendor, kind, value):
    return attr(26, struct.pack(">I", vendor) + attr(kind, value))


def prefix(text):
    net = ipaddress.ip_network(text)
    return struct.pack(">BB", 0, net.prefixlen) + net.network_address.packed


def ip(text):
    return ipaddress.ip_address(text).packed


def u32(value):
    return struct.pack(">I", value)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    one = [vsa(9, 1, p.encode()) for p in PAIRS.replace("\n", "|").split("|")]
    one += [attr(92, r) for r in RULES]
    one += [attr(t, v.encode()) for t, v in ((1, "anna"), (11, "web.out"), (18, "hi"), (22, "10.0.0.0 0.0.0.0 1"),
                                             (25, "class"), (88, "P"), (89, "cui"), (99, "2001:db8::/32 :: 1"))]
    one += [attr(t, u32(v)) for t, v in ((27, 3600), (28, 600), (29, 1), (85, 300), (6, 1))]
    one += [attr(t, ip(v)) for t, v in ((8, "10.1.1.1"), (8, "255.255.255.254"), (9, "255.255.255.0"),
                                        (168, "2001:db8::9"), (169, "2001:db8::53"))]
    one += [attr(t, prefix(v)) for t, v in ((97, "2001:db8:1::/64"), (123, "2001:db8:2::/48"), (170, "::/0"))]
    one += [vsa(3076, t, v) for t, v in ((25, b"OU=staff;"), (15, b"one"), (36, b"two"), (2, u32(3)), (11, u32(64)),
                                         (55, u32(2)), (27, b"LAN"), (5, ip("10.0.0.1")), (60, b"a,b c"), (219, b"F"))]
    one += [vsa(311, 28, ip("10.0.0.2")), vsa(311, 16, bytes(50)), attr(200, b"?")]
    packets = {f"one_{n:02}": [a, a, a] for n, a in enumerate(one)}
    packets["all"] = [b"".join(one)[:4000]] * 3
    packets["halves"] = [b"".join(one[::2]), b"".join(one[25:40]), b"".join(one[1::2])]
    for name, parts in packets.items():
        (OUT / name).write_bytes(b"".join(struct.pack(">H", len(p)) + p for p in parts))


main()
