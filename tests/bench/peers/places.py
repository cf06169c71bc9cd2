"""Three namespaces in a row: cli (10.99.1.2) -- gw (10.99.1.1, 10.99.2.1) -- lan (10.99.2.2), and the ways of taking a
reading there: CPU and memory of processes, TCP by iperf3, packets and round trips by udp_load.

What the veth pairs between them do with bundles of packets is OFFLOAD:
  on   hand them over whole, as a network card with segmentation and receive offload does
  gro  cut them before the wire and put them together again behind it: nearest to an ordinary card
  off  cut them, and leave them cut
"""
import json
import os
import re
import signal
import subprocess
import time

import lib
from lib import Host, link, run, spawn, stop_process

CLI, GW, GW_LAN, LAN = "10.99.1.2", "10.99.1.1", "10.99.2.1", "10.99.2.2"
POOL = "10.100.0.0/16"
TOOLS = os.environ.get("SALLYPORT_BENCH_TOOLS", "")
UDP_LOAD = os.path.join(TOOLS, "udp_load")
TICKS = os.sysconf("SC_CLK_TCK")
LOSS_LIMIT = 0.5 # percent
# Who asks for the time has the processor when the answer is there. Not the load of the packet rates: that would take the
# processor away from the tunnel that it is to measure.
EAGER = ("nice", "-n", "-10")


class Row:
    """cli -- gw -- lan, and further hosts on wires of their own."""

    def __init__(self, offload):
        self.cli, self.gw, self.lan = Host("cli"), Host("gw"), Host("lan")
        link(self.cli, "eth0", self.gw, "wan0")
        link(self.gw, "lan0", self.lan, "eth0")
        self.cli.addr("eth0", CLI + "/24")
        self.gw.addr("wan0", GW + "/24")
        self.gw.addr("lan0", GW_LAN + "/24")
        self.lan.addr("eth0", LAN + "/24")
        self.gw.sysctl("net.ipv4.ip_forward=1")
        self.lan.route("default", "via", GW_LAN)
        self.extra = []
        if offload != "on":
            for host, dev in ((self.cli, "eth0"), (self.gw, "wan0"), (self.gw, "lan0"), (self.lan, "eth0")):
                host.run("ethtool", "-K", dev, "tso", "off", "gso", "off", "tx-udp-segmentation", "off",
                         "gro", "on" if offload == "gro" else "off")

    def other(self, name):
        """One more host, 10.99.N.2, that reaches the gateway."""
        host, n = Host(name), 10 + len(self.extra)
        self.extra.append(host)
        link(host, "eth0", self.gw, name)
        host.addr("eth0", "10.99.%d.2/24" % n)
        self.gw.addr(name, "10.99.%d.1/24" % n)
        host.route("default", "via", "10.99.%d.1" % n)
        return host

    def remove(self):
        for host in (self.cli, self.gw, self.lan, *self.extra):
            run("ip", "netns", "del", host.ns, check=False)
            lib._namespaces.remove(host.ns)


def others(seconds=0.3):
    """How many cores the rest of this machine keeps busy: asked while nothing of ours runs."""
    def busy():
        with open("/proc/stat") as f:
            t = [int(w) for w in f.readline().split()[1:9]]
        return sum(t) - t[3] - t[4]
    begin, before = time.monotonic(), busy()
    time.sleep(seconds)
    return (busy() - before) / TICKS / (time.monotonic() - begin)


# ---- processes --------------------------------------------------------------------------------


def family(pid):
    """A process and all below it."""
    kids = run("ps", "-o", "pid=", "--ppid", str(pid), check=False).stdout.split()
    return [pid] + [p for kid in kids for p in family(int(kid))]


def cpu_s(pids):
    """Seconds of processor, user and system, of all threads so far."""
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


def memory_files_kib(pids):
    """What the files in memory that they hold take up, mapped or not, each counted once."""
    found = {}
    for pid in pids:
        for fd in os.listdir("/proc/%d/fd" % pid):
            path = "/proc/%d/fd/%s" % (pid, fd)
            if os.path.exists(path) and os.readlink(path).startswith("/memfd:"):
                at = os.stat(path)
                found[at.st_ino] = at.st_blocks / 2
    return sum(found.values())


def ended(process, seconds):
    """What a process said; it is killed when it takes longer."""
    try:
        out = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        out = ""
    stop_process(process, sig=signal.SIGKILL)
    return out.split() if out else []


def start(host, *argv):
    """A process whose output is wanted; ended with all others should this program end early."""
    p = subprocess.Popen(["ip", "netns", "exec", host.ns, *[str(a) for a in argv]], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
    lib._processes.append(p)
    return p


# ---- TCP --------------------------------------------------------------------------------------

TCP = {"1 c>l": [], "1 l>c": ["-R"], "4 c>l": ["-P", "4"], "4 l>c": ["-P", "4", "-R"]}


class Server:
    """iperf3's server in the LAN."""

    def __init__(self, row):
        self.process = spawn(row.lan.ns, "iperf3", "-s", "-B", LAN)
        time.sleep(0.3)

    def stop(self):
        stop_process(self.process, grace=2)


def tcp(row, case, seconds, gw, cli):
    """One run of iperf3 from the client's side: {gbps, gw (CPU-s per GB of payload), cli, retr}, or None."""
    before = cpu_s(gw), cpu_s(cli)
    p = start(row.cli, "iperf3", "-c", LAN, "-t", seconds, "-J", *TCP[case])
    try:
        out = p.communicate(timeout=seconds + 15)[0]
    except subprocess.TimeoutExpired:
        out = ""
    stop_process(p, sig=signal.SIGKILL)
    try:
        end = json.loads(out)["end"]
        octets = end["sum_received"]["bytes"]
    except (ValueError, KeyError):
        return None
    if octets == 0:
        return None
    return dict(gbps=end["sum_received"]["bits_per_second"] / 1e9, gw=(cpu_s(gw) - before[0]) / (octets / 1e9),
                cli=(cpu_s(cli) - before[1]) / (octets / 1e9), retr=end["sum_sent"].get("retransmits", 0))


# ---- packets ----------------------------------------------------------------------------------


def offer(row, pps, size, back, seconds, address):
    """Offers so many packets in a second: (sent, received) in a second. back: from the LAN to the client's address."""
    to, host, from_host = (address, row.cli, row.lan) if back else (LAN, row.lan, row.cli)
    sink = start(host, UDP_LOAD, "sink", to, 5300, seconds)
    time.sleep(0.05)
    sent = ended(start(from_host, UDP_LOAD, "send", to, 5300, seconds, int(pps), size), seconds + 5)
    got = ended(sink, seconds + 5)
    if len(sent) != 2 or len(got) != 2:
        raise RuntimeError("the load of packets did not run: %s %s" % (sent, got))
    return int(sent[0]) / seconds, int(got[0]) / seconds


def search(row, size, back, seconds, first, address, gw):
    """Packets per second that arrive while fewer than LOSS_LIMIT percent are lost, the gateway's CPU-us for each of them,
    and whether the sender could have done more: the rate rises by half until it is too much, then the gap is halved. What
    fails once is tried again before it is believed."""
    best, cost, low, high, pps, spare = 0, None, first / 4, None, first, False

    def good(pps):
        nonlocal best, cost, spare
        for _ in range(2):
            before = cpu_s(gw)
            sent, got = offer(row, pps, size, back, seconds, address)
            lost = sent - got > sent * LOSS_LIMIT / 100
            spare = spare or lost
            if sent and not lost:
                if got > best:
                    best, cost = got, 1e6 * (cpu_s(gw) - before) / (got * seconds)
                if sent > 0.9 * pps:
                    return True
        return False

    while high is None and pps < 3e6:
        if good(pps):
            low, pps = pps, pps * 1.5
        else:
            high = pps
    while best == 0 and pps > 2000: # the first guess was too much
        high, pps = pps, pps / 2
        if good(pps):
            low = pps
    for _ in range(3 if spare else 0):
        middle = (low + (high or pps)) / 2
        if good(middle):
            low = middle
        else:
            high = middle
    return best, cost, spare


def latency(row, seconds, interval_us=1000):
    """Round trips of a small packet from the client to the LAN: [p50, p90, p99, p99.9, greatest] in us and the part lost
    in percent, or None."""
    echo = spawn(row.lan.ns, *EAGER, UDP_LOAD, "echo", LAN, 5301, seconds + 5)
    time.sleep(0.1)
    words = ended(start(row.cli, *EAGER, UDP_LOAD, "ask", LAN, 5301, seconds, interval_us), seconds + 5)
    stop_process(echo)
    if len(words) < 7 or int(words[1]) == 0:
        return None
    return [float(w) for w in words[2:7]], 100 * (1 - int(words[1]) / int(words[0]))


def latency_loaded(row, seconds):
    """The same while a TCP stream from the client takes what it can get."""
    load = start(row.cli, "iperf3", "-c", LAN, "-t", seconds + 2, "-J")
    time.sleep(1)
    found = latency(row, seconds)
    ended(load, seconds + 10)
    return found
