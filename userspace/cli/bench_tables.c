// SPDX-License-Identifier: MIT
/* Makes the maps that engines need, and has kcmap_bench fill them. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/kcmap.h>

#include "bench.h"

/* Of 7.3: the system's header may be older. */
#define MAP_TYPE_RHASH 35

static int make_kcmap(const struct contender *contender,
		      const struct shape *shape, unsigned int capacity)
{
	struct kcmap_create create = {
		.size = sizeof(create),
		.flags = KCMAP_F_ANON,
		.max_entries = capacity,
		.key_size = shape->key_size,
		.value_size = shape->value_size,
		.uid = KCMAP_ID_SELF,
		.gid = KCMAP_ID_SELF,
	};
	int ctl = open("/dev/kcmap/control", O_RDWR | O_CLOEXEC);
	int rc;

	if (!strcmp(contender->hash, "fast"))
		create.flags |= KCMAP_F_HASH_FAST;
	rc = ctl < 0 ? -1 : ioctl(ctl, KCMAP_CTL_CREATE, &create);
	close(ctl);
	return rc ? -1 : create.fd;
}

static int make_bpf(const struct contender *contender,
		    const struct shape *shape, unsigned int capacity)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	if (contender->engine == BENCH_BPF_RHASH) {
		attr.map_type = MAP_TYPE_RHASH;
		attr.map_flags = BPF_F_NO_PREALLOC;
	}
	attr.key_size = shape->key_size;
	attr.value_size = shape->value_size;
	attr.max_entries = capacity;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int make_map(const struct contender *contender,
		    const struct shape *shape, unsigned int capacity)
{
	switch (contender->engine) {
	case BENCH_KCMAP:
	case BENCH_PRIVATE:
		return make_kcmap(contender, shape, capacity);
	case BENCH_BPF_HASH:
	case BENCH_BPF_RHASH:
		return make_bpf(contender, shape, capacity);
	default:
		return -2; /* it makes its own */
	}
}

/**
 * table_open() - a filled table
 * @contender: of what kind
 * @shape: what to fill it with
 * @capacity: most entries that it will have
 * @threads: of which each has its own, where tables are private
 * @map: gets a descriptor of the map itself, or -1 where there is none; or NULL
 *
 * Return: a descriptor of kcmap_bench, or -1 after a message.
 */
int table_open(const struct contender *contender, const struct shape *shape,
	       unsigned int capacity, unsigned int threads, int *map)
{
	int32_t fds[BENCH_THREADS_MAX];
	struct kcmap_bench_setup setup = {
		.engine = contender->engine,
		.entries = shape->entries,
		.fds = (uintptr_t)fds,
		.tables = contender->engine == BENCH_PRIVATE ? threads : 1,
		.key_size = shape->key_size,
		.value_size = shape->value_size,
	};
	int fd = open(BENCH_DEVICE, O_RDWR | O_CLOEXEC);
	bool good = fd >= 0;
	unsigned int i;

	for (i = 0; i < setup.tables; i++) {
		fds[i] = good ? make_map(contender, shape, capacity) : -1;
		good = good && fds[i] != -1;
	}
	if (!good || ioctl(fd, KCMAP_BENCH_SETUP, &setup)) {
		bench_say("%s is left out: %s", contender->name,
			  strerror(errno));
		close(fd);
		fd = -1;
	}
	if (map)
		*map = fd < 0 || fds[0] < 0 ? -1 :
					      fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
	for (i = 0; i < setup.tables; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return fd;
}
