"""strongSwan's load tester: many clients with an IKE SA and a child each, and no traffic, from one charon."""
import os
import shutil
import signal
import socket
import struct

from lib import PSK, WORK, spawn, stop_process

CHARON = os.environ.get("SALLYPORT_LOAD_TESTER", "")

CONF = """
charon {
  load_modular = no
  # The tester's kernel that does nothing comes before the real one.
  load = random nonce openssl aes des md4 sha2 hmac kdf gcm drbg pem pkcs1 pkcs8 x509 pubkey load-tester kernel-netlink socket-default eap-identity eap-tls eap-mschapv2 vici
  install_routes = no
  install_virtual_ip = no
  threads = 64
  ikesa_table_size = 16384
  ikesa_table_segments = 16
  dos_protection = no
  reuse_ikesa = no
  keep_alive = 0
  retransmit_timeout = 4.0
  retransmit_tries = 5
  plugins {
    vici { socket = unix://%(dir)s/charon.vici }
    load-tester {
      enable = yes
      fake_kernel = yes
      version = 2
      socket = unix://%(dir)s/charon.ldt
      responder = 10.99.1.1
      initiators = %(initiators)d
      iterations = %(each)d
      init_limit = %(limit)d
      delay = 1
      proposal = aes128gcm16-prfsha256-ecp256
      esp = aes128gcm16
      mode = tunnel
      request_virtual_ip = yes
      initiator_tsr = 10.99.2.0/24
      child_rekey = 0
      ike_rekey = 0
      dpd_delay = 0
      initiator_auth = %(auth)s
      responder_auth = %(gateway_auth)s
      initiator_id = %(prefix)s%%d@%(domain)s
      responder_id = gw.example.test
      preshared_key = "%(psk)s"
      eap_password = "%(psk)s"
      digest = sha256
      %(issuer)s
    }
  }
  filelog { main { path = %(dir)s/charon.log
                   default = 0 } }
}
"""


class LoadTester:
    """Begins at once, unless initiators is 0: then with begin(). prefix: of the clients' names, which another tester must not have
    used. auth: pubkey, eap-tls, ...; ca: the authority (pki_lib) that every client's certificate and the gateway's is of, as an
    issuer and as a key: the tester makes certificates as they are wanted."""

    def __init__(self, host, name, count, initiators=8, prefix="c", auth="psk", domain="psk.test", ca=None):
        self.dir = os.path.join(WORK, "tester-" + name)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir + "/run")
        each = count // initiators if initiators else 0
        self.want = each * initiators or count
        conf = self.dir + "/strongswan.conf"
        issuer = "issuer_cert = %s\n      issuer_key = %s" % (ca.cert_file, ca.key_file) if ca else ""
        with open(conf, "w") as f:
            f.write(CONF % dict(dir=self.dir, psk=PSK, initiators=initiators, each=each, prefix=prefix, auth=auth, domain=domain,
                                gateway_auth="pubkey" if ca else "psk", issuer=issuer, limit=64 if initiators else 0))
        self.process = spawn(host.ns, "sh", "-c", "mount --bind %s/run /run && exec %s" % (self.dir, CHARON),
                             log=self.dir + "/out", env={**os.environ, "STRONGSWAN_CONF": conf})

    def is_ready(self):
        return os.path.exists(self.dir + "/charon.ldt") and self.established() is not None

    def begin(self):
        """All at the same moment; gives a socket that ends when each of them has come to an end, good or bad."""
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.dir + "/charon.ldt")
        s.sendall(b"%d 0\n" % self.want)
        return s

    def established(self):
        """How many IKE SAs stand; None while the tester does not say."""
        try:
            s = stats(self.dir + "/charon.vici")
        except (OSError, EOFError):
            return None
        return int(s["ikesas.total"]) - int(s["ikesas.half-open"])

    def kill(self):
        """Without a word to the gateway: its SAs stay."""
        stop_process(self.process, sig=signal.SIGKILL)


def stats(path):
    """The tester's own figures, by the smallest request of its control protocol: {section.key: value}."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(path)
    s.sendall(struct.pack(">I", 7) + b"\0\x05stats")

    def read(n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    data = read(struct.unpack(">I", read(4))[0])
    s.close()
    at, sections, found = 1, [], {}
    while at < len(data):
        kind = data[at]
        at += 1
        if kind in (1, 3, 4): # section, key and value, list: a name follows
            n = data[at]
            name = data[at + 1:at + 1 + n].decode()
            at += 1 + n
        if kind == 1:
            sections.append(name)
        elif kind == 2:
            sections.pop()
        elif kind in (3, 5):
            n = struct.unpack(">H", data[at:at + 2])[0]
            if kind == 3:
                found[".".join(sections + [name])] = data[at + 2:at + 2 + n].decode()
            at += 2 + n
    return found
