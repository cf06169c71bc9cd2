#!/usr/bin/env python3
"""Metrics and health over HTTP: both forms as Debian's prometheus_client reads them, equal to show and to
SQL under one number; a session that comes and goes; health in each state; slow and many clients; reloads
that move the port; kill -9 of main."""
import math
import socket
import stat
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_classic
from lib import *

OPEN = "application/openmetrics-text; version=1.0.0"
HTTP = "sallyport metrics listen 127.0.0.1\nsallyport metrics socket\n"
HOSTILE = 'ip local pool a"b\\c\xe9 10.101.0.1 10.101.0.9\ncrypto ikev2 authorization policy client2@psk.test\n pool a"b\\c\xe9\n'
WITH = CONF.replace("aaa authorization group psk list LOCAL RA",
                    "aaa authorization group psk list LOCAL RA\n aaa authorization user psk list LOCAL") + HTTP

t = Topology()
sp = Sallyport(t.gw)


def configure(text):
    # Latin-1: the hostile name is no UTF-8.
    with open(sp.conf, "w", encoding="latin-1") as f:
        f.write(text)


configure(WITH + HOSTILE)
sp.start()
MSOCK = os.path.join(os.path.dirname(sp.socket), "metrics.sock")


class Reply:
    def __init__(self, r):
        head, _, self.body = r.stdout.partition("\n\n")  # run() reads with universal newlines
        self.code = int(head.split()[1]) if head.startswith("HTTP/") else 0
        self.head = dict(l.split(": ", 1) for l in head.split("\n")[1:] if ": " in l)
        self.why = "%d %s" % (r.returncode, r.stdout[:300])


def get(path, *more, accept=None, port=9501, unix=None, host="127.0.0.1"):
    """One request by curl, through TCP in the namespace of the gateway, or the unix socket."""
    words = ["curl", "-s", "-i", "-m", "5"] + (["-H", "Accept: " + accept] if accept else []) + list(more)
    words += ["--unix-socket", unix, "http://x" + path] if unix else ["http://%s:%d%s" % (host, port, path)]
    return Reply(t.gw.run(*words, check=False))


def values(reply, parse=parse_open):
    """{(name, labels): value} of a reply."""
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in parse(reply.body) for s in f.samples}


def fresh():
    """A sample of now, not one that was taken for somebody a moment ago."""
    time.sleep(0.11)
    return values(get("/metrics", accept=OPEN))


def now(*names):
    v = fresh()
    return [int(v[("sallyport_" + n, ())]) for n in names]


# ---- both forms, both ways -----------------------------------------------------------------------------
r = get("/metrics", accept=OPEN)
ok("OpenMetrics when asked for", r.code == 200 and r.head["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8", r.why)
families = {f.name: f for f in parse_open(r.body)}
ok("prometheus_client reads it", len(families) > 50 and families["sallyport_build"].type == "info" and
   families["sallyport_ike_in_packets"].type == "counter" and families["sallyport_ike_in_packets"].unit == "packets" and
   families["sallyport_sessions"].type == "gauge" and families["sallyport_loop_turn_seconds"].type == "histogram", str(families.keys()))
ok("each family has words", all(f.documentation for f in families.values()))
classic = get("/metrics")
ok("the older form otherwise", classic.code == 200 and classic.head["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", classic.why)
old = {f.name: f for f in parse_classic(classic.body)}
ok("prometheus_client reads that too", set(old) == {n if n != "sallyport_build" else "sallyport_build_info" for n in families}, str(set(old) ^ set(families)))
ok("with the same series", set(values(r)) == set(values(classic, parse_classic)), str(set(values(r)) ^ set(values(classic, parse_classic))))
ok("and the same types", all(f.type == old[n].type for n, f in families.items() if n != "sallyport_build"))
prometheus = get("/metrics", accept="application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
ok("what Prometheus asks for", prometheus.head["Content-Type"].startswith("application/openmetrics-text"), prometheus.why)
r = get("/metrics", unix=MSOCK, accept=OPEN)
ok("over the unix socket", r.code == 200 and values(r), r.why)
st = os.stat(MSOCK)
ok("which is for main and its group", stat.S_IMODE(st.st_mode) == 0o660 and st.st_uid != 0, oct(st.st_mode))
version = sp.command("show", "version").stdout.split()[1]
ok("the version is there", values(r)[("sallyport_build_info", (("version", version),))] == 1, version)
r = get("/metrics", "--head", accept=OPEN)
ok("HEAD has the head only", r.code == 200 and r.body == "" and int(r.head["Content-Length"]) > 10000, r.why)
for path, code in (("/", 404), ("/metrics/", 404), ("/metrics?x=1", 200), ("/secrets.db", 404), ("/%2e%2e/etc/passwd", 404)):
    ok("GET %s: %d" % (path, code), get(path).code == code, get(path).why)
for words, codes in ((("-d", "x=1"), (413, 501)), (("-X", "DELETE"), (501,)), (("-H", "A: " + 9000 * "x"), (400,))):
    ok("%s is refused" % " ".join(words)[:20], get("/metrics", *words).code in codes, get("/metrics", *words).why)


# ---- one number, one value -----------------------------------------------------------------------------
def pair():
    """A scrape and a show of the same sample."""
    for _ in range(100):
        v = values(get("/metrics", accept=OPEN))
        c = sp.counters()
        if int(v[("sallyport_sample_number", ())]) == c["sample"]:
            return v, c
    return None, None


def sql_of(number):
    """v_counters while it shows that sample."""
    def look():
        rows = sp.sql("select token, value, sample from v_counters")
        return rows if rows and rows[0][2] >= number else None
    rows = wait_for(3, look) or []
    return {token: value for token, value, n in rows if n == number}


def compare(what):
    for _ in range(10):
        v, c = pair()
        rows = sql_of(c["sample"]) if c else {}
        if rows:
            break
    if not ok("%s: a scrape, show and SQL of one sample" % what, c and rows):
        return
    gauges = {k: n for k, n in c.items() if k not in ("sample", "sample_wall_ms", "counters", "status")}
    wrong = [k for k, n in gauges.items() if not v[("sallyport_" + k, ())] == n == rows[k]]
    ok("%s: %d gauges are equal" % (what, len(gauges)), len(gauges) > 5 and not wrong, str(wrong))
    wrong = [k for k, n in c["counters"].items() if not v[("sallyport_%s_total" % k, ())] == n == rows[k]]
    ok("%s: %d counters are equal" % (what, len(c["counters"])), len(c["counters"]) > 20 and not wrong, str(wrong))
    wrong = [k for k, n in c["status"].items() if not v[("sallyport_failures_total", (("status", k),))] == n == rows.get("status_" + k, 0)]
    ok("%s: %d kinds of failure are equal" % (what, len(c["status"])), len(c["status"]) > 50 and not wrong, str(wrong))
    ok("%s: taken at the same time" % what, math.isclose(v[("sallyport_sample_time_seconds", ())] * 1000, c["sample_wall_ms"], abs_tol=0.5))
    ok("%s: the histogram is made of the counters" % what, v[("sallyport_loop_turn_seconds_bucket", (("le", "0.01"),))] ==
       c["counters"]["loop_turns"] - c["counters"]["loop_turns_over_10ms"] and v[("sallyport_loop_turn_seconds_count", ())] == c["counters"]["loop_turns"] > 0)


compare("idle")

# ---- a session comes and goes ----------------------------------------------------------------------------
ok("nobody yet", now("sessions", "ike_sas", "child_sas") == [0, 0, 0])
ss = StrongSwan(t.client(1)).start()
ok("a client connects", ss.up(), ss.last[-300:] + sp.tail())
ss.host.ping("10.99.2.2")
ok("its session is in the gauges", now("sessions", "ike_sas", "child_sas", "sessions_peak") == [1, 1, 1, 1])
v = fresh()
RA = (("family", "ipv4"), ("pool", "RA"), ("vrf", ""))
ok("and in its pool", v[("sallyport_pool_in_use", RA)] == 1 and v[("sallyport_pool_addresses", RA)] == 1009, str([k for k in v if "pool" in k[0]]))
ok("and in the pool for IPv6", v[("sallyport_pool_in_use", (("family", "ipv6"), ("pool", "RA6"), ("vrf", "")))] == 1)
ok("and its packets are counted", v[("sallyport_esp_in_packets_total", ())] >= 3)
two = StrongSwan(t.client(2), user="client2@psk.test", vips="0.0.0.0").start()
ok("one with its own pool", two.up(), two.last[-300:] + sp.tail())
time.sleep(0.11)
for form, parse in ((OPEN, parse_open), (None, parse_classic)):
    v = values(get("/metrics", accept=form), parse)
    hostile = [dict(k[1])["pool"] for k in v if k[0] == "sallyport_pool_in_use"]
    ok("a hostile name stays readable", 'a"b\\c\\xe9' in hostile, str(hostile))
two.down()
configure(WITH)
r = run("ip", "netns", "exec", t.gw.ns, BIN, "reload", "--socket", sp.socket, errors="replace")
ok("without that pool", "removed" in r.stdout, r.stdout)
two.write(psk="wrong")
two.up()
v = fresh()
ok("a wrong key is counted by name", v[("sallyport_failures_total", (("status", "auth_failed"),))] == 1,
   str({k[1]: n for k, n in v.items() if k[0] == "sallyport_failures_total" and n}) + two.last[-300:])
compare("in use")
ss.down()
ok("the session is gone from the gauges", wait_for(3, lambda: now("sessions", "ike_sas", "child_sas", "sessions_peak") == [0, 0, 0, 2]), str(now("sessions", "ike_sas", "child_sas", "sessions_peak")))

# ---- readers do not hide a long turn from each other -------------------------------------------------------
a = now("loop_turn_max_us")
b = [now("loop_turn_max_us")[0] for _ in range(5)]
ok("asking does not reset the longest turn", a[0] > 0 and all(x >= a[0] for x in b), "%s %s" % (a, b))

# ---- health ----------------------------------------------------------------------------------------------
def health(path, **more):
    r = get(path, **more)
    return r.code, r.body


ok("alive", health("/healthz") == (200, "ok\n"), str(health("/healthz")))
ok("ready", health("/readyz") == (200, "ok\n"), str(health("/readyz")))
lock = sqlite3.connect(os.path.join(sp.state, "sallyport.db"), isolation_level=None)
lock.execute("begin immediate")
ok("a database that cannot be written: not ready", wait_for(15, lambda: health("/readyz")[0] == 503), str(health("/readyz")))
ok("in words", health("/readyz") == (503, "the database cannot be written, so nobody new can connect\n"), str(health("/readyz")))
ok("but alive", health("/healthz")[0] == 200)
ok("and metrics go on", get("/metrics", accept=OPEN).code == 200)
lock.execute("rollback")
lock.close()
ok("ready again", wait_for(15, lambda: health("/readyz") == (200, "ok\n")), str(health("/readyz")))
configure(WITH + "vrf definition NOWHERE\n address-family ipv4\n exit-address-family\nsallyport listen any\nsallyport listen any vrf NOWHERE\n")
sp.reload(check=False)
code, body = health("/readyz")
ok("a VRF whose namespace is missing: not ready", code == 503 and "network namespace does not exist" in body and body.count("\n") == 1, "%d %s" % (code, body))
configure(WITH)
ok("without it: ready", sp.reload(check=False).returncode == 0 and health("/readyz") == (200, "ok\n"), str(health("/readyz")))


# ---- slow and many clients ---------------------------------------------------------------------------------
def dial():
    s = socket.socket(socket.AF_UNIX)
    s.connect(MSOCK)  # waits for room in the queue
    s.settimeout(10)
    return s


def show_takes(n=30):
    """Seconds; of thirty the third slowest, because this machine may have other things to do."""
    taken = []
    for _ in range(n):
        from_ = time.monotonic()
        sp.command("show", "version")
        taken.append(time.monotonic() - from_)
    return sorted(taken)[-3]


alone = show_takes()
cut_before = now("http_connections_cut_total")[0]
crowd = [dial() for _ in range(100)]
for s in crowd[80:]:  # the newest: half a request each
    try:
        s.send(b"GET /metrics HTTP/1.1\r\nX: ")
    except BrokenPipeError:
        pass
with_crowd = show_takes()
ok("100 idle clients do not delay show", with_crowd < alone + 0.3, "%.3f s, alone %.3f s" % (with_crowd, alone))
r = get("/metrics", unix=MSOCK, accept=OPEN)
ok("nor keep a scraper out", r.code == 200, r.why)
with open("/proc/%d/status" % sp.main_pid()) as f:
    ignored = [int(l.split()[1], 16) for l in f if l.startswith("SigIgn")][0]
ok("a client that leaves early ends nothing", ignored >> (signal.SIGPIPE - 1) & 1)
ok("nor the other way in", get("/healthz").code == 200)
cut = now("http_connections_cut_total")[0] - cut_before
ok("the oldest were cut and counted", 68 <= cut <= 100, str(cut))
from_ = time.monotonic()
for s in crowd:
    try:
        while s.recv(4096):
            pass
    except ConnectionResetError:
        pass
    s.close()
ok("the rest end with their time", time.monotonic() - from_ < 7, "%.1f s" % (time.monotonic() - from_))
slow = dial()
begun = time.monotonic()
try:
    while time.monotonic() - begun < 10:
        slow.send(b"G")
        time.sleep(0.2)
except OSError:
    pass
ok("a byte now and then buys no more time", 4 < time.monotonic() - begun < 7, "%.1f s" % (time.monotonic() - begun))

def cpu():
    with open("/proc/%d/stat" % sp.main_pid()) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


idle = [dial() for _ in range(30)]
from_ = cpu()
time.sleep(2)
ok("30 silent clients cost nothing", cpu() - from_ < 0.2, "%.2f s of CPU in 2 s" % (cpu() - from_))
for s in idle:
    s.close()

# ---- reload ------------------------------------------------------------------------------------------------
def reload(text, code=0):
    configure(text)
    r = sp.reload(check=False)
    return ok("reload exits %d" % code, r.returncode == code, r.stdout) and r.stdout


said = reload(WITH.replace("127.0.0.1\n", "127.0.0.1 port 9502\n"))
ok("it says so", "sallyport metrics listen changed (live)" in said, said)
ok("the port has moved", get("/healthz", port=9502).code == 200 and get("/healthz").code == 0)
ok("the unix socket stays", get("/healthz", unix=MSOCK).code == 200)
reload(WITH.replace("127.0.0.1\n", "::1\n"))
ok("to IPv6", get("/healthz", host="[::1]").code == 200 and get("/healthz").code == 0)
other = os.path.join(os.path.dirname(sp.socket), "other.sock")
reload(WITH.replace("metrics socket", "metrics socket " + other))
ok("the unix socket has moved", get("/healthz", unix=other).code == 200 and not os.path.exists(MSOCK))
ok("and the port is back", get("/healthz").code == 200)
nc = spawn(t.gw.ns, "python3", "-c", "import socket, time\ns = socket.socket()\ns.bind(('127.0.0.1', 9777))\ns.listen()\ntime.sleep(600)")
wait_for(5, lambda: ":9777" in t.gw.run("ss", "-ltn").stdout)
running = sp.command("show", "running-config").stdout
for line, sentence in (("listen 127.0.0.1 port 9777", "metrics cannot be served at 127.0.0.1:9777: another program has this port"),
                       ("socket " + sp.socket, "something else stands there"),
                       ("socket /proc/x.sock", "metrics cannot be served at /proc/x.sock: "),
                       ("socket " + sp.conf, "something else stands there")):
    said = reload(WITH.replace("metrics " + line.split()[0], "metrics " + line, 1) if line.startswith("socket") else
                  WITH.replace("metrics listen 127.0.0.1", "metrics " + line), code=1)
    ok("`%s` leaves all as it was" % line.replace(WORK, ""), sentence in said and "running configuration stays" in said and
       sp.command("show", "running-config").stdout == running and get("/healthz").code == 200 and get("/healthz", unix=other).code == 200, said)
reload(WITH.replace("127.0.0.1\n", "127.0.0.1 port 9503\n").replace("metrics socket", "metrics socket " + MSOCK + "2") + "sallyport listen 10.99.1.77\n", code=1)
ok("what was opened for a configuration that failed is closed", get("/healthz", port=9503).code == 0 and not os.path.exists(MSOCK + "2") and
   get("/healthz").code == 200 and get("/healthz", unix=other).code == 200)
ok("the control socket was not harmed", sp.answers())
said = reload(WITH.replace("listen 127.0.0.1", "listen 10.99.1.1"), code=2)
ok("an address for everybody is refused", "metrics have no authentication" in said and get("/healthz").code == 200, said)
reload(CONF)
ok("off: nothing listens", get("/healthz").code == 0 and not os.path.exists(other) and "LISTEN" not in t.gw.run("ss", "-ltnH", "sport = :9501").stdout)
reload(WITH)
ok("on again", get("/healthz").code == 200 and get("/healthz", unix=MSOCK).code == 200)

# ---- kill -9 of main -----------------------------------------------------------------------------------------
two.write(psk=PSK)
ok("a client connects again", two.up(), two.last[-300:])
two.host.ping("10.99.2.2")
before = now("sample_number", "ike_auth_in_total", "esp_in_packets_total", "loop_turns_total")
time.sleep(1.2)  # sums are kept each second
for n in range(3):
    old = sp.kill_main()
    ok("kill %d: the port is back" % n, wait_for(5, lambda: get("/readyz").code == 200 and sp.main_pid() != old), get("/readyz").why + sp.tail(5))
    ok("kill %d: the unix socket is back" % n, get("/healthz", unix=MSOCK).code == 200)
    time.sleep(1.1)
after = now("sample_number", "ike_auth_in_total", "esp_in_packets_total", "loop_turns_total")
ok("no value went back", all(x >= y for x, y in zip(after, before)) and after[0] > before[0], "%s %s" % (before, after))
ok("the session is still there", now("sessions", "child_sas") == [1, 1])
# Somebody takes the port while main is away: tunnels come back all the same, metrics when they can.
sp.process.send_signal(signal.SIGSTOP)  # the holder: nobody starts main again
sp.kill_main()
thief = spawn(t.gw.ns, "python3", "-c", "import socket, time\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
              "s.bind(('127.0.0.1', 9501))\ns.listen()\ntime.sleep(600)")
ok("somebody has the port", wait_for(5, lambda: "LISTEN" in t.gw.run("ss", "-ltnH", "sport = :9501").stdout))
sp.process.send_signal(signal.SIGCONT)
ok("main comes back without the port", wait_for(5, sp.answers) and two.host.ping("10.99.2.2") == 3, sp.tail())
taken = wait_for(3, lambda: "metrics cannot be served at 127.0.0.1:9501" in sp.log_text())
ok("and says so", taken, sp.tail())
ok("the other way in works", get("/readyz", unix=MSOCK).code == 200)
stop_process(thief)
ok("the port is served as soon as it is free", wait_for(10, lambda: get("/readyz").code == 200), sp.tail())

# ---- the end -------------------------------------------------------------------------------------------------
def stopped(pid):
    tasks = "/proc/%d/task" % pid
    return all(open("%s/%s/stat" % (tasks, n)).read().rsplit(") ", 1)[1][0] == "T" for n in os.listdir(tasks))


os.kill(two.process.pid, signal.SIGSTOP)  # a peer that does not answer our goodbye
ok("the peer is silent", wait_for(5, lambda: stopped(two.process.pid)))
sp.process.send_signal(signal.SIGTERM)
ok("stopping: not ready", wait_for(4, lambda: health("/readyz") == (503, "the headend is being stopped\n")), str(health("/readyz")))
ok("but alive", health("/healthz")[0] == 200)
os.kill(two.process.pid, signal.SIGCONT)
ok("clean stop", sp.process.wait(10) == 0, sp.tail())
ok("nothing is left", not os.path.exists(MSOCK))
done()
