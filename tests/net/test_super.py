#!/usr/bin/env python3
"""Large packets to and from the kernel: what goes through a tunnel between two headends arrives byte for byte, TCP and UDP,
IPv4 and IPv6, both ways, with offloads, without, and with workers that cipher for each other; and with offloads few packets
cross the devices for many on the wire."""
from tunnel_lib import *

MEGABYTES = 24

# argv: listen|send, family, address, port. The sender's bytes come from one seed; both print a digest. TCP, then UDP.
PIPE = r"""
import hashlib, random, socket, sys, time
what, family, addr, port, megabytes = sys.argv[1], socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET, sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
block = random.Random(7).randbytes(1 << 20)
h = hashlib.sha256()
if what == "send":
    s = socket.create_connection((addr, port), timeout=20)
    for i in range(megabytes):
        part = block[i:] + block[:i]
        h.update(part)
        s.sendall(part)
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
    u = socket.socket(family, socket.SOCK_DGRAM)
    u.connect((addr, port))
    for i in range(3000):
        u.send(i.to_bytes(4, "big") + block[i:i + 40 + (i // 100 * 37) % 1200])
        if i % 50 == 49:
            time.sleep(0.01)
    print(h.hexdigest())
else:
    u = socket.socket(family, socket.SOCK_DGRAM)
    u.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    u.bind((addr, port))
    l = socket.socket(family)
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind((addr, port))
    l.listen()
    print("ready", flush=True)
    s, _ = l.accept()
    s.settimeout(30)
    while True:
        part = s.recv(1 << 20)
        if not part:
            break
        h.update(part)
    s.send(b"x")
    u.settimeout(3)
    seen, wrong, late, last = 0, 0, 0, -1
    try:
        while seen < 3000:
            d = u.recv(4096)
            i = int.from_bytes(d[:4], "big")
            seen += 1
            late += i < last
            last = max(last, i)
            wrong += d[4:] != block[i:i + 40 + (i // 100 * 37) % 1200]
    except OSError:
        pass
    print(h.hexdigest(), seen, wrong, late)
"""


def carry(name, source, target, addr, port):
    """TCP and UDP from host source to an address of host target."""
    listener = subprocess.Popen(["ip", "netns", "exec", target.ns, "python3", "-c", PIPE, "listen", addr, str(port), str(MEGABYTES)],
                                stdout=subprocess.PIPE, text=True)
    listener.stdout.readline()
    sent = source.run("python3", "-c", PIPE, "send", addr, str(port), str(MEGABYTES), check=False, timeout=90).stdout
    try:
        out = listener.communicate(timeout=40)[0].split()
    except subprocess.TimeoutExpired:
        listener.kill()
        out = listener.communicate()[0].split()
    ok("%s: TCP arrives byte for byte" % name, len(out) == 4 and out[0] == sent.strip() != "", (sent[-300:], out))
    ok("%s: UDP arrives, in order" % name, len(out) == 4 and out[1:] == ["3000", "0", "0"], out)


def packets(host, device):
    """What the kernel took from the device's other side, and gave it: large ones count once."""
    return [int(open_in(host, "/sys/class/net/%s/statistics/%s_packets" % (device, way))) for way in ("rx", "tx")]


def open_in(host, path):
    return host.run("cat", path).stdout


t = Topology()
host = t.client(1)
site = Site(host)
IN_UDP = "crypto ikev2 profile SITE\n nat force-encapsulation\n" # only there does the kernel cut and gather outside
WAYS = [("offloads", "", "", 1), ("no offloads", "sallyport offload off\n", "sallyport offload off\n", 1),
        ("offloads at one end", "sallyport offload off\n", "", 1),
        ("two workers that help each other", "sallyport workers 2\nsallyport workers fan-out always\n",
         "sallyport workers 2\nsallyport workers fan-out always\n", 2),
        ("without UDP", "sallyport workers 2\nsallyport workers fan-out always\n",
         "sallyport workers 2\nsallyport workers fan-out always\n", 2)]

for number, (name, at_hub, at_site, workers) in enumerate(WAYS):
    hub = Sallyport(t.gw, HUB + at_hub + (IN_UDP if name != "without UDP" else ""), name="hub%d" % number).start()
    spoke = Sallyport(host, side(before=at_site), name="spoke%d" % number).start()
    if not ok("%s: the tunnel is up" % name, up(spoke), spoke.tail() + hub.tail()):
        continue
    wait_for(5, lambda: site.lan.ping("10.99.2.2", count=1) == 1)
    before, rx, refused = hub.counters()["counters"], packets(t.gw, "sp-vt1"), hub.counters()["status"]
    carry(name + ", IPv4 to the hub", site.lan, t.lan, "10.99.2.2", 7001)
    carry(name + ", IPv4 from the hub", t.lan, site.lan, "10.99.3.2", 7002)
    carry(name + ", IPv6 to the hub", site.lan, t.lan, "fd00:99:2::2", 7003)
    carry(name + ", IPv6 from the hub", t.lan, site.lan, "fd00:99:3::2", 7004)
    after, now = hub.counters()["counters"], packets(t.gw, "sp-vt1")
    esp = [after[c] - before.get(c, 0) for c in ("esp_in_packets", "esp_out_packets")]
    device = [b - a for a, b in zip(rx, now)]
    told = "ESP in and out %s, device %s" % (esp, device)
    sa = hub.show("crypto", "ikev2", "sa", "detailed")["ikev2_sas"][0]["children"][0]
    ok("%s: in UDP, or not" % name, sa["udp_encapsulated"] == (name != "without UDP"), str(sa))
    if number == 1:
        ok("%s: one packet of the device is one of the wire" % name, abs(esp[0] - device[0]) < 50 and abs(esp[1] - device[1]) < 50, told)
    elif number == 0:
        ok("%s: a packet of the device is many of the wire" % name, device[0] < esp[0] / 3 and device[1] < esp[1] / 3, told)
    if workers > 1:
        ok("%s: they did" % name, after.get("worker_ciphered", 0) > esp[0] / 20, (after.get("worker_ciphered"), esp))
    drops = {k: v for k, v in hub.counters()["status"].items() if v != refused[k] and k != "out_multicast" and k.startswith(("esp_", "out_", "tun_", "ring_"))}
    ok("%s: nothing was dropped" % name, not drops, drops)
    spoke.stop()
    hub.stop()
done()
