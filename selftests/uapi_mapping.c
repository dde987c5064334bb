// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of maps and of snapshots: for reading only, whatever is tried, and good
 * until the last of them is gone. Each test is run on a view and on a snapshot.
 */
#include "image.h"

#include <setjmp.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define NAME PREFIX "mapping"
#define ENTRIES 2000
#define PAGE 4096UL

enum kind { VIEW, SNAPSHOT, KINDS };

static const char *const names[] = { "the view", "the snapshot" };

static int map = -1;

static void insert(uint64_t from, uint64_t to)
{
	uint64_t key, value;

	for (key = from; key < to; key++) {
		value = key * 3;
		REQUIRE(op(map, KCMAP_OP_INSERT, &key, &value, NULL) == 0);
	}
}

/* A descriptor that may be mapped, of a map with entries 1 to ENTRIES. */
static int setup(enum kind kind)
{
	if (map >= 0) {
		close(map);
		CHECK_OK(destroy(NAME));
	}
	map = map_create_flags(NAME, 10 * ENTRIES, 8, 8, KCMAP_F_HASH_FAST);
	insert(1, ENTRIES + 1);
	return kind == VIEW ? dup(map) : snapshot_create(map);
}

static void check_entries(const struct image *image)
{
	uint64_t key, value;

	for (key = 1; key <= ENTRIES; key++)
		if (CHECK_EQ(image_lookup(image, &key, &value), 0))
			CHECK_EQ(value, key * 3);
	key = ENTRIES * 20;
	CHECK_EQ(image_lookup(image, &key, &value), -ENOENT);
}

static void *try_mmap(size_t size, int prot, int flags, int fd, off_t offset)
{
	void *at = mmap(NULL, size, prot, flags, fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

#define CHECK_REFUSED(call, error)        \
	do {                              \
		errno = 0;                \
		CHECK(!(call));           \
		CHECK_EQ(errno, (error)); \
	} while (0)

/* What a test does with a mapping; must leave it as it was. */
static void with_each(void (*fn)(struct image *image, int fd))
{
	enum kind kind;

	for (kind = VIEW; kind < KINDS; kind++) {
		int fd = setup(kind), before = tap_shared->failures;
		struct image image = image_map(fd);

		check_entries(&image);
		fn(&image, fd);
		check_entries(&image);
		if (tap_shared->failures != before)
			tap_diag("... with %s", names[kind]);
		image_unmap(&image);
		close(fd);
	}
}

static void protections(struct image *image, int fd)
{
	void *at = (void *)image->at;
	size_t size = image->size;

	CHECK_REFUSED(try_mmap(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
		      EACCES);
	CHECK_REFUSED(try_mmap(size, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	CHECK(!try_mmap(size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
	CHECK(!try_mmap(size, PROT_EXEC, MAP_SHARED, fd, 0));
	CHECK_REFUSED(try_mmap(size, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
	CHECK(!try_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	CHECK_ERRNO(mprotect(at, size, PROT_READ | PROT_WRITE), EACCES);
	CHECK_ERRNO(mprotect(at, PAGE, PROT_WRITE), EACCES);
	CHECK_ERRNO(mprotect(at, size, PROT_READ | PROT_EXEC), EACCES);
	CHECK_OK(mprotect(at, size, PROT_NONE));
	CHECK_ERRNO(mprotect(at, size, PROT_READ | PROT_WRITE), EACCES);
	CHECK_OK(mprotect(at, size, PROT_READ));
}

TEST(cannot_be_made_writable)
{
	with_each(protections);
}

static void write_store(struct image *image, int fd)
{
	pid_t pid;
	int status;

	(void)fd;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		__atomic_store_n((uint8_t *)image->at, 1, __ATOMIC_RELAXED);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

TEST(a_store_is_a_fault)
{
	with_each(write_store);
}

/* By way of the kernel, into one's own memory. */
static void write_self(struct image *image, int fd)
{
	uint64_t word = 0x1111111111111111;
	struct iovec from = { &word, sizeof(word) };
	struct iovec to = { (void *)image->at, sizeof(word) };
	int mem = open("/proc/self/mem", O_RDWR), zero, pair[2];

	(void)fd;
	CHECK(mem >= 0);
	CHECK(pwrite(mem, &word, sizeof(word), (uintptr_t)image->at) < 0);
	CHECK(process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0);
	zero = open("/dev/zero", O_RDONLY);
	CHECK_ERRNO(read(zero, to.iov_base, sizeof(word)), EFAULT);
	REQUIRE(!pipe(pair));
	CHECK_EQ(write(pair[1], &word, sizeof(word)), sizeof(word));
	CHECK_ERRNO(read(pair[0], to.iov_base, sizeof(word)), EFAULT);
	CHECK_EQ(image_header(image)->magic, KCMAP_IMAGE_MAGIC);
	close(mem);
	close(zero);
	close(pair[0]);
	close(pair[1]);
}

TEST(not_written_by_oneself)
{
	with_each(write_self);
}

static void write_other(struct image *image, int fd)
{
	uint64_t word = 0x2222222222222222;
	struct iovec from = { &word, sizeof(word) };
	struct iovec to = { (void *)image->at, sizeof(word) };
	char path[64];
	pid_t pid;
	int mem;

	(void)fd;
	pid = tap_fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		check_entries(image);
		exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	CHECK(ptrace(PTRACE_POKEDATA, pid, to.iov_base, (void *)word) < 0);
	CHECK(process_vm_writev(pid, &from, 1, &to, 1, 0) < 0);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDWR);
	CHECK(mem >= 0);
	CHECK(pwrite(mem, &word, sizeof(word), (uintptr_t)image->at) < 0);
	close(mem);
	CHECK_OK(ptrace(PTRACE_CONT, pid, NULL, NULL));
	tap_join(pid);
	CHECK_EQ(image_header(image)->magic, KCMAP_IMAGE_MAGIC);
}

TEST(not_written_by_a_debugger)
{
	with_each(write_other);
}

/* Pages that a pipe holds on to; it may refuse them. */
static void splice_out(struct image *image, int fd)
{
	struct iovec from = { (void *)image->at, PAGE };
	int pair[2], null = open("/dev/null", O_WRONLY);
	uint64_t magic;
	ssize_t got;

	(void)fd;
	REQUIRE(!pipe(pair));
	got = vmsplice(pair[1], &from, 1, SPLICE_F_NONBLOCK | SPLICE_F_GIFT);
	if (got > 0) {
		CHECK_EQ(read(pair[0], &magic, 8), 8);
		CHECK_EQ(magic, KCMAP_IMAGE_MAGIC);
		/* The rest is there when the map is not. */
	} else {
		CHECK_EQ(errno, EFAULT);
	}
	CHECK_EQ(write(null, image->at, PAGE), PAGE);
	close(null);
}

TEST(pipes)
{
	with_each(splice_out);
}

static void move(struct image *image, int fd)
{
	void *at = (void *)image->at, *room;
	size_t size = image->size;

	(void)fd;
	CHECK(mremap(at, size, size + PAGE, 0) == MAP_FAILED);
	CHECK(mremap(at, size, 2 * size, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK(mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK(mremap(at, 0, size + PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(room != MAP_FAILED);
	REQUIRE(mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, room) ==
		room);
	image->at = room;
	check_entries(image);
	/* Its end is nowhere near what there is. */
	CHECK(mremap(room, size, size - PAGE, 0) == room);
	image->size -= PAGE;
}

TEST(moved)
{
	with_each(move);
}

static void parts(struct image *image, int fd)
{
	size_t last = image->size - PAGE;
	uint8_t *at = (void *)image->at, *header;

	/* A hole at the end, something else instead, and part of it again. */
	CHECK_OK(munmap(at + last, PAGE));
	check_entries(image);
	CHECK(mmap(at + last, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == at + last);
	at[last] = 1;
	check_entries(image);
	CHECK(mmap(at + last, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		   last) == at + last);
	/* The header, by itself and twice. */
	CHECK(mmap(at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == at);
	header = try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(header);
	CHECK(!memcmp(header, at, sizeof(struct kcmap_image)));
	CHECK_OK(munmap(header, PAGE));
}

TEST(in_parts)
{
	with_each(parts);
}

static void bounds(struct image *image, int fd)
{
	size_t size = image->size;
	void *at;

	CHECK_REFUSED(try_mmap(size + PAGE, PROT_READ, MAP_SHARED, fd, 0),
		      EINVAL);
	CHECK_REFUSED(try_mmap(size, PROT_READ, MAP_SHARED, fd, PAGE), EINVAL);
	CHECK_REFUSED(try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, size), EINVAL);
	CHECK_REFUSED(try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, 1L << 50),
		      EINVAL);
	CHECK(!try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, INT64_MAX - PAGE + 1));
	CHECK(!try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, 1));
	at = try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, size - PAGE);
	REQUIRE(at);
	CHECK_OK(munmap(at, PAGE));
}

TEST(only_what_there_is)
{
	with_each(bounds);
}

static void advise(struct image *image, int fd)
{
	static const int advices[] = {
		MADV_NORMAL,	     MADV_RANDOM,     MADV_SEQUENTIAL,
		MADV_WILLNEED,	     MADV_DONTNEED,   MADV_FREE,
		MADV_REMOVE,	     MADV_MERGEABLE,  MADV_UNMERGEABLE,
		MADV_HUGEPAGE,	     MADV_NOHUGEPAGE, MADV_DODUMP,
		MADV_COLD,	     MADV_PAGEOUT,    MADV_POPULATE_READ,
		MADV_POPULATE_WRITE,
	};
	void *at = (void *)image->at;
	unsigned int i;

	(void)fd;
	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		int ret = madvise(at, image->size, advices[i]);

		if (advices[i] == MADV_REMOVE ||
		    advices[i] == MADV_POPULATE_WRITE)
			CHECK(ret < 0);
		check_entries(image);
	}
	mlock(at, image->size);
	check_entries(image);
	munlock(at, image->size);
	mlockall(MCL_CURRENT);
	check_entries(image);
	munlockall();
	CHECK_OK(madvise(at, image->size, MADV_DONTNEED));
}

TEST(advice_does_no_harm)
{
	with_each(advise);
}

/* Nothing is read ahead where there is nothing. */
TEST(populate)
{
	int fd = setup(VIEW);
	struct image image = image_map(fd);
	void *at;

	at = try_mmap(image.size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	REQUIRE(at);
	image_unmap(&image);
	image.at = at;
	check_entries(&image);
}

/* Parent and child each have a mapping; what one does is nothing to the other. */
TEST(forked)
{
	enum kind kind;

	for (kind = VIEW; kind < KINDS; kind++) {
		int fd = setup(kind), pair[2];
		struct image image = image_map(fd);
		char byte;
		pid_t pid;

		REQUIRE(!pipe(pair));
		pid = tap_fork();
		if (!pid) {
			close(pair[1]);
			check_entries(&image);
			close(fd);
			CHECK_EQ(read(pair[0], &byte, 1), 0);
			check_entries(&image);
			exit(0);
		}
		check_entries(&image);
		image_unmap(&image);
		close(fd);
		close(pair[0]);
		if (kind == SNAPSHOT) {
			/* All is written, and what was there is the child's. */
			struct kcmap_clear clear = { .size = sizeof(clear) };

			CHECK_OK(ioctl(map, KCMAP_MAP_CLEAR, &clear));
			insert(1, 10 * ENTRIES);
			CHECK_EQ(map_stats(map).snapshots, 1);
		}
		close(pair[1]);
		tap_join(pid);
		CHECK_EQ(map_stats(map).snapshots, 0);
	}
}

TEST(outlives_descriptor_and_map)
{
	enum kind kind;

	for (kind = VIEW; kind < KINDS; kind++) {
		int fd = setup(kind);
		struct image image = image_map(fd);

		close(fd);
		CHECK_OK(destroy(NAME));
		close(map);
		map = -1;
		check_entries(&image);
		CHECK_OK(madvise((void *)image.at, image.size, MADV_DONTNEED));
		check_entries(&image);
		image_unmap(&image);
	}
}

/* A view's reader must have the map open for reading. */
TEST(write_only)
{
	int fd;

	setup(VIEW);
	fd = map_open(NAME, O_WRONLY);
	CHECK_REFUSED(try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, 0), EACCES);
	CHECK_REFUSED(try_mmap(PAGE, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	fd = map_open(NAME, O_RDONLY);
	CHECK(try_mmap(PAGE, PROT_READ, MAP_SHARED, fd, 0));
}

static sigjmp_buf bus;

static void on_bus(int signal)
{
	(void)signal;
	siglongjmp(bus, 1);
}

/* What is no part of a snapshot is a SIGBUS, or of the map: nothing worse. */
TEST(all_of_a_snapshot)
{
	struct sigaction action = { .sa_handler = on_bus };
	int fd = setup(SNAPSHOT);
	struct image image = image_map(fd);
	/* Not in registers, which siglongjmp() puts back. */
	static size_t at, faults, good;
	uint64_t frames;

	sigaction(SIGBUS, &action, NULL);
	insert(ENTRIES + 1, 5 * ENTRIES);
	frames = image_header(&image)->frames_offset;
	for (at = 0; at < image.size; at += PAGE) {
		if (sigsetjmp(bus, 1)) {
			faults++;
			CHECK(at >= frames);
			continue;
		}
		CHECK(!image_is_address(image_load(image.at + at)));
		good++;
	}
	tap_diag("%zu pages, %zu not there", good, faults);
	CHECK(faults > 0);
	CHECK_EQ(image_each(&image, NULL, NULL), ENTRIES);
	CHECK_EQ(snapshot_refresh(fd), 0);
	CHECK_EQ(image_each(&image, NULL, NULL), 5 * ENTRIES - 1);
}

static long available(void)
{
	char line[128];
	long kib = -1;
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %ld", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

/* Touches all that may be mapped, again and again. */
static void touch_all(const struct image *image, const bool *done)
{
	uint64_t size = image_header(image)->frame_size, sum = 0;
	size_t at;

	do {
		for (at = 0; at < image->size; at += size)
			sum += image_load(image->at + at);
		madvise((void *)image->at, image->size, MADV_DONTNEED);
	} while (!__atomic_load_n(done, __ATOMIC_ACQUIRE));
}

/*
 * Somebody reads where nothing is, meanwhile the map grows, shrinks and grows: just
 * there. It costs no memory to speak of, and does others no harm.
 */
TEST(holes)
{
	bool *done = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t key, value, keys = 20 * ENTRIES, looked = 0;
	long before, least, now;
	struct image image;
	int round;
	pid_t pid;

	map = map_create_flags(NAME, 1 << 20, 8, 8, KCMAP_F_HASH_FAST);
	image = image_map(map);
	before = available();
	least = before;
	pid = tap_fork();
	if (!pid) {
		touch_all(&image, done);
		exit(0);
	}
	for (round = 0; round < 3; round++) {
		for (key = 1; key < keys; key++) {
			value = key << 8 | round;
			REQUIRE(op(map, KCMAP_OP_INSERT, &key, &value, NULL) ==
				0);
			if (key % 8)
				continue;
			/* As soon as it is there the view has it. */
			CHECK_EQ(image_lookup(&image, &key, &value), 0);
			CHECK_EQ(value, key << 8 | round);
			looked++;
		}
		now = available();
		least = now < least ? now : least;
		for (key = 1; key < keys; key++)
			CHECK_EQ(op(map, KCMAP_OP_DELETE, &key, NULL, NULL), 0);
		/* What is idle goes back to the kernel. */
		usleep(600000);
	}
	__atomic_store_n(done, true, __ATOMIC_RELEASE);
	tap_join(pid);
	tap_diag("%llu frames; at most %ld KiB less; %ju look-ups",
		 (unsigned long long)image_header(&image)->frames,
		 before - least, looked);
	/* A page for each hole would be 512 MiB. */
	CHECK(before - least < 64 << 10);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
