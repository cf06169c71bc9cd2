#!/usr/bin/env python3
"""Hundreds of clients that log in at the same moment, by each way of proving who they are, while an established client pings: round
trips idle and during the logins, logins per second, the CPU of each part of the gateway for a login, the longest turn of the
loop. Sallyport, then Debian's strongSwan with ESP in user space too, in the same run; each case begins with a fresh gateway.

    ./build.sh bench eap_load       EAP_LOAD_CLIENTS=500  EAP_LOAD_GATEWAYS="sallyport strongswan"  EAP_LOAD_CASES="eap-tls ..."

The logins are of strongSwan's load tester, the pings a small UDP packet every millisecond through the tunnel of a strongSwan
client. The tester shares the machine with the gateway where it would be other machines, so it has what the others
leave (SCHED_IDLE); client, probe and echo have the processor when they want it (nice -10), so that a round trip says what the
gateway does, which runs as ever. A case has three turns with other clients; each figure is the best of them, as what else the machine does
only makes them worse. With nothing left out (and EAP_LOAD_TURNS=3) lines go to RESULTS.md."""
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
TURNS = int(os.environ.get("EAP_LOAD_TURNS", "3"))
IDLE_S, LIMIT_S = 3, 90
PREFIXES = "abcdefghijklmnopqrst"[:TURNS] # of the names of each turn's clients
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
        users = "".join("username %s%d@%s password 0 %s\n" % (p, i, domain, PSK) for p in PREFIXES for i in range(1, CLIENTS + 1)) if auth == "eap-mschapv2" else ""
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


def waits(pids):
    """How long the workers waited for a core altogether (s), and how often."""
    delay = times = 0
    for pid in pids:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/comm" % (pid, task)) as f:
                if not f.read().startswith("worker"):
                    continue
            with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
                words = f.read().split()
            delay, times = delay + int(words[1]) * 1e-9, times + int(words[2])
    return delay, times


def since(before, after, n):
    """CPU-ms of each for one of n."""
    return {k: 1000 * (after[k] - before.get(k, 0)) / n for k in after}


class Probe:
    """A small packet every millisecond until it is stopped: (p50, p99, greatest) in us and the part lost in percent."""

    def __init__(self, row):
        self.echo = spawn(row.lan.ns, *EAGER, UDP_LOAD, "echo", LAN, 5301, LIMIT_S + 10)
        among_others(self.echo.pid, -10)
        time.sleep(0.1)
        self.ask = start(row.cli, *EAGER, UDP_LOAD, "ask", LAN, 5301, LIMIT_S, 1000)

    def stop(self):
        self.ask.send_signal(signal.SIGTERM)
        words = ended(self.ask, 5)
        stop_process(self.echo)
        if len(words) < 7 or not int(words[1]):
            raise RuntimeError("the probe did not run: %s" % words)
        return float(words[2]), float(words[4]), float(words[6]), 100 * (1 - int(words[1]) / int(words[0]))


def among_others(pid, n):
    """How nice a session is, where the kernel schedules sessions as groups: within one, only its own are nicer than others."""
    try:
        with open("/proc/%d/autogroup" % pid, "w") as f:
            f.write(str(n))
    except OSError:
        pass


def for_all_tasks(pid, *command):
    for task in os.listdir("/proc/%d/task" % pid):
        run(*command, task)


def begin_gateway(kind, row, case, gw, ca):
    if kind == "sallyport":
        sp = Sallyport(row.gw, sallyport_conf(case, gw, ca), name="gw-" + re.sub(r"\W+", "-", case)).start()
        return sp
    return StrongSwanGateway(row.gw, case, gw, ca).start()


def crowd(tester):
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


def turn(row, kind, case, ca, prefix, gateway):
    """Idle, then with a crowd whose names begin with prefix."""
    auth, domain, _ = CASES[case]
    tester = LoadTester(row.testers, kind, CLIENTS, initiators=0, auth=auth, domain=domain, ca=ca, prefix=prefix)
    if not wait_for(20, tester.is_ready):
        raise RuntimeError("the load tester did not start")
    for_all_tasks(tester.process.pid, "chrt", "-i", "-p", "0")
    among_others(tester.process.pid, 10)
    time.sleep(0.5)
    others = places.others()
    probe = Probe(row)
    time.sleep(IDLE_S)
    idle = probe.stop()
    pids = family(gateway.process.pid)
    before, waited, probe = threads(pids), waits(pids), Probe(row)
    took = crowd(tester)
    load, cpu = probe.stop(), since(before, threads(pids), CLIENTS)
    delay, times = (b - a for a, b in zip(waited, waits(pids)))
    wait_us = 1e6 * delay / max(times, 1)
    have = tester.established() or 0
    ok("%s, %s: %d are in" % (kind, case, CLIENTS), have == CLIENTS, "%d; %s" % (have, gateway.tail(3) if kind == "sallyport" else ""))
    tester.kill()
    print("      %.0f logins/s, round trips idle %.0f %.0f (greatest %.0f), with logins %.0f %.0f (%.0f) us, lost %.1f %%; a worker waits %.0f us; other work %.1f cores" % (
        CLIENTS / took, *idle[:3], *load, wait_us, others), flush=True)
    return dict(rate=CLIENTS / took, idle=idle, load=load, cpu=cpu, others=others, wait_us=wait_us)


def best(turns):
    """Each figure by itself: what else the machine did only makes them worse."""
    def least(name):
        return [min(t[name][i] for t in turns) for i in range(4)]
    cpu = {k: min(t["cpu"].get(k, 0) for t in turns) for k in turns[0]["cpu"]}
    return dict(rate=max(t["rate"] for t in turns), idle=least("idle"), load=least("load"), cpu=cpu,
                wait_us=min(t["wait_us"] for t in turns), others=sum(t["others"] for t in turns) / len(turns))


def measure(row, kind, case):
    key = CASES[case][2]
    ca = pki_lib.Authority("Crowd CA " + key, kind=key)
    gateway = begin_gateway(kind, row, case, ca.leaf("gw", kind=key, san=["dns:gw.example.test"], eku=["server"]), ca)
    client = quiet(StrongSwan(row.cli, vips="0.0.0.0", remote_ts="10.99.2.0/24")).start()
    if not client.up():
        raise RuntimeError(client.last)
    for_all_tasks(client.process.pid, "renice", "-n", "-10", "-p")
    among_others(client.process.pid, -10)
    found = best([turn(row, kind, case, ca, prefix, gateway) for prefix in PREFIXES])
    idle, load = found["idle"], found["load"]
    if kind == "sallyport":
        now = gateway.counters()
        found["turn_us"] = now["loop_turn_max_us"]
        print("   longest turn of the loop %.1f ms; turns over 1, 5 and 10 ms: %s; not fine: %s" % (
            found["turn_us"] / 1000, " ".join("%d" % now["counters"]["loop_turns_over_%dms" % n] for n in (1, 5, 10)),
            {k: v for k, v in now["status"].items() if v}), flush=True)
    print("   %s, %s: %.0f logins/s, round trips idle %.0f %.0f, with logins %.0f %.0f us: p99 %.2f times idle; CPU-ms for a login: %s" % (
        kind, case, found["rate"], *idle[:2], *load[:2], load[1] / idle[1],
        ", ".join("%s %.2f" % i for i in sorted(found["cpu"].items(), key=lambda i: -i[1]) if i[1] > 0.005)), flush=True)
    client.stop()
    gateway.stop()
    return dict(found, case=case)


def keep(kind, f):
    cpu, idle, load, ours = f["cpu"], f["idle"], f["load"], kind == "sallyport"
    parts = ["%.2f" % cpu.get(k, 0) if ours else "" for k in ("main", "jobs", "keys")]
    add_row("| date | gateway | logins |", "| %s | %s | %s | %.0f | %.0f | %.0f | %.0f | %.0f | %.2f | %s | %.2f | %s | %s | %.1f |" % (
        time.strftime("%Y-%m-%d", time.gmtime()), version(kind), f["case"], f["rate"], *idle[:2], *load[:2], load[1] / idle[1], "%.0f" % f["wait_us"] if ours else "",
        sum(cpu.values()),
        " | ".join(parts), "%.1f" % (f["turn_us"] / 1000) if ours else "", f["others"]))


def version(kind):
    return SallyportPair.version() if kind == "sallyport" else StrongSwanPair.version()


spawn.own_sessions = True
among_others(os.getpid(), -10)
row = places.Row("on")
row.testers = row.other("testers")
versions = {kind: version(kind) for kind in GATEWAYS}
version = versions.get
found = [(kind, measure(row, kind, case)) for case in WANTED for kind in GATEWAYS]
if len(GATEWAYS) > 1 and CLIENTS >= 500 and TURNS >= 3 and WANTED == list(CASES) and lib.failed == 0:
    for kind, f in found:
        keep(kind, f)
done()
