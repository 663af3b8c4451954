"""Run a command with no other system calls than those of a filter of systemd's: ``confined.py @system-service -- COMMAND``.

Another call fails with EPERM, as the units have it. Where the kernel, libseccomp or systemd-analyze are not there for it, the
command runs unconfined, and says so.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

NO_NEW_PRIVILEGES = 38
ALLOW, EPERM = 0x7FFF0000, 0x00050001


def calls_of(names: list[str]) -> set[str]:
    """Of sets and single calls, in the words of systemd.exec(5)."""
    printed = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    sets: dict[str, list[str]] = {}
    for line in printed.splitlines():
        word = line.strip()
        if line.startswith("@"):
            sets[word] = []
        elif word and not word.startswith("#") and sets and line.startswith(" "):
            sets[list(sets)[-1]].append(word)
    # Every filter lets these through.
    found, waiting = set(), ["@default", *names]
    while waiting:
        name = waiting.pop()
        waiting += sets[name] if name.startswith("@") else []
        found |= set() if name.startswith("@") else {name}
    return found


def confine(calls: set[str]) -> None:
    """This process, and all that it starts."""
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(EPERM)))
    for call in calls:
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        # Below 0 there is none of that name on this kind of computer.
        if number >= 0 and seccomp.seccomp_rule_add(context, ctypes.c_uint32(ALLOW), number, 0):
            raise OSError(f"{call} cannot be allowed")
    if ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or seccomp.seccomp_load(context):
        raise OSError("the filter cannot be put to work")


if __name__ == "__main__":
    divide = sys.argv.index("--")
    command = sys.argv[divide + 1 :]
    try:
        if shutil.which("systemd-analyze") is None:
            raise OSError("systemd-analyze is not here")
        confine(calls_of(sys.argv[1:divide]))
        sys.stderr.write("confined\n")
    except (OSError, subprocess.CalledProcessError) as problem:
        sys.stderr.write(f"not confined: {problem}\n")
    sys.stderr.flush()
    os.execvp(command[0], command)
