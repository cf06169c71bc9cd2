#!/usr/bin/env python3
# long: 60 s
"""Limits of volume: a session that FreeRADIUS limits ends under traffic, and its Stop says so; both halves of a number of 64 bits, and a
limit that is changed by CoA; a policy map of the group comes into force and the rate falls, over main's death, too; what a user has used of
his month counts over sessions, and then he is refused. Log, script, show and SQL say how much is used."""
import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from swan_lib import Swan, psk_connection

CONF = """
hostname gw
aaa new-model
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key radius-secret
 timeout 2
aaa group server radius RAD
 server name R1
aaa authorization network LOCAL local
aaa authorization network RAD group RAD
aaa accounting network REC start-stop group RAD
sallyport aaa authorization-password lookup
aaa server radius dynamic-author
 client 10.99.1.1 server-key coa-secret
sallyport script told
ip local pool RA 10.100.0.10 10.100.3.250
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
policy-map SLOW
 class class-default
  police cir 4000000 conform-action transmit exceed-action drop
crypto ikev2 authorization policy RA
 pool RA
 route set access-list LAN
crypto ikev2 authorization policy SLOW
 pool RA
 route set access-list LAN
 sallyport quota total 12 megabytes action service-policy SLOW
crypto ikev2 authorization policy MONTH
 pool RA
 route set access-list LAN
 sallyport quota total 300 kilobytes per month
 sallyport quota input 1 gigabytes per day action service-policy SLOW
crypto ikev2 name-mangler WHO
 email username
%s
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
PROFILE = """crypto ikev2 profile %(name)s
 match identity remote email domain %(name)s.test
 identity local fqdn gw.example.test
 authentication remote pre-share key secret
 authentication local pre-share key secret
%(lines)s
 aaa accounting psk REC
 virtual-template 1
"""
PROFILES = {
    "rad": " aaa authorization user psk list RAD name-mangler WHO\n aaa authorization group psk list LOCAL RA",
    "slow": " aaa authorization group psk list LOCAL SLOW",
    "month": " aaa authorization group psk list LOCAL MONTH",
}
SCRIPT = 'function session_quota(s) print("quota " .. s.name .. " " .. s.percent .. " " .. s.direction .. " " .. s.period .. " " .. s.limit) end\n'
USERS = {"anna": "rad", "bert": "rad", "carl": "slow", "dora": "month"}

t = Topology()
root = pki_lib.Authority("Test Root", kind="p256")
server = root.leaf("radius", kind="p256", san=["dns:radius.test"], eku=["server"])
radius = FreeRadius(t.lan, {"anna": ("lookup", "ChilliSpot-Max-Total-Octets = 200000"),
                            "bert": ("lookup", "ChilliSpot-Max-Total-Octets = 5,\n\tAttr-26.14559.23 = 0x00000001,\n"
                                               '\tCisco-AVPair = "ipsec:quota-input=2 gigabytes per week action service-policy SLOW"')},
                    server, root, address="10.99.2.2", clients="10.99.2.0/24").start()
sp = Sallyport(t.gw, CONF % "".join(PROFILE % {"name": n, "lines": l} for n, l in PROFILES.items()))
os.makedirs(os.path.join(sp.dir, "lua"), exist_ok=True)
with open(os.path.join(sp.dir, "lua", "told.lua"), "w") as f:
    f.write(SCRIPT)
sp.start()
swans = {n: Swan(t.client(k), psk_connection(n, d + ".test"), "ike-1 { id-1 = %s@%s.test\n secret = secret }" % (n, d), retransmits=3, timeout="1.0").start()
         for k, (n, d) in enumerate(USERS.items(), 1)}


def up(n):
    return swans[n].ctl("--initiate", "--ike", n, "--child", "net", "--timeout", 12, check=False).returncode == 0


def down(n):
    swans[n].ctl("--terminate", "--ike", n, "--timeout", "10", check=False)


def send(n, kilobytes):
    """So many datagrams of 1,024 octets with their headers, 2 MB in a second at most."""
    swans[n].host.run(sys.executable, "-c", "import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                      "for i in range(%d):\n s.sendto(b'x' * 996, ('10.99.2.2', 9)); time.sleep(0.0005)" % kilobytes)


def one(n):
    """What show says of the session of a user; None: he has none."""
    v = [s for s in sp.show("crypto", "session", "detail")["sessions"] if s["username"] == n + "@" + USERS[n] + ".test" or s["username"] == n]
    return v[0] if v else None


def ended(n):
    v = sp.sql("select end_reason, bytes_in + bytes_out from v_history where identity = '%s@%s.test' order by ended_ms desc limit 1" % (n, USERS[n]))
    return v[0] if v else None


def said(n, percent):
    """In the log by the daemon, and by the script."""
    name = n + "@" + USERS[n] + ".test"
    log = sp.log_text()
    return (sum(" session_quota " in l and "identity=%s" % name in l.replace('"', "") and "percent=%d" % percent in l for l in log.splitlines()),
            sum("quota %s" % n in l and " %d " % percent in l and "script_log" in l for l in log.splitlines()))


def rate(n, seconds):
    """Mbit/s of at most 40."""
    srv = serve(t.lan.ns, 5201, "iperf3", "-s", "-1", "-B", "10.99.2.2")
    r = swans[n].host.run("iperf3", "-J", "-c", "10.99.2.2", "-t", seconds, "-b", "40M", check=False, timeout=seconds + 30)
    stop_process(srv, grace=2)
    try:
        return json.loads(r.stdout)["end"]["sum_received"]["bits_per_second"] / 1e6
    except (ValueError, KeyError):
        return 0.0


def coa(*attributes):
    path = os.path.join(WORK, "attributes")
    with open(path, "w") as f:
        f.write(", ".join(attributes) + "\n")
    return t.gw.run("radclient", "-x", "-r", "1", "-t", "2", "-f", path, "10.99.1.1:3799", "coa", "coa-secret", check=False).stdout


# ---- of a session, by RADIUS ------------------------------------------------------------------------
ok("anna connects", up("anna"), sp.tail(6))
q = one("anna")["quotas"]
ok("show: her limit, and what is used", len(q) == 1 and (q[0]["direction"], q[0]["period"], q[0]["limit"], q[0]["action"]) ==
   ("total", "session", 200000, "disconnect") and q[0]["used"] < 1000, str(q))
send("anna", 170)
ok("at 80 percent log and script say so", wait_for(4, lambda: said("anna", 80) == (1, 1)), str(said("anna", 80)) + sp.tail(8))
ok("... and show", 160000 <= one("anna")["quotas"][0]["used"] < 200000 and not one("anna")["quotas"][0]["used_up"], str(one("anna")))
text = sp.command("show", "crypto", "session", "detail").stdout
ok("... in words", "Quota: total, per session: " in text and " of 200000 octets, then disconnect" in text, text)
begun = time.monotonic()
send("anna", 40)
ok("beyond it the session ends, within seconds", wait_for(5, lambda: ended("anna") and ended("anna")[0] == "quota") and time.monotonic() - begun < 4,
   str(ended("anna")) + sp.tail(8))
ok("... for all that it says", 200000 <= ended("anna")[1] < 220000 and said("anna", 100) == (1, 1) and said("anna", 80) == (1, 1), str(ended("anna")))
stops = lambda n: [r for r in radius.records() if r["Acct-Status-Type"] == ["Stop"] and r["User-Name"][0].startswith(n)]
ok("... her Stop says NAS-Request, and how much it was", wait_for(5, lambda: len(stops("anna")) == 1) and
   stops("anna")[0]["Acct-Terminate-Cause"] == ["NAS-Request"] and int(stops("anna")[0]["Acct-Input-Octets"][0]) >= 200000, str(stops("anna")))
ok("... and the next session begins at nothing", up("anna") and one("anna")["quotas"][0]["used"] < 1000, str(one("anna")))
down("anna")

# ---- 64 bits, and CoA ---------------------------------------------------------------------------------
ok("bert connects", up("bert"), sp.tail(6))
q = {(x["direction"], x["period"]): (x["limit"], x["action"]) for x in one("bert")["quotas"]}
ok("both halves of his limit, and one of his week", q == {("total", "session"): ((1 << 32) + 5, "disconnect"), ("input", "week"): (2 << 30, "SLOW")}, str(q))
send("bert", 20)
ok("... which does not end him", one("bert") is not None and not said("bert", 100)[0], sp.tail(4))
a = coa('User-Name = "bert@rad.test"', "ChilliSpot-Max-Total-Octets = 60000", "Attr-26.14559.23 = 0x00000000")
ok("a CoA-Request lowers it", "CoA-ACK" in a and {(x["direction"], x["limit"]) for x in one("bert")["quotas"]} ==
   {("total", 60000), ("input", 2 << 30)}, a + str(one("bert")))
a = coa('User-Name = "bert@rad.test"', 'Cisco-AVPair = "ipsec:quota-total=5 action service-policy NOWHERE"')
ok("... and one with a policy map that is not there is refused", "CoA-NAK" in a and "Invalid-Attribute-Value" in a, a)
send("bert", 60)
ok("the new limit ends the session", wait_for(5, lambda: ended("bert") and ended("bert")[0] == "quota"), str(ended("bert")) + sp.tail(6))

# ---- a policy map beyond it ------------------------------------------------------------------------------
ok("carl connects", up("carl"), sp.tail(6))
first = rate("carl", 1)
ok("at first he has what he wants", first > 25, str(first))
rate("carl", 3)
ok("beyond the limit of his group he stays", wait_for(4, lambda: said("carl", 100) == (1, 1)) and one("carl")["quotas"][0]["used_up"] and
   one("carl")["quotas"][0]["action"] == "SLOW", str(one("carl")) + sp.tail(6))
second = rate("carl", 3)
ok("... and is slow", 0.5 < second < 8, "%.1f, then %.1f" % (first, second))
ok("... by the policy map", "SLOW" in json.dumps(sp.show("policy-map", "interface")))
sp.kill_main()
wait_for(10, sp.answers)
ok("a new main holds to it and tells nothing twice", 0.5 < rate("carl", 3) < 8 and said("carl", 100) == (1, 1), str(said("carl", 100)))
a = coa('User-Name = "carl@slow.test"', 'Cisco-AVPair = "ipsec:quota-total=1 gigabytes action service-policy SLOW"')
third = rate("carl", 2)
ok("with more he is as fast as before", "CoA-ACK" in a and third > 25, a + str(third))
down("carl")

# ---- a month ---------------------------------------------------------------------------------------------
ok("dora connects", up("dora"), sp.tail(6))
send("dora", 200)
ok("she has used two thirds of her month", wait_for(8, lambda: 200000 < one("dora")["quotas"][0].get("used", 0) < 215000), str(one("dora")))
down("dora")
ok("... which the store remembers", wait_for(5, lambda: ended("dora") and ended("dora")[0] == "peer_delete") and
   sp.sql("select used >= 200000, octets, period from v_quota where username = 'dora@month.test' and direction = 'total'") == [(1, 307200, "month")],
   str(sp.sql("select * from v_quota")))
ok("she connects again", up("dora"), sp.tail(6))
ok("... and begins where she was", wait_for(3, lambda: 200000 < one("dora")["quotas"][0].get("used", 0) < 215000), str(one("dora")))
send("dora", 50)
ok("at 80 percent of the month", wait_for(5, lambda: said("dora", 80) == (1, 1)), str(said("dora", 80)) + sp.tail(6))
sp.kill_main()
wait_for(10, sp.answers)
send("dora", 20)
ok("a new main knows it, too, and tells nothing twice", wait_for(8, lambda: one("dora") and 270000 < one("dora")["quotas"][0].get("used", 0) < 300000) and
   said("dora", 80) == (1, 1), str(one("dora")) + str(said("dora", 80)))
send("dora", 50)
ok("beyond it the session ends", wait_for(8, lambda: ended("dora") and ended("dora")[0] == "quota"), str(ended("dora")) + sp.tail(6))
ok("and she is not let in again", not up("dora") and wait_for(3, lambda: sp.sql(
   "select status, sentence from v_failures where identity = 'dora@month.test'")), sp.tail(6))
status, sentence = sp.sql("select status, sentence from v_failures where identity = 'dora@month.test' limit 1")[0]
ok("... for a reason that is said", status == "quota_used" and "user dora@month.test has used " in sentence and " of 307200 octets (total) of this month" in sentence,
   status + " " + sentence)
ok("... in show, too", "307200 octets" in sp.command("show", "crypto", "ikev2", "diagnose", "error").stdout)
ok("... and counted", sp.sql("select value from v_counters where token = 'status_quota_used'") == [(1,)] or
   wait_for(8, lambda: (sp.sql("select value from v_counters where token = 'status_quota_used'") or [(0,)])[0][0] >= 1))
ok("everybody else still comes in", up("anna"))
done()
