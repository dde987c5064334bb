// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the two keyed hashes. Whoever floods a map knows keys that collide
 * under some seed; under the seed of the map they must be as good as random
 * ones. So must keys as they come: numbers one after another, addresses, flows.
 */
#include <linux/kcmap_classify.h>
#include <linux/random.h>

#include "table_testlib.h"

#define KEYS 4096
#define CELLS 256
#define SEEDS 16 /* other ones, that the keys are tried under */

/*
 * Chi-square of KEYS random keys in CELLS: 255 on average, with a standard
 * deviation of 23. Random keys are above this less often than once in 10^9.
 */
#define CHI_SQUARE_MAX 425

typedef u64 (*hash_fn)(const struct kcmap_hash *hash, const u64 *key,
		       unsigned int words);

static u64 keyed(const struct kcmap_hash *hash, const u64 *key,
		 unsigned int words)
{
	return kcmap_hash_words(hash, key, words);
}

/* What a keyed hash must not be: the seed comes when the mixing is done. */
static u64 seeded_late(const struct kcmap_hash *hash, const u64 *key,
		       unsigned int words)
{
	static const u64 no_seed[3] = { 0xa0761d6478bd642fULL,
					0xe7037ed1a0b428dbULL,
					0x8ebc6af09c88c6e3ULL };

	return kcmap_hash_fast(no_seed, key, words) + hash->seed[0];
}

/* What the bits of a hash say, from the top of each field: see layout.h. */
static const unsigned int field_shift[] = {
	56, /* directory */
	32, /* tag */
	24, /* alternate */
	8, /* home */
};

static u64 chi_square(hash_fn fn, const struct kcmap_hash *hash,
		      const u64 *keys, unsigned int words, unsigned int shift)
{
	u32 cell[CELLS] = {};
	u64 squares = 0;
	int i;

	for (i = 0; i < KEYS; i++)
		cell[fn(hash, &keys[i * words], words) >> shift & (CELLS - 1)]++;
	for (i = 0; i < CELLS; i++)
		squares += (u64)cell[i] * cell[i];
	return squares * CELLS / KEYS - KEYS;
}

/* The worst under SEEDS seeds, in any field. */
static u64 worst_chi_square(hash_fn fn, bool fast, const u64 *keys,
			    unsigned int words)
{
	struct kcmap_hash hash;
	u64 worst = 0;
	int seed, i;

	for (seed = 0; seed < SEEDS; seed++) {
		kcmap_hash_init(&hash, fast);
		for (i = 0; i < ARRAY_SIZE(field_shift); i++)
			worst = max(worst, chi_square(fn, &hash, keys, words,
						      field_shift[i]));
	}
	return worst;
}

static u64 *alloc_words(struct kunit *test, unsigned int nr)
{
	u64 *words = kunit_kcalloc(test, nr, sizeof(*words), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, words);
	return words;
}

/* Keys whose hashes under this seed have a 0 in each bit of @mask. */
static void find_colliding(hash_fn fn, const struct kcmap_hash *hash, u64 mask,
			   u64 *keys, unsigned int nr)
{
	u64 key = get_random_u32();
	unsigned int i = 0;

	for (; i < nr; key++)
		if (!(fn(hash, &key, 1) & mask))
			keys[i++] = key;
}

/**
 * struct flood - which keys an attacker has found
 * @fast: for which hash
 * @name: what they share
 * @mask: the bits of the hash that are 0
 */
static const struct flood {
	bool fast;
	const char *name;
	u64 mask;
} floods[] = {
	{ true, "segment", GENMASK_ULL(63, 54) },
	{ true, "home", GENMASK_ULL(15, 6) },
	{ true, "both buckets", GENMASK_ULL(31, 27) | GENMASK_ULL(15, 11) },
	{ false, "segment", GENMASK_ULL(63, 54) },
	{ false, "home", GENMASK_ULL(15, 6) },
	{ false, "both buckets", GENMASK_ULL(31, 27) | GENMASK_ULL(15, 11) },
};

static void flood_desc(const struct flood *flood, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, same %s",
		 flood->fast ? "fast" : "siphash", flood->name);
}

KUNIT_ARRAY_PARAM(flood, floods, flood_desc);

/* Keys that collide under one seed do not under another. */
static void collide_under_one_seed(struct kunit *test)
{
	const struct flood *flood = test->param_value;
	u64 *keys = alloc_words(test, KEYS), worst;
	struct kcmap_hash one;

	kcmap_hash_init(&one, flood->fast);
	find_colliding(keyed, &one, flood->mask, keys, KEYS);
	worst = worst_chi_square(keyed, flood->fast, keys, 1);
	kunit_info(test, "worst chi-square %llu\n", worst);
	KUNIT_EXPECT_LE(test, worst, CHI_SQUARE_MAX);

	/* The same finds out a hash whose seed comes too late. */
	find_colliding(seeded_late, &one, flood->mask, keys, KEYS);
	worst = worst_chi_square(seeded_late, flood->fast, keys, 1);
	KUNIT_EXPECT_GT(test, worst, CHI_SQUARE_MAX);
}

/* Nor do pairs: neighbouring numbers, as callers have them, in 8 bits. */
static void pairs_part(struct kunit *test)
{
	u32 pairs[2] = {}, again[2] = {};
	struct kcmap_hash one, other;
	u64 key, next;
	int fast;

	for (fast = 0; fast < 2; fast++) {
		kcmap_hash_init(&one, fast);
		kcmap_hash_init(&other, fast);
		for (key = 0; key < 100000; key++) {
			next = key + 1;
			if ((u8)kcmap_hash_words(&one, &key, 1) !=
			    (u8)kcmap_hash_words(&one, &next, 1))
				continue;
			pairs[fast]++;
			again[fast] += (u8)kcmap_hash_words(&other, &key, 1) ==
				       (u8)kcmap_hash_words(&other, &next, 1);
		}
		/* Expected: 390 pairs, of which 1 in 256 again. */
		KUNIT_EXPECT_GT(test, pairs[fast], 200);
		KUNIT_EXPECT_LT(test, again[fast], pairs[fast] / 8);
	}
}

/* Each bit of the key reaches every bit of the hash. */
static void each_bit_counts(struct kunit *test)
{
	u64 key[4], flipped, hash;
	unsigned int bit, trial;
	struct kcmap_hash seed;
	int fast;

	for (fast = 0; fast < 2; fast++) {
		for (bit = 0; bit < 256; bit++) {
			flipped = 0;
			for (trial = 0; trial < 64; trial++) {
				kcmap_hash_init(&seed, fast);
				get_random_bytes(key, sizeof(key));
				hash = kcmap_hash_words(&seed, key, 4);
				key[bit / 64] ^= BIT_ULL(bit % 64);
				flipped |= hash ^
					   kcmap_hash_words(&seed, key, 4);
			}
			/* A bit that never flips by chance: 2^-64. */
			KUNIT_ASSERT_EQ(test, flipped, U64_MAX);
		}
	}
}

static void key_random(void *key, u64 i)
{
	get_random_bytes(key, sizeof(u64));
}

static void key_counted(void *key, u64 i)
{
	*(u64 *)key = i;
}

static void key_top_bits(void *key, u64 i)
{
	*(u64 *)key = i << 48;
}

static void key_bottom_bits(void *key, u64 i)
{
	*(u64 *)key = 0xffff888000000000ULL | i;
}

static void key_pages(void *key, u64 i)
{
	*(u64 *)key = 0xffff888000000000ULL | i << PAGE_SHIFT;
}

static void key_big_endian(void *key, u64 i)
{
	*(u64 *)key = swab64(i);
}

/* Three bits set: the i-th of these keys. */
static void key_three_bits(void *key, u64 i)
{
	unsigned int a, b, c;

	for (a = 2; a < 64; a++)
		for (b = 1; b < a; b++)
			for (c = 0; c < b; c++)
				if (!i--)
					goto found;
found:
	*(u64 *)key = BIT_ULL(a) | BIT_ULL(b) | BIT_ULL(c);
}

static void make_flow(struct kcmap_flow_key *flow, u32 source, u16 port)
{
	*flow = (struct kcmap_flow_key){
		.src = { [10] = 0xff,
			 [11] = 0xff,
			 10,
			 source >> 16,
			 source >> 8,
			 source },
		.dst = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 },
		.sport = cpu_to_be16(port),
		.dport = cpu_to_be16(443),
		.protocol = 6,
		.family = 2,
	};
}

static void key_flow_ports(void *key, u64 i)
{
	make_flow(key, 1, 1024 + i);
}

static void key_flow_hosts(void *key, u64 i)
{
	make_flow(key, i, 40000);
}

static void key_flow_both(void *key, u64 i)
{
	make_flow(key, i / 64, 32768 + i % 64);
}

/**
 * struct pattern - keys as they come
 * @name: what they are
 * @words: 8-byte words of a key
 * @make: make the i-th key
 */
static const struct pattern {
	const char *name;
	unsigned int words;
	void (*make)(void *key, u64 i);
} patterns[] = {
	{ "random", 1, key_random },
	{ "counted", 1, key_counted },
	{ "top bits", 1, key_top_bits },
	{ "bottom bits", 1, key_bottom_bits },
	{ "pages", 1, key_pages },
	{ "big endian", 1, key_big_endian },
	{ "three bits", 1, key_three_bits },
	{ "flows, ports", 5, key_flow_ports },
	{ "flows, hosts", 5, key_flow_hosts },
	{ "flows, both", 5, key_flow_both },
};

static void pattern_desc(const struct pattern *pattern, char *desc)
{
	strscpy(desc, pattern->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pattern, patterns, pattern_desc);

static void patterns_spread(struct kunit *test)
{
	const struct pattern *pattern = test->param_value;
	u64 *keys, worst;
	int i, fast;

	keys = alloc_words(test, KEYS * pattern->words);
	for (i = 0; i < KEYS; i++)
		pattern->make(&keys[i * pattern->words], i);
	for (fast = 0; fast < 2; fast++) {
		worst = worst_chi_square(keyed, fast, keys, pattern->words);
		kunit_info(test, "%s: worst chi-square %llu\n",
			   fast ? "fast" : "siphash", worst);
		KUNIT_EXPECT_LE(test, worst, CHI_SQUARE_MAX);
	}
}

/* Statistics of a table with these keys. */
static struct kcmap_table_stats fill(struct kunit *test,
				     struct kcmap_table *table, const u64 *keys,
				     unsigned int nr)
{
	unsigned int words = table->layout.key_words, i;
	struct kcmap_table_stats stats;
	u64 value[4] = {};

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_write(table, KCMAP_WRITE_INSERT,
						  &keys[i * words], value, NULL,
						  GFP_KERNEL));
	kcmap_table_stats(table, &stats);
	return stats;
}

/*
 * Into a table whose splits run in step: 64 segments, each 0.7 full. Random keys
 * chain nothing, and split few segments more, or less.
 */
#define STEP_SEGMENTS 64
#define STEP_SEGMENTS_MIN 60
#define STEP_SEGMENTS_MAX 80

static void patterns_fill(struct kunit *test)
{
	const struct pattern *pattern = test->param_value;
	struct test_shape shape = { pattern->words * 8,
				    pattern->words > 1 ? 32 : 8, 100000 };
	struct kcmap_table_stats stats;
	struct kcmap_table *table;
	unsigned int nr, i;
	u64 *keys = NULL;
	int fast;

	for (fast = 0; fast < 2; fast++) {
		shape.hash_fast = fast;
		table = test_table(test, &shape);
		nr = STEP_SEGMENTS * kcmap_layout_slots(&table->layout) * 7 /
		     10;
		if (!keys) {
			keys = alloc_words(test, nr * pattern->words);
			for (i = 0; i < nr; i++)
				pattern->make(&keys[i * pattern->words], i);
		}
		stats = fill(test, table, keys, nr);
		kunit_info(test, "%s: %u keys, %llu segments, %llu chained\n",
			   fast ? "fast" : "siphash", nr, stats.segments,
			   stats.overflow_segments);
		KUNIT_EXPECT_EQ(test, 0ULL, stats.overflow_segments);
		KUNIT_EXPECT_GE(test, stats.segments, STEP_SEGMENTS_MIN);
		KUNIT_EXPECT_LE(test, stats.segments, STEP_SEGMENTS_MAX);
		test_table_free(test, table);
	}
}

/*
 * Keys that all go to one segment of one map, and so are chained there, fill
 * others as random keys do: 16 segments, each 0.7 full.
 */
static void floods_one_map(struct kunit *test)
{
	const unsigned int nr = 2100;
	struct test_shape shape = { 8, 8, 3000 };
	struct kcmap_table_stats stats;
	struct kcmap_table *table;
	int fast, other;
	u64 *keys;

	keys = alloc_words(test, nr);
	for (fast = 0; fast < 2; fast++) {
		shape.hash_fast = fast;
		table = test_table(test, &shape);
		find_colliding(keyed, &table->hash,
			       GENMASK_ULL(63, 61 - table->layout.depth), keys,
			       nr);
		stats = fill(test, table, keys, nr);
		KUNIT_EXPECT_GT(test, stats.overflow_segments, 8ULL);
		test_table_free(test, table);
		for (other = 0; other < SEEDS; other++) {
			table = test_table(test, &shape);
			stats = fill(test, table, keys, nr);
			KUNIT_EXPECT_EQ(test, 0ULL, stats.overflow_segments);
			KUNIT_EXPECT_GE(test, stats.segments, 15);
			KUNIT_EXPECT_LE(test, stats.segments, 19);
			test_table_free(test, table);
		}
	}
}

static struct kunit_case hash_cases[] = {
	KUNIT_CASE_PARAM(collide_under_one_seed, flood_gen_params),
	KUNIT_CASE(pairs_part),
	KUNIT_CASE(each_bit_counts),
	KUNIT_CASE_PARAM(patterns_spread, pattern_gen_params),
	KUNIT_CASE_PARAM(patterns_fill, pattern_gen_params),
	KUNIT_CASE(floods_one_map),
	{}
};

static struct kunit_suite hash_suite = {
	.name = "kcmap_hash",
	.test_cases = hash_cases,
};

kunit_test_suite(hash_suite);
