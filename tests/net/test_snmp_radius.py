#!/usr/bin/env python3
"""RADIUS-AUTH-CLIENT-MIB (RFC 4668), RADIUS-ACC-CLIENT-MIB (RFC 4670) and RADIUS-DYNAUTH-SERVER-MIB (RFC 4673) through snmpd: every current object of
them, the numbers that `show` has, a server by IPv4 and one by IPv6 that is not there; requests of each kind, right, wrong, repeated and strange."""
import pki_lib
from freeradius_lib import FreeRadius
from snmp_lib import *
from swan_lib import Swan, psk_connection

CONF = """
hostname gw
aaa new-model
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key radius-secret
 timeout 1
radius server GONE
 address ipv6 fd00:99:2::9 auth-port 1645 acct-port 1646
 key radius-secret
 timeout 1
 retransmit 1
aaa group server radius RAD
 server name R1
aaa group server radius GONE
 server name GONE
aaa authorization network LOCAL local
aaa authorization network RAD group GONE group RAD
aaa accounting network REC start-stop group RAD
sallyport aaa authorization-password lookup
sallyport snmp agentx %s
aaa server radius dynamic-author
 client 10.99.1.1 server-key coa-secret
ip local pool RA 10.100.0.10 10.100.3.250
crypto ikev2 authorization policy RA
 pool RA
crypto ikev2 name-mangler WHO
 email username
crypto ikev2 profile RA
 match identity remote email domain rad.test
 identity local fqdn gw.example.test
 authentication remote pre-share key secret
 authentication local pre-share key secret
 aaa authorization user psk list RAD name-mangler WHO
 aaa authorization group psk list LOCAL RA
 aaa accounting psk REC
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
# As the RFCs number them: below radiusAuthClient and radiusAccClient. Index aside.
AUTH, ACCT = ".1.3.6.1.2.1.67.1.2.1.1", ".1.3.6.1.2.1.67.2.2.1.1"
SCALARS = ["InvalidServerAddresses", "Identifier"]
AUTH_COLUMNS = ["InetAddressType", "InetAddress", "ServerInetPortNumber", "RoundTripTime", "AccessRequests", "AccessRetransmissions", "AccessAccepts",
                "AccessRejects", "AccessChallenges", "MalformedAccessResponses", "BadAuthenticators", "PendingRequests", "Timeouts", "UnknownTypes",
                "PacketsDropped", "CounterDiscontinuity"]
ACCT_COLUMNS = ["InetAddressType", "InetAddress", "ServerInetPortNumber", "RoundTripTime", "Requests", "Retransmissions", "Responses", "MalformedResponses",
                "BadAuthenticators", "PendingRequests", "Timeouts", "UnknownTypes", "PacketsDropped", "CounterDiscontinuity"]

DYNAUTH = ".1.3.6.1.2.1.146.1"
KIND = ["Requests", "AuthOnlyRequests", "DupRequests", "Acks", "Naks", "NakAuthOnlyRequests", "NakSessNoContext", "Sess", "Malformed", "BadAuthenticators",
        "PacketsDropped"]
DYNAUTH_COLUMNS = ["AddressType", "Address"] + ["Discon" + k for k in KIND] + ["CoA" + k for k in KIND] + ["UnknownTypes", "CounterDiscontinuity"]

t = Topology()
root = pki_lib.Authority("Test Root", kind="p256")
server = root.leaf("radius", kind="p256", san=["dns:radius.test"], eku=["server"])
radius = FreeRadius(t.lan, {"anna": "lookup", "bert": "another"}, server, root, address="10.99.2.2", clients="10.99.2.0/24").start()
master = Master(t.gw).start()
sp = Sallyport(t.gw, CONF % master.socket).start()
swans = {n: Swan(t.client(k), psk_connection(n, "rad.test"), "ike-1 { id-1 = %s@rad.test\n secret = secret }" % n, retransmits=3, timeout="5.0").start()
         for k, n in enumerate(("anna", "bert"), 1)}


def up(n):
    return swans[n].ctl("--initiate", "--ike", n, "--child", "net", "--timeout", 20, check=False).returncode == 0


def table(base, columns):
    """[{column: text}] of the servers in the order of their indices; what is not understood fails."""
    rows = {}
    for oid, value in master.walk(base + ".4").items():
        a, column, index = (int(x) for x in oid[len(base + ".4."):].split("."))
        rows.setdefault(index, {})[columns[column - 2]] = text(value).strip()
    ok("every column of %s, for each server" % base, sorted(rows) == [1, 2] and all(list(r) == columns for r in rows.values()), str(rows))
    return [rows[i] for i in sorted(rows)]


ok("snmpd is answered", wait_for(12, master.answers), sp.tail(5))
ok("anna connects, bert has another password", up("anna") and not up("bert"), sp.tail(5))
ok("accounting is done", wait_for(8, lambda: [r for r in radius.records() if r["Acct-Status-Type"] == ["Start"]]))
shown = {s["name"]: s for s in sp.show("aaa", "servers")["servers"]}
master.catches_up(sp)
auth, acct = table(AUTH, AUTH_COLUMNS), table(ACCT, ACCT_COLUMNS)
by = {r["InetAddressType"]: r for r in auth}
ok("addresses of both families", set(by) == {"1", "2"} and octets(by["1"]["InetAddress"]) == bytes([10, 99, 2, 2]) and len(octets(by["2"]["InetAddress"])) == 16 and
   by["1"]["ServerInetPortNumber"] == "1812" and by["2"]["ServerInetPortNumber"] == "1645", str(auth))
one, gone = by["1"], by["2"]
ok("logins that were answered", (one["AccessRequests"], one["AccessAccepts"], one["AccessRejects"], one["AccessChallenges"], one["Timeouts"], one["PendingRequests"]) ==
   ("2", "1", "1", "0", "0", "0"), str(one))
ok("... as show has them", json.dumps(shown["R1"]).count('"accepts": 1') == 1, str(shown["R1"]))
ok("the one that is not there", int(gone["Timeouts"]) >= 1 and int(gone["AccessRequests"]) >= 1 and (gone["AccessAccepts"], gone["RoundTripTime"]) == ("0", "0"), str(gone))
a = {r["InetAddressType"]: r for r in acct}["1"]
ok("accounting", a["ServerInetPortNumber"] == "1813" and int(a["Requests"]) == int(a["Responses"]) >= 2 and a["BadAuthenticators"] == "0", str(a))
seconds = int(a["CounterDiscontinuity"]) if a["CounterDiscontinuity"].isdigit() else a["CounterDiscontinuity"]
ok("since when they count", seconds not in (0, "0"), str(seconds))
for base in (AUTH, ACCT):
    s = master.walk(base)
    ok("scalars of %s" % base, s[base + ".1.0"] == "0" and text(s[base + ".2.0"]) == "gw", str(list(s.items())[:3]))
    ok("... come first, in the order of their names", list(s) == sorted(s, key=lambda o: [int(x) for x in o.strip(".").split(".")]) and
       len(s) == 2 + 2 * len(AUTH_COLUMNS if base == AUTH else ACCT_COLUMNS), str(len(s)))
r = master.get(AUTH + ".4.1.6.3", ACCT + ".4.1.16.1", AUTH + ".3.0", check=False).stdout
ok("what is not there is not there", r.count("No Such") == 3, r)

# ---- requests of others -----------------------------------------------------------------------------------
def ask(kind, attributes, key="coa-secret", host=t.gw, to="10.99.1.1"):
    path = os.path.join(WORK, "attributes")
    with open(path, "w") as f:
        f.write(attributes + "\n")
    return host.run("radclient", "-x", "-r", "1", "-t", "1", "-f", path, to + ":3799", kind, key, check=False).stdout


WHO = 'User-Name = "anna@rad.test"'
ok("one is changed", "CoA-ACK" in ask("coa", WHO + ", Idle-Timeout = 600"), sp.tail(3))
ok("an authorization only is refused", "CoA-NAK" in ask("coa", WHO + ", Service-Type = Authorize-Only"))
ok("nobody is meant", "Disconnect-NAK" in ask("disconnect", 'User-Name = "nobody"'))
ask("disconnect", WHO, key="another")
ask("coa", WHO, key="another")
ask("disconnect", WHO + ", Event-Timestamp = 1000")
ask("disconnect", WHO, host=t.lan, to="10.99.2.1")
ok("one is ended", "Disconnect-ACK" in ask("disconnect", WHO))
master.catches_up(sp)
rows = master.walk(DYNAUTH)
client = {DYNAUTH_COLUMNS[int(o.split(".")[-2]) - 2]: text(v).strip() for o, v in rows.items() if o.startswith(DYNAUTH + ".2.1.")}
ok("every column of %s" % DYNAUTH, list(client) == DYNAUTH_COLUMNS and client["AddressType"] == "1" and octets(client["Address"]) == bytes([10, 99, 1, 1]), str(rows))
want = {"DisconRequests": 2, "DisconAcks": 1, "DisconNaks": 1, "DisconNakSessNoContext": 1, "DisconSess": 1, "DisconBadAuthenticators": 1,
        "DisconPacketsDropped": 1, "CoARequests": 2, "CoAAuthOnlyRequests": 1, "CoAAcks": 1, "CoANaks": 1, "CoASess": 1, "CoABadAuthenticators": 1}
got = {k: int(v) for k, v in client.items() if k not in ("AddressType", "Address", "CounterDiscontinuity") and v != "0"}
ok("each is counted where it belongs", got == want, str(got))
ok("the stranger, and who we are", (rows[DYNAUTH + ".1.1.0"], rows[DYNAUTH + ".1.2.0"], text(rows[DYNAUTH + ".1.3.0"])) == ("1", "0", "gw"), str(list(rows.items())[:3]))
ok("GETBULK goes over both", len(master.walk(".1.3.6.1.2.1.67", program="snmpbulkwalk")) == 4 + 2 * (len(AUTH_COLUMNS) + len(ACCT_COLUMNS)))
done()
