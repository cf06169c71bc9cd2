"""A real DHCP server (ISC dhcpd) in a namespace, for clients of the headend: its messages and leases are read from its files."""
import re

from lib import *

GIADDR = "10.200.0.1"
SERVER = """
authoritative;
ping-check false;
default-lease-time %(lease)d;
max-lease-time %(lease)d;
min-lease-time 1;
subnet 10.99.2.0 netmask 255.255.255.0 {
  range 10.99.2.100 10.99.2.120;
  option domain-name-servers 10.99.2.77;
}
subnet 10.200.0.0 netmask 255.255.254.0 {
  range 10.200.0.50 10.200.0.99;
  option domain-name-servers 10.99.2.88, 10.99.2.89;
}
"""
LEASE = re.compile(r"lease (\S+) \{(.*?)\n\}", re.S)


class Dhcpd:
    def __init__(self, host, lease=600):
        self.host, self.config = host, SERVER
        self.leases = os.path.join(WORK, "dhcpd.leases")
        self.log = os.path.join(WORK, "dhcpd.log")
        self.conf = os.path.join(WORK, "dhcpd.conf")
        open(self.leases, "w").close()
        self.start(lease)

    def start(self, lease):
        with open(self.conf, "w") as f:
            f.write(self.config % {"lease": lease})
        started = self.text().count("Server starting service.")
        self.process = spawn(self.host.ns, "/usr/sbin/dhcpd", "-4", "-f", "-d", "-cf", self.conf, "-lf", self.leases,
                             "-pf", os.path.join(WORK, "dhcpd.pid"), "eth0", log=self.log)
        if not wait_for(10, lambda: self.text().count("Server starting service.") > started):
            raise RuntimeError("dhcpd did not start: " + self.text()[-2000:])

    def stop(self):
        stop_process(self.process)

    def text(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def said(self, word):
        """Lines like DHCPREQUEST for 10.200.0.50 from ..."""
        return [line for line in self.text().splitlines() if line.startswith(word)]

    def lease(self, addr):
        """The last that the file has of it."""
        with open(self.leases) as f:
            found = [body for a, body in LEASE.findall(f.read()) if a == addr]
        return found[-1] if found else ""

    def is_active(self, addr):
        return "\n  binding state active;" in self.lease(addr)
