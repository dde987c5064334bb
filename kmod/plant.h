/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Races that are planted, in builds for torture (KCMAP_TORTURE=y) only: one at a
 * time, by the parameter "plant". Each takes away what keeps two kinds of calls apart
 * that detectors of races are known to miss: whoever iterates, counts or maps, and
 * whoever writes. selftests/kcsan/pairs sees each of them reported.
 */
#ifndef _KCMAP_PLANT_H
#define _KCMAP_PLANT_H

#include <linux/compiler.h>
#include <linux/kcsan-checks.h>

enum kcmap_plant {
	KCMAP_PLANT_NONE,
	KCMAP_PLANT_SCAN_UNLOCKED, /* a scan copies buckets without their locks */
	KCMAP_PLANT_SCAN_SPLIT, /* asks later how far the segment reached: it was split */
	KCMAP_PLANT_SCAN_MERGE, /* likewise: it was merged */
	KCMAP_PLANT_SCAN_ROOT, /* loads the root plainly */
	KCMAP_PLANT_STATS_INSERTS, /* STATS loads these counters plainly */
	KCMAP_PLANT_STATS_UPDATES,
	KCMAP_PLANT_STATS_DELETES,
	KCMAP_PLANT_STATS_SEGMENTS,
	KCMAP_PLANT_STATS_CLEARS, /* and does not keep clears away */
	KCMAP_PLANT_SPLIT_SHARED, /* a split writes in a leaf that a snapshot has */
	KCMAP_PLANT_MERGE_SHARED, /* a merge frees segments that a snapshot has */
	KCMAP_PLANT_CLEAR_EPOCH, /* a clear takes the epoch outside the gate */
	KCMAP_PLANT_VIEW_STATE, /* a view's reader does not look again: bucket */
	KCMAP_PLANT_VIEW_ENTRY, /* entry of the leaf */
	KCMAP_PLANT_VIEW_ROOT, /* root: it goes by the one that it found first */
	KCMAP_PLANT_DESTROY_CLEARS, /* destroying a map takes its entries away */
	KCMAP_PLANT_UNLOAD, /* a descriptor does not keep the module */
	KCMAP_PLANT_NR,
};

#ifdef KCMAP_TORTURE
extern unsigned int kcmap_planted;

#define kcmap_plant(which) (READ_ONCE(kcmap_planted) == KCMAP_PLANT_##which)
#else
#define kcmap_plant(which) (KCMAP_PLANT_##which == KCMAP_PLANT_NR)
#endif

static inline void kcmap_plant_end(struct kcsan_scoped_access **access)
{
	if (*access)
		kcsan_end_scoped_access(*access);
}

/*
 * A plain load of @ptr, which a compiler might repeat as often as it likes up to the end
 * of the scope: so KCSAN takes it, and meets writes that are rare.
 */
#define kcmap_plant_load(which, ptr)                                         \
	struct kcsan_scoped_access planted_##which##_room;                   \
	struct kcsan_scoped_access *planted_##which __attribute__((          \
		__cleanup__(kcmap_plant_end))) =                             \
		kcmap_plant(which) ?                                         \
			kcsan_begin_scoped_access((ptr), sizeof(*(ptr)), 0,  \
						  &planted_##which##_room) : \
			NULL

#endif /* _KCMAP_PLANT_H */
