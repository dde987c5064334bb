// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps of flows, from the side of who makes the rules.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include <kcmap.h>

#include "flow.h"

/**
 * kcmap_flow_map_get() - take a reference to a map of flows
 * @fd: descriptor of a map, open for reading and writing
 *
 * Context: process context, may sleep.
 * Return: the map, to be given back with kcmap_put(); -EBADF: not a map, or not
 * open for both; -EINVAL: keys or values of another size.
 */
struct kcmap *kcmap_flow_map_get(int fd)
{
	struct kcmap *map = kcmap_get_fd(fd, true);

	if (IS_ERR(map))
		return map;
	if (kcmap_key_size(map) != sizeof(struct kcmap_flow_key) ||
	    kcmap_value_size(map) != sizeof(struct kcmap_flow_value)) {
		kcmap_put(map);
		return ERR_PTR(-EINVAL);
	}
	return map;
}

/* kcmap_modify_fn: one step with the counting, so that no packet is lost. */
static void flow_set(void *value, void *ctx)
{
	const struct kcmap_classify_set *set = ctx;
	struct kcmap_flow_value *flow = value;

	flow->verdict = set->verdict;
	flow->mark = set->mark;
}

/**
 * kcmap_classify_set() - give a flow a verdict
 * @arg: what was asked for; key, flags and verdict are known to be valid
 *
 * Context: process context, may sleep.
 * Return: 0; -EINTR: a fatal signal; else as struct kcmap_classify_set says.
 */
int kcmap_classify_set(const struct kcmap_classify_set *arg)
{
	const struct kcmap_flow_value fresh = {
		.verdict = arg->verdict,
		.mark = arg->mark,
	};
	struct kcmap *map;
	int err;

	map = kcmap_flow_map_get(arg->map_fd);
	if (IS_ERR(map))
		return PTR_ERR(map);

	/* The flow may come, or go, between the two: then once more. */
	do {
		err = kcmap_modify(map, &arg->key, flow_set, (void *)arg);
		if (err == -ENOENT)
			err = kcmap_insert(map, &arg->key, &fresh);
		cond_resched();
	} while (err == -EEXIST && !fatal_signal_pending(current));
	if (err == -EEXIST)
		err = -EINTR;

	kcmap_put(map);
	return err;
}
