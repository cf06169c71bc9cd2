#!/usr/bin/env python3
"""Session resumption (RFC 5723) by a client that shares nothing with us: tickets given, used once, refused when altered, expired,
of another key, of a session that was ended; after kill -9 of main and of everything. And between two Sallyports: the client comes
back with a ticket when the gateway lost its memory."""
import ctypes
import socket

from lib import *

sys.path.insert(0, os.path.join(ROOT, "tests", "peer"))
import ike_peer as ike  # noqa: E402

ON = "sallyport ike resumption lifetime 600\naaa server radius dynamic-author\n client 127.0.0.1 server-key key\n"
libc = ctypes.CDLL(None, use_errno=True)


def socket_in(host):
    """A UDP socket in the namespace of a host."""
    with open("/proc/self/ns/net") as ours, open("/run/netns/%s" % host.ns) as theirs:
        assert libc.setns(theirs.fileno(), 0x40000000) == 0
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        finally:
            assert libc.setns(ours.fileno(), 0x40000000) == 0


t = Topology()
host = t.client(1)
sp = Sallyport(t.gw, CONF + ON).start()

# Meanwhile: a Sallyport as client, whose gateway will be lost. Its DPD takes some seconds to notice.
CLIENT = """
hostname roadrunner
sallyport dpd retries 1
sallyport ike resumption
crypto ikev2 keyring KR
 peer GW
  address 10.99.1.1
  pre-shared-key %s
crypto ikev2 profile P
 match identity remote fqdn gw.example.test
 identity local email road@psk.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 dpd 10 2 periodic
crypto ipsec profile IP
 set ikev2-profile P
interface Tunnel1
 ip address negotiated
 tunnel mode ipsec ipv4
 tunnel source dynamic
 tunnel destination 10.99.1.1
 tunnel protection ipsec profile IP
ip route 10.99.2.0 255.255.255.0 Tunnel1
""" % PSK
road = Sallyport(t.client(2), CLIENT, "road").start()


def peer(identity="anna@psk.test"):
    return ike.Peer(socket_in(host), "10.99.1.1", identity, "gw.example.test", PSK)


def session(identity="anna@psk.test"):
    return [s for s in sp.sessions() if s["identity"] == identity]


def end_reason(ulid):
    return sp.sql("select end_reason from v_history where ulid = '%s'" % ulid)


def said(token):
    return sp.log_text().count("status=%s " % token)


def refused(name, ticket, sk_d, token, who=None):
    before = said(token)
    try:
        (who or peer()).resume(ticket, sk_d)
        ok(name, False, "it was resumed")
    except ike.Refused as e:
        ok(name, e.kinds == {ike.TICKET_NACK} and wait_for(2, lambda: said(token) == before + 1),
           "%s, %s: %d" % (e, token, said(token) - before))


def keys():
    db = sqlite3.connect("file:%s?mode=ro" % os.path.join(sp.state, "secrets.db"), uri=True, timeout=5)
    try:
        return ike.read_keys(db.execute("select value from kept where name = 'ticket-keys'").fetchone()[0])
    finally:
        db.close()


a = peer().login()
ok("a ticket with the login", a.ticket and a.lifetime == 600, str(a.lifetime))
ok("ping through the tunnel", a.ping("10.99.2.2"))
one = session()[0]

# ---- what is in it, from the page about it ----
ok("the keys are in secrets.db", wait_for(3, lambda: len(keys()) == 1))
fields = ike.open_ticket(keys(), a.ticket)
ok("the ticket is what the page says", fields[7] == a.sk_d and fields[8] == b"\x03anna@psk.test" and fields[12] == b"RA"
   and fields[4] + fields[5] == a.spi_i + a.spi_r and socket.inet_ntoa(fields[13][1:]) == a.address, str(fields)[:300])
ok("nothing of the client is readable", b"anna" not in a.ticket)

# ---- resumption while the gateway still has the old SA ----
b = peer().resume(a.ticket, a.sk_d)
ok("resumed with the same address", b.address == a.address, "%s %s" % (b.address, a.address))
ok("and a fresh ticket", b.ticket and b.ticket != a.ticket)
ok("ping after resumption", b.ping("10.99.2.2"))
two = session()
ok("one session, a new one", len(two) == 1 and two[0]["session"] != one["session"], str(two)[:300])
ok("history: resumed", wait_for(3, lambda: end_reason(one["session"]) == [("resumed",)]), str(end_reason(one["session"])))
detail = sp.command("show", "crypto", "ikev2", "sa", "detailed").stdout
ok("show says so", "Resumed with a ticket or token: Yes" in detail, detail[-900:])

# ---- what is refused; the session that lives goes on ----
refused("the same ticket again", a.ticket, a.sk_d, "ticket_revoked")
altered = bytearray(b.ticket)
altered[40] ^= 1
refused("an altered ticket", bytes(altered), b.sk_d, "ticket_bad")
key_id, fields = b.ticket[1:9], ike.open_ticket(keys(), b.ticket)
old = dict(fields)
old[3] = int(time.time() - 1).to_bytes(8, "big")
old[2] = int(time.time() - 100).to_bytes(8, "big")
refused("an expired ticket", ike.seal_ticket(keys(), key_id, old), b.sk_d, "ticket_expired")
refused("a ticket of a key that nobody has", ike.seal_ticket({key_id: bytes(32)}, key_id, fields), b.sk_d, "ticket_bad")
refused("a session that never was", ike.seal_ticket(keys(), key_id, {**fields, 1: os.urandom(16)}), b.sk_d, "ticket_revoked")
refused("a ticket that is sealed nonsense", ike.seal_ticket(keys(), key_id, {1: b"x"}), b.sk_d, "ticket_bad")
try:
    peer().resume(b.ticket, os.urandom(32))
    ok("a stolen ticket without its secret", False, "resumed")
except ike.Silent:
    ok("a stolen ticket without its secret", True)
try:
    peer("bert@psk.test").resume(b.ticket, b.sk_d)
    ok("the ticket of somebody else", False, "resumed")
except ike.Refused as e:
    ok("the ticket of somebody else", e.kinds == {24}, str(e))
ok("the session was not touched", [s["session"] for s in session()] == [two[0]["session"]] and b.ping("10.99.2.2"))

# ---- a fresh one by INFORMATIONAL; main dies; everything dies ----
last = b.ticket
ok("a fresh ticket on request", b.ask_ticket() == {ike.TICKET_LT_OPAQUE} and b.ticket != last)
last, last_d = b.ticket, b.sk_d
ok("rekeying is answered with a later", ike.TICKET_ACK in b.rekey())
refused("a ticket of an SA that was rekeyed", last, last_d, "ticket_revoked")
ok("a ticket of the new SA", b.ask_ticket() == {ike.TICKET_LT_OPAQUE} and b.ticket != last and b.ping("10.99.2.2"))
sp.kill_main()
ok("main comes back", wait_for(8, sp.answers))
c = peer().resume(b.ticket, b.sk_d)
ok("resumed after main's death", c.address == a.address and c.ping("10.99.2.2"))
ok("the Sallyport client is up, with a ticket", wait_for(5, lambda: road.show("crypto", "ikev2", "sa")["ikev2_sas"][0]["has_ticket"]),
   road.tail())
sp.crash()
lost_at = time.monotonic()
for dev in ("sp-vt1",):
    t.gw.ip("link", "del", dev, check=False)
sp.start()
ok("the sessions are gone", not sp.sessions())
d = peer().resume(c.ticket, c.sk_d)
ok("resumed after the gateway lost everything", d.address == a.address and d.ping("10.99.2.2"), "%s %s" % (d.address, a.address))

# ---- ended sessions do not come back ----
sp.command("clear", "crypto", "session")
ok("cleared", wait_for(5, lambda: not session()))
refused("a session that the operator ended", d.ticket, d.sk_d, "ticket_revoked")
e = peer().login()
request = os.path.join(WORK, "disconnect")
with open(request, "w") as f:
    f.write('User-Name = "anna@psk.test"\n')
r = t.gw.run("radclient", "-x", "-f", request, "127.0.0.1:3799", "disconnect", "key", check=False)
ok("disconnected by RADIUS", "Disconnect-ACK" in r.stdout and wait_for(5, lambda: not session()), r.stdout)
refused("a session that a Disconnect-Request ended", e.ticket, e.sk_d, "ticket_revoked")
e = peer().login()
e.logout()
refused("a session that its client ended", e.ticket, e.sk_d, "ticket_revoked")

# ---- switched off ----
f = peer().login()
sp.configure(CONF)
sp.reload()
refused("a gateway where it is switched off", f.ticket, f.sk_d, "config")
ok("and a new client gets none", peer("carl@psk.test").login().ticket is None)
sp.configure(CONF + ON)
sp.reload()

# ---- between two of us: the client notices by DPD and comes back with its ticket ----
mine = wait_for(25, lambda: [s for s in road.show("crypto", "ikev2", "sa")["ikev2_sas"] if s["resumed"]])
ok("the Sallyport client resumed", mine, road.tail())
print("# it was back %.1f s after the loss" % (time.monotonic() - lost_at))
ok("and the ping goes through", road.host.ping("10.99.2.2") == 3)
ok("without a key exchange", road.counters()["counters"]["ike_resumed"] == 1 and road.counters()["counters"]["ike_resume_fallbacks"] == 0)
ok("its history says both", road.sql("select end_reason from v_history where end_reason is not null") in ([("dpd",)], [("peer_restarted",)]),
   str(road.sql("select end_reason from v_history")))
ok("clean stops", road.stop() == 0 and sp.stop() == 0, sp.tail())
done()
