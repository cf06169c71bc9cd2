#!/usr/bin/env python3
"""The RADIUS client by itself (tests/net/radius_client.c) against FreeRADIUS: logins, what is hidden in answers, accounting, a server that
is not there, a wrong secret, and answers without a proof."""
import pki_lib
from freeradius_lib import FreeRadius
from lib import *

CLIENT = os.path.join(ROOT, "build", "plain", "net", "radius_client")
if not os.path.exists(CLIENT):
    skip("build/plain/net/radius_client is not built")
SECRET = "radius-secret"
REPLY = ("Reply-Message := \"hello\", Cisco-AVPair += \"ipsec:route-set=prefix 10.0.0.0/8\", Tunnel-Password:1 := \"a hidden word\", "
         "MS-MPPE-Recv-Key := \"01234567890123456789012345678901\"")
# FreeRADIUS 3.2.1 proves an answer to a password only when it is told to.
PROVED = ", Message-Authenticator := 0x00"

host = Host("radius")
root = pki_lib.Authority("Test Root", kind="p256")
server = root.leaf("radius", kind="p256", san=["dns:radius.test"], eku=["server"])
users = {"anna": ("secret", REPLY + PROVED), "bert": ("x" * 40, REPLY), "cleo": ("a password of more than sixteen octets", REPLY + PROVED)}
radius = FreeRadius(host, users, server, root, secret=SECRET, signs=False).start()


def ask(*commands, ports="1812", secret=SECRET, trust="demands", address="127.0.0.1"):
    r = host.run(CLIENT, address, ports, secret, trust, *commands, check=False)
    return r.stdout.splitlines(), "exit %d: %s; server: %s" % (r.returncode, r.stdout, radius.log_text()[-600:]), r.returncode


WHOLE = "ok 2 server0 hello ipsec:route-set=prefix 10.0.0.0/8 tunnel-password=a hidden word key=01234567890123456789012345678901"

lines, why, code = ask("login", "anna", "secret")
ok("a login, and what is hidden in its answer", lines and sorted(lines[0].split()) == sorted(WHOLE.split()), why)
ok("nothing was dropped, and nothing is left", "bad 0 dropped 0 malformed 0 unknown 0" in lines[-1] and code == 0, why)
lines, why, _ = ask("login", "cleo", users["cleo"][0])
ok("a password of several blocks", lines and lines[0].startswith("ok 2 server0"), why)
# The answer of a refusal has no attributes of users, and so no proof.
lines, why, _ = ask("login", "anna", "wrong", trust="trusts")
ok("a wrong password", lines and lines[0].startswith("ok 3 server0"), why)
lines, why, _ = ask("login", "bert", users["bert"][0])
ok("an answer without Message-Authenticator is none", lines and lines[-2].startswith("radius_bad_reply 0") and "bad 3" in lines[-1], why)
lines, why, _ = ask("login", "bert", users["bert"][0], trust="trusts")
ok("unless the server is trusted without", lines and lines[0].startswith("ok 2 server0"), why)
lines, why, _ = ask("account", "anna", "account", "bert")
ok("accounting", lines[:2] == ["ok 5 server0"] * 2 and lines[-1].endswith("accounting 2"), why)
lines, why, _ = ask("login", "anna", "secret", "login", "anna", "secret", ports="1912,1812")
ok("a server that is not there is dead, and the next one answers",
   len(lines) == 5 and lines[0] == "server0 dead" and lines[1].startswith("ok 2 server1") and lines[2].startswith("ok 2 server1")
   and "requests 1 retransmits 2" in lines[3] and "requests 2 retransmits 0" in lines[4], why)
lines, why, _ = ask("login", "anna", "secret", secret="another secret", trust="trusts")
ok("with another secret nothing is an answer", lines and lines[-2].startswith("radius_timeout 0"), why)
radius.stop()
done()
