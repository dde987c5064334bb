// SPDX-License-Identifier: GPL-2.0-only
/* Those who change entries. */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>

#include "torture.h"

/* Keys in a row that a grower inserts, or a shrinker deletes. */
#define SWEEP 512

/* How long the map grows, and then shrinks. */
#define SEASON (2 * HZ)

enum kind {
	INSERT,
	UPDATE,
	UPSERT,
	DELETE,
	MODIFY,
	KINDS,
};

/**
 * struct kind_info - a kind of write
 * @stores: it stores a value
 * @deletes: it deletes the key
 * @met: what was there if it succeeds
 * @refused: what it answers where that is not so
 * @may_grow: it may need a place for one entry more
 */
struct kind_info {
	bool stores;
	bool deletes;
	enum torture_met met;
	int refused;
	bool may_grow;
};

static const struct kind_info kinds[KINDS] = {
	[INSERT] = { true, false, TORTURE_MET_NONE, -EEXIST, true },
	[UPDATE] = { true, false, TORTURE_MET_KEY, -ENOENT, false },
	[UPSERT] = { true, false, TORTURE_MET_ANYTHING, 0, true },
	[DELETE] = { false, true, TORTURE_MET_KEY, -ENOENT, false },
	[MODIFY] = { true, false, TORTURE_MET_KEY, -ENOENT, false },
};

/**
 * struct modification - what is done to a value
 * @who: does it
 * @write: the write
 * @old: version that was there
 */
struct modification {
	const char *who;
	const struct torture_write *write;
	u32 old;
};

static void modify(void *value, void *ctx)
{
	struct modification *modification = ctx;
	const struct torture_write *write = modification->write;

	modification->old =
		torture_read_value(modification->who, write->number, value);
	kcmap_torture_value(value, torture.value_size, write->number,
			    write->version);
}

/* Return: as kcmap_insert() and its like; @old: version that was there, if known. */
static int apply(struct torture_thread *self, enum kind kind,
		 const struct torture_write *write, u32 *old)
{
	static const enum kcmap_write ops[KINDS] = {
		[INSERT] = KCMAP_WRITE_INSERT,
		[UPDATE] = KCMAP_WRITE_UPDATE,
		[UPSERT] = KCMAP_WRITE_UPSERT,
		[DELETE] = KCMAP_WRITE_DELETE,
	};
	struct modification modification = {
		.who = self->actor->name,
		.write = write,
	};
	gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	void *value = self->values;
	int rc;

	/* Programs' calls may sleep; the kernel's own users' do not. */
	if (in_task() && torture_random(self) & 1)
		gfp = GFP_KERNEL;
	kcmap_torture_key(self->keys, torture.key_size, write->number);
	if (kind == MODIFY) {
		rc = kcmap_modify(torture.map, self->keys, modify,
				  &modification);
		*old = modification.old;
		return rc;
	}
	if (kinds[kind].stores)
		kcmap_torture_value(value, torture.value_size, write->number,
				    write->version);
	rc = kcmap_map_write(torture.map, ops[kind], self->keys, value,
			     kind == DELETE ? value : NULL, gfp);
	if (!rc && kind == DELETE)
		*old = torture_read_value(self->actor->name, write->number,
					  value);
	return rc;
}

/* What a return value says; an error if there is no such one. */
static void judge(struct torture_thread *self, const struct kind_info *info,
		  const struct torture_write *write, int rc,
		  enum torture_met *met, enum torture_did *did)
{
	*did = TORTURE_DID_NOTHING;
	*met = TORTURE_MET_ANYTHING;
	if (!rc) {
		*did = info->deletes ? TORTURE_DID_DELETE : TORTURE_DID_STORE;
		*met = info->met;
	} else if (rc == info->refused) {
		*met = rc == -EEXIST ? TORTURE_MET_KEY : TORTURE_MET_NONE;
	} else if (rc == -ENOMEM) {
		torture_add(self, TORTURE_NOMEM, 1);
	} else if (rc == -ENOSPC && info->may_grow &&
		   torture.range > torture.max_entries) {
		torture_add(self, TORTURE_FULL, 1);
		*met = TORTURE_MET_NONE;
	} else {
		torture_error("%s: key %u: %d", self->actor->name,
			      write->number, rc);
	}
}

static void write_key(struct torture_thread *self, enum kind kind, u32 number)
{
	const struct kind_info *info = &kinds[kind];
	const char *who = self->actor->name;
	struct torture_write write;
	enum torture_met met;
	enum torture_did did;
	u32 old = 0;
	int rc;

	torture_add(self, TORTURE_OPS, 1);
	if (!torture_write_begin(&write, number, info->deletes)) {
		torture_add(self, TORTURE_BUSY, 1);
		return;
	}
	rc = apply(self, kind, &write, &old);
	judge(self, info, &write, rc, &met, &did);
	if (old && old != torture_write_old(&write))
		torture_error("%s: key %u: version %u was there, not %u", who,
			      number, old, torture_write_old(&write));
	torture_write_end(&write, who, met, did);
	if (did != TORTURE_DID_NOTHING)
		torture_add(self, TORTURE_FOUND, 1);
}

/**
 * torture_insert - insert a key
 * @self: who does
 *
 * Context: any but NMI; as the following.
 */
void torture_insert(struct torture_thread *self)
{
	write_key(self, INSERT, torture_pick(self));
}

/**
 * torture_update - update a key
 * @self: who does
 */
void torture_update(struct torture_thread *self)
{
	torture_update_key(self, torture_pick(self));
}

/**
 * torture_update_key - update a key
 * @self: who does
 * @number: of the key
 */
void torture_update_key(struct torture_thread *self, u32 number)
{
	write_key(self, UPDATE, number);
}

/**
 * torture_upsert - insert or update a key
 * @self: who does
 */
void torture_upsert(struct torture_thread *self)
{
	write_key(self, UPSERT, torture_pick(self));
}

/**
 * torture_delete - delete a key
 * @self: who does
 */
void torture_delete(struct torture_thread *self)
{
	u32 number = torture_pick(self);

	if (!torture_is_kept(number))
		write_key(self, DELETE, number);
}

/**
 * torture_modify - change a value in one step
 * @self: who does
 */
void torture_modify(struct torture_thread *self)
{
	write_key(self, MODIFY, torture_pick(self));
}

static bool is_growing(void)
{
	return jiffies / SEASON & 1;
}

static void sweep(struct torture_thread *self, enum kind kind)
{
	u32 i, number, from = torture_below(self, torture.range);

	for (i = 0; i < SWEEP && !READ_ONCE(torture.stopping); i++) {
		number = (from + i) % torture.range;
		if (kind != DELETE || !torture_is_kept(number))
			write_key(self, kind, number);
		cond_resched();
	}
}

/**
 * torture_fill - have the map grow, while it is the season
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_fill(struct torture_thread *self)
{
	if (is_growing())
		sweep(self, INSERT);
}

/**
 * torture_drain - have the map shrink, while it is the season
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_drain(struct torture_thread *self)
{
	if (!is_growing())
		sweep(self, DELETE);
}

/**
 * torture_clear - clear the map
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_clear(struct torture_thread *self)
{
	u32 begun;
	int rc;

	mutex_lock(&torture.clear_lock);
	begun = torture.clear_begun + 1;
	WRITE_ONCE(torture.clear_begun, begun);
	/* See torture_looked(). */
	smp_mb();
	rc = kcmap_table_clear(torture.map->table);
	if (rc)
		WRITE_ONCE(torture.clear_begun, begun - 1);
	else
		/* Whoever sees it begins after the clear. */
		smp_store_release(&torture.clear_ended, begun);
	mutex_unlock(&torture.clear_lock);
	torture_add(self, TORTURE_OPS, 1);
	if (rc == -ENOMEM)
		torture_add(self, TORTURE_NOMEM, 1);
	else if (rc)
		torture_error("%s: %d", self->actor->name, rc);
}
