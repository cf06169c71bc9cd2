#!/usr/bin/env python3
"""No secret leaves the process: after good and bad logins, kills, reloads and every show, neither the
store, nor a log, nor an answer, nor a core holds a key. Each search is proven by finding the same
key where it must be."""
import base64
import pty
import re
import pki_lib
from lib import *
from swan_lib import Swan

GOOD = "good-key-" + os.urandom(9).hex()
INLINE = "inline-key-" + os.urandom(9).hex()
WRONG = "wrong-key-" + os.urandom(9).hex()
HEX = os.urandom(20).hex()

conf = CONF.replace(PSK, GOOD) + """
crypto ikev2 keyring KR
 peer HEX
  identity email hex@psk.test
  pre-shared-key hex %s
crypto ikev2 profile INLINE
 match identity remote email domain inline.test
 identity local fqdn gw.example.test
 authentication remote pre-share key %s
 authentication local pre-share key %s
 aaa authorization group psk list LOCAL RA
 virtual-template 1
""" % (HEX, INLINE, INLINE)

t = Topology()
sp = Sallyport(t.gw, conf).start()
host = t.client(1)


def watch(name):
    """Everything that the engine tells an operator who debugs, in a file that is searched at the end."""
    path = os.path.join(sp.dir, name)
    spawn(sp.host.ns, BIN, "debug", "crypto", "ikev2", "lines", "1000000", "--socket", sp.socket, log=path)
    ok("debug is on", wait_for(5, lambda: os.path.exists(path) and "debugging is on" in open(path).read()))
    return path


watched = [watch("debug.before")]


def hexdumps(text):
    """Keys that charon wrote to its log: {name: bytes}."""
    found, name, length, data = {}, None, 0, b""
    for line in text.splitlines():
        m = re.search(r"\] (.*(?:secret|key|Sk_\w+|SKEYSEED).*?)(?: secret)? => (\d+) bytes @", line)
        if m:
            name, length, data = m.group(1), int(m.group(2)), b""
            continue
        m = re.search(r"\]\s+\d+: ((?:[0-9A-F]{2} )+)", line)
        if name and m:
            data += bytes.fromhex(m.group(1).replace(" ", ""))
            if len(data) >= length:
                found["%s %d" % (name, len(found))] = data[:length]
                name = None
    return found


def login(psk, user, want):
    ss = StrongSwan(host, psk=psk, user=user, retransmits=2, timeout="0.5").start()
    with open(os.path.join(ss.dir, "strongswan.conf")) as f:
        text = f.read()
    ss.stop()
    with open(os.path.join(ss.dir, "strongswan.conf"), "w") as f:
        f.write(text.replace("default = 1", "default = 1\n ike = 4\n chd = 4"))
    ss.start()
    up = ss.up(timeout=8)
    ok("%s: login %s" % (user, "works" if want else "is refused"), up == want, ss.last[-300:] + sp.tail(3))
    return ss


secrets = {"good": GOOD.encode(), "inline": INLINE.encode(), "wrong": WRONG.encode(), "hex": bytes.fromhex(HEX)}
sessions = []
for user, psk, want in (("bad@psk.test", WRONG, False), ("bad@inline.test", WRONG, False),
                        ("hex@psk.test", "0x" + HEX, True), ("x@inline.test", INLINE, True),
                        ("client1@psk.test", GOOD, True)):
    ss = login(psk, user, want)
    keys = hexdumps(ss.log_text())
    secrets.update({"%s %s" % (user, k): v for k, v in keys.items() if len(v) >= 16 and want})
    if user != "client1@psk.test":
        ss.down()
        ss.stop()
session_keys = [k for k in secrets if k.startswith("client1@")]
ok("session keys were taken from the peer's log", len(session_keys) >= 6, str(session_keys))
ok("ping", host.ping("10.99.2.2") == 3)

NEEDLES = {}
for name, value in secrets.items():
    NEEDLES[name] = value
    NEEDLES[name + ", hex"] = value.hex().encode()
    NEEDLES[name + ", HEX"] = value.hex().upper().encode()
    NEEDLES[name + ", base64"] = base64.b64encode(value)[: len(value) * 8 // 6 - 2]
    if len(value) > 20 and not name.startswith(("good", "inline", "wrong")):
        NEEDLES[name + ", first half"] = value[:16]


def leaks(data):
    return [n for n, v in NEEDLES.items() if v in data]


def silent(what, data, least=1):
    found = leaks(data)
    ok("%s: no secret in %d bytes" % (what, len(data)), not found and len(data) >= least, str(found[:5]))


def in_memory(pid, *names):
    """Which of these secrets a process has in its memory."""
    found = set()
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, flags = line.split()[:2]
            if not flags.startswith("rw"):
                continue
            lo, hi = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(lo)
                data = mem.read(hi - lo)
            except OSError:
                continue
            found |= {n for n in names if n not in found and secrets[n] in data}
    return found


def core_of(pid, name):
    base = os.path.join(WORK, "core." + name)
    run("gcore", "-o", base, pid, check=False, timeout=60)
    try:
        with open("%s.%d" % (base, pid), "rb") as f:
            return f.read()
    except OSError:
        return b""


# ---- what can be asked of the running daemon, before and after a kill and a reload --------------
def answers():
    out = []
    for words in (("version",), ("running-config",), ("running-config", "all"), ("counters",), ("ip", "local", "pool"),
                  ("crypto", "session"), ("crypto", "session", "detail"), ("crypto", "ipsec", "sa"),
                  ("crypto", "ikev2", "sa"), ("crypto", "ikev2", "sa", "detailed"), ("crypto", "ikev2", "session", "detailed"),
                  ("crypto", "ikev2", "stats"), ("crypto", "ikev2", "diagnose", "error"), ("crypto", "ikev2", "proposal"),
                  ("crypto", "ikev2", "policy"), ("crypto", "ikev2", "profile"), ("crypto", "ikev2", "authorization", "policy")):
        for more in ((), ("--json",)):
            out.append(sp.command("show", *words, *more).stdout)
    return "\n".join(out)


main = sp.main_pid()
with open("/proc/%d/coredump_filter" % main) as f:
    ok("main: coredump_filter is 0", int(f.read(), 16) == 0)
ok("main: not dumpable", os.stat("/proc/%d/mem" % main).st_uid == 0)
with open("/proc/%d/limits" % main) as f:
    ok("main: core size limit is 0", "Max core file size        0                    0" in f.read())
with open("/proc/%d/status" % main) as f:
    status = f.read()
ok("main: own uid, no capabilities, no new privileges",
   "Uid:\t0\t" not in status and re.search(r"CapEff:\s+0+$", status, re.M) and re.search(r"CapBnd:\s+0+$", status, re.M)
   and re.search(r"NoNewPrivs:\s+1", status), status)
locked = int(re.search(r"VmLck:\s+(\d+)", status).group(1))
# Where this machine does not let root raise the limit, the log says that memory is not locked.
ok("main: memory is locked, or the log says why not", locked > 0 or "not locked: the memlock limit" in sp.log_text(),
   "VmLck %d kB" % locked)

ok("control: the configuration file holds the keys", {"good", "inline"} <= set(leaks(open(sp.conf, "rb").read())))
control = in_memory(main, "good", *session_keys)
ok("control: main's memory holds keys", "good" in control and len(control) > 2, str(control))
shown = answers()
ok("control: show was asked", "crypto ikev2 keyring" in shown and "client1@psk.test" in shown)
silent("show", shown.encode(), 5000)
silent("a core of main", core_of(main, "main"))
silent("a core of the holder", core_of(sp.process.pid, "holder"))
for pid in (main, sp.process.pid):
    for part in ("cmdline", "environ"):
        with open("/proc/%d/%s" % (pid, part), "rb") as f:
            silent("%s of process %s" % (part, "main" if pid == main else "holder"), f.read(), 0)

sp.kill_main()
ok("main is back after a kill", wait_for(10, sp.answers), sp.tail())
watched.append(watch("debug.after"))
ok("ping after the kill", wait_for(5, lambda: host.ping("10.99.2.2", count=1) == 1))
ok("reload", sp.reload(check=False).returncode == 0)
main = sp.main_pid()
ok("control: the new main's memory holds keys", in_memory(main, "good"))
silent("show after kill and reload", answers().encode(), 5000)
silent("a core of the new main", core_of(main, "again"))
with open("/proc/%d/coredump_filter" % main) as f:
    ok("the new main: coredump_filter is 0", int(f.read(), 16) == 0)

# A configuration that is refused is not quoted with its keys.
sp.configure(conf + "crypto ikev2 keyring KR\n peer Z\n  pre-shared-key %s extra words\n  pre-shared-kex %s\n" % (WRONG, WRONG))
silent("a refused configuration", (sp.reload(check=False).stdout + run(BIN, "check", sp.conf, check=False).stdout).encode())
sp.configure(conf)

# ---- what is left behind -------------------------------------------------------------------------
ss.down()
wait_for(5, lambda: "DELETE_REQUEST" in open(watched[1]).read())
shown = [open(path).read() for path in watched]
ok("control: debug saw the logins and the end", "client1@psk.test" in shown[0] and "Auth method: PSK" in shown[0] and
   "DELETE_REQUEST" in shown[1], shown[1][-400:])
silent("what debug showed", "".join(shown).encode(), 20000)
rows = []
for (table,) in sp.sql("select name from sqlite_master where type in ('table', 'view')"):
    rows.append(table)
    rows += [repr(r) for r in sp.sql('select * from "%s"' % table)]
text = "\n".join(rows)
ok("control: the store was dumped", "client1@psk.test" in text and "bad@psk.test" in text, text[:300])
silent("every column of sallyport.db", text.encode())
silent("sql --csv", sp.command("sql", "--state", sp.state, "--csv", "select * from v_failures").stdout.encode())
sp.stop()
for folder, _, files in os.walk(sp.dir):
    for name in files:
        path = os.path.join(folder, name)
        if path != sp.conf:
            with open(path, "rb") as f:
                silent("file %s" % os.path.relpath(path, sp.dir), f.read(), 0)
silent("the log", sp.log_text().encode(), 100)
ss.stop()

# ---- what a person gives to our client ------------------------------------------------------------------
GIVEN = "given-" + os.urandom(9).hex()
MISTYPED = "mistyped-" + os.urandom(9).hex()
for name, value in (("given", GIVEN.encode()), ("mistyped", MISTYPED.encode())):
    secrets[name] = value
    for more, text in (("", value), (", hex", value.hex().encode()), (", base64", base64.b64encode(value)[:-4]),
                       (", UTF-16", value.decode().encode("utf-16-le"))):
        NEEDLES[name + more] = text
root = pki_lib.Authority("Test Root", kind="rsa")
leaf = root.leaf("gw", kind="p256", san=["dns:gw.hub.test"], eku=["server"])
gw = Swan(t.gw, "".join(""" %s { version = 2
  proposals = aes256gcm16-prfsha384-ecp256
  pools = p4
  send_cert = always
  encap = yes
  local { auth = pubkey
          certs = %s
          id = gw.hub.test }
  remote { auth = eap-%s
           id = *@%s.test
           eap_id = %%any }
  children { net { local_ts = 10.99.2.0/24
                   esp_proposals = aes256gcm16 } } }
""" % (m, leaf.chain_file, m, m) for m in ("mschapv2", "gtc")), " eap-1 { id-1 = anna\n secret = %s }\n" % GIVEN,
          cas=[root], keys=[leaf], extra="plugins { eap-gtc { backend = generic } }\n").start()
BRANCH = """
hostname branch
crypto pki trustpoint HQ
 sallyport ca-certificate %s
 revocation-check none
crypto ikev2 profile HUB
 match identity remote fqdn domain hub.test
 identity local email box@%%s.test
 authentication remote ecdsa-sig
 authentication local eap
 pki trustpoint HQ
crypto ipsec profile HUB
 set ikev2-profile HUB
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination dynamic
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
crypto ikev2 client flexvpn HOME
 client connect Tunnel1
 peer 1 10.99.1.1
 connect manual
""" % root.cert_file
sp = Sallyport(t.client(2), BRANCH % "mschapv2", name="branch").start()
watched = [watch("debug.branch")]
COMMAND = ["ip", "netns", "exec", sp.host.ns, BIN, "crypto", "eap", "credentials", "HUB", "--socket", sp.socket]


def give(password):
    return subprocess.run(COMMAND, input="anna\n%s\n" % password, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)


def state():
    return sp.show("crypto", "ikev2", "client", "flexvpn")["clients"][0]


def shown_of(sp):
    words = (("crypto", "ikev2", "client", "flexvpn"), ("crypto", "session", "detail"), ("running-config", "all"), ("crypto", "ikev2", "sa", "detailed"),
             ("crypto", "ikev2", "profile"), ("crypto", "ikev2", "diagnose", "error"), ("counters",), ("logging",))
    return "".join(sp.command("show", *w, *more).stdout for w in words for more in ((), ("--json",)))


said = ""
for method in ("mschapv2", "gtc"):
    sp.configure(BRANCH % method)
    sp.reload()
    main = sp.main_pid()
    for password, code in ((MISTYPED, 1), (GIVEN, 0)):
        sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME")
        ok("%s: the client waits" % method, wait_for(8, lambda: state()["waits_for"]), str(state()))
        pid, terminal = pty.fork()
        if not pid:
            os.execvp(COMMAND[0], COMMAND)
        text = b""
        for prompt, line in ((b": ", "anna\n"), (b"Password: ", password[:10])):
            while not text.endswith(prompt):
                text += os.read(terminal, 1000)
            os.write(terminal, line.encode())
        for part in ("cmdline", "environ"):
            with open("/proc/%d/%s" % (pid, part), "rb") as f:
                silent("%s: %s of the command" % (method, part), f.read())
        ok("%s: the command leaves no core" % method, os.stat("/proc/%d/mem" % pid).st_uid == 0 and
           "Max core file size        0" in open("/proc/%d/limits" % pid).read())
        os.write(terminal, (password[10:] + "\n").encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        text += os.read(terminal, 4000)
        ok("%s: the %s one" % (method, "right" if code == 0 else "wrong"), status == code, "%d %s" % (status, text))
        silent("%s: the terminal" % method, text)
        os.close(terminal)
        if code:
            ok("%s: main's memory has no wrong password any more" % method, not in_memory(main, "mistyped"))
    ok("%s: control: main's memory has the right one" % method, in_memory(main, "given"))
    silent("%s: a core of main" % method, core_of(main, "branch-" + method))
    silent("%s: a core of the holder" % method, core_of(sp.process.pid, "branch-holder-" + method))
    said += shown_of(sp)
    sp.command("clear", "crypto", "ikev2", "client", "flexvpn", "HOME")
    sp.command("clear", "crypto", "eap", "credentials", "HUB")
    ok("%s: after `clear` main's memory has it no more" % method, wait_for(3, lambda: not in_memory(main, "given")), "it has")
ok("control: show was asked", "HOME" in said and "profile HUB" in said)
silent("show of the client", said.encode(), 2000)
ok("kept for a login", give(GIVEN).returncode == 0 and in_memory(main, "given"))
sp.kill_main()
ok("main is back after a kill, without it", wait_for(10, sp.answers) and not in_memory(sp.main_pid(), "given"))
ok("kept once more", give(GIVEN).returncode == 0)
sp.stop()
shown = "".join(open(path).read() for path in watched)
ok("control: debug saw the logins", "gw.hub.test" in shown and len(shown) > 20000, shown[-300:])
silent("what debug showed of them", shown.encode())
for folder, _, files in os.walk(sp.dir):
    for name in files:
        path = os.path.join(folder, name)
        with open(path, "rb") as f:
            silent("file %s of the client" % os.path.relpath(path, sp.dir), f.read(), 0)
silent("the log of the client", sp.log_text().encode(), 100)
gw.stop()
done()
