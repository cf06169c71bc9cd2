#!/usr/bin/env python3
# long: 60
"""Sixty logins by EAP-TLS and sixty by EAP-MSCHAPv2 at the same moment: all get in, an established client loses no packet, nothing is
left of their conversations, and memory stays where the first crowd had brought it. Then the same with the keys process killed in
the middle: what fails fails for this time only."""
import re
import subprocess
import threading

import pki_lib
import lib
from lib import *
from swan_lib import Swan

EACH = 60
PASSWORD = "the password of all"
LEFT_KIB = 3 << 10 # what a crowd may leave in memory that was there already for the one before
CROWD_CONF = CONF.replace("aaa new-model\n", "aaa new-model\naaa authentication login LOCAL local\n%(users)s") + """
no sallyport half-open per-source
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 profile CROWD
 match identity remote email domain eap.test
 identity local fqdn gw.example.test
 authentication remote eap query-identity
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authentication eap LOCAL
 aaa authorization group eap list LOCAL RA
 sallyport eap methods mschapv2 tls
 virtual-template 1
"""
CONNECTION = """ %(name)s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = 10.99.1.1
  vips = 0.0.0.0
  keyingtries = 1
  local { auth = eap-%(method)s
          id = %(name)s@eap.test
          eap_id = %(user)s
          %(certs)s }
  remote { auth = pubkey
           id = gw.example.test }
  children { %(name)s { remote_ts = 10.99.2.0/24
                        esp_proposals = aes128gcm16
                        start_action = start } } }
"""

t = Topology()
root = pki_lib.Authority("Crowd Root", kind="rsa")
gw = root.leaf("gw", kind="rsa", san=["dns:gw.example.test"], eku=["server"])
names = ["t%d" % i for i in range(EACH)], ["m%d" % i for i in range(EACH)]
certs = {n: root.leaf(n, kind="p256", san=["email:%s@eap.test" % n], eku=["client"]) for n in names[0]}
users = "".join("username %s password 0 %s\n" % (n, PASSWORD) for n in names[1])


def connections():
    for n in names[0]:
        yield CONNECTION % dict(name=n, method="tls", user=n + "@eap.test", certs="certs = " + certs[n].chain_file)
    for n in names[1]:
        yield CONNECTION % dict(name=n, method="mschapv2", user=n, certs="")


def crowd():
    """All begin when their connections are loaded."""
    secrets = "".join("eap-%s { id = %s\n secret = \"%s\" }\n" % (n, n, PASSWORD) for n in names[1])
    return Swan(host, "".join(connections()), secrets, cas=[root], keys=list(certs.values()), retransmits=8, timeout="1.0")


def rss_kib(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


def pid_of(comm):
    pids = run("ps", "-o", "pid=,comm=", "--ppid", sp.process.pid, check=False).stdout.splitlines()
    return next(int(line.split()[0]) for line in pids if comm in line)


def niceness():
    """{name of a thread or process: how nice it is}"""
    found = {}
    for pid in (main, keys):
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/stat" % (pid, task)) as f:
                name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
            found[name] = int(rest.split()[16])
    return found


class Pings:
    """Twenty a second through the tunnel of the client that was there before."""

    def __init__(self):
        self.process = subprocess.Popen(["ip", "netns", "exec", first.host.ns, "ping", "-q", "-n", "-i", "0.05", "-W", "2", "10.99.2.2"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lib._processes.append(self.process)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        out = self.process.communicate(timeout=10)[0]
        return tuple(int(n) for n in re.search(r"(\d+) packets transmitted, (\d+) received", out).groups())


def all_over():
    c = sp.counters()
    return c["eap_conversations"] == 0 and c["half_open"] == 0 and c["certificates_being_judged"] == 0


def everybody_in(what):
    """A crowd comes, is served and leaves."""
    pings, swan = Pings(), crowd().start()
    came = wait_for(40, lambda: sp.counters()["sessions"] == 1 + 2 * EACH)
    sent, got = pings.stop()
    ok("%s: all %d are in" % (what, 2 * EACH), came, "%d; %s" % (sp.counters()["sessions"], sp.tail(3)))
    ok("%s: the client that was there lost none of %d pings" % (what, sent), sent > 5 and sent == got, str((sent, got)))
    ok("%s: no conversation is left" % what, wait_for(5, all_over), str(sp.counters()["eap_conversations"]))
    swan.stop()
    ok("%s: and all are gone" % what, wait_for(20, lambda: sp.counters()["sessions"] == 1), str(sp.counters()["sessions"]))
    return rss_kib(main), rss_kib(keys)


sp = Sallyport(t.gw, CROWD_CONF % dict(users=users, ca=root.cert_file, cert=gw.chain_file, key=gw.key_file)).start()
main, keys = pid_of("sallyport-main"), pid_of("sallyport-keys")
nice = niceness()
ok("what logs people in is nicer than what moves packets", nice["jobs"] == nice["sallyport-keys"] == min(19, nice["worker-0"] + 5), str(nice))
host = t.client(2)
first = StrongSwan(t.client(1)).start()
ok("a client is there", first.up(), getattr(first, "last", ""))
before = everybody_in("first crowd")
after = everybody_in("second crowd")
print("   main %d and %d KiB, keys %d and %d KiB" % (before[0], after[0], before[1], after[1]))
ok("memory of main is where it was", after[0] <= before[0] + LEFT_KIB, str((before, after)))
ok("and that of the keys process", after[1] <= before[1] + 256, str((before, after)))

signed, pings, swan = sp.show("keys")["signatures"], Pings(), crowd()
coming = threading.Thread(target=swan.start)
coming.start()
wait_for(15, lambda: sp.show("keys")["signatures"] > signed + 5)
made = sp.show("keys")["signatures"] - signed
os.kill(keys, signal.SIGKILL)
ok("signatures were being made", 5 < made < 3 * EACH, str(made)) # of a login by EAP-TLS there are two
coming.join()
ok("the loss is seen and another process runs", wait_for(10, lambda: sp.show("keys")["process_losses"] == 1 and sp.show("keys")["ready"] == 1),
   str(sp.show("keys")))
ok("every login has an end", wait_for(30, all_over), str(sp.counters()["eap_conversations"]))
some = sp.counters()["sessions"] - 1
print("   %d of %d came in although their keys process was killed" % (some, 2 * EACH))
sent, got = pings.stop()
ok("the client that was there lost none of %d pings" % sent, sent == got, str((sent, got)))
ok("main is the same", pid_of("sallyport-main") == main)
swan.stop()
ok("all are gone", wait_for(20, lambda: sp.counters()["sessions"] == 1), str(sp.counters()["sessions"]))
keys = pid_of("sallyport-keys")
everybody_in("the next crowd")
first.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
