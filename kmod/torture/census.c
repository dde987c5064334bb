// SPDX-License-Identifier: GPL-2.0-only
/*
 * A look at all keys at once: a scan, or a snapshot. What is found is collected, and
 * checked as single look-ups are: each key once, none that is there missing.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "torture.h"

/**
 * struct torture_census - a look at all keys
 * @who: looks
 * @window: of each key
 * @found: version that was found of each key, 0: none
 * @first: likewise, the first time that the same was walked; NULL: this is it
 * @count: keys found
 */
struct torture_census {
	const char *who;
	struct torture_window *window;
	u32 *found;
	u32 *first;
	u32 count;
};

/**
 * torture_census_free - end of a census
 * @census: the census, or NULL
 *
 * Context: process.
 */
void torture_census_free(struct torture_census *census)
{
	if (!census)
		return;
	kvfree(census->window);
	kvfree(census->found);
	kvfree(census->first);
	kfree(census);
}

/**
 * torture_census_begin - somebody is about to look at all keys
 * @who: looks
 *
 * Context: process, may sleep. Return: the census, or NULL.
 */
struct torture_census *torture_census_begin(const char *who)
{
	struct torture_census *census = kzalloc(sizeof(*census), GFP_KERNEL);
	u32 i;

	if (!census)
		return NULL;
	census->who = who;
	census->window = kvmalloc_array(torture.range, sizeof(*census->window),
					GFP_KERNEL);
	census->found =
		kvcalloc(torture.range, sizeof(*census->found), GFP_KERNEL);
	if (!census->window || !census->found) {
		torture_census_free(census);
		return NULL;
	}
	for (i = 0; i < torture.range; i++)
		torture_look(&census->window[i], i);
	return census;
}

/**
 * torture_census_end - whatever is found was there before this
 * @census: the census
 *
 * Context: process.
 */
void torture_census_end(struct torture_census *census)
{
	u32 i;

	for (i = 0; i < torture.range; i++)
		torture_looked(&census->window[i], i);
}

/**
 * torture_census_add - an entry was found
 * @census: the census
 * @key: its key
 * @value: its value
 *
 * Context: process.
 */
void torture_census_add(struct torture_census *census, const void *key,
			const void *value)
{
	u32 number, version;

	census->count++;
	if (!kcmap_torture_key_read(key, torture.key_size, &number) ||
	    number >= torture.range) {
		torture_error("%s: a key that nobody stored: %*ph", census->who,
			      torture.key_size, key);
		return;
	}
	version = torture_read_value(census->who, number, value);
	if (!version)
		return;
	if (census->found[number])
		torture_error("%s: key %u twice: versions %u and %u",
			      census->who, number, census->found[number],
			      version);
	census->found[number] = version;
}

/**
 * torture_census_again - the same is walked again: it must find the same
 * @census: the census
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int torture_census_again(struct torture_census *census)
{
	u32 *found = kvcalloc(torture.range, sizeof(*found), GFP_KERNEL);

	if (!found)
		return -ENOMEM;
	census->first = census->found;
	census->found = found;
	census->count = 0;
	return 0;
}

/**
 * torture_census_count - how many entries were found
 * @census: the census
 *
 * Context: any.
 */
u32 torture_census_count(const struct torture_census *census)
{
	return census->count;
}

/**
 * torture_census_check - whether what was found may have been there
 * @census: the census, ended
 *
 * Context: process.
 */
void torture_census_check(struct torture_census *census)
{
	u32 i;

	for (i = 0; i < torture.range; i++) {
		if (census->first && census->first[i] != census->found[i])
			torture_error(
				"%s: key %u: version %u (0: none) at first, and then %u",
				census->who, i, census->first[i],
				census->found[i]);
		torture_check(census->who, &census->window[i], i,
			      census->found[i]);
	}
}
