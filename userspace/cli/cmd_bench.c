// SPDX-License-Identifier: MIT
/* bench: kcmap and the kernel's other hash tables, measured on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "cli.h"

#define REPEATS_MAX 1000

struct bench_config bench_config;

static const char *entries_text, *key_size_text, *repeats_text, *threads_text;

const struct option bench_options[] = {
	{ "bench", 0, "BENCH", "one bench only, such as lookup_hit",
	  &bench_config.bench, NULL },
	{ "engine", 0, "ENGINE", "one engine only, such as rhashtable",
	  &bench_config.engine, NULL },
	{ "entries", 0, "N", "tables of this size", &entries_text, NULL },
	{ "key-size", 0, "BYTES", "8, or 40 (with values of 32)",
	  &key_size_text, NULL },
	{ "repeats", 0, "N", "measure everything so often", &repeats_text,
	  NULL },
	{ "threads", 0, "N", "besides one, so many at once (one a CPU)",
	  &threads_text, NULL },
	{ "full", 0, NULL, "all sizes, mixes, latencies: hours", NULL,
	  &bench_config.full },
	{ "progress", 0, NULL, "say what is done, terminal or not", NULL,
	  &bench_config.progress },
	{ 0 },
};

static int parse_number(const char *option, const char *text, unsigned int min,
			unsigned int max, unsigned int *number)
{
	uint64_t value;

	if (!text)
		return 0;
	if (parse_u64(text, max, &value) || value < min)
		return usage_error("--%s %s: expected %u to %u", option, text,
				   min, max);
	*number = (unsigned int)value;
	return 0;
}

/* @name gives the names that there are, one after another. */
static int check_name(const char *option, const char *text,
		      const char *(*name)(unsigned int i))
{
	char all[512] = "";
	size_t length = 0;
	unsigned int i;

	if (!text)
		return 0;
	for (i = 0; name(i); i++) {
		if (!strcmp(text, name(i)))
			return 0;
		length += snprintf(all + length, sizeof(all) - length, " %s",
				   name(i));
	}
	return usage_error("--%s %s: expected%s", option, text, all);
}

static bool bench_is(const char *name)
{
	return bench_config.bench && !strcmp(bench_config.bench, name);
}

/* What two benches cannot be asked for, since they say it themselves. */
static int check_own(void)
{
	if (entries_text && (bench_is("memory") || bench_is("grow")))
		return usage_error("--entries: %s has sizes of its own",
				   bench_config.bench);
	if (repeats_text && bench_is("memory"))
		return usage_error(
			"--repeats: memory is measured once, best after boot");
	if (bench_config.key_size == 40 &&
	    (bench_is("grow") || bench_is("gate") ||
	     (bench_config.bench &&
	      !strncmp(bench_config.bench, "snapshot_", 9))))
		return usage_error("--key-size: %s has keys of 8 bytes",
				   bench_config.bench);
	return 0;
}

static int parse_key_size(void)
{
	uint64_t size;

	if (!key_size_text)
		return 0;
	if (parse_u64(key_size_text, 40, &size) || (size != 8 && size != 40))
		return usage_error("--key-size %s: expected 8 or 40",
				   key_size_text);
	bench_config.key_size = (unsigned int)size;
	return 0;
}

static int parse_options(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int most;
	int ret;

	most = cpus < 1 ? 1 : (unsigned int)cpus;
	if (most > BENCH_THREADS_MAX)
		most = BENCH_THREADS_MAX;
	bench_config.threads = most;
	ret = check_name("bench", bench_config.bench, bench_name);
	if (!ret)
		ret = check_name("engine", bench_config.engine,
				 bench_engine_name);
	if (!ret)
		ret = parse_number("entries", entries_text, BENCH_ENTRIES_MIN,
				   BENCH_ENTRIES_MAX, &bench_config.entries);
	if (!ret)
		ret = parse_key_size();
	if (!ret)
		ret = parse_number("repeats", repeats_text, 1, REPEATS_MAX,
				   &bench_config.repeats);
	if (!ret)
		ret = parse_number("threads", threads_text, 1, most,
				   &bench_config.threads);
	return ret ?: check_own();
}

static int check_device(void)
{
	int fd = open(BENCH_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return failed(
			"the module kcmap_bench is not loaded: modprobe kcmap_bench");
	case EACCES:
	case EPERM:
		return failed(
			"cannot measure: only root may, since it takes all CPUs");
	default:
		return failed("cannot open " BENCH_DEVICE ": %s",
			      strerror(errno));
	}
}

int cmd_bench(char **args, int nr_args)
{
	int ret;

	(void)args;
	(void)nr_args;
	ret = parse_options();
	if (!ret)
		ret = check_device();
	if (ret)
		return ret;
	if (json_wanted)
		json_array(&json, NULL);
	if (!bench_run())
		return failed("not everything could be measured: see above");
	if (!samples_taken())
		return failed(
			"nothing was measured: there is no such combination");
	return 0;
}
