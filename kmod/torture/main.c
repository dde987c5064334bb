// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcmap_torture: loading the module starts the test, and it ends after some seconds,
 * or when the module is unloaded. What it found is in the kernel's log, and its last
 * word also in the parameter "result".
 */
#define pr_fmt(fmt) "kcmap-torture: " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>

#include "compat.h"
#include <linux/slab.h>
#include "torture.h"

struct torture torture;

static char *actors = "";
module_param(actors, charp, 0444);
MODULE_PARM_DESC(actors,
		 "Who works: name:threads,... (all, see torture/actors.c)");

static unsigned int seconds = 60;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "How long; 0: until it is unloaded (60)");

static unsigned long seed;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "Of random numbers; 0: one is made up (0)");

static char *map = "";
module_param(map, charp, 0444);
MODULE_PARM_DESC(map, "Name of an empty map to use (one is made)");

static unsigned int key_size = 8;
module_param(key_size, uint, 0444);
MODULE_PARM_DESC(key_size, "Bytes, of a map that is made (8)");

static unsigned int value_size = 8;
module_param(value_size, uint, 0444);
MODULE_PARM_DESC(value_size, "Bytes, likewise (8)");

static bool hash_fast = true;
module_param(hash_fast, bool, 0444);
MODULE_PARM_DESC(hash_fast, "The fast hash, likewise (Y)");

static unsigned int range = 8192;
module_param(range, uint, 0444);
MODULE_PARM_DESC(range, "Different keys (8192)");

static unsigned long max_entries;
module_param(max_entries, ulong, 0444);
MODULE_PARM_DESC(max_entries, "Of a map that is made (7/8 of range)");

static unsigned int linger = 50;
module_param(linger, uint, 0444);
MODULE_PARM_DESC(linger,
		 "Microseconds that critical moments last longer at most (50)");

static bool halt_on_error;
module_param(halt_on_error, bool, 0444);
MODULE_PARM_DESC(halt_on_error, "End with the first error (N)");

static unsigned int report_every = 15;
module_param(report_every, uint, 0444);
MODULE_PARM_DESC(report_every,
		 "Seconds from one report to the next; 0: at the end (15)");

static char *result = "running";
module_param(result, charp, 0444);
MODULE_PARM_DESC(result, "How it went: running, SUCCESS, FAILURE");

static struct task_struct *control;

static bool is_over(unsigned long begin)
{
	return kthread_should_stop() ||
	       (seconds && time_after(jiffies, begin + seconds * HZ)) ||
	       (halt_on_error && atomic_read(&torture.errors));
}

static void wait_for_end(unsigned long begin)
{
	unsigned long last = begin;

	while (!is_over(begin)) {
		schedule_timeout_interruptible(HZ / 10);
		if (report_every &&
		    time_after(jiffies, last + report_every * HZ)) {
			last = jiffies;
			torture_actors_report();
		}
	}
}

static void report(unsigned long begin)
{
	unsigned int errors = atomic_read(&torture.errors);
	unsigned int ms = jiffies_to_msecs(jiffies - begin);
	u64 ops = torture_actors_report();
	struct kcmap_table_stats stats;

	kcmap_table_stats(torture.map->table, &stats);
	pr_info("map: entries %llu segments %llu inserts %llu updates %llu deletes %llu clears %llu full %llu nomem %llu moves %llu splits %llu merges %llu copies %llu retries %llu\n",
		stats.entries, stats.segments, stats.inserts, stats.updates,
		stats.deletes, stats.clears, stats.full, stats.nomem,
		stats.moves, stats.splits, stats.merges, stats.copies,
		stats.read_retries);
	/* A test that did nothing has found nothing. */
	result = errors || !ops ? "FAILURE" : "SUCCESS";
	pr_info("--- End of test: %s: seed=%lu ms=%u ops=%llu errors=%u\n",
		result, seed, ms, ops, errors);
}

static void finish(unsigned long begin)
{
	torture_actors_halt();
	torture_linger_stop();
	torture_final();
	report(begin);
	torture_actors_free();
	kvfree(torture.shadow);
	torture.shadow = NULL;
	kcmap_put(torture.map);
	torture.map = NULL;
}

static int control_fn(void *arg)
{
	unsigned long begin = jiffies;
	int rc;

	rc = torture_actors_start(seed);
	if (rc)
		torture_error("cannot start: %d", rc);
	else
		wait_for_end(begin);
	finish(begin);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static struct kcmap *make_map(void)
{
	struct kcmap_map_params params = {
		.table = {
			.max_entries = max_entries ?: range - range / 8,
			.key_size = key_size,
			.value_size = value_size,
			.hash_fast = hash_fast,
			.snapshots_max = 1024,
			.snapshot_bytes_max = U64_MAX,
		},
	};

	return kcmap_map_create(&params);
}

/* Whether the map is one that the test can fill. */
static int check_map(void)
{
	struct kcmap_table_stats stats;

	kcmap_table_stats(torture.map->table, &stats);
	torture.key_size = kcmap_key_size(torture.map);
	torture.value_size = kcmap_value_size(torture.map);
	torture.max_entries =
		kcmap_table_params(torture.map->table)->max_entries;
	if (torture.key_size < KCMAP_TORTURE_KEY_MIN ||
	    torture.key_size > KCMAP_TORTURE_KEY_MAX ||
	    torture.value_size < KCMAP_TORTURE_VALUE_MIN ||
	    torture.value_size > KCMAP_TORTURE_VALUE_MAX) {
		pr_err("keys of %u to %u bytes, values of %u to %u\n",
		       KCMAP_TORTURE_KEY_MIN, KCMAP_TORTURE_KEY_MAX,
		       KCMAP_TORTURE_VALUE_MIN, KCMAP_TORTURE_VALUE_MAX);
		return -EINVAL;
	}
	if (stats.entries) {
		pr_err("the map is not empty\n");
		return -EINVAL;
	}
	return 0;
}

static int __init torture_init(void)
{
	int rc;

	if (!range || range > 1U << 24)
		return -EINVAL;
	rc = torture_actors_parse(actors);
	if (rc)
		return rc;
	if (!seed)
		seed = get_random_u32();
	mutex_init(&torture.clear_lock);
	torture.range = range;
	torture.linger_us = linger;
	torture.map = *map ? kcmap_get(map) : make_map();
	if (IS_ERR(torture.map))
		return PTR_ERR(torture.map);
	rc = check_map();
	if (rc)
		goto put;
	rc = -ENOMEM;
	torture.shadow = kvcalloc(range, sizeof(*torture.shadow), GFP_KERNEL);
	if (!torture.shadow)
		goto put;
	pr_info("--- Start of test: seed=%lu seconds=%u map=%s key_size=%u value_size=%u range=%u max_entries=%llu linger=%u\n",
		seed, seconds, *map ? map : "(own)", torture.key_size,
		torture.value_size, range, torture.max_entries, linger);
	control = kthread_run(control_fn, NULL, "kcmap_torture");
	if (!IS_ERR(control))
		return 0;
	rc = PTR_ERR(control);
	kvfree(torture.shadow);
put:
	kcmap_put(torture.map);
	return rc;
}

static void __exit torture_exit(void)
{
	kthread_stop(control);
}

module_init(torture_init);
module_exit(torture_exit);

MODULE_DESCRIPTION("Torture test of kcmap");
MODULE_LICENSE("GPL");
MODULE_VERSION(KCMAP_VERSION);
KCMAP_IMPORT_NS(KCMAP_TORTURE_NS);
