#!/usr/bin/env python3
"""The data path beside real peers: a client, a gateway and a LAN in network namespaces of this machine, with one pair of
programs at a time between them, the peers taking turns.

    ./build.sh bench data              everything, the middle of 5; appends a section to RESULTS.md (about an hour)
    BENCH_RUNS=1 BENCH_ONLY=sallyport,wireguard BENCH_SECONDS=3 ./build.sh bench data_path     under a minute, only TCP
                                       and what is cheap

    BENCH_RUNS=5          turns of every peer; with fewer than 3 nothing is kept
    BENCH_SECONDS=5       of one TCP run
    BENCH_ONLY=...        of: sallyport, sallyport-strongswan (gateway, client), strongswan (kernel-libipsec), wireguard
                          (wireguard-go with bundling), pump (mode 2), pump-no-cipher, plain (no tunnel: what the load can do)
    BENCH_OFFLOAD=...     of: on, gro, off (peers/places.py)
    BENCH_WHAT=...        of: tcp, udp, latency, memory, scale
    BENCH_SAS=1,100,2000,10000         the steps of scale
    BENCH_PROFILE=1       no table: where Sallyport's gateway spends its time in TCP runs, by perf

All of it shares this machine's cores, the load too: compare what was measured in one run.
"""
import fcntl
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "net"), os.path.join(HERE, "peers")]
import floors
import pairs
import places
import profile_gateway
import results
from scale import KINDS, scale


def words(name, default, known):
    found = [w for w in os.environ.get(name, default).replace(",", " ").split() if w]
    for w in found:
        if w not in known:
            sys.exit("%s: %s is none of %s" % (name, w, " ".join(known)))
    return found


RUNS = int(os.environ.get("BENCH_RUNS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
ONLY = words("BENCH_ONLY", "sallyport sallyport-strongswan strongswan wireguard pump pump-no-cipher", pairs.PAIRS)
OFFLOADS = words("BENCH_OFFLOAD", "on" if RUNS == 1 else "on gro off", ("on", "gro", "off"))
WHAT = words("BENCH_WHAT", "tcp latency memory" if RUNS == 1 else "tcp udp latency memory scale", ("tcp", "udp", "latency", "memory", "scale"))
SAS = [int(n) for n in words("BENCH_SAS", "1,100,2000,10000", [str(n) for n in range(1, 100001)])]
# strongSwan walks a list for every packet and every set-up: beyond this it is not worth the wait.
STRONGSWAN_SAS = 2000
UDP_SECONDS = 1
TURNS_OF_THE_SLOW = 3 # packet rates take a minute each, and OFFLOAD=off is no floor's
LATENCY_SECONDS = 2
noise = [] # cores that others kept busy, before each turn of a pair


def say(text):
    print(text, flush=True)


def alone():
    """Two runs at once would measure each other: the later one waits."""
    lock = open(os.path.join(tempfile.gettempdir(), "sallyport-bench.lock"), "a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("waiting for another run of this benchmark")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def note(found, offload, peer, what, value):
    found.setdefault(offload, {}).setdefault(peer, {}).setdefault(what, []).append(value)


def measure_tcp(row, pair, peer, offload, found):
    server = places.Server(row)
    told = []
    for case in places.TCP:
        t = places.tcp(row, case, SECONDS, pair.gw, pair.cli)
        note(found, offload, peer, ("tcp", case), t)
        told.append("%s %.2f (%.2f)" % (case, t["gbps"], t["gw"]) if t else case + " failed")
    server.stop()
    say("   %-20s %-3s Gbit/s (gateway's CPU-s per GB): %s" % (peer, offload, ", ".join(told)))


def measure_udp(row, pair, peer, found):
    told = []
    for size in floors.SIZES:
        for back in (False, True):
            before = floors.udp_figure(found, peer, size, back)
            got, cost, spare = places.search(row, size, back, UDP_SECONDS, before * 0.7 if before else 40000, pair.address, pair.gw)
            note(found, "on", peer, ("udp", size, back), got)
            note(found, "on", peer, ("cost", size, back), cost)
            note(found, "on", peer, ("spare", size, back), spare)
            told.append("%s %s %.0f%s (%.1f)" % (size, "l>c" if back else "c>l", got / 1000, "" if spare else "+", cost or 0))
    say("   %-20s thousand packets/s (gateway's CPU-us each; +: the sender had no more): %s" % (peer, ", ".join(told)))


def measure_latency(row, peer, found):
    idle = places.latency(row, LATENCY_SECONDS)
    server = places.Server(row)
    loaded = places.latency_loaded(row, LATENCY_SECONDS)
    server.stop()
    note(found, "on", peer, "idle", idle)
    note(found, "on", peer, "loaded", loaded)
    told = ["%s p50 %.0f p99 %.0f us (%.1f %% lost)" % (name, v[0][0], v[0][2], v[1]) if v else name + " failed"
            for name, v in (("idle", idle), ("loaded", loaded))]
    say("   %-20s %s" % (peer, ", ".join(told)))


def measure(peer, offload, turn, found):
    """One turn of one pair. Figures other than TCP do not depend much on offloads: taken with them on."""
    noise.append(places.others())
    row = places.Row(offload)
    pair = pairs.PAIRS[peer](row)
    try:
        pair.up()
        if "tcp" in WHAT:
            measure_tcp(row, pair, peer, offload, found)
        if offload == "on":
            if "latency" in WHAT:
                measure_latency(row, peer, found)
            if "memory" in WHAT and pair.gw:
                rss, pss = places.memory_kib(pair.gw)
                files = places.memory_files_kib(pair.gw)
                note(found, "on", peer, "memory", (sum(rss), pss, files))
                say("   %-20s resident MiB: %s; shared counted once: %.1f; files in memory, mapped or not: %.1f" % (
                    peer, " + ".join("%.1f" % (r / 1024) for r in rss), pss / 1024, files / 1024))
            if "udp" in WHAT and peer != "pump-no-cipher" and turn < TURNS_OF_THE_SLOW:
                measure_udp(row, pair, peer, found)
    except RuntimeError as e:
        say("   %s failed: %s" % (peer, e))
    finally:
        pair.down()
        row.remove()


def machine():
    with open("/proc/cpuinfo") as f:
        flags = next((line for line in f if line.startswith("flags")), "").split()
    return "%d cores (%s), %s" % (os.cpu_count(), " ".join(w for w in ("aes", "vaes", "avx512f") if w in flags) or "no AES",
                                  pairs.kernel())


def report(found, scaled):
    parts = ["### %s" % time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
             "Middle of %d runs of %d s each; %s. %s." % (RUNS, SECONDS, machine(), ", ".join(dict.fromkeys(pairs.PAIRS[p].version() for p in ONLY)))
             + (" Other work of the machine: %.1f cores on average, %.1f at most." % (sum(noise) / len(noise), max(noise)) if noise else ""),
             floors.tcp_table(found), floors.packet_table(found), floors.rest_table(found), floors.scale_table(scaled)]
    parts.append(floors.floors(found, scaled))
    return "\n\n".join(p for p in parts if p)


def main():
    lock = alone()
    say("%s; %s" % (machine(), ", ".join(dict.fromkeys(pairs.PAIRS[p].version() for p in ONLY))))
    if os.environ.get("BENCH_PROFILE"):
        profile_gateway.profile(pairs.PAIRS[ONLY[0]], SECONDS, OFFLOADS[0], say)
        return
    found, scaled, begin = {}, {}, time.monotonic()
    for turn in range(RUNS):
        for offload in OFFLOADS if set(WHAT) - {"scale"} else ():
            for peer in ONLY:
                if offload != "off" or turn < TURNS_OF_THE_SLOW:
                    measure(peer, offload, turn, found)
        say("turn %d of %d ended after %.0f s" % (turn + 1, RUNS, time.monotonic() - begin))
    if "scale" in WHAT:
        for kind in (k for k in KINDS if k in ONLY):
            counts = [n for n in SAS if kind == "sallyport" or n <= STRONGSWAN_SAS]
            scaled[kind] = scale(kind, counts, SECONDS, min(RUNS, 3), say)
    text = report(found, scaled)
    keep = RUNS >= 3 and "BENCH_ONLY" not in os.environ and "BENCH_WHAT" not in os.environ
    if keep:
        results.add_section(text)
    say("\n" + text + ("\n\nappended to tests/bench/RESULTS.md" if keep else ""))
    lock.close()


main()
