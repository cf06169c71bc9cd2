#!/usr/bin/env python3
"""Filters, a rate and an MTU that a user has by his authorization (an attribute list under his policy) stand in the place of
those of the interface: for him and for nobody else, over a reload and a restart. An address of his own is his alone."""
from lib import *

MORE = """
ip access-list extended NO-5999
 deny udp any any eq 5999
 permit ip any any
ip access-list extended NO-5998
 deny udp any any eq %(port)d
 permit ip any any
policy-map SLOW
 class class-default
  police cir 5000000 conform-action transmit exceed-action drop
aaa attribute list OWN
 attribute type inacl#20 "permit ip any any"
 attribute type inacl#10 "deny udp any any eq 5997"
 attribute type interface-config "service-policy output SLOW"
 attribute type interface-config "ip access-group NO-5998 out"
 attribute type interface-config "ip mtu 1200"
 attribute type addr %(address)s
crypto ikev2 authorization policy own.test
 pool RA
 ipv6 pool RA6
 aaa attribute list OWN
 sallyport idle-timeout 86400
crypto ikev2 name-mangler DOMAIN
 email domain
crypto ikev2 keyring KR
 peer OWN
  identity email domain own.test
  pre-shared-key %(key)s
crypto ikev2 profile OWN
 match identity remote email domain own.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL name-mangler DOMAIN
 virtual-template 1
"""
TEMPLATE = "interface Virtual-Template1 type tunnel\n"
ADDRESS = "10.77.7.7"


def conf(port=5998, more=MORE):
    return CONF.replace(TEMPLATE, TEMPLATE + " ip access-group NO-5999 in\n") + more % {"port": port, "key": PSK, "address": ADDRESS}


def udp_passes(sender, receiver, to, port):
    """Does a datagram of one host reach the other?"""
    server = serve(receiver.ns, port, sys.executable, "-c", "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); "
                   "s.bind(('%s', %d)); s.settimeout(3); s.recv(9)" % (to, port), log=os.path.join(WORK, "udp"), udp=True)
    for _ in range(3):
        sender.run(sys.executable, "-c", "import socket; socket.socket(socket.AF_INET,socket.SOCK_DGRAM).sendto(b'x', ('%s', %d))" % (to, port),
                   check=False)
        time.sleep(0.1)
    try:
        return server.wait(5) == 0
    finally:
        stop_process(server)


def to_lan(host, port):
    return udp_passes(host, t.lan, "10.99.2.2", port)


def rules(what):
    ok("%s: his own filter stands in the place of the interface's" % what, to_lan(own.host, 5999) and not to_lan(own.host, 5997))
    ok("%s: the other has that of the interface" % what, to_lan(other.host, 5997) and not to_lan(other.host, 5999))


t = Topology()
sp = Sallyport(t.gw, conf()).start()
own = StrongSwan(t.client(1), user="anna@own.test").start()
other = StrongSwan(t.client(2)).start()
ok("both connect", own.up() and other.up(), own.last[-300:] + other.last[-300:] + sp.tail(5))
ok("he has his own address", own.addresses()[0] == ADDRESS, str(own.addresses()))
rules("at first")
ok("out: a list by name", udp_passes(t.lan, own.host, ADDRESS, 5996) and not udp_passes(t.lan, own.host, ADDRESS, 5998))
ok("the MTU of his session: what is longer is not carried whole",
   own.host.run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1100", "10.99.2.2", check=False).returncode == 0 and
   t.lan.run("ping", "-c", "2", "-W", "2", "-M", "do", "-s", "1190", ADDRESS, check=False).returncode != 0 and
   t.lan.run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1100", ADDRESS, check=False).returncode == 0)
shown = json.loads(sp.command("show", "policy-map", "interface", "--json").stdout)["sessions"]
ok("show policy-map interface tells them apart", len(shown) == 2 and sum("SLOW" in str(s) for s in shown) == 1, str(shown))

# ---- a reload, a restart, a rekeying ------------------------------------------------------------
sp.configure(conf(port=5996))
sp.reload()
ok("a reload changes his list", not udp_passes(t.lan, own.host, ADDRESS, 5996) and udp_passes(t.lan, own.host, ADDRESS, 5998))
sp.configure(conf(port=5996, more=MORE.replace("ip access-list extended NO-5998\n deny udp any any eq %(port)d\n permit ip any any\n", "")))
sp.reload(check=False)
ok("without the list he keeps what he has", not udp_passes(t.lan, own.host, ADDRESS, 5996))
sp.configure(conf(port=5996))
sp.reload()
rules("after reloads")
sp.command("rekey", "crypto", "ipsec", "sa")
time.sleep(1)
rules("after rekeying")
sp.kill_main()
wait_for(10, sp.answers)
rules("with a new main")
ok("and the list by name", not udp_passes(t.lan, own.host, ADDRESS, 5996))

# ---- his address ------------------------------------------------------------------------------------
third = StrongSwan(t.client(3), user="bert@own.test").start()
ok("nobody else gets his address", not third.up())
ok("and the log says why", wait_for(3, lambda: "10.77.7.7, which is the user's own, is in use by anna@own.test" in sp.tail(200)), sp.tail(20))
own.stop()
ok("when he is gone, it can be had", wait_for(15, lambda: third.up() or ADDRESS in third.addresses()) and ADDRESS in third.addresses(), third.last[-300:])

# ---- an address that the host has, and no interface of the configuration -----------------------------
def refused(client, address):
    """Nobody is granted it, though a policy names it."""
    sp.configure(conf(port=5996).replace(ADDRESS, address))
    sp.reload()
    return not client.up() and wait_for(3, lambda: address + ", which is the user's own, is an address of this gateway" in sp.tail(200))


sixth = StrongSwan(t.client(6), user="carl@own.test", ike_more="unique = never").start()
ok("that of its LAN", refused(sixth, "10.99.2.1"), sp.tail(5))
ok("one of its loopback", refused(sixth, "127.0.0.5") or "no client can have" in sp.tail(200), sp.tail(5))
t.gw.ip("addr", "add", "10.78.8.8/32", "dev", "lan0")
ok("one that came meanwhile", refused(sixth, "10.78.8.8"), sp.tail(5))
sp.kill_main()
wait_for(10, sp.answers)
ok("with a new main, too", refused(sixth, "10.78.8.8"), sp.tail(5))
t.gw.ip("addr", "del", "10.78.8.8/32", "dev", "lan0")
ok("when the host has it no more, he has it", wait_for(10, lambda: sixth.up() or "10.78.8.8" in sixth.addresses()) and
   "10.78.8.8" in sixth.addresses(), str(sixth.addresses()) + sixth.last[-600:] + sp.tail(8))
sixth.down()
t.gw.ip("addr", "add", "10.100.3.250/32", "dev", "lan0")
ok("of a pool it is said", wait_for(5, lambda: "pool=RA" in sp.tail(200) and "address=10.100.3.250" in sp.tail(200)), sp.tail(5))
pooled = StrongSwan(t.client(7), user="client7@psk.test", vips="10.100.3.250").start()
ok("... and another is lent", pooled.up() and pooled.addresses()[0] != "10.100.3.250", str(pooled.addresses()) + sp.tail(5))
pooled.down()
t.gw.ip("addr", "del", "10.100.3.250/32", "dev", "lan0")
ok("... until it is gone", wait_for(5, lambda: pooled.up() and ("10.100.3.250" in pooled.addresses() or not pooled.down())), str(pooled.addresses()) + sp.tail(5))
for client in (sixth, pooled):
    client.stop()
wait_for(5, lambda: len(sp.sessions()) == 1)

# ---- one more login than there may be -----------------------------------------------------------------
sp.configure(conf(port=5996).replace(" sallyport idle-timeout 86400\n", " sallyport simultaneous-logins 1\n"))
sp.reload()
fourth = StrongSwan(t.client(4), user="bert@own.test", ike_more="unique = never").start()
ok("the same user from elsewhere has the address, too", fourth.up() and ADDRESS in fourth.addresses(), fourth.last[-300:] + sp.tail(5))
ok("and his session of before ends", wait_for(10, lambda: sp.sql("select count(*) from v_history where end_reason = 'newer_login'")[0][0] in (1, "1")) and
   len(sp.sessions()) == 2, str(sp.sessions()) + sp.tail(10))
ok("the newest carries", t.lan.ping(ADDRESS) == 3)
sp.configure(conf(port=5996).replace(" sallyport idle-timeout 86400\n", " sallyport simultaneous-logins 1 refuse\n"))
sp.reload()
fifth = StrongSwan(t.client(5), user="bert@own.test", ike_more="unique = never").start()
ok("with `refuse` he is refused", not fifth.up() and len(sp.sessions()) == 2)
ok("and the log says why", wait_for(3, lambda: "user bert@own.test has 1 sessions, and 1 are allowed" in sp.tail(200)), sp.tail(20))
for client in (third, fourth, fifth):
    client.stop()
other.stop()
ok("clean stop", sp.stop() == 0, sp.tail())
done()
