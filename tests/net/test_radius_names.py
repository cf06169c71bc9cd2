#!/usr/bin/env python3
"""A RADIUS server by its name: found, and not lost by a reload while no name server answers."""
import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from peer_lib import socket_in
from eap_peer import Eap
from ike_initiator import Initiator, NotProven, Refused, Silent

CONF = """
hostname gw%(more)s
aaa new-model
radius server R1
 address ipv4 radius.test auth-port 1812 acct-port 1813
 key radius-secret
 timeout 1
 retransmit 0
aaa group server radius RAD
 server name R1
aaa authentication login RAD group RAD
aaa authorization network LOCAL local
ip local pool RA 10.100.0.10 10.100.3.250
crypto ikev2 authorization policy RA
 pool RA
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 profile RA
 match identity remote email domain name.test
 identity local fqdn gw.example.test
 authentication remote eap
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authentication eap RAD
 aaa authorization group eap list LOCAL RA
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
root = pki_lib.Authority("Names Root", kind="p256")
gw = root.leaf("gw", kind="p256", san=["dns:gw.example.test"], eku=["server"])
radius = FreeRadius(t.lan, {"anna@name.test": "secret"}, gw, root, address="10.99.2.2", clients="10.99.2.0/24").start()
names, host = NameServer(t.lan, "10.99.2.2"), t.client(1)


def conf(more=""):
    return CONF % dict(more=more, ca=root.cert_file, cert=gw.chain_file, key=gw.key_file)


def login():
    p = Initiator(socket_in(host), "10.99.1.1", "anna@name.test", [Eap("anna@name.test", "secret", ["md5"])], trust=[root.der],
                  remote_id="gw.example.test")
    try:
        p.login().logout()
    except (Refused, Silent, NotProven):
        return False
    return True


names.set({"radius.test": ["10.99.2.2"]})
sp = Sallyport(t.gw, conf(), nameserver="10.99.2.2").start()
ok("the name is found", wait_for(10, login), sp.tail(4))
names.set({"radius.test": "silent"})
time.sleep(1.5) # longer than the answer is good for
sp.configure(conf("2"))
sp.reload()
ok("a reload does not lose it", login(), sp.tail(4))
sp.configure(conf().replace("radius.test", "nobody.test"))
sp.reload()
ok("another name is another server", not login())
radius.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
