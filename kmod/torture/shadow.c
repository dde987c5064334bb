// SPDX-License-Identifier: GPL-2.0-only
/*
 * What writers say they did, and whether a look at a key agrees with it.
 *
 * A key has one writer at a time. Each write has a version, greater than all before.
 * Before it begins it says so (plan), and when it has returned it says what there is
 * now (state). Who looks a key up notes the state before, and the plan after: what it
 * finds must be no older than the one, and no newer than the other. That it finds
 * nothing needs a reason: the key was absent before, or a delete was begun
 * meanwhile, or the map was cleared.
 *
 * A clear is no write of any key's, so clears are counted. A write that had one
 * beside it does not know which came first: what it left is known to nobody until
 * the next write, or the next clear.
 *
 * The state: version (32 bits), what is known (2 bits), clears that had begun when
 * that was so (30 bits). The plan: version of the write, version of the last delete.
 */
#define pr_fmt(fmt) "kcmap-torture: " fmt

#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/printk.h>

#include "torture.h"

#define ERRORS_PRINTED 20

#define STATE_VERSION GENMASK_ULL(31, 0)
#define STATE_KNOWN GENMASK_ULL(33, 32)
#define STATE_CLEARS GENMASK_ULL(63, 34)
#define PLAN_VERSION GENMASK_ULL(31, 0)
#define PLAN_DELETE GENMASK_ULL(63, 32)

enum known {
	ABSENT, /* 0: so it is in the beginning */
	PRESENT,
	UNKNOWN,
};

/**
 * torture_error - something was seen that cannot be
 * @format: what
 *
 * Context: any.
 */
void torture_error(const char *format, ...)
{
	struct va_format vaf = { .fmt = format };
	va_list args;

	if (atomic_inc_return(&torture.errors) > ERRORS_PRINTED)
		return;
	va_start(args, format);
	vaf.va = &args;
	pr_err("ERROR: %pV\n", &vaf);
	va_end(args);
}

/**
 * torture_look - somebody is about to look at a key
 * @window: when
 * @number: of the key
 *
 * Context: any.
 */
void torture_look(struct torture_window *window, u32 number)
{
	/* What was done by then is seen by the look that follows. */
	window->ended = smp_load_acquire(&torture.clear_ended);
	/* Likewise. */
	window->state = smp_load_acquire(&torture.shadow[number].state);
}

/**
 * torture_looked - somebody has looked at a key
 * @window: when
 * @number: of the key
 *
 * Context: any.
 */
void torture_looked(struct torture_window *window, u32 number)
{
	/* Pairs with smp_mb() in torture_write_begin() and torture_clear(). */
	smp_rmb();
	window->plan = READ_ONCE(torture.shadow[number].plan);
	window->begun = READ_ONCE(torture.clear_begun);
}

/* What is known of a key at any time in a window, but for writes in it. */
static enum known known_in(const struct torture_window *window)
{
	enum known known = FIELD_GET(STATE_KNOWN, window->state);
	u32 clears = FIELD_GET(STATE_CLEARS, window->state);

	if (known == ABSENT || window->ended > clears)
		return ABSENT;
	return window->begun > clears ? UNKNOWN : known;
}

/**
 * torture_check - whether what was found in a window may have been there
 * @who: found it
 * @window: when
 * @number: of the key
 * @found: version of the value; 0: the key was not found
 *
 * Context: any. Return: how many versions it was behind.
 */
u32 torture_check(const char *who, const struct torture_window *window,
		  u32 number, u32 found)
{
	u32 version = FIELD_GET(STATE_VERSION, window->state);
	u32 newest = FIELD_GET(PLAN_VERSION, window->plan);
	u32 deleted = FIELD_GET(PLAN_DELETE, window->plan);
	enum known known = known_in(window);
	const char *what = NULL;

	if (found > newest)
		what = "was not even begun";
	else if (found && found < version)
		what = "had been replaced before";
	else if (found && found == version && known == ABSENT)
		what = "had been deleted before";
	else if (!found && known == PRESENT && deleted <= version)
		what = "is there, and nobody deleted it";
	if (what)
		torture_error(
			"%s: key %u: found version %u (0: none), which %s: version %u, newest begun %u, delete %u, known %d, clears %u to %u, of the state %u",
			who, number, found, what, version, newest, deleted,
			known, window->ended, window->begun,
			(u32)FIELD_GET(STATE_CLEARS, window->state));
	return found && newest > found ? newest - found : 0;
}

/**
 * torture_read_value - the version of a value
 * @who: found it
 * @number: of its key
 * @value: the value
 *
 * Context: any. Return: the version; 0: it is torn, or another key's.
 */
u32 torture_read_value(const char *who, u32 number, const void *value)
{
	u32 version =
		kcmap_torture_value_read(value, torture.value_size, number);

	if (!version)
		torture_error("%s: key %u: a value that nobody stored: %*ph",
			      who, number, min_t(int, torture.value_size, 64),
			      value);
	return version;
}

/**
 * torture_write_begin - a write is about to begin
 * @write: the write
 * @number: of the key
 * @deletes: whether it may delete the key
 *
 * Context: any but NMI. Return: false: somebody else is writing the key.
 */
bool torture_write_begin(struct torture_write *write, u32 number, bool deletes)
{
	struct torture_shadow *shadow = &torture.shadow[number];
	u32 deleted;

	if (test_and_set_bit_lock(0, &shadow->busy))
		return false;
	write->shadow = shadow;
	write->number = number;
	write->plan = shadow->plan;
	/* Pairs with the release in torture_clear(). */
	write->window.ended = smp_load_acquire(&torture.clear_ended);
	write->window.state = shadow->state;
	write->version = FIELD_GET(STATE_VERSION, shadow->state) + 1;
	deleted = deletes ? write->version :
			    FIELD_GET(PLAN_DELETE, write->plan);
	WRITE_ONCE(shadow->plan, FIELD_PREP(PLAN_VERSION, write->version) |
					 FIELD_PREP(PLAN_DELETE, deleted));
	/* The plan before the write: see torture_looked(). */
	smp_mb();
	return true;
}

/**
 * torture_write_old - the version that was there when a write began
 * @write: the write
 *
 * Context: any.
 */
u32 torture_write_old(const struct torture_write *write)
{
	return FIELD_GET(STATE_VERSION, write->window.state);
}

/* Whether what a write says it met agrees with what writers before it left. */
static void check_met(const struct torture_write *write, const char *who,
		      enum torture_met met)
{
	enum known known = known_in(&write->window);
	const char *what = NULL;

	if (met == TORTURE_MET_NONE && known == PRESENT)
		what = "not found, but is there";
	else if (met == TORTURE_MET_KEY && known == ABSENT)
		what = "found, but is not there";
	if (what)
		torture_error("%s: key %u: %s: version %u, clears %u to %u",
			      who, write->number, what,
			      torture_write_old(write), write->window.ended,
			      write->window.begun);
}

/**
 * torture_write_end - a write has returned
 * @write: the write
 * @who: wrote
 * @met: what it says was there
 * @did: what it says it did
 *
 * Context: as torture_write_begin().
 */
void torture_write_end(struct torture_write *write, const char *who,
		       enum torture_met met, enum torture_did did)
{
	u32 version = did == TORTURE_DID_NOTHING ? torture_write_old(write) :
						   write->version;
	struct torture_shadow *shadow = write->shadow;
	enum known known = ABSENT;

	/* After the write. */
	smp_rmb();
	write->window.begun = READ_ONCE(torture.clear_begun);
	check_met(write, who, met);
	if (did == TORTURE_DID_STORE ||
	    (did == TORTURE_DID_NOTHING && met == TORTURE_MET_KEY))
		known = write->window.begun == write->window.ended ? PRESENT :
								     UNKNOWN;
	/*
	 * No barrier but the write's own: it promises that whatever begins after it
	 * has returned sees it.
	 */
	if (did != TORTURE_DID_NOTHING || met != TORTURE_MET_ANYTHING)
		WRITE_ONCE(shadow->state,
			   FIELD_PREP(STATE_VERSION, version) |
				   FIELD_PREP(STATE_KNOWN, known) |
				   FIELD_PREP(STATE_CLEARS,
					      write->window.begun));
	if (did == TORTURE_DID_NOTHING)
		WRITE_ONCE(shadow->plan, write->plan);
	clear_bit_unlock(0, &shadow->busy);
}
