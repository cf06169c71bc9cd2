#!/usr/bin/env python3
# alone: measures turns of the loop
"""Lua scripts and real strongSwan clients: refused outside hours, another pool, another profile and
name; every way to misbehave acts by policy and leaves main's loop alone."""
from lib import *

top = Topology()
client = top.client(1)

PROFILE = """
crypto ikev2 authorization policy GUESTS
 pool GUESTS
crypto ikev2 profile GUESTS
 match identity remote fqdn nobody.example
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL GUESTS
 virtual-template 1
"""


def conf(more="", pools=True):
    text = CONF
    if pools:
        text = text.replace("ip local pool RA ", "ip local pool GUESTS 10.101.0.10 10.101.0.250\nip local pool RA ")
    return text + PROFILE + more


sp = Sallyport(top.gw, conf())
os.makedirs(os.path.join(sp.dir, "lua"))


def script(name, text):
    with open(os.path.join(sp.dir, "lua", name + ".lua"), "w") as f:
        f.write(text)


def lua():
    return sp.show("lua")


def ready():
    return wait_for(10, lambda: lua()["state"] == "ready" and lua()["next"] == "off")


def failures():
    return [r[0] for r in sp.sql("SELECT sentence FROM v_failures ORDER BY id DESC LIMIT 1")] or [""]


def use(more, check=True):
    sp.configure(conf(more))
    return sp.reload(check=check)


def login(user, **more):
    ss.write(id=user, **more)
    up = ss.up()
    address = ss.addresses()[0] if up and ss.addresses() else ""
    return up, address


def logout():
    ss.down()
    wait_for(5, lambda: not sp.sessions())


today = time.strftime("%a", time.gmtime()).lower()
tomorrow = time.strftime("%a", time.gmtime(time.time() + 86400)).lower()
sp.start()
ss = StrongSwan(client).start()

# ---- without scripts nobody is asked ------------------------------------------------------------
up, address = login("anna@psk.test")
ok("without a script a client logs in", up and address.startswith("10.100."), address)
logout()
ok("and no script process runs", lua()["state"] == "off" and lua()["asked"] == 0, str(lua()))

# ---- the shipped script: hours --------------------------------------------------------------------
use("sallyport script time-of-day\n set hours anna@psk.test %s 00:00-24:00\n set hours bert@psk.test %s 00:00-24:00\n"
    % (today, tomorrow))
ok("the shipped script loads", ready(), str(lua()))
up, _ = login("anna@psk.test")
ok("inside her hours a user logs in", up, ss.last)
logout()
up, _ = login("bert@psk.test")
ok("outside his hours a user is refused", not up)
ok("the reason is in SQL, in words", wait_for(3, lambda: "logins of bert@psk.test are allowed" in failures()[0]), failures()[0])
diag = sp.command("show", "crypto", "ikev2", "diagnose", "error").stdout
ok("and in show", "logins of bert@psk.test are allowed" in diag, diag)
counters = sp.counters()
ok("it is counted by name", counters["status"]["script_refused"] == 1 and counters["counters"]["hook_refusals"] == 1, str(counters["status"]["script_refused"]))
ok("nothing is left of the login", not sp.sessions() and counters["half_open"] == 0)
use("sallyport script time-of-day\n set hours * %s 00:00-24:00\n" % today)
ready()
up, _ = login("bert@psk.test")
ok("after a reload with other hours he may", up, ss.last)
logout()

# ---- a script of one's own ------------------------------------------------------------------------
script("house", """
function identity(p)
  if p.identity == "guest@psk.test" then
    return { profile = "GUESTS", name = "the guest" }
  elseif p.identity == "lost@psk.test" then
    return { profile = "NOWHERE" }
  end
end
function authorize(s)
  if s.identity == "vip@psk.test" then
    return { pool = "GUESTS", banner = "hello", dns = { "10.99.2.54" }, session_lifetime = 3600 }
  elseif s.identity == "wrong@psk.test" then
    return { pool = "NOT-THERE" }
  end
end
function session_up(s) print("up " .. s.name .. " " .. s.ip4 .. " by " .. config.greeting) end
function session_down(s) print("down " .. s.name .. " " .. s.reason .. " after " .. s.seconds) end
""")
use("sallyport script house\n set greeting the house\n")
ok("a script of the operator loads", ready(), str(lua()))
up, address = login("vip@psk.test")
ok("authorize changes the pool", up and address.startswith("10.101."), address)
ok("and the name server", "10.99.2.54" in open(os.path.join(ss.dir, "resolv.conf")).read() if os.path.exists(os.path.join(ss.dir, "resolv.conf")) else "10.99.2.54" in ss.log_text())
ok("the lease is of that pool", sp.sql("SELECT pool FROM v_leases WHERE held AND family = 4") == [("GUESTS",)], str(sp.sql("SELECT * FROM v_leases")))
logout()
ok("session hooks ran with settings and fields", wait_for(5, lambda: "up vip@psk.test 10.101." in sp.log_text() and "by the house" in sp.log_text() and "down vip@psk.test peer_delete after" in sp.log_text()), sp.tail())
up, address = login("guest@psk.test")
ok("identity chooses the profile", up and address.startswith("10.101."), address)
row = sp.sql("SELECT profile, username, identity FROM v_active")
ok("and the name", row == [("GUESTS", "the guest", "guest@psk.test")], str(row))
logout()
up, _ = login("lost@psk.test")
ok("a profile that is not there is a failure in words", not up and wait_for(3, lambda: "the script chose profile NOWHERE, which is not defined" in failures()[0]), failures()[0])
up, _ = login("wrong@psk.test")
ok("a pool that is not there refuses", not up and wait_for(3, lambda: "a script chose pool NOT-THERE, which is not configured" in failures()[0]), failures()[0])

# ---- misbehaving ---------------------------------------------------------------------------------
BAD = {
    "loop": "function authorize(s) while true do end end",
    "loop in pcall": "function authorize(s) while true do pcall(function() while true do end end) end end",
    "bomb": "function authorize(s) local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end end",
    "string": "function authorize(s) return ('x'):rep(1e10) end",
    "find": "function authorize(s) local a = ('a'):rep(60000) return a:find(('.-'):rep(20) .. 'b') end",
    "error": "function authorize(s)\n  error('gone wrong')\nend",
    "nil": "function authorize(s)\n\n  return s.nothing.there\nend",
}


def longest_turn():
    """Longest turn of the loop since the last sample, ms."""
    return sp.counters()["loop_turn_max_us"] / 1000


use("")
logout()
login("anna@psk.test")
logout()
time.sleep(0.2)
worst_before = 0
for i in range(3):
    longest_turn()
    login("anna@psk.test")
    logout()
    worst_before = max(worst_before, longest_turn())
worst = 0
for policy, lets_in in (("deny", False), ("permit", True)):
    for name, text in BAD.items():
        script("bad", text)
        use("sallyport lua on-failure %s\nsallyport script bad\n" % policy)
        ready()
        longest_turn()
        up, _ = login("anna@psk.test")
        worst = max(worst, longest_turn())
        ok("%s, on-failure %s: %s" % (name, policy, "let in" if lets_in else "refused"), up == lets_in, ss.last)
        info = lua()
        ok("%s, on-failure %s: counted, and said where" % (name, policy), info["failed"] > 0, str(info))
        if not lets_in:
            why = failures()[0]
            wait_for(3, lambda: failures()[0] != why)
            wanted = {"error": "bad.lua:2: gone wrong", "nil": "bad.lua:3:"}.get(name, "")
            ok("%s: the sentence says what and where" % name, wanted in failures()[0], failures()[0])
        logout()
print("# longest turn of the loop: %.1f ms with good scripts, %.1f ms with bad ones" % (worst_before, worst))
ok("main's loop is not held up by scripts", worst < max(50, 3 * worst_before), "%.1f ms, before %.1f" % (worst, worst_before))
ok("the pathological pattern was ended by killing the process", lua()["kills"] >= 2, str(lua()))

# A syntax error: at the start there is nothing to go on with, at a reload the scripts before it stay.
script("bad", "function authorize(s)\n  return deny(\nend\n")
r = run(BIN, "check", sp.conf, check=False)
ok("check finds a syntax error with file and line", r.returncode == 2 and "bad.lua:3:" in r.stdout, r.stdout)
use("sallyport script bad\n")
ok("scripts with a syntax error: the state says so", wait_for(5, lambda: "failed" in (lua()["state"], lua()["next"])), str(lua()))
ok("with file and line in show and log", wait_for(5, lambda: any("bad.lua:3:" in s["last_error"] for s in lua()["scripts"])) and "bad.lua:3:" in sp.log_text(), str(lua()))
script("good", "function authorize(s) return deny('closed today') end")
sp.configure(conf("sallyport script good\n"))
sp.reload()
ready()
script("good", "function authorize(s) return deny( end")
sp.reload()
wait_for(5, lambda: lua()["next"] == "failed")
up, _ = login("anna@psk.test")
ok("a reload with an error leaves the scripts of before in force", not up and wait_for(3, lambda: "closed today" in failures()[0]), failures()[0])
r = use("sallyport script not-there\n", check=False)
ok("a reload that names a missing script is refused with a sentence", r.returncode != 0 and "lua/not-there.lua" in r.stdout, r.stdout)

for policy, lets_in in (("deny", False), ("permit", True)):
    sp.stop()
    script("bad", "function authorize(s)\n  return deny(\nend\n")
    sp.configure(conf("sallyport lua on-failure %s\nsallyport script bad\n" % policy))
    sp.start()
    up, _ = login("anna@psk.test")
    ok("a syntax error at the start, on-failure %s: %s" % (policy, "let in" if lets_in else "refused"), up == lets_in, failures()[0])
    logout()

# ---- processes -----------------------------------------------------------------------------------
sp.configure(conf("sallyport script house\n set greeting me\n"))
sp.reload()
ready()


def script_pids():
    out = run("ps", "-o", "pid=,args=", "--ppid", str(sp.process.pid), check=False).stdout
    return [int(line.split()[0]) for line in out.splitlines() if "--as-lua" in line]


ok("one script process runs", len(script_pids()) == 1, str(script_pids()))
pid = script_pids()[0]
status = open("/proc/%d/status" % pid).read()
ok("without privileges", "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status and "Uid:\t0\t" not in status)
ok("confined by a filter", "Seccomp:\t2" in status)
fds = os.listdir("/proc/%d/fd" % pid)
ok("with hardly a descriptor", len(fds) <= 4, str(fds))
os.kill(pid, signal.SIGKILL)
ok("killed, it comes back", wait_for(5, lambda: script_pids() and script_pids() != [pid] and lua()["state"] == "ready"), str(lua()))
up, address = login("vip@psk.test")
ok("and scripts work again", up and address.startswith("10.101."), address)
sp.kill_main()
ok("main killed: the session stays", wait_for(10, lambda: sp.answers() and len(sp.sessions()) == 1), sp.tail())
ok("and the scripts are loaded again", ready(), str(lua()))
ok("by one process", wait_for(3, lambda: len(script_pids()) == 1), str(script_pids()))
logout()
up, address = login("guest@psk.test")
ok("scripts work in the next main", up and address.startswith("10.101."), address)
logout()
ok("the daemon stops cleanly", sp.stop() == 0)
ok("and leaves no script process", not [p for p in [pid] if os.path.exists("/proc/%d" % p)])
done()
