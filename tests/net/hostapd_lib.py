"""The EAP server of hostapd as a RADIUS server in a namespace: the one of Debian's that binds PEAP to its tunnel cryptographically."""
import os

import lib


class Hostapd:
    """users: {name: password}; outer: the methods of the first phase."""

    def __init__(self, host, users, server, ca, outer="PEAP,TTLS,TLS", inner="MSCHAPV2,GTC,MD5,TTLS-PAP,TTLS-MSCHAPV2", port=1812,
                 secret="radius-secret"):
        self.host, self.dir = host, os.path.join(lib.WORK, "hostapd-" + host.name)
        os.makedirs(self.dir, exist_ok=True)
        lines = ["\"%s\" %s [ver=0]" % (name, outer) for name in users]
        lines += ["\"%s\" %s \"%s\" [2]" % (name, inner, password) for name, password in users.items()]
        self.write("users", "\n".join(lines) + "\n")
        self.write("clients", "127.0.0.1/32 %s\n" % secret)
        self.write("conf", "driver=none\nradius_server_clients=%s/clients\nradius_server_auth_port=%d\neap_server=1\neap_user_file=%s/users\n"
                   "ca_cert=%s\nserver_cert=%s\nprivate_key=%s\nlogger_stdout=-1\nlogger_stdout_level=0\n"
                   % (self.dir, port, self.dir, ca.cert_file, server.chain_file, server.key_file))
        self.log = os.path.join(self.dir, "log")

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)

    def start(self):
        self.process = lib.spawn(self.host.ns, "/usr/sbin/hostapd", "-dd", os.path.join(self.dir, "conf"), log=self.log)
        if not lib.wait_for(5, lambda: "ENABLED" in self.log_text()):
            raise RuntimeError("hostapd did not start: " + self.log_text()[-2000:])
        return self

    def log_text(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def stop(self):
        lib.stop_process(self.process)
