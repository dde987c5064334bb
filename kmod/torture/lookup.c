// SPDX-License-Identifier: GPL-2.0-only
/* Those who look keys up, in any context. */
#include <linux/bitops.h>
#include <linux/hardirq.h>

#include "torture.h"

/* Keys that an interrupt looks at: it is to be short. */
#define INTERRUPT_KEYS 4

static void note(struct torture_thread *self,
		 const struct torture_window *window, u32 number, bool found,
		 const void *value)
{
	const char *who = self->actor->name;
	u32 version = 0, age;

	if (found) {
		version = torture_read_value(who, number, value);
		if (!version)
			return;
	}
	age = torture_check(who, window, number, version);
	torture_add(self, found ? TORTURE_FOUND : TORTURE_ABSENT, 1);
	age = min_t(u32, age, TORTURE_AGES - 1);
	if (found)
		WRITE_ONCE(self->ages[age], self->ages[age] + 1);
}

/**
 * torture_lookup_key - look a key up, and check the result
 * @self: who looks
 * @number: of the key
 *
 * Context: any.
 */
void torture_lookup_key(struct torture_thread *self, u32 number)
{
	struct torture_window window;
	int rc;

	kcmap_torture_key(self->keys, torture.key_size, number);
	torture_look(&window, number);
	rc = kcmap_lookup(torture.map, self->keys, self->values);
	torture_looked(&window, number);
	torture_add(self, TORTURE_OPS, 1);
	if (rc == -EAGAIN && in_nmi())
		torture_add(self, TORTURE_AGAIN, 1);
	else if (rc && rc != -ENOENT)
		torture_error("%s: key %u: look-up failed: %d",
			      self->actor->name, number, rc);
	else
		note(self, &window, number, !rc, self->values);
}

/**
 * torture_lookup - look up a key
 * @self: who does
 *
 * Context: any.
 */
void torture_lookup(struct torture_thread *self)
{
	torture_lookup_key(self, torture_pick(self));
}

/**
 * torture_lookup_bulk - look up many keys in one call
 * @self: who does
 *
 * Context: any but NMI.
 */
void torture_lookup_bulk(struct torture_thread *self)
{
	unsigned int i, nr = 1 + torture_below(self, TORTURE_BULK);
	struct torture_window windows[TORTURE_BULK];
	u32 numbers[TORTURE_BULK];
	u64 found;

	for (i = 0; i < nr; i++) {
		numbers[i] = torture_pick(self);
		kcmap_torture_key(self->keys + i * torture.key_size,
				  torture.key_size, numbers[i]);
		torture_look(&windows[i], numbers[i]);
	}
	found = kcmap_lookup_bulk(torture.map, self->keys, self->values, nr);
	for (i = 0; i < nr; i++)
		torture_looked(&windows[i], numbers[i]);
	for (i = 0; i < nr; i++)
		note(self, &windows[i], numbers[i], found & BIT_ULL(i),
		     self->values + i * torture.value_size);
	torture_add(self, TORTURE_OPS, nr);
}

/**
 * torture_interrupt_read - look some keys up
 * @self: who does
 *
 * Context: any.
 */
void torture_interrupt_read(struct torture_thread *self)
{
	unsigned int i;

	for (i = 0; i < INTERRUPT_KEYS; i++)
		torture_lookup(self);
}

/**
 * torture_interrupt - look some keys up, and write one
 * @self: who does
 *
 * Context: softirq, or hardirq in which locks may be taken that sleep on PREEMPT_RT:
 * a write may need memory.
 */
void torture_interrupt(struct torture_thread *self)
{
	torture_interrupt_read(self);
	torture_update_key(self, torture_pick(self));
}
