// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a system call costs: kcmap's ioctls beside bpf()'s hash map, 8-byte keys
 * and values. Prints a line of JSON for each sample. Usage: icount [BENCH]
 *
 * Meant for a guest in which an instruction takes a nanosecond (selftests/vm/run
 * --accel icount): then a time is a number of instructions, kernel entry and
 * exit included, and hardly differs from one sample to the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/kcmap.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

#define REPEATS 5
#define ENTRIES 4096 /* a power of two, and so is BATCH */
#define BATCH 64
#define CALLS 4096

enum target { KCMAP_FAST, KCMAP_SIPHASH, BPF_HASH, TARGETS };

static const struct {
	const char *engine, *hash;
	int is_bpf;
} targets[TARGETS] = {
	[KCMAP_FAST] = { "kcmap", "fast", 0 },
	[KCMAP_SIPHASH] = { "kcmap", "siphash", 0 },
	[BPF_HASH] = { "bpf_hash", "jhash", 1 },
};

static uint64_t keys[ENTRIES], values[ENTRIES], results[BATCH];
static int32_t statuses[BATCH];
static struct kcmap_op op;
static struct kcmap_submit submit;
static union bpf_attr attr;

static void die(const char *what)
{
	fprintf(stderr, "icount: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned int first_of(unsigned int call, unsigned int items)
{
	return call * items % ENTRIES;
}

/* The same way into the kernel for both. */
static long submit_to(int fd)
{
	return syscall(SYS_ioctl, fd, KCMAP_MAP_SUBMIT, &submit);
}

static void prepare_one(int opcode)
{
	op = (struct kcmap_op){ .opcode = opcode };
	submit = (struct kcmap_submit){
		.size = sizeof(submit),
		.nr = 1,
		.ops = ADDRESS(&op),
		.op_size = sizeof(op),
	};
}

static void prepare_ioctl_lookup(int fd)
{
	(void)fd;
	prepare_one(KCMAP_OP_LOOKUP);
	op.result = ADDRESS(results);
}

static void prepare_ioctl_update(int fd)
{
	(void)fd;
	prepare_one(KCMAP_OP_UPDATE);
}

static long ioctl_lookup(int fd, unsigned int first)
{
	op.key = ADDRESS(&keys[first]);
	return submit_to(fd);
}

static long ioctl_update(int fd, unsigned int first)
{
	op.key = ADDRESS(&keys[first]);
	op.value = ADDRESS(&values[first]);
	return submit_to(fd);
}

static void prepare_ioctl_batch64(int fd)
{
	(void)fd;
	submit = (struct kcmap_submit){
		.size = sizeof(submit),
		.flags = KCMAP_SUBMIT_STRIDED,
		.nr = BATCH,
		.opcode = KCMAP_OP_LOOKUP,
		.results = ADDRESS(results),
		.statuses = ADDRESS(statuses),
	};
}

static long ioctl_batch64(int fd, unsigned int first)
{
	submit.keys = ADDRESS(&keys[first]);
	return submit_to(fd);
}

/* No such ioctl: what all of them cost before they do anything. */
static void prepare_nothing(int fd)
{
	(void)fd;
}

static long ioctl_refused(int fd, unsigned int first)
{
	(void)first;
	return syscall(SYS_ioctl, fd, 0, &submit);
}

static void prepare_bpf_lookup(int fd)
{
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.value = ADDRESS(results);
}

static void prepare_bpf_update(int fd)
{
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.flags = BPF_EXIST;
}

static void prepare_bpf_update_batch64(int fd)
{
	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = fd;
}

static long bpf_lookup(int fd, unsigned int first)
{
	(void)fd;
	attr.key = ADDRESS(&keys[first]);
	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr));
}

static long bpf_update(int fd, unsigned int first)
{
	(void)fd;
	attr.key = ADDRESS(&keys[first]);
	attr.value = ADDRESS(&values[first]);
	return syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static long bpf_update_batch64(int fd, unsigned int first)
{
	(void)fd;
	attr.batch.keys = ADDRESS(&keys[first]);
	attr.batch.values = ADDRESS(&values[first]);
	attr.batch.count = BATCH;
	return syscall(SYS_bpf, BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr));
}

static const struct bench {
	const char *name;
	void (*prepare)(int fd);
	long (*call)(int fd, unsigned int first);
	unsigned int items; /* a call */
	int is_bpf;
	int reads; /* gives values back */
	int error; /* how a call ends */
} benches[] = {
	{ "ioctl_lookup", prepare_ioctl_lookup, ioctl_lookup, 1, 0, 1, 0 },
	{ "ioctl_batch64", prepare_ioctl_batch64, ioctl_batch64, BATCH, 0, 1,
	  0 },
	{ "ioctl_update", prepare_ioctl_update, ioctl_update, 1, 0, 0, 0 },
	{ "ioctl_refused", prepare_nothing, ioctl_refused, 1, 0, 0, ENOTTY },
	{ "bpf_lookup", prepare_bpf_lookup, bpf_lookup, 1, 1, 1, 0 },
	{ "bpf_update", prepare_bpf_update, bpf_update, 1, 1, 0, 0 },
	{ "bpf_update_batch64", prepare_bpf_update_batch64, bpf_update_batch64,
	  BATCH, 1, 0, 0 },
};

static int make_kcmap(unsigned int flags)
{
	struct kcmap_create create = {
		.size = sizeof(create),
		.flags = KCMAP_F_ANON | flags,
		.max_entries = ENTRIES,
		.key_size = sizeof(keys[0]),
		.value_size = sizeof(values[0]),
		.uid = KCMAP_ID_SELF,
		.gid = KCMAP_ID_SELF,
	};
	int ctl = open("/dev/kcmap/control", O_RDWR | O_CLOEXEC);

	if (ctl < 0 || ioctl(ctl, KCMAP_CTL_CREATE, &create))
		die("cannot make a map");
	close(ctl);
	submit = (struct kcmap_submit){
		.size = sizeof(submit),
		.nr = BATCH,
		.flags = KCMAP_SUBMIT_STRIDED,
		.opcode = KCMAP_OP_INSERT,
		.statuses = ADDRESS(statuses),
	};
	for (unsigned int i = 0; i < ENTRIES; i += BATCH) {
		submit.keys = ADDRESS(&keys[i]);
		submit.values = ADDRESS(&values[i]);
		if (submit_to(create.fd))
			die("cannot fill a map");
	}
	return create.fd;
}

static int make_bpf(void)
{
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = sizeof(keys[0]);
	attr.value_size = sizeof(values[0]);
	attr.max_entries = ENTRIES;
	fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		die("cannot make a BPF map");
	prepare_bpf_update(fd);
	attr.flags = BPF_NOEXIST;
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (bpf_update(fd, i))
			die("cannot fill a BPF map");
	return fd;
}

/* Every call once, untimed, with a look at its answer. */
static int answers_wrong(const struct bench *bench, int fd)
{
	unsigned int call, first;

	for (call = 0; call < ENTRIES / bench->items; call++) {
		first = first_of(call, bench->items);
		memset(results, 0, sizeof(results));
		memset(statuses, -1, sizeof(statuses));
		op.status = 0;
		errno = 0;
		if (!bench->call(fd, first) != !bench->error ||
		    errno != bench->error || op.status)
			return 1;
		if (bench->reads && memcmp(results, &values[first],
					   bench->items * sizeof(results[0])))
			return 1;
	}
	return 0;
}

static long no_call(int fd, unsigned int first)
{
	(void)fd;
	op.key = ADDRESS(&keys[first]);
	return 0;
}

/* Not cloned for the empty call, so that both loops are the same. */
__attribute__((noipa)) static double
time_calls(long (*call)(int, unsigned int), const struct bench *bench, int fd)
{
	struct timespec start, end;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < CALLS; i++)
		call(fd, first_of(i, bench->items));
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((end.tv_sec - start.tv_sec) * 1e9 + end.tv_nsec -
		start.tv_nsec) /
	       CALLS / bench->items;
}

static int measure(const struct bench *bench, enum target target, int fd,
		   unsigned int repeat, const char *kernel)
{
	double loop, total;

	bench->prepare(fd);
	if (answers_wrong(bench, fd)) {
		fprintf(stderr, "# %s: wrong answers\n", bench->name);
		return 1;
	}
	loop = time_calls(no_call, bench, fd);
	total = time_calls(bench->call, bench, fd);
	printf("{\"bench\":\"%s\",\"engine\":\"%s\",\"hash\":\"%s\",",
	       bench->name, targets[target].engine, targets[target].hash);
	printf("\"entries\":%d,\"key_size\":8,\"value_size\":8,\"threads\":1,",
	       ENTRIES);
	printf("\"dist\":\"sequential\",\"ns_per_op\":%.2f,\"loop_ns\":%.2f,",
	       total - loop, loop);
	printf("\"unit\":\"instructions\",\"repeat\":%u,\"kernel\":\"%s\"}\n",
	       repeat, kernel);
	return 0;
}

static void make_keys(void)
{
	uint64_t seed = 1;

	/* Every odd multiplier makes 64-bit numbers that all differ. */
	for (unsigned int i = 0; i < ENTRIES; i++) {
		keys[i] = seed += 0x9e3779b97f4a7c15ULL;
		values[i] = ~keys[i];
	}
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	unsigned int repeat, target, i, ran = 0;
	struct utsname name;
	int fd[TARGETS], bad = 0;

	make_keys();
	uname(&name);
	fd[KCMAP_FAST] = make_kcmap(KCMAP_F_HASH_FAST);
	fd[KCMAP_SIPHASH] = make_kcmap(0);
	fd[BPF_HASH] = make_bpf();
	for (repeat = 0; repeat < REPEATS; repeat++)
		for (i = 0; i < ARRAY_SIZE(benches); i++) {
			if (*only &&
			    strncmp(only, benches[i].name, strlen(only)))
				continue;
			for (target = 0; target < TARGETS; target++)
				if (targets[target].is_bpf == benches[i].is_bpf)
					bad |= measure(&benches[i], target,
						       fd[target], repeat,
						       name.release);
			ran++;
		}
	if (!ran) {
		fprintf(stderr, "icount: no such bench: %s\n", only);
		return 2;
	}
	return bad;
}
