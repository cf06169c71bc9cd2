"""An HTTP server that answers as it is asked to by the path, mostly badly. hostile_http.py ADDRESS PORT;
says "ready" when it listens."""
import os
import socket
import socketserver
import struct
import sys
import threading
import time


class Handler(socketserver.BaseRequestHandler):
    def head(self):
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.request.recv(4096)
            if not part:
                return None
            data += part
        head, body = data.split(b"\r\n\r\n", 1)
        want = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                want = int(line.split(b":")[1])
        while len(body) < want:
            body += self.request.recv(4096)
        return head, body

    def say(self, text, pieces=0, pause=0.0):
        if not pieces:
            self.request.sendall(text)
            return
        for i in range(0, len(text), pieces):
            self.request.sendall(text[i:i + pieces])
            time.sleep(pause)

    def plain(self, body, code="200 OK"):
        self.say(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (code.encode(), len(body), body))

    def reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()

    def handle(self):
        try:
            got = self.head()
            if got:
                self.answer(*got)
        except OSError:
            pass

    def answer(self, head, body):
        path = head.split()[1].decode()
        name, _, number = path[1:].partition("?")
        n = int(number) if number.isdigit() else 0
        if name == "size":
            self.plain(b"x" * n)
        elif name == "close":
            self.say(b"HTTP/1.0 200 OK\n\n" + b"y" * n)
        elif name == "pieces":
            self.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                     b"4;name=\"v\"\r\nabcd\r\n0A\r\nefghijklmn\r\n0\r\nX-Trailer: 1\r\n\r\n", 1, 0.001)
        elif name == "echo":
            self.plain(head + b"\n--\n" + body)
        elif name == "slow":
            self.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"z" * 100000, 1, 0.05)
        elif name == "slow-head":
            self.say(b"HTTP/1.1 200 OK\r\nX: " + b"z" * 100000, 1, 0.05)
        elif name == "silent":
            time.sleep(60)
        elif name == "endless":
            self.say(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                self.say(b"e" * 65536)
        elif name == "endless-chunks":
            self.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                self.say(b"1000\r\n" + b"c" * 4096 + b"\r\n")
        elif name == "endless-head":
            self.say(b"HTTP/1.1 200 OK\r\n")
            while True:
                self.say(b"X-Header: again\r\n" * 100)
        elif name == "endless-interim":
            while True:
                self.say(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        elif name == "lying-long":
            self.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
        elif name == "lying-short":
            self.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshort and more")
        elif name == "huge":
            self.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n")
        elif name == "huge-chunk":
            self.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n")
        elif name == "redirect":
            self.say(b"HTTP/1.1 302 Found\r\nLocation: /size?5\r\nContent-Length: 0\r\n\r\n")
        elif name == "reset":
            self.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
            time.sleep(0.1)
            self.reset()
        elif name == "reset-first":
            self.reset()
        elif name == "no-answer":
            return
        elif name == "garbage":
            self.say(os.urandom(5000) + b"\n\n")
        elif name == "nonsense":
            self.say(b"220 mail.example.test ESMTP\r\n\r\n")
        elif name == "packed":
            self.say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab")
        elif name == "error":
            self.plain(b"sorry", "503 Busy")
        elif name == "count":
            with lock:
                counts[number] = counts.get(number, 0) + 1
                text = b"%d" % counts[number]
            time.sleep(0.3)
            self.plain(text)
        else:
            self.plain(b"none", "404 Not Found")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET


counts, lock = {}, threading.Lock()
with Server((sys.argv[1], int(sys.argv[2])), Handler) as server:
    print("ready", flush=True)
    server.serve_forever()
