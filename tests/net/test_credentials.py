#!/usr/bin/env python3
"""User name and password that a person gives to our client: on a terminal or by a pipe, in time, before, too late, wrong and
right, at a strongSwan gateway with MSCHAPv2 and GTC; and a second factor at a gateway of ours."""
import base64
import fcntl
import hashlib
import hmac
import pty
import re
import select
import struct
import termios
import pki_lib
from lib import *
from swan_lib import Swan

PASSWORD = "anna's passw\u00f6rd " + os.urandom(6).hex()
WRONG = "not-it-" + os.urandom(6).hex()
WAIT_S = 100 # LOGINS_WAIT_MS

t = Topology()
root = pki_lib.Authority("Test Root", kind="rsa")
gateway = root.leaf("gw", kind="p256", san=["dns:gw.hub.test"], eku=["server"])

CONNECTIONS = "".join(""" %s { version = 2
  proposals = aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256-ecp384
  pools = p4
  send_cert = always
  encap = yes
  local { auth = pubkey
          certs = %s
          id = gw.hub.test }
  remote { auth = eap-%s
           id = *@%s.test
           %s }
  children { net { local_ts = 10.99.2.0/24
                   esp_proposals = aes256gcm16-aes128gcm16 } } }
""" % (name, gateway.chain_file, method, name, "eap_id = %any" if asks else "")
    for name, method, asks in (("mschapv2", "mschapv2", True), ("gtc", "gtc", True), ("silent", "mschapv2", False)))
SECRETS = " eap-1 { id-1 = anna\n id-2 = box@silent.test\n secret = \"%s\" }\n" % PASSWORD

BRANCH = """
hostname branch
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 revocation-check none
crypto ikev2 profile HUB
 match identity remote fqdn domain hub.test
 identity local email box@%(at)s.test
 authentication remote rsa-sig
 authentication remote ecdsa-sig
 authentication local eap%(more)s
 pki trustpoint HQ
%(dpd)scrypto ipsec profile HUB
 set ikev2-profile HUB
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination dynamic
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
crypto ikev2 client flexvpn HOME
 client connect Tunnel1
 peer 1 %(peer)s
 connect %(connect)s
ip route 10.99.2.0 255.255.255.0 Tunnel1
"""


GATEWAY = """
hostname gw
aaa new-model
aaa authentication login LOCAL local
aaa authorization network LOCAL local
ip local pool RA 10.100.7.10 10.100.7.50
crypto ikev2 authorization policy RA
 pool RA
crypto pki trustpoint HQ
 revocation-check none
 sallyport ca-certificate %s
 sallyport certificate %s
 sallyport private-key %s
crypto ikev2 profile PEOPLE
 match identity remote any
 identity local fqdn gw.hub.test
 authentication local ecdsa-sig
 authentication remote eap query-identity
 pki trustpoint HQ
 aaa authentication eap LOCAL
 aaa authorization group eap list LOCAL RA
 sallyport eap methods gtc
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
""" % (root.cert_file, gateway.chain_file, gateway.key_file)


def code_of(secret, steps=0):
    """RFC 6238, so many steps from now."""
    digest = hmac.new(base64.b32decode(secret), struct.pack("!Q", int(time.time()) // 30 + steps), hashlib.sha1).digest()
    at = digest[19] & 15
    return "%06d" % ((struct.unpack("!I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000)


def conf(at="mschapv2", connect="manual", more="", peer="10.99.1.1", dpd=" dpd 10 2 periodic\n"):
    return BRANCH % dict(ca=root.cert_file, at=at, connect=connect, more=more, peer=peer, dpd=dpd)


def argv(sp, *words):
    return ["ip", "netns", "exec", sp.host.ns, BIN, "crypto", "eap", "credentials", *words, "--socket", sp.socket]


def pipe(sp, *lines, profile="HUB", timeout=40):
    """(exit code, what was said) of the command with these lines on standard input."""
    r = subprocess.run(argv(sp, profile), input="".join(line + "\n" for line in lines), stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=timeout)
    return r.returncode, r.stdout


# A shell with job control, as far as stopping goes: only whose parent is of the same session is stopped by the terminal.
SHELL = """
import os, signal, sys
pid = os.fork()
if not pid:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, sp, profile="HUB", is_job=False):
        self.master, slave = pty.openpty()
        words = ([sys.executable, "-c", SHELL] if is_job else []) + argv(sp, profile)
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave
        self.text = ""

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def see(self, words, seconds=15):
        """Everything until words came; they do not come twice."""
        end = time.monotonic() + seconds
        while words not in self.text and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 4096).decode(errors="replace")
        found = words in self.text
        if found:
            self.text = self.text[self.text.index(words) + len(words):]
        return found

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, seconds=15):
        """Exit code; what else was said is in text."""
        code = self.process.wait(seconds)
        while select.select([self.master], [], [], 0.1)[0]:
            self.text += os.read(self.master, 4096).decode(errors="replace")
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        os.close(self.master)
        os.close(self.slave)


def client(sp):
    return sp.show("crypto", "ikev2", "client", "flexvpn")["clients"][0]


def waits(sp, what="user name and password", seconds=10):
    return wait_for(seconds, lambda: client(sp)["waits_for"] == what)


def connect(sp):
    sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME")


def is_up(sp, seconds=8):
    return wait_for(seconds, lambda: client(sp)["state"] == "ACTIVE")


def disconnect(sp):
    sp.command("clear", "crypto", "ikev2", "client", "flexvpn", "HOME")
    return wait_for(8, lambda: not sp.show("crypto", "ikev2", "sa")["ikev2_sas"])


def forget(sp):
    return sp.command("clear", "crypto", "eap", "credentials", "HUB").stdout


def wanted(sp):
    """How often the log asked for somebody."""
    return sp.log_text().count("credentials_wanted")


gw = Swan(t.gw, CONNECTIONS, SECRETS, cas=[root], keys=[gateway], extra="plugins { eap-gtc { backend = generic } }\n").start()
# Somebody who never comes: how that ends is looked at last.
alone = Sallyport(t.client(2), conf(dpd=""), name="alone").start()
connect(alone)
ok("alone: it waits", waits(alone))
alone_since = time.monotonic()
# And somebody who comes when the gateway has given up (strongSwan: after 30 s).
late = Sallyport(t.client(4), conf(dpd="", connect="auto"), name="late").start()
ok("late: it waits", waits(late))
late_since = time.monotonic()

# ---- on a terminal -----------------------------------------------------------------------------------
sp = Sallyport(t.client(1), conf(), name="branch").start()
connect(sp)
ok("a login waits for its user", waits(sp), str(client(sp)) + sp.tail(4))
ok("the log says what to do", re.search(r'credentials_wanted profile=HUB wants="user name and password".*command="sallyport crypto eap credentials HUB"',
                                         sp.log_text()), sp.tail(5))
text = sp.command("show", "crypto", "ikev2", "client", "flexvpn").stdout
ok("show client says it", re.search(r"Waits for \d+ s for its user's user name and password: sallyport crypto eap credentials HUB", text), text)
text = sp.command("show", "crypto", "session").stdout
ok("show session says it", "sallyport crypto eap credentials HUB" in text and "DOWN-NEGOTIATING" in text, text)
ok("... in JSON, too", sp.show("crypto", "session")["down"][0]["waits_for"] == "user name and password")

for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM, signal.SIGPIPE, signal.SIGRTMIN):
    term = Terminal(sp)
    seen = term.see("User name") and (term.type("anna\n") or True) and term.see("Password: ") and wait_for(3, lambda: not term.echoes())
    term.type("half of it")
    term.process.send_signal(sig)
    code = term.end()
    ok("%s at the prompt: it dies of it, the terminal echoes again" % sig.name, seen and code == -sig and term.echoes() and "half" not in term.text,
       "%s %s %r" % (code, term.echoes(), term.text))
    term.close()

term = Terminal(sp, is_job=True)
ok("a terminal is asked for the user name", term.see("User name"), term.text)
ok("... which is echoed", term.echoes())
term.type("anna\n")
ok("... and for the password", term.see("Password: "), term.text)
ok("... which is not echoed", wait_for(3, lambda: not term.echoes()))
term.type("half of it")
job = int(run("ps", "-o", "pid=", "--ppid", str(term.process.pid)).stdout)
os.write(term.master, b"\x1a")
ok("stopped, the terminal echoes", wait_for(5, term.echoes))
ok("... and it is stopped", wait_for(5, lambda: open("/proc/%d/stat" % job).read().rsplit(")", 1)[1].split()[0] == "T"))
os.kill(job, signal.SIGCONT)
ok("continued, it asks again", term.see("Password: ") and wait_for(3, lambda: not term.echoes()), term.text)
os.kill(job, signal.SIGWINCH)
term.type(PASSWORD + "\n")
code = term.end()
ok("it says that it is connected", code == 0 and "connected" in term.text, "%d %r" % (code, term.text))
ok("... and no password", "half" not in term.text and PASSWORD[:6] not in term.text, repr(term.text))
ok("... and the terminal echoes", term.echoes())
term.close()
ok("the client is connected", is_up(sp), str(client(sp)))
ok("... carries packets", sp.host.ping("10.99.2.2", count=1) == 1)
ok("nothing waits any more", client(sp)["waits_for"] == "")

# ---- kept, forgotten -----------------------------------------------------------------------------------
before = wanted(sp)
ok("clear of the client", disconnect(sp))
connect(sp)
ok("the next login has it already", is_up(sp) and wanted(sp) == before, sp.tail(4))
ok("clear forgets it", "forgotten" in forget(sp) and "nothing" in forget(sp))
disconnect(sp)
connect(sp)
ok("... and the next login waits", waits(sp) and wanted(sp) == before + 1)

# ---- wrong, then right, by a pipe ------------------------------------------------------------------------
code, said = pipe(sp, "anna", WRONG)
ok("a wrong password is refused, with the reason", code == 1 and "refused: the gateway refuses: wrong user name or password" in said, "%d %s" % (code, said))
ok("... and forgotten", "nothing" in forget(sp))
connect(sp)
ok("... so that the next login asks again", waits(sp))
code, said = pipe(sp, "anna", PASSWORD)
ok("the right one connects", code == 0 and "connected" in said and is_up(sp), "%d %s" % (code, said))
disconnect(sp)
forget(sp)

# ---- before ------------------------------------------------------------------------------------------------
code, said = pipe(sp, "anna", PASSWORD)
ok("nothing waits: it is kept", code == 0 and "kept for the next one" in said, "%d %s" % (code, said))
before = wanted(sp)
connect(sp)
ok("... and used", is_up(sp) and wanted(sp) == before, sp.tail(4))
sp.configure(conf(more=" ms-chapv2"))
sp.reload()
ok("a reload that changes the profile forgets it", "nothing" in forget(sp))
pipe(sp, "anna", PASSWORD)
sp.configure(conf(more=" ms-chapv2").replace("hostname branch", "hostname twig"))
sp.reload()
ok("... one that does not, does not", "forgotten" in forget(sp))
disconnect(sp)
connect(sp)
ok("a login waits once more", waits(sp))
sp.configure(conf())
sp.reload()
ok("... and ends with its profile", wait_for(8, lambda: client(sp)["state"] == "IDLE"), str(client(sp)))

# ---- other gateways ------------------------------------------------------------------------------------------
sp.configure(conf("gtc"))
sp.reload()
connect(sp)
ok("GTC: it waits", waits(sp))
code, said = pipe(sp, "anna", WRONG)
ok("GTC: a wrong password is refused", code == 1 and "refused" in said and "forgotten" in said, "%d %s" % (code, said))
connect(sp)
waits(sp)
term = Terminal(sp)
term.see("User name")
term.type("anna\n")
term.see("Password: ")
term.type(PASSWORD + "\n")
code = term.end()
ok("GTC: connected", code == 0 and is_up(sp), "%d %r" % (code, term.text))
term.close()
disconnect(sp)

sp.configure(conf("silent"))
sp.reload()
connect(sp)
ok("a gateway that asks for no identity: only the password is wanted", waits(sp, "password"), str(client(sp)))
term = Terminal(sp)
ok("... and asked for", term.see("Password: ") and "User name" not in term.text)
term.type(PASSWORD + "\n")
code = term.end()
ok("... with the IKE identity as the name", code == 0 and is_up(sp), "%d %r" % (code, term.text))
term.close()
disconnect(sp)
sp.configure(conf(more=" username anna"))
sp.reload()
connect(sp)
ok("a user name of the profile: only the password is wanted", waits(sp, "password"))
code, said = pipe(sp, "bert", PASSWORD)
ok("... and no other name", code == 1 and "another user name" in said, "%d %s" % (code, said))
code, said = pipe(sp, "", PASSWORD)
ok("... connects", code == 0 and is_up(sp), "%d %s" % (code, said))
disconnect(sp)

# ---- a second factor, at a gateway of ours ------------------------------------------------------------------------
ours = Sallyport(t.client(3), GATEWAY, name="ours").start()
user = ["ip", "netns", "exec", ours.host.ns, BIN, "user", "--socket", ours.socket, "--state", ours.state]
subprocess.run(user + ["add", "anna", "gtc"], input=PASSWORD + "\n", text=True, check=True, timeout=20)
secret = re.search(r"secret (\w+)", run(*user, "totp", "anna").stdout).group(1)
sp.configure(conf(peer="10.99.1.13"))
sp.reload()
connect(sp)
ok("second factor: the login waits", waits(sp))
code, said = pipe(sp, "anna", PASSWORD, code_of(secret, -1))
ok("second factor: the third line is the answer", code == 0 and "connected" in said and is_up(sp), "%d %s" % (code, said) + sp.tail(4))
disconnect(sp)
connect(sp)
ok("second factor: the password is kept, the answer is not", waits(sp, "another answer"), str(client(sp)))
term = Terminal(sp)
ok("... it is asked for, in the gateway's words", term.see("The gateway says: ") and term.see("Answer: ") and wait_for(3, lambda: not term.echoes()), term.text)
term.type(code_of(secret) + "\n")
code = term.end()
ok("... and connects", code == 0 and is_up(sp), "%d %r" % (code, term.text) + ours.tail(3))
term.close()
disconnect(sp)
connect(sp)
waits(sp, "another answer")
code, said = pipe(sp, "anna", PASSWORD, "000000")
ok("a wrong answer is refused, and all is forgotten", code == 1 and "refused" in said and "nothing" in forget(sp), "%d %s" % (code, said))
ok("our gateway: clean stop", ours.stop() == 0, ours.tail())

# ---- what is refused ---------------------------------------------------------------------------------------------
for words, why in (((), "which profile"), (("HUB", "anna", "x"), "too many words"), (("NONE",), "there is no profile")):
    r = run(*argv(sp, *words), check=False)
    ok("refused: %s" % why, r.returncode in (1, 2) and why in r.stdout, r.stdout)
for lines, why in (((), "user name"), (("anna",), "password"), (("anna", ""), "1 to 256"), (("a" * 256, "x"), "user name"), (("anna", "x" * 300), "password")):
    code, said = pipe(sp, *lines)
    ok("refused: %s on standard input" % (", ".join(map(str, map(len, lines))) or "nothing"), code == 2 and why in said, "%d %s" % (code, said))
sp.configure(conf(more=" username anna password 0 " + PASSWORD))
sp.reload()
code, said = pipe(sp, "anna", PASSWORD)
ok("refused: the profile has a password", code == 1 and "in the configuration" in said, "%d %s" % (code, said))
group = os.stat(sp.socket).st_gid
r = run("setpriv", "--reuid=65534", "--regid=%d" % group, "--clear-groups", *argv(sp, "HUB")[4:], check=False)
ok("refused: another uid", r.returncode == 1 and "needs root" in r.stdout, r.stdout)

# ---- a client that connects by itself ----------------------------------------------------------------------------
sp.configure(conf(connect="auto"))
sp.reload()
ok("auto: it waits", waits(sp), str(client(sp)))
failures = gw.log_text().count("EAP_MSCHAPV2 failed")
code, said = pipe(sp, "anna", WRONG)
ok("auto: a wrong password is refused", code == 1 and "refused" in said, "%d %s" % (code, said))
ok("auto: it waits again", waits(sp), str(client(sp)))
ok("auto: the wrong password was said once", gw.log_text().count("EAP_MSCHAPV2 failed") == failures + 1)
code, said = pipe(sp, "anna", PASSWORD)
ok("auto: connected", code == 0 and is_up(sp), "%d %s" % (code, said))
before, ups = wanted(sp), sp.log_text().count("client_up")
gw.down("mschapv2")
ok("auto: it connects again by itself", wait_for(20, lambda: sp.log_text().count("client_up") > ups) and is_up(sp) and wanted(sp) == before, sp.tail(6))
old = sp.kill_main()
ok("auto: main is back after a kill", wait_for(10, sp.answers) and sp.main_pid() != old, sp.tail())
ok("... and what was given died with it", "nothing" in forget(sp))
ok("... the session did not", is_up(sp))

# ---- somebody comes late ----------------------------------------------------------------------------------------------
wait_for(35 - (time.monotonic() - late_since), lambda: False)
ok("late: it still waits", client(late)["waits_for"])
before = wanted(late)
code, said = pipe(late, "anna", PASSWORD, timeout=60)
ok("late: it says that nobody answered, and that it is kept", code == 1 and "not connected: no answer in time" in said and "kept" in said, "%d %s" % (code, said))
ok("late: the next attempt has it", is_up(late, 15) and wanted(late) == before, late.tail(5))
ok("late: clean stop", late.stop() == 0, late.tail())

# ---- nobody comes ---------------------------------------------------------------------------------------------------
left = WAIT_S - (time.monotonic() - alone_since)
print("   %.0f s until nobody came" % left)
ok("alone: it still waits", left < 3 or client(alone)["waits_for"])
ok("alone: in the end it does not", wait_for(max(left, 0) + 6, lambda: client(alone)["state"] == "IDLE"), str(client(alone)))
waited = time.monotonic() - alone_since
ok("alone: not before its time", left < 3 or WAIT_S - 3 < waited < WAIT_S + 6, "%.1f s" % waited)
ok("alone: the reason is told", "no user name and password" in client(alone)["reason"], str(client(alone)))
code, said = pipe(alone, "anna", PASSWORD)
ok("alone: too late, and kept for the next login", code == 0 and "kept for the next one" in said, said)
connect(alone)
ok("alone: which has it", is_up(alone), str(client(alone)))
ok("alone: clean stop", alone.stop() == 0, alone.tail())
ok("clean stop", sp.stop() == 0, sp.tail())
said = sp.log_text() + alone.log_text() + gw.log_text()
ok("no log has a password", PASSWORD not in sp.log_text() + alone.log_text() and WRONG not in said)
gw.stop()
done()
