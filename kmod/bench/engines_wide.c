// SPDX-License-Identifier: GPL-2.0-only
/* The engines once more, with 40-byte keys and 32-byte values. */
#define BENCH_WIDE

#include "engine_empty.c"
#include "engine_kcmap.c"
#include "engine_rhashtable.c"
#ifdef KCMAP_BENCH_BPF
#include "engine_bpf.c"
#endif
