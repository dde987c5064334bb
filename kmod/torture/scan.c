// SPDX-License-Identifier: GPL-2.0-only
/* Those who read all entries by scan, and the counters. */
#include <linux/slab.h>

#include "torture.h"

#define SCAN_CAPACITY 256
#define SCAN_CALLS_MAX 1000000 /* more than any scan needs: it must end */

/* Return: 0 or what kcmap_table_scan() says. */
static int scan_into(struct torture_census *census, u8 *keys, u8 *values)
{
	unsigned int calls = 0;
	u64 cursor = 0;
	bool end;
	u32 i, nr;
	int rc;

	do {
		rc = kcmap_table_scan(torture.map->table, &cursor, keys, values,
				      SCAN_CAPACITY, &nr, &end);
		if (rc)
			return rc;
		for (i = 0; i < nr; i++)
			torture_census_add(census, keys + i * torture.key_size,
					   values + i * torture.value_size);
	} while (!end && ++calls < SCAN_CALLS_MAX);
	return end ? 0 : -ELOOP;
}

/* Return: entries found, or an error; what is found is checked. */
static int scan(const char *who)
{
	u8 *keys = kmalloc_array(SCAN_CAPACITY, torture.key_size, GFP_KERNEL);
	u8 *values =
		kmalloc_array(SCAN_CAPACITY, torture.value_size, GFP_KERNEL);
	struct torture_census *census = torture_census_begin(who);
	int rc = -ENOMEM;

	if (!keys || !values || !census)
		goto free;
	rc = scan_into(census, keys, values);
	torture_census_end(census);
	if (!rc) {
		torture_census_check(census);
		rc = torture_census_count(census);
	}
free:
	torture_census_free(census);
	kfree(keys);
	kfree(values);
	return rc;
}

/**
 * torture_scan - read all entries
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_scan(struct torture_thread *self)
{
	int rc = scan(self->actor->name);

	torture_add(self, TORTURE_OPS, 1);
	if (rc >= 0)
		torture_add(self, TORTURE_FOUND, rc);
	else if (rc == -ENOMEM)
		torture_add(self, TORTURE_NOMEM, 1);
	else
		torture_error("%s: %d", self->actor->name, rc);
}

/**
 * torture_stats - read the counters
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_stats(struct torture_thread *self)
{
	struct kcmap_table_stats before, after;

	kcmap_table_stats(torture.map->table, &before);
	kcmap_table_stats(torture.map->table, &after);
	torture_add(self, TORTURE_OPS, 1);
	if (after.entries > torture.max_entries)
		torture_error("%s: %llu entries of at most %llu",
			      self->actor->name, after.entries,
			      torture.max_entries);
	if (after.inserts < before.inserts || after.deletes < before.deletes ||
	    after.updates < before.updates || after.clears < before.clears)
		torture_error(
			"%s: counters went back: %llu %llu %llu %llu, then %llu %llu %llu %llu",
			self->actor->name, before.inserts, before.deletes,
			before.updates, before.clears, after.inserts,
			after.deletes, after.updates, after.clears);
}

/**
 * torture_final - nobody works any more: now all must be exact
 *
 * Context: process, may sleep.
 */
void torture_final(void)
{
	static const char who[] = "in the end";
	struct kcmap_table_stats stats;
	int found = scan(who);

	kcmap_table_stats(torture.map->table, &stats);
	if (found < 0)
		torture_error("%s: scan: %d", who, found);
	else if (stats.entries != found)
		torture_error("%s: %llu entries, of which a scan found %d", who,
			      stats.entries, found);
}
