/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kcmap_torture: threads of many kinds work on one map, and each look at it is
 * checked against what writers say they did.
 *
 *   main.c	parameters, start and end
 *   actors.c	the table of actors: who works, and how they are run
 *   shadow.c	what each key's writers did, and whether a look agrees with it
 *   census.c	the same for all keys at once
 *   lookup.c, write.c, scan.c, snapshot.c, view.c, disturb.c: the actors
 */
#ifndef _KCMAP_TORTURE_INTERNAL_H
#define _KCMAP_TORTURE_INTERNAL_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "kcmap_torture.h"
#include "map.h"

#define TORTURE_BULK 32 /* keys in one bulk look-up */
#define TORTURE_AGES 11 /* versions behind: 0, 1, ..., 10 or more */

/* What an actor counts. */
enum torture_count {
	TORTURE_OPS,
	TORTURE_FOUND,
	TORTURE_ABSENT,
	TORTURE_AGAIN, /* look-ups in NMI that gave up, and views that began anew */
	TORTURE_BUSY, /* keys that somebody else was writing */
	TORTURE_FULL,
	TORTURE_NOMEM,
	TORTURE_COUNTS,
};

/* Where an actor's step is run. */
enum torture_context {
	TORTURE_PROCESS,
	TORTURE_SOFTIRQ,
	TORTURE_IRQ_WORK, /* hardirq that PREEMPT_RT has a thread for */
	TORTURE_HARDIRQ, /* an interrupt of another CPU: there never */
	TORTURE_NMI, /* whenever there is one: there is no thread */
};

struct torture_thread;

/**
 * struct torture_actor - a kind of thread
 * @name: of the thread, and in the parameter "actors"
 * @threads: by default
 * @context: where @step is run
 * @pause_ms: rest after each step, on average
 * @step: one step of its work
 */
struct torture_actor {
	const char *name;
	unsigned int threads;
	enum torture_context context;
	unsigned int pause_ms;
	void (*step)(struct torture_thread *self);
};

/**
 * struct torture_thread - a thread, or a CPU in NMI
 * @actor: what it does
 * @task: the thread
 * @random: state of its random numbers
 * @counts: by enum torture_count
 * @ages: look-ups that found a value so many versions behind
 * @done: a step in softirq has ended
 * @work: for steps in hardirq
 * @keys: for bulk look-ups
 * @values: likewise
 */
struct torture_thread {
	const struct torture_actor *actor;
	struct task_struct *task;
	u64 random;
	u64 counts[TORTURE_COUNTS];
	u64 ages[TORTURE_AGES];
	struct completion done;
	struct irq_work work;
	u8 keys[TORTURE_BULK * KCMAP_TORTURE_KEY_MAX];
	u8 values[TORTURE_BULK * KCMAP_TORTURE_VALUE_MAX];
};

/**
 * struct torture_shadow - what is known of a key
 * @state: what the last write that has returned left: see shadow.c
 * @plan: the write that was begun last: its version, and that of the last delete
 * @busy: bit 0: somebody writes it
 */
struct torture_shadow {
	u64 state;
	u64 plan;
	unsigned long busy;
};

/**
 * struct torture - the test; there is one at a time
 * @map: what is tortured
 * @key_size: bytes
 * @value_size: bytes
 * @range: keys are numbered from 0 to below this
 * @max_entries: of the map
 * @linger_us: longest that moments last longer
 * @shadow: of each key
 * @clear_begun: clears that were begun
 * @clear_ended: clears that have returned
 * @clear_lock: one at a time
 * @errors: how many
 * @stopping: all threads are to end
 */
struct torture {
	struct kcmap *map;
	u32 key_size;
	u32 value_size;
	u32 range;
	u64 max_entries;
	unsigned int linger_us;
	struct torture_shadow *shadow;
	u32 clear_begun;
	u32 clear_ended;
	struct mutex clear_lock; /* see above */
	atomic_t errors;
	bool stopping;
};

extern struct torture torture;

/**
 * struct torture_window - the time during which somebody looked at a key
 * @state: &torture_shadow.state before
 * @plan: &torture_shadow.plan after
 * @ended: &torture.clear_ended before
 * @begun: &torture.clear_begun after
 */
struct torture_window {
	u64 state;
	u64 plan;
	u32 ended;
	u32 begun;
};

/* shadow.c */
__printf(1, 2) void torture_error(const char *format, ...);
void torture_look(struct torture_window *window, u32 number);
void torture_looked(struct torture_window *window, u32 number);
u32 torture_check(const char *who, const struct torture_window *window,
		  u32 number, u32 found);
u32 torture_read_value(const char *who, u32 number, const void *value);

/**
 * struct torture_write - a write that is going on
 * @shadow: of the key
 * @number: of the key
 * @version: of the value, if one is stored
 * @window: @state and @ended as they were before
 * @plan: as it was before
 */
struct torture_write {
	struct torture_shadow *shadow;
	u32 number;
	u32 version;
	struct torture_window window;
	u64 plan;
};

/* What a write says was there. */
enum torture_met {
	TORTURE_MET_ANYTHING,
	TORTURE_MET_KEY,
	TORTURE_MET_NONE,
};

/* What it says it did. */
enum torture_did {
	TORTURE_DID_NOTHING,
	TORTURE_DID_STORE,
	TORTURE_DID_DELETE,
};

bool torture_write_begin(struct torture_write *write, u32 number, bool deletes);
void torture_write_end(struct torture_write *write, const char *who,
		       enum torture_met met, enum torture_did did);
u32 torture_write_old(const struct torture_write *write);

/* census.c */
struct torture_census;

struct torture_census *torture_census_begin(const char *who);
void torture_census_end(struct torture_census *census);
void torture_census_add(struct torture_census *census, const void *key,
			const void *value);
int torture_census_again(struct torture_census *census);
u32 torture_census_count(const struct torture_census *census);
void torture_census_check(struct torture_census *census);
void torture_census_free(struct torture_census *census);

/* actors.c */
int torture_actors_parse(const char *string);
int torture_actors_start(u64 seed);
void torture_actors_halt(void);
void torture_actors_free(void);
u64 torture_actors_report(void);

static inline u64 torture_random(struct torture_thread *self)
{
	self->random += 0x9e3779b97f4a7c15ULL;
	return kcmap_torture_mix(self->random);
}

static inline u32 torture_below(struct torture_thread *self, u32 limit)
{
	return (torture_random(self) >> 32) * limit >> 32;
}

/* Half of all go to a few keys, so that many meet there. */
#define TORTURE_HOT 64

static inline u32 torture_pick(struct torture_thread *self)
{
	u32 limit = torture.range;

	if (torture_random(self) & 1)
		limit = min_t(u32, limit, TORTURE_HOT);
	return torture_below(self, limit);
}

/* A key of so many is never deleted, but by a clear. */
#define TORTURE_KEPT_SHARE 4

static inline bool torture_is_kept(u32 number)
{
	return number % TORTURE_KEPT_SHARE == 0;
}

static inline u32 torture_kept(u32 number)
{
	return number - number % TORTURE_KEPT_SHARE;
}

static inline void torture_add(struct torture_thread *self,
			       enum torture_count count, u64 nr)
{
	WRITE_ONCE(self->counts[count], self->counts[count] + nr);
}

void torture_sleep(struct torture_thread *self, unsigned int ms);

/* The steps of the actors. */
void torture_lookup(struct torture_thread *self);
void torture_lookup_bulk(struct torture_thread *self);
void torture_interrupt(struct torture_thread *self);
void torture_interrupt_read(struct torture_thread *self);
void torture_insert(struct torture_thread *self);
void torture_update(struct torture_thread *self);
void torture_upsert(struct torture_thread *self);
void torture_delete(struct torture_thread *self);
void torture_modify(struct torture_thread *self);
void torture_fill(struct torture_thread *self);
void torture_drain(struct torture_thread *self);
void torture_clear(struct torture_thread *self);
void torture_scan(struct torture_thread *self);
void torture_stats(struct torture_thread *self);
void torture_snapshot(struct torture_thread *self);
void torture_view(struct torture_thread *self);
void torture_hotplug(struct torture_thread *self);
void torture_linger(struct torture_thread *self);

/* What an operation does in any context. */
void torture_lookup_key(struct torture_thread *self, u32 number);
void torture_update_key(struct torture_thread *self, u32 number);

/* disturb.c */
void torture_linger_stop(void);

/* scan.c */
void torture_final(void);

#endif /* _KCMAP_TORTURE_INTERNAL_H */
