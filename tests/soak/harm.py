"""Packets that nobody should send: argv: seconds between two rounds. Standard input gives, in lines of JSON, [[kind, address, spi], ...]: the SAs
of others whose SPIs are to be misused, newest line in force. In each round, by UDP and without it, over IPv4 and IPv6: ESP of SPIs that
nobody has, ESP of those that somebody has with rubbish in it, what is too short (in UDP that is not ESP), and rubbish to both ports of IKE.
On SIGTERM it prints how many of each it sent."""
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time

GATEWAY = {4: "10.99.1.1", 6: "fd00:99:1::1"}
sent = dict(no_sa=0, rubbish=0, short=0, marker=0, ike=0)
ending = []
signal.signal(signal.SIGTERM, lambda *_: ending.append(1))
chance = random.Random(11)
udp = {f: socket.socket(a, socket.SOCK_DGRAM) for f, a in ((4, socket.AF_INET), (6, socket.AF_INET6))}
raw = {f: socket.socket(a, socket.SOCK_RAW, socket.IPPROTO_ESP) for f, a in ((4, socket.AF_INET), (6, socket.AF_INET6))}
spis = []


def send(how, family, data, what):
    port = {"udp": 4500, "ike": 500, "raw": 0}[how]
    try:
        (raw if how == "raw" else udp)[family].sendto(data, (GATEWAY[family], port))
        sent[what] += 1
    except OSError:
        pass


def esp(spi, length):
    return struct.pack("!II", spi, chance.randrange(1, 1 << 32)) + os.urandom(length)


def unknown():
    """An SPI that nobody has; of the lowest 256 none is ever given away, but they would be something else in UDP."""
    while True:
        spi = chance.randrange(256, 1 << 32)
        if spi not in spis:
            return spi


while not ending:
    while select.select([sys.stdin], [], [], 0)[0]:
        line = sys.stdin.readline()
        if not line:
            break
        spis = [int(s, 0) for s in json.loads(line)]
    for family in (4, 6):
        for how in ("udp", "raw"):
            send(how, family, esp(unknown(), chance.randrange(28, 1400)), "no_sa")
            for spi in chance.sample(spis, min(2, len(spis))):
                send(how, family, esp(spi, 4 * chance.randrange(8, 300)), "rubbish")
            if spis:
                send(how, family, struct.pack("!I", chance.choice(spis)) + os.urandom(chance.randrange(0, 4)), "short" if how == "raw" else "marker")
        send("udp", family, bytes(4) + os.urandom(chance.randrange(0, 200)), "ike")
        send("ike", family, os.urandom(chance.randrange(1, 200)), "ike")
    time.sleep(float(sys.argv[1]))
print(json.dumps(sent), flush=True)
