/* One binary, the machine's own vectors: a function marked VECTOR_CLONES is compiled for each x86-64 level named
 * and the loader picks the best one the processor has; on other processors it is compiled once.
 * What it calls must be `static inline` to be compiled with it. Write plain C loops over lanes that need no order
 * of addition of the compiler's own choosing. All is compiled with -ffp-contract=off (setup.py), so that every
 * clone gives the same bits.
 * Benchmarks define VECTOR_CLONES as nothing to measure the baseline. */
#ifndef CALLBOX_VECTOR_H
#define CALLBOX_VECTOR_H

#ifndef VECTOR_CLONES
#if defined(__x86_64__) && defined(__gnu_linux__)
#define VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTOR_CLONES
#endif
#endif

#endif
