"""Small libraries between a program and the system, for what no setting brings about; compiled on the spot.

They need a C compiler; NotHere without one.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from matrix import NotHere
from newcomer import shared

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long shift(void) { const char *s = getenv("CLOCK_SHIFT_S"); return s ? atol(s) : 0; }
int clock_gettime(clockid_t id, struct timespec *ts) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int r = real(id, ts);
  if (!r && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) ts->tv_sec += shift();
  return r;
}
time_t time(time_t *out) {
  struct timespec ts; clock_gettime(CLOCK_REALTIME, &ts);
  if (out) *out = ts.tv_sec;
  return ts.tv_sec;
}
int gettimeofday(struct timeval *tv, void *tz) {
  struct timespec ts; clock_gettime(CLOCK_REALTIME, &ts);
  tv->tv_sec = ts.tv_sec; tv->tv_usec = ts.tv_nsec / 1000;
  return 0;
}
"""
"""Every program sees the time CLOCK_SHIFT_S later."""

NO_LINKS = r"""
#include <errno.h>
int link(const char *a, const char *b) { (void)a; (void)b; errno = EPERM; return -1; }
int linkat(int d, const char *a, int e, const char *b, int f) {
  (void)d; (void)a; (void)e; (void)b; (void)f; errno = EPERM; return -1;
}
"""
"""Files have one name only, as on FAT, exFAT and many network folders."""

NOT_A_LIBRARY = "int nothing_that_was_asked_for;\n"
"""It can be loaded, and has none of the functions of the library that it is named like."""

OLD_DRIVER = r"""
#include <string.h>
#define NAME(n) __attribute__((visibility("default"))) int n
NAME(nvmlInit_v2)(void) { return 0; }
NAME(nvmlInitWithFlags)(unsigned f) { (void)f; return 0; }
NAME(nvmlShutdown)(void) { return 0; }
NAME(nvmlDeviceGetCount_v2)(unsigned *n) { *n = 1; return 0; }
NAME(nvmlDeviceGetHandleByIndex_v2)(unsigned i, void **h) { (void)i; *h = (void *)1; return 0; }
NAME(nvmlDeviceGetName)(void *h, char *s, unsigned n) {
  (void)h; strncpy(s, "NVIDIA GeForce GTX 1080", n); return 0;
}
NAME(nvmlDeviceGetUUID)(void *h, char *s, unsigned n) {
  (void)h; strncpy(s, "GPU-00000000-1111", n); return 0;
}
NAME(nvmlSystemGetDriverVersion)(char *s, unsigned n) { strncpy(s, "440.33.01", n); return 0; }
NAME(nvmlSystemGetCudaDriverVersion_v2)(int *v) { *v = 10020; return 0; }
NAME(nvmlSystemGetCudaDriverVersion)(int *v) { *v = 10020; return 0; }
NAME(nvmlDeviceGetMemoryInfo)(void *h, unsigned long long *m) {
  (void)h; m[0] = 8ULL << 30; m[1] = 7ULL << 30; m[2] = 1ULL << 30; return 0;
}
NAME(cuInit)(unsigned f) { (void)f; return 0; }
NAME(cuDriverGetVersion)(int *v) { *v = 10020; return 0; }
NAME(cuDeviceGetCount)(int *n) { *n = 1; return 0; }
"""
"""The driver of 2019 with one card: NVML and CUDA as far as they are asked before torch is loaded."""


def shim(source: str, name: str | None = None, folder: Path | None = None) -> Path:
    """The shared library, called ``name`` in ``folder``. Raises NotHere without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NotHere("needs a C compiler")
    where = folder or shared() / "shims"
    where.mkdir(parents=True, exist_ok=True)
    made = where / (name or f"{hashlib.sha256(source.encode()).hexdigest()[:12]}.so")
    if not made.exists():
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-w", "-x", "c", "-", "-o", str(made), "-ldl"],
            input=source.encode(), check=True, capture_output=True,
        )  # fmt: skip
    return made
