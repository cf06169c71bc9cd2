#!/usr/bin/env python3
# long: 60 s
"""Every attribute that a RADIUS server may answer a login with, seen where it has its effect: at the client, in the data path, in the
routes, in `show` (R-RAD-07..43). Each row is logged in three times: its attributes are those of the user, of the group, and what came
with EAP (`cached`). Then which source wins (R-AZN-08..10), the names that servers are asked about (R-MGL), what they are told (R-RAD-01..06),
and what happens when they refuse, answer nonsense, or are not there."""
import ipaddress
import struct

import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from peer_lib import socket_in
from eap_peer import Eap
from ike_auth import Cert, Psk
from ike_initiator import Initiator, Refused
from ike_suite import offer
from ike_wire import *

LOOKUP = "a look-up password"
CONF = """
hostname gw
aaa new-model
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key radius-secret
 timeout 2
radius server DEAD
 address ipv4 10.99.2.3 auth-port 1812 acct-port 1813
 key nobody
 timeout 1
 retransmit 0
aaa group server radius RAD
 server name R1
aaa group server radius NONE
 server name DEAD
aaa authentication login RAD group RAD
aaa authorization network LOCAL local
aaa authorization network RAD group RAD
aaa authorization network DOWN group NONE local
aaa accounting network REC start-stop group RAD
aaa server radius dynamic-author
 client 10.99.2.2 server-key a-key-of-dynauth
sallyport aaa authorization-password %(lookup)s
ip local pool RA 10.100.0.10 10.100.3.250
ip local pool SIDE 10.101.0.10 10.101.0.250
ipv6 local pool RA6 fd00:100::/112 128
ipv6 local pool SIDE6 fd00:101::/112 128
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
ip access-list standard 99
 permit 10.99.9.0 0.0.0.255
ipv6 access-list LAN6
 permit ipv6 fd00:99:2::/64 any
ip access-list extended NO-PING
 deny icmp any any
 permit ip any any
ipv6 access-list NO-PING6
 deny icmp any any
 permit ipv6 any any
policy-map SLOW
 class class-default
  police cir 5000000 conform-action transmit exceed-action drop
vrf definition RED
crypto ikev2 authorization policy RA
 pool RA
 ipv6 pool RA6
crypto ikev2 authorization policy SIDE
 pool SIDE
 dns 10.99.2.54
crypto ikev2 name-mangler WHO
 email username
crypto ikev2 name-mangler WHERE
 email domain
%(manglers)s
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 keyring KR
 peer REST
  address 0.0.0.0 0.0.0.0
  pre-shared-key %(psk)s
 peer ALL
  identity email domain test
  pre-shared-key %(psk)s
 peer HOSTS
  identity fqdn domain test
  pre-shared-key %(psk)s
"""
PROFILE = """
crypto ikev2 profile %s
 match identity remote %s
 identity local fqdn gw.example.test
%s
 aaa accounting REC
 virtual-template 1
"""
BY_PSK = " authentication remote pre-share\n authentication local pre-share\n keyring local KR\n"
BY_EAP = " authentication remote eap query-identity\n authentication local ecdsa-sig\n pki trustpoint HQ\n aaa authentication eap RAD\n"
BY_CERT = " authentication remote ecdsa-sig\n authentication local ecdsa-sig\n pki trustpoint HQ\n"
# domain of the identity: how it logs in, and what is asked then
PROFILES = {
    "user": BY_PSK + " aaa authorization user psk list RAD name-mangler WHO\n aaa authorization group psk list LOCAL RA",
    "group": BY_PSK + " aaa authorization group psk list RAD name-mangler WHO",
    "cached": BY_EAP + " aaa authorization user eap cached\n aaa authorization group eap list LOCAL RA",
    "merge": BY_PSK + " aaa authorization user psk list RAD name-mangler WHO\n aaa authorization group psk list RAD name-mangler WHERE",
    "alone": BY_PSK + " aaa authorization user psk list RAD name-mangler WHO\n aaa authorization group psk list RAD nobody",
    "flip": BY_PSK + " aaa authorization user psk list RAD name-mangler WHO\n aaa authorization group override psk list RAD merge.test",
    "both": BY_EAP + " aaa authorization user eap cached\n aaa authorization user eap list RAD more\n aaa authorization group eap list RAD merge.test",
    "bothflip": BY_EAP + " aaa authorization user eap cached\n aaa authorization user eap list RAD more\n"
                " aaa authorization group override eap list RAD merge.test",
    "lone": BY_PSK + " aaa authorization user psk list LOCAL name-mangler WHO\n aaa authorization group psk list LOCAL SIDE",
    "keys": BY_PSK.replace("local KR", "aaa RAD") + " aaa authorization user psk cached\n aaa authorization group psk list LOCAL RA",
    "keymangler": BY_PSK.replace("local KR", "aaa RAD name-mangler WHO password another password") + " aaa authorization group psk list LOCAL RA",
    "down": BY_PSK + " aaa authorization group psk list DOWN SIDE",
    "plain": BY_EAP + " aaa authorization group eap list LOCAL RA",
}
END = """
interface Loopback1
 ip address 10.98.0.1 255.255.255.255
interface Virtual-Template1 type tunnel
 ip unnumbered Loopback1
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""


def conf(lookup=LOOKUP, manglers="", more=""):
    text = CONF % dict(lookup=lookup, manglers=manglers, ca=root.cert_file, cert=gw.chain_file, key=gw.key_file, psk=PSK)
    return text + "".join(PROFILE % (d.upper(), "email domain %s.test" % d, p) for d, p in PROFILES.items()) + more + END


# ---- the rows ---------------------------------------------------------------------------------------
def av(text):
    return "Cisco-AVPair", text


def given(**want):
    """These attributes of the configuration payload, with these values and no others."""
    def look(p):
        got = {n: [word(n, v) for v in p.values(number(n))] for n in want}
        return got == {n: list(v) if isinstance(v, (list, tuple)) else [v] for n, v in want.items()} or str(got)
    return look


def number(name):
    return {"subnet6": 15, "smartcard": 28684, "url": 28692, "url-version": 28693}.get(name.replace("_", "-"), name.replace("_", "-"))


def word(name, v):
    if name in ("address", "netmask", "dns", "nbns", "dns6"):
        return str(ipaddress.ip_address(v))
    if name == "subnet":
        return "%s/%d" % (ipaddress.ip_address(v[:4]), bin(int.from_bytes(v[4:], "big")).count("1"))
    if name in ("subnet6", "address6"):
        return "%s/%d" % (ipaddress.ip_address(v[:16]), v[16])
    return v.hex() if name in ("local_lan", "pfs", "smartcard") else v.decode()


def starts(name, prefix):
    return lambda p: [word(name, v) for v in p.values(number(name))][0].startswith(prefix) or str(p.attributes)


def pings(yes):
    return lambda p: p.ping("10.99.2.2", tries=4 if yes else 1) == yes


def route(net):
    return lambda p: bool(wait_for(2, lambda: net in t.gw.ip("route").stdout + t.gw.ip("-6", "route").stdout)) or t.gw.ip("route").stdout


def shows(words, text):
    return lambda p: text in json.dumps(sp.show(*words)) or json.dumps(sp.show(*words))


def second_child(status):
    def look(p):
        spi = os.urandom(4)
        reply = p.ask(CREATE_CHILD_SA, [(SA, offer(3, spi, p.esp_lines, 1)), (NONCE, os.urandom(32)), (TSI, p.ts_i), (TSR, p.ts_r)])
        return status in notifies(reply) or str(notifies(reply))
    return look


def too_long(p, mtu):
    said = t.lan.run("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1150", p.address, check=False).stdout
    return "mtu = %d" % mtu in said or said


def mss(p):
    """Of a connection from the LAN, as it comes out of the tunnel."""
    caller = spawn(t.lan.ns, sys.executable, "-c", "import socket; s=socket.socket(); s.settimeout(2); s.connect(('%s', 80))" % p.address)
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            p.sock.settimeout(2)
            data = p.sock.recv(65535)
            if data[:4] == p.spi_in:
                inner = p.back.open(struct.unpack("!I", data[4:8])[0], data)
                if inner[9] == 6 and inner[40:42] == b"\2\4":
                    return struct.unpack("!H", inner[42:44])[0]
    finally:
        stop_process(caller)


def accounted(p, name, value):
    return bool(wait_for(3, lambda: [value] in [r.get(name) for r in radius.records()]))


def only_one(p):
    """A second login of the same user from elsewhere ends the first."""
    before = len(sp.sessions())
    more = login(p.domain, p.user, sock=sockets[1])
    p.logout = more.logout
    return bool(wait_for(3, lambda: len(sp.sessions()) == before)) and more.ping("10.99.2.2")


POLICED = ("policy-map", "interface")
DETAIL = ("crypto", "session", "detail")
S = "{s}" # 1, 2, 3 by the source
ROWS = [
    ("Framed-Pool", [("Framed-Pool", "SIDE")], starts("address", "10.101.")),
    ("ipsec:addr-pool", [av("ipsec:addr-pool=SIDE")], starts("address", "10.101.")),
    ("ip:addr-pool", [av("ip:addr-pool=SIDE")], starts("address", "10.101.")),
    ("217", [("ASA-Address-Pools", "SIDE")], starts("address", "10.101.")),
    ("ipsec:ipv6-addr-pool", [av("ipsec:ipv6-addr-pool=SIDE6")], starts("address6", "fd00:101::")),
    ("Framed-IPv6-Pool", [("Framed-IPv6-Pool", "SIDE6")], starts("address6", "fd00:101::")),
    ("Stateful-IPv6-Address-Pool", [("Stateful-IPv6-Address-Pool", "SIDE6")], starts("address6", "fd00:101::")),
    ("ipv6:addr-pool", [av("ipv6:addr-pool=SIDE6")], starts("address6", "fd00:101::")),
    ("218", [("ASA-IPv6-Address-Pools", "SIDE6")], starts("address6", "fd00:101::")),
    ("Framed-IP-Address, -Netmask", [("Framed-IP-Address", "10.77.%s.7" % S), ("Framed-IP-Netmask", "255.255.252.0")],
     lambda p: given(address="10.77.%s.7" % p.source, netmask="255.255.252.0")(p)),
    ("Framed-IP-Address of the pool", [("Framed-IP-Address", "255.255.255.254")], starts("address", "10.10")),
    ("ip:addr", [av("ip:addr=10.77.%s.8" % S), av("ipsec:netmask=255.255.255.0")],
     lambda p: given(address="10.77.%s.8" % p.source, netmask="255.255.255.0")(p)),
    ("ipsec:addrv6, prefix-len", [av("ipsec:addrv6=fd00:77:%s::7" % S), av("ipsec:prefix-len=64")],
     lambda p: given(address6="fd00:77:%s::7/64" % p.source)(p)),
    ("Framed-IPv6-Address", [("Framed-IPv6-Address", "fd00:77:%s::9" % S)],
     lambda p: given(address6="fd00:77:%s::9/128" % p.source)(p) is True and accounted(p, "Framed-IPv6-Address", "fd00:77:%s::9" % p.source)),
    ("Framed-IPv6-Prefix", [("Framed-IPv6-Prefix", "fd00:78:%s::/64" % S)],
     lambda p: starts("address6", "fd00:78:%s:" % p.source)(p) is True and p.values("address6")[0][16] == 64 or str(p.attributes)),
    ("Delegated-IPv6-Prefix", [("Delegated-IPv6-Prefix", "fd00:79:%s::/56" % S)], lambda p: route("fd00:79:%s::/56" % p.source)(p)),
    ("Framed-Route", [("Framed-Route", "192.168.7%s.0/24 0.0.0.0 1" % S)], lambda p: route("192.168.7%s.0/24" % p.source)(p)),
    ("Framed-IPv6-Route", [("Framed-IPv6-Route", "fd00:7a:%s::/48 :: 1" % S)], lambda p: route("fd00:7a:%s::/48" % p.source)(p)),
    ("ipsec:dns-servers", [av("ipsec:dns-servers=10.9.9.1 10.9.9.2")], given(dns=["10.9.9.1", "10.9.9.2"])),
    ("ip:dns-servers", [av("ip:dns-servers=10.9.9.1")], given(dns="10.9.9.1")),
    ("5, 6", [("ASA-Primary-DNS", "10.9.9.3"), ("ASA-Secondary-DNS", "10.9.9.4")], given(dns=["10.9.9.3", "10.9.9.4"])),
    ("MS-Primary-DNS-Server", [("MS-Primary-DNS-Server", "10.9.9.5"), ("MS-Secondary-DNS-Server", "10.9.9.6")], given(dns=["10.9.9.5", "10.9.9.6"])),
    ("ipsec:wins-servers", [av("ipsec:wins-servers=10.9.9.7 10.9.9.8")], given(nbns=["10.9.9.7", "10.9.9.8"])),
    ("7, 8", [("ASA-Primary-WINS", "10.9.9.7"), ("ASA-Secondary-WINS", "10.9.9.9")], given(nbns=["10.9.9.7", "10.9.9.9"])),
    ("MS-Primary-NBNS-Server", [("MS-Primary-NBNS-Server", "10.9.9.7"), ("MS-Secondary-NBNS-Server", "10.9.9.8")], given(nbns=["10.9.9.7", "10.9.9.8"])),
    ("ipsec:ipv6-dns-servers-addr", [av("ipsec:ipv6-dns-servers-addr=fd00:9::1 *fd00:9::2")], given(dns6=["fd00:9::1", "fd00:9::2"])),
    ("DNS-Server-IPv6-Address", [("DNS-Server-IPv6-Address", "fd00:9::3")], given(dns6="fd00:9::3")),
    ("ipsec:route-set=prefix", [av("ipsec:route-set=prefix 192.168.1.0/24"), av("ipsec:route-set=prefix fd00:1::/64")],
     given(subnet="192.168.1.0/24", subnet6="fd00:1::/64")),
    ("ipsec:route-set=interface", [av("ipsec:route-set=interface")], given(subnet="10.98.0.1/32")),
    ("ipsec:route-set-interface", [av("ipsec:route-set-interface")], given(subnet="10.98.0.1/32")),
    ("ipsec:route-set-interface=1", [av("ipsec:route-set-interface=1")], given(subnet="10.98.0.1/32")),
    ("ipsec:route-set=access-list", [av("ipsec:route-set=access-list 99")], given(subnet="10.99.9.0/24")),
    ("ipsec:inacl", [av("ipsec:inacl=99")], given(subnet="10.99.9.0/24")),
    ("ipsec:route-set=access-list ipv6", [av("ipsec:route-set=access-list ipv6 LAN6")], given(subnet6="fd00:99:2::/64")),
    ("ipsec:ipv6-subnet-acl", [av("ipsec:ipv6-subnet-acl=LAN6")], given(subnet6="fd00:99:2::/64")),
    ("27 and 55 = 1", [("ASA-IPsec-Split-Tunnel-List", "LAN"), ("ASA-IPsec-Split-Tunneling-Policy", "1")], given(subnet="10.99.2.0/24")),
    ("27 and 55 = 0", [("ASA-IPsec-Split-Tunnel-List", "LAN"), ("ASA-IPsec-Split-Tunneling-Policy", "0")], given(subnet=[])),
    ("55 = 2", [("ASA-IPsec-Split-Tunneling-Policy", "2")], given(subnet=[], local_lan="00000000ffffffff000000000000")),
    ("Route-IPv6-Information", [("Route-IPv6-Information", "fd00:2::/64")], given(subnet6="fd00:2::/64")),
    ("ipsec:route-accept=any", [av("ipsec:route-accept=any tag:100 distance:3")], route("10.76.0.0/24")),
    ("ipsec:route-accept=any tag=", [av("ipsec:route-accept=any tag=100")], route("10.76.0.0/24")),
    ("ipsec:route-accept=accept acl:any", [av("ipsec:route-accept=accept acl:any")], route("10.76.0.0/24")),
    ("ipsec:route-accept=none", [av("ipsec:route-accept=none")], lambda p: "10.76.0.0/24" not in t.gw.ip("route").stdout),
    ("ipsec:route-accept=deny", [av("ipsec:route-accept=deny")], lambda p: "10.76.0.0/24" not in t.gw.ip("route").stdout),
    ("ipsec:banner, default-domain", [av("ipsec:banner=Good day"), av("ipsec:default-domain=corp.test")],
     given(banner="Good day", default_domain="corp.test")),
    ("15, 36, 28", [("ASA-Banner1", "Good "), ("ASA-Banner2", "evening"), ("ASA-IPsec-Default-Domain", "asa.test")],
     given(banner="Good evening", default_domain="asa.test")),
    ("ipsec:split-dns", [av("ipsec:split-dns=a.test"), av("ipsec:split-dns=b.test")], given(split_dns="a.test,b.test")),
    ("29", [("ASA-IPsec-Split-DNS-Names", "a.test,b.test")], given(split_dns="a.test,b.test")),
    ("ipsec:ipsec-backup-gateway", [av("ipsec:ipsec-backup-gateway=gw2.test"), av("ipsec:backup-gateway=gw3.test")], given(backup="gw2.test,gw3.test")),
    ("60", [("ASA-IPsec-Backup-Server-List", "gw2.test gw3.test")], given(backup="gw2.test,gw3.test")),
    ("ipsec:pfs, include-local-lan, smartcard", [av("ipsec:pfs=1"), av("ipsec:include-local-lan=1"), av("ipsec:smartcard-removal-disconnect=1")],
     given(pfs="0001", local_lan="00000000ffffffff000000000000", smartcard="0001")),
    ("the same, 0", [av("ipsec:pfs=0"), av("ipsec:include-local-lan=0"), av("ipsec:smartcard-removal-disconnect=0")], given(local_lan=[])),
    ("88", [("ASA-Perfect-Forward-Secrecy-Enable", "1")], given(pfs="0001")),
    ("ipsec:configuration-url, -version", [av("ipsec:configuration-url=http://conf.test/x"), av("ipsec:configuration-version=4")],
     given(url="http://conf.test/x", url_version="4")),
    ("ipsec:ipsec-flow-limit", [av("ipsec:ipsec-flow-limit=1")], second_child(NO_ADDITIONAL_SAS)),
    ("Filter-Id", [("Filter-Id", "NO-PING.in")], pings(False)),
    ("Filter-Id, out", [("Filter-Id", "NO-PING.out")], pings(False)),
    ("86", [("ASA-Access-List-Inbound", "NO-PING")], pings(False)),
    ("87", [("ASA-Access-List-Outbound", "NO-PING")], pings(False)),
    ("ip:inacl#N", [av("ip:inacl#20=permit ip any any"), av("ip:inacl#10=deny icmp any any")], pings(False)),
    ("ip:inacl#N, the other order", [av("ip:inacl#10=permit ip any any"), av("ip:inacl#20=deny icmp any any")], pings(True)),
    ("ipsec:inacl#N", [av("ipsec:inacl#10=deny icmp any any")], pings(False)),
    ("ip:inacl, a name", [av("ip:inacl=NO-PING")], pings(False)),
    ("ipsec:outacl, a name", [av("ipsec:outacl=NO-PING")], pings(False)),
    ("ip:outacl#N", [av("ip:outacl#10=permit udp any any")], pings(False)),
    ("NAS-Filter-Rule", [("NAS-Filter-Rule", "deny in icmp from any to any"), ("NAS-Filter-Rule", "permit in ip from any to any")], pings(False)),
    ("ip:interface-config: access-group", [av("ip:interface-config=ip access-group NO-PING in")], pings(False)),
    ("ip:sub-qos-policy-out", [av("ip:sub-qos-policy-out=SLOW")], shows(POLICED, "SLOW")),
    ("ip:sub-policy-in", [av("ip:sub-policy-in=SLOW")], shows(POLICED, "SLOW")),
    ("ip:interface-config: service-policy", [av("ip:interface-config=service-policy input SLOW")], shows(POLICED, "SLOW")),
    ("219", [("ASA-IPv6-VPN-Filter", "NO-PING6")], pings(True)),
    ("ip:ip-unnumbered", [av("ip:ip-unnumbered=Loopback1")], pings(True)),
    ("ip:interface-config: ip mtu", [av("ip:interface-config=ip mtu 1100")], lambda p: too_long(p, 1100)),
    ("ip:interface-config: ip tcp adjust-mss", [av("ip:interface-config=ip tcp adjust-mss 900")], lambda p: mss(p) == 900 or str(mss(p))),
    ("Session-Timeout", [("Session-Timeout", "3600")],
     lambda p: 3000 <= int.from_bytes(notifies(p.last_reply).get(16403, b""), "big") <= 3600 or str(notifies(p.last_reply))),
    ("Idle-Timeout", [("Idle-Timeout", "3600")], shows(DETAIL, '"idle_timeout_s": 3600')),
    ("Acct-Interim-Interval", [("Acct-Interim-Interval", "1")], lambda p: bool(wait_for(4, lambda: any(
        r["Acct-Status-Type"] == ["Interim-Update"] and r["User-Name"][0].startswith(p.user) for r in radius.records())))),
    ("Termination-Action", [("Termination-Action", "1"), ("Reply-Message", "Hello")], pings(True)),
    ("Class, Chargeable-User-Identity", [("Class", "0x636c6173732d3{s}30"), ("Chargeable-User-Identity", "cui-%s" % S)],
     lambda p: accounted(p, "Chargeable-User-Identity", "0x%s" % ("cui-%s" % p.source).encode().hex()) and accounted(p, "Class", "0x636c6173732d3%s30" % p.source)),
    ("2", [("ASA-Simultaneous-Logins", "1")], lambda p: only_one(p)),
    ("25", [("ASA-Group-Policy", "OU=SIDE;")], lambda p: given(dns=[] if p.domain == "group" else "10.99.2.54")(p)), # a group has no group
    ("11", [("ASA-Tunneling-Protocols", "68")], pings(True)),
]

# Impossible values, and the words that say so.
WRONG = [
    ([("Framed-IP-Address", "127.0.0.1")], "Framed-IP-Address: no client can have"),
    ([("Framed-IP-Address", "10.98.0.1")], "10.98.0.1, which is the user's own, is an address of this gateway"),
    ([("Framed-IP-Netmask", "255.0.255.0")], "no netmask"),
    ([("Framed-Pool", "NOWHERE")], "names pool NOWHERE, which is not defined"),
    ([av("ipsec:ipv6-addr-pool=NOWHERE")], "names IPv6 pool NOWHERE, which is not defined"),
    ([("Filter-Id", "NOWHERE")], "access-list NOWHERE as filter, which is not defined"),
    ([("ASA-Tunneling-Protocols", "4")], "the user may not log in by IKEv2"),
    ([("ASA-Group-Policy", "OU=NOWHERE;")], "NOWHERE"),
    ([("ASA-IPsec-Split-Tunneling-Policy", "7")], "0, 1 or 2 is wanted"),
    ([("Framed-Route", "somewhere")], "no network in"),
    ([("NAS-Filter-Rule", "permit in ip from nobody to any")], "NAS-Filter-Rule"),
    ([av("ipsec:dns-servers=fd00::1")], "no address of a server"),
    ([av("ipsec:pfs=yes")], "0 or 1 is wanted"),
    ([av("ipsec:prefix-len=129")], "no length of a prefix"),
    ([av("ipsec:ipsec-flow-limit=0")], "allows no IPsec SA"),
    ([av("ipsec:ipsec-flow-limit=many")], "no number"),
    ([av("ipsec:route-set=everything")], "prefix, interface or access-list is wanted"),
    ([av("ipsec:route-set=access-list NOWHERE")], "standard access-list NOWHERE, which is not defined"),
    ([av("ipsec:route-set=interface Loopback7")], "Loopback7, which is not defined"),
    ([av("ipsec:route-accept=some")], "any or none is wanted"),
    ([av("ip:inacl#10=allow everything")], "expected permit or deny"),
    ([av("ip:sub-qos-policy-in=NOWHERE")], "policy-map NOWHERE, which is not defined"),
    ([av("ip:interface-config=shutdown")], "no interface command that a session can be given"),
    ([av("ip:interface-config=ip vrf forwarding RED")], "VRF RED"),
    ([av("ip:vrf-id=RED")], "VRF RED"),
    ([av("ipsec:split-dns=" + " ".join("d%d.test" % i for i in range(11)))], "more than 10"),
]
PASSED_OVER = [("Mikrotik-Rate-Limit", "1M"), av("shell:priv-lvl=15"), av("ipsec:route-redistribute=static"), ("Framed-Interface-Id", "1:2:3:4"),
               av("ipsec:pfs*maybe"), av("nothing"), ("Framed-Protocol", "PPP"), ("Port-Limit", "3"), av("ipsec:banner=Still here")]
SOURCES = (("user", "1"), ("group", "2"), ("cached", "3"))


def items(rows):
    return ",\n\t".join('%s += %s' % (n, v if v.startswith("0x") else '"%s"' % v) for n, v in rows)


users = {}
for k, (_, attributes, _) in enumerate(ROWS):
    for domain, s in SOURCES:
        pools = [] if domain != "group" or "ool" in str(attributes) else [("Framed-Pool", "RA"), ("Framed-IPv6-Pool", "RA6")]
        users["r%d-%s" % (k, domain)] = (LOOKUP, items(attributes + pools).replace("{s}", s))
for k, (attributes, _) in enumerate(WRONG):
    users["w%d" % k] = (LOOKUP, items(attributes))
users["swan"] = (LOOKUP, items([("Framed-IP-Address", "10.77.5.5"), ("Framed-IPv6-Address", "fd00:77:5::5"), av("ipsec:dns-servers=10.99.2.53"),
                               av("ipsec:route-set=prefix 10.99.2.0/24"), av("ip:sub-qos-policy-in=SLOW"), av("ipv6:inacl#10=deny icmp any any"),
                               av("ip:outacl#10=deny udp any any"), av("ip:outacl#20=permit ip any any")]))
users["named6"] = (LOOKUP, items([("Framed-IPv6-Prefix", "fd00:78:77::/64"), ("Delegated-IPv6-Prefix", "fd00:79:77::/56"),
                                  ("Delegated-IPv6-Prefix", "fd00:79:78::/56")]))
users["odd"] = (LOOKUP, items(PASSED_OVER))
users["refused"] = ("another", 'Reply-Message = "not today"')
users["empty"] = LOOKUP
users["grouped"] = (LOOKUP, items([("ASA-Group-Policy", "OU=SIDE;")]))
users["short"] = (LOOKUP, items([("Session-Timeout", "3")]))
users["idle"] = (LOOKUP, items([("Idle-Timeout", "3")]))
users["login"] = (LOOKUP, items([av("ipsec:banner=for cached only"), ("Class", "0x6c6f67696e"), ("User-Name", "a name of the server")]))
users["anna"] = (LOOKUP, items([av("ipsec:banner=user"), av("ipsec:dns-servers=10.1.1.1"), av("ipsec:pfs=0"), av("ipsec:route-set=prefix 10.1.0.0/16"),
                               av("ipsec:route-set=access-list 99"), ("Filter-Id", "NO-PING.in"), av("ipsec:include-local-lan=0")]))
users["merge.test"] = (LOOKUP, items([av("ipsec:banner=group"), av("ipsec:dns-servers=10.2.2.2 10.2.2.3"), av("ipsec:pfs=1"), ("Framed-Pool", "SIDE"),
                                      av("ipsec:route-set=prefix 10.2.0.0/16"), av("ipsec:route-set=access-list LAN"), av("ipsec:default-domain=group.test"),
                                      av("ip:inacl#10=permit ip any any"), av("ipsec:include-local-lan=1")]))
users["bare"] = (LOOKUP, items([av("ipsec:banner=cached"), av("ipsec:default-domain=cached.test"), av("ipsec:route-set=prefix 10.4.0.0/16")]))
users["whole"] = (LOOKUP, items([av("ipsec:banner=cached"), av("ipsec:default-domain=cached.test"), ("Framed-IP-Address", "10.77.9.1")]))
users["more"] = (LOOKUP, items([av("ipsec:banner=more"), av("ipsec:route-set=prefix 10.5.0.0/16"), ("Framed-IP-Address", "10.77.9.2")]))
users["one@keys.test"] = (LOOKUP, items([("Tunnel-Type:0", "ESP"), ("Tunnel-Medium-Type:0", "IPv4"), ("Tunnel-Password:0", "of both"),
                                         av("ipsec:banner=with the key"), ("Framed-IP-Address", "10.77.9.3")]))
users["key-one"] = ("another password", items([("Tunnel-Password:0", "of both")]))
users["two@keys.test"] = (LOOKUP, items([av("ipsec:ikev2-password-local=ours"), av("ipsec:ikev2-password-remote=theirs"), ("Framed-IP-Address", "10.77.9.4")]))

# Names: identity of the peer, rule of the mangler, the name.
DN = "CN=carl.smith, O=Corp, OU=Sales, C=DE, L=Bonn, ST=NRW, DC=corp"
FIELDS = {"common-name": "carl.smith", "country": "DE", "domain": "corp", "locality": "Bonn", "organization": "Corp",
          "organization-unit": "Sales", "state": "NRW"}
NAMES = [("psk", "carl@mail.test", "email all", "carl@mail.test"), ("psk", "carl@mail.test", "email domain", "mail.test"),
         ("psk", "carl@mail.test", "email username", "carl"), ("psk", "spoke.hub.test", "fqdn all", "spoke.hub.test"),
         ("psk", "spoke.hub.test", "fqdn domain", "hub.test"), ("psk", "spoke.hub.test", "fqdn hostname", "spoke"),
         ("psk", "spoke.hub.test", "email username", None), ("psk", "carl@mail.test", "fqdn all", None),
         ("eap", "carl@mail.test", "eap all", "carl@mail.test"), ("eap", "carl@mail.test", "eap prefix delimiter @", "carl"),
         ("eap", "carl@mail.test", "eap suffix delimiter @", "mail.test"), ("eap", "a.b.c", "eap prefix delimiter .", "a"),
         ("eap", "a.b.c", "eap suffix delimiter .", "b.c"), ("eap", "CORP\\carl", "eap prefix delimiter \\", "CORP"),
         ("eap", "CORP\\carl", "eap suffix delimiter \\", "carl"), ("eap", "carl", "eap prefix delimiter @", None)]
NAMES += [("psk", "carl@mail.test", None, "carl@mail.test"), ("psk", "spoke.hub.test", None, "spoke.hub.test"), ("psk", "10.99.1.11", None, "10.99.1.11"),
          ("psk", "fd00:99:1::11", None, "fd00:99:1::11"), ("psk", "keyid:office", None, "office"), ("psk", "10.99.1.11", "fqdn all", None),
          ("eap", "carl", None, "carl"), ("eap", "CORP\\carl", None, "CORP\\carl"), ("eap", "j\u00fcrgen", None, "j\u00fcrgen")]
NAMES += [("eap", DN, "eap dn " + f, v) for f, v in FIELDS.items()] + [("cert", DN, "dn " + f, v) for f, v in FIELDS.items()]
NAMES += [("cert", DN, "email all", None)]
for kind, identity_of, _, name in NAMES:
    if name:
        users[name] = (LOOKUP, "")
    if kind == "eap":
        for b in ("\\", "\\\\", "\\\\\\\\"):
            users[identity_of.replace("\\", b)] = (LOOKUP, "")

# ---- the run ------------------------------------------------------------------------------------------
FLEXVPN = [b"CISCO-DELETE-REASON", b"FLEXVPN-SUPPORTED"]
ASKED = ["address", "netmask", "dns", "nbns", "address6", "dns6", "subnet6", "subnet", ("subnet", bytes.fromhex("0a4c0000ffffff00"))]


def peer(domain, user, auth=None, identity=None, sock=None):
    """A FlexVPN client of one profile."""
    is_eap = "authentication remote eap" in PROFILES.get(domain, "")
    p = Initiator(sock or sockets[0], "10.99.1.1", identity or "%s@%s.test" % (user, domain), auth or [Eap(user, LOOKUP, ["md5"]) if is_eap else Psk(PSK)],
                  trust=[root.der], remote=Psk(PSK), remote_id="gw.example.test", vendors=FLEXVPN, cp=ASKED, seconds=4, tries=2)
    p.domain, p.user = domain, user
    return p


def login(domain, user, **more):
    return peer(domain, user, **more).login()


def refused(p):
    """The sentence that the failure is kept with; "" when it is let in."""
    last = sp.sql("select coalesce(max(id), 0) from failures")[0][0]
    try:
        p.login()
    except Refused:
        more = wait_for(3, lambda: sp.sql("select sentence from v_failures where id > %d order by id" % last))
        return " | ".join(r for r, in more or [("no sentence",)])
    p.logout()
    return ""


def asked(since):
    return [r["User-Name"][0] for r in radius.records("auth")[since:]]


t = Topology()
root = pki_lib.Authority("Test Root")
gw = root.leaf("gw", san=["dns:gw.example.test"], eku=["server"])
carl = root.leaf(DN, san=["email:carl@mail.test"], eku=["client"], file="carl")
radius = FreeRadius(t.lan, users, gw, root, address="10.99.2.2", clients="10.99.2.0/24").start()
sp = Sallyport(t.gw, conf()).start()
client = t.client(1)
sockets = [socket_in(client) for _ in range(3)]
short, idle = login("user", "short", sock=sockets[1]), login("user", "idle", sock=sockets[2])

for k, (name, _, look) in enumerate(ROWS):
    for domain, s in SOURCES:
        try:
            p = login(domain, "r%d-%s" % (k, domain))
        except Refused as e:
            ok("%s (%s)" % (name, domain), False, "refused: %s %s" % (e, sp.tail(2)))
            continue
        p.source = s
        seen = look(p)
        ok("%s (%s)" % (name, domain), seen is True, str(seen))
        p.logout()

# Counted from the authorization, which comes a moment after the SA that is timed.
for user, why in (("short", "session_timeout"), ("idle", "idle")):
    query = "select end_reason, seconds from v_history where identity = '%s@user.test'" % user
    ok("%s: it ends by itself, in time" % user, wait_for(20, lambda: sp.sql(query)) and sp.sql(query)[0] in [(why, n) for n in (2, 3, 4, 5)], str(sp.sql(query)))

# ---- strongSwan ---------------------------------------------------------------------------------------------
ss = StrongSwan(t.client(2), user="swan@user.test").start()
ok("strongSwan: both addresses", ss.up() and ss.addresses() == ["10.77.5.5", "fd00:77:5::5"], ss.last[-300:] + sp.tail(3))
with open(os.path.join(ss.dir, "resolv.conf")) as f:
    ok("strongSwan: the name server", "10.99.2.53" in f.read())
ok("strongSwan: IPv4 passes, ICMP of IPv6 does not", ss.host.ping("10.99.2.2") == 3 and ss.host.ping("fd00:99:2::2", count=2) == 0)
rate = iperf3(ss.host, t.lan, "10.99.2.2", seconds=4, bind="10.77.5.5")
ok("strongSwan: sends with the rate of its policy map", 3 < rate < 6.5, "%.1f Mbit/s" % rate)
back = iperf3(ss.host, t.lan, "10.99.2.2", seconds=2, bind="10.77.5.5", reverse=True)
ok("strongSwan: and gets more", back > 10, "%.1f Mbit/s" % back)
ss.stop()

# ---- what accounting says of a session names it in a Disconnect-Request ---------------------------------------
PORT = ["NAS-Port", "NAS-Port-Id", "NAS-Port-Type"]


def record_of(user):
    """Its last Start."""
    return [r for r in radius.records() if r["Acct-Status-Type"] == ["Start"] and r["User-Name"][0].startswith(user)][-1]


def disconnects(name, values):
    words = ["%s = %s" % (name, '"%s"' % v if name == "NAS-Port-Id" else v) for v in values]
    path = os.path.join(WORK, "named")
    with open(path, "w") as f:
        f.write(", ".join([words[0]] + [w.replace(" = ", " += ") for w in words[1:]]) + "\n")
    return "Disconnect-ACK" in t.lan.run("radclient", "-x", "-r", "1", "-t", "1", "-f", path, "10.99.2.1:3799", "disconnect", "a-key-of-dynauth", check=False).stdout


for name, want in (("NAS-Port", None), ("NAS-Port-Id", None), ("Framed-IPv6-Prefix", ["fd00:78:77::/64"]), ("Framed-Interface-Id", ["0:0:0:1"]),
                   ("Delegated-IPv6-Prefix", ["fd00:79:77::/56", "fd00:79:78::/56"])):
    since, started = len(radius.records("auth")), len(radius.records())
    p = login("user", "named6")
    ok("%s: a Start" % name, wait_for(3, lambda: len(radius.records()) > started and record_of("named6")))
    start, told = record_of("named6"), radius.records("auth")[since:]
    ok("... has it", name in start and (want is None or sorted(start[name]) == want), str(start))
    ok("... has the port of the Access-Request", told and all(r.get(n) == start.get(n) is not None for n in PORT for r in told) and
       start["NAS-Port-Id"] == ["Virtual-Access" + start["NAS-Port"][0]], str(told) + str(start))
    ok("... which says nothing else of IPv6", not any("IPv6" in n for r in told for n in r), str(told))
    ok("... ends it", disconnects(name, start[name]) and wait_for(3, lambda: len(sp.sessions()) == 0), str(sp.sessions()) + sp.tail(3))
    stop = wait_for(3, lambda: [r for r in radius.records() if r["Acct-Status-Type"] == ["Stop"] and r["Acct-Session-Id"] == start["Acct-Session-Id"]])
    ok("... and its Stop says the same", stop and all(stop[0].get(n) == start.get(n) for n in [*PORT, name]), str(stop))

# ---- what cannot be, and what is passed over ---------------------------------------------------------------
for k, (attributes, words) in enumerate(WRONG):
    said = refused(peer("user", "w%d" % k))
    ok("%s = %s is refused in words" % attributes[0], words in said, said or "it was let in")
p = login("user", "odd")
ok("what is unknown is passed over", given(banner="Still here")(p) is True and p.ping("10.99.2.2"), str(p.attributes))
line = next((l for l in sp.log_text().splitlines() if "radius_ignored" in l and "shell:priv-lvl" in l), "")
ok("... with a line in the log", "route-redistribute" in line and "14988" in line and "cisco-avpair" in line and "1M" not in line, line)
p.logout()
said = refused(peer("user", "refused"))
ok("a reject is refused with the server's words", "not today" in said, said)
said = refused(peer("user", "nobody"))
ok("... and without", "refused" in said, said)
p = login("user", "empty")
ok("no attributes: those of the group", p.address.startswith("10.100."), str(p.attributes))
p.logout()

# ---- which source wins -------------------------------------------------------------------------------------
p = login("merge", "anna")
ok("user over group", given(banner="user", dns="10.1.1.1", default_domain="group.test", local_lan=[])(p) is True and p.address.startswith("10.101."),
   str(p.attributes))
ok("... networks add up, the user's first", [word("subnet", v) for v in p.values("subnet")] ==
   ["10.1.0.0/16", "10.2.0.0/16", "10.99.9.0/24", "10.99.2.0/24"], str(p.attributes))
ok("... a filter is one value", pings(False)(p))
p.logout()
p = login("lone", "stranger")
ok("no policy of the user: the group's", given(dns="10.99.2.54")(p) is True and p.address.startswith("10.101."), str(p.attributes))
p.logout()
p = login("flip", "anna")
ok("`override`: group over user", given(banner="group", dns=["10.2.2.2", "10.2.2.3"], pfs="0001")(p) is True and len(p.values("local-lan")) == 1 and
   pings(True)(p), str(p.attributes))
ok("... and networks add up", sorted(word("subnet", v) for v in p.values("subnet")) ==
   ["10.1.0.0/16", "10.2.0.0/16", "10.99.2.0/24", "10.99.9.0/24"], str(p.attributes))
p.logout()
before = len(radius.records("auth"))
p = login("both", "bare")
ok("... networks of all three", [word("subnet", v) for v in p.values("subnet")] == ["10.5.0.0/16", "10.4.0.0/16", "10.2.0.0/16", "10.99.2.0/24"],
   str(p.attributes))
ok("cached without an address: the user is asked for, and wins; the group's last", given(banner="more", default_domain="cached.test", address="10.77.9.2",
   dns=["10.2.2.2", "10.2.2.3"])(p) is True and asked(before)[-2:] == ["more", "merge.test"], "%s %s" % (p.attributes, asked(before)))
p.logout()
p = login("bothflip", "bare")
ok("`override`: group over user over cached", given(banner="group", default_domain="group.test", address="10.77.9.2")(p) is True and
   [word("subnet", v) for v in p.values("subnet")] == ["10.2.0.0/16", "10.5.0.0/16", "10.4.0.0/16", "10.99.2.0/24"], str(p.attributes))
p.logout()
before = len(radius.records("auth"))
p = login("both", "whole")
ok("cached with an address: nobody asks for the user", given(banner="cached", address="10.77.9.1", default_domain="cached.test")(p) is True and
   "more" not in asked(before), "%s %s" % (p.attributes, asked(before)))
p.logout()
p = login("plain", "login")
ok("without `cached` only what is of the login counts", not p.values("banner") and accounted(p, "Class", "0x6c6f67696e") and
   accounted(p, "User-Name", "a name of the server"), str(p.attributes))
p.logout()
before = len(radius.records("auth"))
p = login("alone", "grouped")
ok("who names his group has that, and the profile's is not asked for", given(dns="10.99.2.54")(p) is True and asked(before) == ["grouped"], str(asked(before)))
p.logout()
begin = time.monotonic()
p = login("down", "anyone")
ok("no server: `local`", given(dns="10.99.2.54")(p) is True and time.monotonic() - begin < 6, str(p.attributes))
p.logout()

# ---- keys ----------------------------------------------------------------------------------------------------
before = len(radius.records("auth"))
p = peer("keys", "one", auth=[Psk("of both")])
p.remote = Psk("of both")
p.login()
ok("Tunnel-Password, and what came with it", given(banner="with the key", address="10.77.9.3")(p) is True, str(p.attributes))
told = radius.records("auth")[before]
ok("... asked with our password", told["User-Name"] == ["one@keys.test"] and told["User-Password"] == [LOOKUP] and
   told["Calling-Station-Id"] == ["10.99.1.11"] and "Message-Authenticator" in told, str(told))
p.logout()
p = peer("keys", "two", auth=[Psk("theirs")])
p.remote = Psk("ours")
p.login()
ok("a key for each side", given(address="10.77.9.4")(p) is True, str(p.attributes))
p.logout()
p = peer("keymangler", "key-one", auth=[Psk("of both")])
p.remote = Psk("of both")
before = len(radius.records("auth"))
ok("... by the name that a mangler makes", refused(p) == "" and asked(before) == ["key-one"], str(asked(before)))
p = peer("keys", "two", auth=[Psk("ours")])
p.remote = Psk("ours")
ok("... and not the other one", refused(p) != "")

# ---- what the server is told ---------------------------------------------------------------------------------
before = len(radius.records("auth"))
login("both", "bare").logout()
told = radius.records("auth")[before:]
eap, rights = told[0], [r for r in told if "User-Password" in r]
ok("EAP: who, for what, from where", eap["User-Name"] == ["bare"] and eap["Service-Type"] == ["Login-User"] and "EAP-Message" in eap and
   "Message-Authenticator" in eap and eap["Calling-Station-Id"] == ["10.99.1.11"] and eap["Called-Station-Id"] == ["10.99.1.1"], str(eap))
ok("rights: the password of look-ups, and no EAP", [r["User-Name"] for r in rights] == [["more"], ["merge.test"]] and
   all(r["User-Password"] == [LOOKUP] and r["Service-Type"] == ["Outbound-User"] and r["Calling-Station-Id"] == ["10.99.1.11"] and
       "Message-Authenticator" in r and "EAP-Message" not in r for r in rights), str(rights))
ok("... and whose gateway asks", all(r["NAS-Identifier"] == ["gw"] and r["NAS-IP-Address"] == ["10.99.2.1"] and r["NAS-Port-Type"] == ["Virtual"]
                                     for r in told), str(told[-1]))

# ---- names -----------------------------------------------------------------------------------------------------
MATCH = {"psk": ["email domain mail.test", "fqdn domain hub.test", "address 10.99.1.0 255.255.255.0", "address fd00:99:1::/64", "key-id office"], "eap": ["email domain eap.test"], "cert": ["any"]}
HOW = {"psk": BY_PSK, "eap": BY_EAP, "cert": BY_CERT}
for kind, of, rule, name in NAMES:
    lines = HOW[kind] + " aaa authorization user %s list RAD%s\n aaa authorization group %s list LOCAL RA" % (
        kind, " name-mangler NAME" if rule else "", kind)
    sp.configure(conf(manglers="crypto ikev2 name-mangler NAME\n " + (rule or "eap all"), more=PROFILE % ("NAME", "\n match identity remote ".join(MATCH[kind]), lines)))
    sp.reload()
    if kind == "cert":
        p = peer("name", "", auth=[Cert(carl)], identity="dn:" + carl.subject_der.hex())
    else:
        p = peer("name", "", auth=[Eap(of, LOOKUP, ["md5"])] if kind == "eap" else None, identity="x@eap.test" if kind == "eap" else of)
    before = len(radius.records("auth"))
    if name is None:
        said = refused(p)
        ok("%s of %s: no name, no login" % (rule, of), "name-mangler NAME" in said, said or "it was let in")
        continue
    try:
        p.login().logout()
    except Refused as e:
        print("#", e, sp.tail(3))
    if kind == "eap" and not rule:
        ok("... and accounting says it, too", accounted(p, "User-Name", name.replace("\\", "\\\\")), str(radius.records()[-1:]))
    ok("%s of %s %s: %s" % (rule or "no rule", kind, of, name), asked(before)[-1:] == [name.replace("\\", "\\\\")], str(asked(before)))

# ---- another password ------------------------------------------------------------------------------------------
sp.configure(conf(lookup="another"))
sp.reload()
said = refused(peer("user", "empty"))
ok("a wrong password of look-ups: refused", "refused" in said, said)
ok("no secret is in the log", not any(w in sp.log_text() for w in ("radius-secret", LOOKUP, PSK, "of both", "theirs")))
ok("clean stop", radius.stop() is None and sp.stop() == 0, sp.tail())
done()
