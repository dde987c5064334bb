// SPDX-License-Identifier: MIT
/* Bounds of the time between failures, and what is read of soaks. */
#include <math.h>
#include <string.h>

#include "reliability.h"
#include "tap.h"

/*
 * Exact limits of a Poisson mean: F. Garwood, Biometrika 28 (1936), as in table 40 of
 * Pearson and Hartley, "Biometrika Tables for Statisticians". No event: one-sided.
 */
static const struct {
	unsigned int failures;
	double confidence, lowest, highest;
} garwood[] = {
	{ 0, 0.95, 0, 2.996 },		{ 0, 0.90, 0, 2.303 },
	{ 0, 0.99, 0, 4.605 },		{ 1, 0.95, 0.0253, 5.572 },
	{ 2, 0.95, 0.242, 7.225 },	{ 3, 0.95, 0.619, 8.767 },
	{ 4, 0.95, 1.090, 10.242 },	{ 5, 0.95, 1.623, 11.668 },
	{ 6, 0.95, 2.202, 13.059 },	{ 7, 0.95, 2.814, 14.423 },
	{ 8, 0.95, 3.454, 15.763 },	{ 9, 0.95, 4.115, 17.085 },
	{ 10, 0.95, 4.795, 18.390 },	{ 20, 0.95, 12.217, 30.888 },
	{ 50, 0.95, 37.111, 65.919 },	{ 1, 0.90, 0.0513, 4.744 },
	{ 2, 0.90, 0.355, 6.296 },	{ 3, 0.90, 0.818, 7.754 },
	{ 5, 0.90, 1.970, 10.513 },	{ 10, 0.90, 5.425, 16.962 },
	{ 1, 0.99, 0.00501, 7.430 },	{ 5, 0.99, 1.078, 14.150 },
	{ 100, 0.95, 81.364, 121.627 },
};

static bool near(double a, double b)
{
	return fabs(a - b) <= 0.0006;
}

static void test_bounds(void)
{
	struct rate_bounds bounds;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(garwood); i++) {
		bounds = rate_bounds(garwood[i].failures, 1,
				     garwood[i].confidence);
		ok(near(bounds.lowest, garwood[i].lowest) &&
			   near(bounds.highest, garwood[i].highest),
		   "%u failures, %g: %.4f to %.4f", garwood[i].failures,
		   garwood[i].confidence, bounds.lowest, bounds.highest);
	}
	bounds = rate_bounds(5, 1000, 0.95);
	ok(near(bounds.highest * 1000, 11.668) &&
		   near(bounds.lowest * 1000, 1.623),
	   "in a thousand hours, a thousandth of it an hour");
	ok(fabs(failures_at_most(0, 0.95) + log(0.05)) < 1 / 1e12,
	   "no failure: -ln(0.05)");
}

/* That the bounds keep what they say: of means just there, P(X <= r) and P(X >= r). */
static void test_coverage(void)
{
	struct rate_bounds bounds = rate_bounds(7, 1, 0.9);
	double at_most = 0, at_least = 1, high, low;
	unsigned int k;

	high = exp(-bounds.highest);
	low = exp(-bounds.lowest);
	for (k = 0; k <= 7; k++) {
		at_most += high;
		if (k < 7)
			at_least -= low;
		high *= bounds.highest / (k + 1);
		low *= bounds.lowest / (k + 1);
	}
	ok(fabs(at_most - 0.05) < 1 / 1e12 && fabs(at_least - 0.05) < 1 / 1e12,
	   "each side of 90 %% leaves out 5 %%");
}

static void test_availability(void)
{
	ok(fabs(availability(1 / 0.0023, 1.0 / 60) - 0.99996167) < 1 / 1e8,
	   "0.0023 an hour, a minute each");
	ok(fabs(mtbf_needed(0.99999, 1.0 / 60) - 1666.65) < 1 / 1e6,
	   "99.999 %% and a minute need 1666.65 hours");
	ok(fabs(availability(mtbf_needed(0.9999, 0.5), 0.5) - 0.9999) <
		   1 / 1e12,
	   "one is the other's inverse");
}

static const struct {
	const char *name, *text;
	struct soak_totals totals;
} goods[] = {
	{ "one record",
	  "{\"hours\":1.5,\"operations\":10,\"failures\":2}",
	  { 1, 10, 2, 1.5, 0 } },
	{ "kinds are added",
	  " [ {\"hours\":1e0, \"operations\":{\"lookup\":3,\"insert\":4},\n\t\"failures\":{\"lost\":1,\"stale\":0,\"kernel\":2}} ] ",
	  { 1, 7, 3, 1, 0 } },
	{ "soaks are added, and the slowest recovery counts",
	  "[{\"hours\":1,\"operations\":1,\"failures\":0,\"recovery_seconds\":9},{\"hours\":2,\"operations\":5,\"failures\":1,\"recovery_seconds\":12.5},{\"hours\":3,\"operations\":0,\"failures\":{}}]",
	  { 3, 6, 1, 6, 12.5 } },
	{ "what is for people is skipped",
	  "{\"kernel\":\"6.1 \\\"\\u00e9\\n\",\"x\":[1,{\"hours\":[null,true,false,-1.5E+3]},\"\"],\"hours\":1,\"operations\":1,\"failures\":0,\"a name that is too long to be one of ours\":{}}",
	  { 1, 1, 0, 1, 0 } },
};

static const struct {
	const char *name, *text, *why;
} bads[] = {
	{ "nothing", "", "line 1: expected the record" },
	{ "no soak", "[]", "no soak" },
	{ "no record", "[1]", "line 1: expected the record" },
	{ "no hours", "[{\"operations\":1,\"failures\":0}]", "without hours" },
	{ "no operations", "{\"hours\":1,\"failures\":0}",
	  "without operations" },
	{ "no failures", "{\"hours\":1,\"operations\":0}", "without failures" },
	{ "hours 0", "{\"hours\":0}", "hours: expected" },
	{ "hours below 0", "{\"hours\":-1}", "hours: expected" },
	{ "hours as text", "{\"hours\":\"1\"}", "hours: expected" },
	{ "hours too many", "{\"hours\":1e99}", "hours: expected" },
	{ "hours without end", "{\"hours\":1e999}", "hours: expected" },
	{ "recovery 0", "{\"recovery_seconds\":0}",
	  "recovery_seconds: expected" },
	{ "half a failure", "{\"failures\":0.5}", "failures: expected" },
	{ "failures below 0", "{\"failures\":-1}", "failures: expected" },
	{ "too many", "{\"failures\":1000000001}", "failures: expected" },
	{ "too many together", "{\"failures\":{\"a\":1000000000,\"b\":1}}",
	  "failures: expected" },
	{ "the third line", "[{\n\"hours\":1,\n\"operations\":\"x\"}]",
	  "line 3: operations" },
	{ "cut off", "[{\"hours\":1,\"operations\":1,\"failures\":0}",
	  "line 1: not JSON" },
	{ "cut off in a record", "{\"hours\":1,", "not JSON" },
	{ "cut off in a name", "{\"hou", "not JSON" },
	{ "cut off in a text", "{\"a\":\"", "not JSON" },
	{ "cut off in an escape", "{\"a\":\"\\u00", "not JSON" },
	{ "no such escape", "{\"a\":\"\\x\"}", "not JSON" },
	{ "a line in a text", "{\"a\":\"\n\"}", "not JSON" },
	{ "a comma too many", "{\"a\":1,}", "not JSON" },
	{ "a comma too few", "{\"a\":1 \"b\":2}", "not JSON" },
	{ "another bracket", "{\"a\":[1}}", "not JSON" },
	{ "a leading zero", "{\"a\":01}", "not JSON" },
	{ "a point and nothing", "{\"a\":1.}", "not JSON" },
	{ "an exponent without", "{\"a\":1e}", "not JSON" },
	{ "half a word", "{\"a\":tru}", "not JSON" },
	{ "more behind it", "{\"hours\":1,\"operations\":1,\"failures\":0} x",
	  "behind the end" },
	{ "too deep", "{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}",
	  "not JSON" },
};

static void test_results(void)
{
	struct soak_totals totals;
	struct why why = { "" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(goods); i++) {
		bool good = !soak_results_parse(
			goods[i].text, strlen(goods[i].text), &totals, &why);

		ok(good && totals.runs == goods[i].totals.runs &&
			   totals.operations == goods[i].totals.operations &&
			   totals.failures == goods[i].totals.failures &&
			   !(totals.hours < goods[i].totals.hours) &&
			   !(totals.hours > goods[i].totals.hours) &&
			   !(totals.recovery < goods[i].totals.recovery) &&
			   !(totals.recovery > goods[i].totals.recovery),
		   "%s: %s", goods[i].name, why.text);
	}
	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		bool refused = soak_results_parse(
			bads[i].text, strlen(bads[i].text), &totals, &why);

		ok(refused && strstr(why.text, bads[i].why), "refused: %s: %s",
		   bads[i].name, why.text);
	}
}

int main(void)
{
	test_bounds();
	test_coverage();
	test_availability();
	test_results();
	return tap_done();
}
