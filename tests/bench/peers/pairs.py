"""A gateway and its client of one kind: started in a Row of namespaces, with a tunnel from the client's address in
10.100.0.0/16 to the LAN behind the gateway. Every pair has the same face:

  up()       both run and the LAN answers; an exception otherwise
  gw, cli    the process ids that count as the gateway's and the client's work
  address    the client's address inside
  down()     both have ended
"""
import os
import shutil
import socket
import subprocess

from lib import CONF, PSK, ROOT, WORK, Sallyport, StrongSwan, run, spawn, stop_process, wait_for
from places import CLI, GW, LAN, POOL, TOOLS, family

WIREGUARD = os.environ.get("SALLYPORT_WIREGUARD", "")

# The tests' gateway for many clients, with ESP in UDP for all and no limit of half-open logins from one address.
GATEWAY = CONF.replace("10.100.0.10 10.100.3.250", "10.100.0.10 10.100.255.250").replace(
    " ipv6 pool RA6\n", "").replace(" virtual-template 1\n", " nat force-encapsulation\n virtual-template 1\n") + """
crypto ipsec transform-set SPEED esp-gcm
crypto ipsec profile default
 set transform-set SPEED
no sallyport half-open per-source
"""

CLIENT = """
hostname client
crypto ikev2 keyring KR
 peer GW
  address %s
  pre-shared-key %s
crypto ikev2 profile P
 match identity remote fqdn gw.example.test
 identity local email client1@psk.test
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set SPEED esp-gcm
crypto ipsec profile IP
 set transform-set SPEED
 set ikev2-profile P
interface Tunnel1
 ip address negotiated
 tunnel mode ipsec ipv4
 tunnel source dynamic
 tunnel destination %s
 tunnel protection ipsec profile IP
""" % (GW, PSK, GW)

STRONGSWAN_GATEWAY = """
connections {
  gw { version = 2
    proposals = aes128gcm16-prfsha256-ecp256
    local_addrs = %s
    pools = p4
    encap = yes
    mobike = no
    reauth_time = 0
    rekey_time = 0
    unique = never
    local { auth = psk
            id = gw.example.test }
    remote { auth = psk
             id = *@psk.test }
    children { net { local_ts = 10.99.2.0/24
                     esp_proposals = aes128gcm16
                     rekey_time = 0 } } }
}
pools { p4 { addrs = 10.100.0.0/16 } }
secrets { ike-1 { secret = "%s" } }
""" % (GW, PSK)


def kernel():
    """Its version, without what a builder put behind it."""
    return "Linux " + ".".join(os.uname().release.split("-")[0].split(".")[:2])


def quiet(ss):
    """No log but failures: it would be measured too."""
    path = os.path.join(ss.dir, "strongswan.conf")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("default = 1", "default = 0"))
    return ss


def strongswan_gateway(host):
    """A charon for thousands of clients, not yet started."""
    ss = quiet(StrongSwan(host, extra="ikesa_table_size = 16384\n  ikesa_table_segments = 16\n  dos_protection = no"))
    with open(os.path.join(ss.dir, "swanctl.conf"), "w") as f:
        f.write(STRONGSWAN_GATEWAY)
    return ss


class Pair:
    def __init__(self, row):
        self.row = row
        self.gw, self.cli, self.address = [], [], None
        self.running = []

    def started(self, what):
        """Ended by down(), the last first."""
        self.running.append(what)
        return what

    def down(self):
        for what in reversed(self.running):
            if isinstance(what, subprocess.Popen):
                stop_process(what)
            else:
                what.stop()
        self.running = []

    def reaches(self, why):
        """The LAN answers, and by the tunnel; sets the client's address."""
        if not wait_for(15, lambda: self.row.cli.run("ping", "-q", "-n", "-c", "1", "-W", "1", LAN, check=False).returncode == 0):
            raise RuntimeError("no answer through the tunnel: " + why())
        words = self.row.cli.run("ip", "-4", "route", "get", LAN).stdout.split()
        self.address = words[words.index("src") + 1]
        if not self.address.startswith("10.100."):
            raise RuntimeError("not through the tunnel: " + " ".join(words))


class Plain(Pair):
    """No tunnel: the kernel forwards. What the load itself can do."""

    def up(self):
        row = self.row
        row.cli.addr("lo", "10.100.0.1/32")
        row.cli.route("10.99.2.0/24", "via", GW, "src", "10.100.0.1")
        row.gw.route(POOL, "via", CLI)
        self.reaches(str)

    @staticmethod
    def version():
        return kernel()


class SallyportPair(Pair):
    client = "sallyport"
    gateway, client_text = GATEWAY, CLIENT

    def up(self):
        for name in ("gw", "cli"):
            shutil.rmtree(os.path.join(WORK, name), ignore_errors=True)
        gateway = self.started(Sallyport(self.row.gw, self.gateway, name="gw"))
        gateway.start()
        self.sallyport = gateway
        if self.client == "sallyport":
            client = self.started(Sallyport(self.row.cli, self.client_text, name="cli"))
            client.start()
            if not wait_for(15, client.sessions):
                raise RuntimeError("no session: " + client.tail())
            self.cli = family(client.process.pid)
            self.reaches(client.tail)
        else:
            client = self.started(quiet(StrongSwan(self.row.cli, vips="0.0.0.0", remote_ts="10.99.2.0/24"))).start()
            if not client.up():
                raise RuntimeError(client.last)
            self.cli = [client.process.pid]
            self.reaches(client.log_text)
        self.gw = family(gateway.process.pid)
        found = gateway.show("crypto", "ipsec", "sa")["ipsec_sas"]
        if [sa.get("transform") for sa in found] != ["esp-gcm"]:
            raise RuntimeError("not AES-GCM-128 alone: %s" % found)

    @staticmethod
    def version():
        git = ["git", "-c", "safe.directory=" + ROOT, "-C", ROOT]
        dirty = "+" if run(*git, "status", "--porcelain", check=False).stdout.strip() else ""
        return "sallyport %s%s" % (run(*git, "rev-parse", "--short=12", "HEAD", check=False).stdout.strip(), dirty)


class Mixed(SallyportPair):
    """A client that sends packets one by one."""

    client = "strongswan"


class Raw(SallyportPair):
    """ESP as IP protocol 50, of which the kernel neither cuts nor gathers bundles."""

    gateway = GATEWAY.replace(" nat force-encapsulation\n", "")


class StrongSwanPair(Pair):
    def up(self):
        gateway = self.started(strongswan_gateway(self.row.gw)).start()
        client = self.started(quiet(StrongSwan(self.row.cli, vips="0.0.0.0", remote_ts="10.99.2.0/24"))).start()
        if not client.up():
            raise RuntimeError(client.last)
        self.gw, self.cli = [gateway.process.pid], [client.process.pid]
        self.reaches(client.log_text)

    @staticmethod
    def version():
        return "strongSwan " + run("dpkg-query", "-W", "-f", "${Version}", "charon-systemd").stdout


class Wireguard(Pair):
    MTU = 1420 # its own default

    def daemon(self, host, settings):
        where = os.path.join(WORK, "wg-" + host.name)
        os.makedirs(where, exist_ok=True)
        path = os.path.join(where, "wg0.sock")
        if os.path.exists(path):
            os.unlink(path)
        script = "mkdir -p /run/wireguard && mount --bind %s /run/wireguard && exec %s/root/usr/bin/wireguard-go -f wg0" % (where, WIREGUARD)
        p = self.started(spawn(host.ns, "sh", "-c", script, log=where + "/log", env={
            **os.environ, "WG_PROCESS_FOREGROUND": "1", "LOG_LEVEL": "error"}))
        if not wait_for(10, lambda: os.path.exists(path)):
            raise RuntimeError("wireguard-go did not start")
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(5)
        s.connect(path)
        s.sendall(("set=1\n" + "\n".join(settings) + "\n\n").encode())
        answer = s.recv(4096)
        s.close()
        if b"errno=0" not in answer:
            raise RuntimeError("wireguard-go: %s" % answer)
        host.ip("link", "set", "wg0", "mtu", self.MTU, "up")
        return [p.pid]

    def up(self):
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
        keys = [X25519PrivateKey.generate() for _ in range(2)]
        secret = [k.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex() for k in keys]
        public = [k.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex() for k in keys]
        self.gw = self.daemon(self.row.gw, ["private_key=" + secret[0], "listen_port=51820", "public_key=" + public[1],
                                            "allowed_ip=10.100.0.1/32"])
        self.row.gw.route(POOL, "dev", "wg0")
        self.cli = self.daemon(self.row.cli, ["private_key=" + secret[1], "public_key=" + public[0],
                                              "endpoint=%s:51820" % GW, "allowed_ip=10.99.2.0/24"])
        self.row.cli.addr("wg0", "10.100.0.1/32")
        self.row.cli.route("10.99.2.0/24", "dev", "wg0", "src", "10.100.0.1")
        self.reaches(str)

    @staticmethod
    def version():
        with open(os.path.join(WIREGUARD, "version")) as f:
            return "wireguard-go " + f.read().strip()


class Pump(Pair):
    """A tunnel without keys to agree on, look-ups, replay window or checks: what is left to gain."""

    cipher = "aes-128-gcm"

    def end(self, host, here, there):
        p = self.started(spawn(host.ns, os.path.join(TOOLS, "pump"), "2", self.cipher, "pump0", here, there))
        if not wait_for(5, lambda: host.ip("link", "set", "pump0", "up", "mtu", "1400", "txqueuelen", "1000", check=False).returncode == 0):
            raise RuntimeError("the pump did not start")
        return [p.pid]

    def up(self):
        self.gw = self.end(self.row.gw, GW, CLI)
        self.row.gw.route(POOL, "dev", "pump0")
        self.cli = self.end(self.row.cli, CLI, GW)
        self.row.cli.addr("pump0", "10.100.0.1/32")
        self.row.cli.route("10.99.2.0/24", "dev", "pump0", "src", "10.100.0.1")
        self.reaches(str)

    @staticmethod
    def version():
        return "pump mode 2, " + " ".join(run("openssl", "version").stdout.split()[:2])


class PumpPlain(Pump):
    cipher = "none"


PAIRS = {"sallyport": SallyportPair, "sallyport-raw": Raw, "sallyport-strongswan": Mixed,
         "strongswan": StrongSwanPair, "wireguard": Wireguard, "pump": Pump, "pump-no-cipher": PumpPlain, "plain": Plain}
