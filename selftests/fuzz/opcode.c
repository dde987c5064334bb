// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: the table of opcodes. Another one is another line. */
#include <errno.h>

#include "opcode.h"
#include "ops.h"

static int lookup(struct world *w, struct map *map, unsigned int key,
		  uint64_t value, uint64_t *old)
{
	(void)w;
	(void)value;
	*old = map->values[key];
	return *old ? 0 : -ENOENT;
}

static int insert(struct world *w, struct map *map, unsigned int key,
		  uint64_t value, uint64_t *old)
{
	(void)old;
	if (map->values[key])
		return -EEXIST;
	if (map->entries == map->made.max_entries) {
		map->full++;
		return -ENOSPC;
	}
	map_set(w, map, key, value);
	map->inserts++;
	return 0;
}

static int update(struct world *w, struct map *map, unsigned int key,
		  uint64_t value, uint64_t *old)
{
	(void)old;
	if (!map->values[key])
		return -ENOENT;
	map_set(w, map, key, value);
	map->updates++;
	return 0;
}

static int upsert(struct world *w, struct map *map, unsigned int key,
		  uint64_t value, uint64_t *old)
{
	return map->values[key] ? update(w, map, key, value, old) :
				  insert(w, map, key, value, old);
}

static int remove_key(struct world *w, struct map *map, unsigned int key,
		      uint64_t value, uint64_t *old)
{
	(void)value;
	*old = map->values[key];
	if (!*old)
		return -ENOENT;
	map_set(w, map, key, 0);
	map->deletes++;
	return 0;
}

#define OPCODE(_opcode, ...)                                       \
	{                                                          \
		.name = #_opcode, .opcode = (_opcode), __VA_ARGS__ \
	}
#define READS .reads = true
#define WRITES .writes = true
#define STORES .stores = true
#define RETURNS .returns = true

const struct opcode opcodes[] = {
	OPCODE(KCMAP_OP_LOOKUP, READS, RETURNS, .model = lookup),
	OPCODE(KCMAP_OP_INSERT, WRITES, STORES, .model = insert),
	OPCODE(KCMAP_OP_UPDATE, WRITES, STORES, .model = update),
	OPCODE(KCMAP_OP_UPSERT, WRITES, STORES, .model = upsert),
	OPCODE(KCMAP_OP_DELETE, WRITES, .model = remove_key),
	OPCODE(KCMAP_OP_LOOKUP_AND_DELETE, READS, WRITES, RETURNS,
	       .model = remove_key),
};

const unsigned int nr_opcodes = COUNT(opcodes);

/* NULL: the module does not have it. */
const struct opcode *opcode_find(unsigned int opcode)
{
	unsigned int i;

	for (i = 0; i < COUNT(opcodes); i++)
		if (opcodes[i].opcode == opcode)
			return &opcodes[i];
	return NULL;
}

uint64_t opcodes_known(void)
{
	uint64_t known = 0;
	unsigned int i;

	for (i = 0; i < COUNT(opcodes); i++)
		known |= 1ULL << opcodes[i].opcode;
	return known;
}

/*
 * What is wrong with an operation before anybody looks at its key. @dirty: flags or
 * reserved members that must be 0; @value, @result: it has such an address.
 */
int opcode_error(const struct file *file, unsigned int opcode, bool dirty,
		 bool value, bool result)
{
	const struct opcode *known = opcode_find(opcode);

	if (!opcode)
		return -EINVAL;
	if (!known)
		return -EOPNOTSUPP;
	if (dirty || (value && !known->stores) || (result && !known->returns))
		return -EINVAL;
	if ((known->reads && !file->readable) ||
	    (known->writes && !file->writable))
		return -EBADF;
	return 0;
}

/* Return: the status; @old: the result, if there is one. */
int opcode_run(struct world *w, struct file *file, const struct opcode *opcode,
	       unsigned int key, uint64_t value, uint64_t *old)
{
	return opcode->model(w, file->map, key, value, old);
}
