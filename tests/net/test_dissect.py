#!/usr/bin/env python3
"""Whole logins as tshark sees them, decrypted with the keys of the peer: nothing is malformed, and
the exchanges are those of the RFC."""
import re
from lib import *

t = Topology()
sp = Sallyport(t.gw).start()
PCAP = os.path.join(WORK, "ike.pcap")
dump = spawn(t.gw.ns, "tcpdump", "-i", "wan0", "-U", "--immediate-mode", "-w", PCAP, "-Z", "root", "udp port 500 or udp port 4500",
             log=os.path.join(WORK, "tcpdump"))
wait_for(5, lambda: os.path.exists(PCAP) and os.path.getsize(PCAP) >= 24)
SECRETS = []


def keys_of(log):
    """Rows for tshark's table of IKEv2 keys."""
    found, name, data, length = {}, None, b"", 0
    for line in log.splitlines():
        m = re.search(r"\] (Sk_e[ir]) secret => (\d+) bytes", line)
        if m:
            name, length, data = m.group(1), int(m.group(2)), b""
            continue
        m = re.search(r"\]\s+\d+: ((?:[0-9A-F]{2} )+)", line)
        if name and m:
            data += bytes.fromhex(m.group(1).replace(" ", ""))
            if len(data) >= length:
                found[name], name = data[:length].hex(), None
    return found


def login(host, gateway, psk=PSK, want=True, extra=""):
    ss = StrongSwan(host, gateway=gateway, psk=psk, retransmits=2, timeout="0.5", extra=extra)
    path = os.path.join(ss.dir, "strongswan.conf")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("default = 1", "default = 1\n ike = 4"))
    ss.start()
    up = ss.up(timeout=8)
    ok("%s to %s: %s" % (host.name, gateway, "connects" if want else "is refused"), up == want, ss.last[-300:])
    if up:
        m = re.search(r"psk: #\d+, ESTABLISHED, IKEv2, (\w+)_i\* (\w+)_r", ss.sas())
        keys = keys_of(ss.log_text())
        if m and len(keys) == 2:
            SECRETS.append((m.group(1), m.group(2), keys["Sk_ei"], keys["Sk_er"]))
        host.ping("10.99.2.2")
        ss.down()
    ss.stop()


plain = t.client(1)
login(plain, "10.99.1.1")
login(plain, "fd00:99:1::1")
login(plain, "10.99.1.1", psk="not-the-key", want=False)
login(t.nat(1), "10.99.1.1")
sp.configure(CONF + "crypto ikev2 fragmentation mtu 300\n")
sp.reload()
login(plain, "10.99.1.1", extra="fragment_size = 300")
time.sleep(0.5)
stop_process(dump, sig=signal.SIGINT)


def tshark(*argv):
    words = ["tshark", "-n", "-r", PCAP]
    for spi_i, spi_r, ei, er in SECRETS:
        words += ["-o", 'uat:ikev2_decryption_table:%s,%s,%s,%s,"AES-GCM-128 with 16 octet ICV [RFC5282]",,,"NONE [RFC4306]"'
                  % (spi_i, spi_r, ei, er)]
    r = subprocess.run(words + list(argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                       env=dict(os.environ, HOME=WORK))
    if r.returncode:
        raise RuntimeError("tshark: %s" % r.stderr[-1000:])
    return r.stdout


frames = tshark("-Y", "isakmp", "-T", "fields", "-E", "separator=;", "-e", "isakmp.exchangetype", "-e", "isakmp.flag_r",
                "-e", "isakmp.messageid", "-e", "isakmp.ispi", "-e", "udp.dstport").split()
ok("the capture has the logins", len(frames) >= 14, str(frames))
ok("the keys of four logins are known", len(SECRETS) == 4, str(len(SECRETS)))
bad = tshark("-Y", "isakmp && (_ws.malformed || _ws.expert.severity == error)")
ok("nothing is malformed", not bad, bad[:1500])
verbose = tshark("-Y", "isakmp", "-V")
ok("what is encrypted was read too",
   all(w in verbose for w in ("Configuration", "INTERNAL_IP4_ADDRESS", "Traffic Selector", "Authentication Data")) or
   "CFG_REPLY" in verbose, verbose[-500:])
ok("no proposal, notify or attribute is unknown to tshark", not re.search(r"(?i)\bunknown\b", "\n".join(
    l for l in verbose.splitlines() if "endor ID" not in l)), "\n".join(
    l for l in verbose.splitlines() if re.search(r"(?i)\bunknown\b", l))[:600])

for side, port in (("client", "dst"), ("headend", "src")):
    whole = tshark("-Y", "isakmp.fragments && ip.%s == 10.99.1.1" % port, "-V")
    ok("fragments of the %s were put together and read" % side, "Authentication Data" in whole and "Traffic Selector" in whole, whole[-1500:])

exchanges = {}
for f in frames:
    kind, reply, message, spi, port = f.split(";")[:5]
    exchanges.setdefault(spi, []).append((kind, reply.lower() in ("1", "true"), int(message, 0)))
INIT, AUTH, INFO = "34", "35", "37"


def once(v):
    """Without retransmissions."""
    out = []
    for x in v:
        if x not in out:
            out.append(x)
    return out


whole = [(INIT, False, 0), (INIT, True, 0), (AUTH, False, 1), (AUTH, True, 1)]
seen = [once(v) for v in exchanges.values()]
ends = [v[4:] for v in seen if v[:4] == whole]
ok("five logins of INIT and AUTH", len(ends) == 5, str(seen))
ok("four end with a delete and its answer", sum(v == [(INFO, False, 2), (INFO, True, 2)] for v in ends) == 4, str(ends))
ok("the refused one ends there", [] in ends, str(ends))
moved = tshark("-Y", "isakmp.exchangetype == 35 && udp.port == 500")
ok("IKE_AUTH is on port 4500", not moved, moved[:300])
esp = tshark("-Y", "esp", "-T", "fields", "-e", "udp.dstport").split()
ok("ESP travels in UDP", len(esp) >= 12 and "4500" in esp, str(esp[:3]))
sp.stop()
done()
