/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KCMAP_MAP_SUBMIT in both forms, and whether what it says of each item is what became
 * of it.
 */
#ifndef BATCH_H
#define BATCH_H

#include "bed.h"

#define ITEMS 128
#define UNREACHED 0x5a5a5a5a
#define UNWRITTEN 0xa5

static struct batch {
	bool strided;
	uint32_t nr;
	uint32_t done;
	uint8_t opcode[ITEMS];
	unsigned int which[ITEMS]; /* entry of the model */
	uint64_t value[ITEMS];
	int32_t status[ITEMS];
	uint8_t keys[ITEMS][KEY_MAX];
	uint8_t values[ITEMS][VALUE_MAX];
	uint8_t results[ITEMS][VALUE_MAX];
	struct kcmap_op ops[ITEMS];
	struct kcmap_stats before;
	unsigned int failed;
} batch;

static bool stores(uint8_t opcode)
{
	return opcode == KCMAP_OP_INSERT || opcode == KCMAP_OP_UPDATE ||
	       opcode == KCMAP_OP_UPSERT;
}

static bool returns(uint8_t opcode)
{
	return opcode == KCMAP_OP_LOOKUP ||
	       opcode == KCMAP_OP_LOOKUP_AND_DELETE;
}

static void batch_begin(bool strided)
{
	batch.strided = strided;
	batch.nr = 0;
}

static void batch_add(uint8_t opcode, unsigned int which)
{
	uint32_t i = batch.nr++;

	batch.opcode[i] = opcode;
	batch.which[i] = which;
	batch.value[i] = 100000 + i;
}

/* Keys and values one behind the other, of the map's sizes. */
static void *packed(void *array, uint32_t i, uint32_t size)
{
	return (uint8_t *)array + (size_t)i * size;
}

static void batch_pack(void)
{
	uint32_t i;

	memset(batch.results, UNWRITTEN, sizeof(batch.results));
	memset(batch.ops, 0, sizeof(batch.ops));
	for (i = 0; i < batch.nr; i++) {
		uint8_t opcode = batch.opcode[i];
		struct kcmap_op *op = &batch.ops[i];

		batch.status[i] = UNREACHED;
		op->status = UNREACHED;
		op->opcode = opcode;
		pattern(packed(batch.keys, i, bed.key_size),
			bed.entry[batch.which[i]].key, bed.key_size);
		pattern(packed(batch.values, i, bed.value_size), batch.value[i],
			bed.value_size);
		op->key = PTR(packed(batch.keys, i, bed.key_size));
		if (stores(opcode))
			op->value =
				PTR(packed(batch.values, i, bed.value_size));
		if (returns(opcode))
			op->result =
				PTR(packed(batch.results, i, bed.value_size));
	}
	batch.before = map_stats(bed.map);
}

static int submit(void)
{
	struct kcmap_submit args = {
		.size = sizeof(args),
		.nr = batch.nr,
	};
	int ret;

	if (batch.strided) {
		args.flags = KCMAP_SUBMIT_STRIDED;
		args.opcode = batch.opcode[0];
		args.keys = PTR(batch.keys);
		args.values = stores(args.opcode) ? PTR(batch.values) : 0;
		args.results = returns(args.opcode) ? PTR(batch.results) : 0;
		args.statuses = PTR(batch.status);
	} else {
		args.ops = PTR(batch.ops);
		args.op_size = sizeof(batch.ops[0]);
	}
	args.done = UNREACHED;
	ret = ioctl(bed.map, KCMAP_MAP_SUBMIT, &args) ? -errno : 0;
	batch.done = args.done;
	return ret;
}

/* What an item does if nothing is in its way. */
static int natural(const struct entry *entry, uint8_t opcode)
{
	switch (opcode) {
	case KCMAP_OP_INSERT:
		return entry->present ? -EEXIST : 0;
	case KCMAP_OP_UPSERT:
		return 0;
	default:
		return entry->present ? 0 : -ENOENT;
	}
}

static bool is_filled(const uint8_t *bytes, uint8_t with)
{
	uint32_t i;

	for (i = 0; i < bed.value_size; i++)
		if (bytes[i] != with)
			return false;
	return true;
}

/* Of an item that was reached. Return: whether it was executed. */
static bool check_item(uint32_t i, int32_t status)
{
	const struct entry *entry = &bed.entry[batch.which[i]];
	const uint8_t *result = packed(batch.results, i, bed.value_size);
	int expected = natural(entry, batch.opcode[i]);
	uint8_t value[VALUE_MAX];

	if (status != expected && status != KCMAP_STATUS_RESULT_LOST) {
		batch.failed++;
		CHECK(status == -EFAULT || status == -ENOMEM);
		return false;
	}
	if (!returns(batch.opcode[i]))
		return !expected;
	pattern(value, entry->value, bed.value_size);
	if (!status)
		CHECK(!memcmp(result, value, bed.value_size));
	else if (status < 0)
		CHECK(is_filled(result, UNWRITTEN));
	return !expected;
}

struct counts {
	uint64_t inserts, updates, deletes, nomem;
};

static void execute(uint32_t i, struct counts *counts)
{
	struct entry *entry = &bed.entry[batch.which[i]];
	uint8_t opcode = batch.opcode[i];

	if (stores(opcode)) {
		counts->updates += entry->present;
		counts->inserts += !entry->present;
		entry->value = batch.value[i];
		entry->present = true;
	} else if (opcode != KCMAP_OP_LOOKUP) {
		counts->deletes++;
		entry->present = false;
	}
}

static void check_counts(const struct counts *counts)
{
	struct kcmap_stats now = map_stats(bed.map);

	CHECK_EQ(now.inserts - batch.before.inserts, counts->inserts);
	CHECK_EQ(now.updates - batch.before.updates, counts->updates);
	CHECK_EQ(now.deletes - batch.before.deletes, counts->deletes);
	CHECK_EQ(now.nomem - batch.before.nomem, counts->nomem);
	CHECK_EQ(now.full - batch.before.full, 0);
	CHECK_EQ(now.snapshots, batch.before.snapshots);
}

/*
 * After a call that returned @ret. Reached is what has a status: if the call fails,
 * none, unless it could not say so in done.
 */
static void check_submit(int ret)
{
	struct counts counts = {};
	uint32_t i, reached = 0;

	batch.failed = 0;
	for (i = 0; i < batch.nr; i++) {
		int32_t status = batch.strided ? batch.status[i] :
						 batch.ops[i].status;

		if (status == UNREACHED)
			break;
		reached++;
		counts.nomem += status == -ENOMEM;
		if (check_item(i, status))
			execute(i, &counts);
	}
	for (; i < batch.nr; i++)
		CHECK_EQ(batch.strided ? batch.status[i] : batch.ops[i].status,
			 UNREACHED);
	if (!ret)
		CHECK_EQ(batch.done, reached);
	else
		CHECK(batch.done == 0 || batch.done == UNREACHED);
	if (ret && reached)
		CHECK_EQ(ret, -EFAULT);
	if (!bed.injected)
		CHECK_EQ(reached, batch.nr);
	CHECK(batch.failed <= bed.injected);
	check_counts(&counts);
	if (!counts.inserts && !counts.updates && !counts.deletes)
		check_memory(batch.before.memory);
	check_contents();
	if (bed.snapshot >= 0)
		check_snapshot();
}

#endif /* BATCH_H */
