// SPDX-License-Identifier: MIT
/* scan and clear: all entries of a map. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "snapshots.h"

#define PROGRESS_EVERY 65536

static bool keys_only;
static bool from_snapshot;

const struct option scan_options[] = {
	{ "keys", 0, NULL, "keys only", NULL, &keys_only },
	{ "snapshot", 0, NULL, "all of one instant", NULL, &from_snapshot },
	{ 0 },
};

/**
 * struct output - entries on their way out
 * @format: how they are written
 * @total: about how many there are; 0: nobody wants to know how far it is
 * @done: how many were written
 */
struct output {
	struct entry_format format;
	uint64_t total;
	uint64_t done;
};

/* Where the user sees stderr and the entries go elsewhere: how far it is. */
static void set_total(struct output *output, uint64_t entries)
{
	if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) &&
	    entries > PROGRESS_EVERY)
		output->total = entries;
}

/* Other than 0: it cannot be written, which is for output_end() to report. */
static int write_entry(const void *key, const void *value, void *arg)
{
	struct output *output = arg;

	if (keys_only)
		value = NULL;
	if (json_wanted)
		entry_json(&output->format, key, value);
	else
		entry_print(&output->format, key, value);
	if (output->total && ++output->done % PROGRESS_EVERY == 0)
		fprintf(stderr, "\r%ju of about %ju entries", output->done,
			output->total);
	return ferror(stdout);
}

static void end_progress(const struct output *output)
{
	if (output->total)
		fputs("\r\033[K", stderr);
}

static int scan_map(struct kcmap_map *map, const char *name,
		    struct output *output)
{
	const void *key, *value;
	struct kcmap_stats stats;
	struct kcmap_iter *iter;
	int ret;

	ret = kcmap_iter_new(map, keys_only ? KCMAP_ITER_KEYS : 0, 0, &iter);
	if (ret)
		return map_failed(map, name, "scan", ret);
	/* As good a guess as any. */
	if (!kcmap_map_get_stats(map, &stats, sizeof(stats)))
		set_total(output, stats.entries);
	while ((ret = kcmap_iter_next(iter, &key, &value)) == 1)
		if (write_entry(key, value, output))
			break;
	end_progress(output);
	kcmap_iter_free(iter);
	return ret < 0 ? map_failed(map, name, "scan", ret) : 0;
}

static int scan_live(const char *name)
{
	struct output output = { 0 };
	struct kcmap_map *map;
	int ret;

	ret = open_map(name, O_RDONLY, &map);
	if (ret)
		return ret;
	ret = entry_format_init(&output.format, kcmap_map_key_size(map),
				kcmap_map_value_size(map));
	if (!ret) {
		if (json_wanted)
			json_array(&json, NULL);
		ret = scan_map(map, name, &output);
	}
	kcmap_map_close(map);
	return ret;
}

static int scan_snapshot(const char *name)
{
	struct kcmap_map_snapshot *snapshot;
	struct kcmap_snapshot_info info;
	struct output output = { 0 };
	int ret;

	ret = open_snapshot(name, &snapshot);
	if (ret)
		return ret;
	snapshot_info(snapshot, &info);
	ret = entry_format_init(&output.format, info.key_size, info.value_size);
	if (!ret) {
		if (json_wanted)
			json_array(&json, NULL);
		set_total(&output, info.entries);
		kcmap_snapshot_for_each(snapshot, write_entry, &output);
		end_progress(&output);
	}
	kcmap_snapshot_close(snapshot);
	return ret;
}

int cmd_scan(char **args, int nr_args)
{
	(void)nr_args;
	return from_snapshot || is_saved(args[0]) ? scan_snapshot(args[0]) :
						    scan_live(args[0]);
}

int cmd_clear(char **args, int nr_args)
{
	struct kcmap_map *map;
	int ret;

	(void)nr_args;
	ret = open_map(args[0], O_RDWR, &map);
	if (ret)
		return ret;
	ret = kcmap_map_clear(map);
	if (ret)
		ret = map_failed(map, args[0], "clear", ret);
	kcmap_map_close(map);
	return ret;
}
