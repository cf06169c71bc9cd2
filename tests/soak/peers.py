"""The hub and the peers of the soak of the data path: what each is configured with, how it is told to rekey and to move."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
from lib import *  # noqa: E402,F403
from lib import _processes  # noqa: E402

WORKERS = "sallyport workers 2\nsallyport workers fan-out always\n"
PROFILE = """
crypto ikev2 profile %(name)s
 match identity remote email domain %(domain)s
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL RA
 dpd 10 2 periodic
 virtual-template %(template)d
"""
TEMPLATE = """interface Virtual-Template%d type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
# Ports of the flows that an access list may deny: one of either pair at a time.
DENIED_UP, DENIED_DOWN = (26001, 26002), (26003, 26004)


def hub_conf(turn):
    """What a reload brings: another rate, and another port in either access list."""
    return "hostname gw\naaa new-model\naaa authorization network LOCAL local\n" + WORKERS + """
no sallyport half-open per-source
ip local pool RA 10.100.0.10 10.100.3.250
ipv6 local pool RA6 fd00:100::/112 128
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
ipv6 access-list LAN6
 permit ipv6 fd00:99:2::/64 any
ip access-list extended UP
 deny udp any any eq %d
 permit ip any any
ip access-list extended DOWN
 deny udp any any eq %d
 permit ip any any
policy-map RATE
 class class-default
  police cir %d conform-action transmit exceed-action drop
crypto ikev2 authorization policy RA
 pool RA
 ipv6 pool RA6
 route set access-list LAN
 route set access-list ipv6 LAN6
crypto ikev2 keyring KR
""" % (DENIED_UP[turn % 2], DENIED_DOWN[turn % 2], (300000, 450000)[turn % 2]) + \
        "".join(" peer %s\n  identity email domain %s.test\n  pre-shared-key %s\n" % (d, d, PSK) for d in ("road", "limited", "churn")) + \
        "".join(PROFILE % dict(name=d, domain=d + ".test", template=n) for n, d in ((1, "road"), (2, "limited"), (3, "churn"))) + \
        TEMPLATE % 1 + TEMPLATE % 2 + \
        " ip access-group UP in\n ip access-group DOWN out\n service-policy input RATE\n service-policy output RATE\n" + TEMPLATE % 3


CLIENT = "hostname road\n" + WORKERS + """
crypto ikev2 keyring KR
 peer A
  address 0.0.0.0 0.0.0.0
  pre-shared-key %(psk)s
 peer B
  address ::/0
  pre-shared-key %(psk)s
crypto ikev2 profile P
 match identity remote fqdn gw.example.test
 identity local email %(id)s
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 dpd 10 5 periodic
crypto ipsec profile IP
 set ikev2-profile P
interface Tunnel1
 ip address negotiated
 ipv6 address negotiated
 tunnel mode ipsec ipv4
 tunnel source dynamic
 tunnel destination dynamic
 tunnel protection ipsec profile IP
crypto ikev2 client flexvpn HOME
 peer 1 %(gateway)s
 connect auto
 client connect Tunnel1
"""


def remember(process):
    """It is ended, whatever happens."""
    _processes.append(process)


class Ours:
    """A client that is a Sallyport. moves: makes it move; blind_s: so long afterwards packets may get lost."""

    ours = True

    def __init__(self, name, host, gateway="10.99.1.1", domain="road.test", moves=None, blind_s=6.0):
        self.name, self.host, self.moves, self.windows, self.blind_s = name, host, moves, [], blind_s
        self.sp = Sallyport(host, CLIENT % dict(psk=PSK, id="%s@%s" % (name, domain), gateway=gateway), name="peer-" + name)

    def connect(self):
        self.sp.start(30)
        return wait_for(30, lambda: [s for s in self.sp.sessions() if s["status"] == "UP-ACTIVE"] and len(self.addresses()) == 2)

    def addresses(self):
        out = self.host.ip("-o", "addr", "show", "dev", "sp-tu1", "scope", "global", check=False).stdout
        return {6 if line.split()[2] == "inet6" else 4: line.split()[3].split("/")[0] for line in out.splitlines()}

    def rekey(self, what):
        self.sp.command("rekey", "crypto", "ipsec" if what == "child" else "ikev2", "sa")

    def leave(self):
        return self.sp.stop() == 0

    def words(self):
        return self.sp.tail()


class Theirs:
    """A strongSwan; one that stays where it is rekeys by itself, too. (Who is in the middle of an exchange of its own when its address goes asks
    on from there, and then gives up: no rekey of strongSwan may be begun just when it moves.)"""

    ours = False

    def __init__(self, name, host, moves=None, blind_s=6.0):
        self.name, self.host, self.moves, self.windows, self.blind_s = name, host, moves, [], blind_s
        times = dict(child_rekey="0", child_life="0", rekey="0") if moves else dict(child_rekey="20s", child_life="90s", rekey="70s")
        self.ss = StrongSwan(host, user="%s@road.test" % name, mobike="yes" if moves else "no", **times,
                             esp="aes128gcm16-ecp256, aes128gcm16", retransmits=5)

    def connect(self):
        self.ss.start()
        return self.ss.up()

    def addresses(self):
        v4, v6 = self.ss.addresses()[:2]
        return {4: v4, 6: v6}

    def rekey(self, what):
        self.ss.ctl("--rekey", *(("--child", "net") if what == "child" else ("--ike", "psk")), check=False)

    def leave(self):
        left = self.ss.down()
        self.ss.stop()
        return left

    def words(self):
        return self.ss.log_text()[-2000:]


def new_address(host, device, one, other):
    """Moves between two addresses of one net, there and back."""
    def move():
        now = host.ip("-o", "-4", "addr", "show", "dev", device).stdout
        old, new = (one, other) if one in now else (other, one)
        host.ip("addr", "del", old, "dev", device)
        host.addr(device, new)
    return move


def another_address(host, device, one, other):
    """The same for those who do not bear to be without any."""
    host.sysctl("net.ipv4.conf.all.promote_secondaries=1", "net.ipv4.conf.%s.promote_secondaries=1" % device)

    def move():
        now = host.ip("-o", "-4", "addr", "show", "dev", device).stdout
        old, new = (one, other) if one in now else (other, one)
        host.addr(device, new)
        time.sleep(0.3)
        host.ip("addr", "del", old, "dev", device)
    return move
