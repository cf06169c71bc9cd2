#!/usr/bin/env python3
"""Clients as they are known to behave (tests/peer/clients.py) with pre-shared keys: each logs in with its proposals, gets its address, has traffic, rekeys
both SAs in its way, and goes. What it sends twice is answered once."""
from lib import *
from peer_lib import socket_in

from clients import CLIENTS, client  # noqa: E402
from ike_initiator import Psk, Refused, Silent, NotProven  # noqa: E402

GW, TARGET, OWN = "10.99.1.1", "10.99.2.2", "10.99.1.11"
OLD = """
crypto ikev2 proposal OLD
 encryption aes-gcm-256 aes-gcm-128
 prf sha512 sha384 sha256 sha1
 group 2 14 19 31
crypto ikev2 proposal OLDER
 encryption aes-cbc-256 aes-cbc-128
 integrity sha512 sha384 sha256 sha1
 prf sha512 sha384 sha256 sha1
 group 2 14 19 31
crypto ikev2 policy OLD
 match fvrf any
 proposal OLD
 proposal OLDER
crypto ipsec transform-set A esp-gcm 256 esp-gcm
crypto ipsec transform-set B esp-aes 256 esp-aes esp-sha256-hmac esp-sha-hmac
crypto ipsec profile default
 set transform-set A B
"""
CONFIG = CONF.replace(" peer ALL\n", " peer ADDRESSES\n  identity address %s\n  pre-shared-key %s\n peer ALL\n" % (OWN, PSK))
CONFIG = CONFIG.replace(" match identity remote email", " match identity remote address 10.99.1.0 255.255.255.0\n match identity remote email") + OLD

t = Topology()
host = t.client(1)
sp = Sallyport(t.gw, CONFIG).start()


def behaves(name, dh):
    p = client(name, socket_in(host), GW, identity="anna@psk.test", auth=[Psk(PSK)], remote=Psk(PSK), dialled="gw.example.test", own=OWN, dh=dh,
               faults=["repeat"])
    steps = []

    def step(word, result):
        if result:
            steps.append(word)
    try:
        p.login()
        step("address", p.address)
        step("ping", p.ping(TARGET))
        step("rekey", "SA" in p.rekey_child() and p.ping(TARGET))
        p.rekey_ike()
        step("rekey of both", p.dpd() == [] and "SA" in p.rekey_child() and p.ping(TARGET))
        step("logout", p.logout() == [])
    except (Refused, Silent, NotProven, AssertionError) as e:
        steps.append("%s: %r" % (type(e).__name__, e))
    ok("%s %s" % (name, dh), steps == ["address", "ping", "rekey", "rekey of both", "logout"], "%s %s" % (steps, p.trace[-3:]))
    return p


for name in CLIENTS:
    for dh in ("default", "registry", "strong") if name == "windows11" else ("default",):
        p = behaves(name, dh)
        if name == "android":
            ok("by way of INVALID_KE_PAYLOAD", ["N17"] in [t[3] for t in p.trace])
        if name == "ios":
            ok("its KE is taken", any(t[0] == "<-" and "KE" in t[3] and t[2] for t in p.trace))
ok("nobody is left", wait_for(3, lambda: not sp.sessions()), sp.sessions())
ok("clean stop", sp.stop() == 0)
done()
