"""Site-to-site tests: a hub, a side of a tunnel, a LAN behind it."""
from lib import *

HUB = """
hostname hub
aaa new-model
aaa authorization network LOCAL local
ip local pool P 10.100.0.10 10.100.0.250
ipv6 local pool P6 fd00:100::/112 128
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
ipv6 access-list LAN6
 permit ipv6 fd00:99:2::/64 any
crypto ikev2 authorization policy SITE
 route set remote ipv4 10.99.3.0 255.255.255.0
 route set remote ipv4 10.9.9.2 255.255.255.255
 route set remote ipv6 fd00:99:3::/64
crypto ikev2 authorization policy ROAD
 pool P
 ipv6 pool P6
 route set access-list LAN
 route set access-list ipv6 LAN6
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key sesame
 peer ALL6
  address ::/0
  pre-shared-key sesame
crypto ikev2 profile SITE
 match identity remote fqdn domain site.test
 identity local fqdn hub.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL SITE
 virtual-template 1
crypto ikev2 profile ROAD
 match identity remote fqdn domain road.test
 identity local fqdn hub.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL ROAD
 virtual-template 2
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
interface Virtual-Template2 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

# One side of a tunnel; unused keys do no harm.
SIDE = """
hostname side
%(before)s
crypto ikev2 keyring KR
 peer A
  address 0.0.0.0 0.0.0.0
  pre-shared-key %(psk)s
 peer B
  address ::/0
  pre-shared-key %(psk)s
crypto ikev2 profile P
 %(fvrf)s
 match identity remote fqdn %(peer_id)s
 identity local fqdn %(id)s
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 %(dpd)s
crypto ipsec profile IP
 set ikev2-profile P
interface Tunnel1
 %(addresses)s
 tunnel mode ipsec ipv4
 tunnel source %(source)s
 tunnel destination %(peer)s
 tunnel protection ipsec profile IP
 %(tunnel)s
%(after)s
"""
SITE_ADDRESSES = "ip address 10.9.9.2 255.255.255.252\n ipv6 address fd00:9::2/64"
SITE_ROUTES = "ip route 10.99.2.0 255.255.255.0 Tunnel1\nipv6 route fd00:99:2::/64 Tunnel1"
NEGOTIATED = "ip address negotiated\n ipv6 address negotiated"


def side(**changes):
    values = dict(before="", psk="sesame", fvrf="", peer_id="hub.test", id="a.site.test", dpd="", peer="10.99.1.1",
                  addresses=SITE_ADDRESSES, source="dynamic", tunnel="", after=SITE_ROUTES)
    values.update(changes)
    return SIDE % values


def active(sp):
    return [s for s in sp.sessions() if s["status"] == "UP-ACTIVE"]


def up(sp, seconds=15):
    return wait_for(seconds, lambda: len(active(sp)) == 1)


class Site:
    """A LAN behind a host on the wan: 10.99.3.0/24, fd00:99:3::/64."""

    def __init__(self, host):
        self.host = host
        self.lan = Host(host.name + "l")
        link(host, "lan0", self.lan, "eth0")
        host.addr("lan0", "10.99.3.1/24", "fd00:99:3::1/64")
        self.lan.addr("eth0", "10.99.3.2/24", "fd00:99:3::2/64")
        self.lan.route("default", "via", "10.99.3.1")
        self.lan.ip("-6", "route", "add", "default", "via", "fd00:99:3::1")
        host.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
