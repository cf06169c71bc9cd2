"""Real peers in network namespaces: topology, strongSwan clients, the daemon under test.

    host -- bridge in "wan" -- gw -- lan          every name carries the process id, so that
    host --/                                      several tests can run side by side

Everything a test starts is ended by pid and everything it makes is removed, also when it fails.
A test prints `ok NAME` or `FAIL NAME why` and ends with `# N passed, M failed`.
"""
import atexit
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = os.environ.get("SALLYPORT_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("SALLYPORT_BIN") or os.path.join(ROOT, "build", "sallyport")
TAG = "t%x" % (os.getpid() & 0xFFFFF)
PSK = "interop-psk-secret"

passed = failed = 0


def ok(name, condition, why=""):
    """One result; returns the condition."""
    global passed, failed
    if condition:
        passed += 1
        print("ok %s" % name, flush=True)
    else:
        failed += 1
        print("FAIL %s %s" % (name, why), flush=True)
    return bool(condition)


def done():
    print("# %d passed, %d failed" % (passed, failed), flush=True)
    sys.exit(1 if failed else 0)


def skip(reason):
    print(reason, flush=True)
    sys.exit(77)


def wait_for(seconds, condition):
    """Polls until condition() is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)


def run(*argv, check=True, timeout=30, **more):
    r = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=timeout, stdin=subprocess.DEVNULL, **more)
    if check and r.returncode:
        raise RuntimeError("%s: exit %d: %s" % (" ".join(map(str, argv)), r.returncode, r.stdout))
    return r


# ---- cleaning up ------------------------------------------------------------------------------

_processes = []
_namespaces = []
WORK = tempfile.mkdtemp(prefix="sallyport-%s-" % TAG)
os.chmod(WORK, 0o755)


def stop_process(p, sig=signal.SIGTERM, grace=8):
    if p.poll() is None:
        p.send_signal(sig)
        try:
            p.wait(grace)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait(5)
    if p in _processes:
        _processes.remove(p)


def _cleanup():
    for p in list(_processes):
        try:
            stop_process(p, grace=3)
        except Exception as e:
            print("cleanup: %s" % e)
    for ns in reversed(_namespaces):
        pids = run("ip", "netns", "pids", ns, check=False).stdout.split()
        for pid in pids:
            if pid.isdigit():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except OSError:
                    pass
        run("ip", "netns", "del", ns, check=False)
    if failed and os.environ.get("SALLYPORT_KEEP"):
        print("kept %s" % WORK)
    else:
        shutil.rmtree(WORK, ignore_errors=True)


atexit.register(_cleanup)
for _s in (signal.SIGTERM, signal.SIGINT):
    signal.signal(_s, lambda *_: sys.exit(1))


def spawn(ns, *argv, log=None, env=None, stdin=subprocess.DEVNULL):
    out = open(log, "ab") if log else subprocess.DEVNULL
    words = (["ip", "netns", "exec", ns] if ns else []) + [str(a) for a in argv]
    p = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, stdin=stdin, env=env,
                         start_new_session=spawn.own_sessions)
    _processes.append(p)
    return p


def serve(ns, port, *argv, log=None, udp=False):
    """A server, which has its port when this returns."""
    p = spawn(ns, *argv, log=log)
    wait_for(10, lambda: p.poll() is not None or run("ip", "netns", "exec", ns, "ss", "-Hnul" if udp else "-Hntl", "sport = :%s" % port, check=False).stdout)
    return p


spawn.own_sessions = False # for all, where the kernel schedules sessions as groups (sched_autogroup)


# ---- topology ---------------------------------------------------------------------------------


class Host:
    """A namespace."""

    count = 0

    def __init__(self, name):
        Host.count += 1
        self.name = name
        self.ns = "%s-%s" % (TAG, name)
        run("ip", "netns", "add", self.ns)
        _namespaces.append(self.ns)
        self.ip("link", "set", "lo", "up")
        self.sysctl("net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                    "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.default.accept_dad=0",
                    "net.ipv6.conf.all.accept_dad=0", "net.ipv4.ping_group_range=0 2147483647")

    def ip(self, *argv, check=True):
        return run("ip", "-n", self.ns, *argv, check=check)

    def run(self, *argv, check=True, timeout=30):
        return run("ip", "netns", "exec", self.ns, *argv, check=check, timeout=timeout)

    def sysctl(self, *settings):
        for s in settings:
            self.run("sysctl", "-qw", s)

    def addr(self, dev, *addresses):
        for a in addresses:
            more = ["nodad"] if ":" in a else []
            self.ip("addr", "add", a, "dev", dev, *more)

    def route(self, *words):
        self.ip(*(["-6"] if ":" in words[0] or "::" in " ".join(words) else []), "route", "add", *words)

    def ping(self, target, count=3, source=None, size=56, check=False):
        """Replies received."""
        argv = ["ping", "-q", "-n", "-c", count, "-i", "0.1", "-W", "1", "-s", size]
        if source:
            argv += ["-I", source]
        r = self.run(*argv, target, check=check)
        for line in r.stdout.splitlines():
            if "received" in line:
                return int(line.split(",")[1].split()[0])
        return 0


def link(a, dev_a, b, dev_b, mtu=1500):
    run("ip", "link", "add", dev_a, "netns", a.ns, "mtu", mtu, "type", "veth",
        "peer", "name", dev_b, "netns", b.ns, "mtu", mtu)
    a.ip("link", "set", dev_a, "up")
    b.ip("link", "set", dev_b, "up")


class Wan:
    """A bridge that joins hosts: the outside network, 10.99.1.0/24 and fd00:99:1::/64."""

    def __init__(self, name="wan"):
        self.host = Host(name)
        self.n = 0
        self.host.ip("link", "add", "br0", "type", "bridge", "forward_delay", "0")
        self.host.ip("link", "set", "br0", "up")

    def join(self, host, dev, *addresses):
        self.n += 1
        port = "p%d" % self.n
        link(host, dev, self.host, port)
        self.host.ip("link", "set", port, "master", "br0")
        host.addr(dev, *addresses)


def dnat():
    """client -- wan -- router (DNAT) -- gateway -- LAN: the gateway has 172.31.9.2 only and is 10.99.1.1 to the
    others. Gives (client, gateway, host in the LAN)."""
    wan = Wan("dwan")
    router, gw, lan, c = Host("drt"), Host("dgw"), Host("dlan"), Host("dc")
    wan.join(router, "wan0", "10.99.1.1/24", "fd00:99:1::1/64")
    wan.join(c, "eth0", "10.99.1.11/24", "fd00:99:1::11/64")
    link(router, "in0", gw, "wan0")
    router.addr("in0", "172.31.9.1/24")
    gw.addr("wan0", "172.31.9.2/24")
    gw.route("default", "via", "172.31.9.1")
    link(gw, "lan0", lan, "eth0")
    gw.addr("lan0", "10.99.2.1/24")
    lan.addr("eth0", "10.99.2.2/24")
    lan.route("default", "via", "10.99.2.1")
    for h in (router, gw):
        h.sysctl("net.ipv4.ip_forward=1")
    nft(router, """
table ip nat {
  chain pre { type nat hook prerouting priority -100; ip daddr 10.99.1.1 udp dport { 500, 4500 } dnat to 172.31.9.2; }
  chain post { type nat hook postrouting priority 100; ip saddr 172.31.9.2 oifname "wan0" snat to 10.99.1.1; }
}""")
    return c, gw, lan


class Topology:
    """wan, gw (10.99.1.1, fd00:99:1::1) and lan (10.99.2.2, fd00:99:2::2)."""

    def __init__(self):
        self.wan = Wan()
        self.gw = Host("gw")
        self.lan = Host("lan")
        self.wan.join(self.gw, "wan0", "10.99.1.1/24", "fd00:99:1::1/64")
        link(self.gw, "lan0", self.lan, "eth0")
        self.gw.addr("lan0", "10.99.2.1/24", "fd00:99:2::1/64")
        self.lan.addr("eth0", "10.99.2.2/24", "fd00:99:2::2/64")
        self.lan.route("default", "via", "10.99.2.1")
        self.lan.ip("-6", "route", "add", "default", "via", "fd00:99:2::1")
        self.gw.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def client(self, n):
        h = Host("c%d" % n)
        self.wan.join(h, "eth0", "10.99.1.%d/24" % (10 + n), "fd00:99:1::%x/64" % (0x10 + n))
        return h

    def nat(self, n, inside="192.168.7.0/24"):
        """A client behind a masquerading router; the client's address is .2 of the inside net."""
        r = Host("r%d" % n)
        c = Host("n%d" % n)
        base = inside.rsplit(".", 1)[0]
        self.wan.join(r, "wan0", "10.99.1.%d/24" % (100 + n), "fd00:99:1::%x/64" % (0x100 + n))
        link(r, "in0", c, "eth0")
        r.addr("in0", base + ".1/24", "fd00:7:%x::1/64" % n)
        c.addr("eth0", base + ".2/24", "fd00:7:%x::2/64" % n)
        c.route("default", "via", base + ".1")
        c.ip("-6", "route", "add", "default", "via", "fd00:7:%x::1" % n)
        r.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        nft(r, """
table inet nat {
  chain post { type nat hook postrouting priority 100; oifname "wan0" masquerade; }
}""")
        return c


NAMESERVER = r"""
import json, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
while True:
    q, peer = s.recvfrom(512)
    at, labels = 12, []
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode().lower())
        at += 1 + q[at]
    kind = struct.unpack("!H", q[at + 1:at + 3])[0]
    with open(sys.argv[2]) as f:
        zone = json.load(f)
    found = zone.get(".".join(labels))
    if found == "silent":
        continue
    family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
    all = [a for a in found or [] if family and (":" in a) == (kind == 28)]
    answers = b"".join(struct.pack("!HHHIH", 0xc00c, kind, 1, 1, 16 if ":" in a else 4) + socket.inet_pton(family, a) for a in all)
    s.sendto(q[:2] + struct.pack("!HHHHH", 0x8180 | (3 if found is None else 0), 1, len(all), 0, 0) + q[12:at + 5] + answers, peer)
"""


class NameServer:
    """Answers A and AAAA of a zone {name: [address, ...]} with a TTL of one second; "silent" is no answer."""

    def __init__(self, host, addr):
        self.zone = os.path.join(WORK, "zone-%s" % host.name)
        self.set({})
        script = os.path.join(WORK, "nameserver.py")
        with open(script, "w") as f:
            f.write(NAMESERVER)
        self.process = spawn(host.ns, sys.executable, "-B", script, addr, self.zone, log=os.path.join(WORK, "nameserver.log"))

    def set(self, zone):
        with open(self.zone + ".new", "w") as f:
            json.dump(zone, f)
        os.rename(self.zone + ".new", self.zone)


def nft(host, rules):
    path = os.path.join(WORK, "%s.nft" % host.name)
    with open(path, "w") as f:
        f.write(rules)
    host.run("nft", "-f", path)


# ---- the daemon -------------------------------------------------------------------------------

CONF = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
ip local pool RA 10.100.0.10 10.100.3.250
ipv6 local pool RA6 fd00:100::/112 128
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 ipv6 pool RA6
 dns 10.99.2.53
 route set access-list LAN
crypto ikev2 keyring KR
 peer ALL
  identity email domain psk.test
  pre-shared-key %s
crypto ikev2 profile RA
 match identity remote email domain psk.test
 identity local fqdn gw.example.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 aaa authorization group psk list LOCAL RA
 virtual-template 1
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
""" % PSK


class Sallyport:
    def __init__(self, host, conf=CONF, name="sp", nameserver=None):
        self.host = host
        self.nameserver = nameserver
        self.dir = os.path.join(WORK, name)
        os.makedirs(self.dir, exist_ok=True)
        self.conf = os.path.join(self.dir, "sallyport.conf")
        self.state = os.path.join(self.dir, "state")
        self.socket = os.path.join(self.dir, "run", "control.sock")
        self.log = os.path.join(self.dir, "log")
        self.process = None
        self.configure(conf)

    def configure(self, text):
        with open(self.conf, "w") as f:
            f.write(text)
        os.chmod(self.conf, 0o600)

    def spawn(self):
        argv = [BIN, "run", "-c", self.conf, "--state", self.state, "--socket", self.socket]
        if self.nameserver:
            path = os.path.join(self.dir, "resolv.conf")
            with open(path, "w") as f:
                f.write("nameserver %s\n" % self.nameserver)
            argv = ["sh", "-c", "mount --bind %s /etc/resolv.conf && exec %s" % (path, " ".join(argv))]
        self.process = spawn(self.host.ns, *argv, log=self.log)

    def start(self, seconds=10):
        self.spawn()
        if not wait_for(seconds, lambda: self.answers() or self.process.poll() is not None) or not self.answers():
            raise RuntimeError("the daemon did not start: " + self.tail())
        return self

    def answers(self):
        return self.command("show", "version", check=False).returncode == 0

    def command(self, *words, check=True, timeout=20):
        return run("ip", "netns", "exec", self.host.ns, BIN, *words, "--socket", self.socket,
                   check=check, timeout=timeout)

    def show(self, *words):
        return json.loads(self.command("show", *words, "--json").stdout)

    def sessions(self):
        return self.show("crypto", "session")["sessions"]

    def counters(self):
        return self.show("counters")

    def sql(self, query):
        db = sqlite3.connect("file:%s?mode=ro" % os.path.join(self.state, "sallyport.db"), uri=True, timeout=5)
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()

    def main_pid(self):
        """The process that does the work: the child of the holder."""
        # `ip netns exec` becomes the holder by exec.
        kids = run("ps", "-o", "pid=", "--ppid", str(self.process.pid), check=False).stdout.split()
        return int(kids[0]) if kids else 0

    def kill_main(self):
        pid = self.main_pid()
        os.kill(pid, signal.SIGKILL)
        return pid

    def crash(self):
        """No process and no memory of it is left; only files. True: so it is. None sees another die and says goodbye."""
        kids = run("ps", "-o", "pid=", "--ppid", str(self.process.pid), check=False).stdout.split()
        for sig in (signal.SIGSTOP, signal.SIGKILL):
            for pid in [self.process.pid] + [int(k) for k in kids]:
                os.kill(pid, sig)
        self.process.wait(5)
        return wait_for(10, lambda: not any(os.path.exists("/proc/%s" % k) for k in kids))

    def live(self):
        """Sessions that are up."""
        return [s for s in self.sessions() if s["status"] == "UP-ACTIVE"]

    def reload(self, check=True):
        return self.command("reload", check=check)

    def stop(self):
        stop_process(self.process)
        return self.process.returncode

    def tail(self, n=30):
        try:
            with open(self.log, errors="replace") as f:
                return "".join(f.readlines()[-n:])
        except OSError:
            return ""

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()


# ---- strongSwan -------------------------------------------------------------------------------

PLUGINS = ("random nonce openssl aes sha1 sha2 hmac kdf gcm drbg curve25519 gmp pem pkcs1 pkcs8 x509 pubkey "
           "constraints revocation chapoly kernel-libipsec kernel-netlink resolve socket-default vici updown attr counters")

STRONGSWAN = """
charon {
  load_modular = no
  load = %(plugins)s
  install_routes = yes
  install_virtual_ip = yes
  threads = 16
  retransmit_tries = %(tries)d
  retransmit_timeout = %(timeout)s
  retransmit_base = 1.4
  %(extra)s
  plugins {
    vici { socket = unix://%(dir)s/charon.vici }
    kernel-libipsec { load = yes
                      allow_peer_ts = yes }
    kernel-netlink { fwmark = !0x42 }
    socket-default { fwmark = 0x42 }
    resolve { file = %(dir)s/resolv.conf }
  }
  filelog { main { path = %(dir)s/charon.log
                   time_format = %%T
                   append = no
                   flush_line = yes
                   default = 1 } }
}
charon-systemd { journal { default = -1 } }
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random }
"""

CONNECTION = """
connections {
  psk {
    version = 2
    proposals = %(ike)s
    local_addrs = %(local)s
    remote_addrs = %(gateway)s
    %(vips_line)s
    encap = %(encap)s
    fragmentation = %(fragmentation)s
    mobike = %(mobike)s
    dpd_delay = %(dpd)s
    reauth_time = %(reauth)s
    rekey_time = %(rekey)s
    over_time = %(over)s
    keyingtries = %(tries)s
    %(ike_more)s
    local { auth = psk
            id = %(id)s }
    remote { auth = psk
             id = %(gwid)s }
    children { net { remote_ts = %(remote_ts)s
                     esp_proposals = %(esp)s
                     rekey_time = %(child_rekey)s
                     life_time = %(child_life)s
                     start_action = none }
               %(more)s }
  }
}
secrets {
  ike-1 { secret = "%(psk)s" }
  %(secrets)s
}
"""


class StrongSwan:
    """One charon with kernel-libipsec in a host's namespace."""

    def __init__(self, host, gateway="10.99.1.1", local="%any", user="client1@psk.test", psk=PSK,
                 ike="aes128gcm16-prfsha256-ecp256", esp="aes128gcm16", vips="0.0.0.0, ::",
                 remote_ts="10.99.2.0/24, fd00:99:2::/64", gwid="gw.example.test", mobike="no",
                 dpd="0s", tries=1, retransmits=3, timeout="1.0", extra="", rekey="0", child_rekey="0",
                 child_life="0", more="", fragmentation="yes", reauth="0", ike_more="", secrets="", encap="yes", over="60s"):
        self.host = host
        self.dir = os.path.join(WORK, "ss-" + host.name)
        os.makedirs(os.path.join(self.dir, "run"), exist_ok=True)
        self.values = dict(gateway=gateway, local=local, id=user, psk=psk, ike=ike, esp=esp, vips=vips,
                           remote_ts=remote_ts, gwid=gwid, mobike=mobike, dpd=dpd, tries=tries, rekey=rekey,
                           child_rekey=child_rekey, child_life=child_life, more=more,
                           fragmentation=fragmentation, reauth=reauth, ike_more=ike_more, secrets=secrets, encap=encap, over=over)
        with open(os.path.join(self.dir, "strongswan.conf"), "w") as f:
            f.write(STRONGSWAN % dict(plugins=PLUGINS, dir=self.dir, tries=retransmits, timeout=timeout,
                                      extra=extra))
        self.process = None
        self.write()

    def conf(self):
        vips = self.values["vips"]
        return CONNECTION % dict(self.values, vips_line="vips = " + vips if vips else "")

    def write(self, **changes):
        self.values.update(changes)
        with open(os.path.join(self.dir, "swanctl.conf"), "w") as f:
            f.write(self.conf())
        if self.process:
            self.ctl("--load-all", "--noprompt")

    def env(self):
        e = dict(os.environ)
        e["STRONGSWAN_CONF"] = os.path.join(self.dir, "strongswan.conf")
        e["SWANCTL_DIR"] = self.dir
        return e

    def start(self):
        script = "mount --bind %s/run /run && exec /usr/sbin/charon-systemd" % self.dir
        self.process = spawn(self.host.ns, "sh", "-c", script, log=os.path.join(self.dir, "out"), env=self.env())
        vici = os.path.join(self.dir, "charon.vici")
        if not wait_for(10, lambda: os.path.exists(vici)):
            raise RuntimeError("charon did not start: " + self.log_text()[-2000:])
        self.ctl("--load-all", "--noprompt")
        return self

    def ctl(self, *words, check=True, timeout=40):
        return run("/usr/sbin/swanctl", *words, "--uri", "unix://%s/charon.vici" % self.dir, check=check,
                   timeout=timeout, env=self.env())

    def up(self, timeout=15):
        """True when the child came up."""
        r = self.ctl("--initiate", "--child", "net", "--timeout", timeout, check=False)
        self.last = r.stdout
        return r.returncode == 0

    def down(self):
        return self.ctl("--terminate", "--ike", "psk", "--timeout", "10", check=False).returncode == 0

    def sas(self):
        return self.ctl("--list-sas", check=False).stdout

    def addresses(self):
        """Virtual addresses in the order of the list."""
        for line in self.sas().splitlines():
            if line.strip().startswith("local ") and " [" in line:
                return line.rstrip().rsplit(" [", 1)[1].rstrip("]").split()
        return []

    def log_text(self):
        try:
            with open(os.path.join(self.dir, "charon.log"), errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def stop(self, sig=signal.SIGTERM):
        if self.process:
            stop_process(self.process, sig=sig)
            self.process = None
            vici = os.path.join(self.dir, "charon.vici")
            if os.path.exists(vici):
                os.unlink(vici)


RESPONDER = """
connections {
  gw {
    version = 2
    proposals = %(ike)s
    local_addrs = %(local)s
    pools = %(pools)s
    encap = yes
    mobike = %(mobike)s
    dpd_delay = %(dpd)s
    reauth_time = 0
    rekey_time = 0
    unique = replace
    %(ike_more)s
    local { auth = psk
            id = %(gwid)s }
    remote { auth = psk
             id = %(user)s }
    children { net { local_ts = %(local_ts)s
                     remote_ts = %(remote_ts)s
                     esp_proposals = %(esp)s
                     rekey_time = 0
                     dpd_action = clear } }
  }
}
pools { p4 { addrs = 10.100.9.0/24 }
        p6 { addrs = fd00:100:9::/112 } }
secrets { ike-1 { secret = "%(psk)s" }
          %(secrets)s }
"""


class StrongSwanGateway(StrongSwan):
    """A charon that is connected to. pools "": without addresses. subnets: what it announces."""

    def __init__(self, host, gwid="gw.example.test", user="%any", psk=PSK, pools="p4", local="%any",
                 ike="aes128gcm16-prfsha256-ecp256", esp="aes128gcm16", local_ts="10.99.2.0/24",
                 remote_ts="dynamic", dpd="0s", subnets="", charon="", mobike="no", ike_more="", secrets=""):
        extra = charon + ("\n  plugins { attr { subnet = %s } }" % subnets if subnets else "")
        self.responder = dict(gwid=gwid, user=user, psk=psk, pools=pools, local=local, ike=ike, esp=esp,
                              local_ts=local_ts, remote_ts=remote_ts, dpd=dpd, mobike=mobike,
                              ike_more=ike_more, secrets=secrets)
        super().__init__(host, extra=extra)

    def write(self, **changes):
        self.responder.update(changes)
        with open(os.path.join(self.dir, "swanctl.conf"), "w") as f:
            f.write(RESPONDER % self.responder)
        if self.process:
            self.ctl("--load-all", "--noprompt")


def iperf3(client, server_host, server, seconds=10, reverse=False, bind=None):
    """Mbit/s as the receiver saw it; 0 when it failed."""
    srv = serve(server_host.ns, 5201, "iperf3", "-s", "-1", "-B", server)
    argv = ["iperf3", "-J", "-c", server, "-t", seconds] + (["-R"] if reverse else []) + (["-B", bind] if bind else [])
    r = client.run(*argv, check=False, timeout=seconds + 30)
    stop_process(srv, grace=2)
    try:
        return json.loads(r.stdout)["end"]["sum_received"]["bits_per_second"] / 1e6
    except (ValueError, KeyError):
        return 0.0
