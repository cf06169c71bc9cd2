"""The independent peers of tests/peer in the namespaces of lib.py."""
import ctypes
import os
import socket
import sys

from lib import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "peer"))
_libc = ctypes.CDLL(None, use_errno=True)


def socket_in(host, address=None, ipv6=False):
    """A UDP socket in the namespace of a host; address: (address, port) to bind to; ipv6 when that has none to tell it by."""
    with open("/proc/self/ns/net") as ours, open("/run/netns/%s" % host.ns) as theirs:
        assert _libc.setns(theirs.fileno(), 0x40000000) == 0
        try:
            s = socket.socket(socket.AF_INET6 if ipv6 or address and ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
            if address:
                s.bind(address)
            return s
        finally:
            assert _libc.setns(ours.fileno(), 0x40000000) == 0
