// SPDX-License-Identifier: MIT
/*
 * What "make soak" writes: an array of records, or one record, with the members
 *	operations		how many, or an object with a number for each kind
 *	failures		likewise
 *	hours			that the load ran
 *	recovery_seconds	from the start of the machine to the load (may be absent)
 * and others, for people.
 */
#include <math.h>
#include <string.h>

#include "json_read.h"
#include "reliability.h"

/* What a record has to have. */
#define HAS_OPERATIONS 1U
#define HAS_FAILURES 2U
#define HAS_HOURS 4U

static int line_of(const struct json_reader *reader, const char *text)
{
	int line = 1;

	for (; text < reader->at; text++)
		line += *text == '\n';
	return line;
}

static int read_count(struct json_reader *reader, uint64_t max, uint64_t *sum)
{
	double number;

	if (json_read_number(reader, &number) || number < 0 ||
	    number > (double)max || number != floor(number) ||
	    (uint64_t)number > max - *sum)
		return -1;
	*sum += (uint64_t)number;
	return 0;
}

/* A number, or one for each kind, is added. */
static int read_counts(struct json_reader *reader, uint64_t max, uint64_t *sum)
{
	char name[JSON_NAME_SIZE];
	int ret;

	if (json_read_kind(reader) != '{')
		return read_count(reader, max, sum);
	if (json_read_open(reader))
		return -1;
	while ((ret = json_read_next(reader, name)) > 0)
		if (read_count(reader, max, sum))
			return -1;
	return ret;
}

static int read_positive(struct json_reader *reader, double max, double *number)
{
	return json_read_number(reader, number) || *number <= 0 ||
			       *number > max ?
		       -1 :
		       0;
}

static int read_member(struct json_reader *reader, const char *name,
		       struct soak_totals *totals, unsigned int *has,
		       struct why *why)
{
	double number = 0;

	if (!strcmp(name, "operations")) {
		*has |= HAS_OPERATIONS;
		if (read_counts(reader, OPERATIONS_MAX, &totals->operations))
			return refuse(why,
				      "operations: expected a count, or one for each kind");
	} else if (!strcmp(name, "failures")) {
		*has |= HAS_FAILURES;
		if (read_counts(reader, FAILURES_MAX, &totals->failures))
			return refuse(why,
				      "failures: expected a count up to %ju, or one for each kind",
				      (uintmax_t)FAILURES_MAX);
	} else if (!strcmp(name, "hours")) {
		*has |= HAS_HOURS;
		if (read_positive(reader, HOURS_MAX, &number))
			return refuse(why,
				      "hours: expected a number above 0, up to %.0f",
				      HOURS_MAX);
		totals->hours += number;
	} else if (!strcmp(name, "recovery_seconds")) {
		if (read_positive(reader, RECOVERY_MAX, &number))
			return refuse(why,
				      "recovery_seconds: expected a number above 0, up to %.0f",
				      RECOVERY_MAX);
		totals->recovery = fmax(totals->recovery, number);
	} else if (json_read_skip(reader)) {
		return refuse(why, "not JSON");
	}
	return 0;
}

static int read_record(struct json_reader *reader, struct soak_totals *totals,
		       struct why *why)
{
	char name[JSON_NAME_SIZE];
	unsigned int has = 0;
	int ret;

	if (json_read_kind(reader) != '{' || json_read_open(reader))
		return refuse(why, "expected the record of a soak");
	while ((ret = json_read_next(reader, name)) > 0)
		if (read_member(reader, name, totals, &has, why))
			return -1;
	if (ret)
		return refuse(why, "not JSON");
	if (has != (HAS_OPERATIONS | HAS_FAILURES | HAS_HOURS))
		return refuse(why, "a record without %s",
			      !(has & HAS_HOURS)    ? "hours" :
			      !(has & HAS_FAILURES) ? "failures" :
						      "operations");
	totals->runs++;
	return 0;
}

static int read_records(struct json_reader *reader, struct soak_totals *totals,
			struct why *why)
{
	char name[JSON_NAME_SIZE];
	int ret;

	if (json_read_kind(reader) != '[')
		return read_record(reader, totals, why);
	if (json_read_open(reader))
		return refuse(why, "not JSON");
	while ((ret = json_read_next(reader, name)) > 0)
		if (read_record(reader, totals, why))
			return -1;
	return ret ? refuse(why, "not JSON") : 0;
}

/**
 * soak_results_parse() - add soaks up
 * @text: the file
 * @size: bytes of it
 * @totals: result
 * @why: out: reason, with the line
 *
 * Return: 0 or -1.
 */
int soak_results_parse(const char *text, size_t size,
		       struct soak_totals *totals, struct why *why)
{
	struct json_reader reader;
	struct why what;

	memset(totals, 0, sizeof(*totals));
	json_read_begin(&reader, text, size);
	if (read_records(&reader, totals, &what))
		return refuse(why, "line %d: %.200s", line_of(&reader, text),
			      what.text);
	if (json_read_end(&reader))
		return refuse(why, "line %d: something behind the end",
			      line_of(&reader, text));
	return totals->runs ? 0 : refuse(why, "no soak is in it");
}
