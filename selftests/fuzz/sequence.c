// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: sequences of steps, and how they are run, repeated and made shorter. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "sequence.h"

/* Steps after which something is looked at; after which all is, which takes long. */
#define VERIFY_SOME 8
#define VERIFY_ALL 250

uint64_t op_runs[64];

struct sequence sequence_new(uint64_t seed, uint64_t nr)
{
	struct sequence sequence = {
		.seed = seed,
		.steps = malloc(nr * sizeof(uint64_t)),
		.nr = nr,
		.stranger = NO_STRANGER,
	};
	uint64_t i;

	for (i = 0; i < nr; i++)
		sequence.steps[i] = i;
	return sequence;
}

/* --- Before and after --- */

static void ask(unsigned long cmd, void *arg)
{
	int fd = open(CONTROL_NODE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, cmd, arg))
		abort();
	close(fd);
}

static void destroy_all(void)
{
	unsigned int i;

	for (i = 0; i < NAMES; i++) {
		struct kcmap_destroy gone = { .size = sizeof(gone) };
		int fd = open(CONTROL_NODE, O_RDWR | O_CLOEXEC);

		sprintf((char *)gone.name, NAME_FORMAT, i);
		ioctl(fd, KCMAP_CTL_DESTROY, &gone);
		close(fd);
	}
}

/* What maps there are that are none of ours. */
static void note_others(struct world *w)
{
	struct kcmap_map_info infos[16];
	struct kcmap_list list = {
		.size = sizeof(list),
		.maps = ADDRESS(infos),
		.map_size = sizeof(infos[0]),
		.capacity = COUNT(infos),
	};

	do {
		ask(KCMAP_CTL_LIST, &list);
		w->others += list.count;
	} while (list.count);
	w->last_other = list.cursor;
}

static long module_users(void)
{
	FILE *file = fopen("/sys/module/kcmap/refcnt", "r");
	long users = -1;

	if (!file || fscanf(file, "%ld", &users) != 1)
		users = -1;
	if (file)
		fclose(file);
	return users;
}

/* All processes are gone, so what they had open is closed. */
static void check_users(struct world *w, long before)
{
	struct timespec moment = { .tv_nsec = 10000000 };
	int tries = 200;

	while (module_users() != before && tries--)
		nanosleep(&moment, NULL);
	expect(w, "users of the module", before, module_users());
}

/* --- Steps --- */

static const struct op *choose_op(struct world *w)
{
	unsigned int i, total = 0, n;

	for (i = 0; i < nr_ops; i++)
		total += ops[i].weight;
	n = below(w, total);
	for (i = 0; n >= ops[i].weight; i++)
		n -= ops[i].weight;
	return &ops[i];
}

static void fold_text(struct world *w, const char *name)
{
	const char *at;

	for (at = name; *at; at++)
		w->digest = (w->digest ^ (uint8_t)*at) * 0x100000001b3;
	for (at = w->text; *at; at++)
		w->digest = (w->digest ^ (uint8_t)*at) * 0x100000001b3;
}

static const struct op *run_step(struct world *w,
				 const struct sequence *sequence, uint64_t i)
{
	const struct op *op;

	world_step(w, sequence->steps[i]);
	room_reset();
	op = choose_op(w);
	if (sequence->steps[i] >= sequence->stranger && !w->strange)
		w->strange = stranger(w);
	op_runs[op - ops]++;
	op->run(w, op);
	fold_text(w, op->name);
	if (sequence->verbose)
		printf("# %llu: %s %s\n",
		       (unsigned long long)sequence->steps[i], op->name,
		       w->text);
	if (w->touched && !w->failed)
		verify_touched(w);
	if (sequence->thorough || i % VERIFY_ALL == VERIFY_ALL - 1 ||
	    i == sequence->nr - 1)
		verify_all(w);
	else if (i % VERIFY_SOME == 0 && !w->failed)
		verify_some(w);
	return op;
}

struct outcome sequence_run(const struct sequence *sequence)
{
	struct world *w = calloc(1, sizeof(*w));
	struct outcome outcome = {};
	const struct op *op = NULL;
	long users;
	uint64_t i;

	destroy_all();
	users = module_users();
	w->seed = sequence->seed;
	note_others(w);
	agents_start(w);
	for (i = 0; i < sequence->nr && !w->failed; i++)
		op = run_step(w, sequence, i);
	agents_stop(w);
	if (!w->failed)
		check_users(w, users);
	outcome.failed = w->failed;
	outcome.at = i;
	outcome.digest = w->digest;
	if (i) {
		outcome.step = sequence->steps[i - 1];
		outcome.op = op->name;
		memcpy(outcome.text, w->text, sizeof(w->text));
		memcpy(outcome.complaint, w->complaint, sizeof(w->complaint));
	}
	world_free(w);
	free(w);
	destroy_all();
	return outcome;
}

/* --- Shorter --- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* The sequence up to @nr, without @length steps from @from on. */
static struct sequence without(const struct sequence *all, uint64_t from,
			       uint64_t length)
{
	struct sequence less = sequence_new(all->seed, all->nr);
	uint64_t i;

	less.stranger = all->stranger;
	less.thorough = true;
	less.nr = 0;
	for (i = 0; i < all->nr; i++)
		if (i < from || i >= from + length)
			less.steps[less.nr++] = all->steps[i];
	return less;
}

/*
 * Leave out what is not needed for it to fail: halves, quarters, and so on. Not the last
 * step, which sees it. Return: what came of the shortest.
 */
struct outcome sequence_shorten(struct sequence *sequence, double seconds)
{
	struct outcome last = sequence_run(sequence), outcome;
	uint64_t length, from;
	double end = now() + seconds;

	if (last.failed)
		sequence->nr = last.at;
	for (length = sequence->nr / 2; length; length /= 2) {
		for (from = 0; from + length < sequence->nr && now() < end;) {
			struct sequence less = without(sequence, from, length);

			outcome = sequence_run(&less);
			if (!outcome.failed) {
				free(less.steps);
				from += length;
				continue;
			}
			free(sequence->steps);
			less.nr = outcome.at;
			*sequence = less;
			last = outcome;
		}
	}
	return last;
}

void sequence_print(const struct sequence *sequence,
		    const struct outcome *outcome)
{
	uint64_t i;

	printf("# seed %llu, step %llu: %s %s\n# %s\n",
	       (unsigned long long)sequence->seed,
	       (unsigned long long)outcome->step, outcome->op, outcome->text,
	       outcome->complaint);
	printf("# --seed %llu --only ", (unsigned long long)sequence->seed);
	for (i = 0; i < sequence->nr; i++)
		printf("%s%llu", i ? "," : "",
		       (unsigned long long)sequence->steps[i]);
	printf("\n");
	fflush(stdout);
}
