#!/usr/bin/env python3
# long: 60 s
"""Our initiator and gateways that are not who they should be: with certificates and with EAP it connects to the right one and to none of those."""
from wrong_lib import *

import ike_responder  # noqa: E402
from eap_peer import packet  # noqa: E402
from ike_responder import Responder  # noqa: E402
from ike_sa import *  # noqa: E402

CONF_I = """
hostname branch
sallyport dpd retries 1
crypto pki trustpoint HQ
 sallyport ca-certificate %(ca)s
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
 sallyport require-eku
 revocation-check none
crypto ikev2 keyring KR
 peer GW
  address 10.99.1.1
  pre-shared-key %(psk)s
crypto ikev2 profile GW
 match identity remote fqdn gw.example.test
%(lines)s
 pki trustpoint HQ
crypto ipsec profile GW
 set ikev2-profile GW
interface Tunnel1
 ip address negotiated
 tunnel source dynamic
 tunnel destination dynamic
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile GW
crypto ikev2 client flexvpn HOME
 client connect Tunnel1
 peer 1 10.99.1.1
 connect manual
"""
CERT = " identity local email p256@cert.test\n authentication local ecdsa-sig\n authentication remote rsa-sig\n authentication remote ecdsa-sig"
PSK_ = " identity local email anna@psk.test\n authentication local pre-share\n authentication remote pre-share\n keyring local KR"


def eap(method="", more=""):
    return " identity local email p256@eap.test\n authentication local eap %s username anna password 0 %s\n authentication remote rsa-sig\n" \
           " authentication remote ecdsa-sig%s" % (method, PASSWORD.replace(" ", ""), more)


t = Topology()
host = t.client(1)
root = pki_lib.Authority("Test Root", kind="rsa")
sub = root.authority("Test Issuing CA")
other = pki_lib.Authority("Test Root", file="other-root")
KINDS = ("rsa", "p256", "p384", "p521", "ed25519")
mine = {k: sub.leaf("gw-" + k, kind=k, san=["dns:gw.example.test"], eku=["server"]) for k in KINDS}
me = sub.leaf("branch", san=["email:p256@cert.test", "email:p256@eap.test"], eku=["client"])
TLS = dict(trust=root.cert_file, cert=mine["p256"].chain_file, key=mine["p256"].key_file)


def conf(lines):
    return CONF_I % dict(ca=root.cert_file, cert=me.chain_file, key=me.key_file, psk=PSK, lines=lines)


class Branch(Headend):
    def __init__(self):
        Sallyport.__init__(self, host, conf(CERT), name="branch")
        self.seen = 0


sp, now = Branch(), None
sp.start()


def use(lines):
    global now
    if lines != now:
        sp.configure(conf(lines))
        r = sp.reload(check=False)
        if r.returncode:
            ok("reload", False, r.stdout)
        now = lines


def connect(gateway, options, seconds):
    with Responder([(socket_in(t.gw, (GW4, 500)), False), (socket_in(t.gw, (GW4, 4500)), True)], "gw.example.test", gateway,
                   **dict(dict(trust=[root.der], passwords={"anna": PASSWORD.replace(" ", "")}, eap_conf={"tls": TLS},
                               ike=["aes256gcm16 aes128gcm16 aes256 prfsha512 prfsha384 prfsha256 sha512 sha384 sha256 ecp256 ecp384 modp2048 x25519"]), **options)) as r:
        sp.failures()
        sp.command("crypto", "ikev2", "client", "flexvpn", "connect", "HOME", check=False)

        def is_up():
            return [s for s in sp.sessions() if s["status"].startswith("UP")]
        found = []

        def ended():
            found.extend(sp.failures())
            return found or is_up()
        wait_for(seconds, ended)
        up = bool(is_up()) and not found
        time.sleep(0.1)
        s = r.wait(0.1) if r.sessions else None
        sp.command("clear", "crypto", "ikev2", "client", "flexvpn", "HOME", check=False)
        sp.command("clear", "crypto", "session", check=False)
        wait_for(5, lambda: not sp.sessions())
        return up, found, s, r.errors


def accepts(name, lines, gateway, **options):
    use(lines)
    up, found, s, errors = connect(gateway, options, 10)
    ok(name, up and s is not None and s.scheme is not None and not errors, "%s %s %s %s" % (up, found, errors, s and (s.error, s.trace[-4:])))


def refuses(name, token, words, lines, gateway, **options):
    use(lines)
    up, found, s, errors = connect(gateway, options, 8)
    ok("refused: %s" % name, not up and any(st == token and words in text for st, text in found) and not errors,
       "%s %s %s %s" % ("UP" if up else "", found, errors, s and (s.error, s.trace[-4:])))


good = Cert(mine["p256"])
accepts("PSK", PSK_, Psk(PSK), remote=Psk(PSK))
refuses("PSK, wrong-secret", "auth_failed", "not the peer's", PSK_, Psk(PSK), remote=Psk(PSK), faults=["wrong-secret"])
refuses("PSK, other-identity", "no_profile", "intruder", PSK_, Psk(PSK), remote=Psk(PSK), faults=["other-identity"])
refuses("a certificate where PSK is wanted", "auth_method", "", PSK_, good, remote=Psk(PSK))
for k in KINDS:
    accepts("certificate " + k, CERT, Cert(mine[k]))
for scheme in ("pss-sha256", "pss-sha512", "rsa-sha384", "rsa1"):
    accepts("scheme " + scheme, CERT, Cert(mine["rsa"], scheme=scheme))
for fault, token in [("wrong-signature", "bad_signature"), ("other-octets", "bad_signature"), ("other-identity", "no_profile"), ("other-ca", "bad_signature"),
                     ("no-cert", "no_certificate"), ("garbage-cert", "bad_certificate"), ("method:1", "signature_algorithm"), ("method:2", "auth_method"),
                     ("method:13", "auth_method"), ("algorithm-lie:other-hash", "bad_signature"), ("algorithm-lie:other-key", "signature_algorithm")] + [
                     ("algorithm-lie:" + how, "signature_algorithm") for how in LIES if how not in ("other-hash", "other-key", "salt")]:
    refuses(fault, token, "", CERT, good, faults=[fault])
refuses("a certificate of another name", "certificate_identity", "", CERT, Cert(sub.leaf("gw2", san=["dns:gw2.example.test"], eku=["server"])))
refuses("a certificate of a client", "certificate_purpose", "", CERT, Cert(sub.leaf("gw3", san=["dns:gw.example.test"], eku=["client"])))
refuses("a certificate that has expired", "certificate_expired", "", CERT, Cert(sub.leaf("gw4", san=["dns:gw.example.test"], eku=["server"], days=(-9, -1))))
refuses("another authority", "certificate_untrusted", "", CERT, Cert(other.leaf("gw5", san=["dns:gw.example.test"], eku=["server"])))
weak = {n: sub.leaf("weak-" + n, kind="rsa" if n[0] == "r" else "ed25519", san=["dns:gw.example.test"], eku=["server"], spki=pki_lib.degenerate()[n])
        for n in ("rsa-e1", "ed25519-identity")}
refuses("key rsa-e1", "weak_key", "", CERT, Cert(RsaOfExponentOne(), weak["rsa-e1"].chain, "rsa-sha256"))
refuses("key ed25519-identity", "weak_key", "", CERT, Cert(Ed25519OfIdentity(), weak["ed25519-identity"].chain, "ed25519"))
refuses("PSK in place of a certificate", "auth_method", "pre-share", CERT, Psk(PSK))
accepts("the right one afterwards", CERT, good)

for m, word in (("mschapv2", "ms-chapv2"), ("gtc", "gtc"), ("md5", "md5")):
    lines = eap(word)
    accepts("EAP " + m, lines, good, remote=[m])
    accepts("EAP %s, by NAK" % m, lines, good, remote=["mschapv2" if m != "mschapv2" else "gtc", m])
    refuses("EAP %s, no-first-auth" % m, "auth_method", "without having proven", lines, good, remote=[m], faults=["no-first-auth"])
    refuses("EAP %s, skip-eap" % m, "auth_method", "does not begin EAP", lines, good, remote=[m], faults=["skip-eap"])
    refuses("EAP %s, skip-eap-by-skp" % m, "auth_method", "without EAP", lines, good, remote=[m], faults=["skip-eap-by-skp"])
    refuses("EAP %s, early-success" % m, "eap_early_success", "", lines, good, remote=[m], faults=["early-success"])
    refuses("EAP %s, no-final-auth" % m, "bad_exchange", "malformed", lines, good, remote=[m], faults=["no-final-auth"])
    fault = "auth-from-skp" if m == "mschapv2" else "auth-from-msk"
    refuses("EAP %s, %s" % (m, fault), "auth_failed", "after EAP is wrong", lines, good, remote=[m], faults=[fault])
    for fault, token in (("wrong-signature", "bad_signature"), ("other-ca", "bad_signature"), ("other-identity", "no_profile"), ("no-cert", "no_certificate"),
                         ("method:2", "auth_method")):
        refuses("EAP %s, %s" % (m, fault), token, "", lines, good, remote=[m], faults=[fault])
    refuses("EAP %s, PSK of the gateway" % m, "auth_method", "", lines, Psk(PSK), remote=[m])
refuses("EAP mschapv2, wrong-proof", "auth_failed", "", eap("ms-chapv2"), good, remote=["mschapv2"], faults=["wrong-proof"])
refuses("EAP mschapv2, switch-method", "eap_unexpected", "", eap("ms-chapv2"), good, remote=["mschapv2"], faults=["switch-method"])
only = eap("", "\n sallyport eap only")
for version in ("1.2", "1.3"):
    with_tls = dict(remote=["tls"], eap_conf={"tls": dict(TLS, version=version)})
    accepts("EAP-TLS %s" % version, eap(), good, **with_tls)
    accepts("EAP only, TLS %s" % version, only, good, faults=["no-first-auth"], **with_tls)
    for name, entity, token in (("of another name", sub.leaf("gw6", san=["dns:gw2.example.test"], eku=["server"]), "certificate_identity"),
                                ("of a client", sub.leaf("gw7", san=["dns:gw.example.test"], eku=["client"]), "certificate_purpose"),
                                ("of another authority", other.leaf("gw8", san=["dns:gw.example.test"], eku=["server"]), "certificate_untrusted")):
        refuses("EAP only, TLS %s, certificate %s" % (version, name), token, "", only, good, faults=["no-first-auth"], remote=["tls"],
                eap_conf={"tls": dict(TLS, version=version, cert=entity.chain_file, key=entity.key_file)})


class Odd(ike_responder.Session):
    """Answers the request `at` (0 the first IKE_AUTH) with something else: `what`."""
    at = what = None

    def auth(self, payloads):
        n = getattr(self, "asked", 0)
        self.asked = n + 1
        if n != Odd.at:
            return super().auth(payloads)
        self.idi, self.request = first(payloads, IDI) or getattr(self, "idi", None), payloads if n == 0 else self.request
        self.idr = identity(self.owner.identity)
        eap, auth = (EAP, packet(1, 7, 1, b"")), (AUTH, auth_by_secret(self.suite, self.sk_pr, self.octets()))
        certs, idr, child, signed = self.owner.local.payloads(), (IDR, self.idr), self.child(), (AUTH, auth_by_key(self.owner.local, self.octets(), self.peer_hashes))
        self.is_up = False
        return {"nothing": [], "AUTH": [auth], "IDr": [idr], "EAP": [eap], "an empty EAP": [idr, (EAP, b"")], "an empty AUTH": [idr, (AUTH, b"")] + child,
                "IDr and EAP": [idr, eap], "a child": child, "AUTH and a child": [auth] + child, "IDr, AUTH and a child": [idr, auth] + child,
                "IDr, AUTH and EAP": [idr, auth, eap], "IDr, CERT, AUTH and EAP Success": [idr] + certs + [signed, (EAP, packet(3, 7))],
                "EAP Success": [(EAP, packet(3, 7))], "EAP Success and a child": [(EAP, packet(3, 7))] + child,
                "EAP Failure": [(EAP, packet(4, 7))], "the whole answer": [idr] + certs + [signed] + child, "CERT and a child": [idr] + certs + child,
                "a signature and a child": [signed] + child, "an empty IDr": [(IDR, b""), signed] + certs + child,
                "two AUTH": [idr, auth, auth] + child, "REDIRECT": [idr, auth, notify(16407, b"\1\4" + bytes([10, 99, 1, 9]))]}[Odd.what]


def odd(lines, name, at, remote, what):
    use(lines)
    Odd.at, Odd.what = at, what
    up, found, s, errors = connect(good, dict(remote=remote), 4)
    ok("refused: %s, the answer %d is %s" % (name, at, what), not up and not errors and "process_died" not in sp.log_text(),
       "%s %s %s %s" % ("UP" if up else "", found, errors, s and (s.error, s.trace[-4:])))


kept, ike_responder.Session = ike_responder.Session, Odd
WHATS = ("nothing", "AUTH", "IDr", "EAP", "an empty EAP", "an empty AUTH", "IDr and EAP", "a child", "AUTH and a child", "IDr, AUTH and a child",
         "IDr, AUTH and EAP", "IDr, CERT, AUTH and EAP Success", "EAP Success", "EAP Success and a child", "EAP Failure", "the whole answer",
         "CERT and a child", "a signature and a child", "an empty IDr", "two AUTH", "REDIRECT")
for what in WHATS:
    if what != "the whole answer":
        odd(CERT, "certificate", 0, "cert", what)
    odd(eap("md5"), "EAP", 0, ["md5"], what)
    odd(eap("md5"), "EAP", 1, ["md5"], what)
    if what not in ("AUTH and a child", "IDr, AUTH and a child"):  # which are right there
        odd(eap("md5"), "EAP", 3, ["md5"], what)
    odd(only, "EAP only", 0, ["mschapv2"], what)
use(eap("md5"))
Odd.at, Odd.what = 3, "AUTH and a child"
up, found, s, errors = connect(good, dict(remote=["md5"]), 8)
ok("in its place that answer is taken", up and not errors, "%s %s" % (found, errors))
ike_responder.Session = kept
for m in ("md5", "gtc", "mschapv2"):
    refuses("EAP only, %s" % m, "eap_no_method", "", only, good, faults=["no-first-auth"], remote=[m])
accepts("EAP afterwards", eap("ms-chapv2"), good, remote=["mschapv2"])
ok("clean stop", sp.stop() == 0, sp.tail())
done()
