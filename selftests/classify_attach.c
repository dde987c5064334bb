// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device of kcmap_classify: each ioctl's sizes and errors, and the end of an
 * attachment with its interface, its namespace and its module, under traffic.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "classify_util.h"

static int device;

/* --- Sizes: too short, exact, longer with zeros, longer with more --- */

struct long_arg {
	union {
		__u32 size;
		struct kcmap_classify_attach attach;
		struct kcmap_classify_detach detach;
		struct kcmap_classify_stats stats;
		struct kcmap_classify_set set;
		uint8_t byte[8192];
	};
};

static void check_sizes(const char *name, unsigned long number,
			const struct long_arg *good, uint32_t size, int want)
{
	static struct long_arg arg;
	char what[128];

	arg = *good;
	arg.size = size;
	snprintf(what, sizeof(what), "%s: exact", name);
	tap_errno(xioctl(device, number, &arg), want, what);
	for (arg.size = 0; arg.size < size; arg.size++)
		if (xioctl(device, number, &arg) != -EINVAL)
			break;
	snprintf(what, sizeof(what), "%s: too short", name);
	tap_equal(arg.size, size, what);

	arg = *good;
	arg.size = size + 8;
	snprintf(what, sizeof(what), "%s: longer, zeros", name);
	tap_errno(xioctl(device, number, &arg), want, what);
	arg = *good;
	arg.size = size + 8;
	arg.byte[size + 7] = 1;
	snprintf(what, sizeof(what), "%s: longer, not zeros", name);
	tap_errno(xioctl(device, number, &arg), -E2BIG, what);
	arg = *good;
	arg.size = sizeof(arg);
	snprintf(what, sizeof(what), "%s: longer than a page", name);
	tap_errno(xioctl(device, number, &arg), -E2BIG, what);
	arg.size = UINT32_MAX;
	snprintf(what, sizeof(what), "%s: longer than anything", name);
	tap_errno(xioctl(device, number, &arg), -E2BIG, what);
	snprintf(what, sizeof(what), "%s: no address", name);
	tap_errno(xioctl(device, number, NULL), -EFAULT, what);
}

/* The size is readable, the rest is not. */
static void check_fault(const char *name, unsigned long number, uint32_t size)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || munmap(pages + page, page))
		die("mmap");
	memcpy(pages + page - sizeof(size), &size, sizeof(size));
	tap_errno(xioctl(device, number, pages + page - sizeof(size)), -EFAULT,
		  name);
	munmap(pages, page);
}

static void test_sizes(const struct pair *pair, int map)
{
	struct long_arg arg = { 0 };

	/* Attached already, or not attached: the same at each size. */
	if (classify_attach(device, pair->rx, map, 0, 0, 0))
		die("KCMAP_CLASSIFY_ATTACH");
	arg.attach.ifindex = pair->rx;
	arg.attach.map_fd = map;
	check_sizes("ATTACH", KCMAP_CLASSIFY_ATTACH, &arg, sizeof(arg.attach),
		    -EEXIST);
	memset(&arg, 0, sizeof(arg));
	arg.stats.ifindex = pair->rx;
	check_sizes("STATS", KCMAP_CLASSIFY_STATS, &arg, sizeof(arg.stats), 0);
	if (classify_detach(device, pair->rx))
		die("KCMAP_CLASSIFY_DETACH");
	memset(&arg, 0, sizeof(arg));
	arg.detach.ifindex = pair->rx;
	check_sizes("DETACH", KCMAP_CLASSIFY_DETACH, &arg, sizeof(arg.detach),
		    -ENOENT);
	memset(&arg, 0, sizeof(arg));
	arg.set.map_fd = map;
	check_sizes("SET", KCMAP_CLASSIFY_SET, &arg, sizeof(arg.set), 0);

	check_fault("ATTACH: half an argument", KCMAP_CLASSIFY_ATTACH,
		    sizeof(arg.attach));
	check_fault("DETACH: half an argument", KCMAP_CLASSIFY_DETACH,
		    sizeof(arg.detach));
	check_fault("STATS: half an argument", KCMAP_CLASSIFY_STATS,
		    sizeof(arg.stats));
	check_fault("SET: half an argument", KCMAP_CLASSIFY_SET,
		    sizeof(arg.set));
}

/* --- Errors --- */

static void test_unknown(void)
{
	struct long_arg arg = { .size = sizeof(arg.attach) };
	int nr;

	for (nr = 4; nr < 256; nr++)
		if (xioctl(device, _IO(KCMAP_CLASSIFY_IOC_TYPE, nr), &arg) !=
		    -ENOTTY)
			break;
	tap_equal(nr, 256, "unknown ioctls");
	tap_errno(xioctl(device, _IO(0xbc, 0), &arg), -ENOTTY,
		  "an ioctl of another type");
	tap_errno(xioctl(device, _IOR(KCMAP_CLASSIFY_IOC_TYPE, 0, int), &arg),
		  -ENOTTY, "a known number with a size");
}

static void test_attach_errors(const struct pair *pair, int map)
{
	struct kcmap_classify_attach attach = {
		.size = sizeof(attach),
		.ifindex = pair->rx,
		.map_fd = map,
	};
	int other = map_create_sized(10, 39, 32), narrow, file, read_only;
	char path[64];

	attach.flags = 2;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_ATTACH, &attach), -EINVAL,
		  "ATTACH: unknown flag");
	tap_errno(classify_attach(device, pair->rx, map, 0, 3, 0), -EINVAL,
		  "ATTACH: unknown verdict");
	tap_errno(classify_attach(device, pair->rx, -1, 0, 0, 0), -EBADF,
		  "ATTACH: no descriptor");
	file = open("/dev/null", O_RDWR);
	tap_errno(classify_attach(device, pair->rx, file, 0, 0, 0), -EBADF,
		  "ATTACH: not a map");
	tap_errno(classify_attach(device, pair->rx, device, 0, 0, 0), -EBADF,
		  "ATTACH: the classifier itself");
	tap_errno(classify_attach(device, pair->rx, other, 0, 0, 0), -EINVAL,
		  "ATTACH: another key size");
	narrow = map_create_sized(10, 40, 31);
	tap_errno(classify_attach(device, pair->rx, narrow, 0, 0, 0), -EINVAL,
		  "ATTACH: another value size");
	tap_errno(classify_attach(device, 0, map, 0, 0, 0), -ENODEV,
		  "ATTACH: interface 0");
	tap_errno(classify_attach(device, -1, map, 0, 0, 0), -ENODEV,
		  "ATTACH: interface -1");
	tap_errno(classify_attach(device, 99999, map, 0, 0, 0), -ENODEV,
		  "ATTACH: no such interface");
	close(other);
	close(narrow);
	close(file);

	tap_errno(classify_attach(device, pair->rx, map, 0, 0, 0), 0, "ATTACH");
	tap_errno(classify_attach(device, pair->rx, map, 1, 1, 0), -EEXIST,
		  "ATTACH: attached already");
	tap_errno(classify_detach(device, pair->rx), 0, "DETACH");
	tap_errno(classify_detach(device, pair->rx), -ENOENT,
		  "DETACH: not attached");
	tap_errno(classify_detach(device, 99999), -ENOENT,
		  "DETACH: no such interface");

	/* Only a map with a name can be opened again. */
	run("kcmap destroy classify.ro 2>/dev/null || :");
	{
		struct kcmap_create create = {
			.size = sizeof(create),
			.name = "classify.ro",
			.max_entries = 10,
			.key_size = sizeof(struct kcmap_flow_key),
			.value_size = sizeof(struct kcmap_flow_value),
			.mode = 0600,
			.uid = KCMAP_ID_SELF,
			.gid = KCMAP_ID_SELF,
		};
		int control = open("/dev/kcmap/control", O_RDWR);

		if (ioctl(control, KCMAP_CTL_CREATE, &create))
			die("KCMAP_CTL_CREATE");
		close(control);
	}
	snprintf(path, sizeof(path), "/dev/kcmap/%s", "classify.ro");
	read_only = open(path, O_RDONLY);
	if (read_only < 0)
		die(path);
	tap_errno(classify_attach(device, pair->rx, read_only, 0, 0, 0), -EBADF,
		  "ATTACH: a map that is open for reading only");
	{
		struct kcmap_flow_key key = { .family = AF_INET };

		tap_errno(classify_set(device, read_only, &key, 0, 0), -EBADF,
			  "SET: a map that is open for reading only");
	}
	close(read_only);
	read_only = open(path, O_WRONLY);
	if (read_only < 0)
		die(path);
	tap_errno(classify_attach(device, pair->rx, read_only, 0, 0, 0), -EBADF,
		  "ATTACH: a map that is open for writing only");
	close(read_only);
	run("kcmap destroy classify.ro");
}

static void test_other_errors(const struct pair *pair, int map)
{
	struct kcmap_classify_detach detach = {
		.size = sizeof(detach),
		.ifindex = pair->rx,
	};
	struct kcmap_classify_stats stats;
	struct kcmap_flow_key key = { .family = AF_INET };
	struct kcmap_classify_set set = {
		.size = sizeof(set),
		.map_fd = map,
		.key = key,
	}, bad;
	int reader = open("/dev/kcmap_classify", O_RDONLY), map_other;
	int writer = open("/dev/kcmap_classify", O_WRONLY);

	detach.flags = 1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_DETACH, &detach), -EINVAL,
		  "DETACH: flags");
	detach.flags = 0;
	detach.reserved = 1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_DETACH, &detach), -EINVAL,
		  "DETACH: reserved");
	tap_errno(classify_stats(device, pair->rx, &stats), -ENOENT,
		  "STATS: not attached");
	memset(&stats, 0, sizeof(stats));
	stats.size = sizeof(stats);
	stats.reserved = 1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_STATS, &stats), -EINVAL,
		  "STATS: reserved");

	bad = set;
	bad.flags = 1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EINVAL,
		  "SET: flags");
	bad = set;
	bad.reserved = 1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EINVAL,
		  "SET: reserved");
	bad = set;
	bad.verdict = 3;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EINVAL,
		  "SET: verdict");
	bad = set;
	bad.mark = 1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EINVAL,
		  "SET: a mark without MARK");
	bad = set;
	bad.key.reserved = 1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EINVAL,
		  "SET: reserved in the key");
	bad = set;
	bad.key.flags = 2;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EINVAL,
		  "SET: unknown flag in the key");
	map_other = map_create_sized(10, 40, 40);
	bad = set;
	bad.map_fd = map_other;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EINVAL,
		  "SET: another value size");
	close(map_other);
	bad.map_fd = -1;
	tap_errno(xioctl(device, KCMAP_CLASSIFY_SET, &bad), -EBADF,
		  "SET: no map");

	tap_errno(classify_attach(reader, pair->rx, map, 0, 0, 0), -EBADF,
		  "ATTACH by a descriptor for reading");
	tap_errno(classify_detach(reader, pair->rx), -EBADF,
		  "DETACH by a descriptor for reading");
	tap_errno(classify_set(reader, map, &key, 0, 0), -EBADF,
		  "SET by a descriptor for reading");
	tap_errno(classify_stats(reader, pair->rx, &stats), -ENOENT,
		  "STATS by a descriptor for reading");
	tap_errno(classify_stats(writer, pair->rx, &stats), -EBADF,
		  "STATS by a descriptor for writing");
	close(reader);
	close(writer);
}

/* In a child, since what is dropped cannot be had again. */
static void test_permission(const struct pair *pair, int map)
{
	struct kcmap_classify_stats stats;
	int status;
	pid_t child;

	tap_ok(!system("[ \"$(stat -c %a /dev/kcmap_classify)\" = 600 ]"),
	       "the node's mode is 0600");
	fflush(stdout);
	child = fork();
	if (!child) {
		int bad = 0;

		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(100);
		if (open("/dev/kcmap_classify", O_RDWR) >= 0 || errno != EACCES)
			bad |= 1;
		if (classify_attach(device, pair->rx, map, 0, 0, 0) != -EPERM)
			bad |= 2;
		if (classify_detach(device, pair->rx) != -EPERM)
			bad |= 4;
		if (classify_stats(device, pair->rx, &stats) != -EPERM)
			bad |= 8;
		/* In a namespace of his own he may, with what he was given. */
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			bad |= 16;
		else if (classify_attach(device, 1, map, 0, 0, 0) ||
			 classify_stats(device, 1, &stats) ||
			 classify_detach(device, 1) ||
			 classify_attach(device, 1, map, 0, 0, 0))
			bad |= 32;
		_exit(bad);
	}
	waitpid(child, &status, 0);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	tap_ok(!(status & 1), "another user: open is refused");
	tap_ok(!(status & 2), "another user: ATTACH is refused");
	tap_ok(!(status & 4), "another user: DETACH is refused");
	tap_ok(!(status & 8), "another user: STATS is refused");
	tap_ok(!(status & 48), "another user: in a namespace of his own");
}

/* --- Ends --- */

/*
 * A child that sends frames of many flows out of tx0 until that is gone. It
 * holds neither the device nor the receiving namespace.
 */
static pid_t start_traffic(const struct pair *pair)
{
	/* UDP over IPv4, the source port to be filled in. */
	static uint8_t frame[60] = {
		[0] = 2,   [5] = 1,    [6] = 2,	   [11] = 2,
		[12] = 8,  [14] = 69,  [17] = 46,  [22] = 64,
		[23] = 17, [26] = 192, [30] = 192,
	};
	int fd = pair_socket(pair);
	pid_t child;
	uint16_t i;

	fflush(stdout);
	child = fork();
	if (child < 0)
		die("fork");
	if (child) {
		close(fd);
		return child;
	}
	enter(pair->tx_ns);
	close(pair->tx_ns);
	close(pair->rx_ns);
	close(device);
	for (i = 0;; i++) {
		memcpy(frame + 34, &i, sizeof(i));
		if (send(fd, frame, sizeof(frame), 0) < 0 && errno == ENXIO)
			_exit(0);
	}
}

static void stop_traffic(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void wait_for_traffic(const struct pair *pair)
{
	struct kcmap_classify_stats stats;

	do {
		if (classify_stats(device, pair->rx, &stats))
			die("KCMAP_CLASSIFY_STATS");
		usleep(1000);
	} while (stats.packets < 100);
}

static void test_interface_goes(int map)
{
	struct kcmap_classify_stats stats;
	struct pair pair;
	pid_t traffic;

	pair_create(&pair);
	if (classify_attach(device, pair.rx, map, KCMAP_CLASSIFY_LEARN, 0, 0))
		die("KCMAP_CLASSIFY_ATTACH");
	traffic = start_traffic(&pair);
	wait_for_traffic(&pair);
	run("ip link del rx0");
	tap_errno(classify_stats(device, pair.rx, &stats), -ENOENT,
		  "the interface goes under traffic: STATS");
	tap_errno(classify_detach(device, pair.rx), -ENOENT,
		  "the interface goes under traffic: DETACH");
	stop_traffic(traffic);
	close(pair.rx_ns);
	close(pair.tx_ns);
}

static void test_interface_moves(int map)
{
	struct kcmap_classify_stats stats;
	struct pair pair;
	pid_t child;

	pair_create(&pair);
	if (classify_attach(device, pair.rx, map, 0, 0, 0))
		die("KCMAP_CLASSIFY_ATTACH");
	/* ip(8) takes a namespace by a process in it. */
	fflush(stdout);
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		enter(pair.tx_ns);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, NULL, WUNTRACED);
	run("ip link set rx0 netns %d", child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	tap_errno(classify_stats(device, pair.rx, &stats), -ENOENT,
		  "the interface moves to another namespace: here");
	enter(pair.tx_ns);
	tap_errno(classify_stats(device, if_nametoindex("rx0"), &stats),
		  -ENOENT, "the interface moves to another namespace: there");
	tap_errno(classify_attach(device, if_nametoindex("rx0"), map, 0, 0, 0),
		  0, "it can be attached there");
	enter(pair.rx_ns);
	close(pair.rx_ns);
	close(pair.tx_ns);
}

/* Leaves a namespace with an attachment and traffic to nobody. */
static void test_namespace_goes(int home, int map)
{
	struct kcmap_classify_stats stats;
	struct pair pair;
	int status, i;
	pid_t child;

	for (i = 0; i < 3; i++) {
		fflush(stdout);
		child = fork();
		if (child < 0)
			die("fork");
		if (!child) {
			pair_create(&pair);
			if (classify_attach(device, pair.rx, map,
					    KCMAP_CLASSIFY_LEARN, 0, 0) ||
			    classify_attach(device, 1, map, 0, 0, 0))
				_exit(1);
			/* Sends until the namespace here has taken tx0 along. */
			start_traffic(&pair);
			wait_for_traffic(&pair);
			_exit(0);
		}
		waitpid(child, &status, 0);
		tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
		       "a namespace goes under traffic");
	}
	enter(home);
	tap_errno(classify_stats(device, 1, &stats), -ENOENT,
		  "an interface of the same number elsewhere is another");
}

static int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

static bool loaded(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static void test_unload(int map)
{
	struct kcmap_classify_stats stats;
	struct pair pair;
	pid_t traffic;
	int i;

	pair_create(&pair);
	for (i = 0; i < 3; i++) {
		if (classify_attach(device, pair.rx, map, KCMAP_CLASSIFY_LEARN,
				    0, 0))
			die("KCMAP_CLASSIFY_ATTACH");
		if (!i) {
			tap_errno(unload("kcmap_classify"), -EAGAIN,
				  "unload while the device is open");
			tap_ok(unload("kcmap") && loaded("kcmap"),
			       "kcmap stays while the classifier is there");
		}
		traffic = start_traffic(&pair);
		wait_for_traffic(&pair);
		close(device);
		tap_errno(unload("kcmap_classify"), 0,
			  "unload while attached, under traffic");
		tap_ok(!loaded("kcmap_classify"), "it is gone");
		device = classify_open();
		tap_errno(classify_stats(device, pair.rx, &stats), -ENOENT,
			  "loaded again: nothing is attached");
		stop_traffic(traffic);
	}
	close(pair.rx_ns);
	close(pair.tx_ns);
}

int main(void)
{
	struct pair pair;
	int map, home;

	printf("TAP version 13\n");
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	device = classify_open();
	map = map_create(1000);
	pair_create(&pair);

	test_sizes(&pair, map);
	test_unknown();
	test_attach_errors(&pair, map);
	test_other_errors(&pair, map);
	test_permission(&pair, map);
	test_interface_goes(map);
	test_interface_moves(map);
	test_namespace_goes(home, map);
	test_unload(map);
	return tap_end();
}
