// SPDX-License-Identifier: MIT
/* The table and the JSON of kcmap reliability. */
#include <math.h>

#include "cli.h"
#include "reliability.h"

/* 365.25 days */
#define YEAR_SECONDS 31557600.0

/* In percent. */
static const double targets[] = { 99.9, 99.99, 99.999 };

/**
 * struct target - what an availability asks for
 * @percent: the availability
 * @downtime: seconds a year that it allows
 * @needed: hours between failures
 * @shown: whether the lower bound is as high
 * @more_hours: without a failure, until it would be
 */
struct target {
	double percent;
	double downtime;
	double needed;
	bool shown;
	double more_hours;
};

static struct target target_of(const struct reliability *reliability,
			       double percent)
{
	double confidence = reliability->levels[reliability->nr_levels - 1];
	struct target target = { .percent = percent };

	target.downtime = YEAR_SECONDS * (100 - percent) / 100;
	target.needed =
		mtbf_needed(percent / 100, reliability->recovery / 3600);
	if (!reliability->hours)
		return target;
	target.more_hours =
		target.needed * failures_at_most(reliability->failures,
						 confidence / 100) -
		reliability->hours;
	target.shown = target.more_hours <= 0;
	if (target.shown)
		target.more_hours = 0;
	return target;
}

/* Hours between failures; infinite if none was seen. */
static double mtbf_of(const struct reliability *reliability)
{
	return 1 / reliability->rate;
}

static double percent_up(const struct reliability *reliability, double mtbf)
{
	return 100 * availability(mtbf, reliability->recovery / 3600);
}

/* Two decimals, and more where these would say nothing. */
static const char *hours_of(double hours, char text[40])
{
	snprintf(text, 40, hours < 0.1 ? "%.3g" : "%.2f", hours);
	return text;
}

static void print_bound(const struct reliability *reliability, double level)
{
	struct rate_bounds hourly = rate_bounds(reliability->failures,
						reliability->hours,
						level / 100);
	char from[40], to[40] = "-";
	struct rate_bounds each;

	hours_of(1 / hourly.highest, from);
	if (reliability->failures)
		hours_of(1 / hourly.lowest, to);
	printf("%-11.6g%-7s%-12.5g%-12.5g%-13s%-13s%.5f", level,
	       reliability->failures ? "two" : "one", hourly.lowest,
	       hourly.highest, from, to,
	       percent_up(reliability, 1 / hourly.highest));
	if (reliability->operations) {
		each = rate_bounds(reliability->failures,
				   (double)reliability->operations,
				   level / 100);
		printf("    %.5g to %.5g", each.lowest, each.highest);
	}
	putchar('\n');
}

static void print_bounds(const struct reliability *reliability)
{
	unsigned int i;

	printf("\n%-11s%-7s%-12s%-12s%-13s%-13s%s%s\n", "confidence", "sides",
	       "rate from", "to", "MTBF from", "to", "up from, %",
	       reliability->operations ? "  failures an operation" : "");
	for (i = 0; i < reliability->nr_levels; i++)
		print_bound(reliability, reliability->levels[i]);
}

/* As many parts as it takes: 8 h 45 min 57.6 s. */
static const char *downtime_text(double seconds, char text[40])
{
	unsigned int hours = (unsigned int)(seconds / 3600);
	unsigned int minutes = (unsigned int)(fmod(seconds, 3600) / 60);
	char before[24] = "";

	if (hours)
		snprintf(before, sizeof(before), "%u h ", hours);
	snprintf(text, 40, "%s%u min %.1f s", before, minutes,
		 fmod(seconds, 60));
	return text;
}

static void print_target(const struct reliability *reliability, double percent)
{
	struct target target = target_of(reliability, percent);
	double mtbf = mtbf_of(reliability);
	char text[40], gap[40] = "met";

	if (reliability->hours && !reliability->failures)
		snprintf(gap, sizeof(gap), "no failure");
	else if (mtbf < target.needed)
		snprintf(gap, sizeof(gap), "%.2f short", target.needed - mtbf);
	printf("%-8.6g %-18s%-14.2f%-18s", percent,
	       downtime_text(target.downtime, text), target.needed, gap);
	if (!reliability->hours)
		printf("-\n");
	else if (target.shown)
		printf("yes\n");
	else
		printf("in %.2f hours without a failure\n", target.more_hours);
}

static void print_targets(const struct reliability *reliability)
{
	char shown[40] = "shown";
	unsigned int i;

	if (reliability->hours)
		snprintf(shown, sizeof(shown), "shown with %.6g %%",
			 reliability->levels[reliability->nr_levels - 1]);
	printf("\n%-8s %-18s%-14s%-18s%s\n", "up, %", "downtime a year",
	       "MTBF needed", "MTBF seen", shown);
	for (i = 0; i < ARRAY_SIZE(targets); i++)
		print_target(reliability, targets[i]);
}

/**
 * reliability_print() - the table
 * @reliability: what is to be shown
 */
void reliability_print(const struct reliability *reliability)
{
	double mtbf = mtbf_of(reliability);
	char text[40];

	if (reliability->runs)
		printf("soaks         %u\n", reliability->runs);
	if (reliability->operations)
		printf("operations    %ju\n", reliability->operations);
	if (reliability->hours)
		printf("hours         %.6g\nfailures      %ju\n",
		       reliability->hours, reliability->failures);
	printf("rate          %.6g failures an hour\n", reliability->rate);
	if (reliability->operations)
		printf("              %.6g failures an operation\n",
		       (double)reliability->failures /
			       (double)reliability->operations);
	if (isfinite(mtbf))
		printf("MTBF          %s hours\n", hours_of(mtbf, text));
	else
		printf("MTBF          no failure: see its lower bound\n");
	printf("recovery      %.6g seconds (%s)\n", reliability->recovery,
	       reliability->recovery_from);
	if (isfinite(mtbf))
		printf("availability  %.6f %%\n",
		       percent_up(reliability, mtbf));
	if (reliability->hours)
		print_bounds(reliability);
	print_targets(reliability);
}

static void json_real_or_null(const char *name, double number)
{
	if (isfinite(number))
		json_real(&json, name, number);
	else
		json_null(&json, name);
}

static void json_bound(const struct reliability *reliability, double level)
{
	struct rate_bounds hourly = rate_bounds(reliability->failures,
						reliability->hours,
						level / 100);
	struct rate_bounds each;

	json_object(&json, NULL);
	json_real(&json, "confidence", level);
	json_u64(&json, "sides", reliability->failures ? 2 : 1);
	json_real(&json, "rate_min_per_hour", hourly.lowest);
	json_real(&json, "rate_max_per_hour", hourly.highest);
	json_real(&json, "mtbf_min_hours", 1 / hourly.highest);
	json_real_or_null("mtbf_max_hours", 1 / hourly.lowest);
	json_real(&json, "availability_min_percent",
		  percent_up(reliability, 1 / hourly.highest));
	if (reliability->operations) {
		each = rate_bounds(reliability->failures,
				   (double)reliability->operations,
				   level / 100);
		json_real(&json, "rate_min_per_operation", each.lowest);
		json_real(&json, "rate_max_per_operation", each.highest);
	}
	json_end(&json);
}

static void json_target(const struct reliability *reliability, double percent)
{
	struct target target = target_of(reliability, percent);
	double mtbf = mtbf_of(reliability);

	json_object(&json, NULL);
	json_real(&json, "availability_percent", percent);
	json_real(&json, "downtime_seconds_per_year", target.downtime);
	json_real(&json, "mtbf_needed_hours", target.needed);
	if (isfinite(mtbf)) {
		json_bool(&json, "met", mtbf >= target.needed);
		json_real(&json, "mtbf_short_hours",
			  fmax(target.needed - mtbf, 0));
	}
	if (reliability->hours) {
		json_real(&json, "confidence",
			  reliability->levels[reliability->nr_levels - 1]);
		json_bool(&json, "shown", target.shown);
		json_real(&json, "hours_without_failure_needed",
			  target.more_hours);
	}
	json_end(&json);
}

/**
 * reliability_json() - the same as an object
 * @reliability: what is to be shown
 */
void reliability_json(const struct reliability *reliability)
{
	double mtbf = mtbf_of(reliability);
	unsigned int i;

	json_object(&json, NULL);
	if (reliability->runs)
		json_u64(&json, "soaks", reliability->runs);
	if (reliability->operations) {
		json_u64(&json, "operations", reliability->operations);
		json_real(&json, "rate_per_operation",
			  (double)reliability->failures /
				  (double)reliability->operations);
	}
	if (reliability->hours) {
		json_real(&json, "hours", reliability->hours);
		json_u64(&json, "failures", reliability->failures);
	}
	json_real(&json, "rate_per_hour", reliability->rate);
	json_real_or_null("mtbf_hours", mtbf);
	json_real(&json, "recovery_seconds", reliability->recovery);
	json_string(&json, "recovery_from", reliability->recovery_from);
	json_real_or_null("availability_percent",
			  isfinite(mtbf) ? percent_up(reliability, mtbf) : NAN);
	json_array(&json, "bounds");
	for (i = 0; reliability->hours && i < reliability->nr_levels; i++)
		json_bound(reliability, reliability->levels[i]);
	json_end(&json);
	json_array(&json, "targets");
	for (i = 0; i < ARRAY_SIZE(targets); i++)
		json_target(reliability, targets[i]);
	json_end(&json);
	json_end(&json);
}
