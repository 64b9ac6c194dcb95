"""The users of a container: root starts it and forks jobs, the runtime holds the keys, and each job has its own.

Linux only. What a container is started with - root, of whose rights only two are left - is the least by which one
process can become another user; nobody who runs an author's code has any of it.
"""

import ctypes
import os
import signal
from pathlib import Path
from typing import Final

from crew_runtime.common.configuration import ConfigurationError

RUNTIME: Final = 10001
"""The user, and its group, that holds the keys, the store and the payments."""
JOBS: Final = range(10100, 10356)
"""The users, and their groups, of jobs that run at the same time: more than there can be (README.md, MAX_PARALLEL)."""
AGENTS: Final = range(20000, 22000)
"""The groups of agents, where one runtime serves several: a job passes into its own agent's folder, and no other's."""

# Numbers of linux/prctl.h and linux/capability.h.
_PR_SET_PDEATHSIG: Final = 1
_PR_CAPBSET_DROP: Final = 24
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITIES: Final = range(64)
_NEEDED: Final = {6: "SETGID", 7: "SETUID"}
_CAPABILITY_VERSION: Final = 0x20080522
_BITS: Final = 32

_libc: Final = ctypes.CDLL(None, use_errno=True)


def give_up_rights() -> None:
    """Keep of root's rights only those to become another user, also for programs that are started from now on.

    A platform may have taken the others away before, as Docker and ECS do if told to.

    Raises:
        ConfigurationError: this is not root, or it lacks these rights.

    """
    missing = [name for number, name in _NEEDED.items() if not _effective() >> number & 1]
    if os.geteuid() != 0 or missing:
        problem = (
            "the container: must start as root with the capabilities SETUID and SETGID, so that each job is a user of "
            "its own; it needs no others. Start it without --user, and with --cap-drop=ALL --cap-add=SETUID "
            "--cap-add=SETGID."
        )
        raise ConfigurationError([problem])
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for number in _CAPABILITIES:
        if number not in _NEEDED:
            _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # fails where it is missing already
    kept = sum(1 << number for number in _NEEDED)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    # Effective, permitted and inheritable; the second three are the numbers from 32 on.
    if _libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def become_runtime() -> None:
    """Become the user who holds the keys, for good; it may read what jobs let their group read."""
    os.setgroups([RUNTIME, *JOBS, *AGENTS])
    _become(RUNTIME)
    os.umask(0o077)


def become_job(user: int, group: int | None = None) -> None:
    """Become a job's user, for good, and one of its agent's group if it has one."""
    if user not in JOBS or (group is not None and group not in AGENTS):
        raise ValueError(user, group)
    os.setgroups([] if group is None else [group])
    _become(user)


def _become(user: int) -> None:
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)  # the last capabilities go with it


def end_with(parent: int) -> None:
    """Let this process be killed when its parent ends. A process that becomes another user has to say it again."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Be the parent of those whose parents end among this process's descendants."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def processes_of(user: int) -> list[int]:
    """Return the processes that run as a user, except this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:  # it has ended
            continue
        is_dead = lines["State"].split()[0] in "ZX"
        if not is_dead and str(user) in lines["Uid"].split() and int(status.parent.name) != os.getpid():
            found.append(int(status.parent.name))
    return found


def _effective() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("CapEff:")[2].split()[0], 16)
