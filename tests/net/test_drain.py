#!/usr/bin/env python3
"""drain: who is here stays, who comes is refused in words or sent elsewhere, also after main's death; and the headend stops with the last one."""
from lib import *

t = Topology()
sp = Sallyport(t.gw).start()
swans = [StrongSwan(t.client(n), user="user%d@psk.test" % n, retransmits=3, timeout="1.0").start() for n in (1, 2)]


def state():
    s = sp.show("drain")
    return s["drain"], s["sessions"]


ok("one is here", swans[0].up())
ok("new ones are taken", state() == ("off", 1) and "New sessions are taken" in sp.command("show", "drain").stdout, str(state()))
ok("drain", "refused; 1 are left" in sp.command("drain").stdout and state() == ("on", 1), str(state()))
ok("who comes is refused", not swans[1].up())
ok("... in words", wait_for(3, lambda: any("being emptied" in r for (r,) in sp.sql("select sentence from v_failures"))),
   str(sp.sql("select sentence from v_failures")))
ok("who is here stays", swans[0].host.ping("10.99.2.2", count=2) == 2)
swans[0].stop(signal.SIGKILL)
swans[0].start()
ok("... and may log in again", swans[0].up() and wait_for(5, lambda: len(sp.sessions()) == 1), str(sp.sessions())[:500])
sp.kill_main()
ok("a new main answers", wait_for(10, sp.answers))
ok("... and takes nobody in either", state() == ("on", 1) and not swans[1].up(), str(state()))
ok("nonsense is refused", sp.command("drain", "now", check=False).returncode == 2)
sp.command("drain", "off")
ok("off: all are welcome", state() == ("off", 1) and swans[1].up())
sp.command("drain", "stop")
ok("stop waits for the last one", state() == ("stop", 2) and sp.answers())
swans[1].stop()
ok("one is left", wait_for(5, lambda: state() == ("stop", 1)), str(state()))
ok("who is left has traffic", swans[0].host.ping("10.99.2.2", count=1) == 1)
swans[0].stop()
ok("the last one leaves: the headend stops", wait_for(15, lambda: sp.process.poll() is not None) and sp.process.returncode == 0,
   sp.tail(5))
ok("and said so", "drain=stop" in sp.log_text())
done()
