// SPDX-License-Identifier: MIT
/* reliability: the time between failures, from soaks or from numbers. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "reliability.h"

/* A machine that is started again, unless a soak has measured what that takes. */
#define RECOVERY_ASSUMED 60
#define FILE_SIZE_MAX (16U << 20)

static const char *failures_text, *hours_text, *operations_text, *rate_text;
static const char *confidence_text, *recovery_text;

const struct option reliability_options[] = {
	{ "failures", 0, "N", "in place of FILE: failures that were seen",
	  &failures_text, NULL },
	{ "hours", 0, "H", "in so many hours", &hours_text, NULL },
	{ "operations", 0, "N", "and so many operations", &operations_text,
	  NULL },
	{ "rate", 0, "R", "in place of all these: failures an hour", &rate_text,
	  NULL },
	{ "confidence", 0, "PERCENT", "of the bounds (90 and 95)",
	  &confidence_text, NULL },
	{ "recovery", 0, "SECONDS",
	  "from a failure to service (as measured, or 60)", &recovery_text,
	  NULL },
	{ 0 },
};

/*
 * A number above @min, up to @max. What strtod() takes besides, blanks, signs,
 * hexadecimal numbers and names, is refused.
 */
static int parse_real(const char *option, const char *text, double min,
		      double max, double *number)
{
	bool plain;
	char *end;

	if (!text)
		return 0;
	plain = strspn(text, ".0123456789eE+-") == strlen(text) && *text &&
		strchr(".0123456789", *text);
	*number = strtod(text, &end);
	if (!plain || *end || !(*number > min && *number <= max))
		return usage_error("--%s %s: expected a number above %.9g, up to %.9g",
				   option, text, min, max);
	return 0;
}

static int parse_count(const char *option, const char *text, uint64_t min,
		       uint64_t max, uint64_t *number)
{
	if (text && (parse_u64(text, max, number) || *number < min))
		return usage_error("--%s %s: expected %ju to %ju", option, text,
				   min, max);
	return 0;
}

/* One of the three: a file, a count with its hours, a rate. */
static int check_combination(const char *file)
{
	bool counted = failures_text || hours_text || operations_text;

	if (!file && !counted && !rate_text)
		return usage_error(
			"of what? Give a FILE of soaks, --failures and --hours, or --rate");
	if (!!file + counted + !!rate_text > 1)
		return usage_error(
			"only one of FILE, --failures with --hours, and --rate");
	if (counted && !(failures_text && hours_text))
		return usage_error("--failures and --hours belong together");
	return 0;
}

static int parse_options(struct reliability *reliability)
{
	int ret;

	ret = parse_count("failures", failures_text, 0, FAILURES_MAX,
			  &reliability->failures);
	if (!ret)
		ret = parse_count("operations", operations_text, 1,
				  OPERATIONS_MAX, &reliability->operations);
	if (!ret)
		ret = parse_real("hours", hours_text, 0, HOURS_MAX,
				 &reliability->hours);
	if (!ret)
		ret = parse_real("rate", rate_text, 0, HOURS_MAX,
				 &reliability->rate);
	if (!ret)
		ret = parse_real("confidence", confidence_text, 0, 99.9999,
				 &reliability->levels[0]);
	if (!ret)
		ret = parse_real("recovery", recovery_text, 0, RECOVERY_MAX,
				 &reliability->recovery);
	if (!ret && confidence_text)
		reliability->nr_levels = 1;
	if (!ret && recovery_text)
		reliability->recovery_from = "given";
	return ret;
}

/* All of it, up to FILE_SIZE_MAX: negative errno; text for the caller to free. */
static int read_all(int fd, char **text, size_t *size)
{
	size_t room = 0;
	ssize_t n;
	char *more;

	*text = NULL;
	*size = 0;
	for (;;) {
		if (*size == room) {
			room = room ? 2 * room : 65536;
			if (room > FILE_SIZE_MAX)
				return -EFBIG;
			more = realloc(*text, room);
			if (!more)
				return -ENOMEM;
			*text = more;
		}
		n = read(fd, *text + *size, room - *size);
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		*size += (size_t)n;
	}
}

static int read_soaks(const char *file, struct soak_totals *totals)
{
	bool standard = !strcmp(file, "-");
	int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	const char *name = standard ? "standard input" : file;
	struct why why;
	size_t size;
	char *text;
	int ret;

	if (fd < 0)
		return failed("cannot open %s: %s", name, strerror(errno));
	ret = read_all(fd, &text, &size);
	if (!standard)
		close(fd);
	if (ret)
		ret = failed("cannot read %s: %s", name, strerror(-ret));
	else if (soak_results_parse(text, size, totals, &why))
		ret = failed("%s, %s", name, why.text);
	free(text);
	return ret;
}

static void take_soaks(struct reliability *reliability,
		       const struct soak_totals *totals)
{
	reliability->runs = totals->runs;
	reliability->operations = totals->operations;
	reliability->failures = totals->failures;
	reliability->hours = totals->hours;
	if (totals->recovery > 0 && !recovery_text) {
		reliability->recovery = totals->recovery;
		reliability->recovery_from = "measured";
	}
}

int cmd_reliability(char **args, int nr_args)
{
	struct reliability reliability = {
		.recovery = RECOVERY_ASSUMED,
		.recovery_from = "assumed",
		.levels = { 90, 95 },
		.nr_levels = 2,
	};
	const char *file = nr_args ? args[0] : NULL;
	struct soak_totals totals;
	int ret;

	ret = check_combination(file);
	if (!ret)
		ret = parse_options(&reliability);
	if (!ret && file)
		ret = read_soaks(file, &totals);
	if (ret)
		return ret;
	if (file)
		take_soaks(&reliability, &totals);
	if (reliability.hours > 0)
		reliability.rate =
			(double)reliability.failures / reliability.hours;
	if (json_wanted)
		reliability_json(&reliability);
	else
		reliability_print(&reliability);
	return 0;
}
