// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that uses a map from every context but NMI.
 *
 *	kcmap create events --key-type u64 --value-type u64 --max-entries 1000
 *	insmod kcmap_example.ko map=events
 *	kcmap lookup events 0 --key-type u64 --value-type u64
 *
 * Key 0 counts events. Loading fails if anything is not as it should be; the
 * module holds the map until it is unloaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include <kcmap.h>

#define EVENTS_PER_CONTEXT 100

static char *map = "events";
module_param(map, charp, 0444);
MODULE_PARM_DESC(map, "name of a map with keys and values of 8 bytes");

static struct kcmap *example_map;
static int example_errors;
static DEFINE_SPINLOCK(example_lock);
static DECLARE_COMPLETION(example_tasklet_done);

static void example_expect(const char *what, s64 got, s64 want)
{
	if (got == want)
		return;
	pr_err("%s: %lld, not %lld\n", what, got, want);
	example_errors++;
}

static void example_count(void *value, void *ctx)
{
	*(u64 *)value += *(u64 *)ctx;
}

/* Every call once, on keys that nobody else has. */
static void example_calls(u64 base)
{
	u64 keys[3] = { base, base + 1, base + 2 }, values[3] = {};
	u64 value = 10, found;

	example_expect("lookup of an absent key",
		       kcmap_lookup(example_map, keys, &found), -ENOENT);
	example_expect("update of an absent key",
		       kcmap_update(example_map, keys, &value), -ENOENT);
	example_expect("insert", kcmap_insert(example_map, keys, &value), 0);
	example_expect("insert again", kcmap_insert(example_map, keys, &value),
		       -EEXIST);
	value = 11;
	example_expect("update", kcmap_update(example_map, keys, &value), 0);
	example_expect("lookup", kcmap_lookup(example_map, keys, &found), 0);
	example_expect("value", found, 11);
	value = 12;
	example_expect("upsert", kcmap_upsert(example_map, &keys[2], &value),
		       0);

	/* The first and the third are there. */
	example_expect("bulk lookup",
		       kcmap_lookup_bulk(example_map, keys, values, 3), 0x5);
	example_expect("first value", values[0], 11);
	example_expect("second value", values[1], 0);
	example_expect("third value", values[2], 12);

	example_expect("modify",
		       kcmap_modify(example_map, keys, example_count, &value),
		       0);
	example_expect("modify of an absent key",
		       kcmap_modify(example_map, &keys[1], example_count,
				    &value),
		       -ENOENT);
	example_expect("lookup and delete",
		       kcmap_lookup_and_delete(example_map, keys, &found), 0);
	example_expect("value that was deleted", found, 23);
	example_expect("delete", kcmap_delete(example_map, &keys[2]), 0);
	example_expect("delete again", kcmap_delete(example_map, &keys[2]),
		       -ENOENT);
}

static void example_events(void)
{
	u64 key = 0, one = 1;
	int i;

	for (i = 0; i < EVENTS_PER_CONTEXT; i++)
		example_expect("event",
			       kcmap_modify(example_map, &key, example_count,
					    &one),
			       0);
}

static void example_softirq(struct tasklet_struct *unused)
{
	example_calls(200);
	example_events();
	complete(&example_tasklet_done);
}

static void example_hardirq(struct irq_work *unused)
{
	example_calls(300);
	example_events();
}

static DECLARE_TASKLET(example_tasklet, example_softirq);
static struct irq_work example_work = IRQ_WORK_INIT_HARD(example_hardirq);

static int __init example_init(void)
{
	u64 key = 0, zero = 0;
	unsigned long flags;
	int ret = -EINVAL;

	example_map = kcmap_get(map);
	if (IS_ERR(example_map)) {
		pr_err("no map %s\n", map);
		return PTR_ERR(example_map);
	}
	if (kcmap_key_size(example_map) != sizeof(u64) ||
	    kcmap_value_size(example_map) != sizeof(u64)) {
		pr_err("keys and values of %s must have 8 bytes\n", map);
		goto err_put;
	}
	ret = kcmap_upsert(example_map, &key, &zero);
	if (ret)
		goto err_put;

	/* Process context; with a spinlock held and interrupts off. */
	example_calls(100);
	example_events();
	spin_lock_irqsave(&example_lock, flags);
	example_calls(100);
	example_events();
	spin_unlock_irqrestore(&example_lock, flags);

	tasklet_schedule(&example_tasklet);
	wait_for_completion(&example_tasklet_done);
	tasklet_kill(&example_tasklet);
	irq_work_queue(&example_work);
	irq_work_sync(&example_work);

	if (example_errors) {
		ret = -EIO;
		goto err_put;
	}
	pr_info("map %llu: all calls did what they should\n",
		kcmap_id(example_map));
	return 0;

err_put:
	kcmap_put(example_map);
	return ret;
}

static void __exit example_exit(void)
{
	kcmap_put(example_map);
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("Example of a module that uses kcmap");
MODULE_LICENSE("GPL");
