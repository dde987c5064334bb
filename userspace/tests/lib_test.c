// SPDX-License-Identifier: MIT
/*
 * libkcmap against a stand-in for the kernel, which does what the real one does
 * seldom: submissions that end early, hashes that many entries share, structs of
 * other versions.
 */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "internal.h"
#include "tap.h"
#include "wrap.h"

#define MAP_FD 1000
#define CTL_FD 1001

#define KEY_SIZE 4
#define VALUE_SIZE 8

/* What the stand-in was asked, and what it is to answer. */
static struct {
	unsigned int calls;
	unsigned int limit; /* items done in all submissions */
	int error; /* when the limit is reached */
	unsigned int nr[8];
	__u64 address[8];
	struct kcmap_create create;
	unsigned int entries; /* in a scan */
	unsigned int same_hash; /* of them, the first have one hash */
	unsigned int maps;
} kernel;

static int fail(int error)
{
	errno = error;
	return -1;
}

static int fake_submit(struct kcmap_submit *arg)
{
	unsigned int call = kernel.calls++ % ARRAY_SIZE(kernel.nr);
	unsigned int i;

	kernel.nr[call] = arg->nr;
	kernel.address[call] = arg->flags ? arg->keys : arg->ops;
	if (arg->nr > KCMAP_SUBMIT_MAX)
		return fail(EINVAL);
	if (arg->nr && !kernel.limit)
		return fail(kernel.error);
	arg->done = arg->nr < kernel.limit ? arg->nr : kernel.limit;
	kernel.limit -= arg->done;
	for (i = 0; i < arg->done && !arg->flags; i++) {
		struct kcmap_op *op =
			(void *)(uintptr_t)(arg->ops + i * arg->op_size);

		op->status = -(int)op->opcode;
	}
	for (i = 0; i < arg->done && arg->flags; i++)
		((__s32 *)(uintptr_t)arg->statuses)[i] = 77;
	return 0;
}

static int fake_scan(struct kcmap_scan *arg)
{
	unsigned int left = kernel.entries - (unsigned int)arg->cursor;
	__u32 *keys = (void *)(uintptr_t)arg->keys;
	__u64 *values = (void *)(uintptr_t)arg->values;
	__u32 i;

	kernel.calls++;
	if (!arg->cursor && arg->capacity < kernel.same_hash) {
		arg->count = kernel.same_hash;
		return fail(EMSGSIZE);
	}
	if (kernel.limit-- == 0)
		return fail(kernel.error);
	/* A step without an entry is in order. */
	if (kernel.calls == 1 && kernel.entries) {
		arg->count = 0;
		return 0;
	}
	arg->count = left < arg->capacity ? left : arg->capacity;
	for (i = 0; i < arg->count; i++) {
		keys[i] = (__u32)arg->cursor + i;
		if (values)
			values[i] = arg->cursor + i + 100;
	}
	arg->cursor += arg->count;
	if (arg->cursor == kernel.entries)
		arg->flags = KCMAP_SCAN_END;
	return 0;
}

static int fake_list(struct kcmap_list *arg)
{
	__u32 i;

	if (kernel.limit-- == 0)
		return fail(kernel.error);
	for (i = 0; i < arg->capacity && arg->cursor < kernel.maps; i++) {
		struct kcmap_map_info *info =
			(void *)(uintptr_t)(arg->maps + i * arg->map_size);

		memset(info, 0, arg->map_size);
		info->size = arg->map_size;
		info->id = ++arg->cursor;
		info->segments_max = 5;
	}
	arg->count = i;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct kcmap_map_info *info = arg;

	switch (request) {
	case KCMAP_MAP_INFO:
		if (fd != MAP_FD)
			return fail(ENOTTY);
		info->key_size = KEY_SIZE;
		info->value_size = VALUE_SIZE;
		return 0;
	case KCMAP_MAP_SUBMIT:
		return fake_submit(arg);
	case KCMAP_MAP_SCAN:
		return fake_scan(arg);
	case KCMAP_CTL_LIST:
		return fake_list(arg);
	case KCMAP_CTL_CREATE:
		kernel.create = *(struct kcmap_create *)arg;
		return 0;
	default:
		return fail(ENOTTY);
	}
}

static void reset(void)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.limit = ~0U;
}

static void test_submit(struct kcmap_map *map)
{
	unsigned int nr = KCMAP_SUBMIT_MAX + 10;
	struct kcmap_op *ops = calloc(nr, sizeof(*ops));
	unsigned char value[VALUE_SIZE] = { 0 };
	__u32 key = 1;
	bool good;
	int ret;

	reset();
	ret = kcmap_map_submit(map, ops, nr, sizeof(*ops));
	good = ret == (int)nr && kernel.calls == 2 &&
	       kernel.nr[0] == KCMAP_SUBMIT_MAX && kernel.nr[1] == 10 &&
	       kernel.address[1] == kcmap_addr(ops + KCMAP_SUBMIT_MAX);
	ok(good, "more operations than fit in one call are split");

	reset();
	kernel.limit = KCMAP_SUBMIT_MAX + 3;
	kernel.error = EFAULT;
	ret = kcmap_map_submit(map, ops, nr, sizeof(*ops));
	ok(ret == KCMAP_SUBMIT_MAX + 3 && kernel.calls == 2,
	   "a submission that ends early is not gone on with: %d", ret);

	reset();
	kernel.limit = KCMAP_SUBMIT_MAX;
	kernel.error = EFAULT;
	ret = kcmap_map_submit(map, ops, nr, sizeof(*ops));
	ok(ret == KCMAP_SUBMIT_MAX,
	   "an error after some were done gives how many: %d", ret);

	reset();
	kernel.limit = 0;
	kernel.error = EINTR;
	ret = kcmap_map_submit(map, ops, nr, sizeof(*ops));
	ok(ret == -EINTR, "an error before any was done is given: %d", ret);
	reset();
	ok(kcmap_map_submit(map, ops, 0, sizeof(*ops)) == 0,
	   "no operations are in order");
	ok(kcmap_map_submit(map, ops, 0x80000000U, sizeof(*ops)) == -EINVAL,
	   "more operations than an int can count are refused");
	free(ops);

	/* The stand-in answers with the opcode. */
	good = kcmap_map_lookup(map, &key, value) == -KCMAP_OP_LOOKUP &&
	       kcmap_map_insert(map, &key, value) == -KCMAP_OP_INSERT &&
	       kcmap_map_update(map, &key, value) == -KCMAP_OP_UPDATE &&
	       kcmap_map_upsert(map, &key, value) == -KCMAP_OP_UPSERT &&
	       kcmap_map_delete(map, &key) == -KCMAP_OP_DELETE &&
	       kcmap_map_take(map, &key, value) == -KCMAP_OP_LOOKUP_AND_DELETE;
	ok(good, "single operations have their opcode and give their status");
}

static void test_strided(struct kcmap_map *map)
{
	unsigned int nr = KCMAP_SUBMIT_MAX + 5;
	unsigned char *keys = calloc(nr, KEY_SIZE);
	int32_t *statuses = calloc(nr, sizeof(*statuses));
	bool good;
	int ret;

	reset();
	ret = kcmap_map_submit_strided(map, KCMAP_OP_DELETE, nr, keys, NULL,
				       NULL, statuses);
	good = ret == (int)nr && kernel.calls == 2 && kernel.nr[1] == 5 &&
	       kernel.address[1] ==
		       kcmap_addr(keys + KCMAP_SUBMIT_MAX * KEY_SIZE);
	ok(good, "more keys than fit in one call are split");
	ok(statuses[0] == 77 && statuses[nr - 1] == 77,
	   "each part has its statuses");
	reset();
	kernel.limit = KCMAP_SUBMIT_MAX + 2;
	memset(statuses, 0, nr * sizeof(*statuses));
	ret = kcmap_map_submit_strided(map, KCMAP_OP_DELETE, nr, keys, NULL,
				       NULL, statuses);
	good = ret == KCMAP_SUBMIT_MAX + 2 && statuses[ret - 1] == 77 &&
	       !statuses[ret];
	ok(good, "the strided form ends early, too: %d", ret);
	free(keys);
	free(statuses);
}

/* Returns entries seen, or a negative errno. */
static int iterate(struct kcmap_map *map, unsigned int flags,
		   unsigned int batch, bool *good)
{
	const void *key, *value = &value;
	struct kcmap_iter *iter;
	__u32 n = 0, k;
	__u64 v;
	int ret;

	*good = true;
	ret = kcmap_iter_new(map, flags, batch, &iter);
	if (ret)
		return ret;
	while ((ret = kcmap_iter_next(iter, &key, &value)) == 1) {
		memcpy(&k, key, sizeof(k));
		*good &= k == n;
		if (flags & KCMAP_ITER_KEYS) {
			*good &= !value;
		} else {
			memcpy(&v, value, sizeof(v));
			*good &= v == n + 100;
		}
		n++;
	}
	/* The end stays the end. */
	if (!ret)
		*good &= kcmap_iter_next(iter, &key, NULL) == 0;
	kcmap_iter_free(iter);
	return ret ? ret : (int)n;
}

static void test_iter(struct kcmap_map *map)
{
	bool good;
	int ret;

	reset();
	kernel.entries = 1000;
	ret = iterate(map, 0, 7, &good);
	ok(ret == 1000 && good, "all entries, once: %d", ret);
	reset();
	kernel.entries = 1000;
	ret = iterate(map, KCMAP_ITER_KEYS, 0, &good);
	ok(ret == 1000 && good, "keys only: %d", ret);
	reset();
	ret = iterate(map, 0, 0, &good);
	ok(ret == 0 && good, "an empty map");
	reset();
	kernel.entries = 100;
	kernel.same_hash = 90;
	ret = iterate(map, 0, 7, &good);
	ok(ret == 100 && good, "more entries with one hash than room: %d", ret);
	reset();
	kernel.entries = 1;
	kernel.same_hash = 0x7fffffff;
	ret = iterate(map, 0, 7, &good);
	ok(ret == -EMSGSIZE, "but not without bound: %d", ret);
	reset();
	kernel.entries = 100;
	kernel.limit = 5;
	kernel.error = EINTR;
	ret = iterate(map, 0, 7, &good);
	ok(ret == -EINTR && good, "an error in the middle is given: %d", ret);
	ok(iterate(map, 2, 0, &good) == -EINVAL, "unknown flags are refused");
}

static void test_list(struct kcmap_ctl *ctl)
{
	struct kcmap_map_list *list;
	struct {
		struct kcmap_map_info info;
		__u64 more;
	} longer;
	struct kcmap_map_info info;
	unsigned int n = 0;
	bool good = true;
	int ret;

	reset();
	kernel.maps = 70;
	kcmap_map_list_new(ctl, &list);
	while ((ret = kcmap_map_list_next(list, &info, sizeof(info))) == 1) {
		n++;
		good &= info.id == n && info.segments_max == 5;
		good &= info.size == sizeof(info);
	}
	ok(!ret && n == 70 && good, "all maps, once: %u", n);
	kcmap_map_list_free(list);

	kcmap_map_list_new(ctl, &list);
	memset(&longer, 0xff, sizeof(longer));
	ret = kcmap_map_list_next(list, &longer.info, sizeof(longer));
	ok(ret == 1 && longer.info.size == sizeof(info) && !longer.more,
	   "a caller with a longer struct gets zeros for what is not known");
	memset(&info, 0xff, sizeof(info));
	ret = kcmap_map_list_next(list, &info,
				  offsetof(struct kcmap_map_info, mode));
	good = ret == 1 && info.id == 2 && info.mode == 0xffffffff &&
	       info.size == offsetof(struct kcmap_map_info, mode);
	ok(good, "a caller with a shorter struct gets no more than that");
	ok(kcmap_map_list_next(list, &info, 3) == -EINVAL,
	   "a struct that does not even have a size is refused");
	kcmap_map_list_free(list);

	kcmap_map_list_new(ctl, &list);
	kernel.limit = 0;
	kernel.error = ENOMEM;
	ret = kcmap_map_list_next(list, &info, sizeof(info));
	ok(ret == -ENOMEM, "an error is given: %d", ret);
	kcmap_map_list_free(list);
}

static void test_create(struct kcmap_ctl *ctl)
{
	struct {
		struct kcmap_create_opts opts;
		uint64_t more;
	} longer;
	bool good;

	reset();
	memset(&longer, 0, sizeof(longer));
	kcmap_create_opts_init(&longer.opts, 4, 8, 100);
	good = !kcmap_ctl_create(ctl, "name", &longer.opts) &&
	       !strcmp((char *)kernel.create.name, "name") &&
	       kernel.create.key_size == 4 && kernel.create.value_size == 8 &&
	       kernel.create.max_entries == 100 && kernel.create.mode == 0600 &&
	       kernel.create.uid == KCMAP_ID_SELF &&
	       kernel.create.gid == KCMAP_ID_SELF &&
	       kernel.create.size == sizeof(kernel.create);
	ok(good, "options come through");
	longer.opts.size = sizeof(longer);
	ok(!kcmap_ctl_create(ctl, "name", &longer.opts),
	   "longer options with zeros are taken");
	longer.more = 1;
	ok(kcmap_ctl_create(ctl, "name", &longer.opts) == -E2BIG,
	   "longer options that say more than is known are refused");
	longer.opts.snapshots_max = 3;
	longer.opts.snapshot_bytes_max = 4096;
	longer.opts.size = sizeof(longer.opts);
	good = !kcmap_ctl_create(ctl, "name", &longer.opts) &&
	       kernel.create.snapshots_max == 3 &&
	       kernel.create.snapshot_bytes_max == 4096;
	ok(good, "limits of snapshots come through");
	longer.opts.size = offsetof(struct kcmap_create_opts, snapshots_max);
	good = !kcmap_ctl_create(ctl, "name", &longer.opts) &&
	       kernel.create.gid == KCMAP_ID_SELF &&
	       !kernel.create.snapshots_max &&
	       !kernel.create.snapshot_bytes_max;
	ok(good, "options of the first version are taken, and no more of them");
	longer.opts.size--;
	ok(kcmap_ctl_create(ctl, "name", &longer.opts) == -EINVAL,
	   "shorter options than the first version are refused");
	longer.opts.reserved = 1;
	longer.opts.size = sizeof(longer.opts);
	ok(kcmap_ctl_create(ctl, "name", &longer.opts) == -EINVAL,
	   "what is reserved has to be zero");
	longer.opts.reserved = 0;
	longer.opts.size = sizeof(longer.opts);
	longer.opts.flags = KCMAP_F_ANON;
	ok(kcmap_ctl_create(ctl, "name", &longer.opts) == -EINVAL,
	   "a map with a name is not anonymous");
	longer.opts.flags = 0;
	ok(kcmap_ctl_create(ctl, "../name", &longer.opts) == -EINVAL,
	   "a name that leaves the directory is refused");
}

static void test_names(void)
{
	static const char *const good[] = {
		"a",
		"A-Z_0.9",
		"...",
		"Control",
		"abcdefghijabcdefghijabcdefghija",
	};
	static const char *const bad[] = {
		"",	   ".",	       "..",
		"control", "a/b",      "a b",
		"a\n",	   "\xc3\xa9", "abcdefghijabcdefghijabcdefghijab",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		ok(kcmap_name_valid(good[i]), "good name %zu", i);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!kcmap_name_valid(bad[i]), "bad name %zu", i);
}

int main(void)
{
	struct kcmap_ctl ctl = { .fd = CTL_FD };
	struct kcmap_map *map = NULL;
	struct kcmap_map *none;
	bool good;

	ok(kcmap_map_from_fd(CTL_FD, &none) == -ENOTTY,
	   "a descriptor that is no map is refused");
	good = !kcmap_map_from_fd(MAP_FD, &map) &&
	       kcmap_map_key_size(map) == KEY_SIZE &&
	       kcmap_map_value_size(map) == VALUE_SIZE;
	if (!ok(good, "a map is taken, with its sizes"))
		return tap_done();
	test_submit(map);
	test_strided(map);
	test_iter(map);
	test_list(&ctl);
	test_create(&ctl);
	test_names();
	kcmap_map_close(map);
	return tap_done();
}
