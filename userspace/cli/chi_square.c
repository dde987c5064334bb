// SPDX-License-Identifier: MIT
/*
 * The chi-square distribution, by the regularized incomplete gamma functions: with
 * a = df / 2 and z = x / 2 its distribution function is P(a, z) = 1 - Q(a, z).
 *
 * Formulas: NIST Digital Library of Mathematical Functions, 8.11.4 (series for P) and
 * 8.9.2 (continued fraction for Q), which converge fast where z < a + 1 and elsewhere.
 * The fraction is evaluated by Lentz's method, as modified by Thompson and Barnett.
 */
#include <float.h>
#include <math.h>

#include "chi_square.h"

/* z^a e^-z / gamma(a), by logarithms: each factor alone overflows. */
static double front(double a, double z)
{
	return exp(a * log(z) - z - lgamma(a));
}

static double p_series(double a, double z)
{
	double term = 1 / a, sum = term, n = a;

	while (term > sum * DBL_EPSILON) {
		n++;
		term *= z / n;
		sum += term;
	}
	return sum * front(a, z);
}

/* A denominator of 0 is replaced by next to nothing. */
static double not_zero(double x)
{
	return fabs(x) < DBL_MIN / DBL_EPSILON ? DBL_MIN / DBL_EPSILON : x;
}

static double q_fraction(double a, double z)
{
	double b = z + 1 - a, c = 1 / not_zero(0), d = 1 / not_zero(b);
	double value = d, step = 0, n = 0, numerator;

	while (fabs(step - 1) > 4 * DBL_EPSILON) {
		n++;
		numerator = n * (a - n);
		b += 2;
		d = 1 / not_zero(b + numerator * d);
		c = not_zero(b + numerator / c);
		step = c * d;
		value *= step;
	}
	return value * front(a, z);
}

/**
 * chi_square_cdf() - how probable it is to be no larger than a number
 * @x: the number
 * @df: degrees of freedom, above 0
 *
 * Return: 0 to 1.
 */
double chi_square_cdf(double x, double df)
{
	double a = df / 2, z = x / 2;

	if (z <= 0)
		return 0;
	return z < a + 1 ? p_series(a, z) : 1 - q_fraction(a, z);
}

/**
 * chi_square_quantile() - the number that is exceeded with probability 1 - p
 * @p: above 0, below 1
 * @df: degrees of freedom, above 0
 *
 * Bisection: slower than Newton's method, which can leave the range for few degrees
 * of freedom and small @p.
 *
 * Return: the number.
 */
double chi_square_quantile(double p, double df)
{
	double low = 0, high = df, middle;

	while (chi_square_cdf(high, df) < p)
		high *= 2;
	for (;;) {
		middle = low + (high - low) / 2;
		/* They are neighbours. */
		if (middle <= low || middle >= high)
			return high;
		if (chi_square_cdf(middle, df) < p)
			low = middle;
		else
			high = middle;
	}
}
