"""FreeRADIUS in a namespace, with a configuration of its own: EAP with every method that it has, passwords from a list; by UDP, or by TLS alone."""
import os

import lib

# Lines of a gateway whose RADIUS server is in the LAN, and its profile for eap.test, to which lines may be added,
# with an authorization policy RA of its own: %(ca)s, %(cert)s, %(key)s.
GATEWAY_RADIUS = """
hostname gw
aaa new-model
radius server R1
 address ipv4 10.99.2.2 auth-port 1812 acct-port 1813
 key radius-secret
 timeout 1
 retransmit 1
aaa group server radius RAD
 server name R1
aaa authentication login RAD group RAD
aaa authorization network LOCAL local
aaa accounting network ACCT start-stop group RAD
"""
GATEWAY_EAP = """crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 revocation-check none
crypto ikev2 profile EAP
 match identity remote email domain eap.test
 identity local fqdn gw.example.test
 authentication remote eap
 authentication local rsa-sig
 pki trustpoint HQ
 aaa authentication eap RAD
 aaa authorization user eap cached
 aaa authorization group eap list LOCAL RA
 aaa accounting eap ACCT
"""

CONF = """
prefix = /usr
libdir = /usr/lib/freeradius
logdir = %(dir)s
raddbdir = %(dir)s
run_dir = %(dir)s
db_dir = %(dir)s
hostname_lookups = no
log {
  destination = stdout
  auth = yes
}
security {
  allow_core_dumps = no
  status_server = yes
}
client test {
  ipaddr = %(clients)s
  secret = %(secret)s
}
%(others)sthread pool {
  start_servers = 2
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 2
}
modules {
  detail auth_detail {
    filename = %(dir)s/auth-detail
    header = "%%t"
    permissions = 0600
  }
  detail acct_detail {
    filename = %(dir)s/acct-detail
    header = "%%t"
    permissions = 0600
  }
  pap { }
  always ok {
    rcode = ok
  }
  mschap {
    use_mppe = yes
    require_encryption = yes
    require_strong = yes
  }
  files {
    usersfile = %(dir)s/users
  }
  eap {
    default_eap_type = %(first)s
    ignore_unknown_eap_types = no
    md5 { }
    gtc {
      auth_type = PAP
    }
    mschapv2 {
      send_error = yes
    }
    tls-config common {
      private_key_file = %(key)s
      certificate_file = %(cert)s
      ca_file = %(ca)s
      cipher_list = "DEFAULT"
      tls_min_version = "1.2"
      tls_max_version = "1.3"
      fragment_size = %(fragment)d
      cache {
        enable = no
      }
    }
    tls {
      tls = common
    }
    ttls {
      tls = common
      default_eap_type = md5
      virtual_server = inner
    }
    peap {
      tls = common
      default_eap_type = %(peap)s
      virtual_server = inner
    }
  }
}
server outer {
%(listen)s  authorize {
    auth_detail
    eap {
      ok = return
    }
    files
    mschap
    pap
  }
  authenticate {
    eap
    Auth-Type MS-CHAP {
      mschap
    }
    Auth-Type PAP {
      pap
    }
  }
%(signs)s  accounting {
    acct_detail
    ok
  }
}
server inner {
  authorize {
    mschap
    eap {
      ok = return
    }
    files
    pap
  }
  authenticate {
    eap
    Auth-Type MS-CHAP {
      mschap
    }
    Auth-Type PAP {
      pap
    }
  }
}
"""


UDP = """  listen {
    type = auth
    ipaddr = %(address)s
    port = 1812
  }
  listen {
    type = acct
    ipaddr = %(address)s
    port = 1813
  }
"""
# RFC 6614: one port, certificates of both sides, the secret is "radsec".
TLS = """  listen {
    type = auth+acct
    ipaddr = %(address)s
    port = %(radsec)s
    proto = tcp
    clients = radsec
    tls {
      private_key_file = %(key)s
      certificate_file = %(cert)s
      ca_file = %(ca)s
      cipher_list = "DEFAULT"
      tls_min_version = "1.2"
      tls_max_version = "%(tls_max)s"
      fragment_size = 8192
      require_client_cert = yes
      cache {
        enable = no
      }
    }
  }
"""
TLS_CLIENTS = """clients radsec {
  client tls {
    ipaddr = %(clients)s
    proto = tls
    secret = radsec
  }
}
"""

# Debian 12's server signs replies to EAP only, unless it is told to; we demand it of all (CVE-2024-3596).
SIGNS = """  post-auth {
    update reply {
      &Message-Authenticator := 0x00
    }
%(accepts)s    Post-Auth-Type REJECT {
      update reply {
        &Message-Authenticator := 0x00
      }
    }
  }
"""


class FreeRadius:
    """users: {name: password}, or {name: (password, "Attribute = value, ...")}. server: the pki_lib entity that TLS shows, ca: the authority
    of clients. peap: the method inside it. first: the method that is proposed first. radsec: the TCP port where it listens, and nowhere else.
    name: of its folder, where a host has several. entries: lines of the file of users that come before these.
    accepts: lines of post-auth, of Access-Accepts only (with signs)."""

    def __init__(self, host, users, server, ca, address="127.0.0.1", clients="127.0.0.1", secret="radius-secret", first="md5", peap="mschapv2",
                 fragment=1000, signs=True, radsec=None, tls_max="1.3", name=None, entries="",
                 accepts=""):
        self.host, self.dir = host, os.path.join(lib.WORK, "radius-" + (name or host.name))
        os.makedirs(self.dir, exist_ok=True)
        values = dict(dir=self.dir, address=address, clients=clients, secret=secret, signs=SIGNS % dict(accepts=accepts) if signs else "", first=first, peap=peap, fragment=fragment,
                      key=server.key_file, cert=server.chain_file, ca=ca.cert_file, radsec=radsec, tls_max=tls_max)
        values["listen"] = (TLS if radsec else UDP) % values
        values["others"] = TLS_CLIENTS % values if radsec else ""
        lines = [entries]
        for name, value in users.items():
            password, reply = value if isinstance(value, tuple) else (value, "")
            lines.append("\"%s\" Cleartext-Password := \"%s\"\n%s" % (name, password, "\t%s\n" % reply if reply else ""))
        for file, text in (("radiusd.conf", CONF % values), ("users", "\n".join(lines) + "\n"),
                           ("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n")):
            with open(os.path.join(self.dir, file), "w") as f:
                f.write(text)
            os.chmod(os.path.join(self.dir, file), 0o600)
        self.log = os.path.join(self.dir, "log")

    def start(self):
        open(self.log, "w").close()
        self.process = lib.spawn(self.host.ns, "/usr/sbin/freeradius", "-f", "-d", self.dir, "-n", "radiusd", "-l", "stdout", log=self.log)
        if not lib.wait_for(10, lambda: "Ready to process requests" in self.log_text()):
            raise RuntimeError("FreeRADIUS did not start: " + self.log_text()[-2000:])
        return self

    def log_text(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def records(self, what="acct"):
        """The requests of a kind ("auth", "acct") in their order: each {attribute: [values]}."""
        try:
            with open(os.path.join(self.dir, what + "-detail"), errors="replace") as f:
                blocks = f.read().split("\n\n")
        except OSError:
            return []
        found = []
        for block in blocks:
            record = {}
            for line in block.splitlines():
                name, sign, value = line.strip().partition(" = ")
                if sign and line.startswith("\t"):
                    record.setdefault(name, []).append(value.strip('"'))
            if record:
                found.append(record)
        return found

    def stop(self):
        lib.stop_process(self.process)
