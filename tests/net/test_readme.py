#!/usr/bin/env python3
"""Every configuration in README and docs passes `sallyport check`; what they promise exists."""
import glob
import re
from lib import *

files = [os.path.join(ROOT, "README.md")] + sorted(glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True))
blocks = 0
for path in files:
    name = os.path.relpath(path, ROOT)
    with open(path) as f:
        text = f.read()
    # The scripts of a page stand where its configurations look for them.
    os.makedirs(os.path.join(WORK, "lua"), exist_ok=True)
    for body, script in re.findall(r"^```lua\n(-- ([a-z-]+\.lua).*?)^```", text, re.M | re.S):
        with open(os.path.join(WORK, "lua", script), "w") as f:
            f.write(body)
    for n, body in enumerate(re.findall(r"^```sallyport\n(.*?)^```", text, re.M | re.S), 1):
        blocks += 1
        conf = os.path.join(WORK, "block.conf")
        with open(conf, "w") as f:
            f.write(body)
        r = run(BIN, "check", conf, check=False)
        ok("%s: configuration %d passes check" % (name, n), r.returncode == 0 and "error" not in r.stdout, r.stdout)
        ok("%s: configuration %d has no warning" % (name, n), "warning:" not in r.stdout, r.stdout)
    for word in re.findall(r"`((?:core|cmd|modules|db|tests)/[a-z0-9_./]+)`", text):
        ok("%s: %s exists" % (name, word), os.path.exists(os.path.join(ROOT, word)))
ok("README has a configuration", blocks > 0)
help_text = run(BIN, "help").stdout
for word in ("run", "check", "reload", "show", "clear", "sql", "version"):
    ok("help knows %s" % word, word in help_text)
done()
