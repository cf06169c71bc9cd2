#!/usr/bin/env python3
"""`sallyport run --quickstart` on a machine without a configuration: what it prints is enough for a
strongSwan client, word by word."""
import re
from lib import *

t = Topology()
folder = os.path.join(WORK, "quick")
conf, state, sock = (os.path.join(folder, *p) for p in (("etc", "sallyport.conf"), ("state",), ("run", "control.sock")))


def start(log):
    p = spawn(t.gw.ns, BIN, "run", "--quickstart", "-c", conf, "--state", state, "--socket", sock, log=log)
    ok("it answers", wait_for(10, lambda: run(BIN, "show", "version", "--socket", sock, check=False).returncode == 0))
    with open(log) as f:
        return p, f.read()


first, said = start(os.path.join(WORK, "first"))
print("   " + said.replace("\n", "\n   "))
ok("a configuration was written, for root only", os.path.exists(conf) and os.stat(conf).st_mode & 0o777 == 0o600)
ok("check takes it without a warning", (lambda r: r.returncode == 0 and "0 warnings" in r.stdout)(run(BIN, "check", conf, check=False)))
ok("it says what it listens on", "Listening on UDP ports 500 and 4500" in said)
m = re.search(r"^  connections \{\n.*?^  \}\n  secrets \{\n.*?^  \}\n", said, re.M | re.S)
ok("it says how a client connects", m, said)
snippet = m.group(0) if m else ""
ok("with the address a client sees", "remote_addrs = 10.99.1.1\n" in snippet, snippet)
with open(conf) as f:
    ok("ESP is encapsulated, also where a client does not ask for it", "nat force-encapsulation" in f.read())
key = re.search(r'secret = "(\w+)"', snippet)
ok("the key is random and long", key and len(key.group(1)) >= 24, snippet)

ss = StrongSwan(t.client(1))
ss.write = lambda **_: None
ss.start()
with open(os.path.join(ss.dir, "swanctl.conf"), "w") as f:
    f.write(snippet)
ss.ctl("--load-all", "--noprompt")
r = ss.ctl("--initiate", "--child", "sallyport", "--timeout", "15", check=False)
ok("strongSwan connects with exactly that", r.returncode == 0, r.stdout[-800:])
ok("it has both addresses", any("." in a for a in ss.addresses()) and any(":" in a for a in ss.addresses()), str(ss.addresses()))
ok("ping to the headend", ss.host.ping("10.99.0.1") == 3)
net6 = re.search(r"reaches 10\.99\.0\.1 and (\S+::1)", said)
ok("ping to the headend over IPv6", net6 and ss.host.ping(net6.group(1)) == 3, str(net6 and net6.group(1)))
s = json.loads(run(BIN, "show", "crypto", "session", "--json", "--socket", sock).stdout)["sessions"]
ok("one session", len(s) == 1 and s[0]["identity"] == "me@sallyport", str(s))
ss.ctl("--terminate", "--ike", "sallyport", "--timeout", "5", check=False)
stop_process(first)
ok("Ctrl-C or SIGTERM ends it cleanly", first.returncode == 0, str(first.returncode))

with open(conf) as f:
    written = f.read()
second, said = start(os.path.join(WORK, "second"))
ok("the next start keeps the configuration and shows no key", open(conf).read() == written and "secret" not in said and
   (not key or key.group(1) not in said), said)
r = ss.ctl("--initiate", "--child", "sallyport", "--timeout", "15", check=False)
ok("and the client connects again", r.returncode == 0, r.stdout[-800:])
ss.stop()
stop_process(second, sig=signal.SIGINT)
ok("clean stop", second.returncode == 0)
done()
