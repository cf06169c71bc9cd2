#!/usr/bin/env python3
"""Reload: a session lives on what it was granted; what is new counts for who comes next; what cannot
be put in force changes nothing. A ping runs through all of it."""
import re
from lib import *

SECOND = """
ip local pool RB 10.101.0.10 10.101.0.20
crypto ikev2 authorization policy RB
 pool RB
 route set access-list LAN
crypto ikev2 keyring KR
 peer OTHER
  identity email domain other.test
  pre-shared-key %s
crypto ikev2 profile RB
 match identity remote email domain other.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL RB
 virtual-template 1
""" % PSK

t = Topology()
t.gw.addr("wan0", "10.99.1.2/24")
sp = Sallyport(t.gw).start()


def client(n, user, **more):
    return StrongSwan(t.client(n), user=user, vips="0.0.0.0", remote_ts="10.99.2.0/24", retransmits=2, timeout="0.5",
                      **more).start()


def session(user):
    found = [s for s in sp.sessions() if s["identity"] == user]
    return found[0] if len(found) == 1 else None


def held():
    return sorted(a for (a,) in sp.sql("select address from v_leases where held"))


def reload(name, conf, good=True):
    sp.configure(conf)
    r = sp.reload(check=False)
    ok("%s: %s" % (name, "taken" if good else "refused"), (r.returncode == 0) == good, r.stdout)
    return r


one = client(1, "client1@psk.test")
ok("the first client connects", one.up(), one.last[-300:] + sp.tail(5))
PING = os.path.join(WORK, "ping.log")
ping = spawn(one.host.ns, "ping", "-n", "-i", "0.05", "10.99.2.2", log=PING)
before = session("client1@psk.test")

# ---- refused -----------------------------------------------------------------------------------------
running = sp.command("show", "running-config", "all").stdout
for name, extra, place, word, hint in (
        ("unknown word", "crypto ikev2 profil RB\n matsch identity remote any\n", ":%d:2:" % (CONF.count("\n") + 2), "matsch", "match"),
        ("value out of range", "crypto ikev2 profile RB\n lifetime 5\n", ":%d:" % (CONF.count("\n") + 2), "5", "120"),
        ("algorithm", "crypto ikev2 proposal X\n encryption aes-cbc-257\n", ":%d:13:" % (CONF.count("\n") + 2), "aes-cbc-257", "aes-")):
    r = reload("bad configuration, %s" % name, CONF + extra, good=False)
    ok("bad configuration, %s: place, word and hint" % name, place in r.stdout and word in r.stdout and hint in r.stdout, r.stdout)
    ok("bad configuration, %s: exit 2" % name, r.returncode == 2)
ok("after the refused ones the running configuration is the same", sp.command("show", "running-config", "all").stdout == running)
reload("listen on an address that this host does not have", CONF + "sallyport listen 10.77.7.7\n", good=False)
sp.configure(CONF)

# ---- a new profile, and its removal under a live session ---------------------------------------------
two = client(2, "client2@other.test")
ok("a user without a profile is refused", not two.up(timeout=6))
reload("a new profile and pool", CONF + SECOND)
ok("the new profile is usable", two.up(), two.last[-300:] + sp.tail(3))
s2 = session("client2@other.test") or {}
ok("its client has an address of its pool", str(s2.get("assigned_ip4")).startswith("10.101.0."), str(s2))
ok("and is not orphaned", s2.get("orphaned") == [], str(s2.get("orphaned")))
reload("profile, policy and pool removed", CONF)
s2 = session("client2@other.test") or {}
ok("the session stays", s2.get("status") == "UP-ACTIVE", str(s2))
ok("it is shown as orphaned, with what it lost", set(s2.get("orphaned", [])) == {"profile", "authorization policy", "pool"},
   str(s2.get("orphaned")))
ok("also in the text", "Orphaned: not configured any more: profile" in sp.command("show", "crypto", "session").stdout)
ok("its traffic goes on", two.host.ping("10.99.2.2") == 3)
ok("its lease stays reserved", s2.get("assigned_ip4") in held(), str(held()))
three = client(3, "client3@other.test")
ok("nobody else gets in by the removed profile", not three.up(timeout=6))
sp.kill_main()
wait_for(10, sp.answers)
s2 = session("client2@other.test") or {}
ok("a new main knows the orphan too", set(s2.get("orphaned", [])) == {"profile", "authorization policy", "pool"}, str(s2))
ok("and its traffic", wait_for(5, lambda: two.host.ping("10.99.2.2", count=1) == 1))
reload("profile, policy and pool again", CONF + SECOND)
ok("the session is no orphan any more", (session("client2@other.test") or {}).get("orphaned") == [])
ok("a new user of the pool connects", three.up(), three.last[-300:])
s3 = session("client3@other.test") or {}
ok("and has another address", s3.get("assigned_ip4") not in (None, s2.get("assigned_ip4")), "%s %s" % (s2, s3))
two.down()
three.down()
ok("leases come back", wait_for(5, lambda: held() == [before["assigned_ip4"]]), str(held()))

# ---- the pool moves away below a session -------------------------------------------------------------
reload("the pool moves", CONF.replace("10.100.0.10 10.100.3.250", "10.102.0.10 10.102.0.11"))
s1 = session("client1@psk.test") or {}
ok("the session keeps its address and says so", s1.get("assigned_ip4") == before["assigned_ip4"] and s1.get("orphaned") == ["address"], str(s1))
four = client(4, "client4@psk.test")
ok("a new session is in the new range", four.up() and four.addresses()[0].startswith("10.102.0."), str(four.addresses()))
four.down()

# ---- keys: live sessions do not care, new logins do --------------------------------------------------
reload("another key", CONF.replace(PSK, "another-key-of-psk.test"))
ok("the old key is refused", not four.up(timeout=6))
four.write(psk="another-key-of-psk.test")
ok("the new one is taken", four.up(), four.last[-300:])
four.down()
sp.configure(CONF)
loads = sp.log_text().count("config_loaded")
sp.process.send_signal(signal.SIGHUP)
four.write(psk=PSK)
ok("SIGHUP reloads", wait_for(5, lambda: sp.log_text().count("config_loaded") > loads) and four.up(), four.last[-300:] + sp.tail(3))
four.down()

# ---- listen addresses --------------------------------------------------------------------------------
reload("one listed address", CONF + "sallyport listen 10.99.1.1\n")
five = client(5, "client5@psk.test")
ok("it answers", five.up(), five.last[-300:])
five.down()
five.write(gateway="10.99.1.2")
ok("the other does not", not five.up(timeout=4))
reload("the other listed address too", CONF + "sallyport listen 10.99.1.1\nsallyport listen 10.99.1.2\n")
ok("now it answers", five.up(), five.last[-300:])
ok("from there", (session("client5@psk.test") or {}).get("local", {}).get("address") == "10.99.1.2")
five.down()
reload("every address again", CONF)

# ---- what the first client noticed -------------------------------------------------------------------
time.sleep(0.5)
stop_process(ping, sig=signal.SIGINT)
with open(PING) as f:
    m = re.search(r"(\d+) packets transmitted, (\d+) received", f.read())
sent, received = (int(x) for x in m.groups()) if m else (0, 0)
print("   %d of %d pings came back" % (received, sent))
ok("its ping went on through all of it", sent > 50 and sent - received <= 4, "%d of %d" % (received, sent))
after = session("client1@psk.test") or {}
ok("its session is the same", after.get("session") == before["session"] and after.get("orphaned") == [], str(after))
ok("it did not log in again", "psk: #1," in one.sas())
one.down()
for ss in (one, two, three, four, five):
    ss.stop()
sp.configure(CONF + "sallyport workers 3\ncrypto ikev2 dpd 30 5 periodic\n")
said = sp.reload().stdout
ok("reload says what changed and from when on", "workers" in said and "(restart)" in said and "crypto ikev2 dpd" in said, said)
ok("clean stop", sp.stop() == 0, sp.tail())
done()
