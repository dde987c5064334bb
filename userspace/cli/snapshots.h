/* SPDX-License-Identifier: MIT */
/* What the commands that work on snapshots share. */
#ifndef KCMAP_CLI_SNAPSHOTS_H
#define KCMAP_CLI_SNAPSHOTS_H

#include "cli.h"

bool is_saved(const char *text);
int load_snapshot(const char *path, struct kcmap_map_snapshot **snapshot);
int take_snapshot(struct kcmap_map *map, const char *name,
		  struct kcmap_map_snapshot **snapshot);
int refresh_snapshot(const char *name, struct kcmap_map_snapshot *snapshot);
int open_snapshot(const char *text, struct kcmap_map_snapshot **snapshot);
void snapshot_info(const struct kcmap_map_snapshot *snapshot,
		   struct kcmap_snapshot_info *info);
int save_snapshot(const struct kcmap_map_snapshot *snapshot, const char *path,
		  uint64_t *size);

/* --- stop.c: Ctrl-C ends things in order --- */

void catch_stop(void);
bool stop_wanted(void);

#endif /* KCMAP_CLI_SNAPSHOTS_H */
