// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who works on the map: a line in the table for each kind. What is added to the
 * table is started, stopped, counted and reported with the others.
 */
#define pr_fmt(fmt) "kcmap-torture: " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/nmi.h>
#endif

#include "torture.h"

#define THREADS_MAX 256
#define REST_ONE_IN 256 /* steps of those that do not pause */

static const struct torture_actor actors[] = {
	/* name, threads, context, pause (ms), step */
	{ "lookup", 2, TORTURE_PROCESS, 0, torture_lookup },
	{ "bulk", 1, TORTURE_PROCESS, 0, torture_lookup_bulk },
	{ "softirq", 1, TORTURE_SOFTIRQ, 1, torture_interrupt },
	{ "irqwork", 1, TORTURE_IRQ_WORK, 1, torture_interrupt },
	{ "hardirq", 1, TORTURE_HARDIRQ, 1, torture_interrupt_read },
	{ "nmi", 1, TORTURE_NMI, 0, torture_interrupt_read },
	{ "insert", 1, TORTURE_PROCESS, 0, torture_insert },
	{ "update", 1, TORTURE_PROCESS, 0, torture_update },
	{ "upsert", 1, TORTURE_PROCESS, 0, torture_upsert },
	{ "delete", 1, TORTURE_PROCESS, 0, torture_delete },
	{ "modify", 1, TORTURE_PROCESS, 0, torture_modify },
	{ "fill", 2, TORTURE_PROCESS, 1, torture_fill },
	{ "drain", 2, TORTURE_PROCESS, 1, torture_drain },
	{ "clear", 1, TORTURE_PROCESS, 2000, torture_clear },
	{ "scan", 1, TORTURE_PROCESS, 10, torture_scan },
	{ "stats", 1, TORTURE_PROCESS, 2, torture_stats },
	{ "snapshot", 2, TORTURE_PROCESS, 20, torture_snapshot },
	{ "view", 8, TORTURE_PROCESS, 1, torture_view },
	{ "hotplug", 1, TORTURE_PROCESS, 500, torture_hotplug },
	{ "linger", 1, TORTURE_PROCESS, 20, torture_linger },
};

static unsigned int wanted[ARRAY_SIZE(actors)];
static struct torture_thread *threads[THREADS_MAX];
static unsigned int nr_threads;

/* One for each CPU, for NMIs; NULL: they are not asked for. */
static struct torture_thread **nmi_threads;

/**
 * torture_sleep - rest for some time
 * @self: who does
 * @ms: at most twice this; ends at once when the test does
 *
 * Context: process, may sleep.
 */
void torture_sleep(struct torture_thread *self, unsigned int ms)
{
	if (!READ_ONCE(torture.stopping))
		schedule_timeout_interruptible(
			1 + msecs_to_jiffies(torture_below(self, 2 * ms)));
}

/* smp_call_func_t */
static void hardirq_step(void *arg)
{
	struct torture_thread *self = arg;

	self->actor->step(self);
}

/* Where there is another CPU. */
static void run_hardirq(struct torture_thread *self)
{
	unsigned int cpu = torture_below(self, nr_cpu_ids);

	/* On this one it would be a call, not an interrupt. */
	if (cpu != raw_smp_processor_id())
		smp_call_function_single(cpu, hardirq_step, self, 1);
}

static void irq_work_step(struct irq_work *work)
{
	struct torture_thread *self =
		container_of(work, struct torture_thread, work);

	self->actor->step(self);
}

static void run_irq_work(struct torture_thread *self)
{
	irq_work_queue(&self->work);
	irq_work_sync(&self->work);
}

static struct torture_thread *softirq_thread;

static void softirq_step(struct tasklet_struct *tasklet)
{
	struct torture_thread *self = softirq_thread;

	self->actor->step(self);
	complete(&self->done);
}

static DECLARE_TASKLET(softirq_tasklet, softirq_step);
static DEFINE_MUTEX(softirq_lock);

static void run_softirq(struct torture_thread *self)
{
	mutex_lock(&softirq_lock);
	softirq_thread = self;
	reinit_completion(&self->done);
	tasklet_schedule(&softirq_tasklet);
	wait_for_completion(&self->done);
	mutex_unlock(&softirq_lock);
}

static int thread_fn(void *arg)
{
	struct torture_thread *self = arg;
	const struct torture_actor *actor = self->actor;

	while (!READ_ONCE(torture.stopping)) {
		if (actor->context == TORTURE_SOFTIRQ)
			run_softirq(self);
		else if (actor->context == TORTURE_IRQ_WORK)
			run_irq_work(self);
		else if (actor->context == TORTURE_HARDIRQ)
			run_hardirq(self);
		else
			actor->step(self);
		if (actor->pause_ms)
			torture_sleep(self, actor->pause_ms);
		else if (!torture_below(self, REST_ONE_IN))
			usleep_range(50, 500);
		else
			cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static struct torture_thread *new_thread(const struct torture_actor *actor,
					 u64 seed)
{
	struct torture_thread *self = kzalloc(sizeof(*self), GFP_KERNEL);

	if (!self)
		return NULL;
	self->actor = actor;
	self->random = seed;
	init_completion(&self->done);
	init_irq_work(&self->work, irq_work_step);
	return self;
}

#ifdef CONFIG_X86_LOCAL_APIC
/* One that nobody knows the reason of, as QEMU's "nmi" command raises it. */
static int nmi_handler(unsigned int type, struct pt_regs *regs)
{
	struct torture_thread *self = nmi_threads[raw_smp_processor_id()];

	self->actor->step(self);
	return NMI_HANDLED;
}

static void nmi_stop(void)
{
	unsigned int cpu;

	if (!nmi_threads)
		return;
	unregister_nmi_handler(NMI_UNKNOWN, "kcmap_torture");
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		kfree(nmi_threads[cpu]);
	kfree(nmi_threads);
	nmi_threads = NULL;
}

static int nmi_start(const struct torture_actor *actor, u64 seed)
{
	unsigned int cpu;
	int rc = -ENOMEM;

	nmi_threads = kcalloc(nr_cpu_ids, sizeof(*nmi_threads), GFP_KERNEL);
	if (!nmi_threads)
		return -ENOMEM;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		nmi_threads[cpu] = new_thread(actor, seed + cpu);
		if (!nmi_threads[cpu])
			goto free;
	}
	rc = register_nmi_handler(NMI_UNKNOWN, nmi_handler, 0, "kcmap_torture");
	if (!rc)
		return 0;
free:
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		kfree(nmi_threads[cpu]);
	kfree(nmi_threads);
	nmi_threads = NULL;
	return rc;
}
#else
static void nmi_stop(void)
{
}

/* There is no such thing here. */
static int nmi_start(const struct torture_actor *actor, u64 seed)
{
	return 0;
}
#endif

static int add_thread(const struct torture_actor *actor, unsigned int number,
		      u64 seed)
{
	struct torture_thread *self;

	if (nr_threads == THREADS_MAX)
		return -E2BIG;
	self = new_thread(actor, seed);
	if (!self)
		return -ENOMEM;
	self->task =
		kthread_run(thread_fn, self, "kt-%s/%u", actor->name, number);
	if (IS_ERR(self->task)) {
		int rc = PTR_ERR(self->task);

		kfree(self);
		return rc;
	}
	threads[nr_threads++] = self;
	return 0;
}

/**
 * torture_actors_start - start all threads
 * @seed: of their random numbers
 *
 * Context: process, may sleep.
 * Return: 0, or an error: torture_actors_halt() ends those that were started.
 */
int torture_actors_start(u64 seed)
{
	unsigned int i, j;
	int rc = 0;

	for (i = 0; i < ARRAY_SIZE(actors) && !rc; i++) {
		if (actors[i].context == TORTURE_NMI) {
			if (wanted[i])
				rc = nmi_start(&actors[i], seed << 32);
			continue;
		}
		for (j = 0; j < wanted[i] && !rc; j++)
			rc = add_thread(&actors[i], j,
					kcmap_torture_mix(seed + nr_threads));
	}
	return rc;
}

/**
 * torture_actors_halt - have all threads end
 *
 * Context: process, may sleep.
 */
void torture_actors_halt(void)
{
	unsigned int i;

	/* All at once, rather than each when its turn comes. */
	WRITE_ONCE(torture.stopping, true);
	for (i = 0; i < nr_threads; i++)
		kthread_stop(threads[i]->task);
	tasklet_kill(&softirq_tasklet);
}

/**
 * torture_actors_free - forget them, and what they have counted
 *
 * Context: process, may sleep; after torture_actors_halt().
 */
void torture_actors_free(void)
{
	nmi_stop();
	while (nr_threads)
		kfree(threads[--nr_threads]);
}

static int parse_one(char *item)
{
	char *name = strsep(&item, ":");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(actors); i++)
		if (!strcmp(actors[i].name, name))
			return item ? kstrtouint(item, 0, &wanted[i]) :
				      (wanted[i] = actors[i].threads, 0);
	pr_err("no actor is called %s\n", name);
	return -EINVAL;
}

/**
 * torture_actors_parse - who is to work
 * @string: "lookup:2,insert:1,...", or empty: all, as many as the table says
 *
 * Context: process, may sleep. Return: 0, -EINVAL, -ENOMEM.
 */
int torture_actors_parse(const char *string)
{
	char *copy, *rest, *item;
	unsigned int i;
	int rc = 0;

	for (i = 0; i < ARRAY_SIZE(actors); i++)
		wanted[i] = *string ? 0 : actors[i].threads;
	copy = kstrdup(string, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!rc && (item = strsep(&rest, ",")))
		if (*item)
			rc = parse_one(item);
	kfree(copy);
	return rc;
}

static void add_up(struct torture_thread *sum,
		   const struct torture_thread *from)
{
	unsigned int i;

	for (i = 0; i < TORTURE_COUNTS; i++)
		sum->counts[i] += READ_ONCE(from->counts[i]);
	for (i = 0; i < TORTURE_AGES; i++)
		sum->ages[i] += READ_ONCE(from->ages[i]);
}

/* All that worked as @actor, or, NULL, all. */
static void sum_up(const struct torture_actor *actor,
		   struct torture_thread *sum)
{
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < nr_threads; i++)
		if (!actor || threads[i]->actor == actor)
			add_up(sum, threads[i]);
	for (i = 0; nmi_threads && i < nr_cpu_ids; i++)
		if (!actor || nmi_threads[i]->actor == actor)
			add_up(sum, nmi_threads[i]);
}

static void report_actor(const struct torture_thread *sum, const char *name,
			 unsigned int nr)
{
	const u64 *counts = sum->counts;

	pr_info("%s: threads %u ops %llu done %llu absent %llu again %llu busy %llu full %llu nomem %llu\n",
		name, nr, counts[TORTURE_OPS], counts[TORTURE_FOUND],
		counts[TORTURE_ABSENT], counts[TORTURE_AGAIN],
		counts[TORTURE_BUSY], counts[TORTURE_FULL],
		counts[TORTURE_NOMEM]);
}

/**
 * torture_actors_report - print what they have done
 *
 * Context: process, may sleep.
 * Return: operations of all together.
 */
u64 torture_actors_report(void)
{
	struct torture_thread *sum = kzalloc(sizeof(*sum), GFP_KERNEL);
	const u64 *ages;
	unsigned int i;
	u64 ops;

	if (!sum)
		return 0;
	for (i = 0; i < ARRAY_SIZE(actors); i++) {
		if (!wanted[i])
			continue;
		sum_up(&actors[i], sum);
		report_actor(sum, actors[i].name, wanted[i]);
	}
	sum_up(NULL, sum);
	ages = sum->ages;
	pr_info("Reader Pipe (versions behind): %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
		ages[0], ages[1], ages[2], ages[3], ages[4], ages[5], ages[6],
		ages[7], ages[8], ages[9], ages[10]);
	ops = sum->counts[TORTURE_OPS];
	kfree(sum);
	return ops;
}
