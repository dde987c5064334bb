// SPDX-License-Identifier: MIT
/* snapshot: take one, and say what it is or save it. */
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "snapshots.h"

static const char *output_text;

const struct option snapshot_options[] = {
	{ "output", 'o', "FILE", "save it; without, say what it is",
	  &output_text, NULL },
	{ 0 },
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void format_time(uint64_t time_ns, char text[40])
{
	time_t seconds = (time_t)(time_ns / 1000000000U);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, 40 - n, ".%09juZ", time_ns % 1000000000U);
}

static void json_snapshot(const struct kcmap_snapshot_info *info,
			  const char *time, uint64_t took_ns, uint64_t size)
{
	json_object(&json, NULL);
	json_u64(&json, "map_id", info->map_id);
	json_u64(&json, "entries", info->entries);
	json_u64(&json, "epoch", info->epoch);
	json_string(&json, "time", time);
	json_u64(&json, "time_ns", info->time_ns);
	json_u64(&json, "key_size", info->key_size);
	json_u64(&json, "value_size", info->value_size);
	json_string(&json, "hash",
		    info->flags & KCMAP_F_HASH_FAST ? "fast" : "siphash");
	if (!info->saved)
		json_u64(&json, "took_ns", took_ns);
	if (output_text) {
		json_string(&json, "file", output_text);
		json_u64(&json, "file_size", size);
	}
	json_end(&json);
}

static void print_snapshot(const struct kcmap_snapshot_info *info,
			   const char *time, uint64_t took_ns)
{
	printf("map id      %ju\n", info->map_id);
	printf("entries     %ju\n", info->entries);
	printf("epoch       %ju\n", info->epoch);
	printf("time        %s\n", time);
	printf("key size    %u\n", info->key_size);
	printf("value size  %u\n", info->value_size);
	printf("hash        %s\n",
	       info->flags & KCMAP_F_HASH_FAST ? "fast" : "siphash");
	if (!info->saved)
		printf("took        %.1f us\n", (double)took_ns / 1000);
}

/* The time is that of taking and mapping it: opening the map does not count. */
static int take(const char *name, struct kcmap_map_snapshot **snapshot,
		uint64_t *took_ns)
{
	struct kcmap_map *map;
	int ret;

	if (is_saved(name))
		return load_snapshot(name, snapshot);
	ret = open_map(name, O_RDONLY, &map);
	if (ret)
		return ret;
	*took_ns = now_ns();
	ret = take_snapshot(map, name, snapshot);
	*took_ns = now_ns() - *took_ns;
	kcmap_map_close(map);
	return ret;
}

int cmd_snapshot(char **args, int nr_args)
{
	struct kcmap_map_snapshot *snapshot;
	uint64_t took_ns = 0, size = 0;
	struct kcmap_snapshot_info info;
	char time[40];
	int ret;

	(void)nr_args;
	ret = take(args[0], &snapshot, &took_ns);
	if (ret)
		return ret;
	snapshot_info(snapshot, &info);
	format_time(info.time_ns, time);
	if (output_text)
		ret = save_snapshot(snapshot, output_text, &size);
	if (!ret && json_wanted)
		json_snapshot(&info, time, took_ns, size);
	else if (!ret && !output_text)
		print_snapshot(&info, time, took_ns);
	kcmap_snapshot_close(snapshot);
	return ret;
}
