// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kcmap_torture.ko reaches in kcmap.ko beyond the exported API. Linked in with
 * KCMAP_TORTURE=y only, so that no other build exports any of it.
 */
#include <linux/export.h>

#include "arena.h"
#include "busted.h"
#include "compat.h"
#include "fault.h"
#include "map.h"
#include "plant.h"
#include "snapshot.h"

#ifdef KCMAP_HAVE_IMPORT_NS_WORD
#define KCMAP_EXPORT_TORTURE(symbol) \
	EXPORT_SYMBOL_NS_GPL(symbol, KCMAP_TORTURE_NS)
#else
#define KCMAP_EXPORT_TORTURE(symbol) \
	EXPORT_SYMBOL_NS_GPL(symbol, "KCMAP_TORTURE_NS")
#endif

KCMAP_EXPORT_TORTURE(kcmap_arena_map);
KCMAP_EXPORT_TORTURE(kcmap_arena_unmap);
KCMAP_EXPORT_TORTURE(kcmap_arena_work);
KCMAP_EXPORT_TORTURE(kcmap_busted_variant);
KCMAP_EXPORT_TORTURE(kcmap_linger_set);
KCMAP_EXPORT_TORTURE(kcmap_map_create);
KCMAP_EXPORT_TORTURE(kcmap_planted);
KCMAP_EXPORT_TORTURE(kcmap_snapshot_close);
KCMAP_EXPORT_TORTURE(kcmap_snapshot_create);
KCMAP_EXPORT_TORTURE(kcmap_snapshot_image);
KCMAP_EXPORT_TORTURE(kcmap_snapshot_page);
KCMAP_EXPORT_TORTURE(kcmap_snapshot_refresh);
KCMAP_EXPORT_TORTURE(kcmap_snapshot_table);
KCMAP_EXPORT_TORTURE(kcmap_table_arena);
KCMAP_EXPORT_TORTURE(kcmap_table_clear);
KCMAP_EXPORT_TORTURE(kcmap_table_params);
KCMAP_EXPORT_TORTURE(kcmap_table_scan);
KCMAP_EXPORT_TORTURE(kcmap_table_stats);
KCMAP_EXPORT_TORTURE(kcmap_table_write);
KCMAP_EXPORT_TORTURE(kcmap_view_create);
KCMAP_EXPORT_TORTURE(kcmap_view_page);
