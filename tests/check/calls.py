"""Calls that do not belong: the world inside core, and functions that nobody should use."""
import re
import sys

from tree import Findings, code, files

# (folders, calls, why)
RULES = [
    (["core", "modules", "db", "cmd"], "strcpy strcat sprintf vsprintf gets strtok alloca",
     "has no bounds"),
    (["core"], "time clock_gettime gettimeofday clock localtime gmtime nanosleep usleep sleep poll "
               "select epoll_wait",
     "core is told the time"),
    (["core"], "socket bind connect listen accept send sendto sendmsg recv recvfrom recvmsg ioctl "
               "setsockopt",
     "core has no sockets"),
    (["core"], "open openat fopen read write close remove unlink rename mmap fork system popen "
               "getenv printf fprintf puts putchar perror",
     "core has no files and no environment"),
    (["core"], r"pthread_\w+ thrd_\w+ mtx_\w+", "core has no threads"),
    (["core"], "rand random srand srandom getrandom arc4random", "core asks its port for chance"),
    (["core/wire"], "assert abort", "a byte from the network ends no program"),
]


def main():
    found = Findings()
    for folders, names, why in RULES:
        # A call of a function by its bare name: neither a member nor a part of a longer name, and
        # not the declaration of something of the same name.
        pattern = re.compile(r"(?<![\w.>\"])(" + names.replace(" ", "|") + r")\s*\(")
        for path in files(folders, (".c", ".h")):
            for number, line in enumerate(code(path).splitlines(), 1):
                for m in pattern.finditer(line):
                    before = line[:m.start()].rstrip()
                    if before and (before[-1].isalnum() or before[-1] in "_*") \
                            and not re.search(r"\b(return|else|do|case)$", before):
                        continue
                    found.add(path, number, f"{m.group(1)}(): {why}")
    return found.end()


sys.exit(main())
