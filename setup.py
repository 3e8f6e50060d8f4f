"""Builds the Cython extensions: every dsp/_native/*.pyx is one, its C sources named in its own header."""

from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

# -O3 lets plain C loops vectorise; no -march: one binary for every x86-64 or arm64 box.
# No contraction of products and sums: every clone of a function (vector.h) gives the same bits.
FLAGS = ["-O3", "-std=gnu11", "-Wall", "-fno-math-errno", "-ffp-contract=off", "-D_GNU_SOURCE"]

setup(
    ext_modules=cythonize(
        [
            Extension(
                "dsp._native.*",
                ["dsp/_native/*.pyx"],
                # Which C file includes which header is not known: a header's change compiles all again.
                depends=glob("dsp/_native/*.h"),
                extra_compile_args=FLAGS,
                libraries=["m", "pthread", "rt", "dl"],
            )
        ],
        language_level=3,
        build_dir="build/cython",
    ),
)
