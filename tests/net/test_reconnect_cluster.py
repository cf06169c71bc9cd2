#!/usr/bin/env python3
# long: 60 s
"""Two gateways that share a reconnect key: a client goes from one to the other with its session, by the same address, and back; with the key of
before; not without a key, with a changed state, with that of an ended session at its own gateway, or where somebody has its address."""
import pki_lib
from lib import *
from peer_lib import socket_in

from ike_auth import Cert  # noqa: E402
from ike_initiator import Initiator, Refused  # noqa: E402
from ike_wire import *  # noqa: E402
from reconnect import Kept  # noqa: E402

ONE, TWO, TARGET = "10.99.1.1", "10.99.1.2", "10.99.2.2"
CONFIG = """
hostname %(name)s
aaa new-model
aaa authorization network LOCAL local
ip local pool RA %(pool)s
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 banner Welcome
 dns 10.99.2.53
 route set access-list LAN
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
sallyport dpd retries 2
%(keys)s
crypto ikev2 profile RA
 match identity remote email domain corp.test
 identity local fqdn gw.example.test
 authentication remote ecdsa-sig
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authorization group cert list LOCAL RA
 dpd 2 1 periodic
 reconnect timeout 600
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
other = Host("gw2")
t.wan.join(other, "wan0", TWO + "/24")
other.addr("lo", TARGET + "/32")
other.sysctl("net.ipv4.ip_forward=1")
ca = pki_lib.Authority("Test Root")
gw = ca.leaf("gw", san=["dns:gw.example.test"])
host = t.client(1)
anna_cert = ca.leaf("anna", san=["email:anna@corp.test"])


def conf(name, pool, keys):
    return CONFIG % dict(name=name, pool=pool, keys=keys, ca=ca.cert_file, cert=gw.chain_file, key=gw.key_file)


one = Sallyport(t.gw, conf("one", "10.100.1.10 10.100.1.20", "crypto ikev2 reconnect key 1 active first-key"), name="one").start()
two = Sallyport(other, conf("two", "10.100.2.10 10.100.2.20", "crypto ikev2 reconnect key 1 first-key"), name="two").start()


def login(cp=("address", "session-token", "session-state")):
    return Initiator(socket_in(host), ONE, "anna@corp.test", [Cert(anna_cert)], trust=[ca.der], remote_id="gw.example.test", cp=cp).login()


def refused(attempt):
    try:
        attempt()
        return None
    except Refused as e:
        return e.kinds


def session(sp):
    return (sp.sessions() or [{}])[0].get("session")


anna = login()
kept = Kept(anna)
ulid, address = session(one), anna.address
ok("a sealed session for who asks", 0 < len(kept.state) <= 4096 and kept.state[:2] == b"\1\1", str(len(kept.state)))
ok("nothing of it is readable", b"anna" not in kept.state and kept.token not in kept.state)
ok("not for who does not ask", not Kept(login(cp=("address", "session-token"))).state)
ok("traffic", anna.ping(TARGET))
bad = {AUTHENTICATION_FAILED}
ok("without its state the other gateway knows nothing", refused(lambda: kept.come_back(socket_in(host), gateway=TWO)) == bad)
broken = kept.state[:-1] + bytes([kept.state[-1] ^ 1])
ok("nor with a changed one", refused(lambda: kept.go_elsewhere(socket_in(host), TWO, state=broken)) == bad)
ok("nor is a state without its token enough", refused(lambda: kept.go_elsewhere(socket_in(host), TWO, token=bytes(32))) == bad)
guests = two.show("crypto", "session")["waiting"]
ok("it is a guest for a minute", len(guests) == 1 and guests[0]["left_ms"] <= 60000 and two.sql("select count(*) from sessions") == [(0,)], str(guests))

# ---- to the other one ------------------------------------------------------------------------------------
there = kept.go_elsewhere(socket_in(host), TWO)
ok("the session goes on there", there.address == address and session(two) == ulid, "%s %s" % (there.address, session(two)))
ok("with traffic", there.ping(TARGET))
ok("without a certificate", not there.certs_seen)
row = two.sql("select identity, ip4, resumes, ended_ms, profile from sessions where ulid = '%s'" % ulid)
ok("in its database", row == [("anna@corp.test", address, 1, None, "RA")], str(row))
ok("all that was granted, too", there.values("dns") == anna.values("dns") and there.values("subnet") == anna.values("subnet"), str(there.attributes))
ok("who only unseals gives no new state", not there.values("session-state"))
two.configure(conf("two", "10.100.2.10 10.100.2.20", "crypto ikev2 reconnect key 1 first-key\ncrypto ikev2 reconnect key 2 active second-key"))
ok("the key is changed there", two.reload(check=False).returncode == 0, two.tail(3))
again = kept.go_elsewhere(socket_in(host), TWO)
ok("a new state by the new key", kept.state[:2] == b"\1\2" and again.ping(TARGET), str(kept.state[:2]))

# ---- and back --------------------------------------------------------------------------------------------
ok("the first one still has it, or lets it wait", wait_for(15, lambda: ulid in [s["session"] for s in one.show("crypto", "session")["waiting"]]), one.tail(3))
back = kept.go_elsewhere(socket_in(host), ONE)
ok("it has its own of it, whatever the state says", back.address == address and session(one) == ulid and back.ping(TARGET), str(back.address))
one.command("clear", "crypto", "session", "username", "anna@corp.test")
ok("what is ended there is over there", wait_for(3, lambda: not one.sessions()) is True and
   refused(lambda: Kept.go_elsewhere(kept, socket_in(host), ONE)) == bad, str(one.sessions()))
one.configure(conf("one", "10.100.1.10 10.100.1.20", ""))
ok("no key", one.reload(check=False).returncode == 0, one.tail(3))
ok("and no state", not Kept(login()).state)
ok("clean stops", one.stop() == 0 and two.stop() == 0, one.tail() + two.tail())
done()
