#!/usr/bin/env python3
"""Restarts of main under a session: after a refused reload, twice in a row; with a log that nobody
reads; without its address; from a program file that was replaced by a newer one, a broken one, somebody else's."""
import fcntl
import shutil
import lib
from lib import *

PROGRAM = os.path.join(WORK, "sallyport")


def replace(content=None, mode=0o755):
    """A new file in the place of the program, as a package manager does it."""
    new = PROGRAM + ".new"
    if content is None:
        shutil.copy(BIN, new)
    else:
        with open(new, "w") as f:
            f.write(content)
    os.chmod(new, mode)
    os.rename(new, PROGRAM)


def runs(pid):
    """Inode of the file that the process runs."""
    try:
        return os.stat("/proc/%d/exe" % pid).st_ino
    except OSError:
        return 0


replace()
t = Topology()
lib.BIN = PROGRAM  # the daemon; commands come from the file that stays
sp = Sallyport(t.gw)
sp.start()
lib.BIN = BIN
first = runs(sp.process.pid)
ss = StrongSwan(t.client(1), vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
ok("a client connects", ss.up(), ss.last[-300:])
session = sp.sessions()[0]["session"]


def restart(name, kills=1):
    """Kills main and looks whether the session is still there."""
    for _ in range(kills):
        time.sleep(1.1)  # longer than what the holder takes for a habit of dying
        old = sp.kill_main()
        wait_for(10, lambda: sp.main_pid() not in (0, old))
        wait_for(10, sp.answers)
    ok("%s: main is back" % name, sp.answers(), sp.tail())
    ok("%s: the same session" % name, [s["session"] for s in sp.sessions()] == [session], str(sp.sessions()))
    ok("%s: packets pass" % name, ss.host.ping("10.99.2.2") == 3)


# ---- what was refused is not taken later -----------------------------------------------------------
for name, text in (("syntax", CONF + "no such command\n"),
                   ("address of somebody else", CONF + "sallyport listen 10.99.1.77\n")):
    sp.configure(text)
    ok("%s: reload is refused" % name, sp.reload(check=False).returncode != 0)
    restart(name, kills=2)
sp.configure(CONF)
ok("the old text is still good", sp.reload().returncode == 0)

# ---- upgrade -----------------------------------------------------------------------------------------
ok("the program as it was started", runs(sp.main_pid()) == first)
replace()
restart("a newer program")
newer = os.stat(PROGRAM).st_ino
ok("a newer program: it runs", runs(sp.main_pid()) == newer != first)
restart("a newer program, twice", kills=2)
ok("a newer program, twice: it runs", runs(sp.main_pid()) == newer)
replace("#!/bin/sh\nexit 1\n")
restart("a broken program")
ok("a broken program: the one before it runs", runs(sp.main_pid()) == first)
replace(mode=0o757)
restart("a program that anybody may write")
ok("a program that anybody may write: it does not run", runs(sp.main_pid()) == first)
os.unlink(PROGRAM)
pid = sp.main_pid()
os.kill(pid, signal.SIGKILL)
wait_for(10, lambda: sp.main_pid() not in (0, pid))
ok("no program: the first one runs", wait_for(5, lambda: runs(sp.main_pid()) == first))
replace()
restart("repaired")
ok("repaired: it runs", runs(sp.main_pid()) == os.stat(PROGRAM).st_ino)
ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())

# ---- an address that comes and goes ------------------------------------------------------------------
sp.configure(CONF + "sallyport listen 10.99.1.3\n")
sp.start()
ok("starts without its address, and says so", "net_error address=10.99.1.3:500" in sp.log_text(), sp.tail())
t.gw.addr("wan0", "10.99.1.3/24")
two = StrongSwan(t.client(2), gateway="10.99.1.3", vips="0.0.0.0", remote_ts="10.99.2.0/24").start()
ok("the address is there: a client connects", two.up(), two.last[-300:])
t.gw.ip("addr", "del", "10.99.1.3/24", "dev", "wan0")
session = sp.sessions()[0]["session"]
sp.kill_main()
ok("the address is gone: main restarts with its session", wait_for(8, sp.answers) and
   [s["session"] for s in sp.sessions()] == [session], sp.tail())
t.gw.addr("wan0", "10.99.1.3/24")
ok("the address is there again: packets pass", wait_for(5, lambda: two.host.ping("10.99.2.2") == 3))
two.stop()
ok("clean stop again", sp.stop() == 0, sp.tail())

# ---- a log that nobody reads -------------------------------------------------------------------------
sp.configure(CONF + "".join("crypto ikev2 profile Z%d\n match identity remote key-id z%d\n" % (n, n) for n in range(80)))
read_end, write_end = os.pipe()
fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
sp.process = subprocess.Popen(["ip", "netns", "exec", t.gw.ns, BIN, "run", "-c", sp.conf, "--state", sp.state,
                               "--socket", sp.socket], stdout=write_end, stderr=write_end, stdin=subprocess.DEVNULL)
lib._processes.append(sp.process)
os.close(write_end)
ok("nobody reads the log: it starts", wait_for(8, sp.answers))
ok("nobody reads the log: it reloads", sp.command("reload", check=False, timeout=8).returncode == 0 and sp.answers())
sp.kill_main()
ok("nobody reads the log: main restarts", wait_for(8, sp.answers))
os.set_blocking(read_end, False)
heard = os.read(read_end, 65536)
sp.command("reload", check=False)
heard = os.read(read_end, 65536).decode()
ok("read again: it says how much is missing", "suppressed" in heard and "times=" in heard, heard)
os.close(read_end)
sp.command("reload", check=False)
ok("the reader is gone: it goes on", sp.answers())
ok("clean stop at last", sp.stop() == 0)
done()
