// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes: under the lock of the key's home bucket, inside the gate, interrupts
 * off. What has to be allocated is allocated outside, and the attempt repeated.
 */
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/prefetch.h>
#include <linux/slab.h>

#include "busted.h"
#include "fault.h"
#include "pair.h"
#include "table_internal.h"

/* Rounds of moves for one key, in case others take the room that was made. */
#define KCMAP_ROUNDS_MAX 8

/* Share of its buckets that deletes empty between two looks whether to merge. */
#define KCMAP_EMPTIED_SHARE 8

/* What an attempt lacks, as a positive return value. */
enum lack {
	LACK_SPLIT = 1, /* a segment that is not full */
	LACK_CHAIN, /* a segment to be chained */
	LACK_COPY, /* the segment for itself: a snapshot has it */
	LACK_GATE, /* the gate, or the segment while it is replaced: wait */
};

/**
 * struct write_job - a write
 * @op: what to do
 * @value: value to store, or NULL
 * @old: where the value that is found goes, or NULL
 * @fn: with KCMAP_WRITE_UPDATE: changes the value in place of @value, or NULL
 * @ctx: argument of @fn
 * @gfp: how to allocate
 * @chain: a segment made to be chained, to use if one is lacking
 * @segment: segment that @rounds and @no_split are about; compared only
 * @rounds: rounds of moves that were tried
 * @no_split: splitting was tried in vain
 * @sparse: the delete has emptied many buckets of its segment
 * @hash: hash of @key
 * @key: padded with zeros
 */
struct write_job {
	enum kcmap_write op;
	const void *value;
	void *old;
	kcmap_modify_fn fn;
	void *ctx;
	gfp_t gfp;
	struct kcmap_segment *chain;
	const struct kcmap_segment *segment;
	unsigned int rounds;
	bool no_split;
	bool sparse;
	u64 hash;
	u64 key[KCMAP_KEY_WORDS_MAX];
};

/**
 * struct locked - the bucket locks that a write holds
 * @segment: segment of the key
 * @locks: of its buckets
 * @home: number of the home bucket; locked
 * @alternate: number of the alternate bucket
 * @both: whether that is locked as well
 */
struct locked {
	struct kcmap_segment *segment;
	raw_spinlock_t *locks;
	unsigned int home;
	unsigned int alternate;
	bool both;
};

enum where { HOME, ALTERNATE, CHAIN };

struct place {
	struct kcmap_bucket *bucket;
	int slot;
	enum where where;
};

/* A copy of a value for kcmap_modify_fn; interrupts are off while it is used.
 */
static DEFINE_PER_CPU(u64[KCMAP_VALUE_WORDS_MAX], value_copy);

/*
 * All but hash and key: an initialiser would set 128 bytes for nothing. So would
 * kernels that clear the stack, were a job not __uninitialized.
 */
static void job_init(struct write_job *job, enum kcmap_write op, gfp_t gfp)
{
	job->op = op;
	job->value = NULL;
	job->old = NULL;
	job->fn = NULL;
	job->ctx = NULL;
	job->gfp = gfp;
	job->chain = NULL;
	job->segment = NULL;
	job->rounds = 0;
	job->no_split = false;
	job->sparse = false;
}

static bool may_insert(const struct write_job *job)
{
	return job->op == KCMAP_WRITE_INSERT || job->op == KCMAP_WRITE_UPSERT;
}

/*
 * Sparse cannot follow locks that are held as a struct says: __release() and
 * __acquire() tell it that none is held from one function to the next.
 */
static void lock_home(const struct locked *locked)
{
	raw_spinlock_t *lock = &locked->locks[locked->home];

	raw_spin_lock(lock);
	__release(lock);
}

/*
 * Lock the alternate bucket too, in ascending order. Return: whether the home
 * bucket was unlocked meanwhile, and what was seen there is void.
 */
static bool lock_alternate(struct locked *locked)
{
	raw_spinlock_t *alternate, *home;

	if (locked->both)
		return false;
	home = &locked->locks[locked->home];
	alternate = &locked->locks[locked->alternate];
	locked->both = true;
	if (alternate > home) {
		raw_spin_lock_nested(alternate, SINGLE_DEPTH_NESTING);
		__release(alternate);
		return false;
	}
	if (raw_spin_trylock(alternate)) {
		__release(alternate);
		return false;
	}
	__acquire(home);
	raw_spin_unlock(home);
	raw_spin_lock(alternate);
	raw_spin_lock_nested(home, SINGLE_DEPTH_NESTING);
	__release(home);
	__release(alternate);
	return true;
}

static void unlock(struct locked *locked)
{
	raw_spinlock_t *locks = locked->locks;

	if (locked->both) {
		__acquire(&locks[locked->alternate]);
		raw_spin_unlock(&locks[locked->alternate]);
	}
	locked->both = false;
	__acquire(&locks[locked->home]);
	raw_spin_unlock(&locks[locked->home]);
}

static __always_inline struct kcmap_bucket *
home_bucket(const struct kcmap_layout *layout, const struct locked *locked)
{
	return kcmap_segment_bucket(layout, locked->segment, locked->home);
}

static __always_inline bool find_in(const struct kcmap_layout *layout,
				    const struct write_job *job,
				    struct kcmap_bucket *bucket,
				    enum where where, struct place *place)
{
	place->bucket = bucket;
	place->where = where;
	place->slot = kcmap_bucket_find(layout, bucket, job->key,
					kcmap_hash_tag(job->hash));
	return place->slot >= 0;
}

/* Find the key wherever it may be, locking what that needs. */
static __always_inline bool find(const struct kcmap_layout *layout,
				 const struct write_job *job,
				 struct locked *locked, struct place *place)
{
	struct kcmap_bucket *home = home_bucket(layout, locked);
	struct kcmap_segment *segment = locked->segment;

	if (find_in(layout, job, home, HOME, place))
		return true;
	if (home->state & KCMAP_STATE_AWAY) {
		if (lock_alternate(locked) &&
		    find_in(layout, job, home, HOME, place))
			return true;
		if (find_in(layout, job,
			    kcmap_segment_bucket(layout, segment,
						 locked->alternate),
			    ALTERNATE, place))
			return true;
	}
	if (!(home->state & KCMAP_STATE_CHAIN))
		return false;
	while ((segment = rcu_dereference(segment->chain)))
		if (find_in(layout, job,
			    kcmap_segment_bucket(layout, segment, locked->home),
			    CHAIN, place))
			return true;
	return false;
}

/* The home bucket's count of keys in alternate or chain goes up or down by one.
 */
static void count_elsewhere(struct kcmap_bucket *home, enum where where, int by)
{
	u64 state = home->state;

	if (where == ALTERNATE) {
		state += by * KCMAP_STATE_AWAY_ONE;
	} else {
		/* At the top it sticks: it does not know any more. */
		if ((state & KCMAP_STATE_CHAIN) == KCMAP_STATE_CHAIN)
			return;
		state += by * KCMAP_STATE_CHAIN_ONE;
	}
	kcmap_bucket_end(home, state);
}

static __always_inline void put(const struct kcmap_layout *layout,
				const struct write_job *job,
				struct kcmap_bucket *home,
				const struct place *place)
{
	u64 *words = kcmap_slot(layout, place->bucket, place->slot);
	u64 state = kcmap_bucket_begin(place->bucket);
	unsigned int i;

	for (i = 0; i < layout->key_words; i++)
		WRITE_ONCE(words[i], job->key[i]);
	kcmap_linger(KCMAP_MOMENT_STORE);
	kcmap_words_write(words + layout->key_words, job->value,
			  layout->value_size);
	kcmap_bucket_set_tag(place->bucket, place->slot,
			     kcmap_hash_tag(job->hash));
	kcmap_bucket_end(place->bucket,
			 state | BIT_ULL(KCMAP_STATE_LIVE_SHIFT + place->slot));
	/* After the entry: a reader of the count finds the entry. */
	if (place->where != HOME)
		count_elsewhere(home, place->where, 1);
}

static __always_inline void take_out(const struct kcmap_layout *layout,
				     struct kcmap_bucket *home,
				     const struct place *place)
{
	u64 live = BIT_ULL(KCMAP_STATE_LIVE_SHIFT + place->slot);
	u64 state = kcmap_bucket_begin(place->bucket);

	kcmap_bucket_wipe_slot(layout, place->bucket, place->slot);
	kcmap_bucket_end(place->bucket, state & ~live);
	/* After the entry: while it can be found, it is counted. */
	if (place->where != HOME)
		count_elsewhere(home, place->where, -1);
}

static __always_inline void replace_value(const struct kcmap_layout *layout,
					  const struct write_job *job,
					  struct locked *locked,
					  const struct place *place)
{
	u64 *words = kcmap_slot(layout, place->bucket, place->slot) +
		     layout->key_words;
	const void *value = job->value;
	u64 state;

	if (job->fn) {
		u64 *copy = *this_cpu_ptr(&value_copy);

		kcmap_words_read(copy, words, layout->value_size);
		job->fn(copy, job->ctx);
		value = copy;
		if (kcmap_busted(KCMAP_BUSTED_DROP_LOCK)) {
			unlock(locked);
			lock_home(locked);
		}
	}
	state = kcmap_bucket_begin(place->bucket);
	kcmap_words_write(words, value, layout->value_size);
	kcmap_bucket_end(place->bucket, state);
}

/*
 * Now and then, where deletes empty buckets, somebody should look whether the
 * segment is sparse. A hint, counted without care.
 */
static __always_inline bool is_time_to_look(const struct kcmap_layout *layout,
					    const struct locked *locked,
					    const struct place *place)
{
	u32 emptied;

	if (kcmap_state_live(place->bucket->state))
		return false;
	emptied = READ_ONCE(locked->segment->emptied) + 1;
	if (emptied < kcmap_layout_buckets(layout) / KCMAP_EMPTIED_SHARE) {
		WRITE_ONCE(locked->segment->emptied, emptied);
		return false;
	}
	WRITE_ONCE(locked->segment->emptied, 0);
	/* With other keys splitting may help again. */
	WRITE_ONCE(locked->segment->unsplittable, false);
	return true;
}

static __always_inline int
write_found(struct kcmap_table *table, const struct kcmap_layout *layout,
	    struct write_job *job, struct kcmap_contents *contents,
	    struct locked *locked, const struct place *place)
{
	if (job->old)
		kcmap_words_read(job->old,
				 kcmap_slot(layout, place->bucket,
					    place->slot) +
					 layout->key_words,
				 layout->value_size);
	if (job->op == KCMAP_WRITE_DELETE) {
		take_out(layout, home_bucket(layout, locked), place);
		job->sparse = is_time_to_look(layout, locked, place);
		kcmap_capacity_give(&contents->capacity);
		__this_cpu_inc(table->counters->deletes);
	} else {
		replace_value(layout, job, locked, place);
		__this_cpu_inc(table->counters->updates);
	}
	return 0;
}

/* A slot in a chained segment. -1: none; the last of the chain is told. */
static bool free_in_chain(const struct kcmap_layout *layout,
			  const struct locked *locked, struct place *place,
			  struct kcmap_segment **last)
{
	struct kcmap_segment *segment = locked->segment;

	place->where = CHAIN;
	do {
		*last = segment;
		segment = rcu_dereference(segment->chain);
		if (!segment)
			return false;
		place->bucket =
			kcmap_segment_bucket(layout, segment, locked->home);
		place->slot =
			kcmap_bucket_free_slot(layout, place->bucket->state);
	} while (place->slot < 0);
	return true;
}

static __always_inline bool free_in(const struct kcmap_layout *layout,
				    struct kcmap_bucket *bucket,
				    enum where where, struct place *place)
{
	place->bucket = bucket;
	place->where = where;
	place->slot = kcmap_bucket_free_slot(layout, bucket->state);
	return place->slot >= 0;
}

/*
 * Find a slot for a key that is absent and whose home is full. 0; -EAGAIN: the
 * locks were dropped, or room was made, look for the key again; what is lacking;
 * -ENOSPC, told here already where room would have to be made for nothing.
 */
static noinline int find_room(struct kcmap_table *table, struct write_job *job,
			      struct kcmap_contents *contents,
			      struct locked *locked, struct place *place)
{
	const struct kcmap_layout *layout = &table->layout;
	struct kcmap_bucket *home = home_bucket(layout, locked);
	struct kcmap_segment *last;

	if (lock_alternate(locked))
		return -EAGAIN;
	if ((home->state & KCMAP_STATE_AWAY) != KCMAP_STATE_AWAY &&
	    free_in(layout,
		    kcmap_segment_bucket(layout, locked->segment,
					 locked->alternate),
		    ALTERNATE, place))
		return 0;
	if (!kcmap_capacity_left(&contents->capacity))
		return -ENOSPC;
	if (job->rounds++ < KCMAP_ROUNDS_MAX) {
		unlock(locked);
		if (!kcmap_make_room(table, locked->segment, job->hash))
			job->rounds = KCMAP_ROUNDS_MAX;
		kcmap_linger(KCMAP_MOMENT_ROOM);
		lock_home(locked);
		return -EAGAIN;
	}
	if (!job->no_split && !READ_ONCE(locked->segment->unsplittable) &&
	    locked->segment->depth < layout->depth)
		return LACK_SPLIT;
	while (!free_in_chain(layout, locked, place, &last)) {
		if (!job->chain)
			return LACK_CHAIN;
		if (kcmap_segment_chain(contents, last, job->chain)) {
			job->chain = NULL;
			/* With as many keys again splitting may help. */
			WRITE_ONCE(locked->segment->unsplittable, false);
		}
	}
	return 0;
}

/* Whether the segment is being, or has been, replaced; see segment.h. */
static bool is_frozen(const struct locked *locked)
{
	return unlikely(READ_ONCE(locked->segment->frozen)) &&
	       !kcmap_busted(KCMAP_BUSTED_NO_FROZEN);
}

/*
 * Whether the write must wait for a copy of the segment. Asked before anything is
 * changed, and not for what fails anyway. It stays so until the writer leaves the gate.
 */
static __always_inline bool must_copy(const struct kcmap_table *table,
				      const struct locked *locked)
{
	return unlikely(kcmap_is_shared(table->arena, locked->segment)) &&
	       !kcmap_busted(KCMAP_BUSTED_NO_COPY);
}

static __always_inline int write_locked(struct kcmap_table *table,
					const struct kcmap_layout *layout,
					struct write_job *job,
					struct kcmap_contents *contents,
					struct locked *locked)
{
	struct place place;
	bool found;
	int rc;

	kcmap_linger(KCMAP_MOMENT_WRITE);
	do {
		found = !(job->rounds &&
			  kcmap_busted(KCMAP_BUSTED_NO_SECOND_LOOK)) &&
			find(layout, job, locked, &place);
		/* Afterwards, since home may have been dropped and retaken. */
		if (is_frozen(locked))
			return LACK_GATE;
		if (found && job->op == KCMAP_WRITE_INSERT)
			return -EEXIST;
		if (!found && !may_insert(job))
			return -ENOENT;
		if (must_copy(table, locked))
			return LACK_COPY;
		kcmap_linger(KCMAP_MOMENT_CHANGE);
		if (found)
			return write_found(table, layout, job, contents, locked,
					   &place);
		/* Most often there is room at home. */
		rc = free_in(layout, home_bucket(layout, locked), HOME,
			     &place) ?
			     0 :
			     find_room(table, job, contents, locked, &place);
	} while (rc == -EAGAIN);
	if (rc)
		return rc;
	/* From here nothing fails: a credit that is taken is an entry. */
	if (!kcmap_capacity_take(&contents->capacity))
		return -ENOSPC;
	put(layout, job, home_bucket(layout, locked), &place);
	__this_cpu_inc(table->counters->inserts);
	return 0;
}

/* All lines that the write will need are fetched at once, not one by one. */
static __always_inline void find_home(const struct kcmap_directory *directory,
				      const struct kcmap_layout *layout,
				      u64 hash, struct locked *locked)
{
	struct kcmap_dirent *entry = kcmap_directory_entry(directory, hash);
	struct kcmap_bucket *page;

	locked->both = false;
	locked->home = kcmap_hash_home(layout, hash);
	locked->alternate = kcmap_hash_alternate(layout, hash);
	if (likely(!layout->page_bits)) {
		page = rcu_dereference(entry->page);
		prefetchw(kcmap_page_bucket(layout, page, locked->home));
		prefetchw(kcmap_page_bucket(layout, page, locked->alternate));
	}
	locked->segment = kcmap_dirent_segment(entry);
	locked->locks = kcmap_segment_locks(layout, locked->segment);
	prefetchw(&locked->locks[locked->home]);
	prefetch(locked->segment);
}

/* Context: RCU. Return: 0, an error, or what is lacking. */
static __always_inline int attempt(struct kcmap_table *table,
				   const struct kcmap_layout *layout,
				   struct write_job *job)
{
	struct kcmap_directory *directory = rcu_dereference(table->directory);
	struct locked locked;
	unsigned long flags;
	u32 *active;
	int rc;

	find_home(directory, layout, job->hash, &locked);
	if (job->segment != locked.segment) {
		/* What was tried in the one before says nothing of this. */
		job->segment = locked.segment;
		job->rounds = 0;
		job->no_split = false;
	}

	local_irq_save(flags);
	active = kcmap_gate_enter(&table->gate);
	lock_home(&locked);
	/* The gate first: its keeper may replace the contents. */
	if (likely(kcmap_gate_passed(&table->gate)) &&
	    likely(directory->contents == table->contents))
		rc = write_locked(table, layout, job, directory->contents,
				  &locked);
	else
		rc = LACK_GATE;
	unlock(&locked);
	kcmap_gate_exit(active);
	local_irq_restore(flags);
	if (rc)
		return rc;
	/*
	 * Unlocking lets later loads overtake the stores, on x86 too. Without
	 * this, two CPUs that each insert a key and then look up the other's
	 * could both miss, and a write would not be linearizable: what has
	 * returned is seen by whatever begins later. Readers need nothing.
	 */
	smp_mb();
	return 0;
}

/* Get what an attempt lacked. Context: as job->gfp allows, outside RCU. */
static bool provide(struct kcmap_table *table, struct write_job *job, int lack)
{
	switch (lack) {
	case LACK_SPLIT:
		/* In vain: the key is chained. */
		if (!kcmap_split(table, job->hash, job->segment, job->gfp))
			job->no_split = true;
		job->rounds = 0;
		return true;
	case LACK_CHAIN:
		job->chain = kcmap_segment_alloc(
			table->arena, &table->layout, KCMAP_FRAME_CHAINED,
			!gfpflags_allow_blocking(job->gfp), job->gfp);
		return job->chain;
	case LACK_COPY:
		return kcmap_copy(table, job->hash, job->segment, job->gfp);
	default:
		/* Who freezes a segment has interrupts off: it is soon done. */
		kcmap_gate_wait(&table->gate);
		cpu_relax();
		return true;
	}
}

static int run(struct kcmap_table *table, struct write_job *job,
	       const void *key)
{
	const struct kcmap_layout *layout = &table->layout;
	int rc;

	if (WARN_ON_ONCE(in_nmi()))
		return -EINVAL;
	kcmap_words_pack(job->key, key, layout->key_size);
	job->hash = kcmap_table_hash(table, job->key);
	for (;;) {
		rcu_read_lock();
		/* Compiled twice: with the sizes that most have, as constants. */
		if (likely(layout->word_to_word))
			rc = attempt(table, &kcmap_pair_layout, job);
		else
			rc = attempt(table, layout, job);
		rcu_read_unlock();
		if (likely(rc <= 0))
			break;
		if (!provide(table, job, rc)) {
			rc = -ENOMEM;
			break;
		}
	}
	/* What was got and then not needed, since somebody else was faster. */
	kcmap_segment_free(job->chain);
	if (unlikely(job->sparse))
		kcmap_merge(table, job->hash, job->gfp);
	if (rc == -ENOSPC)
		this_cpu_inc(table->counters->full);
	else if (rc == -ENOMEM)
		this_cpu_inc(table->counters->nomem);
	return rc;
}

/**
 * kcmap_table_write - store, replace or delete the entry of a key
 * @table: the table
 * @op: what to do
 * @key: key_size bytes
 * @value: value_size bytes; not used for KCMAP_WRITE_DELETE
 * @old: room for value_size bytes: the value that was there, if any; or NULL
 * @gfp: how to allocate
 *
 * Linearizable. After an error the table is as it was.
 *
 * Context: process, softirq or hardirq (with a @gfp that allows it), not NMI;
 * takes raw spinlocks with interrupts off. On PREEMPT_RT, which allocates with
 * interrupts on only, all with interrupts on.
 * Return: 0; -EEXIST (INSERT); -ENOENT (UPDATE, DELETE); -ENOSPC (INSERT, UPSERT);
 * -ENOMEM: UPDATE and DELETE, too, while a snapshot is open.
 */
int kcmap_table_write(struct kcmap_table *table, enum kcmap_write op,
		      const void *key, const void *value, void *old, gfp_t gfp)
{
	struct write_job job __uninitialized;

	job_init(&job, op, gfp);
	job.value = value;
	job.old = old;
	return run(table, &job, key);
}

/**
 * kcmap_table_modify - change the value of a key in one atomic step
 * @table: the table
 * @key: key_size bytes
 * @fn: gets a copy of the value, and changes it to what is to be stored
 * @ctx: argument of @fn
 *
 * Context: process, softirq or hardirq, not NMI; takes raw spinlocks with
 * interrupts off, and calls @fn under them.
 * Return: 0; -ENOENT; -ENOMEM: a snapshot has the segment, and there is no memory to
 * copy it.
 */
int kcmap_table_modify(struct kcmap_table *table, const void *key,
		       kcmap_modify_fn fn, void *ctx)
{
	struct write_job job __uninitialized;

	/* Allocates only if a snapshot has the segment. */
	job_init(&job, KCMAP_WRITE_UPDATE, GFP_NOWAIT | __GFP_NOWARN);
	job.fn = fn;
	job.ctx = ctx;
	return run(table, &job, key);
}
