"""A strongSwan with certificates and EAP, of either role, from the text of its swanctl.conf.

    swan = Swan(host, connections, secrets, cas=[root], keys=[gw], extra="...").start()

Files of pki_lib entities are named by their absolute paths in `certs =`; `keys` are the entities whose private keys it has; `subs` are
intermediate authorities. extra: lines of its section charon. swan.up() initiates the child `net` (of any connection)."""
import os
import shutil

import lib
from lib import StrongSwan

MORE_PLUGINS = "eap-identity eap-md5 eap-gtc eap-mschapv2 eap-tls eap-ttls eap-radius md5 xauth-generic pkcs7 pkcs12 curl mgf1"

CONNECTION = """ %(name)s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = 10.99.1.1
  vips = 0.0.0.0
  encap = yes
  local { auth = %(ours)s
          id = %(name)s@%(domain)s }
  remote { auth = %(theirs)s
           id = gw.example.test }
  children { net { remote_ts = 10.99.2.0/24
                   esp_proposals = aes128gcm16 } } }
"""


def psk_connection(name, domain):
    """Of NAME@DOMAIN with the gateway in lib.py, for an IPv4 address and the child `net`."""
    return CONNECTION % dict(name=name, domain=domain, ours="psk", theirs="psk")


def eap_connection(name, domain):
    """The same by EAP-MSCHAPv2, the gateway by its certificate."""
    return CONNECTION % dict(name=name, domain=domain, ours="eap-mschapv2", theirs="pubkey")


class Swan(StrongSwan):
    def __init__(self, host, connections, secrets="", cas=(), keys=(), subs=(), extra="", plugins="", name=None, **more):
        self.text = "connections {\n%s\n}\nsecrets {\n%s\n}\npools { p4 { addrs = 10.100.9.0/24 } p6 { addrs = fd00:100:9::/112 } }\n" % (
            connections, secrets)
        dir = os.path.join(lib.WORK, "ss-" + host.name)
        for folder, entities, file in (("x509ca", list(cas) + list(subs), "cert_file"), ("private", keys, "key_file")):
            os.makedirs(os.path.join(dir, folder), exist_ok=True)
            for e in entities:
                shutil.copy(getattr(e, file), os.path.join(dir, folder))
        extra = "load = %s %s %s\n%s" % (lib.PLUGINS, MORE_PLUGINS, plugins, extra)
        super().__init__(host, extra=extra, **more)

    def conf(self):
        return self.text

    def down(self, ike):
        return self.ctl("--terminate", "--ike", ike, "--timeout", "10", check=False).returncode == 0
