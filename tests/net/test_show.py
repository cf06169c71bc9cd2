#!/usr/bin/env python3
"""Every show and clear: text and JSON with the fields of the inventory, abbreviations, exit codes,
who may ask; the program file itself."""
import csv
import io
import re
from lib import *

t = Topology()
sp = Sallyport(t.gw).start()
host = t.client(1)
ss = StrongSwan(host).start()
ok("a client connects", ss.up(), ss.last[-300:] + sp.tail(5))
host.ping("10.99.2.2")
six = StrongSwan(t.client(2), gateway="fd00:99:1::1", user="client2@psk.test").start()
ok("a client connects over IPv6", six.up(), six.last[-300:])


def in_order(name, text, *patterns):
    """Every pattern, each after the one before."""
    at = 0
    for p in patterns:
        m = re.compile(p, re.M).search(text, at)
        if not m:
            return ok(name, False, "no %r after %r in\n%s" % (p, text[max(0, at - 60):at], text))
        at = m.end()
    return ok(name, True)


def text(*words):
    return sp.command("show", *words).stdout


def keys(name, row, *wanted):
    ok(name, set(wanted) <= set(row), "missing %s" % sorted(set(wanted) - set(row)))


# ---- R-SHO-01..05 ------------------------------------------------------------------------------------
V4 = r"(\d+\.\d+\.\d+\.\d+)"
in_order("show crypto ikev2 sa", text("crypto", "ikev2", "sa"), r"^ IPv4 Crypto IKEv2 SA", r"^Tunnel-id\s+Local\s+Remote\s+fvrf/ivrf\s+Status",
         r"^\d+\s+10\.99\.1\.1/\d+\s+10\.99\.1\.11/\d+\s+none/none\s+READY", r"Encr: AES-GCM, keysize: 128, PRF: SHA256, Hash: None, DH Grp:19",
         r"Auth sign: PSK, Auth verify: PSK", r"Life/Active Time: \d+/\d+ sec", r"^ IPv6 Crypto IKEv2 SA",
         r"^Tunnel-id\s+fvrf/ivrf\s+Status", r"^\d+\s+none/none\s+READY", r"^Local\s+fd00:99:1::1/\d+", r"^Remote\s+fd00:99:1::12/\d+")
in_order("show crypto ikev2 sa detailed", text("crypto", "ikev2", "sa", "detailed"), r"Encr: ", r"Life/Active Time: ", r"CE id: \d+, Session-id: \d+",
         r"Status Description: Negotiation done", r"Local spi: [0-9A-F]{16}\s+Remote spi: [0-9A-F]{16}", r"Local id: gw\.example\.test",
         r"Remote id: client1@psk\.test", r"Local req msg id:\s+\d+\s+Remote req msg id:\s+\d+", r"Local next msg id:\s+\d+\s+Remote next msg id:\s+2",
         r"Local req queued:", r"Remote req queued:", r"Local window:", r"Remote window:", r"DPD configured for \d+ seconds, retry \d+",
         r"(?i)fragmentation", r"Extended Authentication not configured\.", r"NAT-T is (not )?detected", r"Cisco Trust Security SGT is disabled",
         r"Initiator of SA : No", r"^\s+Remote subnets:", r"^\s+" + V4 + r" 255\.255\.255\.255", r"IPv6 Remote subnets:", r"fd00:100::")
in_order("show crypto ikev2 session detailed", text("crypto", "ikev2", "session", "detailed"), r"IPv4 Crypto IKEv2 Session", r"READY",
         r"Child sa: local selector\s+10\.99\.2\.0/255\.255\.255\.0/0/0", r"remote selector\s+10\.100\.\d+\.\d+/255\.255\.255\.255/0/0",
         r"ESP spi in/out: 0x[0-9a-f]{8}/0x[0-9a-f]{8}", r"transform: esp-gcm\b.*mode: tunnel", r"IPv6 Crypto IKEv2 Session")
both = sp.show("crypto", "ikev2", "sa")["ikev2_sas"]
ok("show crypto ikev2 sa --json has both", len(both) == 2)
sa = both[0]
keys("its fields", sa, "tunnel_id", "status", "status_description", "local", "remote", "fvrf", "ivrf", "encryption", "key_size", "prf",
     "integrity", "dh_group", "auth_sign", "auth_verify", "lifetime_s", "active_ms", "local_spi", "remote_spi", "local_id", "remote_id",
     "profile", "session", "local_next_msg_id", "remote_next_msg_id", "window", "dpd_interval_s", "nat_local", "nat_remote", "initiator",
     "assigned_ip4", "assigned_ip6", "children")
ok("its values", (sa["status"], sa["remote_id"], sa["dh_group"], sa["auth_verify"], sa["initiator"], sa["profile"]) ==
   ("READY", "client1@psk.test", 19, "PSK", False, "RA"), str(sa))
keys("fields of a child", sa["children"][0], "spi_in", "spi_out", "transform", "mode", "udp_encapsulated", "local", "remote")

# ---- R-SHO-06, 07 ------------------------------------------------------------------------------------
in_order("show crypto session", text("crypto", "session"), r"^Crypto session current status", r"^Interface: Virtual-Access\d+", r"^Profile: RA",
         r"^Session status: UP-ACTIVE", r"^Peer: 10\.99\.1\.11 port \d+", r"IKEv2 SA: local 10\.99\.1\.1/\d+ remote 10\.99\.1\.11/\d+ Active",
         r"IPSEC FLOW: permit ", r"Active SAs: 2, origin: dynamic crypto map")
in_order("show crypto session detail", text("crypto", "session", "detail"), r"Uptime: \d+", r"Phase1_id: client1@psk\.test",
         r"Inbound:\s+#pkts dec'ed [1-9]\d* drop 0", r"Outbound:\s+#pkts enc'ed [1-9]\d*")
in_order("show crypto ipsec sa", text("crypto", "ipsec", "sa"), r"^interface: Virtual-Access\d+", r"Crypto map tag: \S+, local addr 10\.99\.1\.1",
         r"protected vrf: \(none\)", r"local  ident \(addr/mask/prot/port\): \(10\.99\.2\.0/255\.255\.255\.0/0/0\)",
         r"remote ident \(addr/mask/prot/port\): \(10\.100\.", r"current_peer 10\.99\.1\.11 port \d+", r"PERMIT, flags=",
         r"#pkts encaps: [1-9]\d*, #pkts encrypt: [1-9]\d*, #pkts digest: [1-9]", r"#pkts decaps: [1-9]\d*, #pkts decrypt: [1-9]\d*, #pkts verify: [1-9]",
         r"#pkts compressed: 0, #pkts decompressed: 0", r"#pkts not compressed: 0, #pkts compr\. failed: 0",
         r"#pkts not decompressed: 0, #pkts decompress failed: 0", r"#send errors 0, #recv errors 0",
         r"local crypto endpt\.: 10\.99\.1\.1, remote crypto endpt\.: 10\.99\.1\.11", r"path mtu \d+, media mtu \d+",
         r"current outbound spi: 0x[0-9A-F]+\(\d+\)", r"inbound esp sas:", r"spi: 0x[0-9A-F]+\(\d+\)", r"transform: esp-gcm",
         r"in use settings =\{Tunnel UDP-Encaps", r"conn id: \d+, flow_id: \d+, crypto map: ", r"crypto engine type: Software",
         r"sa timing: remaining key lifetime \(k/sec\): \(\d+/\d+\)", r"IV size: 8 bytes", r"replay detection support: Y", r"inbound ah sas:",
         r"inbound pcp sas:", r"outbound esp sas:", r"spi: 0x", r"outbound ah sas:", r"outbound pcp sas:")
session = [s for s in sp.sessions() if s["identity"] == "client1@psk.test"][0]
ipsec = [s for s in sp.show("crypto", "ipsec", "sa")["ipsec_sas"] if s["tunnel_id"] == sa["tunnel_id"]][0]
keys("show crypto session --json", session, "interface", "session", "profile", "status", "identity", "local", "peer", "fvrf", "ivrf",
     "assigned_ip4", "assigned_ip6", "orphaned", "uptime_ms", "packets_in", "bytes_in", "packets_out", "bytes_out")
keys("show crypto ipsec sa --json", ipsec, "interface", "protected_vrf", "local", "peer", "spi_in", "spi_out", "transform", "mode",
     "local_ident", "remote_ident", "packets_in", "packets_out", "drops_replay", "drops_auth", "drops_policy", "replay_window", "lifetime_s")
ok("the session's traffic is its SA's", session["packets_in"] == ipsec["packets_in"] > 0 and session["bytes_out"] == ipsec["bytes_out"] > 0)

# ---- everything else that can be shown ---------------------------------------------------------------
for words, seen in (("version", "Sallyport"), ("running-config", "crypto ikev2 profile RA"), ("running-config all", "crypto ikev2 proposal default"),
                    ("counters", "esp_in_packets"), ("ip local pool", "RA6"), ("ip local pool RA", "RA"), ("snmp", "Master agent at none: off"), ("crypto ikev2 stats", "Total IKEv2 SA count"),
                    ("crypto ikev2 diagnose error", "Exit path table"), ("debug", "Nobody is debugging"), ("crypto ikev2 proposal", "IKEv2 proposal: default"),
                    ("crypto ikev2 proposal default", "Encryption"), ("crypto ikev2 policy", "IKEv2 policy : default"),
                    ("crypto ikev2 profile", "IKEv2 profile: RA"), ("crypto ikev2 profile RA", "Local identity"),
                    ("crypto ikev2 authorization policy", "IKEv2 Authorization Policy : RA")):
    r = sp.command("show", *words.split(), check=False)
    ok("show %s" % words, r.returncode == 0 and seen in r.stdout, r.stdout[:400])
    try:
        json.loads(sp.command("show", *words.split(), "--json").stdout)
        good = True
    except ValueError as e:
        good = e
    ok("show %s --json" % words, good is True, str(good))
a, b = sp.counters(), json.loads(sp.command("show", "crypto", "ikev2", "stats", "--json").stdout)
ok("samples are numbered and agree", b["sample"] >= a["sample"] and a["sample_wall_ms"] <= b["sample_wall_ms"] and b["established"] == 2, "%s %s" % (a["sample"], b))
of = b["counters"]
ok("stats: exchanges by kind", of["ike_init_in"] >= 2 and of["ike_auth_in"] == 2 and of["ike_init_out"] == 0, str(of))
before = sp.counters()
sp.command("clear", "crypto", "ikev2", "stats")
c = json.loads(sp.command("show", "crypto", "ikev2", "stats", "--json").stdout)
ok("clear crypto ikev2 stats", c["counters"]["ike_init_in"] == 0 and c["established"] == 2 and c["cleared_wall_ms"] > 0, str(c))
old = sp.kill_main()
ok("a new main comes", wait_for(15, lambda: sp.main_pid() not in (0, old) and sp.answers()), sp.tail(5))
d = json.loads(sp.command("show", "crypto", "ikev2", "stats", "--json").stdout)
ok("... which has it from the one before", d["counters"]["ike_init_in"] == 0 and d["counters"]["ike_auth_in"] == 0
   and d["cleared_wall_ms"] == c["cleared_wall_ms"], str(d))
ok("but no counter goes back", sp.counters()["counters"]["ike_init_in"] >= before["counters"]["ike_init_in"] >= 2)
# A key that is not shown must not become a key by pasting; with keys it is a configuration again.
shown = os.path.join(WORK, "shown.conf")
for words in (("running-config",), ("running-config", "all")):
    for key, code in (("<hidden>", 2), (PSK, 0)):
        with open(shown, "w") as f:
            f.write(text(*words).replace("<hidden>", key))
        r = run(BIN, "check", shown, check=False)
        ok("show %s with %s keys: check exits %d" % (" ".join(words), "hidden" if code else "the", code), r.returncode == code, r.stdout[:600])
ok("show running-config hides keys", PSK not in text("running-config", "all"))

# ---- abbreviations, mistakes and exit codes ----------------------------------------------------------
for words, code, seen in (("sh cry ikev2 sa det", 0, "Status Description"), ("sh cr ik se", 0, "IKEv2 Session"), ("sho ver", 0, "Sallyport"),
                          ("show crypto ikev2 s", 2, "ambiguous"), ("show crypto nothing", 2, "unknown word"), ("show", 2, "incomplete"),
                          ("show crypto session remote nowhere", 2, "wants an address"), ("show version --jsn", 2, "unknown option"),
                          ("show crypto ikev2 profile NONE", 1, "NONE"), ("show ip local pool NONE", 1, "NONE"), ("frobnicate", 2, "unknown command"), ("rel", 0, "in force"), ("re", 2, "ambiguous command"), ("r", 2, "ambiguous command"), ("s", 2, "ambiguous command"),
                          ("ver", 0, "sallyport "),
                          ("show crypto session remote 10.99.1.11", 0, "10.99.1.11"), ("show crypto session detail remote 10.99.1.77", 0, "current status")):
    first, *rest = words.split()
    r = run("ip", "netns", "exec", t.gw.ns, BIN, first, *rest, "--socket", sp.socket, check=False)
    ok("`%s` exits %d" % (words, code), r.returncode == code and seen in r.stdout, "%d %s" % (r.returncode, r.stdout[:300]))
r = run(BIN, "show", "version", "--socket", sp.socket + ".not", check=False)
ok("no daemon: exit 1 with the path", r.returncode == 1 and sp.socket + ".not" in r.stdout, r.stdout)
r = run(BIN, "check", sp.conf + ".not", check=False)
ok("check of nothing: exit 1 or 2 with the path", r.returncode in (1, 2) and sp.conf in r.stdout, r.stdout)

# ---- sql ---------------------------------------------------------------------------------------------
def sql(*words):
    return run(BIN, "sql", "--state", sp.state, *words, check=False)


r = sql("--json", "select identity, ip4 from v_active order by identity")
ok("sql --json", json.loads(r.stdout)[0]["identity"] == "client1@psk.test" and json.loads(r.stdout)[0]["ip4"] == session["assigned_ip4"], r.stdout)
r = sql("--csv", "select identity, ip4, null as empty, 'a,\"b' as quoted from v_active order by identity")
rows = list(csv.reader(io.StringIO(r.stdout)))
ok("sql --csv", rows[0] == ["identity", "ip4", "empty", "quoted"] and rows[1] == ["client1@psk.test", session["assigned_ip4"], "", 'a,"b'], r.stdout)
ok("sql as a table", "identity" in sql("select identity from v_active").stdout)
r = sql("select * from nothing")
ok("sql: a mistake is exit 2 with the reason", r.returncode == 2 and "nothing" in r.stdout, r.stdout)
for bad in ("delete from sessions", "drop table sessions", "attach 'x' as y", "pragma journal_mode=delete", "insert into meta values (1, 2)",
            "vacuum into '/dev/shm/x.db'"):
    r = sql(bad)
    ok("sql: `%s` is refused" % bad, r.returncode != 0, r.stdout)
ok("sql: values are those of show", wait_for(8, lambda: json.loads(sql("--json", "select sum(packets_in) as n from v_active").stdout)[0]["n"] ==
   sum(s["packets_in"] for s in sp.sessions())), "%s %s" % (sql("select identity, packets_in from v_active").stdout, sp.sessions()))

# ---- who may ask -------------------------------------------------------------------------------------
st = os.stat(sp.socket)
ok("the socket is for root, main and its group", st.st_mode & 0o777 == 0o660 and st.st_uid != 0, oct(st.st_mode))


def as_user(gid, *words):
    return run("setpriv", "--reuid", 65533, "--regid", gid, "--clear-groups", BIN, *words, "--socket", sp.socket, check=False)


r = as_user(65533, "show", "version")
ok("a stranger cannot connect", r.returncode == 1 and "Permission denied" in r.stdout, r.stdout)
r = as_user(st.st_gid, "show", "crypto", "session")
ok("a member of the group may look", r.returncode == 0 and "UP-ACTIVE" in r.stdout, r.stdout)
for words in (("clear", "crypto", "session"), ("clear", "crypto", "ikev2", "sa"), ("reload",)):
    r = as_user(st.st_gid, *words)
    ok("a member of the group may not %s" % " ".join(words), r.returncode == 1 and "needs root" in r.stdout, r.stdout)
ok("and did not", len(sp.sessions()) == 2)
ok("the store is for the group to read, the secrets are not", os.stat(os.path.join(sp.state, "sallyport.db")).st_mode & 0o777 == 0o640 and
   os.stat(os.path.join(sp.state, "secrets.db")).st_mode & 0o777 == 0o600)

# ---- clear -------------------------------------------------------------------------------------------
r = sp.command("clear", "crypto", "session", "remote", "10.99.1.77")
ok("clear of nobody clears nobody", "0 IKE SAs cleared" in r.stdout and len(sp.sessions()) == 2, r.stdout)
for words in (("id", "0"), ("remote", "10.99.1.11", "port", "0"), ("",), ("everybody",)):
    r = sp.command("clear", "crypto", "session", *words, check=False)
    ok("clear crypto session %r is refused" % " ".join(words), r.returncode == 2 and len(sp.sessions()) == 2, r.stdout)
r = sp.command("clear", "crypto", "session", "remote", "10.99.1.11")
ok("clear crypto session remote", "1 IKE SA cleared" in r.stdout, r.stdout)
ok("its client was told", wait_for(5, lambda: "ESTABLISHED" not in ss.sas()), ss.sas())
ok("the other stays", wait_for(5, lambda: [s["identity"] for s in sp.sessions()] == ["client2@psk.test"]), str(sp.sessions()))
ok("history says who did it", wait_for(3, lambda: sp.sql("select end_reason from v_history") == [("admin_clear",)]))
r = sp.command("clear", "crypto", "ikev2", "sa", "--json")
ok("clear crypto ikev2 sa --json", json.loads(r.stdout) == {"cleared": 1}, r.stdout)
ok("now nobody is left", wait_for(5, lambda: not sp.sessions()))
ss.stop()
six.stop()

# ---- the program -------------------------------------------------------------------------------------
empty = os.path.join(WORK, "empty")
os.mkdir(empty)
shutil.copy(BIN, empty)
r = run("chroot", empty, "/sallyport", "version", check=False)
ok("runs in an empty root", r.returncode == 0 and r.stdout.startswith("sallyport "), r.stdout)
os.unlink(os.path.join(empty, "sallyport"))
header = run("readelf", "-hld", BIN).stdout
ok("is static-pie", re.search(r"Type:\s+DYN", header) and "INTERP" not in header and "(NEEDED)" not in header and "PIE" in header, header[:2000])
ok("has full RELRO", "GNU_RELRO" in header and "BIND_NOW" in header)
ok("has no executable stack", re.search(r"GNU_STACK.*\n.*RW  ", header))
if shutil.which("file"):
    ok("`file` says static-pie", "static-pie linked" in run("file", BIN).stdout, run("file", BIN).stdout)
ok("clean stop", sp.stop() == 0, sp.tail())
ok("sql works without the daemon", json.loads(sql("--json", "select count(*) as n from v_history").stdout) == [{"n": 2}])
done()
