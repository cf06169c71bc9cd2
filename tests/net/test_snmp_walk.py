#!/usr/bin/env python3
"""A walk through ten thousand sessions: it ends, in good time, and a tunnel beside it goes on. The
sessions are tests/bench/snmp.c's: the subagent's real thread with cards that nobody logged in for, at a
real snmpd; the tunnel is a real daemon's."""
import threading
from snmp_lib import *

SESSIONS = 10000
COLUMNS = 25
bench = os.path.join(ROOT, "build", "plain", "bench", "snmp")
if not os.path.exists(bench):
    skip("build/plain/bench/snmp is not built; ./build.sh test net snmp_walk does it")

t = Topology()
master = Master(t.gw).start()
sp = Sallyport(t.gw).start()
ss = StrongSwan(t.client(1)).start()
ok("a client connects", ss.up(), ss.last[-300:] + sp.tail(5))
inner = ss.addresses()[0]


def speed(seconds):
    return iperf3(ss.host, t.lan, "10.99.2.2", seconds=seconds, bind=inner)


def beside(name, fn):
    """Runs a walk while the tunnel is measured for as long as it takes; (result, seconds, Mbit/s)."""
    result, took = [], [0.0]

    def walk():
        time.sleep(0.5)
        start = time.monotonic()
        result.append(fn())
        took[0] = time.monotonic() - start

    th = threading.Thread(target=walk)
    th.start()
    rates = []
    while th.is_alive():
        rates.append(speed(3))
    th.join()
    return result[0], took[0], sum(rates) / len(rates)


alone = speed(4)
program = subprocess.Popen(["ip", "netns", "exec", t.gw.ns, bench, master.socket, str(SESSIONS)],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
from lib import _processes
_processes.append(program)
lines = []
for line in program.stdout:
    lines.append(line.strip())
    if line.startswith("ready"):
        break
ok("%d cards are handed over" % SESSIONS, lines and lines[-1] == "ready", str(lines))

turns = []
bulk, bulk_s, bulk_rate = beside("bulk", lambda: master.walk(OBJECTS + ".7", program="snmpbulkwalk", timeout=200))
turns.append(sp.counters()["loop_turn_max_us"])
column, column_s, column_rate = beside("column", lambda: master.walk(OBJECTS + ".7.1.3", timeout=200))
print("   snmpbulkwalk of %d variables: %.1f s; tunnel %.0f Mbit/s beside it, %.0f alone (%.2f)" % (
    len(bulk), bulk_s, bulk_rate, alone, bulk_rate / alone if alone else 0))
print("   snmpwalk of %d variables: %.1f s; tunnel %.0f Mbit/s beside it (%.2f)" % (
    len(column), column_s, column_rate, column_rate / alone if alone else 0))
print("   longest turn of the daemon's loop beside them: %d us" % max(turns))
ok("snmpbulkwalk has every cell of every session", len(bulk) == SESSIONS * COLUMNS, str(len(bulk)))
ok("snmpwalk has every session once", len(column) == SESSIONS and len(set(column.values())) == SESSIONS, str(len(column)))
ok("in the order of their numbers", [int(k.rsplit(".", 1)[1]) for k in column] == list(range(1, SESSIONS + 1)))
ok("in less than two minutes", bulk_s < 120 and column_s < 60, "%.1f %.1f" % (bulk_s, column_s))
ok("the tunnel goes on", alone > 0 and bulk_rate > alone / 20 and column_rate > alone / 20, "%.0f %.0f of %.0f" % (bulk_rate, column_rate, alone))
ok("and so do pings", ss.host.ping("10.99.2.2") == 3)
program.stdin.close()
rest = program.stdout.read()
program.wait(10)
print("   " + "; ".join((" ".join(lines[:-1]) + "\n" + rest).strip().splitlines()))
ok("it ends and has freed all", program.returncode == 0, rest)
ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
