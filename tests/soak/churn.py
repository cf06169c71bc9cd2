"""Clients that come, send a little and go, one after the other, with the independent peer of tests/peer: argv: gateway, psk, LAN
address, clients at a time. Each sends pings, packets again that it has sent before, and packets whose last byte is another. Some go without
a word. On SIGTERM it logs out whom it has and prints what it did."""
import json
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peer"))
import ike_peer as ike  # noqa: E402

gateway, psk, target, most = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
did = dict(logins=0, refused=0, silent=0, pings=0, answers=0, replayed=0, altered=0, vanished=0, logouts=0, sealed=0)
ending = []
signal.signal(signal.SIGTERM, lambda *_: ending.append(1))


class Client:
    def __init__(self, n):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
        self.n, self.life = n, 3 + n % 5
        self.peer = ike.Peer(s, gateway, "churn%d@churn.test" % (n % 50), "gw.example.test", psk)
        self.peer.wants_ticket = False
        self.peer.login()
        did["logins"] += 1

    def turn(self):
        """Pings, then harm; false when its time is over."""
        p, sent = self.peer, []
        for number in range(5):
            sent.append(p.esp(ike.echo_request(p.address, target, number)))
            p.sock.sendto(sent[-1], p.gateway)
            did["pings"] += 1
        did["answers"] += self.answers(5)
        for packet in sent[:3]:
            p.sock.sendto(packet, p.gateway)
            did["replayed"] += 1
        for packet in sent[:2]:
            # A number that is new, lest it be taken for a replay.
            high = packet[:4] + (p.sequence + 5).to_bytes(4, "big") + packet[8:-1] + bytes([packet[-1] ^ 1])
            p.sock.sendto(high, p.gateway)
            did["altered"] += 1
        did["sealed"] += 5
        self.life -= 1
        return self.life > 0

    def answers(self, wanted):
        got, until = 0, time.monotonic() + 2
        while got < wanted and time.monotonic() < until:
            self.peer.sock.settimeout(max(until - time.monotonic(), 0.01))
            try:
                data = self.peer.sock.recv(65535)
                if data[:4] == self.peer.spi_in:
                    inner = self.peer.unesp(data)
                    got += inner[9] == 1 and inner[20] == 0
            except (socket.timeout, ike.InvalidTag):
                pass
        return got

    def leave(self):
        if self.n % 5 == 4 and not ending:
            did["vanished"] += 1
        else:
            try:
                self.peer.logout()
                did["logouts"] += 1
            except (ike.Silent, ike.InvalidTag, AssertionError):
                did["silent"] += 1
        self.peer.sock.close()


clients, n = [], 0
while not ending:
    if len(clients) < most:
        try:
            clients.append(Client(n))
        except ike.Refused:
            did["refused"] += 1
        except ike.Silent:
            did["silent"] += 1
        n += 1
    for c in list(clients):
        if not c.turn():
            clients.remove(c)
            c.leave()
    time.sleep(0.3)
for c in clients:
    c.leave()
print(json.dumps(did), flush=True)
