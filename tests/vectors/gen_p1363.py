#!/usr/bin/python3
"""Makes ecdsa_p1363.txt from Wycheproof's ecdsa_*_p1363_test.json (Apache License 2.0; Google), in the text form that
Wycheproof's other files have. Argument: the folder with them."""
import json
import pathlib
import sys

from vec import write

FILES = ["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"]


def main():
    rows = []
    for name in FILES:
        tests = json.loads((pathlib.Path(sys.argv[1]) / f"{name}_p1363_test.json").read_text())
        for group in tests["testGroups"]:
            key = ""
            for test in group["tests"]:
                row = {"msg": test["msg"], "sig": test["sig"], "result": test["result"]}
                if group["keyDer"] != key:  # said once for all that follow
                    key = group["keyDer"]
                    row = {"curve": name[6:15], "keyDer": key} | row
                rows.append(row)
    write("ecdsa_p1363.txt", ["Made by gen_p1363.py from Project Wycheproof's vectors, Copyright Google,",
                              "Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0).",
                              "curve and keyDer hold until the next."], rows)


main()
