#!/usr/bin/env python3
"""A new main that does not find everything: a record that is damaged, a store that refuses, no memory.
Nothing is given away for want of memory, and nothing stays half alive."""
import mmap
import re
from lib import *

CONF_HERE = CONF.replace("RA6", "THAWPOOL")
t = Topology()
sp = Sallyport(t.gw, conf=CONF_HERE).start()
clients = [StrongSwan(t.client(n), user="client%d@psk.test" % n, retransmits=8, timeout="0.5").start() for n in (1, 2)]
ok("two clients connect", all(ss.up() for ss in clients), clients[0].last[-300:])
one, two = clients


def table():
    return sorted((s["identity"], s["assigned_ip4"], s["session"]) for s in sp.sessions())


def restart():
    """Kills main; a new one answers."""
    old = sp.kill_main()
    return wait_for(15, lambda: sp.main_pid() not in (0, old) and sp.answers())


def damage(text, who):
    """Spoils frozen records that have both words near each other; how many. Only a session's names its pool.
    A word may go on in the next block, behind its link."""
    text, who = (re.compile(b"(?:.{8})?".join(re.escape(bytes([c])) for c in word), re.DOTALL) for word in (text, who))
    n = 0
    for fd in os.listdir("/proc/%d/fd" % sp.process.pid):
        path = "/proc/%d/fd/%s" % (sp.process.pid, fd)
        if "memfd:" not in os.readlink(path):
            continue
        with open(path, "r+b") as f:
            try:
                m = mmap.mmap(f.fileno(), 0)
            except PermissionError:
                continue  # the configuration, which nobody changes
            for at in [found.start() for found in text.finditer(m)]:
                if who.search(m[max(at - 600, 0):at + 1200]):
                    m[at] ^= 1
                    n += 1
            m.close()
    return n


# ---- no memory -----------------------------------------------------------------------------------------
# With less and less address space the new main fails at many places, the nearer to the least that it
# needs the later. The one after it has enough and finds what was there.
with open("/proc/%d/status" % sp.main_pid()) as f:
    enough = next(int(line.split()[1]) for line in f if line.startswith("VmPeak"))
too_little = enough // 3
before = table()
failed_starts = 0


def with_less(limit):
    """A new main with so much address space (KiB), and one with enough after it; did the first one die?"""
    run("prlimit", "--pid", sp.process.pid, "--as=%d:unlimited" % (limit << 10))
    said = len(sp.log_text())
    sp.kill_main()
    wait_for(2, lambda: "exit=1" in sp.log_text()[said:] or sp.answers())
    is_dead = "exit=1" in sp.log_text()[said:]
    run("prlimit", "--pid", sp.process.pid, "--as=unlimited:unlimited")
    if not is_dead:
        run("prlimit", "--pid", sp.main_pid(), "--as=unlimited:unlimited", check=False)
    ok("%d KiB: a main takes over" % limit, wait_for(15, sp.answers), sp.tail())
    ok("%d KiB: both sessions are there" % limit, table() == before, "%s %s" % (table(), sp.tail()))
    time.sleep(1.1)  # ready for a second: no habit of failing
    return is_dead


while enough - too_little > 64 and not failed:
    limit = (enough + too_little) // 2
    if with_less(limit):
        failed_starts += 1
        too_little = limit
    else:
        enough = limit
for less in (100, 300, 1000, 3000, 10000):  # and some that are never enough
    failed_starts += with_less(too_little - less)
reasons = sorted(set(line for line in sp.log_text().splitlines() if line.startswith("sallyport: ")))
print("   %d starts failed: %s" % (failed_starts, "; ".join(reasons)))
ok("some starts failed", failed_starts > 5)
ok("traffic goes on", wait_for(5, lambda: one.host.ping("10.99.2.2") == 3 and two.host.ping("10.99.2.2") == 3))

# ---- a session's record is damaged, and the store cannot end its row ------------------------------------
db = sqlite3.connect(os.path.join(sp.state, "sallyport.db"), timeout=5, isolation_level=None)
db.execute("create trigger refuse before update of ended_ms on sessions begin select raise(abort, 'not now'); end")
ok("its record is found", damage(b"THAWPOOL", b"client1@psk.test") > 0)
ok("a new main comes", restart(), sp.tail())
ok("the session is gone, the other is not", wait_for(5, lambda: [s["identity"] for s in sp.sessions()] == ["client2@psk.test"]), str(table()))
ok("its IKE SA is closed", wait_for(5, lambda: "ESTABLISHED" not in one.sas()), one.sas())
ok("and is not shown", "client1@psk.test" not in sp.command("show", "crypto", "ikev2", "sa", "detailed").stdout)
ok("the other has traffic", wait_for(5, lambda: two.host.ping("10.99.2.2") == 3))
active = "select identity from v_active order by 1"
ok("the store could not end its row", sp.sql(active) == [("client1@psk.test",), ("client2@psk.test",)], str(sp.sql(active)))
time.sleep(2.5)
ok("nor later", len(sp.sql(active)) == 2)
db.execute("drop trigger refuse")
db.close()
ok("it is tried again until it succeeds", wait_for(5, lambda: sp.sql(active) == [("client2@psk.test",)]), str(sp.sql(active)))
ok("the client comes back", one.up(), one.last[-300:] + sp.tail(5))
for ss in clients:
    ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
