// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flows read from a snapshot and through the live view while packets flow. The
 * snapshot is one instant of all flows, and stays it; the view says what is so now.
 *
 * Usage: instant NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libkcmap.h>

#define FLOWS_MAX 4096

/**
 * struct flows - what was read, and how
 * @nr: flows
 * @key: their keys
 * @packets: their packets, by flow
 * @sum: packets of all
 * @bytes: bytes of all
 */
struct flows {
	unsigned int nr;
	struct kcmap_flow_key key[FLOWS_MAX];
	uint64_t packets[FLOWS_MAX];
	uint64_t sum;
	uint64_t bytes;
};

static struct flows first, again;

static void check(int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "instant: %s: %s\n", what, strerror(-err));
	exit(EXIT_FAILURE);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int add_flow(const void *key, const void *value, void *arg)
{
	struct kcmap_flow_value flow;
	struct flows *flows = arg;

	if (flows->nr == FLOWS_MAX)
		return -ENOSPC;
	memcpy(&flow, value, sizeof(flow));
	memcpy(&flows->key[flows->nr], key, sizeof(flows->key[0]));
	flows->packets[flows->nr++] = flow.packets;
	flows->sum += flow.packets;
	flows->bytes += flow.bytes;
	return 0;
}

static void read_snapshot(const struct kcmap_map_snapshot *snapshot,
			  struct flows *flows)
{
	memset(flows, 0, sizeof(*flows));
	check(kcmap_snapshot_for_each(snapshot, add_flow, flows),
	      "reading the snapshot");
}

/* Return: packets of all flows now; none may have fewer than before. */
static uint64_t read_view(const struct kcmap_view *view,
			  const struct flows *before)
{
	struct kcmap_flow_value flow;
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < before->nr; i++) {
		check(kcmap_view_lookup(view, &before->key[i], &flow),
		      "a look-up through the view");
		if (flow.packets < before->packets[i])
			check(-EBADMSG, "the view is older than the snapshot");
		sum += flow.packets;
	}
	return sum;
}

int main(int argc, char **argv)
{
	double start, taken, read, warm, looked_up;
	struct kcmap_map_snapshot *snapshot;
	const struct timespec pause = { .tv_nsec = 500 * 1000 * 1000 };
	struct kcmap_view *view;
	struct kcmap_map *map;
	uint64_t sum;

	if (argc != 2) {
		fprintf(stderr, "Usage: instant NAME\n");
		return 2;
	}
	check(kcmap_map_open(argv[1], O_RDONLY, &map), argv[1]);
	check(kcmap_view_open(map, &view), "opening the view");

	start = now_us();
	check(kcmap_snapshot_open(map, &snapshot), "taking a snapshot");
	taken = now_us();
	read_snapshot(snapshot, &first);
	read = now_us();
	printf("snapshot: %u flows, %ju packets, %ju bytes at one instant;\n",
	       first.nr, (uintmax_t)first.sum, (uintmax_t)first.bytes);
	printf("          taken in %.0f us, read in %.0f us\n", taken - start,
	       read - taken);
	if (!first.nr || first.nr != kcmap_snapshot_len(snapshot))
		check(-EBADMSG, "the snapshot's length");

	/* The first look-ups map the pages. */
	read_view(view, &first);
	nanosleep(&pause, NULL);
	warm = now_us();
	sum = read_view(view, &first);
	looked_up = now_us();
	printf("view:     the same flows half a second later, %ju packets more;\n",
	       (uintmax_t)(sum - first.sum));
	printf("          %.2f us a look-up, without a system call\n",
	       (looked_up - warm) / first.nr);

	read_snapshot(snapshot, &again);
	if (memcmp(&first, &again, sizeof(first)))
		check(-EBADMSG, "the snapshot has changed");
	start = now_us();
	check(kcmap_snapshot_refresh(snapshot), "refreshing the snapshot");
	taken = now_us();
	read_snapshot(snapshot, &again);
	printf("refresh:  the snapshot was still what it was; now %ju packets;\n",
	       (uintmax_t)again.sum);
	printf("          moved to now in %.0f us\n", taken - start);
	if (again.sum < first.sum)
		check(-EBADMSG, "the refreshed snapshot is older");

	kcmap_snapshot_close(snapshot);
	kcmap_view_close(view);
	kcmap_map_close(map);
	return 0;
}
