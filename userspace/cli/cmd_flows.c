// SPDX-License-Identifier: MIT
/* classify flows: the flows of a map as a table. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "classify.h"

struct flow {
	struct kcmap_flow_key key;
	struct kcmap_flow_value value;
};

struct flows {
	struct flow *flows;
	size_t nr;
	size_t room;
};

static const char *sort_text;
static const char *top_text;

const struct option flows_options[] = {
	{ "sort", 0, "bytes|packets|last", "largest, or newest, first",
	  &sort_text, NULL },
	{ "top", 0, "N", "only the first N", &top_text, NULL },
	{ 0 },
};

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

/* Equal ones in the order of their keys, so that a table shown again is alike. */
static int by_key(const struct flow *a, const struct flow *b)
{
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

static int by_bytes(const void *p, const void *q)
{
	const struct flow *a = p, *b = q;
	int ret = descending(a->value.bytes, b->value.bytes);

	return ret ? ret : by_key(a, b);
}

static int by_packets(const void *p, const void *q)
{
	const struct flow *a = p, *b = q;
	int ret = descending(a->value.packets, b->value.packets);

	return ret ? ret : by_key(a, b);
}

static int by_last_seen(const void *p, const void *q)
{
	const struct flow *a = p, *b = q;
	int ret = descending(a->value.last_seen_ns, b->value.last_seen_ns);

	return ret ? ret : by_key(a, b);
}

static const struct {
	const char *name;
	int (*compare)(const void *p, const void *q);
} orders[] = {
	{ "bytes", by_bytes },
	{ "packets", by_packets },
	{ "last", by_last_seen },
};

static int add_flow(struct flows *flows, const void *key, const void *value)
{
	struct flow *bigger;
	size_t room;

	if (flows->nr == flows->room) {
		room = flows->room ? 2 * flows->room : 256;
		bigger = reallocarray(flows->flows, room, sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		flows->flows = bigger;
		flows->room = room;
	}
	memcpy(&flows->flows[flows->nr].key, key,
	       sizeof(struct kcmap_flow_key));
	memcpy(&flows->flows[flows->nr].value, value,
	       sizeof(struct kcmap_flow_value));
	flows->nr++;
	return 0;
}

static int read_flows(struct kcmap_map *map, struct flows *flows)
{
	const void *key, *value;
	struct kcmap_iter *iter;
	int ret;

	ret = kcmap_iter_new(map, 0, 0, &iter);
	if (ret)
		return ret;
	while ((ret = kcmap_iter_next(iter, &key, &value)) == 1) {
		ret = add_flow(flows, key, value);
		if (ret)
			break;
	}
	kcmap_iter_free(iter);
	return ret;
}

/* How long ago, in seconds; last_seen_ns is CLOCK_BOOTTIME. */
static double age(uint64_t last_seen_ns, const struct timespec *now)
{
	return (double)now->tv_sec + (double)now->tv_nsec / 1e9 -
	       (double)last_seen_ns / 1e9;
}

static void print_flow(const struct flow *flow, const struct timespec *now)
{
	const struct kcmap_flow_value *value = &flow->value;
	char mark[32];

	if (value->verdict == KCMAP_VERDICT_MARK)
		snprintf(mark, sizeof(mark), "mark:%u", value->mark);
	else if (verdict_name(value->verdict))
		snprintf(mark, sizeof(mark), "%s",
			 verdict_name(value->verdict));
	else
		snprintf(mark, sizeof(mark), "%u", value->verdict);
	printf("%-10s %12ju %15ju ", mark, (uint64_t)value->packets,
	       (uint64_t)value->bytes);
	if (value->last_seen_ns)
		printf("%9.1fs ", age(value->last_seen_ns, now));
	else
		printf("%10s ", "-");
	print_flow_key(stdout, &flow->key);
	putchar('\n');
}

static void show_flows(const struct flows *flows, size_t top)
{
	struct timespec now;
	size_t i;

	clock_gettime(CLOCK_BOOTTIME, &now);
	if (json_wanted)
		json_array(&json, NULL);
	else
		printf("%-10s %12s %15s %10s %s\n", "VERDICT", "PACKETS",
		       "BYTES", "LAST-SEEN", "FLOW");
	for (i = 0; i < flows->nr && i < top; i++) {
		if (!json_wanted) {
			print_flow(&flows->flows[i], &now);
			continue;
		}
		json_object(&json, NULL);
		json_flow_key(&json, &flows->flows[i].key);
		json_flow_value(&json, &flows->flows[i].value);
		json_end(&json);
	}
}

int classify_flows(char **args, int nr_args)
{
	int (*compare)(const void *p, const void *q) = by_bytes;
	struct flows flows = { 0 };
	uint64_t top = UINT64_MAX;
	struct kcmap_map *map;
	size_t i;
	int ret;

	(void)nr_args;
	if (sort_text) {
		compare = NULL;
		for (i = 0; i < ARRAY_SIZE(orders); i++)
			if (!strcmp(sort_text, orders[i].name))
				compare = orders[i].compare;
		if (!compare)
			return usage_error("--sort %s: expected bytes, packets or last",
					   sort_text);
	}
	if (top_text && parse_u64(top_text, UINT64_MAX, &top))
		return usage_error("--top %s: expected a number", top_text);
	ret = open_map(args[0], O_RDONLY, &map);
	if (ret)
		return ret;
	ret = check_flow_map(map, args[0]);
	if (ret)
		goto out;
	ret = read_flows(map, &flows);
	if (ret) {
		ret = map_failed(map, args[0], "scan", ret);
		goto out;
	}
	if (flows.nr)
		qsort(flows.flows, flows.nr, sizeof(flows.flows[0]), compare);
	show_flows(&flows, top);
out:
	free(flows.flows);
	kcmap_map_close(map);
	return ret;
}
