// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-ups: under RCU, without a lock, without a store to shared memory.
 */
#include <linux/hardirq.h>
#include <linux/prefetch.h>

#include "busted.h"
#include "pair.h"
#include "table_internal.h"

/* In NMI, how often a bucket is read again before the answer is -EAGAIN. */
#define KCMAP_NMI_RETRIES 100

/* Keys that a bulk look-up has in flight: about what a CPU can miss at once. */
#define KCMAP_BULK_WINDOW 32

/**
 * struct kcmap_place - where a look-up begins
 * @home: home bucket
 * @page: the page that it is in, where a segment has but one
 * @segment: the segment, where it has more; else NULL
 */
struct kcmap_place {
	struct kcmap_bucket *home;
	struct kcmap_bucket *page;
	struct kcmap_segment *segment;
};

/*
 * A write is going on in the bucket, or has been. Its writer has interrupts off
 * and is on another CPU, so waiting is short; only an NMI may have interrupted
 * the writer itself.
 */
static noinline bool may_retry(struct kcmap_table *table, unsigned int *retries)
{
	this_cpu_inc(table->counters->read_retries);
	if (in_nmi() && ++*retries > KCMAP_NMI_RETRIES)
		return false;
	cpu_relax();
	return true;
}

static __always_inline bool changed(struct kcmap_bucket *bucket, u64 state)
{
	return kcmap_bucket_changed(bucket, state) &&
	       !kcmap_busted(KCMAP_BUSTED_NO_RECHECK);
}

/*
 * Look in one bucket. 0: found and copied; -ENOENT: not in this bucket, if
 * @state still holds; -EAGAIN: torn.
 */
static __always_inline int read_bucket(const struct kcmap_layout *layout,
				       struct kcmap_bucket *bucket, u64 state,
				       const u64 *key, u8 tag, void *value)
{
	int slot;

	if (unlikely(kcmap_state_odd(state)) &&
	    !kcmap_busted(KCMAP_BUSTED_NO_RECHECK))
		return -EAGAIN;
	slot = kcmap_bucket_find(layout, bucket, key, tag);
	if (slot < 0)
		return -ENOENT;
	if (value)
		kcmap_words_read(value,
				 kcmap_slot(layout, bucket, slot) +
					 layout->key_words,
				 layout->value_size);
	return unlikely(changed(bucket, state)) ? -EAGAIN : 0;
}

/*
 * Not in the home bucket, but some keys of that home live elsewhere. Each other
 * bucket is checked by itself, and the home bucket after all of them by the
 * caller: a key that moved meanwhile has changed its home.
 */
static noinline int read_elsewhere(const struct kcmap_layout *layout,
				   struct kcmap_dirent *entry,
				   const struct kcmap_place *place, u64 hash,
				   u64 home, const u64 *key, void *value)
{
	unsigned int number = kcmap_hash_alternate(layout, hash);
	struct kcmap_segment *segment = place->segment;
	struct kcmap_bucket *bucket;
	u64 state;
	int rc;

	kcmap_linger(KCMAP_MOMENT_READ);
	if (home & KCMAP_STATE_AWAY) {
		bucket = segment ?
				 kcmap_segment_bucket(layout, segment, number) :
				 kcmap_page_bucket(layout, place->page, number);
		state = kcmap_bucket_read(bucket);
		rc = read_bucket(layout, bucket, state, key,
				 kcmap_hash_tag(hash), value);
		if (rc != -ENOENT)
			return rc;
		if (changed(bucket, state))
			return -EAGAIN;
	}
	if (!(home & KCMAP_STATE_CHAIN))
		return -ENOENT;
	if (!segment) {
		segment = kcmap_dirent_segment(entry);
		/* Replaced between the two loads: another segment's chain. */
		if (segment->page[0] != place->page)
			return -EAGAIN;
	}
	while ((segment = rcu_dereference(segment->chain))) {
		bucket = kcmap_segment_bucket(layout, segment,
					      kcmap_hash_home(layout, hash));
		state = kcmap_bucket_read(bucket);
		rc = read_bucket(layout, bucket, state, key,
				 kcmap_hash_tag(hash), value);
		if (rc != -ENOENT)
			return rc;
		if (changed(bucket, state))
			return -EAGAIN;
	}
	return -ENOENT;
}

/*
 * Into the second level of cache: the first has too few places for lines that
 * are under way to take two for each key of a window.
 */
static __always_inline void prefetch_far(const void *line)
{
	__builtin_prefetch(line, 0, 2);
}

/* Context: RCU. */
static __always_inline void find_place(const struct kcmap_layout *layout,
				       struct kcmap_dirent *entry, u64 hash,
				       struct kcmap_place *place)
{
	unsigned int number = kcmap_hash_home(layout, hash);

	if (unlikely(layout->page_bits)) {
		place->segment = kcmap_dirent_segment(entry);
		place->home =
			kcmap_segment_bucket(layout, place->segment, number);
	} else {
		place->segment = NULL;
		place->page = rcu_dereference(entry->page);
		place->home = kcmap_page_bucket(layout, place->page, number);
	}
}

/*
 * A segment that has been replaced meanwhile is frozen: what is read in it was
 * true when it was replaced, after this look-up began.
 */
static __always_inline int read_key(struct kcmap_table *table,
				    const struct kcmap_layout *layout,
				    struct kcmap_dirent *entry,
				    struct kcmap_place *place, u64 hash,
				    const u64 *key, void *value)
{
	unsigned int retries = 0;
	u64 state;
	int rc;

	for (;;) {
		state = kcmap_bucket_read(place->home);
		rc = read_bucket(layout, place->home, state, key,
				 kcmap_hash_tag(hash), value);
		if (likely(!rc))
			return 0;
		if (rc == -ENOENT) {
			if (state & (KCMAP_STATE_AWAY | KCMAP_STATE_CHAIN))
				rc = read_elsewhere(layout, entry, place, hash,
						    state, key, value);
			if (!rc)
				return 0;
			if (rc == -ENOENT &&
			    (likely(!changed(place->home, state)) ||
			     kcmap_busted(KCMAP_BUSTED_NO_HOME_RECHECK)))
				return -ENOENT;
		}
		if (!may_retry(table, &retries))
			return -EAGAIN;
		find_place(layout, entry, hash, place);
	}
}

/* Keys and values of any size, and whatever else may be. */
static noinline int lookup_any(struct kcmap_table *table, const void *key,
			       void *value)
{
	/* Kernels that clear the stack would store 128 bytes here, unread. */
	u64 words[KCMAP_KEY_WORDS_MAX] __uninitialized;
	const struct kcmap_directory *directory;
	const struct kcmap_layout *layout;
	struct kcmap_dirent *entry;
	struct kcmap_place place;
	u64 hash;
	int rc;

	kcmap_words_pack(words, key, table->layout.key_size);
	hash = kcmap_table_hash(table, words);

	rcu_read_lock();
	directory = rcu_dereference(table->directory);
	layout = &directory->layout;
	entry = kcmap_directory_entry(directory, hash);
	find_place(layout, entry, hash, &place);
	rc = read_key(table, layout, entry, &place, hash, words, value);
	rcu_read_unlock();
	return rc;
}

/* What kcmap_pair_lookup() leaves, @rc, and key 0. */
static __always_inline int lookup_rest(struct kcmap_table *table,
				       const void *key, void *value, int rc)
{
	if (rc == -ENOENT && get_unaligned((const u64 *)key))
		return rc;
	if (rc == -EAGAIN)
		this_cpu_inc(table->counters->read_retries);
	return lookup_any(table, key, value);
}

/* Context: RCU. */
static __always_inline int lookup_pair(struct kcmap_bucket *page, u64 hash,
				       u64 key, void *value)
{
	const struct kcmap_layout *layout = &kcmap_pair_layout;
	unsigned int home = kcmap_hash_home(layout, hash);
	unsigned int alternate = kcmap_hash_alternate(layout, hash);

	return kcmap_pair_lookup(kcmap_page_bucket(layout, page, home),
				 kcmap_page_bucket(layout, page, alternate),
				 key, value);
}

static __always_inline int lookup_word(struct kcmap_table *table, u64 hash,
				       const void *key, void *value)
{
	u64 word = get_unaligned((const u64 *)key);
	struct kcmap_directory *directory;
	struct kcmap_bucket *page;
	int rc;

	rcu_read_lock();
	directory = rcu_dereference(table->directory);
	page = rcu_dereference(kcmap_directory_entry(directory, hash)->page);
	rc = lookup_pair(page, hash, word, value);
	rcu_read_unlock();
	/* From the start, as the last thing: so nothing is kept for it. */
	if (likely(!rc && word))
		return 0;
	return lookup_rest(table, key, value, rc);
}

static noinline int lookup_word_sip(struct kcmap_table *table, const void *key,
				    void *value)
{
	u64 word = get_unaligned((const u64 *)key);

	return lookup_word(table, siphash_1u64(word, &table->hash.sip), key,
			   value);
}

/**
 * kcmap_table_lookup - copy the value of a key
 * @table: the table
 * @key: key_size bytes
 * @value: room for value_size bytes, or NULL; undefined unless 0 is returned
 *
 * Context: any.
 * Return: 0, -ENOENT, or in NMI -EAGAIN.
 */
int kcmap_table_lookup(struct kcmap_table *table, const void *key, void *value)
{
	u64 word;

	if (unlikely(!table->pairs_fast))
		return table->layout.word_to_word ?
			       lookup_word_sip(table, key, value) :
			       lookup_any(table, key, value);
	word = get_unaligned((const u64 *)key);
	return lookup_word(table, kcmap_hash_fast(table->hash.seed, &word, 1),
			   key, value);
}

/*
 * A window of keys in three passes: hash; directory, which is small, and prefetch
 * of both buckets; compare. What is missed is under way all at once.
 */
static u64 window_pairs(struct kcmap_table *table,
			const struct kcmap_directory *directory,
			const u64 *keys, u64 *values, unsigned int nr)
{
	const struct kcmap_layout *layout = &kcmap_pair_layout;
	struct kcmap_bucket *home[KCMAP_BULK_WINDOW] __uninitialized;
	struct kcmap_bucket *alternate[KCMAP_BULK_WINDOW] __uninitialized;
	u64 hash[KCMAP_BULK_WINDOW] __uninitialized;
	struct kcmap_bucket *page;
	u64 key, found = 0;
	unsigned int i;
	void *value;
	int rc;

	for (i = 0; i < nr; i++) {
		key = get_unaligned(&keys[i]);
		hash[i] = kcmap_hash_words(&table->hash, &key, 1);
	}
	for (i = 0; i < nr; i++) {
		page = rcu_dereference(
			kcmap_directory_entry(directory, hash[i])->page);
		home[i] = kcmap_page_bucket(layout, page,
					    kcmap_hash_home(layout, hash[i]));
		prefetch_far(home[i]);
		alternate[i] = kcmap_page_bucket(
			layout, page, kcmap_hash_alternate(layout, hash[i]));
		prefetch_far(alternate[i]);
	}
	for (i = 0; i < nr; i++) {
		key = get_unaligned(&keys[i]);
		value = values ? &values[i] : NULL;
		rc = kcmap_pair_lookup(home[i], alternate[i], key, value);
		if (unlikely(rc || !key))
			rc = lookup_rest(table, &keys[i], value, rc);
		found |= (u64)!rc << i;
	}
	return found;
}

/* Likewise for keys and values of any size. */
static u64 window_words(struct kcmap_table *table,
			const struct kcmap_directory *directory,
			const void *keys, void *values, unsigned int nr)
{
	struct kcmap_place place[KCMAP_BULK_WINDOW] __uninitialized;
	struct kcmap_dirent *entry[KCMAP_BULK_WINDOW] __uninitialized;
	const struct kcmap_layout *layout = &directory->layout;
	u64 words[KCMAP_KEY_WORDS_MAX] __uninitialized;
	u64 hash[KCMAP_BULK_WINDOW] __uninitialized;
	unsigned int i;
	u64 found = 0;
	void *value;

	for (i = 0; i < nr; i++) {
		kcmap_words_pack(words, keys + i * layout->key_size,
				 layout->key_size);
		hash[i] = kcmap_table_hash(table, words);
		entry[i] = kcmap_directory_entry(directory, hash[i]);
		prefetch(entry[i]);
	}
	for (i = 0; i < nr; i++) {
		find_place(layout, entry[i], hash[i], &place[i]);
		prefetch(place[i].home);
	}
	for (i = 0; i < nr; i++) {
		kcmap_words_pack(words, keys + i * layout->key_size,
				 layout->key_size);
		value = values ? values + i * layout->value_size : NULL;
		if (!read_key(table, layout, entry[i], &place[i], hash[i],
			      words, value))
			found |= BIT_ULL(i);
	}
	return found;
}

/**
 * kcmap_table_lookup_bulk - copy the values of several keys
 * @table: the table
 * @keys: @nr keys, packed
 * @values: room for @nr values, packed, or NULL; where a key is absent its room
 *	is undefined
 * @nr: keys, at most KCMAP_BULK_MAX
 *
 * Each look-up is linearizable by itself; together they are no snapshot.
 *
 * Context: any.
 * Return: bit i set: key i was found. From NMI a bit may be clear because of a
 * write that was going on.
 */
u64 kcmap_table_lookup_bulk(struct kcmap_table *table, const void *keys,
			    void *values, unsigned int nr)
{
	const struct kcmap_directory *directory;
	unsigned int i, window;
	u64 bits, found = 0;

	rcu_read_lock();
	directory = rcu_dereference(table->directory);
	for (i = 0; i < nr; i += window) {
		window = min_t(unsigned int, nr - i, KCMAP_BULK_WINDOW);
		if (likely(table->layout.word_to_word))
			bits = window_pairs(table, directory, keys, values,
					    window);
		else
			bits = window_words(table, directory, keys, values,
					    window);
		found |= bits << i;
		keys += window * table->layout.key_size;
		if (values)
			values += window * table->layout.value_size;
	}
	rcu_read_unlock();
	return found;
}
