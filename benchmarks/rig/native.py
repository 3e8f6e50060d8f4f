"""Compiles C for a benchmark with cffi: a loop around our C or a peer's library, timed without Python in it.

Ours is compiled twice where it matters: as the box has it, and with VECTOR_CLONES off (baseline x86-64).
Each module is loaded by itself, so that our `dtmf_rx_init` and a peer's never meet.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import cffi

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "dsp" / "_native"
CACHE = ROOT / ".cache" / "bench"
NOW = """
#include <time.h>
/* Nanoseconds. No system call, so that short loops can be timed; let the quickest of many rounds count. */
static inline double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return 1e9 * (double)at.tv_sec + (double)at.tv_nsec;
}
"""
FLAGS = ["-O3", "-std=gnu11", "-fno-math-errno", "-ffp-contract=off", "-D_GNU_SOURCE"]  # as setup.py


def compiled(
    name: str,
    declarations: str,
    source: str,
    *,
    ours: Sequence[str] = (),
    libraries: Sequence[str] = (),
    flags: Sequence[str] = (),
) -> ModuleType:
    """A cffi module with `lib` and `ffi`.

    `source` is C that includes what it needs and holds the timed loops, with `now()` (NOW) before it; `ours`
    names files of dsp/_native; `flags` are added, as "-DVECTOR_CLONES=" for the baseline. Ends the program
    when gcc or a header is missing.
    """
    source = NOW + source
    content = [declarations, source, *FLAGS, *flags, *libraries]
    content += [path.read_text() for path in (*sorted(NATIVE.glob("*.h")), *(NATIVE / file for file in ours))]
    unique = f"{name}_{hashlib.sha256(chr(0).join(content).encode()).hexdigest()[:12]}"
    builder = cffi.FFI()
    builder.cdef(declarations)
    builder.set_source(
        unique,
        source,
        sources=[str(NATIVE / file) for file in ours],
        include_dirs=[str(NATIVE)],
        libraries=[*libraries, "m"],
        extra_compile_args=[*FLAGS, *flags],
    )
    try:
        path = _built(builder, unique)
    except cffi.VerificationError as error:
        sys.exit(f"{name}: does not compile ({error}). {_advice(libraries)}")
    spec = importlib.util.spec_from_file_location(unique, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _built(builder: cffi.FFI, unique: str) -> Path:
    folder = CACHE / unique  # its own: object files of two modules have the same names
    for kept in folder.glob(f"{unique}.*.so"):
        return kept
    return Path(builder.compile(tmpdir=str(folder)))


def _advice(libraries: Sequence[str]) -> str:
    packages = " ".join(f"lib{library}-dev" for library in libraries)
    return f"Install what it needs with: sudo apt-get install gcc {packages}"
