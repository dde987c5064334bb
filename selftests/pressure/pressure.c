// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps grow, shrink and have snapshots while memory is short: what fails, fails with an
 * errno that <linux/kcmap.h> says, and is as if it had not been tried; no read is
 * lost, stale or corrupted; and once there is memory again, all goes on.
 *
 * For the kernel with fault injection and modules built with KCMAP_TORTURE=y.
 *
 * Usage: pressure RUNS SEED [RESULTS]    RESULTS: a file for all of it, in JSON
 */
#define _GNU_SOURCE
#include "processes.h"

#define RUNS_MAX 10000
#define BUSTED "/sys/module/kcmap/parameters/busted"
#define NO_COPY 8 /* kmod/busted.h: writers write in what a snapshot has */

static struct result *results; /* of all runs; that of the control comes last */
static unsigned int runs;
static uint64_t seed;
static unsigned int number; /* of the run that goes on */

/* --- What came of it --- */

static uint64_t wrong(const struct result *of)
{
	return of->lost + of->stale + of->corrupted;
}

static uint64_t all_failures(const struct result *of)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < DEEDS; i++)
		sum += failures(of, i);
	return sum;
}

static uint64_t by_cause(const struct result *of, enum cause cause)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < DEEDS; i++)
		sum += of->failed[i][cause];
	return sum;
}

static uint64_t all_tries(const struct result *of)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < DEEDS; i++)
		sum += of->tries[i];
	return sum;
}

static void print_head(void)
{
	tap_diag(
		"%-27s %7s | failed, %%: %6s %6s %6s %6s %8s %7s %5s %5s | %6s %6s %6s %6s | %8s %4s %5s %9s",
		"short of memory by", "calls", deed_names[0], deed_names[1],
		deed_names[2], deed_names[3], deed_names[4], deed_names[5],
		deed_names[6], deed_names[7], "ENOMEM", "EDQUOT", "EFAULT",
		"ENFILE", "reads", "lost", "stale", "corrupted");
}

static double percent(const struct result *of, enum deed deed)
{
	return of->tries[deed] ? 100.0 * failures(of, deed) / of->tries[deed] :
				 0;
}

static void print_row(const char *name, const struct result *of)
{
	tap_diag(
		"%-27s %7lu |           %6.2f %6.2f %6.2f %6.2f %8.2f %7.2f %5.2f %5.2f | %6lu %6lu %6lu %6lu | %8lu %4lu %5lu %9lu",
		name, all_tries(of), percent(of, INSERT), percent(of, UPDATE),
		percent(of, DELETE), percent(of, LOOKUP), percent(of, SNAPSHOT),
		percent(of, REFRESH), percent(of, MMAP), percent(of, TOUCH),
		by_cause(of, CAUSE_NOMEM), by_cause(of, CAUSE_QUOTA),
		by_cause(of, CAUSE_FAULT), by_cause(of, CAUSE_FILES), of->reads,
		of->lost, of->stale, of->corrupted);
}

static void json_deeds(FILE *file, const struct result *of)
{
	unsigned int i, j;

	for (i = 0; i < DEEDS; i++) {
		fprintf(file, "%s\"%s\":{\"tries\":%lu", i ? "," : "",
			deed_names[i], of->tries[i]);
		for (j = 0; j < CAUSES; j++)
			fprintf(file, ",\"%s\":%lu", cause_names[j],
				of->failed[i][j]);
		fputc('}', file);
	}
}

static void write_json(const char *path)
{
	FILE *file = fopen(path, "w");
	unsigned int i;
	char name[96];

	if (!file) {
		perror(path);
		exit(1);
	}
	for (i = 0; i < runs; i++) {
		const struct result *of = &results[i];

		shortage_name(of->shortage, name, sizeof(name));
		fprintf(file,
			"%s{\"run\":%u,\"seed\":%lu,\"shortage\":\"%s\",\"seconds\":%.1f,\"grace_ms\":%.0f,\"reads\":%lu,\"lost\":%lu,\"stale\":%lu,\"corrupted\":%lu,\"injected\":{\"failslab\":%lu,\"fail_page_alloc\":%lu,\"fail_alloc\":%lu,\"fail_mapping\":%lu},\"calls\":{",
			i ? ",\n" : "[", i + 1, seed, name, of->seconds,
			of->grace_ms, of->reads, of->lost, of->stale,
			of->corrupted, of->injected[0], of->injected[1],
			of->injected[2], of->injected[3]);
		json_deeds(file, of);
		fputs("}}", file);
	}
	fputs("]\n", file);
	fclose(file);
}

/* --- A run --- */

/* With memory given back all is there, and what is missing can be stored. */
static void check_after(int map)
{
	static struct shot shot;
	uint64_t key, there = 0, value[VALUE_WORDS];
	int ret;

	for (key = 0; key < KEYS; key++) {
		there += THERE(model->done[key]);
		read_key(map, NULL, key);
	}
	CHECK_EQ(map_stats(map).entries, there);
	CHECK_EQ(map_stats(map).snapshots, 0);
	CHECK_EQ(scan_all(map, 8, VALUE_SIZE, 500, NULL, NULL), there);
	if (CHECK(shot_open(map, &shot))) {
		shot_check(&shot);
		shot_close(&shot);
	}
	for (key = 0; key < KEYS; key++) {
		value_make(value, key, 1);
		ret = op(map, KCMAP_OP_INSERT, &key, value, NULL);
		CHECK_EQ(ret, THERE(model->done[key]) ? -EEXIST : 0);
	}
	CHECK_EQ(map_stats(map).entries, KEYS);
}

/* What a map had, its group has again. */
static void check_given_back(long before)
{
	long after = group_settled();
	unsigned int tries;

	for (tries = 0; after > before && tries < 50; tries++) {
		usleep(200000);
		after = group_settled();
	}
	if (!CHECK(after <= before))
		tap_diag("... %ld bytes, and %ld before", after, before);
}

static void work(int map, uint64_t *random)
{
	uint64_t seeds[2] = { rnd(random), rnd(random) };
	pid_t pids[2];

	pids[0] = tap_fork();
	if (!pids[0]) {
		reader(map, seeds[0]);
		exit(0);
	}
	pids[1] = tap_fork();
	if (!pids[1]) {
		writer(map, seeds[1]);
		exit(0);
	}
	usleep(500000);
	result->grace_ms = grace_period_ms();
	tap_join(pids[1]);
	STORE(model->stop, 1);
	tap_join(pids[0]);
}

static void run(unsigned int shortage, uint64_t random)
{
	double start = seconds();
	long before;
	int map;

	memset(model, 0, sizeof(*model));
	memset(result, 0, sizeof(*result));
	result->shortage = shortage;
	group_make();
	map = group_map(PREFIX "pressure");
	REQUIRE(map >= 0);
	/* With a map that is still empty. */
	before = group_settled();
	shortage_begin(shortage, &random);
	work(map, &random);
	shortage_end();
	check_after(map);
	close(map);
	CHECK_OK(destroy(PREFIX "pressure"));
	check_given_back(before);
	group_remove();
	result->seconds = seconds() - start;
}

/* --- Tests --- */

/* Each kind comes in turn, often together with another. */
static unsigned int shortage_of(unsigned int nr, uint64_t *random)
{
	unsigned int shortage = kinds[nr % ARRAY_SIZE(kinds)];

	if (rnd(random) % 2)
		shortage |= kinds[rnd(random) % ARRAY_SIZE(kinds)];
	return shortage;
}

static uint64_t random_of(unsigned int nr)
{
	/* Never 0, which xorshift would stay at. */
	return image_fold(seed + 0x9e3779b97f4a7c15ULL,
			  nr + 0xbf58476d1ce4e5b9ULL) |
	       1;
}

static void test_run(void)
{
	char name[96];
	uint64_t random;
	unsigned int i;

	alarm(300);
	number = strtoul(tap_current->name + strlen("run "), NULL, 10);
	random = random_of(number);
	result = &results[number - 1];
	run(shortage_of(number - 1, &random), random);
	shortage_name(result->shortage, name, sizeof(name));
	if (number == 1)
		print_head();
	print_row(name, result);
	if (result->shortage & GRACE)
		tap_diag("... a grace period took %.0f ms", result->grace_ms);
	for (i = 0; i < INJECTORS; i++)
		CHECK_EQ(result->injected[i] > 0,
			 (result->shortage & SLAB << i) != 0);
	CHECK_EQ(result->lost, 0);
	CHECK_EQ(result->stale, 0);
	CHECK_EQ(result->corrupted, 0);
	CHECK(result->reads > KEYS);
}

static void add(struct result *sum, const struct result *of)
{
	unsigned int i, j;

	for (i = 0; i < DEEDS; i++) {
		sum->tries[i] += of->tries[i];
		for (j = 0; j < CAUSES; j++)
			sum->failed[i][j] += of->failed[i][j];
	}
	sum->reads += of->reads;
	sum->lost += of->lost;
	sum->stale += of->stale;
	sum->corrupted += of->corrupted;
}

/* Runs that met no shortage prove nothing. */
static void test_totals(void)
{
	static struct result all, kind;
	unsigned int i, j;
	char name[96];

	print_head();
	for (i = 0; i < ARRAY_SIZE(kinds) && i < runs; i++) {
		memset(&kind, 0, sizeof(kind));
		for (j = i; j < runs; j += ARRAY_SIZE(kinds))
			add(&kind, &results[j]);
		shortage_name(kinds[i], name, sizeof(name));
		print_row(name, &kind);
		CHECK(all_failures(&kind) > 0);
		add(&all, &kind);
	}
	print_row("all", &all);
	CHECK_EQ(wrong(&all), 0);
}

/* A map whose snapshots change has to be found out, by what is read of them. */
static void test_control(void)
{
	pid_t pid;

	alarm(300);
	result = &results[runs];
	write_number(BUSTED, NO_COPY);
	pid = tap_fork();
	if (!pid) {
		setpgid(0, 0);
		run(MEMCG, random_of(0));
		exit(0);
	}
	waitpid(pid, NULL, 0);
	write_number(BUSTED, 0);
	tap_shared->failures = 0;
	print_row("control: NO_COPY", result);
	CHECK(wrong(result) > 0);
}

static void add_test(const char *name, void (*fn)(void))
{
	struct tap_test *test = calloc(1, sizeof(*test));

	test->name = name;
	test->fn = fn;
	*tap_tail = test;
	tap_tail = &test->next;
}

int main(int argc, char **argv)
{
	unsigned int i;
	int status;

	runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (!runs || runs > RUNS_MAX) {
		fprintf(stderr, "Usage: pressure RUNS SEED [RESULTS]\n");
		return 2;
	}
	seed = strtoul(argv[2], NULL, 10);
	model = share(sizeof(*model));
	results = share((runs + 1) * sizeof(*results));
	for (i = 0; i < runs; i++) {
		char *name = malloc(24);

		snprintf(name, 24, "run %u", i + 1);
		add_test(name, test_run);
	}
	add_test("each kind of shortage was one", test_totals);
	add_test("control: writers write in what a snapshot has", test_control);
	status = tap_main(1, argv);
	if (argc > 3)
		write_json(argv[3]);
	return status;
}
