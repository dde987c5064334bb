// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer that knows what must come of each call: sequences of ioctls, mappings, and
 * of what processes do with descriptors, checked after each step against a model.
 *
 * Usage: fuzz_sequence [SECONDS [TEST]...]
 *	  fuzz_sequence --seed S [--steps N] [--replay-to K] [--only STEP,...]
 *			[--verbose]
 *	  fuzz_sequence --crowd SECONDS [--seed S]
 *
 * One process drives up to five others, one call at a time. Given a seed, calls, their
 * arguments and order are always the same, and so are all results that are compared:
 * errors, statuses, values, counts. Not so the module's own choices: ids, epochs, times,
 * what one SCAN of several returns, and how a map is laid out, for its hash has a random
 * seed. With --crowd processes run at once; then a seed says what each does, and when one
 * is killed is up to chance.
 *
 * A step's number and the seed say what it does, so steps can be left out: of a sequence
 * that fails a short one is printed, for --only.
 */
#include "uapi.h"

#include <getopt.h>

#include "fuzz/crowd.h"
#include "fuzz/sequence.h"

#define STEPS 1000
/* How long to look for a shorter sequence. */
#define SHORTEN_SECONDS 20

static double run_seconds = 20;

/* Runs a sequence; one that fails is made shorter, and printed. */
static struct outcome try(struct sequence *sequence)
{
	struct outcome outcome = sequence_run(sequence), shorter;

	if (!outcome.failed)
		return outcome;
	tap_diag("after %ju steps: %s %s", outcome.at, outcome.op,
		 outcome.text);
	tap_diag("%s", outcome.complaint);
	sequence->nr = outcome.at;
	shorter = sequence_shorten(sequence, SHORTEN_SECONDS);
	sequence_print(sequence, shorter.failed ? &shorter : &outcome);
	return outcome;
}

static struct outcome try_seed(uint64_t seed, uint64_t steps)
{
	struct sequence sequence = sequence_new(seed, steps);
	struct outcome outcome = try(&sequence);

	free(sequence.steps);
	return outcome;
}

TEST(sequences)
{
	double end = seconds() + run_seconds * 0.6;
	uint64_t seed = 1, steps = 0;
	unsigned int i;

	alarm(0);
	verify_init(tap_shared);
	agents_init();
	do {
		struct outcome outcome = try_seed(seed++, STEPS);

		steps += outcome.at;
		if (!CHECK(!outcome.failed))
			break;
	} while (seconds() < end);
	tap_diag("%ju seeds, %ju steps", seed - 1, steps);
	for (i = 0; i < nr_ops && !tap_shared->failures; i++)
		CHECK(!ops[i].weight || op_runs[i]);
}

/* With the same seed all is the same. */
TEST(replays)
{
	struct outcome first, again, other;

	verify_init(tap_shared);
	agents_init();
	first = try_seed(77, 500);
	again = try_seed(77, 500);
	other = try_seed(78, 500);
	CHECK(!first.failed && !again.failed);
	CHECK_EQ(first.digest, again.digest);
	CHECK(first.digest != other.digest);
}

/* A control: what somebody else changes is noticed, and not much is needed for it. */
TEST(notices_a_stranger)
{
	struct sequence sequence = sequence_new(5, 600);
	struct outcome outcome;

	verify_init(tap_shared);
	agents_init();
	sequence.stranger = 300;
	outcome = sequence_run(&sequence);
	CHECK(outcome.failed);
	tap_diag("step %ju: %s: %s", outcome.step, outcome.op,
		 outcome.complaint);
	sequence.nr = outcome.at;
	outcome = sequence_shorten(&sequence, SHORTEN_SECONDS);
	CHECK(outcome.failed);
	sequence_print(&sequence, &outcome);
	CHECK(sequence.nr <= 20);
}

TEST(crowd)
{
	alarm(0);
	crowd_run(tap_shared, 1, run_seconds * 0.3);
}

/* --- By hand --- */

static uint64_t seed = 1, steps = STEPS;
static const char *only;
static double crowd_seconds;
static bool verbose;

static void choose_steps(struct sequence *sequence, const char *list)
{
	char *end;

	sequence->nr = 0;
	while (*list && sequence->nr < steps) {
		sequence->steps[sequence->nr++] = strtoull(list, &end, 0);
		list = *end ? end + 1 : end;
	}
	sequence->thorough = true;
}

static void by_hand(void)
{
	struct sequence sequence = sequence_new(seed, steps);
	struct outcome outcome;

	alarm(0);
	if (crowd_seconds) {
		crowd_run(tap_shared, seed, crowd_seconds);
		return;
	}
	verify_init(tap_shared);
	agents_init();
	sequence.verbose = verbose;
	if (only)
		choose_steps(&sequence, only);
	/* It is as short as somebody wants it to be. */
	outcome = only ? sequence_run(&sequence) : try(&sequence);
	if (only && outcome.failed)
		sequence_print(&sequence, &outcome);
	CHECK(!outcome.failed);
	tap_diag("%ju steps, digest %016jx", outcome.at, outcome.digest);
}

static int usage(void)
{
	fprintf(stderr,
		"Usage: fuzz_sequence [SECONDS [TEST]...]\n"
		"       fuzz_sequence --seed S [--steps N] [--replay-to K]\n"
		"                     [--only STEP,...] [--verbose]\n"
		"       fuzz_sequence --crowd SECONDS [--seed S]\n");
	return 2;
}

static int options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "steps", required_argument, NULL, 'n' },
		{ "replay-to", required_argument, NULL, 'k' },
		{ "only", required_argument, NULL, 'o' },
		{ "crowd", required_argument, NULL, 'c' },
		{ "verbose", no_argument, NULL, 'v' },
		{},
	};
	static struct tap_test test = { "by_hand", by_hand, NULL };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'k':
			verbose = true;
			steps = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			steps = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			only = optarg;
			break;
		case 'c':
			crowd_seconds = strtod(optarg, NULL);
			break;
		case 'v':
			verbose = true;
			break;
		default:
			return usage();
		}
	}
	if (optind < argc || !steps)
		return usage();
	tap_tests = &test;
	return tap_main(1, argv);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strncmp(argv[1], "--", 2))
		return options(argc, argv);
	if (argc > 1)
		run_seconds = strtod(argv[1], NULL);
	/* And the tests that are named. */
	return tap_main(argc > 1 ? argc - 1 : 1, argc > 1 ? argv + 1 : argv);
}
