#!/usr/bin/env python3
"""Hundreds of clients that log in at the same moment, by each way of proving who they are, while an established client pings: round
trips idle and during the logins, logins per second, the CPU of each part of the gateway for a login, the longest turn of the
loop. Sallyport, then Debian's strongSwan with ESP in user space too, in the same run; each case begins with a fresh gateway.

    ./build.sh bench eap_load       EAP_LOAD_CLIENTS=500  EAP_LOAD_GATEWAYS="sallyport strongswan"  EAP_LOAD_CASES="eap-tls ..."

The logins are of strongSwan's load tester, the pings a small UDP packet every millisecond through the tunnel of a strongSwan
client. The tester shares the machine with the gateway where it would be other machines, so it has what the others
leave (SCHED_IDLE); client, probe and echo have the processor when they want it (nice -10), so that a round trip says what the
gateway does. With EAP_LOAD_CLIENTS left alone and both gateways measured, lines go to RESULTS.md."""
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "net"), os.path.join(HERE, "peers")]
import lib
import places
import pki_lib
from lib import *
from load_tester import LoadTester
from pairs import GATEWAY, SallyportPair, StrongSwanPair, quiet
from places import EAGER, LAN, UDP_LOAD, ended, family, start
from results import add_row
from swan_lib import Swan

CLIENTS = int(os.environ.get("EAP_LOAD_CLIENTS", "500"))
GATEWAYS = os.environ.get("EAP_LOAD_GATEWAYS", "sallyport strongswan").split()
IDLE_S, LIMIT_S = 4, 90
# case: (authentication of the clients, domain of their names, kind of key of the authority, the clients and the gateway)
CASES = {
    "eap-tls": ("eap-tls", "tls.test", "rsa"),
    "certificates": ("pubkey", "cert.test", "rsa"),
    "certificates, P-256": ("pubkey", "cert.test", "p256"),
    "eap-mschapv2": ("eap-mschapv2", "chap.test", "rsa"),
}
WANTED = os.environ.get("EAP_LOAD_CASES", ",,".join(CASES)).split(",,")

PROFILE = """
crypto ikev2 profile %(name)s
 match identity remote email domain %(domain)s
 identity local fqdn gw.example.test
 %(remote)s
 authentication local %(sig)s
 pki trustpoint HQ
 %(more)s
 nat force-encapsulation
 virtual-template 1
"""
TRUSTPOINT = """
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
aaa authentication login LOCAL local
"""
EAP_MORE = "aaa authentication eap LOCAL\n aaa authorization group eap list LOCAL RA\n sallyport eap methods %s"


def sallyport_conf(case, gw, ca):
    auth, domain, kind = CASES[case]
    sig = "rsa-sig" if kind == "rsa" else "ecdsa-sig"
    if auth == "pubkey":
        remote, more, users = "authentication remote " + sig, "aaa authorization group cert list LOCAL RA", ""
    else:
        remote, more = "authentication remote eap", EAP_MORE % auth[4:]
        users = "".join("username c%d@%s password 0 %s\n" % (i, domain, PSK) for i in range(1, CLIENTS + 1)) if auth == "eap-mschapv2" else ""
    text = GATEWAY.replace("aaa new-model\n", "aaa new-model\n" + users) + TRUSTPOINT % dict(ca=ca.cert_file, cert=gw.chain_file, key=gw.key_file)
    return text + PROFILE % dict(name="CROWD", domain=domain, remote=remote, sig=sig, more=more)


def strongswan_conf(case, gw):
    auth, domain, kind = CASES[case]
    common = """ version = 2
    proposals = aes128gcm16-prfsha256-ecp256
    local_addrs = %s
    pools = p4
    encap = yes
    mobike = no
    reauth_time = 0
    rekey_time = 0
    unique = never
    children { net { local_ts = 10.99.2.0/24
                     esp_proposals = aes128gcm16
                     rekey_time = 0 } }
    """ % places.GW
    return """ gw { %s local { auth = psk
            id = gw.example.test }
    remote { auth = psk
             id = *@psk.test } }
  crowd { %s local { auth = pubkey
            certs = %s
            id = gw.example.test }
    remote { auth = %s
             id = *@%s } }
""" % (common, common, gw.chain_file, auth, domain)


class StrongSwanGateway(Swan):
    def __init__(self, host, case, gw, ca):
        super().__init__(host, strongswan_conf(case, gw), 'ike-1 { secret = "%s" }\n eap-1 { secret = "%s" }' % (PSK, PSK), cas=[ca], keys=[gw],
                         extra="ikesa_table_size = 16384\n  ikesa_table_segments = 16\n  dos_protection = no")
        self.text = self.text.replace("10.100.9.0/24", "10.100.0.0/16")
        quiet(self)


def threads(pids):
    """{name of the thread or process: seconds of processor}; those of main are its own, `main` is its loop."""
    found = {}
    for pid in pids:
        for task in os.listdir("/proc/%d/task" % pid):
            try:
                with open("/proc/%d/task/%s/comm" % (pid, task)) as f:
                    name = f.read().strip()
                with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
                    ns = int(f.read().split()[0])
            except OSError:
                continue
            name = {"sallyport-main": "main", "sallyport-keys": "keys"}.get(name, "workers" if name.startswith("worker") else name)
            if name == "main" and int(task) != pid:
                name = "other threads"
            found[name] = found.get(name, 0) + ns * 1e-9
    return found


def since(before, after, n):
    """CPU-ms of each for one of n."""
    return {k: 1000 * (after[k] - before.get(k, 0)) / n for k in after}


class Probe:
    """A small packet every millisecond until it is stopped: (p50, p99, greatest) in us and the part lost in percent."""

    def __init__(self, row):
        self.echo = spawn(row.lan.ns, *EAGER, UDP_LOAD, "echo", LAN, 5301, LIMIT_S + 10)
        time.sleep(0.1)
        self.ask = start(row.cli, *EAGER, UDP_LOAD, "ask", LAN, 5301, LIMIT_S, 1000)

    def stop(self):
        self.ask.send_signal(signal.SIGTERM)
        words = ended(self.ask, 5)
        stop_process(self.echo)
        if len(words) < 7 or not int(words[1]):
            raise RuntimeError("the probe did not run: %s" % words)
        return float(words[2]), float(words[4]), float(words[6]), 100 * (1 - int(words[1]) / int(words[0]))


def for_all_tasks(pid, *command):
    for task in os.listdir("/proc/%d/task" % pid):
        run(*command, task)


def begin_gateway(kind, row, case, gw, ca):
    if kind == "sallyport":
        sp = Sallyport(row.gw, sallyport_conf(case, gw, ca), name="gw-" + re.sub(r"\W+", "-", case)).start()
        return sp, family(sp.process.pid)
    ss = StrongSwanGateway(row.gw, case, gw, ca).start()
    return ss, [ss.process.pid]


def crowd(kind, case, tester):
    """From the first to the last: seconds."""
    begun = time.monotonic()
    s = tester.begin()
    s.settimeout(LIMIT_S)
    try:
        while s.recv(4096):
            pass
    except TimeoutError:
        pass
    took = time.monotonic() - begun
    s.close()
    return took


def measure(row, kind, case):
    auth, domain, key = CASES[case]
    ca = pki_lib.Authority("Crowd CA " + key, kind=key)
    gateway, pids = begin_gateway(kind, row, case, ca.leaf("gw", kind=key, san=["dns:gw.example.test"], eku=["server"]), ca)
    client = quiet(StrongSwan(row.cli, vips="0.0.0.0", remote_ts="10.99.2.0/24")).start()
    if not client.up():
        raise RuntimeError(client.last)
    for_all_tasks(client.process.pid, "renice", "-n", "-10", "-p")
    tester = LoadTester(row.testers, kind, CLIENTS, initiators=0, auth=auth, domain=domain, ca=ca)
    if not wait_for(20, tester.is_ready):
        raise RuntimeError("the load tester did not start")
    for_all_tasks(tester.process.pid, "chrt", "-i", "-p", "0")
    time.sleep(1)
    probe = Probe(row)
    time.sleep(IDLE_S)
    idle = probe.stop()
    others = places.others()
    counts = gateway.counters() if kind == "sallyport" else None
    pids = family(gateway.process.pid)
    before = threads(pids)
    probe = Probe(row)
    took = crowd(kind, case, tester)
    load = probe.stop()
    cpu = since(before, threads(pids), CLIENTS)
    have = tester.established() or 0
    found = dict(case=case, idle=idle, load=load, took=took, cpu=cpu, have=have, others=others)
    if kind == "sallyport":
        now = gateway.counters()
        found["turn_us"] = now["loop_turn_max_us"]
        found["over"] = [now["counters"][k] - counts["counters"][k] for k in ("loop_turns_over_1ms", "loop_turns_over_5ms")]
        print("   what was not fine: %s" % {k: v for k, v in now["status"].items() if v}, flush=True)
    ok("%s, %s: %d are in" % (kind, case, CLIENTS), have == CLIENTS, "%d; %s" % (have, gateway.tail(3) if kind == "sallyport" else ""))
    print("   %s, %s: %.0f logins/s, round trips idle %.0f %.0f (greatest %.0f), with logins %.0f %.0f (%.0f) us, lost %.1f %%, p99 %.2f times idle" % (
        kind, case, CLIENTS / took, idle[0], idle[1], idle[2], load[0], load[1], load[2], load[3], load[1] / idle[1]), flush=True)
    print("   CPU-ms for a login: %s; longest turn %s us, over 1 ms and 5 ms: %s; other work %.1f cores" % (
        ", ".join("%s %.2f" % i for i in sorted(cpu.items(), key=lambda i: -i[1]) if i[1] > 0.005), found.get("turn_us"), found.get("over"), others), flush=True)
    tester.kill()
    client.stop()
    gateway.stop()
    return found


def keep(kind, f):
    cpu = f["cpu"]
    total = sum(cpu.values())
    parts = [("%.2f" % cpu.get(k, 0)) if kind == "sallyport" else "" for k in ("main", "jobs", "keys")]
    add_row("| date | gateway | logins |", "| %s | %s | %d %s | %.0f | %.0f | %.0f | %.0f | %.0f | %.2f | %.1f | %.2f | %s | %s | %.1f |" % (
        time.strftime("%Y-%m-%d", time.gmtime()), version(kind), f["have"], f["case"], CLIENTS / f["took"], f["idle"][0], f["idle"][1], f["load"][0],
        f["load"][1], f["load"][1] / f["idle"][1], f["load"][3], total, " | ".join(parts),
        "%.1f" % (f["turn_us"] / 1000) if kind == "sallyport" else "", f["others"]))


def version(kind):
    return SallyportPair.version() if kind == "sallyport" else StrongSwanPair.version()


row = places.Row("on")
row.testers = row.other("testers")
versions = {kind: version(kind) for kind in GATEWAYS}
version = versions.get
found = [(kind, measure(row, kind, case)) for case in WANTED for kind in GATEWAYS]
if len(GATEWAYS) > 1 and CLIENTS >= 500 and WANTED == list(CASES) and lib.failed == 0:
    for kind, f in found:
        keep(kind, f)
done()
