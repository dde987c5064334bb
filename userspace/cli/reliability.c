// SPDX-License-Identifier: MIT
/*
 * Failures as a Poisson process: at a constant rate, each independent of the others.
 * A soak is a time-terminated test, so the bounds have 2r + 2 degrees of freedom above
 * and 2r below (NIST/SEMATECH e-Handbook of Statistical Methods, 8.4.5.1; Garwood 1936).
 * They are exact, not approximations for many failures.
 */
#include "chi_square.h"
#include "reliability.h"

/**
 * failures_at_most() - the mean that a count of failures leaves possible
 * @failures: how many were seen
 * @confidence: between 0 and 1
 *
 * Two-sided, so half of what is left is above; one-sided if there was no failure, for
 * then there is no lower bound: -ln(1 - confidence).
 *
 * Return: the largest mean.
 */
double failures_at_most(uint64_t failures, double confidence)
{
	double outside = failures ? (1 - confidence) / 2 : 1 - confidence;

	return chi_square_quantile(1 - outside, 2 * (double)failures + 2) / 2;
}

/* The smallest mean, likewise. */
static double failures_at_least(uint64_t failures, double confidence)
{
	if (!failures)
		return 0;
	return chi_square_quantile((1 - confidence) / 2, 2 * (double)failures) /
	       2;
}

/**
 * rate_bounds() - confidence bounds of the rate of failures
 * @failures: how many were seen
 * @exposure: in how many hours, or operations
 * @confidence: between 0 and 1
 *
 * Return: the bounds; those of the time between failures are 1 divided by them.
 */
struct rate_bounds rate_bounds(uint64_t failures, double exposure,
			       double confidence)
{
	return (struct rate_bounds){
		.lowest = failures_at_least(failures, confidence) / exposure,
		.highest = failures_at_most(failures, confidence) / exposure,
	};
}

/* The share of time without failure; both times in the same unit. */
double availability(double mtbf, double recovery)
{
	return mtbf / (mtbf + recovery);
}

/* The time between failures at which availability() is @target. */
double mtbf_needed(double target, double recovery)
{
	return recovery * target / (1 - target);
}
