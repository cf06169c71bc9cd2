#!/usr/bin/env python3
"""Private keys live in one process: cores of main, of the holder and of the script process, taken whole, have no byte
of them in any form, and the same search finds them in the keys process. It is confined, comes back within
a second, and files that cannot be used are refused with a sentence."""
import base64
import re
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from lib import *

PLAIN = ser.NoEncryption()


def make_rsa():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key, form=ser.PrivateFormat.PKCS8, encryption=PLAIN):
    return key.private_bytes(ser.Encoding.PEM, form, encryption)


def der(key, form=ser.PrivateFormat.PKCS8):
    return key.private_bytes(ser.Encoding.DER, form, PLAIN)


RSA, EC, ED, OLD = make_rsa(), ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate(), make_rsa()
FILES = {"rsa.key": pem(RSA), "ec.key": pem(EC, ser.PrivateFormat.TraditionalOpenSSL), "ed.key": pem(ED),
         "old.der": der(OLD, ser.PrivateFormat.TraditionalOpenSSL),
         "locked.key": pem(make_rsa(), encryption=ser.BestAvailableEncryption(b"secret")),
         "cert.pem": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
         "small.key": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "empty.key": b"",
         "p521.key": pem(ec.generate_private_key(ec.SECP521R1()), ser.PrivateFormat.TraditionalOpenSSL)}


def trustpoints(*files):
    return "".join("crypto pki trustpoint T%d\n sallyport private-key %s\n" % (i, f) for i, f in enumerate(files))


t = Topology()
sp = Sallyport(t.gw, CONF)
keys_dir = os.path.join(sp.dir, "pki")
os.makedirs(keys_dir)
os.makedirs(os.path.join(sp.dir, "lua"))
with open(os.path.join(sp.dir, "lua", "house.lua"), "w") as f:
    f.write("function identity(s)\n  return nil\nend\n")
for name, text in FILES.items():
    path = os.path.join(keys_dir, name)
    with open(path, "wb") as f:
        f.write(text)
    os.chmod(path, 0o644 if name == "ed.key" else 0o600)
GOOD = ("pki/rsa.key", "pki/ec.key", "pki/ed.key", os.path.join(keys_dir, "old.der"))
BASE = CONF + "sallyport script house\n"
sp.configure(BASE + trustpoints(*GOOD))
sp.start()


def state():
    return sp.show("keys")


def pids(what):
    out = run("ps", "-o", "pid=,args=", "--ppid", str(sp.process.pid), check=False).stdout
    return [int(line.split()[0]) for line in out.splitlines() if "--as-" + what in line]


def ready(n):
    s = state()
    return s["running"] and s["ready"] == n and len(s["keys"]) == n


ok("all keys are there when the daemon answers", ready(4), str(state()) + sp.tail(5))
ok("a file that others may read is warned of", "ed.key" in sp.log_text() and [k["exposed"] for k in state()["keys"]] ==
   [False, False, True, False], sp.tail(5))
ok("the script process is there", wait_for(5, lambda: sp.show("lua")["state"] == "ready"))
main, script, keys = pids("main")[0], pids("lua")[0], pids("keys")[0]

# ---- confined ------------------------------------------------------------------------------------
status = open("/proc/%d/status" % keys).read()
uid = {p: re.search(r"Uid:\t(\d+)", open("/proc/%d/status" % p).read()).group(1) for p in (main, keys)}
ok("no privileges, a filter, and a uid that is neither root nor main's",
   "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status and
   uid[keys] not in ("0", uid[main]), status)
ok("not dumpable", os.stat("/proc/%d/mem" % keys).st_uid == 0)
locked = int(re.search(r"VmLck:\s+(\d+)", status).group(1))
main_locked = int(re.search(r"VmLck:\s+(\d+)", open("/proc/%d/status" % main).read()).group(1))
ok("memory is locked where main's is", (locked > 0) == (main_locked > 0), "%d %d" % (locked, main_locked))
fds = {f: os.readlink("/proc/%d/fd/%s" % (keys, f)) for f in os.listdir("/proc/%d/fd" % keys)}
ok("one descriptor, a socket", list(fds) == ["3"] and fds["3"].startswith("socket:"), str(fds))
ok("main has no file of a key open", not [f for f in os.listdir("/proc/%d/fd" % main) if keys_dir in
                                          os.readlink("/proc/%d/fd/%s" % (main, f))])

# ---- memory --------------------------------------------------------------------------------------
def both_orders(name, number, size):
    data = number.to_bytes(size, "big")
    # The inner bytes of each: the ends may be altered by how a library keeps numbers.
    return {name + " big-endian": data[8:40], name + " little-endian": data[::-1][8:40]}


def forms(name, key):
    """Every form that this key may have in memory."""
    out = {}
    n = key.private_numbers() if not isinstance(key, ed25519.Ed25519PrivateKey) else None
    if isinstance(key, rsa.RSAPrivateKey):
        for part, size in (("d", 256), ("p", 128), ("q", 128), ("dmp1", 128), ("dmq1", 128), ("iqmp", 128)):
            out.update(both_orders("%s %s" % (name, part), getattr(n, part), size))
    elif n:
        out.update(both_orders(name + " scalar", n.private_value, 48))
    else:
        out[name + " seed"] = key.private_bytes(ser.Encoding.Raw, ser.PrivateFormat.Raw, PLAIN)
    return out


NEEDLES = {}
for name, key in (("rsa", RSA), ("ec", EC), ("ed", ED), ("old", OLD)):
    NEEDLES.update(forms(name, key))
    # The private part of the text: lines from the middle on of what PEM holds.
    for form in (ser.PrivateFormat.PKCS8, ser.PrivateFormat.TraditionalOpenSSL) if name != "ed" else (ser.PrivateFormat.PKCS8,):
        text = base64.b64encode(der(key, form))
        NEEDLES["%s %s as text" % (name, form.name)] = text[-44:-4] if len(text) < 400 else text[800:860]
        NEEDLES["%s %s as bytes" % (name, form.name)] = der(key, form)[:64] if name != "rsa" and name != "old" else der(key, form)[600:660]


def core_of(pid, name):
    """All memory of a process, whatever it says about its cores."""
    base = os.path.join(WORK, "core." + name)
    run("gdb", "-p", pid, "-batch", "-nx", "-ex", "set use-coredump-filter off", "-ex", "set dump-excluded-mappings on",
        "-ex", "gcore " + base, check=False, timeout=120)
    try:
        with open(base, "rb") as f:
            data = f.read()
        os.unlink(base)
        return data
    except OSError:
        return b""


def found(data):
    return sorted(n for n, v in NEEDLES.items() if v in data)


for name, text in FILES.items():
    if name in ("rsa.key", "ec.key", "ed.key", "old.der"):
        short = name.split(".")[0]
        ok("control: the search finds %s in its file" % name, any(n.startswith(short) for n in found(text.replace(b"\n", b""))))
in_keys = found(core_of(keys, "keys"))
for short, least in (("rsa", 4), ("old", 4), ("ec scalar", 1), ("ed seed", 1)):
    ok("control: a core of the keys process has %s" % short, len([n for n in in_keys if n.startswith(short)]) >= least, str(in_keys))
ok("but not the text of any file", not [n for n in in_keys if "as text" in n], str(in_keys))
for name, pid in (("main", main), ("the script process", script), ("the holder", sp.process.pid)):
    data = core_of(pid, name.replace(" ", "."))
    ok("a core of %s, %d bytes, has nothing of any key" % (name, len(data)), len(data) > 1000000 and not found(data), str(found(data)))

text = sp.command("show", "keys").stdout
ok("show keys in words", "Keys process: runs; 4 keys ready, 0 refused" in text and
   "Key 2: ready, pki/ed.key (others may read or change it)" in text, text)
ok("nothing was fetched", "Asked 0: answered 0" in sp.command("show", "fetch").stdout and sp.show("fetch")["asked"] == 0)

# ---- death ---------------------------------------------------------------------------------------
os.kill(keys, signal.SIGKILL)
start = time.monotonic()
ok("killed, it is back within a second with all keys",
   wait_for(1, lambda: pids("keys") and pids("keys") != [keys] and ready(4)) and time.monotonic() - start < 1, str(state()))
keys = pids("keys")[0]
os.kill(keys, signal.SIGSTOP)
sp.reload(check=False)
ok("one that does not answer is replaced", wait_for(10, lambda: pids("keys") and pids("keys") != [keys] and ready(4)), str(state()))
keys = pids("keys")[0]
sp.kill_main()
ok("main killed: the next one has the keys, by a new process",
   wait_for(10, lambda: sp.answers() and ready(4) and pids("keys") != [keys]), sp.tail())
ok("and there is one", len(pids("keys")) == 1)

# ---- reload --------------------------------------------------------------------------------------
for file, sentence in (("pki/locked.key", "it is encrypted"), ("pki/none.key", "there is no such file"),
                       ("pki/cert.pem", "no private key"), ("pki/small.key", "too weak"), ("pki/empty.key", "it is empty"),
                       ("pki", "no plain file")):
    sp.configure(BASE + trustpoints(*GOOD, file))
    r = sp.reload(check=False)
    ok("reload with %s is refused: %s" % (file, sentence), r.returncode != 0 and sentence in r.stdout, r.stdout)
    ok("and the keys stay", ready(4), str(state()))
sp.configure(BASE + trustpoints("pki/p521.key", "pki/p521.key"))
ok("reload with another key", sp.reload(check=False).returncode == 0)
ok("two trustpoints with one file are one key", ready(1), str(state()))
in_keys = found(core_of(pids("keys")[0], "after"))
ok("the keys of before are gone from its memory", not in_keys, str(in_keys))

# A file that was replaced meanwhile is not taken without a reload: its certificate was judged with the other.
with open(os.path.join(keys_dir, "p521.key"), "wb") as f:
    f.write(FILES["rsa.key"])
os.kill(pids("keys")[0], signal.SIGKILL)
ok("another key in the file is refused", wait_for(5, lambda: state()["refused"] == 1) and "another key" in state()["keys"][0]["reason"], str(state()))
ok("and taken by a reload", sp.reload(check=False).returncode == 0 and ready(1), str(state()))
sp.configure(BASE)
ok("without keys there is no process", sp.reload(check=False).returncode == 0 and wait_for(3, lambda: not pids("keys")), str(pids("keys")))
sp.configure(BASE + trustpoints("pki/locked.key", "pki/ec.key"))
sp.stop()
sp.start()
ok("at the start a bad key is an entry in the log, and the others work",
   state()["ready"] == 1 and state()["refused"] == 1 and "it is encrypted" in sp.log_text(), str(state()))
ok("no passphrase, no file's text in the log", b"PRIVATE KEY" not in sp.log_text().encode())
left = pids("keys")
ok("the daemon stops cleanly", sp.stop() == 0)
ok("and leaves no keys process", wait_for(3, lambda: not [p for p in left if os.path.exists("/proc/%d" % p)]))
done()
