/* SPDX-License-Identifier: MIT */
/* What soaks say of the time between failures. */
#ifndef KCMAP_CLI_RELIABILITY_H
#define KCMAP_CLI_RELIABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types.h"

/* Counts above this are refused: chi-square quantiles would take seconds. */
#define FAILURES_MAX 1000000000ULL
/* Up to this each integer is a double. */
#define OPERATIONS_MAX (1ULL << 53)
#define HOURS_MAX 1e9
#define RECOVERY_MAX 1e9

/**
 * struct soak_totals - several soaks together
 * @runs: how many
 * @operations: in all of them
 * @failures: likewise
 * @hours: likewise
 * @recovery: longest that was measured, in seconds; 0: none was
 */
struct soak_totals {
	unsigned int runs;
	uint64_t operations;
	uint64_t failures;
	double hours;
	double recovery;
};

/**
 * struct rate_bounds - where the rate of failures is
 * @lowest: failures in a unit of time; 0 if none was seen
 * @highest: likewise
 */
struct rate_bounds {
	double lowest;
	double highest;
};

/**
 * struct reliability - what is to be shown
 * @runs: soaks that were added up; 0: the numbers were given
 * @operations: how many; 0: not known
 * @failures: how many
 * @hours: how many; 0: only the rate is known
 * @rate: failures an hour
 * @recovery: seconds
 * @recovery_from: "given", "measured" or "assumed"
 * @levels: of confidence, in percent, the last for what is shown of the targets
 * @nr_levels: how many
 */
struct reliability {
	unsigned int runs;
	uint64_t operations;
	uint64_t failures;
	double hours;
	double rate;
	double recovery;
	const char *recovery_from;
	double levels[2];
	unsigned int nr_levels;
};

/* soak_results.c */
int soak_results_parse(const char *text, size_t size,
		       struct soak_totals *totals, struct why *why);

/* reliability.c */
double failures_at_most(uint64_t failures, double confidence);
struct rate_bounds rate_bounds(uint64_t failures, double exposure,
			       double confidence);
double availability(double mtbf, double recovery);
double mtbf_needed(double target, double recovery);

/* reliability_show.c */
void reliability_print(const struct reliability *reliability);
void reliability_json(const struct reliability *reliability);

#endif /* KCMAP_CLI_RELIABILITY_H */
