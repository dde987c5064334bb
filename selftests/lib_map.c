// SPDX-License-Identifier: GPL-2.0-only
/* libkcmap against the module. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libkcmap.h>

#include "tap.h"

#define NAME "lib_map"

static struct kcmap_ctl *ctl;
static struct kcmap_map *map;

static void create(uint32_t key_size, uint32_t value_size, uint64_t max)
{
	struct kcmap_create_opts opts;

	REQUIRE(!kcmap_ctl_open(&ctl));
	kcmap_ctl_destroy(ctl, NAME);
	kcmap_create_opts_init(&opts, key_size, value_size, max);
	REQUIRE(!kcmap_ctl_create(ctl, NAME, &opts));
	REQUIRE(!kcmap_map_open(NAME, O_RDWR, &map));
}

static void destroy(void)
{
	kcmap_map_close(map);
	CHECK_EQ(kcmap_ctl_destroy(ctl, NAME), 0);
	kcmap_ctl_close(ctl);
}

TEST(control)
{
	struct kcmap_create_opts opts;
	struct kcmap_ctl_info info;
	struct kcmap_map *none;

	REQUIRE(!kcmap_ctl_open(&ctl));
	CHECK_EQ(kcmap_ctl_get_info(ctl, &info, sizeof(info)), 0);
	CHECK_EQ(info.abi_version, KCMAP_ABI_VERSION);
	CHECK_EQ(info.size, sizeof(info));
	CHECK_EQ(kcmap_ctl_get_info(ctl, &info, 3), -EINVAL);
	CHECK(fcntl(kcmap_ctl_fd(ctl), F_GETFD) & FD_CLOEXEC);
	kcmap_create_opts_init(&opts, 4, 8, 10);
	CHECK_EQ(kcmap_ctl_create(ctl, NAME, &opts), 0);
	CHECK_EQ(kcmap_ctl_create(ctl, NAME, &opts), -EEXIST);
	CHECK_EQ(kcmap_ctl_destroy(ctl, NAME), 0);
	CHECK_EQ(kcmap_ctl_destroy(ctl, NAME), -ENOENT);
	opts.key_size = KCMAP_KEY_SIZE_MAX + 1;
	CHECK_EQ(kcmap_ctl_create(ctl, NAME, &opts), -EINVAL);
	CHECK_EQ(kcmap_map_open(NAME, O_RDONLY, &none), -ENOENT);
	CHECK_EQ(kcmap_map_open(NAME, O_WRONLY, &none), -EINVAL);
	CHECK_EQ(kcmap_map_open("a/b", O_RDONLY, &none), -EINVAL);
	kcmap_ctl_close(ctl);
}

TEST(list)
{
	struct kcmap_create_opts opts;
	struct kcmap_map_list *list;
	struct kcmap_map_info info;
	unsigned int seen = 0;
	char name[16];
	int i, ret;

	REQUIRE(!kcmap_ctl_open(&ctl));
	kcmap_create_opts_init(&opts, 1, 0, 1);
	/* More than one batch of the library. */
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "lib_list.%d", i);
		opts.max_entries = (uint64_t)i + 1;
		CHECK_EQ(kcmap_ctl_create(ctl, name, &opts), 0);
	}
	REQUIRE(!kcmap_map_list_new(ctl, &list));
	while ((ret = kcmap_map_list_next(list, &info, sizeof(info))) == 1) {
		if (strncmp((char *)info.name, "lib_list.", 9))
			continue;
		CHECK_EQ(atoi((char *)info.name + 9), (int)seen);
		CHECK_EQ(info.max_entries, seen + 1);
		seen++;
	}
	CHECK_EQ(ret, 0);
	CHECK_EQ(seen, 100);
	kcmap_map_list_free(list);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "lib_list.%d", i);
		CHECK_EQ(kcmap_ctl_destroy(ctl, name), 0);
	}
	kcmap_ctl_close(ctl);
}

TEST(handles)
{
	struct kcmap_create_opts opts;
	struct kcmap_map_info info;
	struct kcmap_map *other;
	struct kcmap_stats stats;
	int fd;

	create(4, 8, 10);
	CHECK_EQ(kcmap_map_key_size(map), 4);
	CHECK_EQ(kcmap_map_value_size(map), 8);
	CHECK(fcntl(kcmap_map_fd(map), F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(kcmap_map_get_info(map, &info, sizeof(info)), 0);
	CHECK(!strcmp((char *)info.name, NAME));
	CHECK_EQ(info.max_entries, 10);

	fd = dup(kcmap_map_fd(map));
	CHECK_EQ(kcmap_map_from_fd(fd, &other), 0);
	kcmap_map_close(other);
	CHECK_EQ(fcntl(fd, F_GETFD), -1);
	fd = open("/dev/null", O_RDWR);
	CHECK_EQ(kcmap_map_from_fd(fd, &other), -ENOTTY);
	CHECK_EQ(close(fd), 0);
	fd = open("/dev/kcmap/" NAME, O_WRONLY);
	CHECK_EQ(kcmap_map_from_fd(fd, &other), -EBADF);
	CHECK_EQ(close(fd), 0);

	/* Destroyed, but open: it goes on without a name. */
	CHECK_EQ(kcmap_ctl_destroy(ctl, NAME), 0);
	CHECK_EQ(kcmap_map_upsert(map, "key", "valuesss"), 0);
	CHECK_EQ(kcmap_map_get_info(map, &info, sizeof(info)), 0);
	CHECK_EQ(info.name[0], 0);
	kcmap_map_close(map);

	kcmap_create_opts_init(&opts, 4, 8, 10);
	REQUIRE(!kcmap_ctl_create_anon(ctl, &opts, &map));
	CHECK_EQ(kcmap_map_upsert(map, "key", "valuesss"), 0);
	CHECK_EQ(kcmap_map_get_stats(map, &stats, sizeof(stats)), 0);
	CHECK_EQ(stats.entries, 1);
	kcmap_map_close(map);
	kcmap_map_close(NULL);
	kcmap_ctl_close(ctl);
	kcmap_ctl_close(NULL);
}

TEST(operations)
{
	struct kcmap_map *reader;
	uint32_t key = 1;
	uint64_t value;

	create(4, 8, 2);
	value = 5;
	CHECK_EQ(kcmap_map_lookup(map, &key, &value), -ENOENT);
	CHECK_EQ(value, 5);
	CHECK_EQ(kcmap_map_update(map, &key, &value), -ENOENT);
	CHECK_EQ(kcmap_map_delete(map, &key), -ENOENT);
	CHECK_EQ(kcmap_map_take(map, &key, &value), -ENOENT);
	CHECK_EQ(kcmap_map_insert(map, &key, &value), 0);
	CHECK_EQ(kcmap_map_insert(map, &key, &value), -EEXIST);
	value = 6;
	CHECK_EQ(kcmap_map_update(map, &key, &value), 0);
	value = 0;
	CHECK_EQ(kcmap_map_lookup(map, &key, &value), 0);
	CHECK_EQ(value, 6);
	CHECK_EQ(kcmap_map_lookup(map, &key, NULL), 0);
	key = 2;
	CHECK_EQ(kcmap_map_upsert(map, &key, &value), 0);
	key = 3;
	CHECK_EQ(kcmap_map_upsert(map, &key, &value), -ENOSPC);
	CHECK_EQ(kcmap_map_insert(map, &key, &value), -ENOSPC);
	key = 1;
	value = 0;
	CHECK_EQ(kcmap_map_take(map, &key, &value), 0);
	CHECK_EQ(value, 6);
	CHECK_EQ(kcmap_map_lookup(map, &key, &value), -ENOENT);
	key = 2;
	CHECK_EQ(kcmap_map_take(map, &key, NULL), 0);
	CHECK_EQ(kcmap_map_insert(map, &key, &value), 0);
	CHECK_EQ(kcmap_map_insert(map, NULL, &value), -EFAULT);

	REQUIRE(!kcmap_map_open(NAME, O_RDONLY, &reader));
	CHECK_EQ(kcmap_map_lookup(reader, &key, &value), 0);
	CHECK_EQ(kcmap_map_upsert(reader, &key, &value), -EBADF);
	CHECK_EQ(kcmap_map_delete(reader, &key), -EBADF);
	CHECK_EQ(kcmap_map_clear(reader), -EBADF);
	kcmap_map_close(reader);
	CHECK_EQ(kcmap_map_clear(map), 0);
	CHECK_EQ(kcmap_map_lookup(map, &key, &value), -ENOENT);
	destroy();
}

TEST(submit)
{
	enum { NR = KCMAP_SUBMIT_MAX + 100 };
	struct kcmap_op ops[4];
	uint32_t keys[2] = { 1, 2 };
	uint64_t values[2] = { 10, 20 }, found[2] = { 0 };
	struct kcmap_op *many;
	uint32_t *all;
	int i;

	create(4, 8, NR);
	kcmap_prep_insert(&ops[0], &keys[0], &values[0]);
	kcmap_prep_update(&ops[1], &keys[1], &values[1]);
	kcmap_prep_lookup(&ops[2], &keys[0], &found[0]);
	kcmap_prep_take(&ops[3], &keys[0], &found[1]);
	CHECK_EQ(kcmap_map_submit(map, ops, 4, sizeof(ops[0])), 4);
	CHECK_EQ(ops[0].status, 0);
	CHECK_EQ(ops[1].status, -ENOENT);
	CHECK_EQ(ops[2].status, 0);
	CHECK_EQ(ops[3].status, 0);
	CHECK_EQ(found[0], 10);
	CHECK_EQ(found[1], 10);
	kcmap_prep_upsert(&ops[0], &keys[1], &values[1]);
	kcmap_prep_delete(&ops[1], &keys[1]);
	kcmap_prep(&ops[2], KCMAP_OP_FETCH_ADD, &keys[1], NULL, NULL);
	CHECK_EQ(kcmap_map_submit(map, ops, 3, sizeof(ops[0])), 3);
	CHECK_EQ(ops[0].status, 0);
	CHECK_EQ(ops[1].status, 0);
	CHECK_EQ(ops[2].status, -EOPNOTSUPP);
	CHECK_EQ(kcmap_map_submit(map, ops, 0, sizeof(ops[0])), 0);
	CHECK_EQ(kcmap_map_submit(map, NULL, 1, sizeof(ops[0])), -EFAULT);
	CHECK_EQ(kcmap_map_submit(map, ops, 1, 8), -EINVAL);

	/* More than one system call may take. */
	many = calloc(NR, sizeof(*many));
	all = calloc(NR, sizeof(*all));
	REQUIRE(many && all);
	for (i = 0; i < NR; i++) {
		all[i] = (uint32_t)i;
		kcmap_prep_insert(&many[i], &all[i], &values[0]);
	}
	CHECK_EQ(kcmap_map_submit(map, many, NR, sizeof(*many)), NR);
	for (i = 0; i < NR; i++)
		REQUIRE(!many[i].status);
	free(many);
	free(all);
	destroy();
}

TEST(strided)
{
	enum { NR = KCMAP_SUBMIT_MAX + 100 };
	uint32_t *keys = calloc(NR, sizeof(*keys));
	uint64_t *values = calloc(NR, sizeof(*values));
	int32_t *statuses = calloc(NR, sizeof(*statuses));
	int i;

	REQUIRE(keys && values && statuses);
	create(4, 8, NR);
	for (i = 0; i < NR; i++) {
		keys[i] = (uint32_t)i;
		values[i] = (uint64_t)i * 3;
		statuses[i] = 99;
	}
	CHECK_EQ(kcmap_map_submit_strided(map, KCMAP_OP_INSERT, NR, keys,
					  values, NULL, statuses),
		 NR);
	for (i = 0; i < NR; i++)
		REQUIRE(!statuses[i]);
	memset(values, 0, NR * sizeof(*values));
	/* One that is absent, in the second part. */
	keys[NR - 1] = NR + 1;
	CHECK_EQ(kcmap_map_submit_strided(map, KCMAP_OP_LOOKUP, NR, keys, NULL,
					  values, statuses),
		 NR);
	for (i = 0; i < NR - 1; i++)
		REQUIRE(!statuses[i] && values[i] == (uint64_t)i * 3);
	CHECK_EQ(statuses[NR - 1], -ENOENT);
	CHECK_EQ(values[NR - 1], 0);
	CHECK_EQ(kcmap_map_submit_strided(map, KCMAP_OP_LOOKUP, 1, NULL, NULL,
					  values, statuses),
		 -EFAULT);
	destroy();
	free(keys);
	free(values);
	free(statuses);
}

TEST(iterate)
{
	enum { NR = 5000 };
	unsigned char seen[NR] = { 0 };
	const void *key, *value;
	struct kcmap_iter *iter;
	uint32_t k, n = 0;
	uint64_t v;
	int ret;

	create(4, 8, NR);
	for (k = 0; k < NR; k++) {
		v = k + 7;
		REQUIRE(!kcmap_map_insert(map, &k, &v));
	}
	REQUIRE(!kcmap_iter_new(map, 0, 64, &iter));
	while ((ret = kcmap_iter_next(iter, &key, &value)) == 1) {
		memcpy(&k, key, sizeof(k));
		memcpy(&v, value, sizeof(v));
		REQUIRE(k < NR && !seen[k] && v == k + 7);
		seen[k] = 1;
		n++;
		/* What is deleted behind it does not disturb it. */
		if (n % 2)
			CHECK_EQ(kcmap_map_delete(map, &k), 0);
	}
	CHECK_EQ(ret, 0);
	CHECK_EQ(n, NR);
	kcmap_iter_free(iter);
	kcmap_iter_free(NULL);

	REQUIRE(!kcmap_iter_new(map, KCMAP_ITER_KEYS, 0, &iter));
	for (n = 0; kcmap_iter_next(iter, &key, &value) == 1; n++)
		REQUIRE(!value);
	CHECK_EQ(n, NR / 2);
	kcmap_iter_free(iter);
	destroy();
}

/* A handle is shared: each thread has keys of its own. */
static void *use_map(void *arg)
{
	uint32_t first = (uint32_t)(uintptr_t)arg, key;
	uint64_t value;
	int round;

	for (round = 0; round < 20; round++) {
		for (key = first; key < first + 50; key++) {
			value = key;
			if (kcmap_map_insert(map, &key, &value))
				return "insert";
			value = 0;
			if (kcmap_map_lookup(map, &key, &value) || value != key)
				return "lookup";
			if (kcmap_map_delete(map, &key))
				return "delete";
		}
	}
	return NULL;
}

TEST(threads)
{
	pthread_t threads[4];
	void *failed;
	size_t i;

	create(4, 8, 200);
	for (i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, use_map,
					(void *)(i * 1000)));
	for (i = 0; i < 4; i++) {
		CHECK_EQ(pthread_join(threads[i], &failed), 0);
		CHECK(!failed);
	}
	destroy();
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
