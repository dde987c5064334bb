// SPDX-License-Identifier: MIT
/* The tool on saved snapshots. Usage: saved_test DIR, with what make built */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <libkcmap.h>

#include "image_build.h"
#include "tap.h"

#define TYPES "--key-type u32 --value-type u8"

static const char *built;
static char dir[100];
static char output[1 << 20];

static const struct shape small = {
	"4+1", 4, 1, 16, 64, 3, 64, 64, 4096, 0, 1, 5, 0,
};

/* Runs the tool in @dir. Return: its exit status; stdout is in @output. */
PRINTF_LIKE(1, 2)
static int tool(const char *fmt, ...)
{
	char arguments[1000], command[2000];
	va_list ap;
	FILE *pipe;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(arguments, sizeof(arguments), fmt, ap);
	va_end(ap);
	snprintf(command, sizeof(command), "cd %s && %s/kcmap %s 2>stderr", dir,
		 built, arguments);
	pipe = popen(command, "r");
	if (!pipe)
		abort();
	n = fread(output, 1, sizeof(output) - 1, pipe);
	output[n] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static bool printed(const char *text)
{
	bool good = !strcmp(output, text);

	if (!good)
		printf("# stdout: %s\n", output);
	return good;
}

static bool contains(const char *text)
{
	bool good = strstr(output, text);

	if (!good)
		printf("# stdout: %s\n", output);
	return good;
}

static unsigned int count(const char *text)
{
	const char *p = output;
	unsigned int n = 0;

	for (; (p = strstr(p, text)); p++)
		n++;
	return n;
}

/* @change: a key whose value is another; 0: none. */
static void make_file(const char *name, const struct shape *shape,
		      uint32_t change)
{
	struct kcmap_map_snapshot *snapshot;
	unsigned char key[128], *p, *end;
	struct image image;
	char path[200];
	int fd;

	image_build(&image, shape);
	if (change) {
		make_key(shape, change, key);
		p = image.base + image.header->frames_offset;
		end = image.base + image.header->size;
		for (; p < end; p += 8)
			if (!memcmp(p, key, shape->key_size) &&
			    p[8] == (unsigned char)(change * 7 + 1))
				p[8] = 99;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || kcmap_snapshot_load(image.fd, &snapshot) ||
	    kcmap_snapshot_save(snapshot, fd, NULL, NULL))
		abort();
	kcmap_snapshot_close(snapshot);
	image_free(&image);
	close(fd);
}

static void test_read(void)
{
	ok(!tool("scan ./five " TYPES " | sort") &&
		   printed("0\t1\n1\t8\n2\t15\n3\t22\n4\t29\n"),
	   "scan: all entries");
	ok(!tool("-j scan five --keys " TYPES) && count("\"key\":") == 5 &&
		   !count("value"),
	   "scan: a name that is no map's, JSON, keys only");
	ok(!tool("scan --snapshot five " TYPES) && count("\n") == 5,
	   "scan: --snapshot of what is one");
	ok(tool("scan ./none") == 3 && printed(""), "scan: no such file");
	ok(tool("scan . ") == 2 && tool("scan ./stderr/") == 3,
	   "scan: a directory");
	ok(!tool("lookup ./five 3 " TYPES) && printed("22\n"), "lookup");
	ok(tool("lookup ./five 7 " TYPES) == 1 && printed(""),
	   "lookup: an absent key");
	ok(tool("lookup ./five 3 --key-type u64") == 2,
	   "lookup: a type that does not fit");
	ok(tool("insert ./five 3 3 " TYPES) == 2, "insert takes a map alone");
	ok(!tool("-j snapshot ./five") && contains("\"entries\":5,") &&
		   contains("\"epoch\":9,") && contains("\"map_id\":77,") &&
		   contains("\"time_ns\":1763900000123456789,") &&
		   contains("\"time\":\"2025-11-23T12:13:20.123456789Z\",") &&
		   contains("\"hash\":\"siphash\"") && !count("took"),
	   "snapshot: what it is, JSON");
	ok(!tool("snapshot ./five") && contains("entries     5\n"),
	   "snapshot: what it is");
}

static unsigned int files(void)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);
	unsigned int n = 0;

	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static void test_save(void)
{
	unsigned int before = files();
	char path[200];
	struct stat st;

	ok(!tool("snapshot ./five --output copy") && printed("") &&
		   files() == before + 1,
	   "snapshot: to a file, and nothing beside it");
	snprintf(path, sizeof(path), "%s/copy", dir);
	ok(!stat(path, &st) && (st.st_mode & 07777) == 0600,
	   "snapshot: which is its owner's");
	ok(!tool("diff five copy"), "snapshot: it is the same");
	ok(!tool("-j snapshot ./four -o copy") &&
		   contains("\"file\":\"copy\",\"file_size\":") &&
		   !tool("diff four copy") && files() == before + 1,
	   "snapshot: a file is replaced, JSON");
	ok(tool("snapshot ./five -o .") == 3 &&
		   tool("snapshot ./five -o /dev/null") == 3 &&
		   tool("snapshot ./five -o none/copy") == 3 &&
		   files() == before + 1,
	   "snapshot: where no file can be");
}

/* Where the disk is full, or as much as one may write is written. */
static void test_full(void)
{
	const struct rlimit little = { .rlim_cur = 8192, .rlim_max = 1 << 30 };
	const struct rlimit enough = { .rlim_cur = 1 << 30,
				       .rlim_max = 1 << 30 };
	unsigned int before = files();
	int status, again;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &little);
	status = tool("snapshot ./five -o copy");
	again = tool("snapshot ./five -o fresh");
	setrlimit(RLIMIT_FSIZE, &enough);
	ok(status == 3 && again == 3, "snapshot: it cannot be written");
	ok(files() == before && !tool("diff four copy"),
	   "snapshot: and what was there is as it was");
}

static void test_diff(void)
{
	ok(!tool("diff five ./five " TYPES) && printed(""), "diff: the same");
	ok(!tool("-j diff five ./five " TYPES) && printed("[]\n"),
	   "diff: the same, JSON");
	ok(tool("diff five four " TYPES) == 1 && printed("- 4\t29\n"),
	   "diff: one was removed");
	ok(tool("diff four five " TYPES) == 1 && printed("+ 4\t29\n"),
	   "diff: one was added");
	ok(tool("diff five changed " TYPES) == 1 && printed("~ 3\t22\t99\n"),
	   "diff: one was changed");
	ok(tool("-j diff changed four " TYPES) == 1 &&
		   count("\"change\":") == 2 &&
		   contains("\"change\":\"changed\",\"key\":3,") &&
		   contains("\"before\":99,\"before_hex\":\"63\",") &&
		   contains("\"after\":22,\"after_hex\":\"16\"}") &&
		   contains("\"change\":\"removed\",\"key\":4,") &&
		   contains("\"before\":29,\"before_hex\":\"1d\"}"),
	   "diff: JSON");
	ok(tool("diff fast sip") == 1 &&
		   count("\n+ ") + count("\n- ") == 1099 && !count("~"),
	   "diff: of maps with other seeds and hashes");
	ok(!tool("diff set set") && printed(""), "diff: sets");
	ok(tool("diff five fast") == 3 && printed(""), "diff: other sizes");
	ok(tool("diff five ./none") == 3 && tool("diff ./none five") == 3,
	   "diff: no such file");
	ok(tool("diff five stderr") == 3, "diff: a file that is no snapshot");
	ok(tool("diff five") == 2 && tool("diff five four --key-type u8") == 2,
	   "diff: wrong usage");
}

int main(int argc, char **argv)
{
	struct shape four = small;

	snprintf(dir, sizeof(dir), "%s/kcmap_saved_test.XXXXXX",
		 getenv("TMPDIR") ?: "/tmp");
	if (argc != 2 || !mkdtemp(dir))
		return 2;
	built = argv[1];
	four.entries = 4;
	make_file("five", &small, 0);
	make_file("four", &four, 0);
	make_file("changed", &small, 3);
	make_file("fast", &shapes[0], 0);
	make_file("sip", &shapes[2], 0);
	make_file("set", &shapes[7], 0);
	test_read();
	test_save();
	test_full();
	test_diff();
	tool("version; rm -r %s", dir);
	return tap_done();
}
