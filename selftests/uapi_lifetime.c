// SPDX-License-Identifier: GPL-2.0-only
/* Unloading, killing, forking, and what stays behind: nothing. */
#include "uapi.h"

#include <sys/resource.h>
#include <sys/syscall.h>

static int unload(void)
{
	return syscall(SYS_delete_module, "kcmap", O_NONBLOCK);
}

static int load(const char *parameters)
{
	char command[128];
	int status;

	snprintf(command, sizeof(command), "modprobe kcmap %s >/dev/null 2>&1",
		 parameters);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Nobody else may use the module; the classifier of other tests may. */
static void alone(void)
{
	syscall(SYS_delete_module, "kcmap_classify", O_NONBLOCK);
	sweep();
}

static uint32_t maps(void)
{
	struct kcmap_ctl_info info = { .size = sizeof(info) };
	int fd = control_open();

	CHECK_OK(ioctl(fd, KCMAP_CTL_INFO, &info));
	close(fd);
	return info.maps;
}

TEST(unload_refused_while_open)
{
	int fd;

	alone();
	fd = control_open();
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	close(fd);

	fd = map_create(PREFIX "open", 8, 8, 8);
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	CHECK_OK(destroy(PREFIX "open"));
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	close(fd);

	fd = map_create(NULL, 8, 8, 8);
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	close(fd);

	CHECK_OK(unload());
	CHECK_EQ(load(""), 0);
}

/* Maps that nobody has open do not keep the module, and go with it. */
TEST(unload_with_maps)
{
	unsigned int i;

	alone();
	for (i = 0; i < 20; i++) {
		char name[16];
		uint64_t key;
		int fd;

		snprintf(name, sizeof(name), PREFIX "u%u", i);
		fd = map_create(name, 1000, 8, 8);
		for (key = 0; key < 1000; key++)
			CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), 0);
		close(fd);
	}
	CHECK_OK(unload());
	CHECK_ERRNO(access("/dev/kcmap/control", F_OK), ENOENT);
	CHECK_ERRNO(access("/dev/kcmap/" PREFIX "u1", F_OK), ENOENT);
	CHECK_ERRNO(access("/sys/class/kcmap", F_OK), ENOENT);
	CHECK_EQ(load(""), 0);
	CHECK_EQ(maps(), 0);
	for (i = 0; i < 10; i++) {
		CHECK_OK(unload());
		CHECK_EQ(load(""), 0);
	}
}

/* Every map counts, also one without a name, until its memory is gone. */
TEST(maps_max)
{
	struct kcmap_create args = create_args(PREFIX "4", 8, 8, 8);
	struct kcmap_ctl_info info = { .size = sizeof(info) };
	int control, anon, open_fd;

	alone();
	CHECK_OK(unload());
	CHECK(load("maps_max=0") != 0);
	CHECK(load("maps_max=1048576") != 0);
	CHECK_EQ(load("maps_max=3"), 0);
	control = control_open();
	CHECK_OK(ioctl(control, KCMAP_CTL_INFO, &info));
	CHECK_EQ(info.maps_max, 3);
	close(map_create(PREFIX "1", 8, 8, 8));
	open_fd = map_create(PREFIX "2", 8, 8, 8);
	anon = map_create(NULL, 8, 8, 8);
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &args), ENOSPC);
	CHECK_OK(destroy(PREFIX "2"));
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &args), ENOSPC);
	close(open_fd);
	CHECK_OK(ioctl(control, KCMAP_CTL_CREATE, &args));
	CHECK_OK(destroy(PREFIX "4"));
	close(anon);
	open_fd = map_create(PREFIX "2", 8, 8, 8);
	anon = map_create(PREFIX "3", 8, 8, 8);
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &args), ENOSPC);
	close(anon);
	close(open_fd);
	close(control);
	CHECK_OK(unload());
	CHECK_EQ(load(""), 0);
}

/* A node of one's own, and the map behind it gone. */
TEST(stale_node)
{
	struct stat st;
	int fd;

	close(map_create(PREFIX "stale", 8, 8, 8));
	CHECK_OK(stat("/dev/kcmap/" PREFIX "stale", &st));
	CHECK_OK(mknod("/dev/kcmap-stale", S_IFCHR | 0600, st.st_rdev));
	fd = open("/dev/kcmap-stale", O_RDWR);
	CHECK(fd >= 0);
	CHECK_OK(destroy(PREFIX "stale"));
	CHECK_ERRNO(open("/dev/kcmap-stale", O_RDWR), ENXIO);
	close(fd);
	/* The number is not given to the next. */
	close(map_create(PREFIX "next", 8, 8, 8));
	CHECK_ERRNO(open("/dev/kcmap-stale", O_RDWR), ENXIO);
	unlink("/dev/kcmap-stale");
}

/* The value of a key says which; torn or foreign ones show. */
struct checked {
	uint64_t key, not_key, again;
};

static struct checked checked(uint64_t key)
{
	return (struct checked){ key, ~key, key * 0x9e3779b97f4a7c15 };
}

static void check_entry(const void *key, const void *value, void *ctx)
{
	struct checked want;
	uint64_t k;

	(void)ctx;
	memcpy(&k, key, 8);
	want = checked(k);
	CHECK(!memcmp(value, &want, sizeof(want)));
}

/* Batches of the largest size for ever, keys from a range. */
static void batches(int fd, uint64_t seed)
{
	uint64_t *keys = malloc(KCMAP_SUBMIT_MAX * 8);
	struct checked *values = malloc(KCMAP_SUBMIT_MAX * sizeof(*values));
	int32_t *statuses = malloc(KCMAP_SUBMIT_MAX * 4);

	for (;;) {
		unsigned int i;

		for (i = 0; i < KCMAP_SUBMIT_MAX; i++) {
			keys[i] = rnd(&seed) % 50000;
			values[i] = checked(keys[i]);
		}
		strided(fd, KCMAP_OP_UPSERT, KCMAP_SUBMIT_MAX, keys, values,
			NULL, statuses);
		for (i = 0; i < KCMAP_SUBMIT_MAX / 2; i++)
			keys[i] = rnd(&seed) % 50000;
		strided(fd, KCMAP_OP_DELETE, KCMAP_SUBMIT_MAX / 2, keys, NULL,
			NULL, statuses);
	}
}

TEST(kill_in_mid_batch)
{
	enum { PROCESSES = 4, KILLS = 40 };
	int fd = map_create(NULL, 40000, 8, sizeof(struct checked));
	pid_t pids[PROCESSES];
	uint64_t seed = 42;
	unsigned int i;

	for (i = 0; i < PROCESSES + KILLS; i++) {
		pid_t *pid = &pids[i % PROCESSES];

		if (i >= PROCESSES) {
			usleep(rnd(&seed) % 100000);
			kill(*pid, SIGKILL);
			waitpid(*pid, NULL, 0);
		}
		*pid = tap_fork();
		if (!*pid)
			batches(fd, i + 1);
	}
	for (i = 0; i < PROCESSES; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	CHECK(map_stats(fd).entries <= 40000);
	CHECK(map_stats(fd).entries > 0);
	CHECK_EQ(scan_all(fd, 8, sizeof(struct checked), 1000, check_entry,
			  NULL),
		 map_stats(fd).entries);
	CHECK_EQ(map_stats(fd).entries,
		 map_stats(fd).inserts - map_stats(fd).deletes);
}

TEST(fork_and_close)
{
	int fd = map_create(NULL, 1000, 8, 8);
	unsigned int i, j;

	for (i = 0; i < 20; i++) {
		pid_t pids[10];

		for (j = 0; j < ARRAY_SIZE(pids); j++) {
			pids[j] = tap_fork();
			if (!pids[j]) {
				uint64_t key = j;
				int copy = dup(fd);

				close(fd);
				CHECK_EQ(op(copy, KCMAP_OP_UPSERT, &key, &key,
					    NULL),
					 0);
				exit(0);
			}
		}
		for (j = 0; j < ARRAY_SIZE(pids); j++)
			tap_join(pids[j]);
	}
	CHECK_EQ(map_stats(fd).entries, 10);
}

/* One closes and destroys what others have in use. */
TEST(close_while_in_use)
{
	pid_t pids[4];
	unsigned int i, j;

	for (i = 0; i < 10; i++) {
		for (j = 0; j < ARRAY_SIZE(pids); j++) {
			pids[j] = tap_fork();
			if (!pids[j]) {
				int fd;

				do {
					fd = map_open(PREFIX "use", O_RDWR);
				} while (fd < 0);
				batches(fd, j + 1);
			}
		}
		close(map_create(PREFIX "use", 1000, 8,
				 sizeof(struct checked)));
		usleep(100000);
		CHECK_OK(destroy(PREFIX "use"));
		for (j = 0; j < ARRAY_SIZE(pids); j++) {
			kill(pids[j], SIGKILL);
			waitpid(pids[j], NULL, 0);
		}
	}
}

TEST(create_and_destroy)
{
	uint32_t before = maps();
	unsigned int i;

	for (i = 0; i < 500; i++) {
		int fd = map_create(i % 2 ? NULL : PREFIX "cycle", 1 + i * 1000,
				    1 + i % 128, i);
		uint8_t key[128] = {}, value[1024] = {};

		CHECK_EQ(op(fd, KCMAP_OP_INSERT, key, value, NULL), 0);
		if (i % 2 == 0)
			CHECK_OK(destroy(PREFIX "cycle"));
		close(fd);
	}
	CHECK_EQ(maps(), before);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
