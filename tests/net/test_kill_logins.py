#!/usr/bin/env python3
# long: 150 s
"""kill -9 of main at random moments of logins: no granted lease is lost or given twice."""
import random
import threading
from lib import *

CLIENTS = 6
LOGIN_KILLS = int(os.environ.get("KILL_LOGINS", "200"))

t = Topology()
sp = Sallyport(t.gw).start()
clients = [StrongSwan(t.client(n), user="client%d@psk.test" % n, vips="0.0.0.0", remote_ts="10.99.2.0/24",
                      retransmits=8, timeout="0.5").start() for n in range(1, CLIENTS + 1)]
granted_twice, lost, kills = [], [], 0
stop = threading.Event()
logins = [0]


def login_forever(ss):
    while not stop.is_set():
        if ss.up(timeout=6):
            logins[0] += 1
        time.sleep(random.random() * 0.05)
        if random.random() < 0.7:
            ss.ctl("--terminate", "--ike", "psk", "--timeout", "2", check=False)


threads = [threading.Thread(target=login_forever, args=(ss,)) for ss in clients]
for th in threads:
    th.start()
rng = random.Random(1)


def kill_now(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return 1
    except OSError:
        return 0


end = time.monotonic() + 240
while kills < LOGIN_KILLS and time.monotonic() < end:
    wait_for(10, sp.answers)
    if kills % 10 == 0:
        held = [s["assigned_ip4"] for s in sp.sessions() if s["assigned_ip4"]]
        if len(held) != len(set(held)):
            granted_twice.append(held)
    # Mostly while logins run; now and then, after a calm second that lets the holder forget the
    # deaths before, again while the next main takes over.
    is_double = kills % 10 == 9
    time.sleep(1.1 if is_double else rng.random() * 0.12)
    pid = sp.main_pid()
    kills += kill_now(pid)
    if is_double and kills < LOGIN_KILLS:
        young = wait_for(3, lambda: sp.main_pid() not in (0, pid) and sp.main_pid())
        time.sleep(rng.random() * 0.06)
        kills += kill_now(young) if young else 0
stop.set()
for th in threads:
    th.join()
wait_for(10, sp.answers)
time.sleep(1)
print("   %d kills, %d logins" % (kills, logins[0]))
ok("kills at random moments of logins: %d" % kills, kills == LOGIN_KILLS, str(kills))
ok("logins succeeded between kills", logins[0] > 10, str(logins[0]))
ok("no lease held twice", not granted_twice, str(granted_twice[:3]))
live = {s["identity"]: s["assigned_ip4"] for s in sp.sessions()}
for ss in clients:
    a = ss.addresses()
    if a and live.get(ss.values["id"]) != a[0]:
        lost.append((ss.values["id"], a, live.get(ss.values["id"])))
ok("every granted lease is known", not lost, str(lost))
rows = sp.sql("select identity, ip4 from v_active")
ok("the store agrees", sorted(rows) == sorted(live.items()), "%s %s" % (rows, live))
ok("leases in the store are unique", sp.sql(
    "select count(*) from v_leases where released_ms is null group by address having count(*) > 1") == [])
ok("integrity_check", sp.sql("pragma integrity_check") == [("ok",)])
for ss in clients:
    ss.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
