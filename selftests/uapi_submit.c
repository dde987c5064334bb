// SPDX-License-Identifier: GPL-2.0-only
/* KCMAP_MAP_SUBMIT: opcodes, statuses and faults, in both forms. */
#include "uapi.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static struct kcmap_submit submit_args(struct kcmap_op *ops, uint32_t nr)
{
	return (struct kcmap_submit){
		.size = sizeof(struct kcmap_submit),
		.nr = nr,
		.done = 99,
		.ops = PTR(ops),
		.op_size = sizeof(*ops),
	};
}

/* Fill a map with the keys from..to-1, each with its tenfold. */
static void fill(int fd, uint64_t from, uint64_t to)
{
	for (; from < to; from++) {
		uint64_t value = from * 10;

		REQUIRE(!op(fd, KCMAP_OP_INSERT, &from, &value, NULL));
	}
}

static int value_of(int fd, uint64_t key, uint64_t *value)
{
	*value = 0;
	return op(fd, KCMAP_OP_LOOKUP, &key, NULL, value);
}

#define CHECK_VALUE(fd, key, expected)                        \
	do {                                                  \
		uint64_t check_value;                         \
		CHECK_EQ(value_of(fd, key, &check_value), 0); \
		CHECK_EQ(check_value, expected);              \
	} while (0)

#define CHECK_ABSENT(fd, key)                                             \
	do {                                                              \
		uint64_t check_key = (key);                               \
		CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &check_key, NULL, NULL), \
			 -ENOENT);                                        \
	} while (0)

TEST(opcodes)
{
	int fd = map_create(NULL, 2, 8, 8);
	uint64_t key = 1, value = 10, result = 77;

	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, &result), -ENOENT);
	CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, &value, NULL), -ENOENT);
	CHECK_EQ(op(fd, KCMAP_OP_DELETE, &key, NULL, NULL), -ENOENT);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, &result),
		 -ENOENT);
	CHECK_EQ(result, 77);

	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &value, NULL), 0);
	value = 11;
	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &value, NULL), -EEXIST);
	CHECK_VALUE(fd, 1, 10);
	CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, &value, NULL), 0);
	CHECK_VALUE(fd, 1, 11);
	value = 12;
	CHECK_EQ(op(fd, KCMAP_OP_UPSERT, &key, &value, NULL), 0);
	CHECK_VALUE(fd, 1, 12);
	key = 2;
	CHECK_EQ(op(fd, KCMAP_OP_UPSERT, &key, &value, NULL), 0);
	key = 3;
	CHECK_EQ(op(fd, KCMAP_OP_UPSERT, &key, &value, NULL), -ENOSPC);
	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &value, NULL), -ENOSPC);
	CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, &value, NULL), -ENOENT);
	CHECK_EQ(map_stats(fd).full, 2);
	CHECK_EQ(map_stats(fd).entries, 2);

	key = 1;
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, &result), 0);
	CHECK_EQ(result, 12);
	CHECK_ABSENT(fd, 1);
	key = 2;
	CHECK_EQ(op(fd, KCMAP_OP_DELETE, &key, NULL, NULL), 0);
	CHECK_EQ(map_stats(fd).entries, 0);
}

TEST(result_not_wanted)
{
	int fd = map_create(NULL, 8, 8, 8);
	uint64_t key = 1;

	fill(fd, 1, 2);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, NULL), 0);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, NULL), 0);
	CHECK_ABSENT(fd, 1);
}

/* A set: values of no bytes, whose addresses are not looked at. */
TEST(set)
{
	int fd = map_create(NULL, 8, 8, 0);
	uint64_t key = 1;
	int32_t status = 9;
	void *bad = (void *)8;

	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, NULL, NULL), 0);
	CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, bad, NULL), 0);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, bad), 0);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, bad), 0);
	CHECK_EQ(strided(fd, KCMAP_OP_INSERT, 1, &key, bad, NULL, &status), 1);
	CHECK_EQ(status, 0);
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP, 1, &key, NULL, bad, &status), 1);
	CHECK_EQ(status, 0);
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP_AND_DELETE, 1, &key, NULL, bad,
			 &status),
		 1);
	CHECK_EQ(status, 0);
	CHECK_EQ(map_stats(fd).entries, 0);
}

TEST(arguments)
{
	int fd = map_create(NULL, 8, 8, 8);
	struct kcmap_op ops[2] = {};
	struct kcmap_submit args = submit_args(ops, 0);
	unsigned int i;

	CHECK_OK(ioctl(fd, KCMAP_MAP_SUBMIT, &args));
	CHECK_EQ(args.done, 0);
	args.nr = KCMAP_SUBMIT_MAX + 1;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EINVAL);
	args.nr = UINT32_MAX;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EINVAL);

	args.nr = 1;
	args.op_size = 0;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EINVAL);
	args.op_size = sizeof(ops[0]) - 1;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EINVAL);
	args.op_size = 4097;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), E2BIG);

	/* Members of the other form. */
	for (i = 0; i < 12; i++) {
		struct kcmap_submit strided = {
			.size = sizeof(strided),
			.flags = KCMAP_SUBMIT_STRIDED,
			.opcode = KCMAP_OP_LOOKUP,
		};
		int expected = EINVAL;

		args = submit_args(ops, 0);
		switch (i) {
		case 0:
			args.opcode = 1;
			break;
		case 1:
			args.op_flags = 1;
			break;
		case 2:
			args.keys = 1;
			break;
		case 3:
			args.values = 1;
			break;
		case 4:
			args.results = 1;
			break;
		case 5:
			args.statuses = 1;
			break;
		case 6:
			strided.ops = 1;
			args = strided;
			break;
		case 7:
			strided.op_size = 128;
			args = strided;
			break;
		case 8:
			strided.op_flags = 1;
			args = strided;
			break;
		case 9:
			strided.opcode = 0;
			args = strided;
			break;
		case 10:
			strided.values = 8;
			args = strided;
			break;
		case 11:
			args = strided;
			expected = 0;
			break;
		}
		if (!CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), expected))
			tap_diag("... case %u", i);
	}
	for (i = KCMAP_OP_LOOKUP_AND_DELETE + 1; i < 256; i++)
		CHECK_EQ(strided(fd, i, 0, NULL, NULL, NULL, NULL),
			 -EOPNOTSUPP);
	CHECK_EQ(strided(fd, KCMAP_OP_INSERT, 0, NULL, NULL, &fd, NULL),
		 -EINVAL);
	CHECK_EQ(strided(fd, KCMAP_OP_DELETE, 0, NULL, &fd, NULL, NULL),
		 -EINVAL);
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP_AND_DELETE, 0, NULL, &fd, NULL,
			 NULL),
		 -EINVAL);
}

/* Each item has its status, and a failed one stops nothing. */
TEST(mixed_statuses)
{
	int fd = map_create(NULL, 100, 8, 8);
	uint64_t keys[] = { 1, 2, 3, 4 }, value = 5, result = 0, result2 = 0;
	struct kcmap_op ops[] = {
		{ .opcode = KCMAP_OP_INSERT,
		  .key = PTR(&keys[0]),
		  .value = PTR(&value),
		  .trace_id = 1234 },
		{ .opcode = KCMAP_OP_INSERT,
		  .key = PTR(&keys[0]),
		  .value = PTR(&value) },
		{ .opcode = 0, .key = PTR(&keys[0]) },
		{ .opcode = KCMAP_OP_LOOKUP_OR_INSERT, .key = PTR(&keys[0]) },
		{ .opcode = 255, .key = PTR(&keys[0]) },
		{ .opcode = KCMAP_OP_LOOKUP, .flags = 1, .key = PTR(&keys[0]) },
		{ .opcode = KCMAP_OP_LOOKUP,
		  .reserved = 1,
		  .key = PTR(&keys[0]) },
		{ .opcode = KCMAP_OP_LOOKUP,
		  .key = PTR(&keys[0]),
		  .operand[10] = 1 },
		{ .opcode = KCMAP_OP_LOOKUP,
		  .key = PTR(&keys[0]),
		  .value = PTR(&value) },
		{ .opcode = KCMAP_OP_DELETE,
		  .key = PTR(&keys[0]),
		  .value = PTR(&value) },
		{ .opcode = KCMAP_OP_UPSERT,
		  .key = PTR(&keys[0]),
		  .value = PTR(&value),
		  .result = PTR(&result) },
		{ .opcode = KCMAP_OP_UPDATE,
		  .key = PTR(&keys[1]),
		  .value = PTR(&value) },
		{ .opcode = KCMAP_OP_UPSERT,
		  .key = PTR(&keys[1]),
		  .value = PTR(&value) },
		{ .opcode = KCMAP_OP_LOOKUP,
		  .key = PTR(&keys[0]),
		  .result = PTR(&result) },
		{ .opcode = KCMAP_OP_LOOKUP, .key = PTR(&keys[0]), .result = 8 },
		{ .opcode = KCMAP_OP_INSERT, .key = PTR(&keys[2]) },
		{ .opcode = KCMAP_OP_LOOKUP_AND_DELETE,
		  .key = PTR(&keys[0]),
		  .result = PTR(&result2) },
		{ .opcode = KCMAP_OP_LOOKUP, .key = PTR(&keys[0]) },
		{ .opcode = KCMAP_OP_DELETE, .key = PTR(&keys[1]) },
		{ .opcode = KCMAP_OP_DELETE, .key = PTR(&keys[1]) },
	};
	static const int expected[] = {
		0,	 -EEXIST, -EINVAL, -EOPNOTSUPP, -EOPNOTSUPP,
		-EINVAL, -EINVAL, -EINVAL, -EINVAL,	-EINVAL,
		-EINVAL, -ENOENT, 0,	   0,		-EFAULT,
		-EFAULT, 0,	  -ENOENT, 0,		-ENOENT,
	};
	struct kcmap_submit args = submit_args(ops, ARRAY_SIZE(ops));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i].status = 12345;
	CHECK_OK(ioctl(fd, KCMAP_MAP_SUBMIT, &args));
	CHECK_EQ(args.done, ARRAY_SIZE(ops));
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (!CHECK_EQ(ops[i].status, expected[i]))
			tap_diag("... item %u", i);
	CHECK_EQ(result, 5);
	CHECK_EQ(result2, 5);
	CHECK_EQ(map_stats(fd).entries, 0);
}

/* Each operand by itself: no opcode has any; one that is unknown says so. */
TEST(operands)
{
	int fd = map_create(NULL, 100, 8, 8);
	uint64_t key = 1;
	unsigned int i;

	fill(fd, 1, 2);
	for (i = 0; i < ARRAY_SIZE(((struct kcmap_op *)0)->operand); i++) {
		struct kcmap_op ops[] = {
			{ .opcode = KCMAP_OP_DELETE, .key = PTR(&key) },
			{ .opcode = KCMAP_OP_TRANSITION, .key = PTR(&key) },
		};
		struct kcmap_submit args = submit_args(ops, 2);

		ops[0].operand[i] = 1ULL << 63;
		ops[1].operand[i] = 1;
		CHECK_OK(ioctl(fd, KCMAP_MAP_SUBMIT, &args));
		CHECK_EQ(args.done, 2);
		if (!CHECK_EQ(ops[0].status, -EINVAL) ||
		    !CHECK_EQ(ops[1].status, -EOPNOTSUPP))
			tap_diag("... operand %u", i);
	}
	CHECK_EQ(map_stats(fd).entries, 1);
}

/* A descriptor of a newer program: the tail must be zero. */
TEST(op_size_longer)
{
	int fd = map_create(NULL, 100, 8, 8);
	struct {
		struct kcmap_op op;
		uint8_t tail[72];
	} ops[3] = {};
	struct kcmap_submit args = submit_args(&ops[0].op, 3);
	uint64_t keys[] = { 1, 2, 3 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ops[i].op.opcode = KCMAP_OP_INSERT;
		ops[i].op.key = PTR(&keys[i]);
		ops[i].op.value = PTR(&keys[i]);
		ops[i].op.status = 77;
	}
	ops[1].tail[71] = 1;
	args.op_size = sizeof(ops[0]);
	CHECK_OK(ioctl(fd, KCMAP_MAP_SUBMIT, &args));
	CHECK_EQ(args.done, 3);
	CHECK_EQ(ops[0].op.status, 0);
	CHECK_EQ(ops[1].op.status, -E2BIG);
	CHECK_EQ(ops[2].op.status, 0);
	CHECK_EQ(map_stats(fd).entries, 2);
}

/* Descriptors that end in a page that cannot be read. */
TEST(fault_descriptor)
{
	int fd = map_create(NULL, 1000, 8, 8);
	uint8_t *page = guarded(1);
	struct kcmap_op *ops = (void *)(page + PAGE - 3 * sizeof(*ops) - 64);
	struct kcmap_submit args = submit_args(ops, 5);
	uint64_t keys[] = { 1, 2, 3 };
	unsigned int i;

	for (i = 0; i < 3; i++)
		ops[i] = (struct kcmap_op){
			.opcode = KCMAP_OP_INSERT,
			.key = PTR(&keys[i]),
			.value = PTR(&keys[i]),
			.status = 77,
		};
	CHECK_OK(ioctl(fd, KCMAP_MAP_SUBMIT, &args));
	CHECK_EQ(args.done, 3);
	for (i = 0; i < 3; i++)
		CHECK_EQ(ops[i].status, 0);
	CHECK_EQ(map_stats(fd).entries, 3);

	/* It is the first: the call fails. */
	args = submit_args(ops + 3, 5);
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EFAULT);
	CHECK_EQ(args.done, 0);
	args = submit_args((void *)-4096UL, 5);
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EFAULT);
	args = submit_args((void *)-128UL, 5);
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EFAULT);
	CHECK_EQ(map_stats(fd).entries, 3);
}

TEST(fault_key)
{
	int fd = map_create(NULL, 1000, 8, 8);
	uint64_t key = 1, value = 2;
	struct kcmap_op ops[3] = {};
	struct kcmap_submit args = submit_args(ops, 3);
	unsigned int i;

	for (i = 0; i < 3; i++)
		ops[i] = (struct kcmap_op){
			.opcode = KCMAP_OP_UPSERT,
			.key = i == 1 ? 8 : PTR(&key),
			.value = PTR(&value),
			.status = 77,
		};
	CHECK_OK(ioctl(fd, KCMAP_MAP_SUBMIT, &args));
	CHECK_EQ(args.done, 1);
	CHECK_EQ(ops[0].status, 0);
	CHECK_EQ(ops[2].status, 77);
	CHECK_EQ(map_stats(fd).updates, 0);
	args = submit_args(ops + 1, 2);
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EFAULT);
	CHECK_EQ(args.done, 0);
}

/* Statuses that cannot be written: nothing was done. */
TEST(fault_status)
{
	int fd = map_create(NULL, 1000, 8, 8);
	uint8_t *page = guarded(1);
	struct kcmap_op *ops = (void *)page;
	struct kcmap_submit args = submit_args(ops, 2);
	uint64_t key = 1, value = 2;

	ops[0].opcode = KCMAP_OP_INSERT;
	ops[0].key = PTR(&key);
	ops[0].value = PTR(&value);
	ops[1] = ops[0];
	mprotect(page, PAGE, PROT_READ);
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SUBMIT, &args), EFAULT);
	CHECK_EQ(args.done, 0);
	CHECK_ABSENT(fd, 1);
	CHECK_EQ(map_stats(fd).inserts, 0);
}

/* A result that has nowhere to go: the entry must still be there. */
TEST(fault_result)
{
	int fd = map_create(NULL, 1000, 8, 8);
	uint8_t *page = guarded(1);
	uint64_t key = 1;

	fill(fd, 1, 4);
	mprotect(page, PAGE, PROT_READ);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, page), -EFAULT);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, (void *)8),
		 -EFAULT);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL,
		    page + PAGE - 4),
		 -EFAULT);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, (void *)-8UL),
		 -EFAULT);
	CHECK_VALUE(fd, 1, 10);
	CHECK_EQ(map_stats(fd).deletes, 0);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, page), -EFAULT);
	CHECK_EQ(map_stats(fd).entries, 3);
}

/* What is faulted in before it is known to be needed is not changed. */
TEST(result_of_absent_untouched)
{
	int fd = map_create(NULL, 1000, 8, 8);
	uint8_t *page = guarded(1);
	uint64_t keys[100], i;
	int32_t statuses[100];

	memset(page, 0xa5, PAGE);
	keys[0] = 1;
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, keys, NULL, page), -ENOENT);
	for (i = 0; i < 100; i++)
		keys[i] = i;
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP_AND_DELETE, 100, keys, NULL, page,
			 statuses),
		 100);
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP, 100, keys, NULL, page, statuses),
		 100);
	for (i = 0; i < PAGE; i++)
		CHECK_EQ(page[i], 0xa5);
}

/* Room for a result that is there only once it is written to. */
TEST(result_in_fresh_pages)
{
	int fd = map_create(NULL, 1000, 8, 1000);
	uint8_t *pages = guarded(4);
	uint8_t value[1000], key[8] = { 1 };

	memset(value, 0x5a, sizeof(value));
	CHECK_EQ(op(fd, KCMAP_OP_INSERT, key, value, NULL), 0);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, key, NULL, pages + PAGE - 500), 0);
	CHECK(!memcmp(pages + PAGE - 500, value, sizeof(value)));
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP_AND_DELETE, key, NULL,
		    pages + 3 * PAGE - 500),
		 0);
	CHECK(!memcmp(pages + 3 * PAGE - 500, value, sizeof(value)));
	CHECK_EQ(map_stats(fd).entries, 0);
}

#define MANY 1000

static uint64_t keys[MANY], values[MANY], results[MANY];
static int32_t statuses[MANY];

static void reset(void)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		keys[i] = i;
		values[i] = i * 10;
		results[i] = 0xa5a5a5a5a5a5a5a5;
		statuses[i] = 12345;
	}
}

/* Each opcode in the strided form, odd keys present, for some sizes of batch. */
TEST(strided_opcodes)
{
	static const unsigned int sizes[] = { 1,  2,  7,  8,  31,  32,
					      33, 63, 64, 65, 200, MANY };
	unsigned int s, i;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		unsigned int nr = sizes[s];
		int fd = map_create(NULL, MANY, 8, 8);
		uint64_t odd = nr / 2;

		for (i = 1; i < nr; i += 2)
			fill(fd, i, i + 1);
		CHECK_EQ(map_stats(fd).entries, odd);

		reset();
		CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP, nr, keys, NULL, results,
				 statuses),
			 nr);
		for (i = 0; i < MANY; i++) {
			bool hit = i < nr && i % 2;

			CHECK_EQ(statuses[i], i >= nr ? 12345 :
					      hit     ? 0 :
							-ENOENT);
			CHECK_EQ(results[i], hit ? i * 10 : 0xa5a5a5a5a5a5a5a5);
		}

		reset();
		for (i = 0; i < nr; i++)
			values[i] = i * 100;
		CHECK_EQ(strided(fd, KCMAP_OP_UPDATE, nr, keys, values, NULL,
				 statuses),
			 nr);
		for (i = 0; i < nr; i++)
			CHECK_EQ(statuses[i], i % 2 ? 0 : -ENOENT);
		if (nr > 1)
			CHECK_VALUE(fd, 1, 100);

		reset();
		CHECK_EQ(strided(fd, KCMAP_OP_INSERT, nr, keys, values, NULL,
				 statuses),
			 nr);
		for (i = 0; i < nr; i++)
			CHECK_EQ(statuses[i], i % 2 ? -EEXIST : 0);
		CHECK_EQ(map_stats(fd).entries, nr);
		CHECK_EQ(strided(fd, KCMAP_OP_UPSERT, nr, keys, values, NULL,
				 statuses),
			 nr);
		for (i = 0; i < nr; i++)
			CHECK_EQ(statuses[i], 0);
		if (nr > 1)
			CHECK_VALUE(fd, 1, 10);

		for (i = 0; i < nr; i += 3)
			CHECK_EQ(op(fd, KCMAP_OP_DELETE, &keys[i], NULL, NULL),
				 0);
		reset();
		CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP_AND_DELETE, nr, keys, NULL,
				 results, statuses),
			 nr);
		for (i = 0; i < nr; i++) {
			CHECK_EQ(statuses[i], i % 3 ? 0 : -ENOENT);
			CHECK_EQ(results[i],
				 i % 3 ? i * 10 : 0xa5a5a5a5a5a5a5a5);
		}
		CHECK_EQ(map_stats(fd).entries, 0);

		fill(fd, 0, nr / 3);
		CHECK_EQ(strided(fd, KCMAP_OP_DELETE, nr, keys, NULL, NULL,
				 statuses),
			 nr);
		for (i = 0; i < nr; i++)
			CHECK_EQ(statuses[i], i < nr / 3 ? 0 : -ENOENT);
		CHECK_EQ(map_stats(fd).entries, 0);
		close(fd);
	}
}

TEST(strided_largest)
{
	int fd = map_create(NULL, KCMAP_SUBMIT_MAX, 4, 4);
	uint32_t *k = malloc(KCMAP_SUBMIT_MAX * 4);
	int32_t *st = malloc(KCMAP_SUBMIT_MAX * 4);
	unsigned int i, bad = 0;

	for (i = 0; i < KCMAP_SUBMIT_MAX; i++)
		k[i] = i;
	CHECK_EQ(strided(fd, KCMAP_OP_INSERT, KCMAP_SUBMIT_MAX, k, k, NULL, st),
		 KCMAP_SUBMIT_MAX);
	CHECK_EQ(map_stats(fd).entries, KCMAP_SUBMIT_MAX);
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP, KCMAP_SUBMIT_MAX, k, NULL, k, st),
		 KCMAP_SUBMIT_MAX);
	for (i = 0; i < KCMAP_SUBMIT_MAX; i++)
		bad += k[i] != i || st[i];
	CHECK_EQ(bad, 0);
	CHECK_EQ(strided(fd, KCMAP_OP_INSERT, KCMAP_SUBMIT_MAX + 1, k, k, NULL,
			 st),
		 -EINVAL);
}

/* The n-th element is the last that can be reached, for each array. */
TEST(strided_fault)
{
	static const unsigned int good[] = { 0,	 1,  5,	 31, 32,
					     33, 63, 64, 65, 130 };
	static const int opcodes[] = {
		KCMAP_OP_LOOKUP,
		KCMAP_OP_UPSERT,
		KCMAP_OP_DELETE,
		KCMAP_OP_LOOKUP_AND_DELETE,
	};
	unsigned int g, o, which, i;
	uint8_t *end = (uint8_t *)guarded(2) + 2 * PAGE;

	for (g = 0; g < ARRAY_SIZE(good); g++)
		for (o = 0; o < ARRAY_SIZE(opcodes); o++)
			for (which = 0; which < 2; which++) {
				int fd = map_create(NULL, MANY, 8, 8);
				/* A part of the next element can be reached. */
				uint64_t *k =
					which ? keys :
						(void *)(end - good[g] * 8 - 4);
				int32_t *st =
					which ? (void *)(end - good[g] * 4 -
							 2) :
						statuses;
				bool stores = opcodes[o] == KCMAP_OP_UPSERT;
				bool returns =
					opcodes[o] == KCMAP_OP_LOOKUP ||
					opcodes[o] ==
						KCMAP_OP_LOOKUP_AND_DELETE;
				int done;

				fill(fd, 0, 200);
				reset();
				for (i = 0; i < good[g]; i++)
					memcpy(&k[i], &keys[i], 8);
				done = strided(fd, opcodes[o], 200, k,
					       stores ? values : NULL,
					       returns ? results : NULL, st);
				if (!CHECK_EQ(done,
					      good[g] ? (int)good[g] : -EFAULT))
					tap_diag("... opcode %d, %s",
						 opcodes[o],
						 which ? "statuses" : "keys");
				for (i = 0; i < good[g]; i++) {
					int32_t status;

					memcpy(&status, &st[i], 4);
					CHECK_EQ(status, 0);
					if (returns)
						CHECK_EQ(results[i], i * 10);
				}
				/* Nothing was done to what could not be reached. */
				if (opcodes[o] == KCMAP_OP_DELETE ||
				    opcodes[o] == KCMAP_OP_LOOKUP_AND_DELETE)
					CHECK_EQ(map_stats(fd).entries,
						 200 - good[g]);
				if (stores)
					CHECK_EQ(map_stats(fd).updates,
						 good[g]);
				close(fd);
			}
}

/* Bad values and results are the items' own. */
TEST(strided_fault_values)
{
	uint8_t *end = (uint8_t *)guarded(2) + 2 * PAGE;
	int fd = map_create(NULL, MANY, 8, 8);
	uint64_t *room = (void *)(end - 70 * 8);
	unsigned int i;

	reset();
	memcpy(room, values, 70 * 8);
	CHECK_EQ(strided(fd, KCMAP_OP_INSERT, 200, keys, room, NULL, statuses),
		 200);
	for (i = 0; i < 200; i++)
		CHECK_EQ(statuses[i], i < 70 ? 0 : -EFAULT);
	CHECK_EQ(map_stats(fd).entries, 70);
	CHECK_VALUE(fd, 69, 690);

	reset();
	CHECK_EQ(strided(fd, KCMAP_OP_INSERT, 10, keys, NULL, NULL, statuses),
		 10);
	for (i = 0; i < 10; i++)
		CHECK_EQ(statuses[i], -EFAULT);

	fill(fd, 70, 200);
	reset();
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP, 200, keys, NULL, room, statuses),
		 200);
	for (i = 0; i < 200; i++) {
		CHECK_EQ(statuses[i], i < 70 ? 0 : -EFAULT);
		if (i < 70)
			CHECK_EQ(room[i], i * 10);
	}
	memset(room, 0, 70 * 8);
	reset();
	CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP_AND_DELETE, 200, keys, NULL, room,
			 statuses),
		 200);
	for (i = 0; i < 200; i++) {
		CHECK_EQ(statuses[i], i < 70 ? 0 : -EFAULT);
		if (i < 70)
			CHECK_EQ(room[i], i * 10);
	}
	CHECK_EQ(map_stats(fd).entries, 130);
	CHECK_VALUE(fd, 70, 700);
}

/* Keys and values of every size arrive whole, in both forms. */
TEST(sizes)
{
	static const uint32_t key_sizes[] = {
		1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 31, 40, 64, 127, 128,
	};
	static const uint32_t value_sizes[] = {
		0, 1, 2, 4, 7, 8, 9, 32, 100, 255, 512, 1000, 1024,
	};
	static uint8_t k[100 * 128], v[100 * 1024], r[100 * 1024];
	unsigned int a, b, i, n = 100;
	uint64_t seed = 1;

	for (a = 0; a < ARRAY_SIZE(key_sizes); a++)
		for (b = 0; b < ARRAY_SIZE(value_sizes); b++) {
			uint32_t ks = key_sizes[a], vs = value_sizes[b];
			uint32_t flags = (a + b) % 2 ? KCMAP_F_HASH_FAST : 0;
			int fd = map_create_flags(NULL, n, ks, vs, flags);
			unsigned int bad = 0;

			for (i = 0; i < n * ks; i++)
				k[i] = rnd(&seed);
			for (i = 0; i < n; i++)
				k[i * ks + ks - 1] = i; /* no two are equal */
			for (i = 0; i < n * vs; i++)
				v[i] = rnd(&seed);
			CHECK_EQ(strided(fd, KCMAP_OP_INSERT, n, k, v, NULL,
					 statuses),
				 n);
			for (i = 0; i < n; i++)
				bad += statuses[i] != 0;
			memset(r, 0, sizeof(r));
			CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP, n, k, NULL, r,
					 statuses),
				 n);
			for (i = 0; i < n; i++)
				bad += statuses[i] != 0;
			CHECK(!memcmp(r, v, n * vs));
			memset(r, 0, sizeof(r));
			for (i = 0; i < n; i++)
				bad += op(fd, KCMAP_OP_LOOKUP, k + i * ks, NULL,
					  r + i * vs) != 0;
			CHECK(!memcmp(r, v, n * vs));
			memset(r, 0, sizeof(r));
			CHECK_EQ(strided(fd, KCMAP_OP_LOOKUP_AND_DELETE, n, k,
					 NULL, r, statuses),
				 n);
			CHECK(!memcmp(r, v, n * vs));
			CHECK_EQ(map_stats(fd).entries, 0);
			if (!CHECK_EQ(bad, 0))
				tap_diag("... key %u, value %u", ks, vs);
			close(fd);
		}
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
