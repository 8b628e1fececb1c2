"""What the decoding child takes away from itself before it looks at a stranger's bytes (Linux; elsewhere
what there is). Only the standard library, so that the child can call it first of all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import random
import signal
import struct
import sys
from pathlib import Path

CPUS = 2
"""Cores the child may use: decoders start as many threads as they see, each with a stack."""
HANDLES = 64
NICE = 5
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SET_MODE_FILTER, _TSYNC = 1, 1
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_LOAD, _EQUALS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K (linux/bpf_common.h)."""
_X32 = 0x40000000

_BOTH = {  # x86_64, aarch64 (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h)
    "socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "connect": (42, 203), "sendto": (44, 206), "sendmsg": (46, 211),
    "accept4": (288, 242), "sendmmsg": (307, 269), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "bpf": (321, 280), "userfaultfd": (323, 282),
    "perf_event_open": (298, 241), "mount": (165, 40), "unshare": (272, 97), "setns": (308, 268),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "chmod": (90, None),
    "fchmodat": (268, 53), "symlink": (88, None), "symlinkat": (266, 36), "mknodat": (259, 33),
    "setrlimit": (160, 164), "prlimit64": (302, 261),
}  # fmt: skip
"""Network, other programs and processes, and every way round that: io_uring can open sockets as well."""
_MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}
"""Column above, AUDIT_ARCH, number of seccomp(2)."""


def die_with_parent(parent: int) -> None:
    """A signal at the parent's end, beside the end of file on the pipe, which a busy decoder cannot see."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if sys.platform != "win32" and os.getppid() != parent:
        os._exit(0)  # it ended before that


def limit(memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Memory, all CPU time of this process, size of a file, open files; no core dumps. RLIMIT_DATA, since
    RLIMIT_AS breaks OpenBLAS on large hosts."""
    if sys.platform == "win32":
        return
    import resource

    wanted = {
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: HANDLES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        with contextlib.suppress(ValueError, OSError):  # the system may allow even less
            resource.setrlimit(kind, (most, most))
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError):  # among sessions, its group's counts (sched(7), autogroup)
        Path("/proc/self/autogroup").write_text(str(NICE))
    if sys.platform == "linux":
        mine = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, random.sample(mine, min(CPUS, len(mine))))


def cpu_alarm(seconds: float) -> None:
    """End this process when it has used so many more seconds of CPU; 0 calls that off. The signal's own
    action does it, in the middle of any decoder."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def close_network() -> str | None:
    """No sockets, programs or signals from here on, in any thread; why not, where that cannot be had.

    A seccomp filter (seccomp(2)): it needs only no_new_privs, so it works inside containers too.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MACHINES:
        return f"no filter for {sys.platform} on {machine}"
    column, arch, number = _MACHINES[machine]
    program = _program([n for pair in _BOTH.values() if (n := pair[column]) is not None], arch, column == 0)
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(program)
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return f"no_new_privs: {os.strerror(ctypes.get_errno())}"
    pointer = ctypes.create_string_buffer(head)
    done = libc.syscall(number, _SET_MODE_FILTER, _TSYNC, pointer)
    return None if done == 0 else f"seccomp: {os.strerror(ctypes.get_errno()) if done < 0 else 'threads'}"


def _program(refused: list[int], arch: int, is_x86: bool) -> bytes:
    """Load the architecture, then the number; EPERM for a foreign one and for each that is refused."""
    refuse = _step(_RETURN, _REFUSE)
    steps = [_step(_LOAD, 4), _step(_EQUALS, arch, 1, 0), refuse, _step(_LOAD, 0)]
    if is_x86:
        steps += [_step(_AT_LEAST, _X32, 0, 1), refuse]
    for number in refused:
        steps += [_step(_EQUALS, number, 0, 1), refuse]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
