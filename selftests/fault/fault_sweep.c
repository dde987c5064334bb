// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation, copy of user memory and page fault of each operation fails once:
 * the N-th of it, for N from 1 up until the operation meets no more. After each the
 * errno is one that <linux/kcmap.h> says, and all is as before or as the call says.
 *
 * For the kernel with fault injection and modules built with KCMAP_TORTURE=y; it loads
 * and unloads them itself. What is covered is a line each in the table below.
 *
 * Usage: fault_sweep [OPERATION]...
 */
#define _GNU_SOURCE
#include "ops_module.h"

/* What an operation may return, beside success, when something in it fails. */
enum refusal {
	NEVER = 0,
	NOMEM = 1 << 0,
	FAULT = 1 << 1,
	BOTH = NOMEM | FAULT,
	OPENS = BOTH | 1 << 2, /* ENFILE and EMFILE, too */
};

/* So many and no end: it is not the operation that goes on. */
#define NTH_MAX 20000

/* So many in a row without a failure end a sweep. */
#define QUIET 3

struct operation {
	const char *name;
	enum injector injector;
	unsigned int least; /* injections, or something else was swept */
	enum refusal refusal;
	void (*prepare)(void);
	int (*call)(void); /* 0 or a negative errno */
	void (*check)(int ret); /* beside what is so for all */
};

#define OP(_name, _injector, _least, _refusal, _prepare, _call)          \
	{                                                                \
		.name = _name, .injector = _injector, .least = _least,   \
		.refusal = _refusal, .prepare = _prepare, .call = _call, \
		.check = check_##_call,                                  \
	}

/* Sorted by nothing but what needs the modules first. */
static const struct operation operations[] = {
	OP("load kcmap", NTH, 40, OPENS, no_kcmap, load_kcmap),
	OP("unload kcmap", NTH, 1, BOTH, with_map, unload_kcmap),
	OP("load kcmap_classify", NTH, 20, OPENS, no_classify, load_classify),
	OP("unload kcmap_classify", NTH, 1, BOTH, with_attachment,
	   unload_classify),
	OP("open control", NTH, 2, OPENS, no_control, open_control),
	OP("close control", NTH, 0, NEVER, need_control, close_control),
	OP("CTL_INFO", NTH, 1, FAULT, need_control, ctl_info),
	OP("CTL_CREATE", NTH, 10, BOTH, need_control, create_named),
	OP("CTL_CREATE, anonymous", NTH, 10, OPENS, need_control,
	   create_anonymous),
	OP("CTL_CREATE: table", ALLOC, 3, NOMEM, need_control, create_named),
	OP("CTL_DESTROY", NTH, 1, FAULT, small_map, destroy_map),
	OP("CTL_LIST", NTH, 3, BOTH, small_map, list),
	OP("open map", NTH, 2, OPENS, closed_map, open_map),
	OP("close map", NTH, 0, NEVER, destroyed_map, close_map),
	OP("MAP_INFO", NTH, 1, FAULT, small_map, map_info),
	OP("MAP_STATS", NTH, 1, FAULT, small_map, stats),
	OP("SCAN", NTH, 5, BOTH, crowded_map, scan),
	OP("CLEAR", NTH, 4, BOTH, measured_map, clear),
	OP("CLEAR, view and snapshot", NTH, 4, BOTH, measured_view, clear),
	OP("CLEAR: table", ALLOC, 4, NOMEM, measured_map, clear),
	OP("SNAPSHOT", NTH, 8, OPENS, measured_map, snapshot_map),
	OP("SNAPSHOT: table", ALLOC, 3, NOMEM, measured_map, snapshot_map),
	OP("SNAPSHOT_REFRESH", NTH, 4, BOTH, stale_snapshot, refresh),
	OP("SNAPSHOT_REFRESH: table", ALLOC, 2, NOMEM, stale_snapshot, refresh),
	OP("close snapshot", NTH, 0, NEVER, stale_snapshot, close_snapshot),

	OP("SUBMIT mixed", NTH, 40, FAULT, mixed, submit),
	OP("SUBMIT mixed, large", NTH, 40, BOTH, mixed_large, submit),
	OP("SUBMIT mixed, copies", NTH, 40, FAULT, mixed_copies, submit),
	OP("SUBMIT mixed, copies: table", ALLOC, 2, NEVER, mixed_copies,
	   submit),
	OP("SUBMIT LOOKUP", NTH, 4, FAULT, strided_lookup, submit),
	OP("SUBMIT INSERT", NTH, 4, FAULT, strided_insert, submit),
	OP("SUBMIT UPDATE", NTH, 4, FAULT, strided_update, submit),
	OP("SUBMIT UPSERT", NTH, 4, FAULT, strided_upsert, submit),
	OP("SUBMIT DELETE", NTH, 4, FAULT, strided_delete, submit),
	OP("SUBMIT LOOKUP_AND_DELETE", NTH, 4, FAULT, strided_lookup_and_delete,
	   submit),
	OP("SUBMIT LOOKUP, large", NTH, 5, BOTH, strided_large_lookup, submit),
	OP("SUBMIT INSERT, large", NTH, 5, BOTH, strided_large_insert, submit),
	OP("SUBMIT UPDATE, large", NTH, 5, BOTH, strided_large_update, submit),
	OP("SUBMIT UPSERT, large", NTH, 5, BOTH, strided_large_upsert, submit),
	OP("SUBMIT DELETE, large", NTH, 5, BOTH, strided_large_delete, submit),
	OP("SUBMIT LOOKUP_AND_DELETE, large", NTH, 5, BOTH,
	   strided_large_lookup_and_delete, submit),
	OP("SUBMIT in chunks", NTH, 10, FAULT, strided_chunks, submit),
	OP("splits, leaves, roots", NTH, 40, FAULT, grow, submit),
	OP("splits, leaves, roots: table", ALLOC, 30, NEVER, grow, submit),
	OP("splits of large segments", NTH, 30, BOTH, grow_large, submit),
	OP("splits and copies", NTH, 40, FAULT, grow_copies, submit),
	OP("splits and copies: table", ALLOC, 20, NEVER, grow_copies, submit),
	OP("chains", NTH, 8, FAULT, grow_chain, submit),
	OP("chains: table", ALLOC, 3, NEVER, grow_chain, submit),
	OP("copies of a chain", NTH, 10, FAULT, chain_copies, submit),
	OP("copies of a chain: table", ALLOC, 6, NEVER, chain_copies, submit),
	OP("copies by updates", NTH, 6, FAULT, update_copies, submit),
	OP("copies by updates: table", ALLOC, 2, NEVER, update_copies, submit),
	OP("merges", NTH, 8, FAULT, shrink, submit),
	OP("merges: table", ALLOC, 2, NEVER, shrink, submit),
	OP("merges and copies", NTH, 10, FAULT, shrink_copies, submit),
	OP("merges and copies: table", ALLOC, 4, NEVER, shrink_copies, submit),

	OP("mmap view", NTH, 4, NOMEM, measured_map, map_image),
	OP("mmap view: table", ALLOC, 2, NOMEM, measured_map, map_image),
	OP("mmap snapshot", NTH, 1, NOMEM, crowded_snapshot, map_image),
	OP("page faults of a view", NTH, 10, NEVER, untouched_view, touch),
	OP("page faults of a view: mapping", MAPPING, 10, NEVER, untouched_view,
	   touch),
	OP("page faults of a snapshot", NTH, 10, NEVER, untouched_snapshot,
	   touch),
	OP("page faults of a snapshot: mapping", MAPPING, 5, NEVER,
	   untouched_snapshot, touch),
	OP("page faults by the kernel", NTH, 3, FAULT, untouched_for_kernel,
	   touch_by_kernel),
	OP("page faults by the kernel: mapping", MAPPING, 3, FAULT,
	   untouched_for_kernel, touch_by_kernel),

	OP("open kcmap_classify", NTH, 2, OPENS, closed_classify,
	   open_classify),
	OP("CLASSIFY_ATTACH", NTH, 5, BOTH, with_flows, attach),
	OP("CLASSIFY_DETACH", NTH, 1, FAULT, attached, detach),
	OP("CLASSIFY_STATS", NTH, 2, FAULT, attached, classify_stats),
	OP("CLASSIFY_SET", NTH, 2, FAULT, with_flows, set_flow),
	OP("packets of new flows", SOFTIRQ, 6, NEVER, attached, packets),
	OP("packets of new flows, no memory", SOFTIRQ_ON, 6, NEVER, attached,
	   packets),
	OP("packets beside a snapshot", SOFTIRQ, 6, NEVER, known_flows,
	   packets_again),
	OP("packets beside a snapshot, no memory", SOFTIRQ_ON, 6, NEVER,
	   known_flows, packets_again),
};

static const struct operation *current;

static bool is_allowed(int ret)
{
	switch (-ret) {
	case 0:
		return true;
	case ENOMEM:
		return current->refusal & NOMEM;
	case EFAULT:
		return current->refusal & FAULT;
	case ENFILE:
	case EMFILE:
		return current->refusal == OPENS;
	default:
		return false;
	}
}

/* With the @nth failing. Return: how many failed. */
static unsigned int try_nth(unsigned int nth, unsigned int *refused)
{
	struct state before;
	int ret;

	current->prepare();
	before = state_now();
	inject_arm(current->injector, nth);
	ret = current->call();
	bed.injected = inject_disarm(current->injector);
	*refused += ret != 0;
	if (!is_allowed(ret) || (ret && !bed.injected)) {
		tap_diag("number %u: %s", nth, strerrorname_np(-ret));
		tap_fail(__FILE__, __LINE__, "not what it may return");
	}
	if (ret)
		check_state(&before);
	current->check(ret);
	bed_clean();
	return bed.injected;
}

static void sweep_current(void)
{
	unsigned int nth = 0, refused = 0, injected, all = 0, met = 0,
		     quiet = 0;
	struct state before;
	double start = seconds();

	alarm(900);
	inject_init();
	inject_open();
	/* The first leaves behind what is made once, and asks for what is kept. */
	try_nth(ALL, &refused);
	before = state_now();
	/* Seeds differ: in one map fewer allocations may be needed than in another. */
	while (nth < NTH_MAX && quiet < QUIET) {
		int failures = tap_shared->failures;

		injected = try_nth(++nth, &refused);
		all += injected;
		met += injected != 0;
		quiet = injected ? 0 : quiet + 1;
		check_state(&before);
		if (tap_shared->failures != failures)
			tap_diag("that was number %u", nth);
		if (tap_shared->failures > 10)
			break;
	}
	tap_diag("%s: %u injections, %u in all, %u refused, %.1f s",
		 current->name, met, all, refused, seconds() - start);
	CHECK_EQ(quiet, QUIET);
	CHECK(met >= current->least);
}

/* A leak is known only after a second scan, and once it is some seconds old. */
static void look_for_leaks(void)
{
	char line[256];
	unsigned int i;
	FILE *file;

	for (i = 0; i < 2; i++) {
		sleep(6);
		write_text(DEBUGFS "kmemleak", "scan");
	}
	file = fopen(DEBUGFS "kmemleak", "r");
	REQUIRE(file);
	for (i = 0; i < 40 && fgets(line, sizeof(line), file); i++)
		tap_diag("%.*s", (int)strcspn(line, "\n"), line);
	fclose(file);
	CHECK_EQ(i, 0);
}

/* --- Controls: each of them has to make a sweep fail --- */

struct control {
	const char *name;
	const char *parameters; /* of a module that is broken on purpose */
	const char *operation;
	bool leaks; /* what fails is look_for_leaks() */
};

static const struct control controls[] = {
	{ "a map that failed is still counted", "busted=11", "CTL_CREATE",
	  false },
	{ "a cut that failed is not freed", "busted=12", "SNAPSHOT", true },
};

static const struct control *control;

static void sweep_control(void)
{
	char parameters[64];

	snprintf(parameters, sizeof(parameters), MODULE_PARAMETERS " %s",
		 control->parameters);
	need_no_module("kcmap_classify");
	need_no_module("kcmap");
	need_module("kcmap", parameters);
	sweep_current();
}

static const struct operation *find_operation(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

static const struct control *find_control(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controls); i++)
		if (!strcmp(controls[i].name, name))
			return &controls[i];
	return NULL;
}

/* Runs @fn as a test of its own would. Return: whether it failed. */
static bool fails(void (*fn)(void))
{
	bool failed;
	pid_t pid;

	pid = tap_fork();
	if (!pid) {
		setpgid(0, 0);
		fn();
		exit(0);
	}
	waitpid(pid, NULL, 0);
	failed = tap_shared->failures;
	tap_shared->failures = 0;
	return failed;
}

/* What is said of a leak that was planted is no splat. */
static void log_to_console(bool on)
{
	/* Records that were written before have to be out. */
	sleep(1);
	write_text("/sys/module/printk/parameters/ignore_loglevel",
		   on ? "Y" : "N");
	write_text("/proc/sys/kernel/printk", on ? "8" : "1");
}

static void control_current(void)
{
	alarm(300);
	/* Nor is it to be found meanwhile. */
	write_text(DEBUGFS "kmemleak", "scan=off");
	current = find_operation(control->operation);
	REQUIRE(current);
	/* What leaks is seen by its leak alone. */
	CHECK_EQ(fails(sweep_control), !control->leaks);
	bed_clean();
	sweep();
	need_no_module("kcmap");
	if (!control->leaks)
		return;
	log_to_console(false);
	CHECK(fails(look_for_leaks));
	write_text(DEBUGFS "kmemleak", "clear");
	log_to_console(true);
}

static void test_operation(void)
{
	current = find_operation(tap_current->name);
	sweep_current();
}

static void test_control(void)
{
	control = find_control(tap_current->name);
	control_current();
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

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		add_test(operations[i].name, test_operation);
	add_test("nothing leaked", look_for_leaks);
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		add_test(controls[i].name, test_control);
	return tap_main(argc, argv);
}
