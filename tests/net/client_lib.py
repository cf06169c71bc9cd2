"""Our own client of the gateway in lib.py, as a configuration."""
from lib import *

CLIENT = """
hostname branch
%(before)s
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key %(psk)s
 peer ALL6
  address ::/0
  pre-shared-key %(psk)s
crypto ikev2 profile HUB
 match identity remote fqdn %(gateway)s
 identity local %(id)s
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 %(dpd)s
crypto ipsec profile HUB
 set ikev2-profile HUB
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination dynamic
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
crypto ikev2 client flexvpn HOME
 client connect Tunnel1
 peer 1 %(peer)s
 connect auto
%(after)s
"""


def client_conf(peer="10.99.1.1", **other):
    """The client connects by itself. other: before, psk, gateway, id, dpd, after."""
    return CLIENT % dict(dict(before="", psk=PSK, gateway="gw.example.test", id="email branch@psk.test", dpd="", after=""),
                         peer=peer, **other)
