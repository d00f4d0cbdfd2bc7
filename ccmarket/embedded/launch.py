"""Run a program that ends with its parent: `python -I -S launch.py OPTIONS -- PROGRAM ARGS...`.

A script of its own, so that nothing runs between fork and exec in the supervisor, which has
threads. It changes what the kernel knows about this process, then becomes the program:

* its own session, so that Ctrl-C in the terminal reaches the supervisor alone, which stops its
  children in order;
* the signal the kernel sends it when its parent dies (Linux; elsewhere the next start cleans up);
* another user, for PostgreSQL, which refuses to run as root. The files stay where they are, so that
  user keeps one right of root: to enter and read folders that belong to somebody else.
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


class CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class CapabilitySet(ctypes.Structure):
    """One half of the 64-bit masks of capset(2)."""

    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def check(result: int, call: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")


def permitted_capabilities() -> int:
    """Bit mask of what this process may do, from proc(5)."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm:"))


def become(user_name: str) -> None:
    """Give up root for `user_name`, keeping only the right to pass through and read folders.

    Containers often have the wider CAP_DAC_OVERRIDE and not CAP_DAC_READ_SEARCH: either will do.
    What Python needs is read before the change: after it, this process may not reach its own files.
    """
    entry = pwd.getpwnam(user_name)
    kept = None
    if sys.platform == "linux":
        permitted = permitted_capabilities()
        wanted = (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)
        kept = next((bit for bit in wanted if permitted & (1 << bit)), None)
        check(libc().prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl(PR_SET_KEEPCAPS)")
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if kept is not None:
        keep_capability(kept)


def keep_capability(capability: int) -> None:
    """Let `capability` alone survive the change of user and exec: capabilities(7), ambient."""
    mask = 1 << capability
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    halves = (CapabilitySet * 2)(CapabilitySet(mask, mask, mask), CapabilitySet(0, 0, 0))
    check(libc().capset(ctypes.byref(header), halves), "capset")
    raised = libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    check(raised, "prctl(PR_CAP_AMBIENT)")


def end_with_parent(parent_pid: int, signal_number: int) -> None:
    """Ask the kernel for `signal_number` when the parent ends; elsewhere than on Linux, nothing.

    Comes after the change of user, which would clear it.
    """
    if sys.platform != "linux":
        return
    check(libc().prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit("The process that started this one has ended.")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parent", type=int, required=True, help="process id of the parent")
    parser.add_argument("--signal", default="SIGTERM", help="sent when the parent ends")
    parser.add_argument("--user", help="user to become")
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()

    os.setsid()
    if arguments.user:
        become(arguments.user)
    end_with_parent(arguments.parent, signal.Signals[arguments.signal])
    # Python ignores SIGPIPE, and what is ignored stays so after exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(arguments.program[0], arguments.program)


if __name__ == "__main__":
    main()
