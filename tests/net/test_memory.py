#!/usr/bin/env python3
"""How much memory all processes take with one tunnel, that it grows with the sessions and not before, and what happens
when the kernel gives no more of it: nobody new comes in, and nobody who is in notices, not even when main dies then."""
import ctypes
import re
import socket

from lib import *

sys.path.insert(0, os.path.join(ROOT, "tests", "peer"))
import ike_peer as ike  # noqa: E402

LIMIT_KIB = 12 << 10
MOST = 800 # sessions for which the memory of the start must not be enough
libc = ctypes.CDLL(None, use_errno=True)
t = Topology()
host = t.client(1)
CONF_HERE = CONF + "no sallyport half-open per-source\n"


def peer(n):
    with open("/proc/self/ns/net") as ours, open("/run/netns/%s" % host.ns) as theirs:
        assert libc.setns(theirs.fileno(), 0x40000000) == 0
        try:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        finally:
            assert libc.setns(ours.fileno(), 0x40000000) == 0
    p = ike.Peer(s, "10.99.1.1", "p%d@psk.test" % n, "gw.example.test", PSK)
    p.wants_ticket = False
    return p


# ---- readings ------------------------------------------------------------------------------------------


def family(pid):
    kids = run("ps", "-o", "pid=", "--ppid", pid, check=False).stdout.split()
    return [pid] + [p for kid in kids for p in family(int(kid))]


def held(sp):
    """KiB of the memory that outlives main, whether anybody has looked at it or not."""
    total = 0
    for fd in os.listdir("/proc/%d/fd" % sp.process.pid):
        path = "/proc/%d/fd/%s" % (sp.process.pid, fd)
        if "memfd:" in os.readlink(path):
            total += os.stat(path).st_blocks // 2
    return total


def resident(sp, say=True):
    """KiB of all processes, shared pages once, and what is held but mapped by none of them. The pages of the program's
    file are not among them: how many of them are mapped is the kernel's choice (large pieces of what it has cached), and
    whose they are depends on who else runs the program."""
    total, mapped, program = 0, 0, os.path.realpath(BIN)
    for pid in family(sp.process.pid):
        own = 0
        with open("/proc/%d/smaps" % pid) as f:
            for line in f:
                if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                    is_held, is_program = "/memfd:" in line, program in line
                elif line.startswith("Pss:") and not is_program:
                    kib = int(line.split()[1])
                    own += kib
                    mapped += kib if is_held else 0
        total += own
        with open("/proc/%d/comm" % pid) as f:
            name = f.read().strip()
        if say:
            print("   %s: %d KiB" % (name, own), flush=True)
    return total + max(held(sp) - mapped, 0)


def log_in(first, most):
    """Peers p`first`... until one is refused; the last word was of which?"""
    peers = []
    for n in range(first, first + most):
        p = peer(n)
        try:
            peers.append(p.login())
        except ike.Refused as e:
            return peers, str(e)
    return peers, ""


def restart(sp):
    old = sp.kill_main()
    return wait_for(15, lambda: sp.main_pid() not in (0, old) and sp.answers())


def all_answer(peers):
    return [n for n, p in enumerate(peers) if not p.ping("10.99.2.2")] == []


# ---- one tunnel ----------------------------------------------------------------------------------------

sp = Sallyport(t.gw, CONF_HERE).start()
print("   nobody there: %d KiB" % resident(sp))
ss = StrongSwan(t.client(2), user="client2@psk.test").start()
ok("a client connects", ss.up(), ss.last[-300:])
ok("ping", ss.host.ping("10.99.2.2", count=20, size=1300) == 20)
print("   iperf3: %.0f Mbit/s, back %.0f" % (iperf3(ss.host, t.lan, "10.99.2.2", seconds=3),
                                            iperf3(ss.host, t.lan, "10.99.2.2", seconds=3, reverse=True)))
alone = resident(sp)
print("   one tunnel: %d KiB, of which %d outlive main" % (alone, held(sp)))
ok("one tunnel, after traffic: all processes have less than 12 MiB", alone < LIMIT_KIB, "%d KiB" % alone)

# ---- many ----------------------------------------------------------------------------------------------

before = held(sp)
peers, why = log_in(0, MOST)
ok("%d more log in" % MOST, len(peers) == MOST, "%d: %s %s" % (len(peers), why, sp.tail(5)))
each = (resident(sp, False) - alone) / max(len(peers), 1)
print("   %.1f KiB for each; %d KiB outlive main now" % (each, held(sp)))
ok("what outlives main grew with them", held(sp) > before, "%d %d" % (held(sp), before))
ok("and no faster", each < 32, "%.1f KiB" % each)
ok("a new main comes", restart(sp), sp.tail())
ok("with all of them", len(sp.sessions()) == MOST + 1, "%d; %s" % (len(sp.sessions()), sp.tail(5)))
ok("the first, the last and some between have traffic", all_answer(peers[::97] + peers[-1:]), sp.tail(5))
again, why = log_in(MOST, 3)
ok("more log in", len(again) == 3, why)
ok("after it: still no more than before", resident(sp, False) < alone + 32 * (MOST + 3), "%d KiB" % resident(sp))
ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())

# ---- no more memory ------------------------------------------------------------------------------------

# Starts its argument where fallocate() behind the beginning of a file is refused for want of memory.
SHORT = r"""
import ctypes, os, platform, struct, sys
number = {"x86_64": 285, "aarch64": 47}[platform.machine()]
code = [(0x20, 0, 0, 0), (0x15, 0, 5, number), (0x20, 0, 0, 32), (0x15, 0, 2, 0), (0x20, 0, 0, 36), (0x15, 1, 0, 0),
        (0x06, 0, 0, 0x0005000c), (0x06, 0, 0, 0x7fff0000)]
filter = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *c) for c in code))
program = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(filter)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(22, 2, program, 0, 0) != 0:
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"""


class Short(Sallyport):
    def spawn(self):
        script = os.path.join(WORK, "short.py")
        with open(script, "w") as f:
            f.write(SHORT)
        self.process = spawn(self.host.ns, sys.executable, "-B", script, BIN, "run", "-c", self.conf, "--state", self.state,
                             "--socket", self.socket, log=self.log)


def refused():
    return sp.counters()["status"].get("no_memory", 0)


sp = Short(t.gw, CONF_HERE, "short").start()
begin = held(sp)
peers, why = log_in(0, MOST)
count = len(peers)
print("   %d log in before one is refused: %s" % (count, why))
ok("short of memory: some come in, then one is refused", 100 < count < MOST and why != "", "%d %s" % (count, why))
ok("short: the name of it is counted", refused() == 1, str(refused()))
ok("short: and logged", "memory name=keep2" in sp.log_text() and "Cannot allocate memory" in sp.log_text() and
   "no memory for one session more" in sp.log_text(), sp.tail(5))
ok("short: nothing was reserved", held(sp) == begin, "%d %d" % (held(sp), begin))
ok("short: who is in stays", len(sp.sessions()) == count, str(len(sp.sessions())))
ok("short: all have traffic", all_answer(peers))
time.sleep(1.5) # nobody may rekey sooner after a login
for p in peers[:20]:
    p.rekey()
ok("short: they rekey", all_answer(peers[:20]), sp.tail(5))
# Their new records are shorter: there is room for some again, and then for none.
more, why = log_in(count, MOST)
ok("short: somebody new is refused again", len(more) < 50 and why != "", "%d %s" % (len(more), why))
ok("short: who is in may log in anew", log_in(0, 1)[1] == "", sp.tail(5))
inside = len(sp.sessions())
ok("short: main dies, another takes over", restart(sp), sp.tail())
ok("short: all are there", len(sp.sessions()) == inside, "%d %d" % (len(sp.sessions()), inside))
peers = peers[1:] + more
ok("short: and have traffic", all_answer(peers), sp.tail(5))
more, why = log_in(2 * MOST, MOST)
ok("short: still somebody new is refused", len(more) < 50 and why != "", "%d %s" % (len(more), why))
ok("short: nothing was reserved since", held(sp) == begin, "%d %d" % (held(sp), begin))
peers += more
for p in peers[:30]:
    p.logout()
more, why = log_in(3 * MOST, 10)
ok("short: when some left others come in", len(more) == 10, "%d %s %s" % (len(more), why, sp.tail(5)))
ok("short: and all have traffic", all_answer(peers[30:] + more))
lines = sp.log_text().count("memory name=keep2")
ok("short: one line for each main, not for each refusal", 1 <= lines <= 2, str(lines))
ok("short: clean stop", sp.stop() == 0, sp.tail())
done()
