"""snmpd, snmptrapd and the programs that ask them, in a host's namespace. The MIB modules of the RFCs
are not in Debian's main archive: tests/lib/mibs has what ours takes from them."""
from lib import *

MIBS = os.path.join(ROOT, "mibs")
STANDINS = os.path.join(ROOT, "tests", "lib", "mibs")
ARC = ".1.3.6.1.4.1.8072.9999.9999"  # core/base/pen.h
OBJECTS = ARC + ".1.1"
TRAP = ".1.3.6.1.6.3.1.1.4.1.0"

for _program in ("snmpd", "snmptrapd", "snmpwalk", "snmptranslate", "smilint"):
    if not shutil.which(_program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
        skip("%s is not installed" % _program)


class Master:
    """snmpd with AgentX, on 127.0.0.1 port 1161."""

    def __init__(self, host, name="snmpd", sink=None):
        self.host = host
        self.dir = os.path.join(WORK, name)
        os.makedirs(self.dir, exist_ok=True)
        self.socket = os.path.join(self.dir, "master")
        self.log = os.path.join(self.dir, "log")
        self.conf = os.path.join(self.dir, "agent.conf")  # snmpd.conf is what it writes itself
        self.env = dict(os.environ, SNMP_PERSISTENT_DIR=self.dir, SNMPCONFPATH=self.dir, MIBS="")
        self.process = None
        with open(self.conf, "w") as f:
            f.write("master agentx\nagentXSocket %s\nagentaddress udp:127.0.0.1:1161\n"
                    "rocommunity public\ndontLogTCPWrappersConnects yes\n" % self.socket)
            if sink:
                f.write("trap2sink 127.0.0.1:%d public\n" % sink)

    def start(self):
        self.process = spawn(self.host.ns, "/usr/sbin/snmpd", "-f", "-Lf", self.log, "-C", "-c", self.conf,
                             "-p", os.path.join(self.dir, "pid"), env=self.env)
        if not wait_for(5, lambda: self.is_up(".1.3.6.1.2.1.1.3.0")):
            raise RuntimeError("snmpd does not answer")
        return self

    def is_up(self, oid):
        r = self.ask("snmpget", "-t0.3", "-r0", "-Oqv", "127.0.0.1:1161", oid, check=False)
        return r.returncode == 0 and "No Such" not in r.stdout

    def kill(self):
        stop_process(self.process, sig=signal.SIGKILL)

    def ask(self, program, *words, check=True, timeout=60, mibs=False):
        env = dict(self.env)
        if mibs:
            env.update(MIBS="SALLYPORT-MIB", MIBDIRS="%s:%s" % (MIBS, STANDINS))
        return run("ip", "netns", "exec", self.host.ns, program, "-v2c", "-cpublic", "-t3", "-r1", *words,
                   check=check, timeout=timeout, env=env)

    def get(self, *oids, check=True, mibs=False):
        return self.ask("snmpget", "-OnqUtb", "127.0.0.1:1161", *oids, check=check, mibs=mibs)

    def walk(self, oid=OBJECTS, program="snmpwalk", check=True, timeout=60):
        """{numeric OID: text} below oid, in the order of the answer."""
        r = self.ask(program, "-OnqUtb", "-Cc", "127.0.0.1:1161", oid, check=check, timeout=timeout)
        return dict(line.split(" ", 1) if " " in line else (line, "") for line in r.stdout.splitlines()
                    if line.startswith("."))

    def catches_up(self, sp):
        """Waits until it has a sample of now; one that is younger than 0.1 s would serve again."""
        time.sleep(0.11)
        number = sp.counters()["sample"]
        return wait_for(5, lambda: int(self.get(OBJECTS + ".2.1.0").stdout.split()[-1]) >= number)

    def answers(self):
        """Does our subagent answer?"""
        return self.is_up(OBJECTS + ".1.1.0")


class Receiver:
    """snmptrapd, which writes a line for each notification: its variables, numeric, behind '|'."""

    def __init__(self, host, port=1162):
        self.host, self.port = host, port
        self.dir = os.path.join(WORK, "snmptrapd")
        os.makedirs(self.dir, exist_ok=True)
        self.out = os.path.join(self.dir, "out")
        self.conf = os.path.join(self.dir, "receiver.conf")
        with open(self.conf, "w") as f:
            f.write("disableAuthorization yes\nformat2 NOTE|%v\\n\n")
        env = dict(os.environ, SNMP_PERSISTENT_DIR=self.dir, SNMPCONFPATH=self.dir, MIBS="")
        self.process = spawn(host.ns, "/usr/sbin/snmptrapd", "-f", "-n", "-C", "-c", self.conf, "-OnqUt", "-Lf", self.out,
                             "-p", os.path.join(self.dir, "pid"), "udp:127.0.0.1:%d" % port, env=env)
        time.sleep(0.5)

    def notes(self):
        """[{OID: value}] of all of ours that came, snmpTrapOID.0 among them."""
        try:
            with open(self.out, errors="replace") as f:
                lines = [l.rstrip("\n") for l in f if l.startswith("NOTE|")]
        except OSError:
            return []
        notes = [dict(v.split(" ", 1) if " " in v else (v, "") for v in l[5:].split("\t") if v) for l in lines]
        return [n for n in notes if n.get(TRAP, "").startswith(ARC + ".")]

    def of(self, number):
        return [n for n in self.notes() if n[TRAP] == "%s.1.0.%d" % (ARC, number)]


def translate(*words):
    return run("snmptranslate", "-M", "%s:%s" % (MIBS, STANDINS), "-m", "SALLYPORT-MIB", *words, check=False).stdout.strip()


def text(value):
    return value.strip('"')


def octets(value):
    """Of a Hex-STRING or a quoted string."""
    value = value.strip()
    if value.startswith('"') and value.endswith('"'):
        inner = value[1:-1].strip()
        try:
            return bytes.fromhex(inner)
        except ValueError:
            return inner.encode()
    return bytes.fromhex(value)
