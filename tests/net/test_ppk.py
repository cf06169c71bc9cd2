#!/usr/bin/env python3
"""Post-quantum pre-shared keys (RFC 8784) with strongSwan in each role: the right one, a wrong one, one that
the other side does not know, none at all; required and not."""
import re
from lib import *

RIGHT = "0123456789abcdef0123456789abcdef"
GATEWAY = """
crypto ikev2 keyring PQ
 peer OPTIONAL
  identity email domain psk.test
  ppk manual id pq-1 key %(key)s
 peer STRICT
  identity email domain strict.test
  ppk manual id pq-1 required key %(key)s
crypto ikev2 keyring KR
 peer STRICT
  identity email domain strict.test
  pre-shared-key %(psk)s
crypto ikev2 profile RA
 match identity remote email domain strict.test
 keyring ppk PQ
""" % dict(key=RIGHT, psk=PSK)

BRANCH = """
hostname branch
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key %(psk)s
crypto ikev2 keyring PQ
 peer ALL
  address 0.0.0.0 0.0.0.0
  ppk manual id %(id)s %(required)s key %(key)s
crypto ikev2 profile HUB
 match identity remote fqdn gw.example.test
 identity local email client2@psk.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 keyring ppk PQ
crypto ipsec profile HUB
 set ikev2-profile HUB
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination 10.99.1.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile HUB
ip route 10.99.2.0 255.255.255.0 Tunnel1
"""


def conn(name, required=False):
    return dict(ike_more="ppk_id = %s\n    ppk_required = %s" % (name, "yes" if required else "no") if name else "")


def secret(name, key):
    return 'ppk-1 { id-1 = %s\n secret = "%s" }' % (name, key)


def used(sp):
    return [s["ppk"] for s in sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"] if s["status"] == "READY"]


top = Topology()
client = top.client(1)
gw = Sallyport(top.gw, CONF + GATEWAY, name="gw").start()
ss = StrongSwan(client, vips="0.0.0.0", remote_ts="10.99.2.0/24", secrets=secret("pq-1", RIGHT), **conn("pq-1")).start()


def failures():
    return re.findall(r"ike_auth_failed .* status=(\w+)", gw.log_text())


def attempt(title, works, ppk=None, status=None, user="client1@psk.test", key=("pq-1", RIGHT), **how):
    """strongSwan connects as the connection says."""
    before = failures()
    ss.write(id=user, secrets=secret(*key), **conn(**how) if how else conn(None))
    came = ss.up()
    ok(title + (": connects" if works else ": is refused"), came == works, ss.last + ss.log_text()[-1200:])
    if works:
        ok(title + ": traffic, and show says it", client.ping("10.99.2.2", count=2) == 2 and used(gw) == [ppk], "%s %s" % (used(gw), gw.tail()))
    else:
        ok(title + ": the reason has a name", failures()[len(before):] == [status], gw.tail(5))


attempt("the right one", True, ppk=True, name="pq-1")
ok("strongSwan used it", "using PPK for PPK_ID 'pq-1'" in ss.log_text(), ss.log_text()[-2000:])
text = gw.command("show", "crypto", "ikev2", "sa", "detailed").stdout
ok("show in the guide's words", "Quantum-safe Encryption using Manual PPK" in text and RIGHT not in text, text)
for what in ("--child net", "--ike psk"):
    ss.ctl("--rekey", *what.split(), check=False)
gw.command("rekey", "crypto", "ikev2", "sa")
ok("rekeyed by both sides: traffic", wait_for(5, lambda: client.ping("10.99.2.2", count=2) == 2) and used(gw) == [True])
gw.kill_main()
ok("main died: it is remembered", wait_for(10, gw.answers) and used(gw) == [True] and client.ping("10.99.2.2", count=2) == 2)
ss.down()
attempt("required by both", True, ppk=True, user="a@strict.test", name="pq-1", required=True)
ss.down()
attempt("another key", False, status="auth_failed", key=("pq-1", "another key that is as long as it"), name="pq-1")
attempt("an ID that we do not know", True, ppk=False, key=("pq-2", RIGHT), name="pq-2")
ss.down()
attempt("an ID that we do not know, required there", False, status="ppk_unknown", key=("pq-2", RIGHT), name="pq-2", required=True)
attempt("an ID that we do not know, required here", False, status="ppk_unknown", user="a@strict.test", key=("pq-2", RIGHT), name="pq-2")
attempt("none", True, ppk=False)
ss.down()
attempt("none, required here", False, status="ppk_required", user="a@strict.test")
r = gw.command("show", "running-config").stdout
ok("the configuration keeps its secret", "ppk manual id pq-1 required key" in r and RIGHT not in r, r)
ss.stop()
gw.stop()

# ---- strongSwan is the gateway ------------------------------------------------------------------------
gw2 = Host("gw2")
top.wan.join(gw2, "wan0", "10.99.1.2/24")
gw2.addr("lo", "10.99.2.2/32")
charon = StrongSwanGateway(gw2, secrets=secret("pq-1", RIGHT), **conn("pq-1")).start()
c2 = top.client(2)
branch = Sallyport(c2, "", name="branch")


def connect(title, works, ppk=None, id="pq-1", key=RIGHT, required=False):
    branch.configure(BRANCH % dict(psk=PSK, id=id, key=key, required="required" if required else ""))
    branch.start()
    if works:
        ok(title + ": connects", wait_for(8, lambda: used(branch) == [ppk]), branch.tail() + charon.log_text()[-1500:])
        ok(title + ": traffic", c2.ping("10.99.2.2", count=2) == 2)
    else:
        ok(title + ": refused", wait_for(8, lambda: branch.sql("SELECT 1 FROM v_failures")) and not used(branch), branch.tail())
    branch.stop()


connect("we with the right one", True, ppk=True, required=True)
charon.write(**conn(None))
connect("we with an ID that strongSwan does not know", True, ppk=False, id="pq-9")
charon.write(secrets="")
connect("we with a gateway that has none", True, ppk=False)
charon.write(secrets=secret("pq-1", RIGHT))
connect("we with another key", False, key="wrong-key-wrong-key")
done()
