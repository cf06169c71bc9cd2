"""Clients as they are known to behave: their proposals, vendor IDs, identities, order of payloads, round of EAP identity and quirks. Written from
what administrators and other implementations document of them, not from captures of ours.

    p = client("windows11", sock, "10.99.1.1", user="CORP\\\\anna", password="...", trust=[root.der], dialled="gw.example.test")
    p.login()

user, password: EAP-MSCHAPv2, unless `auth` says otherwise ([Cert(leaf)], [Psk("...")], [Eap(...)]). dialled: the name (or address) that the user
entered, which is what they look for in the gateway's certificate. own: the address of the interface. Anything else of Initiator may be given too.

  windows11        modp1024 only, unless dh="registry" (modp2048) or dh="strong" (as its PowerShell sets it: GCM, group 14); IDi is the address, no
                   IDr; no SIGNATURE_HASH_ALGORITHMS; the certificate needs the dialled name as dNSName and serverAuth; many CERTREQ hashes
  windows7         the same with its old proposals and without RFC 7383
  ios              IDr and no CERTREQ; AES-CBC; asks for DNS domains; rekeys with a KE that it can do without; certificate by IDr, with serverAuth
  macos            GCM and CBC, nonces of 16 octets; its rekeying numbers proposals from 3 (macOS 14)
  android          (the system's own) first KE modp4096, which most gateways answer with INVALID_KE_PAYLOAD; an empty EAP identity; IDr is what was
                   dialled
  strongswan-app   says that there is a NAT always; no IDr; EAP_ONLY where the method allows it
  mikrotik         CBC and SHA-1; a configuration payload in its rekeying
  forticlient      its vendor IDs and notify 0xF100; no IDr; EAP-MSCHAPv2, then GTC with token= when the gateway announces it by an EAP-Success of
                   five octets; AUTH from SK_pi then"""
import os
import struct

from eap_peer import Eap
from ike_initiator import Initiator
from ike_wire import *

MS_VENDOR = bytes.fromhex("1e2b516905991c7d7c96fcbfb587e461")
WINDOWS_VENDORS = [bytes.fromhex("fb1de3cdf341b7ea16b7e5be0855f120"), bytes.fromhex("26244d38eddb61b3172a36e3d0cfb819")]
STRONGSWAN_VENDOR = bytes.fromhex("882fe56d6fd20dbc2251613b2ebe5beb")
FORTINET_VENDORS = [bytes.fromhex(v) for v in ("4c53427b6d465d1b337bb755a37a7fef", "b4f01ca951e9da8d0bafbbd34ad3044e",
                                               "c1dc4350476b98a429b91781914ca43e")]
FORTICLIENT_CONNECT = 0xF100
WINDOWS_CP = ["address", "dns", "nbns", "ms-server", "address6", "dns6", "ms-server6"]
WINDOWS_HASHES = ["sha1 prfsha1", "sha256 prfsha256", "sha384 prfsha384"]


def windows_lines(ciphers, group):
    """Every combination is a proposal of its own."""
    return ["%s %s %s" % (c, h, group) for h in WINDOWS_HASHES for c in ciphers]


def windows(args, version, ciphers, gcm):
    lines = {"default": windows_lines(ciphers, "modp1024") + ["%s %s modp1024" % (g, h) for g in gcm for h in ("prfsha1", "prfsha256", "prfsha384")],
             "registry": windows_lines(["aes256"], "modp2048"), "strong": ["aes256 sha256 prfsha256 modp2048"]}[args["dh"]]
    esp = ["aes128gcm16 noesn"] if args["dh"] == "strong" else ["%s sha1 noesn" % c for c in ("aes256", "aes128", "3des", "des", "null")]
    return dict(identity_i=args["own"], ike=lines, esp=esp, cp=WINDOWS_CP, hashes=None, port=500, send_idr=False, server_eku=True,
                 auth_notifies=[notify(MOBIKE)], order="IDi CERT CERTREQ AUTH N CP SA TSi TSr", certreq=[os.urandom(20) for _ in range(40)],
                 server_name=args["dialled"], vendors=[MS_VENDOR + struct.pack("!I", version)] + WINDOWS_VENDORS)


def windows11(args):
    return dict(windows(args, 9, ["3des", "aes128", "aes192", "aes256"], ["aes128gcm16", "aes256gcm16"]), fragments=True)


def windows7(args):
    return windows(args, 8, ["3des", "aes256"], [])


def apple(args):
    return dict(identity_i=args["identity"], remote_id=args["dialled"], port=500, hashes=None, certreq=[], fragments=True,
                server_eku=True, nonce=16, cp=["address", "netmask", "dhcp", "dns", "address6", "dhcp6", "dns6", "domain"],
                auth_notifies=[notify(INITIAL_CONTACT)], late_notifies=[notify(NO_TFC), notify(NON_FIRST_FRAGMENTS)],
                order="IDi N IDr AUTH CERT CP N2 SA TSi TSr")


def ios(args):
    return dict(apple(args), init_notifies=[notify(REDIRECT_SUPPORTED)],
                ike=["aes256 sha256 prfsha256 modp2048", "aes256 sha256 prfsha256 ecp256", "aes256 sha256 prfsha256 modp1536",
                     "aes128 sha1 prfsha1 modp1024", "3des sha1 prfsha1 modp1024"],
                esp=["aes256 sha256 noesn", "aes128 sha1 noesn", "3des sha1 noesn"],
                rekey_esp=["aes256 sha256 modp2048 noesn", "aes256 sha256 noesn"])


def macos(args):
    return dict(apple(args), ike=["aes256gcm16 prfsha256 ecp256", "aes256gcm16 prfsha256 modp2048", "aes256 sha256 prfsha256 ecp256",
                                  "aes256 sha256 prfsha256 modp2048"],
                esp=["aes256gcm16 noesn", "aes256 sha256 noesn"], rekey_number=3)


def android(args):
    prfs, groups = "prfsha512 prfsha384 prfsha256 prfxcbc prfcmac prfsha1", "modp4096 x25519 modp3072 modp2048"
    return dict(identity_i=args["identity"], remote_id=args["dialled"], port=500, fragments=True, eap_identity="",
                ike=["aes256ctr aes256 aes192ctr aes192 aes128ctr aes128 sha512 sha384 sha256 xcbc cmac %s %s" % (groups, prfs),
                     "chacha20 aes256gcm16 aes256gcm12 aes256gcm8 aes192gcm16 aes192gcm12 aes192gcm8 aes128gcm16 aes128gcm12 aes128gcm8 %s %s"
                     % (groups, prfs)],
                esp=["aes256ctr aes256 aes192ctr aes192 aes128ctr aes128 sha512 sha384 sha256 noesn",
                     "chacha20 aes256gcm16 aes256gcm12 aes256gcm8 aes192gcm16 aes192gcm12 aes192gcm8 aes128gcm16 aes128gcm12 aes128gcm8 noesn"],
                cp=["address", "address6", "dns", "dns6"], order="IDi IDr AUTH CERT CERTREQ CP SA TSi TSr N", hashes=(1, 2, 3, 4))


def strongswan_app(args):
    return dict(identity_i=args["identity"], send_idr=False, port=500, fragments=True, vendors=[STRONGSWAN_VENDOR],
                init_notifies=[notify(REDIRECT_SUPPORTED)], cp=["address", "address6", "dns", "dns6"], server_name=args["dialled"],
                ike=["aes256gcm16 aes128gcm16 chacha20 prfsha256 prfsha384 prfsha512 x25519 ecp256 ecp384 modp3072 modp2048",
                     "aes256 aes128 sha256 sha384 sha512 prfsha256 prfsha384 prfsha512 x25519 ecp256 ecp384 modp3072 modp2048"],
                esp=["aes256gcm16 aes128gcm16 chacha20 noesn", "aes256 aes128 sha256 noesn"],
                auth_notifies=[notify(INITIAL_CONTACT)], late_notifies=[notify(MOBIKE), notify(MULTIPLE_AUTH)],
                order="IDi CERT N CERTREQ AUTH CP SA TSi TSr N2")


def mikrotik(args):
    return dict(identity_i=args["identity"], send_idr=False, hashes=None, cp=["address", "netmask", "dns", "subnet"],
                ike=["aes128 3des sha1 prfsha1 modp2048 modp1024"], esp=["aes256 aes192 aes128 sha1 noesn"],
                auth_notifies=[notify(INITIAL_CONTACT)], order="IDi CERT N CERTREQ AUTH CP SA TSi TSr",
                rekey_more=[configuration(REQUEST, ["address", "netmask", "dns", "subnet"])])


def forticlient(args):
    about = b"VER=1\nFCTVER=7.4.8.2066\nUID=" + os.urandom(16).hex().upper().encode() + b"\n"
    return dict(identity_i=args["own"], send_idr=False, hashes=None, vendors=FORTINET_VENDORS, cp=["address", "netmask", "dns", "subnet"],
                ike=["aes128 aes256 sha256 prfsha256 modp2048"], esp=["aes128 aes256 sha256 noesn"],
                auth_notifies=[notify(FORTICLIENT_CONNECT, about)], order="IDi CERT N AUTH CP SA TSi TSr", certreq=[])


CLIENTS = {"windows11": windows11, "windows7": windows7, "ios": ios, "macos": macos, "android": android, "strongswan-app": strongswan_app,
           "mikrotik": mikrotik, "forticlient": forticlient}


def client(name, sock, gateway, user=None, password=None, auth=None, trust=(), dialled=None, own=None, token=None, dh="default", identity=None,
           **more):
    """An Initiator that behaves like this client; see the head of this file. identity: IDi of those that have one to set, else it is user."""
    options = CLIENTS[name]({"dialled": dialled, "own": own, "identity": identity or user, "dh": dh})
    options.update(more)
    eap_identity = options.pop("eap_identity", None)
    if auth is None:
        auth = [Eap(user, password, ["mschapv2"], identity=eap_identity, token=token)]
    return Initiator(sock, gateway, options.pop("identity_i"), auth, trust=trust, **options)
