/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of kcmap_classify share: TAP, a map of flows, an attachment,
 * and a veth pair with a namespace on each side.
 */
#ifndef CLASSIFY_UTIL_H
#define CLASSIFY_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/kcmap.h>
#include <linux/kcmap_classify.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- TAP --- */

static unsigned int tap_count, tap_failed;

__attribute__((format(printf, 1, 2))) static inline void
tap_diag(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

__attribute__((format(printf, 2, 3))) static inline bool
tap_ok(bool passed, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%sok %u - ", passed ? "" : "not ", ++tap_count);
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	tap_failed += !passed;
	return passed;
}

static inline bool tap_equal(uint64_t got, uint64_t want, const char *what)
{
	bool passed = tap_ok(got == want, "%s", what);

	if (!passed)
		tap_diag("%s: got %llu, want %llu", what,
			 (unsigned long long)got, (unsigned long long)want);
	return passed;
}

/* @got: 0 or a negative errno, as is @want. */
static inline bool tap_errno(int got, int want, const char *what)
{
	bool passed = tap_ok(got == want, "%s", what);

	if (!passed)
		tap_diag("%s: got %d (%s), want %d (%s)", what, got,
			 strerror(-got), want, strerror(-want));
	return passed;
}

static inline int tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* What the test itself needs and cannot do without. */
__attribute__((noreturn)) static inline void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

__attribute__((format(printf, 1, 2))) static inline void run(const char *format,
							     ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(stdout);
	if (system(command)) {
		printf("Bail out! failed: %s\n", command);
		exit(EXIT_FAILURE);
	}
}

/* --- Maps --- */

static inline int xioctl(int fd, unsigned long number, void *arg)
{
	return ioctl(fd, number, arg) ? -errno : 0;
}

static inline int map_create_sized(uint64_t entries, uint32_t key_size,
				   uint32_t value_size)
{
	struct kcmap_create create = {
		.size = sizeof(create),
		.flags = KCMAP_F_ANON,
		.max_entries = entries,
		.key_size = key_size,
		.value_size = value_size,
		.uid = KCMAP_ID_SELF,
		.gid = KCMAP_ID_SELF,
	};
	int control = open("/dev/kcmap/control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		die("/dev/kcmap/control");
	if (ioctl(control, KCMAP_CTL_CREATE, &create))
		die("KCMAP_CTL_CREATE");
	close(control);
	return create.fd;
}

static inline int map_create(uint64_t entries)
{
	return map_create_sized(entries, sizeof(struct kcmap_flow_key),
				sizeof(struct kcmap_flow_value));
}

static inline void map_clear(int map)
{
	struct kcmap_clear clear = { .size = sizeof(clear) };

	if (ioctl(map, KCMAP_MAP_CLEAR, &clear))
		die("KCMAP_MAP_CLEAR");
}

static inline int map_lookup(int map, const struct kcmap_flow_key *key,
			     struct kcmap_flow_value *value)
{
	struct kcmap_op op = {
		.opcode = KCMAP_OP_LOOKUP,
		.key = (uintptr_t)key,
		.result = (uintptr_t)value,
	};
	struct kcmap_submit submit = {
		.size = sizeof(submit),
		.nr = 1,
		.ops = (uintptr_t)&op,
		.op_size = sizeof(op),
	};

	if (ioctl(map, KCMAP_MAP_SUBMIT, &submit))
		die("KCMAP_MAP_SUBMIT");
	return op.status;
}

static inline uint64_t map_entries(int map)
{
	struct kcmap_stats stats = { .size = sizeof(stats) };

	if (ioctl(map, KCMAP_MAP_STATS, &stats))
		die("KCMAP_MAP_STATS");
	return stats.entries;
}

/* --- The classifier --- */

static inline int classify_open(void)
{
	int fd;

	run("modprobe kcmap_classify");
	fd = open("/dev/kcmap_classify", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/kcmap_classify");
	return fd;
}

static inline int classify_attach(int device, int ifindex, int map,
				  uint32_t flags, uint32_t verdict,
				  uint32_t mark)
{
	struct kcmap_classify_attach attach = {
		.size = sizeof(attach),
		.flags = flags,
		.ifindex = ifindex,
		.map_fd = map,
		.default_verdict = verdict,
		.default_mark = mark,
	};

	return xioctl(device, KCMAP_CLASSIFY_ATTACH, &attach);
}

static inline int classify_detach(int device, int ifindex)
{
	struct kcmap_classify_detach detach = {
		.size = sizeof(detach),
		.ifindex = ifindex,
	};

	return xioctl(device, KCMAP_CLASSIFY_DETACH, &detach);
}

static inline int classify_stats(int device, int ifindex,
				 struct kcmap_classify_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->ifindex = ifindex;
	return xioctl(device, KCMAP_CLASSIFY_STATS, stats);
}

static inline int classify_set(int device, int map,
			       const struct kcmap_flow_key *key,
			       uint32_t verdict, uint32_t mark)
{
	struct kcmap_classify_set set = {
		.size = sizeof(set),
		.map_fd = map,
		.verdict = verdict,
		.mark = mark,
		.key = *key,
	};

	return xioctl(device, KCMAP_CLASSIFY_SET, &set);
}

/*
 * Wait until as many packets have come by as were sent, and give the counters.
 * The limit is for a test that fails, not a bound on how long it may take.
 */
static inline bool classify_wait(int device, int ifindex, uint64_t packets,
				 struct kcmap_classify_stats *stats)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int tries;

	for (tries = 0; tries < 6000; tries++) {
		if (classify_stats(device, ifindex, stats))
			die("KCMAP_CLASSIFY_STATS");
		if (stats->packets >= packets)
			break;
		nanosleep(&pause, NULL);
	}
	return stats->packets == packets;
}

/* --- A veth pair --- */

/**
 * struct pair - rx0 in the namespace of this process, tx0 in another
 * @rx_ns: descriptor of the namespace of rx0
 * @tx_ns: descriptor of the namespace of tx0
 * @rx: interface index of rx0, in its namespace
 * @tx: interface index of tx0, in its namespace
 */
struct pair {
	int rx_ns;
	int tx_ns;
	int rx;
	int tx;
};

static inline void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		tap_diag("%s: %s", path, strerror(errno));
	close(fd);
}

/* Into a network namespace of our own, where only test frames are sent. */
static inline void new_namespace(void)
{
	if (unshare(CLONE_NEWNET))
		die("unshare");
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	write_file("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
}

static inline void enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET))
		die("setns");
}

/* A new namespace for each side, and this process on the receiving one. */
static inline void pair_create(struct pair *pair)
{
	int ready[2];
	char path[64];
	pid_t child;
	char byte;

	/* Only the first namespace shows it, and none may be full. */
	write_file("/proc/sys/net/core/netdev_max_backlog", "1000000");
	if (pipe2(ready, O_CLOEXEC))
		die("pipe2");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		new_namespace();
		if (write(ready[1], "", 1) != 1)
			_exit(EXIT_FAILURE);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("the other namespace");
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
	pair->tx_ns = open(path, O_RDONLY | O_CLOEXEC);

	new_namespace();
	pair->rx_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (pair->rx_ns < 0 || pair->tx_ns < 0)
		die("/proc/PID/ns/net");
	run("ip link add rx0 mtu 65535 type veth peer name tx0 mtu 65535 netns %d",
	    child);
	run("ip link set rx0 up");
	pair->rx = if_nametoindex("rx0");
	enter(pair->tx_ns);
	run("ip link set tx0 up");
	pair->tx = if_nametoindex("tx0");
	enter(pair->rx_ns);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* A socket for whole frames out of tx0. */
static inline int pair_socket(const struct pair *pair)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = pair->tx,
	};
	int fd;

	enter(pair->tx_ns);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("packet socket");
	enter(pair->rx_ns);
	return fd;
}

#endif /* CLASSIFY_UTIL_H */
