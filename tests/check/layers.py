"""Who may include whom (the layers of the tree), and the one home of each third-party library."""
import re
import sys

from tree import Findings, files, lines

# core: a folder may include itself and those of a lower rank.
RANK = {"base": 0, "crypto": 1, "wire": 1, "conf": 2, "ike": 3, "eap": 3, "esp": 3, "aaa": 3,
        "session": 4}

# Third-party headers and the only folder that may include them; the first row that matches counts.
HOMES = [
    (r"event2/dns\.h", "modules/dns"),
    (r"openssl/|intel-ipsec-mb", "core/crypto"),
    (r"event2/(http|buffer|bufferevent|listener)\.h|evhttp", "modules/http"),
    (r"event2/|event\.h|evdns", "modules/loop"),
    (r"sqlite3", "db"),
    (r"net-snmp/", "modules/snmp"),
    (r"(lua5\.\d/)?(lua\.h|lualib|lauxlib|luaconf)", "modules/lua"),
]
OURS = {"core", "modules", "db", "cmd"}


def layer(path):
    """The folder that the rules speak of: core/ike, modules/radius, db, cmd."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("core", "modules") else parts[0]


def allowed(user, used):
    if user == "cmd" or user == used:
        return True
    if user.startswith("core/"):
        if not used.startswith("core/"):
            return False
        a, b = RANK.get(user[5:]), RANK.get(used[5:])
        return a is not None and b is not None and b < a
    return used.startswith("core/")  # modules/x and db


def judge(path, name, quoted):
    """What is wrong with this include, or None."""
    user = layer(path)
    first = name.split("/")[0]
    if first in OURS:
        if not quoted:
            return "ours are included with quotes"
        if not allowed(user, layer(name)):
            return f"{user} may not include {layer(name)}"
        return None
    if first == "gen":
        return None
    if first == "tests":
        return "nothing that ships includes a test"
    if quoted:
        return "includes are written from the root of the tree"
    for pattern, home in HOMES:
        if re.match(pattern, name):
            return None if user == home else f"<{name}> has its home in {home}"
    return None


def main():
    found = Findings()
    for path in files(sorted(OURS), (".c", ".h")):
        if path.startswith("core/") and layer(path)[5:] not in RANK:
            found.add(path, 1, "core has no such folder in its layers")
        for number, line in lines(path):
            m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if m:
                wrong = judge(path, m.group(2), m.group(1) == '"')
                if wrong:
                    found.add(path, number, f"{m.group(2)}: {wrong}")
    return found.end()


sys.exit(main())
