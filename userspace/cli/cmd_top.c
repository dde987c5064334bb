// SPDX-License-Identifier: MIT
/*
 * top: the flows that carry most now. Two snapshots take turns: the older one is
 * refreshed, and what a flow had before is looked up in the other, so that no table
 * of flows has to be kept here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "classify.h"
#include "snapshots.h"

#define TOP_DEFAULT 20
#define INTERVAL_MIN 0.01
#define INTERVAL_MAX 86400.0

static const char *interval_text;
static const char *count_text;
static const char *top_text;

const struct option top_options[] = {
	{ "interval", 0, "SECONDS", "how often (1)", &interval_text, NULL },
	{ "count", 0, "N", "end after N times", &count_text, NULL },
	{ "top", 0, "N", "only the first N (20)", &top_text, NULL },
	{ 0 },
};

/* What a flow did in an interval. */
struct activity {
	struct kcmap_flow_key key;
	struct kcmap_flow_value value;
	uint64_t bytes;
	uint64_t packets;
};

/**
 * struct interval - what all flows did in an interval
 * @before: snapshot from its beginning
 * @seconds: how long it was
 * @active: flows that had packets
 * @nr: how many
 * @room: how many there is room for
 * @bytes: of all
 * @packets: of all
 */
struct interval {
	const struct kcmap_map_snapshot *before;
	double seconds;
	struct activity *active;
	size_t nr;
	size_t room;
	uint64_t bytes;
	uint64_t packets;
};

struct top {
	const char *name;
	struct kcmap_map_snapshot *snapshot[2];
	uint64_t taken_ns[2];
	unsigned int now;
	uint64_t interval_ns;
	uint64_t count;
	uint64_t rows;
	struct interval interval;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* A counter that went back belongs to a flow that is there anew. */
static uint64_t growth(uint64_t before, uint64_t after)
{
	return after >= before ? after - before : after;
}

static struct activity *add_activity(struct interval *interval)
{
	struct activity *bigger;
	size_t room;

	if (interval->nr == interval->room) {
		room = interval->room ? 2 * interval->room : 256;
		bigger = reallocarray(interval->active, room, sizeof(*bigger));
		if (!bigger)
			return NULL;
		interval->active = bigger;
		interval->room = room;
	}
	return &interval->active[interval->nr++];
}

static int measure_flow(const void *key, const void *value, void *arg)
{
	struct interval *interval = arg;
	struct kcmap_flow_value before;
	struct activity *activity;

	if (kcmap_snapshot_lookup(interval->before, key, &before))
		memset(&before, 0, sizeof(before));
	activity = add_activity(interval);
	if (!activity)
		return -ENOMEM;
	memcpy(&activity->key, key, sizeof(activity->key));
	memcpy(&activity->value, value, sizeof(activity->value));
	activity->bytes = growth(before.bytes, activity->value.bytes);
	activity->packets = growth(before.packets, activity->value.packets);
	interval->bytes += activity->bytes;
	interval->packets += activity->packets;
	if (!activity->packets)
		interval->nr--;
	return 0;
}

/* Equal ones in the order of their keys, so that they keep their places. */
static int by_bytes(const void *p, const void *q)
{
	const struct activity *a = p, *b = q;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

static void json_interval(const struct top *top)
{
	const struct interval *interval = &top->interval;
	struct kcmap_snapshot_info info;
	const struct activity *activity;
	size_t i;

	snapshot_info(top->snapshot[top->now], &info);
	json_object(&json, NULL);
	json_u64(&json, "time_ns", info.time_ns);
	json_double(&json, "seconds", interval->seconds);
	json_u64(&json, "flows", info.entries);
	json_u64(&json, "active", interval->nr);
	json_u64(&json, "bytes", interval->bytes);
	json_u64(&json, "packets", interval->packets);
	json_array(&json, "top");
	for (i = 0; i < interval->nr && i < top->rows; i++) {
		activity = &interval->active[i];
		json_object(&json, NULL);
		json_flow_key(&json, &activity->key);
		json_u64(&json, "bytes", activity->bytes);
		json_u64(&json, "packets", activity->packets);
		json_double(&json, "bytes_per_second",
			    (double)activity->bytes / interval->seconds);
		json_double(&json, "packets_per_second",
			    (double)activity->packets / interval->seconds);
		json_u64(&json, "total_bytes", activity->value.bytes);
		json_u64(&json, "total_packets", activity->value.packets);
		json_end(&json);
	}
	json_end(&json);
	json_end(&json);
}

static void print_interval(const struct top *top)
{
	const struct interval *interval = &top->interval;
	const struct activity *activity;
	size_t i;

	/* Where somebody looks, each picture replaces the one before. */
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	printf("%s: %ju flows, %zu active, %.0f bytes/s, %.0f packets/s\n",
	       top->name, kcmap_snapshot_len(top->snapshot[top->now]),
	       interval->nr, (double)interval->bytes / interval->seconds,
	       (double)interval->packets / interval->seconds);
	printf("%14s %12s %16s %s\n", "BYTES/S", "PACKETS/S", "BYTES", "FLOW");
	for (i = 0; i < interval->nr && i < top->rows; i++) {
		activity = &interval->active[i];
		printf("%14.0f %12.1f %16ju ",
		       (double)activity->bytes / interval->seconds,
		       (double)activity->packets / interval->seconds,
		       (uint64_t)activity->value.bytes);
		print_flow_key(stdout, &activity->key);
		putchar('\n');
	}
	putchar('\n');
}

/* Return: 0 or an exit code. */
static int show_interval(struct top *top)
{
	struct interval *interval = &top->interval;
	unsigned int old = top->now;
	int ret;

	top->now = !old;
	ret = refresh_snapshot(top->name, top->snapshot[top->now]);
	if (ret)
		return ret;
	top->taken_ns[top->now] = clock_ns();
	interval->before = top->snapshot[old];
	interval->seconds =
		(double)(top->taken_ns[top->now] - top->taken_ns[old]) / 1e9;
	interval->nr = 0;
	interval->bytes = 0;
	interval->packets = 0;
	if (kcmap_snapshot_for_each(top->snapshot[top->now], measure_flow,
				    interval))
		return failed("out of memory");
	if (interval->nr)
		qsort(interval->active, interval->nr,
		      sizeof(interval->active[0]), by_bytes);
	if (json_wanted)
		json_interval(top);
	else
		print_interval(top);
	fflush(stdout);
	return 0;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(ns / 1000000000U),
		.tv_nsec = (long)(ns % 1000000000U),
	};

	/* Ends early only for a signal. */
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static int run(struct top *top)
{
	uint64_t next = top->taken_ns[0], i;
	int ret;

	for (i = 0; i < top->count && !ferror(stdout); i++) {
		next += top->interval_ns;
		sleep_until(next);
		if (stop_wanted())
			break;
		ret = show_interval(top);
		if (ret)
			return ret;
		/* Too slow for the interval: no hurry to catch up. */
		if (clock_ns() > next)
			next = clock_ns();
	}
	return 0;
}

static int read_options(struct top *top)
{
	double seconds = 1;
	char *end;

	top->count = UINT64_MAX;
	top->rows = TOP_DEFAULT;
	if (interval_text) {
		seconds = strtod(interval_text, &end);
		if (end == interval_text || *end ||
		    !(seconds >= INTERVAL_MIN && seconds <= INTERVAL_MAX))
			return usage_error("--interval %s: expected %.2f to %.0f seconds",
					   interval_text, INTERVAL_MIN,
					   INTERVAL_MAX);
	}
	top->interval_ns = (uint64_t)(seconds * 1e9);
	if (count_text &&
	    (parse_u64(count_text, UINT64_MAX, &top->count) || !top->count))
		return usage_error("--count %s: expected a number above 0",
				   count_text);
	if (top_text && parse_u64(top_text, UINT64_MAX, &top->rows))
		return usage_error("--top %s: expected a number", top_text);
	return 0;
}

int cmd_top(char **args, int nr_args)
{
	struct top top = { .name = args[0] };
	struct kcmap_map *map;
	int ret, i;

	(void)nr_args;
	ret = read_options(&top);
	if (ret)
		return ret;
	ret = open_map(top.name, O_RDONLY, &map);
	if (ret)
		return ret;
	ret = check_flow_map(map, top.name);
	for (i = 0; i < 2 && !ret; i++)
		ret = take_snapshot(map, top.name, &top.snapshot[i]);
	kcmap_map_close(map);
	if (!ret) {
		catch_stop();
		/* One object for each interval, and none if there was none. */
		json.started = true;
		top.taken_ns[0] = clock_ns();
		ret = run(&top);
	}
	free(top.interval.active);
	kcmap_snapshot_close(top.snapshot[0]);
	kcmap_snapshot_close(top.snapshot[1]);
	return ret;
}
