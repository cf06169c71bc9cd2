"""Coming back to a session, written from docs/reconnect.md and nothing else.

    anna = Initiator(..., cp=("address", "session-token")).login()
    kept = Kept(anna)                       what a client remembers: session ID, token, seconds
    again = kept.come_back(other_socket)    an Initiator that has logged in with them"""
import hashlib
import hmac
import struct

from ike_auth import Psk
from ike_initiator import Initiator
from ike_wire import KEY_ID


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def keys(session_id, token):
    """(the client's, the gateway's)"""
    verifier = mac(token, b"Sallyport reconnect verifier 1" + session_id)
    return mac(verifier, b"Sallyport reconnect initiator 1"), mac(verifier, b"Sallyport reconnect responder 1")


class Kept:
    def __init__(self, p):
        self.gateway, self.gateway_id = p.gateway, p.idr
        (self.session_id,), (self.token,) = p.values("session-id"), p.values("session-token")
        self.seconds, = struct.unpack("!I", p.values("session-wait")[0])
        self.state = (p.values("session-state") + [b""])[0]

    def initiator(self, sock, token=None, session_id=None, cp=("address",), gateway=None, **more):
        name = session_id or self.session_id
        ours, theirs = keys(name, token or self.token)
        return Initiator(sock, gateway or self.gateway, struct.pack("!BBBB", KEY_ID, 0, 0, 0) + name, [Psk(ours)], remote=Psk(theirs),
                         remote_id=self.gateway_id, send_idr=False, cp=cp, **more)

    def come_back(self, sock, **more):
        return self.initiator(sock, **more).login()

    def go_elsewhere(self, sock, gateway, state=None, **more):
        """To another gateway of the cluster, with the sealed session."""
        p = self.come_back(sock, gateway=gateway, cp=("address", ("session-state", self.state if state is None else state)), **more)
        self.state = (p.values("session-state") + [self.state])[0]
        return p
