"""The two sides of an IKE SA, each asked and ordered about in the same words, whoever it is."""
import re

from lib import *


class Ours:
    """A Sallyport, in either role."""

    def __init__(self, sp):
        self.sp = sp

    def rekey(self, what):
        self.sp.command("rekey", "crypto", "ipsec" if what == "child" else "ikev2", "sa")

    def keys(self):
        # One without a session is what a collision made too many. The peer that should delete it does not always: a
        # strongSwan that reads our DELETE before our reply forgets it. It goes after a minute then.
        return {"IKE": sorted(s["local_spi"] for s in self.sp.show("crypto", "ikev2", "sa")["ikev2_sas"] if s["status"] == "READY" and s["session"]),
                "child": sorted(s["spi_in"] for s in self.sp.show("crypto", "ipsec", "sa")["ipsec_sas"])}

    def disconnect(self):
        self.sp.command("clear", "crypto", "session")

    def words(self):
        return self.sp.tail(12)


class Theirs:
    """A strongSwan, in either role."""

    def __init__(self, ss, connection):
        self.ss = ss
        self.connection = connection

    def rekey(self, what):
        self.ss.ctl("--rekey", *(("--child", "net") if what == "child" else ("--ike", self.connection)), check=False)

    def keys(self):
        sas = self.ss.sas()
        return {"IKE": re.findall(r"ESTABLISHED.* ([0-9a-f]{16})_[ir]\*", sas),
                "child": [spi for part in re.split(r"\n  (?=\w)", sas) if "INSTALLED" in part for spi in re.findall(r"in +([0-9a-f]{8})", part)]}

    def disconnect(self):
        self.ss.ctl("--terminate", "--ike", self.connection, "--timeout", "10", check=False)

    def words(self):
        return self.ss.log_text()[-1500:]
