// SPDX-License-Identifier: MIT
/* Results: a JSON object each, or in text a line for all repeats of one thing. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"
#include "cli.h"

static struct sample *samples;
static size_t nr_samples;
static unsigned long taken;

/**
 * sample_of() - a sample of which nothing is measured yet
 * @bench: name
 * @contender: what is measured
 * @shape: of its table
 * @threads: that measure
 * @repeat: which one
 */
struct sample sample_of(const char *bench, const struct contender *contender,
			const struct shape *shape, unsigned int threads,
			unsigned int repeat)
{
	struct sample sample = {
		.bench = bench,
		.contender = contender,
		.shape = *shape,
		.threads = threads,
		.repeat = repeat,
		.read_pct = -1,
		.changed = -1,
		.ns_per_op = NAN,
		.loop_ns = NAN,
		.p50_ns = NAN,
		.p99_ns = NAN,
		.p9999_ns = NAN,
		.max_ns = NAN,
		.bytes_per_entry = NAN,
	};

	return sample;
}

static void text(const char *name, const char *value)
{
	if (value)
		json_string(&json, name, value);
}

static void number(const char *name, double value)
{
	if (!isnan(value))
		json_double(&json, name, value);
}

static void sample_json(const struct sample *s)
{
	static struct utsname uts;

	if (!*uts.release)
		uname(&uts);
	json_object(&json, NULL);
	text("bench", s->bench);
	text("engine", s->contender->name);
	text("hash", s->contender->hash);
	json_u64(&json, "entries", s->shape.entries);
	json_u64(&json, "key_size", s->shape.key_size);
	json_u64(&json, "value_size", s->shape.value_size);
	json_u64(&json, "threads", s->threads);
	if (s->read_pct >= 0)
		json_u64(&json, "read_pct", s->read_pct);
	text("dist", s->dist);
	if (s->changed >= 0)
		json_u64(&json, "changed", s->changed);
	number("ns_per_op", s->ns_per_op);
	number("loop_ns", s->loop_ns);
	/* A loop that takes no longer than an empty one has no speed. */
	if (s->ns_per_op > 0.01)
		number("ops_per_s", s->threads * 1e9 / s->ns_per_op);
	number("p50_ns", s->p50_ns);
	number("p99_ns", s->p99_ns);
	number("p9999_ns", s->p9999_ns);
	number("max_ns", s->max_ns);
	number("bytes_per_entry", s->bytes_per_entry);
	json_u64(&json, "repeat", s->repeat);
	text("kernel", uts.release);
	json_end(&json);
	/* A run that is interrupted has given what it had. */
	fflush(stdout);
}

/**
 * sample_add() - take a sample
 * @sample: sample
 *
 * In JSON it is printed, in text kept until samples_print().
 */
void sample_add(const struct sample *sample)
{
	struct sample *more;

	taken++;
	if (json_wanted) {
		sample_json(sample);
		return;
	}
	more = reallocarray(samples, nr_samples + 1, sizeof(*samples));
	if (!more) {
		bench_say("out of memory");
		exit(EXIT_FAILED);
	}
	samples = more;
	samples[nr_samples++] = *sample;
}

/* Repeats of one thing; all sizes of a table that grows are one. */
static bool is_repeat(const struct sample *a, const struct sample *b)
{
	bool grows = !strcmp(a->bench, "memory");

	return !strcmp(a->bench, b->bench) && a->contender == b->contender &&
	       a->threads == b->threads && a->read_pct == b->read_pct &&
	       a->dist == b->dist && a->changed == b->changed &&
	       isnan(a->p50_ns) == isnan(b->p50_ns) &&
	       a->shape.key_size == b->shape.key_size &&
	       (grows || a->shape.entries == b->shape.entries);
}

static int compare(const void *left, const void *right)
{
	double l = *(const double *)left, r = *(const double *)right;

	return l < r ? -1 : l > r;
}

/* Sorts the @n values; their median. */
static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return (values[n / 2] + values[(n - 1) / 2]) / 2;
}

/* The median of a member of the first @n samples. */
static double median_of(size_t member, double *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		memcpy(&values[i], (const char *)&samples[i] + member,
		       sizeof(*values));
	return median(values, n);
}

static void print_label(const struct sample *s)
{
	char what[64], engine[32], sizes[16], entries[16];

	snprintf(what, sizeof(what), "%s", s->bench);
	if (s->read_pct >= 0)
		snprintf(what, sizeof(what), "%s %d%% reads%s", s->bench,
			 s->read_pct, strcmp(s->dist, "zipf") ? "" : ", zipf");
	if (s->changed >= 0)
		snprintf(what, sizeof(what), "%s %d", s->bench, s->changed);
	snprintf(engine, sizeof(engine), "%s%s%s", s->contender->name,
		 s->contender->hash ? "/" : "", s->contender->hash ?: "");
	snprintf(sizes, sizeof(sizes), "%u+%u", s->shape.key_size,
		 s->shape.value_size);
	snprintf(entries, sizeof(entries), "%u", s->shape.entries);
	printf("%-22s %-16s %8s %6s %7u ", what, engine,
	       strcmp(s->bench, "memory") ? entries : "growing", sizes,
	       s->threads);
}

#define MEMBER(member) offsetof(struct sample, member)

/* The first @n samples are repeats of one thing. */
static void print_line(double *values, size_t n)
{
	static bool begun;
	double middle;
	bool bytes;

	if (!begun)
		printf("%-22s %-16s %8s %6s %7s   median (least to most of the repeats)\n",
		       "bench", "engine/hash", "entries", "sizes", "threads");
	begun = true;
	print_label(&samples[0]);
	if (!isnan(samples[0].p50_ns)) {
		printf("  p50 %.0f", median_of(MEMBER(p50_ns), values, n));
		printf(" p99 %.0f", median_of(MEMBER(p99_ns), values, n));
		printf(" p99.99 %.0f", median_of(MEMBER(p9999_ns), values, n));
		median_of(MEMBER(max_ns), values, n);
		printf(" max %.0f ns", values[n - 1]);
		if (!isnan(samples[0].bytes_per_entry))
			printf(", %.2f bytes an entry",
			       median_of(MEMBER(bytes_per_entry), values, n));
		putchar('\n');
		return;
	}
	bytes = !isnan(samples[0].bytes_per_entry);
	middle = median_of(bytes ? MEMBER(bytes_per_entry) : MEMBER(ns_per_op),
			   values, n);
	printf("  %.2f (%.2f to %.2f) %s\n", middle, values[0], values[n - 1],
	       bytes ? "bytes an entry" : "ns");
}

/**
 * samples_print() - print what sample_add() kept
 *
 * Things come in the order of their first sample.
 */
void samples_print(void)
{
	struct sample first, swap;
	double *values;
	size_t i, n;

	bench_progress_end();
	while (nr_samples) {
		first = samples[0];
		for (i = 0, n = 0; i < nr_samples; i++) {
			if (!is_repeat(&first, &samples[i]))
				continue;
			/* To the front, the others keep their order. */
			swap = samples[i];
			memmove(&samples[n + 1], &samples[n],
				(i - n) * sizeof(swap));
			samples[n++] = swap;
		}
		values = calloc(n, sizeof(*values));
		if (!values) {
			bench_say("out of memory");
			exit(EXIT_FAILED);
		}
		print_line(values, n);
		free(values);
		nr_samples -= n;
		memmove(samples, samples + n, nr_samples * sizeof(*samples));
	}
	fflush(stdout);
}

/* Those that were printed included. */
unsigned long samples_taken(void)
{
	return taken;
}
