#!/usr/bin/env python3
"""debug crypto ikev2 with a real peer: what it shows, of whom, and how it ends."""
from lib import *

t = Topology()
sp = Sallyport(t.gw).start()
hosts = [t.client(n) for n in (1, 2)]
EVERY = "debug crypto ikev2"


class Debug:
    def __init__(self, name, *words):
        self.path = os.path.join(WORK, name)
        self.process = spawn(sp.host.ns, BIN, *EVERY.split(), *words, "--socket", sp.socket, log=self.path)
        if not wait_for(5, lambda: "debugging is on" in self.text()):
            raise RuntimeError("debug did not start: " + self.text())

    def text(self):
        try:
            with open(self.path, errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def ended(self, seconds=5):
        wait_for(seconds, lambda: self.process.poll() is not None)
        return self.process.poll()


def streams():
    return sp.show("debugging")["streams"]


ok("nobody debugs after a start", sp.show("debugging") == {"streams": [], "conditions": []})
every, states = Debug("every"), Debug("states", "internal", "minutes", "5")
ok("show debugging", [s["packet"] for s in streams()] == [True, False], str(streams()))
sp.command("debug", "crypto", "condition", "identity", "client1@psk.test")
ok("debug is for root", run("setpriv", "--reuid=65534", "--clear-groups", BIN, "undebug", "all", "--socket", sp.socket,
                            check=False).returncode != 0)
clients = [StrongSwan(h, user="client%d@psk.test" % n).start() for n, h in enumerate(hosts, 1)]
for n, ss in enumerate(clients, 1):
    ok("client %d connects" % n, ss.up(), ss.last[-300:] + sp.tail(3))
seen = every.text()
at = 0
for words in ("SM Trace-> Event: ACCEPT", "Payload contents: SA KE NONCE", "ENCR AES-GCM-128", "NAT_DETECTION_SOURCE_IP",
              "Sending Packet [To 10.99.1.11:500", "IKE_AUTH Exchange REQUEST",
              "Id data: client1@psk.test", "cfg type: CFG_REQUEST", "CFG_REPLY", "CurState: R_COMMIT -> UP"):
    found = seen.find(words, at)
    ok("the handshake of the peer that is asked for: %s" % words, found >= 0, seen[at:at + 2000])
    at = max(at, found)
ok("and nothing of the other", "10.99.1.12" not in seen and "client2" not in seen, seen[-500:])
ok("of its first message the peer was not known", "IKE_SA_INIT Exchange REQUEST" not in seen)
ok("each stream has its topics", "PAK" not in states.text() and "R_COMMIT -> UP" in states.text(), states.text()[-500:])
ok("the session is named as show names it", "(SESSION ID = %d,SA ID = %d)" % ((sp.sessions()[0]["tunnel_id"],) * 2) in seen
   if "tunnel_id" in sp.sessions()[0] else "(SESSION ID = 1,SA ID = 1)" in seen)

# By address; before there is an SA.
sp.command("debug", "crypto", "condition", "reset")
sp.command("debug", "crypto", "condition", "peer", "ipv4", "10.99.1.12")
clients[1].down()
clients[1].write(ike="aes128-sha1-modp1024")
clients[1].ctl("--initiate", "--child", "net", "--timeout", "3", check=False)
ok("a refusal before there is an SA is explained", wait_for(3, lambda: "IKEv2-ERROR:Peer 10.99.1.12:500: no common IKE proposal" in
                                                           every.text()), every.text()[-1500:])

ok("with its first message", "Received Packet [From 10.99.1.12:500/To 10.99.1.1:500" in every.text())

# Ctrl-C.
every.process.send_signal(signal.SIGINT)
ok("Ctrl-C ends a stream", every.ended() is not None and wait_for(3, lambda: len(streams()) == 1), str(streams()))
sp.command("undebug", "all")
ok("undebug all ends the others, with words", states.ended() == 0 and "switched off by an operator" in states.text(), states.text()[-300:])
ok("nobody debugs, no conditions", sp.show("debugging") == {"streams": [], "conditions": []})

# By itself.
few = Debug("few", "lines", "10")
clients[0].down()
ok("a stream ends after its lines", few.ended() == 0 and "number of lines is reached; 10 lines" in few.text(), few.text()[-400:])
ok("which the headend knows", not streams())

# A negotiation in progress, as show has it: its IKE_AUTH does not get through.
nft(hosts[1], "table inet lose {\n chain out {\n  type filter hook output priority 0;\n  udp dport 4500 drop\n }\n}\n")
clients[1].write(ike="aes128gcm16-prfsha256-ecp256")
clients[1].ctl("--initiate", "--child", "net", "--timeout", "1", check=False)
half = sp.command("show", "crypto", "ikev2", "sa", "detailed", "remote", "10.99.1.12").stdout
for words in ("IN-NEG", "Encr: AES-GCM, keysize: 128, PRF: SHA256, Hash: None, DH Grp:19, Auth sign: Unknown - 0, Auth verify: Unknown - 0",
              "Status Description: Responder waiting for AUTH message", "Local window:      1              Remote window:      1",
              "DPD configured for 0 seconds, retry 0"):
    ok("half-open: %s" % words, words in half, half)
stats = sp.command("show", "crypto", "ikev2", "stats").stdout
ok("stats: negotiating", "negotiating(in/out): 1/0" in stats and "no_proposal" in stats, stats)

# Not beyond main's death.
last = Debug("last")
sp.kill_main()
ok("main's death ends it", last.ended() == 1 and wait_for(10, sp.answers) and not streams(), last.text()[-300:])
for ss in clients:
    ss.stop()
sp.stop()
done()
