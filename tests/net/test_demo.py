"""`sallyport demo`: the whole story in seconds, and nothing left behind, however it ends.

The test runs in namespaces of its own (processes, mounts, network; an empty /run), so that
everything that is there after a demo was left by it.
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

if os.environ.get("SALLYPORT_DEMO_TEST") != "inside":
    os.environ["SALLYPORT_DEMO_TEST"] = "inside"
    os.environ["TMPDIR"] = "/run/tmp"
    os.execvp("unshare", ["unshare", "-m", "-n", "-p", "-f", "--mount-proc", "--kill-child", "sh", "-c",
                          "mount -t tmpfs none /run && mkdir /run/tmp && exec \"$@\"", "sh", sys.executable, "-B",
                          os.path.abspath(__file__)])

from lib import BIN, CONF, WORK, ok, done, run, spawn, stop_process, wait_for

LIMIT_S = 15
os.makedirs("/run/mount", exist_ok=True) # mount(8) keeps its notes there


def others():
    """(pid, name, parent) of the processes beside ourselves, without those that have died and wait for
    us to take notice."""
    found = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            with open("/proc/%d/stat" % pid) as f:
                name, rest = f.read().rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if pid != os.getpid() and state not in "ZX":
            found.append((pid, name.split("(", 1)[1], int(parent)))
    return found


def devices():
    with open("/proc/net/dev") as f:
        return [line.split(":")[0].strip() for line in f if ":" in line]


def left(before):
    """What is there now and was not before."""
    now = snapshot()
    return [(k, now[k]) for k in now if now[k] != before[k]]


def snapshot():
    return {"processes": sorted(others()), "run": sorted(os.listdir("/run")), "devices": devices()}


def start(**more):
    return subprocess.Popen([BIN, "demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, text=True, **more)


def clean(name, before, seconds=0.5):
    ok("%s: nothing is left" % name, wait_for(seconds, lambda: not left(before)), str(left(before)))


def story():
    before = snapshot()
    began = time.monotonic()
    r = run(BIN, "demo", check=False, timeout=60)
    took = time.monotonic() - began
    # It is all gone when the demo says so, not a moment later.
    ok("nothing is left behind", not left(before), str(left(before)))
    print("   the demo took %.1f s" % took)
    ok("exit 0 within %d s" % LIMIT_S, r.returncode == 0 and took < LIMIT_S, "%.1f s\n%s" % (took, r.stdout))
    ok("no way without a tunnel", "ping 10.20.0.1: Network is unreachable" in r.stdout)
    ok("addresses from both pools", re.search(r"addresses 10\.99\.0\.10 and fd00:99::", r.stdout))
    ok("ping IPv4", "ping 10.20.0.1: 5 of 5 answered" in r.stdout)
    ok("ping IPv6", "ping fd00:20::1: 5 of 5 answered" in r.stdout)
    m = re.search(r"(\d+) Mbit/s up, (\d+) Mbit/s down", r.stdout)
    ok("a rate each way", m and int(m[1]) > 5 and int(m[2]) > 5, m and m[0])
    ok("show crypto session", "Session status: UP-ACTIVE" in r.stdout)
    # After each query: names of the columns, a rule, the row.
    rows = [line.split() for line in r.stdout.splitlines() if line.split()[:1] == ["anna@corp.example"]]
    ok("a row in v_active, one in v_history", len(rows) == 2, str(rows))
    active, history = rows
    ok("v_active: addresses and traffic", active[1] == "10.99.0.10" and active[2].startswith("fd00:99::")
       and active[3] == "192.0.2.2:4500" and min(map(int, active[4:6])) > 1000000, str(active))
    ok("v_history: the same traffic, and why it ended",
       int(history[3]) >= int(active[4]) and int(history[4]) >= int(active[5]) and history[5] == "peer_delete",
       str(history))
    ok("the log has both ends of the session",
       " ike_sa_up " in r.stdout and " ike_sa_down " in r.stdout, r.stdout)
    octets = active[4:6]
    ok("metrics", "sallyport_sessions 1\n" in r.stdout)
    ok("SNMP: the same octets", all("Counter64: %s\n" % n in r.stdout for n in octets) and
       'STRING: "anna@corp.example"' in r.stdout, r.stdout)
    ok("a syslog server hears of both ends", re.search(r"<165>1 .* ike_sa_up ", r.stdout) and
       re.search(r"<165>1 .* session_down ", r.stdout), r.stdout)
    ok("nothing is said to be missing", "not in this version" not in r.stdout and "did not" not in r.stdout)
    ok("no colours in a pipe", "\033" not in r.stdout)


def interrupted():
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for i, moment in enumerate((0.0, 0.02, 0.1, 0.2, 1.0, 3.8, 4.1)):
        for sig in (asked[i % 3], signal.SIGKILL):
            name = "%s after %.2f s" % (sig.name, moment)
            before = snapshot()
            p = start()
            time.sleep(moment)
            p.send_signal(sig)
            began = time.monotonic()
            out = p.communicate(timeout=20)[0]
            took = time.monotonic() - began
            if sig == signal.SIGKILL:
                clean(name, before, 3)
            elif moment == 0.0 and p.returncode == -sig:
                # It was not yet running.
                clean(name, before)
            elif p.returncode == 0:
                # It was faster than we were.
                clean(name, before)
                ok("%s: it had ended well" % name, "is gone again" in out, out)
            else:
                ok("%s: nothing is left, exit 1, soon" % name,
                   not left(before) and p.returncode == 1 and "Interrupted" in out and took < 5,
                   "%d after %.1f s: %s %s" % (p.returncode, took, left(before), out))


def terminal():
    """Ctrl-C at a terminal, in the middle of the traffic."""
    before = snapshot()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.environ.pop("NO_COLOR", None)
        os.execv(BIN, [BIN, "demo"])
    out = b""
    sent = False
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                break
            if not more:
                break
            out += more
        if not sent and b"Three seconds" in out:
            os.write(fd, b"\x03")
            sent = True
    os.close(fd)
    status = os.waitpid(pid, 0)[1]
    ok("Ctrl-C: exit 1", os.waitstatus_to_exitcode(status) == 1, str(out))
    ok("Ctrl-C: it says so", b"Interrupted" in out and b"is gone again" in out, str(out))
    ok("colours on a terminal", b"\033[1m" in out)
    clean("Ctrl-C", before)


def twice():
    before = snapshot()
    both = [start(), start()]
    outs = [p.communicate(timeout=60)[0] for p in both]
    ok("twice at once", [p.returncode for p in both] == [0, 0], "\n".join(outs))
    clean("twice at once", before)


def beside():
    """Another Sallyport is at work in the namespace that the demo is started from."""
    conf, socket = os.path.join(WORK, "other.conf"), os.path.join(WORK, "run", "control.sock")
    with open(conf, "w") as f:
        f.write(CONF)
    other = spawn(None, BIN, "run", "-c", conf, "--state", os.path.join(WORK, "state"), "--socket", socket)

    def answers():
        return run(BIN, "show", "version", "--socket", socket, check=False).returncode == 0

    ok("the other one runs", wait_for(10, answers))
    before = snapshot()
    r = run(BIN, "demo", check=False, timeout=60)
    ok("beside another one", r.returncode == 0, r.stdout)
    ok("the other one still runs", answers())
    clean("beside another one", before)
    stop_process(other)


def holder_pid():
    return next((parent for _, name, parent in others() if name == "sallyport-main"), 0)


def failing():
    before = snapshot()
    p = start()
    holder = wait_for(5, holder_pid)
    time.sleep(1)
    os.kill(holder, signal.SIGKILL)
    out = p.communicate(timeout=30)[0]
    ok("the headend is killed: a step fails, exit 1", p.returncode == 1 and "FAILED: " in out, out)
    clean("the headend is killed", before)
    r = run("unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k none /run && exec %s demo" % BIN, check=False)
    ok("a full disk: the headend's log says so", r.returncode == 1 and "did not get ready" in r.stdout
       and "database" in r.stdout, r.stdout)
    clean("a full disk", before)


def abandoned():
    """Killed together with its keeper: the next demo removes the folder when it is old enough."""
    before = snapshot()
    p = start()
    folder = wait_for(5, lambda: [f for f in os.listdir("/run") if f.startswith("sallyport-demo-")])
    wait_for(5, holder_pid)
    for sig in (signal.SIGSTOP, signal.SIGKILL):  # none of them sees another die
        for pid, _, _ in others():
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
    p.communicate(timeout=10)
    ok("killed with its keeper: no process is left", wait_for(3, lambda: not others()), str(others()))
    path = os.path.join("/run", folder[0])
    ok("killed with its keeper: the folder stays", os.path.isdir(path))
    run(BIN, "demo", check=False)
    ok("a young folder is left alone", os.path.isdir(path))
    os.utime(path, (time.time() - 3600,) * 2)
    run(BIN, "demo", check=False)
    ok("an old one is removed", not os.path.exists(path))
    for lock in os.listdir("/run"):
        if lock.startswith("sallyport-netns-"):
            os.unlink(os.path.join("/run", lock))
    clean("killed with its keeper", before)


def refused():
    before = snapshot()
    r = run("setpriv", "--reuid", "65534", "--clear-groups", BIN, "demo", check=False)
    ok("a plain user: exit 2 and a sentence", r.returncode == 2 and "needs root" in r.stdout, r.stdout)
    r = run(BIN, "demo", "please", check=False)
    ok("an unknown word: exit 2", r.returncode == 2 and "usage:" in r.stdout, r.stdout)
    r = run("unshare", "-m", "sh", "-c", "mount -t tmpfs none /dev/net && exec %s demo" % BIN, check=False)
    ok("no TUN: exit 1 and a sentence", r.returncode == 1 and "no TUN devices here" in r.stdout, r.stdout)
    r = run("setpriv", "--bounding-set", "-sys_admin", BIN, "demo", check=False)
    ok("root without rights: exit 1 and a sentence",
       r.returncode == 1 and "no network namespaces here" in r.stdout and "CAP_SYS_ADMIN" in r.stdout, r.stdout)
    clean("refused", before)


def config():
    r = run(BIN, "demo", "--config")
    path = os.path.join(WORK, "demo.conf")
    with open(path, "w") as f:
        f.write(r.stdout)
    r = run(BIN, "check", path, check=False)
    ok("its configuration is a good example", r.returncode == 0 and ": good, 0 warnings" in r.stdout, r.stdout)
    ok("help knows it", re.search(r"^  demo ", run(BIN, "help").stdout, re.M))


def alone():
    """The program, /proc and one device: nothing else."""
    root = os.path.join(WORK, "root")
    before = snapshot()
    for folder in ("proc", "dev/net"):
        os.makedirs(os.path.join(root, folder))
    run("cp", BIN, root)
    run("mount", "-t", "proc", "none", root + "/proc")
    run("mknod", root + "/dev/net/tun", "c", "10", "200")
    r = run("chroot", root, "/sallyport", "demo", check=False, timeout=60)
    ok("in a chroot with nothing but itself", r.returncode == 0, r.stdout)
    ok("the chroot is as it was", os.listdir(root + "/run") == [], str(os.listdir(root)))
    run("umount", root + "/proc")
    run("rm", "-r", root)
    clean("chroot", before)


refused()
config()
story()
terminal()
interrupted()
failing()
abandoned()
twice()
beside()
alone()
done()
