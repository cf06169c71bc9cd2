#!/usr/bin/env python3
"""Local users by `sallyport user`: with a running daemon and without one, from standard input and from a
terminal; what is in the files, and what is not; another master key."""
import base64
import pty
import stat
from lib import *

CONF_USERS = CONF + """
aaa authentication login LOCAL local
username carl password 0 hello
aaa local authentication attempts max-fail 7
"""

t = Topology()
sp = Sallyport(t.gw, CONF_USERS)


def user(*words, stdin=None):
    """(exit code, output) of `sallyport user`."""
    argv = ["ip", "netns", "exec", sp.host.ns, BIN, "user", *words, "--socket", sp.socket, "--state", sp.state]
    r = subprocess.run(argv, input=stdin or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    return r.returncode, r.stdout


def users():
    code, out = user("list", "--json")
    if code:
        raise RuntimeError(out)
    return {u["name"]: u for u in json.loads(out)}


def on_terminal(*answers):
    """Types the answers when `user add emma` asks, and gives back what the terminal showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(BIN, [BIN, "user", "add", "emma", "--socket", sp.socket, "--state", sp.state])
    shown = b""
    for a in answers:
        while not shown.rstrip().endswith(b":"):
            shown += os.read(fd, 1000)
        os.write(fd, a.encode() + b"\n")
        shown += b"."  # the next prompt is another one
    try:
        while True:
            part = os.read(fd, 1000)
            if not part:
                break
            shown += part
    except OSError:
        pass
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


code, out = user("add", "anna", stdin="open sesame\n")
ok("without a state folder nothing is made", code == 1 and not os.path.exists(sp.state), out)
sp.start()
ok("the key is not made before it is needed", not os.path.exists(os.path.join(sp.state, "master.key")))

# --- with the daemon ---
ok("add", user("add", "anna", stdin="open sesame\n") == (0, ""))
code, out = user("add", "anna", stdin="open sesame\n")
ok("add again is refused", code == 1 and "already" in out, out)
u = users()
ok("the safe verifiers are made", u.get("anna", {}).get("gtc") and u["anna"]["mschapv2"] and not u["anna"]["md5"], str(u))
ok("users of the configuration are there, too", u.get("carl", {}).get("from") == "configuration", str(u))
ok("set", user("set", "anna", "gtc", "md5", stdin="other\n")[0] == 0)
u = users()["anna"]
ok("set replaces what was there", u["gtc"] and u["md5"], str(u))
ok("set to one method", user("set", "anna", "gtc", stdin="open sesame\n")[0] == 0)
u = users()["anna"]
ok("the others are gone", u["gtc"] and not u["mschapv2"] and not u["md5"], str(u))
code, out = user("totp", "anna")
secret = out.split()[1] if code == 0 else ""
ok("totp shows its secret once", len(base64.b32decode(secret)) == 20 and "otpauth://totp/Sallyport:anna?secret=" + secret in out, out)
ok("and is in force", users()["anna"]["totp"])
ok("totp off", user("totp", "anna", "off")[0] == 0 and not users()["anna"]["totp"])
for words, why in ((("del", "nobody"), "no such user"), (("set", "nobody"), "no such user"), (("totp", "nobody"), "no such user"),
                   (("unlock", "nobody"), "no such user"), (("set", "carl"), "configuration")):
    code, out = user(*words, stdin="x\n")
    ok("%s: %s" % (" ".join(words), why), code == 1 and why in out, out)
for words in (("add",), ("add", "A\\b"), ("add", ""), ("add", "a\nb"), ("add", "x" * 256), ("add", "x", "pap"), ("frob",), (), ("totp", "anna", "on"),
              ("del", "anna", "x"), ("add", "x", "--what")):
    code, out = user(*words, stdin="x\n")
    ok("refused: %r" % (words,), code == 2 and "usage" in out, out)
for bad in ("\n", "", "x" * 257 + "\n"):
    ok("no password of %d bytes" % len(bad), user("add", "bert", stdin=bad)[0] != 0)
ok("no NT hash of what is not UTF-8", subprocess.run([BIN, "user", "add", "bert", "--socket", sp.socket], input=b"\xff\n",
                                                     stderr=subprocess.PIPE).returncode == 1)
ok("nor is bert there", "bert" not in users())
code, out = on_terminal("typed secret", "typed secret")
ok("a terminal is asked twice", code == 0 and "emma" in users(), out)
ok("and shows no password", "typed" not in out, out)
code, out = on_terminal("typed secret", "typed other")
ok("two that differ are refused", code == 1 and "differ" in out, out)

# --- the files ---
key = os.path.join(sp.state, "master.key")
s = os.stat(key)
ok("the master key is the daemon's alone", stat.S_IMODE(s.st_mode) == 0o600 and s.st_size == 32 and
   s.st_uid == os.stat(sp.state).st_uid)


def rows():
    db = sqlite3.connect("file:%s?mode=ro" % os.path.join(sp.state, "secrets.db"), uri=True, timeout=5)
    try:
        return dict(db.execute("SELECT name, record FROM users").fetchall())
    finally:
        db.close()


ok("the rows are written", wait_for(3, lambda: set(rows()) == {"anna", "emma"}), str(rows().keys()))
nt = bytes.fromhex("8846f7eaee8fb117ad06bdd830b7586c")
ok("add with a known hash", user("add", "known", "mschapv2", stdin="password\n")[0] == 0 and wait_for(3, lambda: "known" in rows()))
files = {f: open(os.path.join(sp.state, f), "rb").read() for f in os.listdir(sp.state)}
ok("no file has a password or its hash", not any(x in b for b in files.values() for x in (b"open sesame", b"typed secret", nt)))
log = sp.log_text()
ok("nor has the log", "sesame" not in log and "typed" not in log and "8846f7" not in log)
ok("the log says who changed what", 'command="user add"' in log, sp.tail())

# --- a restart, and no daemon ---
before = users()
sp.stop()
ok("without the daemon: list", set(user("list")[1].split()) >= {"anna", "emma", "known"}, user("list")[1])
ok("without the daemon: add", user("add", "dora", stdin="dora's\n")[0] == 0)
ok("without the daemon: add again", user("add", "dora", stdin="dora's\n")[0] == 1)
ok("without the daemon: totp", user("totp", "dora")[0] == 0)
ok("without the daemon: del", user("del", "emma")[0] == 0 and user("del", "emma")[0] == 1)
sp.start()
after = users()
ok("the daemon has all of it", set(after) == {"anna", "carl", "dora", "known"} and after["dora"]["totp"], str(after))
ok("what was not touched is as before", all(after[n] == before[n] for n in ("anna", "carl", "known")), str(after))
sp.stop()

# --- a folder put together from two backups ---
os.rename(key, key + ".old")
sp.start()
ok("without its key the daemon runs and says so", "master.key" in sp.log_text(), sp.tail())
ok("nobody has verifiers", not users()["anna"]["gtc"] and users()["carl"]["gtc"])
ok("a new key is made for new users", user("add", "new", stdin="x\n")[0] == 0 and users()["new"]["gtc"])
code, out = user("set", "anna", stdin="x\n")
ok("a record of another key is not changed", code == 1 and "another master key" in out, out)
sp.stop()
os.rename(key + ".old", key)
sp.start()
ok("with the old key all is as it was", users()["anna"]["gtc"] and not users()["new"]["gtc"])
os.chmod(key, 0o640)
sp.stop()
sp.start()
ok("a key that others may read is not used", not users()["anna"]["gtc"])
sp.stop()

# --- a key of the service manager ---
creds = os.path.join(WORK, "creds")
os.makedirs(creds, mode=0o700)
with open(os.path.join(creds, "sallyport-master-key"), "wb") as f:
    f.write(os.urandom(32))
os.unlink(key)
ok("without any key nothing is changed in the file", user("add", "other", stdin="x\n")[0] == 1 and not os.path.exists(key))
os.environ["CREDENTIALS_DIRECTORY"] = creds
sp.start()
ok("other records are not of this key", not users()["anna"]["gtc"])
ok("new ones are", user("add", "sealed", stdin="x\n")[0] == 0 and users()["sealed"]["gtc"])
ok("no key is made in the folder", not os.path.exists(key))
sp.stop()
sp.start()
ok("and they outlive a restart", users()["sealed"]["gtc"])
sp.stop()
with open(os.path.join(creds, "sallyport-master-key"), "wb") as f:
    f.write(os.urandom(31))
sp.start()
ok("a key of another length is none", not users()["sealed"]["gtc"] and user("add", "more", stdin="x\n")[0] == 1)
sp.stop()
done()
