#!/usr/bin/env python3
# long: 150 s
"""The wrong key must fail: every way to authenticate against everything that a client can do wrong on command. Each is refused by name and
in a sentence, leaves nothing behind, and the right login of the same kind works afterwards."""
from wrong_lib import *

import ike_peer  # noqa: E402
from eap_peer import EapPeer  # noqa: E402
from ike_sa import *  # noqa: E402

t = Topology()
host = t.client(1)
root = pki_lib.Authority("Test Root", kind="rsa")
sub = root.authority("Test Issuing CA")
other = pki_lib.Authority("Test Root", file="other-root")
KINDS = ("rsa", "p256", "p384", "p521", "ed25519")
DOMAINS = ("cert", "both", "eap", "only")
gateway = sub.leaf("gw", kind="rsa", san=["dns:gw.example.test"], eku=["server"])


def leaf(name, kind="p256", issuer=sub, eku=("client",), user=None, **more):
    return issuer.leaf(name, kind=kind, san=["email:%s@%s.test" % (user or name, d) for d in DOMAINS], eku=list(eku) if eku else None, **more)


users = {k: leaf(k, k) for k in KINDS}
sp = Headend(t.gw, root, gateway).start()


def peer(user, auth, address=GW4, **more):
    remote = Psk(PSK) if isinstance(auth[0], Psk) else None
    return Initiator(socket_in(host, ipv6=":" in address), address, user, auth,
                     **dict(dict(trust=[root.der], remote=remote, remote_id="gw.example.test", tries=4, seconds=2.0), **more))


def enters(name, *args, **more):
    """It logs in over IPv4 and IPv6 and its packets come through."""
    for address in (GW4, GW6) if more.pop("both", True) else (GW4,):
        p = peer(*args, address=address, **more)
        why = login_of(p)
        good = why is None and p.address is not None and p.ping(TARGET)
        if why is None:
            p.logout()
        ok("%s, %s" % (name, "IPv6" if ":" in address else "IPv4"), good, "%s %s %s" % (why, p.trace[-3:], sp.failures()))
    sp.failures()


def refused(name, token, words, *args, said=True, **more):
    """token: its status, words: what the sentence says. said: the client is told; else it gets no answer to what is not one."""
    p = peer(*args, **dict(dict(tries=2), **more))
    why = login_of(p)
    found = []

    def said_so():
        found.extend(sp.failures())
        return [text for status, text in found if status == token and words in text]
    right = wait_for(3, said_so)
    ok("refused: %s" % name, why is not None and right and (not said or why.startswith("refused")),
       "%s; %s %s" % (why or "LET IN", found, p.trace[-3:]))
    if right:
        shown = sp.command("show", "crypto", "ikev2", "diagnose", "error").stdout
        ok("... and `show` has the sentence", right[0] in shown and token in shown, shown[:600])


def nothing_left(name):
    def empty():
        return not sp.sessions() and not sp.counters()["half_open"] and not sp.show("crypto", "ikev2", "sa")["ikev2_sas"]
    ok("%s: nothing is left" % name, wait_for(40, empty), "%s %s" % (sp.sessions(), sp.counters()["half_open"]))


# ---- pre-shared keys --------------------------------------------------------------------------------

def psk():
    me = ("anna@psk.test", [Psk(PSK)])
    enters("PSK", *me)
    refused("PSK, wrong-secret", "auth_failed", "not the peer's", *me, faults=["wrong-secret"])
    refused("PSK, other-octets", "auth_failed", "not the peer's", *me, faults=["other-octets"])
    refused("PSK, other-identity", "no_profile", "intruder", *me, faults=["other-identity"])
    for n in (1, 9, 13, 14, 201):
        refused("PSK, method:%d" % n, "signature_algorithm" if n == 14 else "auth_method", "the peer", *me, faults=["method:%d" % n])
    refused("PSK where a certificate is wanted", "auth_method", "pre-share", "p256@cert.test", [Psk(PSK)])
    refused("PSK where EAP is wanted", "auth_method", "pre-share", "anna@eap.test", [Psk(PSK)])
    refused("EAP where PSK is wanted", "auth_method", "EAP", "anna@psk.test", [Eap("anna", PSK)])
    refused("a certificate where PSK is wanted", "auth_method", "rsa-sig", "anna@psk.test", [Cert(users["rsa"])])
    enters("PSK afterwards", *me, both=False)
    nothing_left("PSK")


def resumption():
    def who():
        return ike_peer.Peer(socket_in(host), GW4, "anna@psk.test", "gw.example.test", PSK)

    def no(name, token, ticket, sk_d, peer=None):
        try:
            (peer or who()).resume(ticket, sk_d)
            why = "LET IN"
        except (ike_peer.Refused, ike_peer.Silent) as e:
            why = ""
        found = wait_for(3, sp.failures) or []
        ok("refused: resumption, %s" % name, not why and token in [s for s, _ in found], "%s %s" % (why, found))
    a = who()
    a.login()
    sp.failures()
    # Its keys are of the ticket's secret: what another makes cannot be read, and gets no answer.
    before = sp.counters()["status"]["not_authentic"]
    try:
        who().resume(a.ticket, bytes(32))
        why = "LET IN"
    except (ike_peer.Silent, ike_peer.InvalidTag):
        why = ""
    ok("refused: resumption, another key", not why and sp.counters()["status"]["not_authentic"] > before, why)
    b = who()
    b.login()
    sp.failures()
    stranger = ike_peer.Peer(socket_in(host), GW4, "bert@psk.test", "gw.example.test", PSK)
    no("another identity", "auth_failed", b.ticket, b.sk_d, stranger)
    c = who()
    c.login()
    sp.failures()
    no("an altered ticket", "ticket_bad", c.ticket[:-1] + bytes([c.ticket[-1] ^ 1]), c.sk_d)
    d = who().resume(c.ticket, c.sk_d)
    ok("resumption with the right one", d.ping(TARGET))
    sp.failures()
    no("the same ticket again", "ticket_revoked", c.ticket, c.sk_d)
    for p in (a, b, d):
        try:
            p.logout()
        except ike_peer.Silent:
            pass
    nothing_left("resumption")


# ---- certificates -----------------------------------------------------------------------------------

SCHEMES = [("rsa", s) for s in ("rsa1", "rsa-sha256", "rsa-sha384", "rsa-sha512", "pss-sha256", "pss-sha384", "pss-sha512", "pss-sha256-trailer")] + [
    ("p256", "ecdsa256"), ("p384", "ecdsa384"), ("p521", "ecdsa521"), ("p256", "ecdsa-sha256"), ("p384", "ecdsa-sha384"), ("p521", "ecdsa-sha512"),
    ("p256", "ecdsa-sha512"), ("p384", "ecdsa-sha256"), ("ed25519", "ed25519")]


def schemes():
    for kind, scheme in SCHEMES:
        me = (kind + "@cert.test", [Cert(users[kind], scheme=scheme)])
        enters("certificate %s, %s" % (kind, scheme), *me)
        refused("%s, wrong-signature" % scheme, "bad_signature", "not of the key", *me, faults=["wrong-signature"])
        refused("%s, other-octets" % scheme, "bad_signature", "not of the key", *me, faults=["other-octets"])
    for kind, scheme in (("rsa", "rsa-sha1"), ("p256", "ecdsa-sha1")):
        refused("%s, which was not announced" % scheme, "signature_algorithm", "RFC 7427", kind + "@cert.test", [Cert(users[kind], scheme=scheme)])
    enters("RSA method 1 with SHA-256, as some do", "rsa@cert.test", [Cert(users["rsa"], scheme="rsa1-sha256")], both=False)
    for kind, scheme in (("p384", "ecdsa384"), ("p521", "ecdsa521"), ("p256", "ecdsa256"), ("rsa", "rsa1")):
        for n in (1, 9, 10, 11):
            if (scheme, n) not in (("ecdsa256", 9), ("ecdsa384", 10), ("ecdsa521", 11), ("rsa1", 1)):
                refused("%s, method:%d" % (scheme, n), "signature_algorithm", "", kind + "@cert.test", [Cert(users[kind], scheme=scheme)],
                        faults=["method:%d" % n])
    nothing_left("signatures")


def lies():
    for kind, scheme in (("p256", "ecdsa-sha256"), ("rsa", "rsa-sha256"), ("rsa", "pss-sha256"), ("ed25519", "ed25519")):
        for how in LIES:
            if how == "salt" and scheme != "pss-sha256":
                continue
            me = (kind + "@cert.test", [Cert(users[kind], scheme=scheme)])
            p = peer(*me, faults=["algorithm-lie:" + how], tries=2)
            why, found = login_of(p), wait_for(3, sp.failures) or []
            ok("refused: %s, algorithm-lie:%s" % (scheme, how), why and why.startswith("refused") and
               found and found[-1][0] in ("signature_algorithm", "bad_signature") and "signature" in found[-1][1], "%s %s" % (why or "LET IN", found))
            print("   %s" % (found[-1:],))
    enters("ECDSA afterwards", "p256@cert.test", [Cert(users["p256"])], both=False)
    nothing_left("AlgorithmIdentifiers")


def certificates():
    me = "p256@cert.test"
    refused("other-identity", "no_profile", "intruder", me, [Cert(users["p256"])], faults=["other-identity"])
    refused("the name of another", "certificate_identity", "p384@cert.test", "p384@cert.test", [Cert(users["p256"])])
    refused("other-ca", "bad_signature", "does not verify", me, [Cert(users["p256"])], faults=["other-ca"])
    refused("untrusted", "certificate_untrusted", "", "mallory@cert.test", [Cert(leaf("mallory", issuer=other))])
    refused("no-cert", "no_certificate", "no certificate", me, [Cert(users["p256"])], faults=["no-cert"])
    refused("garbage-cert", "bad_certificate", "", me, [Cert(users["p256"])], faults=["garbage-cert"])
    refused("wrong EKU", "certificate_purpose", "", "server@cert.test", [Cert(leaf("server", eku=["server"]))])
    refused("no EKU", "certificate_purpose", "", "nothing@cert.test", [Cert(leaf("nothing", eku=()))])
    refused("key usage", "certificate_usage", "", "usage@cert.test", [Cert(leaf("usage", usage="none"))])
    refused("expired", "certificate_expired", "", "old@cert.test", [Cert(leaf("old", days=(-10, -1)))])
    refused("not yet valid", "certificate_not_yet", "", "new@cert.test", [Cert(leaf("new", days=(1, 10)))])
    bound = root.authority("Bound CA", permit=["email:corp.test"])
    refused("constrained", "certificate_constraint", "", "bound@cert.test", [Cert(leaf("bound", issuer=bound))])
    no_ca = root.authority("No CA", is_ca=False)
    refused("issued by no authority", "certificate_not_ca", "", "fake@cert.test", [Cert(leaf("fake", issuer=no_ca))])
    short = root.authority("Short CA", path_length=0)
    refused("path length", "certificate_path", "", "deep@cert.test", [Cert(leaf("deep", issuer=short.authority("Deep CA")))])
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    refused("an unknown critical extension", "certificate_critical", "", "odd@cert.test", [Cert(leaf("odd", extensions=[(unknown, True)]))])
    refused("1024 bits", "weak_key", "", "small@cert.test", [Cert(leaf("small", kind="rsa1024"))])
    refused("the certificate of another", "bad_signature", "not of the key", "rsa@cert.test", [Cert(leaf("mine", kind="rsa").key, users["rsa"].chain)])
    enters("a bundle (PKCS #7)", me, [Cert(users["p256"])], faults=["pkcs7-cert"], both=False)
    refused("a bundle, wrong-signature", "bad_signature", "", me, [Cert(users["p256"])], faults=["pkcs7-cert", "wrong-signature"])
    refused("a bundle of another authority", "certificate_untrusted", "", "mallory@cert.test", [Cert(leaf("mallory", issuer=other))],
            faults=["pkcs7-cert"])
    refused("a certificate and then nothing", "auth_method", "sallyport eap multiple", "p256@both.test", [Cert(users["p256"])])
    refused("by URL", "no_certificate", "http-url cert", me, [Cert(users["p256"], encoding=HASH_URL, urls=["http://10.99.2.2/a", "http://10.99.2.2/b"])])
    enters("a certificate afterwards", me, [Cert(users["p256"])], both=False)
    nothing_left("certificates")


def degenerate():
    for name, spki in pki_lib.degenerate().items():
        weak = leaf("weak-" + name, "rsa" if name.startswith("rsa") else "ed25519" if name.startswith("ed") else "p256", user="weak", spki=spki)
        cred = {"rsa-e1": lambda: Cert(RsaOfExponentOne(), weak.chain, "rsa-sha256"),
                "ed25519-identity": lambda: Cert(Ed25519OfIdentity(), weak.chain, "ed25519")}.get(name, lambda: Cert(weak))()
        p = peer("weak@cert.test", [cred], tries=2)
        why, found = login_of(p), wait_for(3, sp.failures) or []
        ok("refused: key %s" % name, why and why.startswith("refused") and found and
           found[-1][0] in ("weak_key", "bad_certificate", "certificate_algorithm"), "%s %s" % (why or "LET IN", found))
        print("   %s" % (found[-1:],))
    enters("a certificate afterwards", "rsa@cert.test", [Cert(users["rsa"])], both=False)
    nothing_left("degenerate keys")


# ---- EAP --------------------------------------------------------------------------------------------

def tls(version, user=None, **more):
    return dict(dict(trust=root.cert_file, cert=user.chain_file if user else None, key=user.key_file if user else None, version=version,
                     server_name="gw.example.test"), **more)


def simple():
    """MSCHAPv2, GTC, MD5."""
    for m in ("mschapv2", "gtc", "md5"):
        me = ("anna@eap.test", [Eap("anna", PASSWORD, [m])])
        no_key = m != "mschapv2"
        enters("EAP " + m, *me)
        refused("EAP %s, wrong-secret" % m, "wrong_password", "", *me, faults=["wrong-secret"])
        refused("EAP %s, nobody" % m, "user_unknown", "", "anna@eap.test", [Eap("nobody", PASSWORD, [m])])
        refused("EAP %s, early-auth" % m, "auth_failed", "before EAP is over", *me, faults=["early-auth"])
        if no_key:
            refused("EAP %s, auth-from-msk" % m, "auth_failed", "after EAP is wrong", *me, faults=["auth-from-msk"])
        else:
            refused("EAP %s, auth-from-skp" % m, "auth_failed", "not made of the key", *me, faults=["auth-from-skp"])
            refused("EAP %s, AUTH of zeros" % m, "auth_failed", "not made of the key", *me, faults=["auth-from-msk"])
        for n in (1, 9, 14, 13):
            refused("EAP %s, method:%d" % (m, n), "auth_method", "after EAP", *me, faults=["method:%d" % n])
        refused("EAP %s, no-auth" % m, "bad_exchange", "not allowed", *me, faults=["no-auth"])
        refused("EAP %s, eap-after-success" % m, "bad_exchange", "not allowed", *me, faults=["eap-after-success"])
        refused("EAP %s, eap-again" % m, "auth_failed", "EAP, which is over", *me, faults=["eap-again"])
        refused("EAP %s, other-octets" % m, "auth_failed", "", *me, faults=["other-octets"])
        enters("EAP %s afterwards" % m, *me, both=False)
    nothing_left("EAP")


def mschapv2():
    me = ("anna@eap.test", [Eap("anna", PASSWORD, ["mschapv2"])])
    for fault in ("size", "length", "short", "name", "success"):
        p = peer(*me, faults=["mschap:" + fault], tries=2)
        why, found = login_of(p), wait_for(3, sp.failures) or []
        ok("refused: mschap:%s" % fault, why and found, "%s %s" % (why or "LET IN", found))
        print("   %s; %s" % (why, found[-1:]))
    for fault in ("switch-method", "late-nak", "old-identifier", "early-success"):
        p = peer(*me, faults=[fault], tries=2)
        why, found = login_of(p), wait_for(3, sp.failures) or []
        ok("refused: EAP mschapv2, %s" % fault, why is not None and found, "%s %s" % (why or "LET IN", found))
        print("   %s; %s" % (why, found[-1:]))
    refused("EAP with no method in common", "eap_no_method", "", "anna@eap.test", [Eap("anna", PASSWORD, [])])
    enters("EAP mschapv2 afterwards", *me, both=False)


def tls_methods():
    for version in ("1.2", "1.3"):
        me = ("p256@eap.test", [Eap("p256@eap.test", methods=["tls"], tls=tls(version, users["p256"]))])
        enters("EAP-TLS %s" % version, *me)
        refused("EAP-TLS %s, auth-from-skp" % version, "auth_failed", "not made of the key", *me, faults=["auth-from-skp"])
        refused("EAP-TLS %s, early-auth" % version, "auth_failed", "before EAP is over", *me, faults=["early-auth"])
        refused("EAP-TLS %s, method:14" % version, "auth_method", "after EAP", *me, faults=["method:14"])
        for name, user, token in (("untrusted", leaf("mallory", issuer=other), "certificate_untrusted"),
                                  ("expired", leaf("old", days=(-10, -1)), "certificate_expired"),
                                  ("wrong EKU", leaf("server", eku=["server"]), "certificate_purpose")):
            who = {"untrusted": "mallory", "expired": "old", "wrong EKU": "server"}[name] + "@eap.test"
            refused("EAP-TLS %s, %s" % (version, name), token, "", who, [Eap(who, methods=["tls"], tls=tls(version, user))])
        refused("EAP-TLS %s, the name of another" % version, "eap_name", "", "p384@eap.test",
                [Eap("p384@eap.test", methods=["tls"], tls=tls(version, users["p256"]))])
        refused("EAP-TLS %s, no certificate" % version, "tls_failed", "", "p256@eap.test", [Eap("p256@eap.test", methods=["tls"], tls=tls(version))])
        for inner in ("pap", "mschapv2", "eap-md5", "eap-mschapv2", "eap-gtc"):
            tunnel(version, "ttls", inner)
        for inner in ("mschapv2", "gtc"):
            tunnel(version, "peap", inner)
    for fault in ("avp:zero", "avp:short", "avp:long", "avp:mandatory", "tls:length", "tls:endless", "tls:empty"):
        p = peer("anna@eap.test", [Eap("anna", PASSWORD, ["ttls"], tls=tls("1.2"))], faults=[fault], tries=2)
        why, found = login_of(p), wait_for(3, sp.failures) or []
        ok("refused: %s" % fault, why and found, "%s %s" % (why or "LET IN", found))
        print("   %s; %s" % (why, found[-1:]))
    enters("EAP-TTLS afterwards", "anna@eap.test", [Eap("anna", PASSWORD, ["ttls"], tls=tls("1.2"))], both=False)
    nothing_left("EAP with TLS")


def tunnel(version, method, inner):
    def me(user="anna", password=PASSWORD):
        return "anna@eap.test", [Eap(user, password, [method], inner=inner, tls=tls(version))]
    name = "%s %s, TLS %s" % (method, inner, version)
    enters(name, *me(), both=version == "1.2")
    refused("%s, wrong password" % name, "wrong_password", "", *me(password="no"))
    refused("%s, nobody" % name, "user_unknown", "", *me("nobody"))
    refused("%s, auth-from-skp" % name, "auth_failed", "not made of the key", *me(), faults=["auth-from-skp"])


# ---- several at once --------------------------------------------------------------------------------

def both():
    def me(second="anna", password=PASSWORD, kind="p256", cert=None):
        return "p256@both.test", [Cert(cert or users[kind]), Eap(second, password, ["mschapv2"])]
    enters("certificate, then EAP", *me())
    refused("certificate, then EAP with a wrong password", "wrong_password", "", *me(password="no"))
    refused("certificate, then EAP, auth-from-skp", "auth_failed", "not made of the key", *me(), faults=["auth-from-skp"])
    refused("certificate, then EAP, early-auth", "auth_failed", "before EAP is over", *me(), faults=["early-auth"])
    refused("another's certificate, then EAP", "certificate_identity", "", *me(kind="p384"))
    refused("an untrusted certificate, then EAP", "certificate_untrusted", "", *me(cert=leaf("p256", issuer=other, file="untrusted")))
    refused("wrong signature, then EAP", "bad_signature", "", *me(), faults=["wrong-signature"])
    refused("certificate, then another one", "auth_method", "not EAP", "p256@both.test", [Cert(users["p256"]), Cert(users["p256"])])
    refused("EAP without the certificate", "auth_method", "only one of them", "p256@both.test", [Eap("anna", PASSWORD, ["mschapv2"])])
    refused("certificate, then EAP where one is enough", "auth_method", "a second time", "p256@cert.test",
            [Cert(users["p256"]), Eap("anna", PASSWORD, ["mschapv2"])])
    enters("certificate, then EAP afterwards", *me(), both=False)
    for version in ("1.2", "1.3"):
        only = ("p256@only.test", [Eap("p256@only.test", methods=["tls"], tls=tls(version, users["p256"]))])
        enters("EAP only, TLS %s" % version, *only, eap_only=True)
        refused("EAP only, TLS %s, auth-from-skp" % version, "auth_failed", "", *only, eap_only=True, faults=["auth-from-skp"])
    for m in ("md5", "gtc"):
        refused("EAP only with %s" % m, "eap_no_method", "no EAP method", "anna@only.test", [Eap("anna", PASSWORD, [m])], eap_only=True)
    p = peer("p256@eap.test", [Eap("p256@eap.test", methods=["tls"], tls=tls("1.2", users["p256"]))], eap_only=True)
    why = login_of(p)
    ok("where EAP only is not on, the gateway shows its certificate", why is None and p.schemes, "%s %s" % (why, p.schemes))
    if why is None:
        p.logout()
    nothing_left("several methods")


# ---- messages that do not come next -------------------------------------------------------------------

def odd_messages(p):
    """{name: payloads}: what an IKE_AUTH request may look like somewhere, or nowhere."""
    auth = (AUTH, auth_by_secret(p.suite, p.sk_pi, p.octets()))
    idi, eap, cert = (IDI, p.identity_i), (EAP, bytes([2, 1, 0, 9, 1]) + b"anna"), certificate(X509, users["p256"].der)
    child = [(SA, offer(3, os.urandom(4), p.esp_lines)), (TSI, p.ts_i), (TSR, p.ts_r)]
    return {"nothing": [], "AUTH": [auth], "EAP": [eap], "IDi": [idi], "CERT": [cert], "a child": child, "AUTH and a child": [auth] + child,
            "AUTH and EAP": [auth, eap], "IDi and EAP": [idi, eap], "IDi, AUTH, EAP and a child": [idi, auth, eap] + child, "IDi and a child": [idi] + child,
            "IDi, AUTH and a child": [idi, auth] + child, "IDi and AUTH": [idi, auth], "two IDi": [idi, idi, auth] + child, "two AUTH": [auth, auth],
            "two EAP": [eap, eap], "notifies": [notify(EAP_ONLY), notify(ANOTHER_AUTH)], "an empty AUTH": [(AUTH, b"")], "an empty EAP": [(EAP, b"")],
            "an empty IDi": [(IDI, b""), auth] + child, "IDr": [(IDR, p.identity_i), auth] + child}


def reach(state):
    """A client to whose next message the gateway is in this state."""
    if state == "first":
        p = peer("anna@eap.test", [Eap("anna", PASSWORD)], tries=4, seconds=1.0)
        p.init()
        p.tries, p.seconds = 1, 0.6
        return p
    cred = [Cert(users["p256"]), Eap("anna", PASSWORD)] if state == "another" else [Eap("anna", PASSWORD)]
    p = peer("p256@both.test" if state == "another" else "anna@eap.test", cred, tries=2, seconds=1.0)
    p.init()
    more = [notify(MULTIPLE_AUTH), notify(ANOTHER_AUTH)] if state == "another" else []
    reply = p.ask(IKE_AUTH, p.first_payloads(cred[0], more))
    p.judge(reply, True)
    if state == "over":
        e = EapPeer(cred[0])
        while not e.is_success:
            answer = e.answer(first(reply, EAP))
            if e.is_success:
                break
            reply = p.ask(IKE_AUTH, [(EAP, answer)])
    p.tries, p.seconds = 1, 0.6
    return p


def order():
    died = 0
    for state in ("first", "EAP", "over", "another"):
        names_ = list(odd_messages(reach(state)))
        for name in names_:
            if (state, name) in (("EAP", "EAP"), ("another", "IDi")) or state == "first" and name == "IDi and a child":
                continue  # what comes next
            p, found = reach(state), None
            try:
                reply = p.ask(IKE_AUTH, odd_messages(p)[name])
                found = names(reply)
                # What could be the second authentication goes on with EAP.
                bad = "SA" in found or "CP" in found or "AUTH" in found and state != "first"
            except Silent:
                bad = False
            ok("%s, %s: not in, and the headend lives" % (state, name), not bad and sp.log_text().count("process_died") == died, found)
            died = sp.log_text().count("process_died")
    enters("EAP afterwards", "anna@eap.test", [Eap("anna", PASSWORD)], both=False)
    nothing_left("odd messages")


def twice():
    """Not wrong at all: every request comes twice, in fragments, and is answered once."""
    eap_tls = Eap("p256@eap.test", methods=["tls"], tls=tls("1.2", users["p256"], fragment=300))
    for name, user, auth in [("certificate " + k, k + "@cert.test", [Cert(users[k])]) for k in KINDS] + [
            ("EAP " + m, "anna@eap.test", [Eap("anna", PASSWORD, [m])]) for m in ("mschapv2", "gtc", "md5")] + [
            ("EAP-TLS", "p256@eap.test", [eap_tls]), ("EAP-TTLS", "anna@eap.test", [Eap("anna", PASSWORD, ["ttls"], tls=tls("1.3"))]),
            ("PEAP", "anna@eap.test", [Eap("anna", PASSWORD, ["peap"], inner="mschapv2", tls=tls("1.2"))]),
            ("certificate, then EAP", "p256@both.test", [Cert(users["p256"]), Eap("anna", PASSWORD, ["mschapv2"])]), ("PSK", "anna@psk.test", [Psk(PSK)])]:
        enters("every request twice, " + name, user, auth, faults=["repeat"], fragments=True)
    nothing_left("requests that came twice")


PARTS = [order, twice, psk, resumption, schemes, lies, certificates, degenerate, simple, mschapv2, tls_methods, both]
for part in [p for p in PARTS if len(sys.argv) < 2 or p.__name__ in sys.argv[1:]]:
    print("---- %s" % part.__name__)
    part()
    ok("%s: the headend is alive" % part.__name__, sp.answers() and "process_died" not in sp.log_text(), sp.tail(3))
main = sp.counters()
ok("nothing was let in that is still there", not sp.sessions(), sp.sessions())
ok("clean stop", sp.stop() == 0, sp.tail())
done()
