#!/usr/bin/env python3
"""Revocation: a strongSwan client with certificates whose CRL or OCSP responder says good, says revoked, or cannot be had in one of many
ways, under each policy: who gets in, and which sentence says why not. What is fetched, when, and when not."""
import concurrent.futures

import pki_lib
from lib import *
from peer_lib import socket_in
from swan_lib import Swan

from ike_auth import Cert
from ike_initiator import Initiator, Refused

POLICIES = ("crl", "ocsp", "crl none", "ocsp crl", "ocsp none", "none")
HEAD = """
hostname gw
aaa new-model
aaa authorization network LOCAL local
aaa authentication login LOCAL local
sallyport half-open per-source 1000
ip local pool RA 10.100.0.10 10.100.3.250
ipv6 local pool RA6 fd00:100::/112 128
ip access-list standard LAN
 permit 10.99.2.0 0.0.0.255
crypto ikev2 authorization policy RA
 pool RA
 ipv6 pool RA6
 route set access-list LAN
crypto pki trustpoint OWN
 sallyport certificate %(cert)s
 sallyport private-key %(key)s
interface Virtual-Template1 type tunnel
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile default
"""
POINT = """
crypto pki trustpoint P%(n)d
%(cas)s
%(crls)s
 revocation-check %(policy)s
 sallyport fetch-host 10.99.2.2:8888
 sallyport fetch-host 10.99.2.2:8889
 sallyport fetch-host [fd00:99:2::2]:8080
%(more)s
crypto ikev2 profile P%(n)d
 match identity remote email domain p%(n)d.test
 identity local fqdn gw.example.test
 authentication remote %(remote)s
 authentication local ecdsa-sig
 pki trustpoint OWN sign
 pki trustpoint P%(n)d verify
 %(aaa)s
 virtual-template 1
"""

t = Topology()
gw_ca = pki_lib.Authority("Gateway CA")
gw = gw_ca.leaf("gw", san=["dns:gw.example.test"], eku=["server"])
lists, files, old, answers = [pki_lib.Authority(n) for n in ("Lists CA", "Files CA", "Old Files CA", "Answers CA")]
direct, stranger_ca, other = [pki_lib.Authority(n) for n in ("Direct CA", "Stranger CA", "Other CA")]
web = pki_lib.Web(t.lan, "10.99.2.2")
inside = pki_lib.Web(t.gw, "127.0.0.1", 80)
own = pki_lib.Web(t.gw, "10.99.1.1", 80)


class Situation:
    """A certificate; what its CRL and its responder say: good, revoked, unknown, or None = nothing that counts."""

    def __init__(self, name, leaf, crl=None, ocsp=None):
        self.name, self.leaf, self.crl, self.ocsp = name, leaf, crl, ocsp

    def expect(self, policy):
        """The words of a refusal; None: it gets in."""
        for method in policy.split():
            said = {"none": "good", "crl": self.crl, "ocsp": self.ocsp}[method]
            if said:
                return {"good": None, "revoked": "was revoked on", "unknown": "the OCSP responder does not know it"}[said]
        return "no usable CRL or OCSP response could be had"


situations = []


def add(name, ca, crl=None, ocsp=None, make=None, **more):
    """make(leaf): writes what is behind its URLs."""
    leaf = ca.leaf(name, file=name, san=["email:%s@p%d.test" % (name, n) for n in range(len(POLICIES))], eku=["client"], **more)
    if make:
        make(leaf)
    situations.append(Situation(name, leaf, crl, ocsp))
    return leaf


BIG = b"\x30\x84\x01\x10\x00\x00" + bytes(17 << 20)
add("file-good", files, crl="good")
gone = add("file-revoked", files, crl="revoked")
files.crl([gone], reason="keyCompromise")
add("file-stale", old)
old.crl([], days=(-10, -1))
add("http-good", lists, crl="good", crl_url=web.url + "good.crl", make=lambda _: web.put("good.crl", lists.crl([gone])))
add("http-revoked", lists, crl="revoked", crl_url=web.url + "revoked.crl", make=lambda leaf: web.put("revoked.crl", lists.crl([leaf])))
add("http-missing", lists, crl_url=web.url + "missing.crl")
add("http-refused", lists, crl_url="http://10.99.1.12/x.crl")
add("http-nobody", lists, crl_url="http://10.99.2.77/x.crl")
add("http-port", lists, crl_url="http://10.99.2.2:81/x.crl")
add("http-stale", lists, crl_url=web.url + "stale.crl", make=lambda _: web.put("stale.crl", lists.crl([], days=(-10, -1))))
add("http-early", lists, crl_url=web.url + "early.crl", make=lambda _: web.put("early.crl", lists.crl([], days=(1, 2))))
add("http-signer", lists, crl_url=web.url + "signer.crl", make=lambda _: web.put("signer.crl", lists.crl([], key=other.key)))
add("http-other", lists, crl_url=web.url + "other.crl", make=lambda _: web.put("other.crl", other.crl([])))
add("http-garbage", lists, crl_url=web.url + "garbage.crl", make=lambda _: web.put("garbage.crl", os.urandom(3000)))
add("http-big", lists, crl_url=web.url + "big.crl", make=lambda _: web.put("big.crl", BIG))
add("http-slow", lists, crl_url=web.url + "slow.crl", make=lambda _: web.put("slow.crl", lists.crl([])))
add("http-moved", lists, crl_url=web.url + "moved/good.crl")
add("http-inside", lists, crl_url=inside.url + "x.crl", make=lambda _: inside.put("x.crl", lists.crl([])))
add("http-own", lists, crl_url=own.url + "x.crl", make=lambda _: own.put("x.crl", lists.crl([])))
add("http-mapped", lists, crl_url="http://[::ffff:127.0.0.1]/x.crl")
add("https", lists, crl_url="https://10.99.2.2/good.crl")
RESPONDER, DIRECT = "http://10.99.2.2:8888/", "http://10.99.2.2:8889/"
add("ocsp-good", answers, ocsp="good", ocsp_url=RESPONDER)
ocsp_gone = add("ocsp-revoked", answers, ocsp="revoked", ocsp_url=RESPONDER)
add("direct-good", direct, ocsp="good", ocsp_url=DIRECT)
direct_gone = add("direct-revoked", direct, ocsp="revoked", ocsp_url=DIRECT)
add("ocsp-none", answers, ocsp_url=web.url + "missing.ocsp")


def canned(name, status="good", signer=None, **more):
    return lambda leaf: web.put(name, answers.ocsp_response(leaf, status, signer, **more))


plain = answers.leaf("no ocsp signer", file="plain", eku=["client"])
foreign = other.leaf("signer of another", file="foreign", eku=["ocsp"])
add("ocsp-unknown", answers, ocsp="unknown", ocsp_url=web.url + "unknown.ocsp", make=canned("unknown.ocsp", "unknown"))
add("ocsp-stale", answers, ocsp_url=web.url + "stale.ocsp", make=canned("stale.ocsp", days=(-9, -5)))
add("ocsp-signer", answers, ocsp_url=web.url + "signer.ocsp", make=canned("signer.ocsp", signer=plain))
add("ocsp-foreign", answers, ocsp_url=web.url + "foreign.ocsp", make=canned("foreign.ocsp", signer=foreign))
add("ocsp-big", answers, ocsp_url=web.url + "big.ocsp", make=lambda _: web.put("big.ocsp", BIG))
add("ocsp-slow", answers, ocsp_url=web.url + "slow.ocsp", make=canned("slow.ocsp"))
add("ocsp-moved", answers, ocsp_url=web.url + "moved/unknown.ocsp")
add("ocsp-inside", answers, ocsp_url=inside.url + "x.ocsp", make=lambda leaf: inside.put("x.ocsp", answers.ocsp_response(leaf)))
add("ocsp-garbage", answers, ocsp_url=web.url + "garbage.ocsp", make=lambda _: web.put("garbage.ocsp", os.urandom(900)))
add("ocsp-else", answers, ocsp_url=web.url + "else.ocsp", make=lambda _: web.put("else.ocsp", answers.ocsp_response(plain)))
# One says revoked, the other cannot be had, or says the opposite: the first method with an answer decides.
add("both", lists, crl="good", ocsp="revoked", crl_url=web.url + "good.crl", ocsp_url=web.url + "both.ocsp",
    make=lambda leaf: web.put("both.ocsp", lists.ocsp_response(leaf, "revoked")))
add("fallback", lists, crl="revoked", crl_url=web.url + "fallback.crl", ocsp_url=web.url + "missing.ocsp",
    make=lambda leaf: web.put("fallback.crl", lists.crl([leaf])))
responders = [answers.ocsp(t.lan, "10.99.2.2", 8888), direct.ocsp(t.lan, "10.99.2.2", 8889, delegated=False)]
responders[0].revoke(ocsp_gone)
responders[1].revoke(direct_gone)
bare = lists.leaf("no urls", file="bare", san=["email:bare@p0.test"], eku=["client"])
stranger = stranger_ca.leaf("stranger", file="stranger", san=["email:stranger@p%d.test" % n for n in (0, 1)], eku=["client"],
                            crl_url=web.url + "stranger.crl", ocsp_url=web.url + "stranger.ocsp")
wrong = lists.leaf("wrong", file="wrong", san=["email:somebody@p0.test"], eku=["client"], crl_url=web.url + "wrong.crl")
late = lists.leaf("late", file="late", san=["email:late@p0.test"], eku=["client"], days=(-9, -1), crl_url=web.url + "late.crl")
server = lists.leaf("server", file="server", san=["email:server@p0.test"], eku=["server"], crl_url=web.url + "server.crl")
web6 = pki_lib.Web(t.lan, "fd00:99:2::2", 8080)
six = lists.leaf("six", file="six", san=["email:six@p0.test"], eku=["client"], crl_url=web6.url + "six.crl")
six_gone = lists.leaf("six gone", file="six-gone", san=["email:six-gone@p0.test"], eku=["client"], crl_url=web6.url + "six.crl")
web6.put("six.crl", lists.crl([six_gone]))
eap = [lists.leaf(n, file=n, san=["email:%s@p6.test" % n], eku=["client"], crl_url=web.url + "eap.crl") for n in ("eap-good", "eap-gone")]
web.put("eap.crl", lists.crl([eap[1]]))
second = lists.leaf("second", file="second", san=["email:second@p0.test"], eku=["client"], crl_url=web.url + "good.crl")

CAS = (lists, files, old, answers, direct)


def point(n, policy, crls=(files, old), remote="ecdsa-sig", aaa="aaa authorization group cert list LOCAL RA", more=""):
    return POINT % dict(n=n, policy=policy, remote=remote, aaa=aaa, more=more, cas="\n".join(" sallyport ca-certificate %s" % c.cert_file for c in CAS),
                        crls="\n".join(" sallyport crl %s" % c.crl_file for c in crls))


def conf(*extra):
    return HEAD % dict(cert=gw.cert_file, key=gw.key_file) + "".join(point(n, p) for n, p in enumerate(POLICIES)) + point(
        len(POLICIES), "crl", remote="eap query-identity", more="", aaa="aaa authentication eap LOCAL\n aaa authorization group eap list LOCAL RA\n"
        " sallyport eap methods tls") + "".join(extra)


def connection(name, id, leaf, remote="10.99.1.1", local=None):
    return """ %s { version = 2
  proposals = aes128gcm16-prfsha256-ecp256
  remote_addrs = %s
  vips = 0.0.0.0
  encap = yes
  send_cert = always
  keyingtries = 1
  local { %s
          certs = %s
          id = %s }
  remote { auth = pubkey
           id = gw.example.test }
  children { net { remote_ts = 10.99.2.0/24
                   esp_proposals = aes128gcm16 } } }
""" % (name, remote, local or "auth = pubkey", leaf.chain_file, id)


def sentence(sp, identity):
    """Why the last login of this identity failed."""
    return wait_for(3, lambda: [s for s, in sp.sql("select sentence from v_failures where identity like '%%%s%%' limit 1" % identity)]) or [""]


def up(swan, name):
    r = swan.ctl("--initiate", "--ike", name, "--child", "net", "--timeout", 25, check=False)
    if r.returncode == 0:
        swan.down(name)
    return r.returncode == 0


def matrix(sp, swan):
    rows = [(s, n, p) for n, p in enumerate(POLICIES) for s in situations]
    rows.sort(key=lambda row: "slow" not in row[0].name)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda row: up(swan, "%s-%d" % (row[0].name, row[1])), rows))
    wait_for(5, lambda: len(sp.sql("select 1 from v_failures")) >= sum(s.expect(p) is not None for s, n, p in rows))
    for (s, n, policy), got in zip(rows, results):
        want = s.expect(policy)
        why = sentence(sp, "%s@p%d.test" % (s.name, n))[0] if want else ""
        ok("revocation-check %s: %s %s" % (policy, s.name, "is refused" if want else "gets in"), got == (want is None) and (not want or want in why),
           "got in: %s; %s" % (got, why))


def untrusted(sp, swan):
    for name, leaf, id, word in (("stranger-0", stranger, "stranger@p0.test", "trust"), ("stranger-1", stranger, "stranger@p1.test", "trust"),
                                 ("wrong", wrong, "wrong@p0.test", "wrong@p0.test"), ("late", late, "late@p0.test", "expired"),
                                 ("server", server, "server@p0.test", "extended key usage")):
        got = up(swan, name)
        why = sentence(sp, id)[0]
        ok("%s is refused, and in words" % name, not got and word in why, why)
    ok("and nothing was fetched for them", not any(web.requests(n) for n in ("stranger", "wrong", "late.crl", "server")), web.requests())


def caches(sp, swan):
    before = web.requests("good.crl")
    ok("the same certificate again", up(swan, "http-good-0"))
    ok("another one with the same list", up(swan, "second"), sentence(sp, "second"))
    ok("and the list was fetched no more", web.requests("good.crl") == before and before > 0, "%d %d" % (before, web.requests("good.crl")))
    asked = responders[0].requests()
    ok("OCSP again", up(swan, "ocsp-good-1"))
    ok("and the responder was not asked", responders[0].requests() == asked and asked > 0, asked)
    ok("the guarded servers saw nothing", inside.requests() == 0 and own.requests() == 0)


def reload_lists(sp, swan):
    good = next(s.leaf for s in situations if s.name == "file-good")
    ok("before a new list is read", up(swan, "file-good-0"))
    files.crl([gone, good])
    ok("... the file alone changes nothing", up(swan, "file-good-0"))
    ok("reload", sp.reload(check=False).returncode == 0, sp.tail(4))
    ok("with the new list it is refused", not up(swan, "file-good-0") and "was revoked on" in sentence(sp, "file-good@p0")[0])
    files.crl([gone])
    ok("reload back", sp.reload(check=False).returncode == 0)
    ok("it gets in again", up(swan, "file-good-0"))


def staple(sp):
    """OCSP responses that the client brings along (RFC 4806); nothing can be fetched for this certificate."""
    host = t.client(3)
    leaf = next(s.leaf for s in situations if s.name == "ocsp-none")

    def login(ocsp, user=leaf, id="ocsp-none@p1.test"):
        try:
            Initiator(socket_in(host), "10.99.1.1", id, [Cert(user.key, user.chain, ocsp=ocsp)], trust=[gw_ca.der], remote_id="gw.example.test",
                      seconds=6).login().logout()
            return True
        except Refused:
            return False

    for name, ocsp, want in (("none", [], False), ("good", [answers.ocsp_response(leaf)], True), ("revoked", [answers.ocsp_response(leaf, "revoked")], False),
                             ("of another", [answers.ocsp_response(plain)], False), ("stale", [answers.ocsp_response(leaf, days=(-9, -5))], False),
                             ("foreign signer", [answers.ocsp_response(leaf, signer=foreign)], False), ("garbage", [os.urandom(300)], False),
                             ("garbage and good", [os.urandom(300), answers.ocsp_response(leaf)], True)):
        # What was accepted is kept for a while: it must not stand in for what this one says.
        sp.configure(conf("crypto ikev2 certificate-cache 1\nno crypto ikev2 certificate-cache\n"))
        sp.reload()
        got = login(ocsp)
        ok("OCSP response in IKE: %s" % name, got == want, sentence(sp, "ocsp-none@p1.test"))


def eap_tls(sp, swan):
    for leaf, want in ((eap[0], None), (eap[1], "was revoked on")):
        got = up(swan, leaf.file)
        # The client goes away when it is told by a TLS alert; its last word is waited for.
        why = wait_for(15, lambda: "".join(sentence(sp, leaf.file + "@p6.test"))) if want else ""
        ok("EAP-TLS with %s" % leaf.file, got == (want is None) and (not want or want in why), why or sp.tail(3))


def by_ipv6(sp, swan):
    ok("over IPv6, list by IPv6: good", up(swan, "six"), sentence(sp, "six@p0.test"))
    ok("over IPv6, list by IPv6: revoked", not up(swan, "six-gone") and "was revoked on" in sentence(sp, "six-gone@p0")[0], sentence(sp, "six-gone@p0"))
    ok("and it came from there, once", web6.requests("six.crl") == 1)


def main():
    more = [connection("stranger-%d" % n, "stranger@p%d.test" % n, stranger) for n in (0, 1)]
    more += [connection(leaf.file, leaf.file + "@p0.test", leaf) for leaf in (wrong, late, server, second)]
    more += [connection(leaf.file, leaf.file + "@p0.test", leaf, remote="fd00:99:1::1") for leaf in (six, six_gone)]
    more += [connection(leaf.file, leaf.file + "@p6.test", leaf, local="auth = eap-tls\n eap_id = %s@p6.test" % leaf.file) for leaf in eap]
    connections = "".join(connection("%s-%d" % (s.name, n), "%s@p%d.test" % (s.name, n), s.leaf) for s in situations for n in range(len(POLICIES)))
    swan = Swan(t.client(1), connections + "".join(more), cas=[gw_ca], keys=[s.leaf for s in situations] + [stranger, wrong, late, server, second, six, six_gone] + eap,
                retransmits=5, timeout="1.5", extra="threads = 64").start()  # an initiation holds one for as long as it lasts
    sp = Sallyport(t.gw, conf()).start()
    untrusted(sp, swan)
    matrix(sp, swan)
    caches(sp, swan)
    reload_lists(sp, swan)
    eap_tls(sp, swan)
    by_ipv6(sp, swan)
    staple(sp)
    swan.stop()
    ok("clean stop", sp.stop() == 0, sp.tail())


main()
done()
