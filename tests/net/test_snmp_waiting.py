#!/usr/bin/env python3
# long: 40 s
"""Sessions that wait for their client in the SNMP table: a row that says so, with the totals that they have; the end of the tunnel is notified, the
return is, and the end of the waiting is not. A new main has the row again, and so has a headend without any memory."""
import signal

import pki_lib
from snmp_lib import *
from peer_lib import socket_in

from ike_auth import Cert  # noqa: E402
from ike_initiator import Initiator  # noqa: E402
from reconnect import Kept  # noqa: E402

GW, TARGET = "10.99.1.1", "10.99.2.2"
CONFIG = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
ip local pool RA 10.100.0.10 10.100.0.40
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
sallyport dpd retries 2
sallyport snmp agentx %(socket)s
sallyport snmp notifications session
crypto ikev2 profile RA
 match identity remote email domain corp.test
 identity local fqdn gw.example.test
 authentication remote ecdsa-sig
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authorization group cert list LOCAL RA
 dpd 2 1 periodic
 reconnect timeout 120
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
ROWS = OBJECTS + ".7.1"
ID, STATE, IDLE, IN_PACKETS = 2, 19, 21, 24
UP, DOWN = 1, 2

t = Topology()
ca = pki_lib.Authority("Test Root")
gw = ca.leaf("gw", san=["dns:gw.example.test"])
leaf = ca.leaf("anna", san=["email:anna@corp.test"])
receiver = Receiver(t.gw)
master = Master(t.gw, sink=receiver.port).start()
sp = Sallyport(t.gw, CONFIG % dict(ca=ca.cert_file, cert=gw.chain_file, key=gw.key_file, socket=master.socket)).start()
here, there = t.client(1), t.client(2)


def table():
    """{index: {column: text}} of the sessions."""
    rows = {}
    for oid, value in master.walk(ROWS).items():
        if not oid.startswith(ROWS + "."):  # of an empty table
            continue
        column, index = (int(x) for x in oid[len(ROWS) + 1:].split("."))
        rows.setdefault(index, {})[column] = text(value)
    return rows


def state():
    """[(index, state)]"""
    return sorted((i, r[STATE]) for i, r in table().items())


def waits():
    return wait_for(20, lambda: sp.show("crypto", "session")["waiting"])


ok("snmpd is answered", wait_for(12, master.answers), sp.tail(5))
anna = Initiator(socket_in(here), GW, "anna@corp.test", [Cert(leaf)], trust=[ca.der], remote_id="gw.example.test", cp=("address", "session-token")).login()
kept = Kept(anna)
ok("anna is up", anna.ping(TARGET) and wait_for(3, lambda: [s for _, s in state()] == ["1"]), str(state()))
index = state()[0][0]
ulid = table()[index][ID]

# ---- the tunnel is gone -----------------------------------------------------------------------------
ok("her tunnel goes, and she waits", waits(), sp.tail(5))
ok("the row says so, under a number that no tunnel has", wait_for(3, lambda: [s for _, s in state()] == ["3"]) and state()[0][0] >= 1 << 30, str(state()))
index = state()[0][0]
ok("... of the same session", table()[index][ID] == ulid)
packets = sp.show("crypto", "session")["waiting"][0]["packets_in"]
ok("... with its totals", packets >= 1 and wait_for(8, lambda: int(table()[index][IN_PACKETS]) == packets), str(table()))
idle = int(table()[index][IDLE])
ok("... and how long it waits", wait_for(12, lambda: int(table()[index][IDLE]) > idle) and int(table()[index][IDLE]) < 60, str(table()[index]))
ok("in words, the MIB's", "waiting" in master.get("SALLYPORT-MIB::spSessionState.%d" % index, mibs=True).stdout or
   master.get("%s.%d.%d" % (ROWS, STATE, index)).stdout.strip().endswith(" 3"))
ok("the end of the tunnel was notified", wait_for(3, lambda: len(receiver.of(DOWN)) == 1 and len(receiver.of(UP)) == 1), str(receiver.notes()))

# ---- a new main -----------------------------------------------------------------------------------------
sp.kill_main()
wait_for(10, sp.answers)
ok("a new main has the row", wait_for(15, lambda: state() == [(index, "3")]), str(state()) + sp.tail(5))
ok("... and its totals", wait_for(8, lambda: int(table()[index][IN_PACKETS]) == packets), str(table()))

# ---- back -------------------------------------------------------------------------------------------------
again = kept.come_back(socket_in(there))
ok("she comes back, with one row that is up", again.ping(TARGET) and wait_for(3, lambda: [s for _, s in state()] == ["1"]), str(state()))
new = state()[0][0]
ok("... of the same session, with a new number", new != index and table()[new][ID] == ulid, str(table()))
ok("... and it is notified", wait_for(3, lambda: len(receiver.of(UP)) == 2), str(receiver.notes()))

# ---- without any memory --------------------------------------------------------------------------------------
sp.crash()
sp.start()
ok("she waits after a crash of everything", waits(), sp.tail(5))
ok("her row has its number again", wait_for(15, lambda: state() == [(index, "3")]) and table()[index][ID] == ulid, str(state()))
before = len(receiver.of(DOWN))
sp.command("clear", "crypto", "ikev2", "reconnect", check=False)
sp.command("clear", "crypto", "session", check=False)
ok("when she is ended the row goes", wait_for(5, lambda: state() == []), str(state()) + sp.tail(3))
time.sleep(1)
ok("... and nobody is notified again", len(receiver.of(DOWN)) == before, str(receiver.notes()[-1:]))
done()
