"""What was measured, as tables, and the floors that the data path must stand above. found[offload][peer][what] is the
list of one figure's values: what is ("tcp", case) with dicts, ("udp", "cost" or "spare", size, back), "idle", "loaded", "memory"."""
import statistics

from places import TCP
from results import table

SIZES = ("64", "1300", "imix")


def middle(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def text(value, form="%.2f"):
    return "" if value is None else form % value


def tcp_figure(found, offload, peer, case, key):
    return middle([v[key] for v in found.get(offload, {}).get(peer, {}).get(("tcp", case), []) if v])


def udp_figure(found, peer, size, back, key="udp"):
    return middle(found.get("on", {}).get(peer, {}).get((key, size, back), []))


def limited(found, peer, size, back):
    """In most turns it was the sender that had no more."""
    spare = found.get("on", {}).get(peer, {}).get(("spare", size, back), [])
    return 2 * sum(spare) < len(spare)


def tcp_table(found):
    rows = []
    for offload, peers in found.items():
        for peer, what in peers.items():
            if any(("tcp", case) in what for case in TCP):
                rate = [text(tcp_figure(found, offload, peer, case, "gbps")) for case in TCP]
                gw = [tcp_figure(found, offload, peer, case, "gw") for case in TCP]
                cli = middle([tcp_figure(found, offload, peer, case, "cli") for case in TCP])
                retr = [text(tcp_figure(found, offload, peer, case, "retr"), "%.0f") for case in TCP]
                rows.append([peer, offload, *rate, " ".join(text(g) for g in gw), text(middle(gw)), text(cli), " ".join(retr)])
    return table(["peer", "OFFLOAD", *["Gbit/s " + case for case in TCP], "gateway's CPU-s per GB of each", "middle", "client's",
                  "sent again"], rows) if rows else ""


def packet_table(found):
    rows = []
    for peer, what in found.get("on", {}).items():
        if any(("udp", s, b) in what for s in SIZES for b in (False, True)):
            kpps = [udp_figure(found, peer, s, b) for s in SIZES for b in (False, True)]
            cost = [udp_figure(found, peer, s, b, "cost") for s in SIZES for b in (False, True)]
            more = ["+" if limited(found, peer, s, b) else "" for s in SIZES for b in (False, True)]
            rows.append([peer] + ["%s%s (%s)" % (text(k and k / 1000, "%.0f"), m, text(c, "%.1f")) for k, m, c in zip(kpps, more, cost)])
    heads = [("%s " % s if s == "imix" else s + " B ") + d for s in SIZES for d in ("c>l", "l>c")]
    return table(["thousand packets/s (gateway's CPU-us each), +: the sender had no more"] + heads, rows) if rows else ""


def rest_table(found):
    rows = []
    for peer, what in found.get("on", {}).items():
        if not any(k in what for k in ("idle", "loaded", "memory")):
            continue
        row = [peer]
        for key in ("idle", "loaded"):
            for n in (0, 2):
                row.append(text(middle([v[0][n] for v in what.get(key, []) if v]), "%.0f"))
            row.append(text(middle([v[1] for v in what.get(key, []) if v]), "%.1f"))
        memory = what.get("memory", [])
        row += [text(middle([m[k] / 1024 for m in memory if m]), "%.1f") for k in (0, 1, 2)]
        rows.append(row)
    return table(["peer", "idle p50 us", "p99", "lost %", "loaded p50 us", "p99", "lost %", "resident MiB (RSS)", "shared counted once (PSS)", "files in memory"],
                 rows) if rows else ""


def scale_table(scale):
    rows = []
    for peer, steps in scale.items():
        one = steps[0][1] if steps else None
        for sas, v in steps:
            rate = [v["tcp"][case]["gbps"] if v["tcp"][case] else 0 for case in v["tcp"]]
            first = [one["tcp"][case]["gbps"] if one["tcp"][case] else 0 for case in v["tcp"]]
            share = min(r / f for r, f in zip(rate, first)) if all(first) else 0
            cpu = middle([t["gw"] for t in v["tcp"].values() if t])
            rows.append([peer, str(sas), *[text(r, "%.3f") for r in rate], text(cpu), text(v["idle"] and v["idle"][0][0], "%.0f"),
                         text(share), text(v["memory"][1] / 1024, "%.1f")])
    return table(["peer", "SAs, traffic on the oldest", "Gbit/s 1 c>l", "1 l>c", "gateway's CPU-s per GB", "idle p50 us",
                  "of one SA's rate", "PSS MiB"], rows) if rows else ""


# ---- the floors -------------------------------------------------------------------------------


def rate(found, offload, peer):
    return [tcp_figure(found, offload, peer, case, "gbps") for case in TCP]


def cost(found, peer):
    return [tcp_figure(found, "on", peer, case, "gw") for case in TCP]


def smallest(found, peer):
    """64-byte packets, each way."""
    return [udp_figure(found, peer, "64", back) for back in (False, True)]


def number(value):
    return "%.0f" % value if value >= 1000 else "%.3g" % value


def against(name, ours, theirs, floor, least):
    """One floor: the middle over the cases against the middle of theirs, and the worst single case beside it. least: our
    figure is at least floor times theirs; otherwise at most."""
    cases = [a / b for a, b in zip(ours, theirs) if a is not None and b]
    if not cases:
        return [name, "", "", "", "not measured"]
    a, b = middle(ours), middle(theirs)
    worst = min(cases) if least else max(cases)
    holds = a / b >= floor if least else a / b <= floor
    return [name, "%s : %s" % (number(a), number(b)), "%.2f (worst case %.2f)" % (a / b, worst), ("at least %g" if least else "at most %g") % floor,
            "holds" if holds else "missed"]


def floors(found, scale):
    small = against("64-byte packets, times strongSwan", smallest(found, "sallyport"), smallest(found, "strongswan"), 4, True)
    if any(limited(found, "sallyport", "64", back) for back in (False, True)):
        small[-1] += ", but the sender had no more"
    rows = [
        against("TCP, times wireguard-go", rate(found, "on", "sallyport"), rate(found, "on", "wireguard"), 3, True),
        against("TCP, times strongSwan", rate(found, "on", "sallyport"), rate(found, "on", "strongswan"), 10, True),
        against("TCP with OFFLOAD=gro, times wireguard-go", rate(found, "gro", "sallyport"), rate(found, "gro", "wireguard"), 1.7, True),
        against("gateway's CPU per GB, of wireguard-go's", cost(found, "sallyport"), cost(found, "wireguard"), 0.25, False),
        against("gateway's CPU per GB, of the pump's without a cipher", cost(found, "sallyport"), cost(found, "pump-no-cipher"), 1.6, False),
        small,
        against("CPU per GB for a strongSwan client, of a strongSwan gateway's", cost(found, "sallyport-strongswan"),
                cost(found, "strongswan"), 0.2, False),
    ]
    steps = scale.get("sallyport", [])
    if len(steps) > 1 and steps[-1][0] >= 10000:
        first, last = ([t["gbps"] if t else 0 for t in v["tcp"].values()] for v in (steps[0][1], steps[-1][1]))
        rows.append(against("TCP on the oldest of %d SAs, of one SA's" % steps[-1][0], last, first, 0.85, True))
    else:
        rows.append(["TCP on the oldest of 10,000 SAs, of one SA's", "", "", "at least 0.85", "not measured"])
    memory = middle([m[1] / 1024 for m in found.get("on", {}).get("sallyport", {}).get("memory", []) if m])
    rows.append(["resident memory with one tunnel, all processes, MiB", text(memory, "%.1f"), "", "under 20",
                 "not measured" if memory is None else "holds" if memory < 20 else "missed"])
    return table(["floor", "figures", "ratio", "wanted", "and"], rows)
