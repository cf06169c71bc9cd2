"""One end of many flows, in one namespace: UDP whose datagrams carry a number, the time they left and a checksum, and TCP whose
bytes are known to both ends. Standard input gives one line of JSON, {"udp_in", "udp_out", "tcp_in", "tcp_out",
"result"}, and a second line, of whatever, when it is to begin. On SIGTERM it sends no more, waits for what is on its way, and
writes what it saw to the file "result".

UDP: [id, family, address or "", port, rate, [least, most]], TCP: [id, family, address or "", port, bytes a second]."""
import array
import json
import random
import select
import signal
import socket
import struct
import sys
import time
import zlib

HEAD = struct.Struct("!IQdI")  # flow, number, time, checksum of the rest
BLOCK = random.Random(7).randbytes(1 << 18)
STREAM = BLOCK + BLOCK  # any place of the circle is one slice of it
RCVBUFFORCE, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IPV6_MTU = 33, 10, 23, 24
CHUNK = 65536


def udp_socket(family):
    s = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 8 << 20)
    s.setblocking(False)
    return s


class UdpOut:
    def __init__(self, flow, family, address, port, rate, sizes):
        self.flow, self.interval, self.least, self.most = flow, 1 / rate, *sizes
        self.s = udp_socket(family)
        # What is too long goes in fragments, here already: whether the way tells of its width is not asked in this place.
        if family == 4:
            self.s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, 0)
        else:
            self.s.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, 0)
            self.s.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU, 1280)
        self.to = (address, port)
        self.times, self.refused = array.array("d"), 0
        self.next = 0.0

    def turn(self, now):
        self.next = max(self.next, now - 0.2)
        while self.next <= now:
            self.next += self.interval
            number = len(self.times)
            size = self.least + (number * 7919) % (self.most - self.least + 1)
            at = (number * 104729) % len(BLOCK)
            body = STREAM[at:at + size]
            sent = time.monotonic()
            try:
                self.s.sendto(HEAD.pack(self.flow, number, sent, zlib.crc32(body)) + body, self.to)
                self.times.append(sent)
            except OSError:
                self.refused += 1  # by this host: it has no address or no route just now


class UdpIn:
    def __init__(self, flow, family, address, port, *_):
        self.flow = flow
        self.s = udp_socket(family)
        self.s.bind((address or ("::" if family == 6 else "0.0.0.0"), port))
        self.seen, self.last, self.late, self.twice, self.wrong = bytearray(), -1, 0, 0, 0
        self.late_at = []

    def turn(self):
        try:
            while True:
                self.take(self.s.recv(65535))
        except OSError:
            return

    def take(self, data):
        flow, number, sent, crc = HEAD.unpack_from(data) if len(data) >= HEAD.size else (None, 0, 0, 0)
        if flow != self.flow or zlib.crc32(data[HEAD.size:]) != crc or number > 1 << 24:
            self.wrong += 1
            return
        if number >= len(self.seen):
            self.seen.extend(bytes(number + 1 - len(self.seen)))
        self.twice += self.seen[number]
        self.seen[number] = 1
        if number < self.last:
            self.late += 1
            self.late_at.append(sent)
        self.last = max(self.last, number)


class TcpOut:
    """Connects again when its connection breaks, from the beginning of the stream."""

    def __init__(self, flow, family, address, port, rate):
        self.flow, self.family, self.to, self.rate = flow, family, (address, port), rate
        self.s, self.total, self.broken, self.next = None, 0, 0, 0.0

    def turn(self, now):
        if self.next > now:
            return
        self.next = now + CHUNK / self.rate
        try:
            if self.s is None:
                self.next = now + 1
                self.at = 0
                self.s = socket.socket(socket.AF_INET6 if self.family == 6 else socket.AF_INET, socket.SOCK_STREAM)
                self.s.setblocking(False)
                if self.s.connect_ex(self.to) not in (0, 115):
                    raise OSError
                return
            place = self.at % len(BLOCK)
            n = self.s.send(STREAM[place:place + CHUNK])
            self.at += n
            self.total += n
        except BlockingIOError:
            return
        except OSError:
            self.broken += 1
            self.s.close()
            self.s = None


class TcpIn:
    def __init__(self, flow, family, address, port, *_):
        self.flow = flow
        self.s = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_STREAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((address or ("::" if family == 6 else "0.0.0.0"), port))
        self.s.listen()
        self.s.setblocking(False)
        self.connections, self.total, self.wrong = {}, 0, 0

    def turn(self, which):
        if which is self.s:
            c = self.s.accept()[0]
            c.setblocking(False)
            self.connections[c] = 0
            return c
        try:
            data = which.recv(1 << 18)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        place = self.connections[which] % len(BLOCK)
        self.wrong += data != STREAM[place:place + len(data)]
        self.connections[which] += len(data)
        self.total += len(data)
        if not data:
            del self.connections[which]
            return False
        return None


def main():
    spec = json.loads(sys.stdin.readline())
    ins = [UdpIn(*f) for f in spec["udp_in"]]
    outs = [UdpOut(*f) for f in spec["udp_out"]]
    tcp_ins = [TcpIn(*f) for f in spec["tcp_in"]]
    tcp_outs = [TcpOut(*f) for f in spec["tcp_out"]]
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending or ending.append(time.monotonic()))
    print("ready", flush=True)
    if not sys.stdin.readline():
        return
    poll, who = select.epoll(), {}
    for end in ins + tcp_ins:
        poll.register(end.s, select.EPOLLIN)
        who[end.s.fileno()] = (end, end.s)
    while not ending or time.monotonic() < ending[0] + 5:
        for fd, _ in poll.poll(0.004):
            end, s = who[fd]
            if isinstance(end, UdpIn):
                end.turn()
                continue
            changed = end.turn(s)
            if changed is False:
                poll.unregister(fd)
                s.close()
                del who[fd]
            elif changed is not None:
                poll.register(changed, select.EPOLLIN)
                who[changed.fileno()] = (end, changed)
        now = time.monotonic()
        for end in outs + tcp_outs if not ending else []:
            end.turn(now)
    found = {
        "udp_in": {e.flow: {"seen": e.seen.hex(), "late": e.late, "late_at": e.late_at, "twice": e.twice, "wrong": e.wrong} for e in ins},
        "udp_out": {e.flow: {"times": list(e.times), "refused": e.refused} for e in outs},
        "tcp_in": {e.flow: {"total": e.total, "wrong": e.wrong} for e in tcp_ins},
        "tcp_out": {e.flow: {"total": e.total, "broken": e.broken} for e in tcp_outs}}
    with open(spec["result"], "w") as f:
        json.dump(found, f)


main()
