#!/usr/bin/env python3
"""Thousands of IKE SAs with a child each, from strongSwan's load tester in one namespace to a gateway in another:
Sallyport, then Debian's strongSwan with ESP in user space too, in the same run. Set-ups per second and CPU per
set-up at 1,000 SAs and in the last step, memory per session. Tester and gateway share the machine: compare
the CPU of the gateways. When both were measured, a line of each goes to RESULTS.md beside this file.

    ./build.sh bench ike_load       IKE_LOAD_SAS=10000  IKE_LOAD_GATEWAYS="sallyport strongswan"
"""
import re
import socket
import struct
import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import lib
from lib import *

SAS = int(os.environ.get("IKE_LOAD_SAS", "10000"))
GATEWAYS = os.environ.get("IKE_LOAD_GATEWAYS", "sallyport strongswan").split()
CHARON = os.environ["SALLYPORT_LOAD_TESTER"]
TICKS = os.sysconf("SC_CLK_TCK")
LIMIT_S = 180
INITIATORS = 8

TESTER = """
charon {
  load_modular = no
  # The tester's kernel that does nothing comes before the real one.
  load = random nonce openssl aes sha2 hmac kdf gcm drbg pem pkcs1 pubkey load-tester kernel-netlink socket-default vici
  install_routes = no
  install_virtual_ip = no
  threads = 64
  ikesa_table_size = 16384
  ikesa_table_segments = 16
  dos_protection = no
  reuse_ikesa = no
  keep_alive = 0
  retransmit_timeout = 4.0
  retransmit_tries = 5
  plugins {
    vici { socket = unix://%(dir)s/charon.vici }
    load-tester {
      enable = yes
      fake_kernel = yes
      version = 2
      socket = unix://%(dir)s/charon.ldt
      responder = 10.99.1.1
      initiators = %(initiators)d
      iterations = %(each)d
      init_limit = 64
      delay = 1
      proposal = aes128gcm16-prfsha256-ecp256
      esp = aes128gcm16
      mode = tunnel
      request_virtual_ip = yes
      initiator_tsr = 10.99.2.0/24
      child_rekey = 0
      ike_rekey = 0
      dpd_delay = 0
      initiator_auth = psk
      responder_auth = psk
      initiator_id = c%%d@psk.test
      responder_id = gw.example.test
      preshared_key = "%(psk)s"
    }
  }
  filelog { main { path = %(dir)s/charon.log
                   default = 0 } }
}
"""

OURS = CONF.replace("10.100.0.10 10.100.3.250", "10.100.0.10 10.100.255.250").replace(
    " ipv6 pool RA6\n", "").replace(" virtual-template 1\n", " nat force-encapsulation\n virtual-template 1\n") + """
no sallyport half-open per-source
"""

THEIRS = """
connections {
  gw { version = 2
    proposals = aes128gcm16-prfsha256-ecp256
    local_addrs = 10.99.1.1
    pools = p4
    encap = yes
    mobike = no
    reauth_time = 0
    rekey_time = 0
    unique = never
    local { auth = psk
            id = gw.example.test }
    remote { auth = psk
             id = *@psk.test }
    children { net { local_ts = 10.99.2.0/24
                     esp_proposals = aes128gcm16
                     rekey_time = 0 } } }
}
pools { p4 { addrs = 10.100.0.0/16 } }
secrets { ike-1 { secret = "%s" } }
""" % PSK


def stats(path):
    """The tester's own figures, by the smallest request of its control protocol: {section.key: value}."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(path)
    s.sendall(struct.pack(">I", 7) + b"\0\x05stats")

    def read(n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    data = read(struct.unpack(">I", read(4))[0])
    s.close()
    at, sections, found = 1, [], {}
    while at < len(data):
        kind = data[at]
        at += 1
        if kind in (1, 3, 4): # section, key and value, list: a name follows
            n = data[at]
            name = data[at + 1:at + 1 + n].decode()
            at += 1 + n
        if kind == 1:
            sections.append(name)
        elif kind == 2:
            sections.pop()
        elif kind in (3, 5):
            n = struct.unpack(">H", data[at:at + 2])[0]
            if kind == 3:
                found[".".join(sections + [name])] = data[at + 2:at + 2 + n].decode()
            at += 2 + n
    return found


def cpu_s(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid) as f:
            words = f.read().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / TICKS


def memory_kib(pids):
    """Resident memory of each, and of all together without counting shared pages twice."""
    rss, pss = [], 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            text = f.read()
        rss.append(int(re.search(r"Rss:\s+(\d+)", text)[1]))
        pss += int(re.search(r"Pss:\s+(\d+)", text)[1])
    return rss, pss


def family(pid):
    """A process and all below it."""
    kids = run("ps", "-o", "pid=", "--ppid", str(pid), check=False).stdout.split()
    return [pid] + [p for kid in kids for p in family(int(kid))]


def gateway(kind, host):
    if kind == "sallyport":
        sp = Sallyport(host, OURS).start()
        return sp, family(sp.process.pid)
    ss = StrongSwan(host, extra="ikesa_table_size = 16384\n  ikesa_table_segments = 16\n  dos_protection = no")
    with open(os.path.join(ss.dir, "swanctl.conf"), "w") as f:
        f.write(THEIRS)
    path = os.path.join(ss.dir, "strongswan.conf")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("default = 1", "default = 0"))
    ss.start()
    return ss, [ss.process.pid]


def measure(kind):
    """One gateway, one tester: rows (SAs, set-ups per s, CPU ms per set-up) and KiB per session."""
    gw, pids = gateway(kind, top.gw)
    where = os.path.join(WORK, "tester-" + kind)
    os.makedirs(where + "/run")
    conf = where + "/strongswan.conf"
    with open(conf, "w") as f:
        f.write(TESTER % dict(dir=where, psk=PSK, initiators=INITIATORS, each=SAS // INITIATORS))
    time.sleep(1)
    rss0, pss0 = memory_kib(pids)
    tester = spawn(client.ns, "sh", "-c", "mount --bind %s/run /run && exec %s" % (where, CHARON), log=where + "/out",
                   env={**os.environ, "STRONGSWAN_CONF": conf})
    want = SAS // INITIATORS * INITIATORS
    marks = [m for m in (1000, 2000, 5000) if m < want] + [want]
    rows, last, end = [], None, time.monotonic() + LIMIT_S
    while marks and time.monotonic() < end:
        time.sleep(0.02)
        try:
            s = stats(where + "/charon.vici")
        except (OSError, EOFError):
            continue
        now, have = time.monotonic(), int(s["ikesas.total"]) - int(s["ikesas.half-open"])
        if last is None:
            if have > 0:
                last = (now, have, cpu_s(pids), cpu_s([tester.pid]))
            continue
        if have >= marks[0]:
            marks.pop(0)
            cpu, tcpu = cpu_s(pids), cpu_s([tester.pid])
            n = max(have - last[1], 1)
            rows.append(dict(sas=have, rate=n / max(now - last[0], 1e-3), gw_ms=1000 * (cpu - last[2]) / n, tester_ms=1000 * (tcpu - last[3]) / n))
            print("   %s: %5d SAs: %5.0f set-ups/s, gateway %.3f CPU-ms each, tester %.3f" % (kind, have, rows[-1]["rate"], rows[-1]["gw_ms"], rows[-1]["tester_ms"]), flush=True)
            last = (now, have, cpu, tcpu)
    time.sleep(3)
    rss, pss = memory_kib(pids)
    have = rows[-1]["sas"] if rows else 1
    each = [(b - a) / have for a, b in zip(rss0, rss)]
    print("   %s: %.1f KiB a session, all processes together (resident of each: %s)" % (kind, (pss - pss0) / have, ", ".join("%.1f" % e for e in each)), flush=True)
    ok("%s: %d SAs stand" % (kind, want), have >= want)
    if kind == "sallyport":
        ok("sallyport: it knows as many sessions", gw.counters()["sessions"] >= want, str(gw.counters()["sessions"]))
        print("   sallyport: what was not fine: %s" % {k: v for k, v in gw.counters()["status"].items() if v}, flush=True)
    stop_process(tester, sig=signal.SIGKILL)
    gw.stop()
    return rows, (pss - pss0) / have


def version(kind):
    git = ["git", "-c", "safe.directory=" + ROOT, "-C", ROOT, "rev-parse", "--short=12", "HEAD"]
    command = git if kind == "sallyport" else ["dpkg-query", "-W", "-f", "${Version}", "charon-systemd"]
    return "%s %s" % (kind, run(*command, check=False).stdout.strip())


def keep(kind, rows, kib):
    first, last = rows[0], rows[-1]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "RESULTS.md"), "a") as f:
        f.write("| %s | %s | %d | %.0f | %.0f | %.2f | %.2f | %.2f | %.1f |\n" % (
            time.strftime("%Y-%m-%d", time.gmtime()), version(kind), last["sas"], first["rate"], last["rate"],
            first["gw_ms"], last["gw_ms"], last["tester_ms"], kib))


top = Topology()
client = top.client(1)
results = [(kind, *measure(kind)) for kind in GATEWAYS]
if len(GATEWAYS) > 1 and lib.failed == 0:
    for result in results:
        keep(*result)
done()
