#!/usr/bin/env python3
# long: 60
"""RADIUS by TLS (RFC 6614) with a real FreeRADIUS: logins by EAP and accounting through it, both versions of TLS, servers that are killed and come
back in the middle of logins, and each server that must not be believed: another name, another authority, an expired certificate, no TLS,
nothing at all; and a server that refuses our certificate."""
import pki_lib
from freeradius_lib import FreeRadius
from lib import *
from lib import link as link_hosts
from swan_lib import Swan

PASSWORD = "anna's password"
SERVER = """radius server %(name)s
 address %(family)s %(host)s
 timeout 1
 retransmit 4
 tls port %(port)d
 tls trustpoint client %(own)s
 tls trustpoint server HQ
 tls connectiontimeout 2
 tls idletimeout %(idle)d
 tls watchdoginterval 5
%(more)s"""
CONF = """
hostname gw
aaa new-model
%(servers)s
aaa group server radius RAD
%(members)s
%(group)saaa authentication login RAD group RAD
aaa authorization network LOCAL local
aaa accounting network RAD start-stop group RAD
ip local pool RA 10.100.0.10 10.100.3.250
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
crypto pki trustpoint OTHER
 sallyport ca-certificate %(ca)s
 sallyport certificate %(other_cert)s
 sallyport private-key %(other_key)s
 revocation-check none
crypto ikev2 profile RA
 match identity remote email domain tls.test
 identity local fqdn gw.example.test
 authentication remote eap query-identity
 authentication local ecdsa-sig
 pki trustpoint HQ
 aaa authentication eap RAD
 aaa authorization group eap list LOCAL RA
 aaa accounting RAD
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""

t = Topology()
root = pki_lib.Authority("TLS Root", kind="p256")
stranger = pki_lib.Authority("Strange Root", kind="p256")
gw = root.leaf("gw", kind="p256", san=["dns:gw.example.test"], eku=["server", "client"])
radius_cert = root.leaf("radius", kind="p256", san=["dns:radius.test", "ip:10.99.2.2", "ip:fd00:99:2::2", "ip:10.77.0.20"], eku=["server"])
named = root.leaf("named", kind="p256", san=["dns:elsewhere.test"], eku=["server"])
unknown = stranger.leaf("unknown", kind="p256", san=["ip:10.99.2.2"], eku=["server"])
expired = root.leaf("expired", kind="p256", san=["ip:10.99.2.2"], eku=["server"], days=(-30, -1))
other = stranger.leaf("other", kind="p256", san=["dns:gw.example.test"], eku=["client"])
users = {"anna@tls.test": PASSWORD}
PORTS = dict(ONE=2083, TWO=2084, NAME=2085, CA=2086, EXPIRED=2087, PLAIN=2088, SILENT=2089, CLOSED=2090, SIX=2091, VRF=2092)


def free_radius(name, tls_max="1.3", host=None, address="10.99.2.2", clients="10.99.2.0/24"):
    return FreeRadius(host or t.lan, users, radius_cert, root, address=address, clients=clients, first="mschapv2", radsec=PORTS[name],
                      tls_max=tls_max, name=name, signs=False)


def conf(*names, idle=60, own="HQ", host="10.99.2.2", more="", group="", others=""):
    servers = others + "".join(SERVER % dict(name=n, port=PORTS[n], idle=idle, own=own, host=host, more=more,
                                             family="ipv6" if ":" in host else "ipv4") for n in names)
    return CONF % dict(servers=servers, group=group, members="\n".join(" server name " + n for n in names), ca=root.cert_file, cert=gw.chain_file,
                       key=gw.key_file, other_cert=other.chain_file, other_key=other.key_file)


one, two = free_radius("ONE").start(), free_radius("TWO", tls_max="1.2").start()
sp = Sallyport(t.gw, conf("ONE", "TWO")).start()
client = """ gw { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = 10.99.1.1
  vips = 0.0.0.0
  encap = yes
  keyingtries = 1
  local { auth = eap-mschapv2
          id = anna@tls.test }
  remote { auth = pubkey
           id = gw.example.test }
  children { net { remote_ts = 10.99.2.0/24
                   esp_proposals = aes128gcm16 } } }
"""
swan = Swan(t.client(1), client, "eap-1 { id = anna@tls.test\n secret = \"%s\" }\n" % PASSWORD, cas=[root], retransmits=5, timeout="1.0").start()


def up():
    r = swan.ctl("--initiate", "--ike", "gw", "--child", "net", "--timeout", 25, check=False)
    swan.last = r.stdout
    return r.returncode == 0


def server(name):
    """As its group asks it: one of a VRF is in the group of all servers, too, and never asked there."""
    return {s["name"]: s for s in sorted(sp.show("aaa", "servers")["servers"], key=lambda s: s["vrf"])}[name]


def link(name):
    return server(name)["authentication_link"]


def why():
    return swan.last[-500:] + sp.tail(6) + one.log_text()[-400:]


# ---- through it ------------------------------------------------------------------------------------------
ok("a login by EAP through TLS", up(), why())
ok("... carries packets", swan.host.ping("10.99.2.2", count=1) == 1)
l = link("ONE")
ok("... over TLS 1.3, and the server's certificate is shown", l["state"] == "open" and l["tls_version"] == "TLS 1.3" and l["cipher"].startswith("TLS_") and
   "radius" in l["subject"] and l["opened"] == 1, str(l))
ok("... the server knows it as any other", one.records("auth")[0]["User-Name"] == ["anna@tls.test"] and
   one.records("auth")[0]["NAS-IP-Address"] == ["10.99.2.1"], str(one.records("auth")[:1]))
ok("accounting at the same port", wait_for(5, lambda: [r["Acct-Status-Type"] for r in one.records()][-1:] == ["Start"] or
   any(r["Acct-Status-Type"] == ["Start"] for r in one.records())), str(one.records()))
swan.down("gw")
ok("... to the end", wait_for(5, lambda: any(r["Acct-Status-Type"] == ["Stop"] for r in one.records())), str(one.records()[-2:]))
ok("the connection serves the next login", up() and link("ONE")["opened"] == 1, str(link("ONE")) + why())
swan.down("gw")
ok("Status-Server watches it", wait_for(8, lambda: one.log_text().count("Status-Server") > 0) or server("ONE")["dead"] is False)
ok("in words, too", "transport TLS, port 2083" in sp.command("show", "aaa", "servers").stdout)
ok("... and in the log", "radius_tls_up" in sp.log_text(), sp.tail(5))

# ---- a server that is killed, and comes back -----------------------------------------------------------------
one.stop()
begin = time.monotonic()
ok("a server is killed: the next one answers", up() and time.monotonic() - begin < 6, "%.1f s " % (time.monotonic() - begin) + why())
swan.down("gw")
l = link("TWO")
ok("... over TLS 1.2", l["tls_version"] == "TLS 1.2" and l["state"] == "open", str(l))
ok("... the first is dead, with the reason", server("ONE")["dead"] and "refused" in link("ONE")["last_failure_detail"] and
   wait_for(3, lambda: "radius_dead" in sp.log_text()), str(link("ONE")))
one.start()
ok("it is back by itself", wait_for(20, lambda: not server("ONE")["dead"]), str(link("ONE")) + sp.tail(4))
before = server("ONE")["authentication"]["accepts"]
ok("... and is the first again", up() and server("ONE")["authentication"]["accepts"] == before + 1, str(server("ONE")["authentication"]))
swan.down("gw")
two.stop()
one.process.send_signal(signal.SIGSTOP)
ok("a server that hangs has lost its connection soon", not up() and wait_for(10, lambda: link("ONE")["ended"]["silent"] > 0), str(link("ONE")))
one.process.send_signal(signal.SIGCONT)
ok("... and is alive when it answers again", wait_for(25, lambda: not server("ONE")["dead"]) and up(), str(link("ONE")) + why())
swan.down("gw")
# All servers gone in the middle of a login: it waits for the new connection.
one.stop()
started = spawn(t.lan.ns, "/bin/sh", "-c", "sleep 1.5; exec /usr/sbin/freeradius -f -d %s -n radiusd -l stdout" % one.dir, log=one.log)
one.process = started
ok("the only server is restarted in the middle of a login", up(), str(link("ONE")) + why())
swan.down("gw")

# ---- those that must not be believed --------------------------------------------------------------------------
for name, cert in (("NAME", named), ("CA", unknown), ("EXPIRED", expired)):
    spawn(t.lan.ns, "/usr/bin/openssl", "s_server", "-accept", "10.99.2.2:%d" % PORTS[name], "-cert", cert.cert_file, "-key", cert.key_file, "-quiet",
          log=os.path.join(WORK, "s_server-" + name))
PY = """import socket, time
s = socket.create_server(("10.99.2.2", %d)); kept = []
while True:
    c, _ = s.accept(); kept.append(c)
    if %r: c.recv(1000); c.sendall(b"220 a mail server\\r\\n")
"""
for name, talks in (("PLAIN", True), ("SILENT", False)):
    spawn(t.lan.ns, sys.executable, "-c", PY % (PORTS[name], talks))
time.sleep(0.5)
sp.configure(conf("NAME", "CA", "EXPIRED", "PLAIN", "SILENT", "CLOSED", "ONE"))
sp.reload()
ok("past six bad servers the seventh answers", up(), why())
swan.down("gw")
for name, end, words in (("NAME", "certificate", "not for the identity 10.99.2.2"), ("CA", "certificate", "Strange Root is not trusted"), ("EXPIRED", "certificate", "expired"),
                         ("PLAIN", "tls", ""), ("SILENT", "timeout", "TLS handshake"), ("CLOSED", "unreachable", "refused")):
    l = link(name)
    print("# %s: %s: %s" % (name, l["last_failure"], l["last_failure_detail"]))
    ok("%s is refused by name of the reason" % name, l["ended"][end] >= 1 and words in l["last_failure_detail"] and l["opened"] == 0 and
       server(name)["dead"], str(l))
    ok("... no request was sent to it", server(name)["authentication"]["responses"] == 0)
log = sp.log_text()
ok("each is in the log", all("server=%s" % n in log for n in list(PORTS)[:8]) and log.count("radius_tls_failed") >= 6, sp.tail(12))

# ---- names and ours --------------------------------------------------------------------------------------------
sp.configure(conf("ONE", more=" tls match-server-identity hostname radius.test\n"))
sp.reload()
ok("the name that it must have", up(), str(link("ONE")) + why())
swan.down("gw")
sp.configure(conf("ONE", more=" tls match-server-identity hostname radius2.test\n"))
sp.reload()
ok("... and no other", not up() and link("ONE")["ended"]["certificate"] > 0, str(link("ONE")))
sp.configure(conf("ONE", own="OTHER"))
sp.reload()
ok("a server that does not believe our certificate", not up() and link("ONE")["ended"]["closed"] + link("ONE")["ended"]["tls"] > 0 and
   server("ONE")["authentication"]["responses"] == 0, str(link("ONE")))
print("# ours: %s: %s" % (link("ONE")["last_failure"], link("ONE")["last_failure_detail"]))
ok("... it is said that this may be the reason", "our certificate" in link("ONE")["last_failure_detail"] or "alert" in link("ONE")["last_failure"], str(link("ONE")))
sp.configure(conf("ONE", idle=2))
sp.reload()
ok("an idle connection is closed", up() and (swan.down("gw") or True) and wait_for(10, lambda: link("ONE")["ended"]["idle"] > 0 and link("ONE")["state"] == "closed"),
   str(link("ONE")))
ok("... and opened again for a login", up(), why())
swan.down("gw")

# ---- IPv6, a source, a VRF ---------------------------------------------------------------------------------------
t.gw.addr("lan0", "fd00:99:2::5/64")
six = free_radius("SIX", address="fd00:99:2::2", clients="fd00:99:2::/64").start()
sp.configure(conf("SIX", host="fd00:99:2::2", more=" sallyport source fd00:99:2::5\n"))
sp.reload()
ok("IPv6, from the source that is configured", wait_for(5, up) and six.records("auth")[0].get("NAS-IPv6-Address") == ["fd00:99:2::5"],
   str(six.records("auth")[:1]) + why())
swan.down("gw")
six.stop()
vrf, inside = Host("v1"), Host("v1r")
link_hosts(vrf, "eth0", inside, "eth0")
vrf.addr("eth0", "10.77.0.1/24")
inside.addr("eth0", "10.77.0.20/24")
third = free_radius("VRF", host=inside, address="10.77.0.20", clients="10.77.0.0/24").start()
sp.configure(conf("VRF", host="10.77.0.20", group=" ip vrf forwarding %s\n" % vrf.ns, others="vrf definition %s\n address-family ipv4\n" % vrf.ns))
sp.reload()
ok("a server in a VRF", up() and third.records("auth")[0].get("NAS-IP-Address") == ["10.77.0.1"], str(third.records("auth")[:1]) + why())
swan.down("gw")
sp.kill_main()
ok("main dies, and its connections with it: the next one makes its own", wait_for(10, sp.answers) and up() and link("VRF")["opened"] == 1,
   str(link("VRF")) + why())
swan.down("gw")
third.stop()
ok("no secret is in the log", PASSWORD not in sp.log_text())
swan.stop()
one.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
