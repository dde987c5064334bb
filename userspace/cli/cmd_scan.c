// SPDX-License-Identifier: MIT
/* scan and clear: all entries of a map. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define PROGRESS_EVERY 65536

static bool keys_only;

const struct option scan_options[] = {
	{ "keys", 0, NULL, "keys only", NULL, &keys_only },
	{ 0 },
};

/*
 * Where the user sees stderr and the entries go elsewhere: how far it is. The
 * number of entries at the beginning is as good a guess as any.
 */
static uint64_t progress_total(struct kcmap_map *map)
{
	struct kcmap_stats stats;

	if (!isatty(STDERR_FILENO) || isatty(STDOUT_FILENO) ||
	    kcmap_map_get_stats(map, &stats, sizeof(stats)))
		return 0;
	return stats.entries > PROGRESS_EVERY ? stats.entries : 0;
}

static int scan_entries(struct kcmap_map *map, const char *name,
			const struct entry_format *format)
{
	const void *key, *value;
	struct kcmap_iter *iter;
	uint64_t total, n = 0;
	int ret;

	ret = kcmap_iter_new(map, keys_only ? KCMAP_ITER_KEYS : 0, 0, &iter);
	if (ret)
		return map_failed(map, name, "scan", ret);
	total = progress_total(map);
	while ((ret = kcmap_iter_next(iter, &key, &value)) == 1) {
		if (json_wanted)
			entry_json(format, key, value);
		else
			entry_print(format, key, value);
		if (ferror(stdout))
			break;
		if (total && ++n % PROGRESS_EVERY == 0)
			fprintf(stderr, "\r%ju of about %ju entries", n, total);
	}
	if (total)
		fputs("\r\033[K", stderr);
	kcmap_iter_free(iter);
	/* An error of the output is for output_end() to report. */
	if (ret < 0)
		return map_failed(map, name, "scan", ret);
	return 0;
}

int cmd_scan(char **args, int nr_args)
{
	struct entry_format format;
	struct kcmap_map *map;
	int ret;

	(void)nr_args;
	ret = open_map(args[0], O_RDONLY, &map);
	if (ret)
		return ret;
	ret = entry_format_init(&format, map);
	if (!ret) {
		if (json_wanted)
			json_array(&json, NULL);
		ret = scan_entries(map, args[0], &format);
	}
	kcmap_map_close(map);
	return ret;
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
