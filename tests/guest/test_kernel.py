#!/usr/bin/env python3
"""IPsec of a stock kernel as the peer: strongSwan in a small virtual machine as client, plain and behind a NAT.
Connect, ping both ways, new keys for the child and the IKE SA by each side and by both without a lost ping, another
mapping of the NAT, a second child, delete. Then ESP without UDP, with extended sequence numbers, over IPv6, and in
transport mode. Needs $SALLYPORT_GUEST (tests/guest/build.sh)."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
from sides import *

IMAGE = os.environ.get("SALLYPORT_GUEST", "")
if not os.path.exists(os.path.join(IMAGE, "accel")):
    skip("there is no guest; ./build.sh soak guest makes it")
RUN = os.path.join(ROOT, "tests", "guest", "run.sh")
ENV = dict(os.environ, WORKDIR=WORK, KG_IMAGE=IMAGE)
NAME = "peer"

KERNEL = """
charon {
  load_modular = no
  load = random nonce openssl aes sha1 sha2 hmac kdf gcm drbg curve25519 gmp pem pkcs1 pkcs8 x509 pubkey constraints kernel-netlink socket-default vici updown attr counters
  install_routes = yes
  install_virtual_ip = yes
  threads = 8
  retransmit_tries = 3
  plugins { vici { socket = unix:///run/charon.vici } }
  filelog { main { path = /host/charon.log
                   time_format = %T
                   append = no
                   flush_line = yes
                   default = 1 } }
}
charon-systemd { journal { default = -1 } }
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random }
"""

BOOT = """
ip addr add 192.168.7.2/24 dev eth0
ip link set eth0 mtu 1500 up
ip route add default via 192.168.7.1
ip -6 addr add fd00:7::2/64 dev eth0 nodad
ip -6 route add default via fd00:7::1
modprobe -a esp4 esp6 xfrm_user aesni_intel 2>/dev/null
# What has an address of the pool leaves through the tunnel or not at all.
ip xfrm policy add src 10.100.0.0/16 dst 0.0.0.0/0 dev eth0 dir out priority 4000000 action block
"""


class Kernel(StrongSwan):
    """The charon of the guest, whose eth0 is the tap in0 of a host."""

    def start(self):
        boot = os.path.join(WORK, "boot.sh")
        with open(boot, "w") as f:
            f.write(BOOT)
        r = run("bash", RUN, "start", NAME, self.host.ns, "in0", env=dict(ENV, KG_BOOT=boot), timeout=90)
        print("   " + r.stdout.strip(), flush=True)
        self.share = os.path.join(WORK, "guest-" + NAME, "share")
        # It has no IPv6 after that, lest the host's own address configuration speaks to the guest.
        self.host.sysctl("net.ipv6.conf.in0.disable_ipv6=0", "net.ipv6.conf.all.forwarding=1")
        self.host.addr("in0", "fd00:7::1/64")
        with open(os.path.join(self.share, "strongswan.conf"), "w") as f:
            f.write(KERNEL)
        self.sh("cp /host/strongswan.conf /etc/ && (charon-systemd >/host/charon.err 2>&1 </dev/null &)")
        if self.sh("i=0; while [ ! -S /run/charon.vici ] && [ $i -lt 200 ]; do i=$((i+1)); sleep .1; done; [ -S /run/charon.vici ]").returncode:
            raise RuntimeError("charon did not start in the guest: " + self.log_text())
        self.process = True
        self.write()
        return self

    def write(self, **changes):
        super().write(**changes) if not self.process else self.load(changes)

    def load(self, changes):
        self.values.update(changes)
        with open(os.path.join(self.share, "swanctl.conf"), "w") as f:
            f.write(self.conf())
        self.sh("mkdir -p /etc/swanctl && cp /host/swanctl.conf /etc/swanctl/")
        self.ctl("--load-all", "--noprompt")

    def sh(self, script, seconds=60):
        return run("bash", RUN, "sh", "-T", seconds, NAME, script, check=False, env=ENV, timeout=seconds + 10)

    def ctl(self, *words, check=True, timeout=40):
        return run("bash", RUN, "exec", "-T", timeout, NAME, "swanctl", *words, check=check, env=ENV, timeout=timeout + 10)

    def log_text(self):
        with open(os.path.join(self.share, "charon.log"), errors="replace") as f:
            return f.read()

    def ping(self, target, count=3):
        r = self.sh("ping -q -n -c %d -i 0.1 -W 2 -I %s %s" % (count, self.addresses()[0], target))
        m = re.search(r"(\d+) received", r.stdout)
        return int(m.group(1)) if m else 0

    def begin_pings(self, target):
        self.sh("(ping -n -i 0.05 -W 2 -I %s %s >/host/ping.log 2>&1 </dev/null &)" % (self.addresses()[0], target))

    def lost_pings(self):
        """Sequence numbers without an answer; and how many were answered."""
        self.sh("sleep .3; killall -INT ping; sleep .2")
        with open(os.path.join(self.share, "ping.log")) as f:
            seen = {int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", f.read())}
        return sorted(set(range(1, max(seen, default=1))) - seen), len(seen)

    def stop(self):
        run("bash", RUN, "stop", NAME, check=False, env=ENV)


top = Topology()
router = Host("krt")
top.wan.join(router, "wan0", "10.99.1.71/24", "fd00:99:1::71/64")
router.sysctl("net.ipv4.ip_forward=1")
router.ip("tuntap", "add", "dev", "in0", "mode", "tap", "vnet_hdr")
router.addr("in0", "192.168.7.1/24")
router.ip("link", "set", "in0", "up")
top.gw.route("192.168.7.0/24", "via", "10.99.1.71")
top.gw.ip("-6", "route", "add", "fd00:7::/64", "via", "fd00:99:1::71")
# The mode is a matter of who asks for it.
gw = Ours(Sallyport(top.gw, CONF + "crypto ipsec transform-set T esp-gcm\n mode transport\ncrypto ipsec profile default\n set transform-set T\n").start())
kernel = Kernel(router, vips="0.0.0.0", remote_ts="10.99.2.2/32",
                more="more { remote_ts = 10.99.2.1/32\n esp_proposals = aes128gcm16-ecp256\n start_action = none }")
peer = Theirs(kernel, "psk")


def have(children, ikes=1, seconds=20):
    return wait_for(seconds, lambda: all(len(k["IKE"]) == ikes and len(k["child"]) == children for k in (gw.keys(), peer.keys())))


def rekey(name, what, sides):
    before = gw.keys()
    threads = [threading.Thread(target=side.rekey, args=(what,)) for side in sides]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    ok("%s: %s" % (name, what), wait_for(20, lambda: have(1, seconds=0) and not set(before[what]) & set(gw.keys()[what])),
       "%s %s %s\n%s\n%s" % (before, gw.keys(), peer.keys(), gw.words(), peer.words()))
    time.sleep(1.1) # an IKE SA that is younger than a second is not rekeyed


def story(where):
    if not ok("%s: connects" % where, kernel.up() and have(1), kernel.last + gw.words()):
        return
    xfrm = kernel.sh("ip xfrm state").stdout
    ok("%s: its kernel has it, in UDP" % where, xfrm.count("encap type espinudp") == 2, xfrm)
    vip = kernel.addresses()[0]
    ok("%s: ping" % where, kernel.ping("10.99.2.2") == 3, gw.words())
    ok("%s: ping the other way" % where, top.lan.ping(vip) == 3)
    session = gw.sp.sessions()[0]["session"]
    kernel.begin_pings("10.99.2.2")
    for name, sides in (("by the kernel's side", (peer,)), ("by us", (gw,)), ("by both at once", (peer, gw))):
        rekey("%s, new keys %s" % (where, name), "child", sides)
        rekey("%s, new keys %s" % (where, name), "IKE", sides)
    # Two orders that missed each other are two rekeyings; while one is under way a new child is refused for the moment.
    time.sleep(2)
    have(1)
    lost, answered = kernel.lost_pings()
    ok("%s: no ping is lost" % where, not lost and answered > 50, "%d answered, lost %s" % (answered, lost))
    ok("%s: the session is the same" % where, gw.sp.sessions()[0]["session"] == session)
    if where == "behind NAT":
        another_mapping(vip)
    r = kernel.ctl("--initiate", "--child", "more", "--timeout", "10", check=False)
    ok("%s: a second child" % where, r.returncode == 0 and have(2) and kernel.ping("10.99.2.2") == 3 and kernel.ping("10.99.2.1") == 3, r.stdout)
    kernel.ctl("--terminate", "--child", "more", "--timeout", "10", check=False)
    ok("%s: the second is deleted, the first stays" % where, have(1) and kernel.ping("10.99.2.2") == 3)
    kernel.down() if where == "plain" else gw.disconnect()
    ok("%s: deleted, nothing is left" % where, have(0, 0) and "proto esp" not in kernel.sh("ip xfrm state").stdout, kernel.sh("ip xfrm state").stdout)


def another_mapping(vip):
    """Masquerading forgets the mappings of an address that goes away."""
    router.ip("addr", "del", "10.99.1.71/24", "dev", "wan0")
    router.addr("wan0", "10.99.1.72/24")
    ok("another mapping: pings go on", wait_for(10, lambda: kernel.ping("10.99.2.2", count=1) == 1), gw.words())
    ok("another mapping: it is followed", gw.sp.sessions()[0]["peer"]["address"] == "10.99.1.72" and top.lan.ping(vip) == 3, str(gw.sp.sessions()[0]["peer"]))


def nat():
    nft(router, """
table ip nat {
  chain post { type nat hook postrouting priority 100; oifname "wan0" meta l4proto udp masquerade; }
}""")


def form(name, esn=False, six=False, encap=False, transport=False):
    """One child of that form: traffic both ways, new keys by either side, an end."""
    gateway, guest = ("fd00:99:1::1", "fd00:7::2") if six else ("10.99.1.1", "192.168.7.2")
    kernel.load(dict(gateway=gateway, encap="yes" if encap else "no", esp="aes128gcm16-" + ("esn" if esn else "noesn"),
                     vips="" if transport else "0.0.0.0", remote_ts=gateway + "\n mode = transport" if transport else "10.99.2.2/32"))
    if not ok("%s: connects" % name, kernel.up() and have(1), kernel.last + gw.words() + kernel.log_text()[-1500:]):
        return
    xfrm = kernel.sh("ip -s xfrm state").stdout
    want = {"espinudp": encap, "esn": esn, "mode transport": transport, "mode tunnel": not transport}
    seen = {word: word in xfrm for word in want}
    ok("%s: its kernel has it so" % name, seen == want, "%s %s" % (seen, xfrm))
    sa = gw.sp.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"][0]["children"][0]
    ok("%s: so have we" % name, sa["udp_encapsulated"] == encap and sa["mode"] == ("transport" if transport else "tunnel"), str(sa))
    if transport:
        there, here = (gateway, None), (guest, top.gw)
        for family in ("-4", "-6"):
            if (family == "-6") == six:
                top.gw.ip(family, "rule", "add", "to", guest, "ipproto", "ipv6-icmp" if six else "icmp", "lookup", "77", "pref", "10")
                top.gw.ip(family, "route", "add", guest, "dev", "sp-vt1", "table", "77")
    else:
        there, here = ("10.99.2.2", kernel.addresses()[0]), (kernel.addresses()[0], top.lan)

    def pings():
        source = "-I " + there[1] if there[1] else ""
        r = kernel.sh("ping -q -n -c 3 -i 0.1 -W 2 -s 1000 %s %s" % (source, there[0]))
        return "3 received" in r.stdout and here[1].ping(here[0], size=1000) == 3

    def moved():
        return sum(int(n) for n in re.findall(r"(\d+)\(packets\)", kernel.sh("ip -s xfrm state").stdout))

    before = moved()
    ok("%s: ping both ways" % name, pings(), str({k: v for k, v in gw.sp.counters()["status"].items() if v}))
    ok("%s: through its kernel's IPsec" % name, moved() - before >= 12, "%d packets" % (moved() - before))
    for side in (peer, gw):
        rekey("%s, new keys %s" % (name, "by us" if side is gw else "by the kernel's side"), "child", (side,))
        ok("%s: ping both ways" % name, pings(), str({k: v for k, v in gw.sp.counters()["status"].items() if v}))
    kernel.down()
    ok("%s: deleted" % name, have(0, 0) and "proto esp" not in kernel.sh("ip xfrm state").stdout)


def forms():
    form("without UDP")
    form("without UDP, ESN", esn=True)
    form("in UDP, ESN", esn=True, encap=True)
    form("without UDP over IPv6, ESN", esn=True, six=True)
    form("in UDP over IPv6", six=True, encap=True)
    form("transport", transport=True)
    form("transport over IPv6, ESN", transport=True, six=True, esn=True)


try:
    kernel.start()
    forms()
    kernel.load(dict(gateway="10.99.1.1", encap="yes", esp="aes128gcm16", vips="0.0.0.0", remote_ts="10.99.2.2/32"))
    story("plain")
    nat()
    story("behind NAT")
    ok("clean stop", gw.sp.stop() == 0)
finally:
    kernel.stop()
done()
