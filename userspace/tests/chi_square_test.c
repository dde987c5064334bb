// SPDX-License-Identifier: MIT
/* The chi-square distribution, against published tables and closed forms. */
#include <math.h>

#include "chi_square.h"
#include "tap.h"

/*
 * C. M. Thompson, "Table of percentage points of the chi-square distribution",
 * Biometrika 32 (1941); also table 8 of Pearson and Hartley, "Biometrika Tables for
 * Statisticians", and in the appendix of most textbooks since. Six figures, the last of
 * which is wrong by up to 7 units in a few places: 1.734926 should be 1.734933.
 */
static const double exceeded[] = { 0.995, 0.990, 0.975, 0.950, 0.900,
				   0.100, 0.050, 0.025, 0.010, 0.005 };

static const struct {
	double df;
	double x[ARRAY_SIZE(exceeded)];
} thompson[] = {
	{ 1,
	  { 0.0000393, 0.0001571, 0.0009821, 0.0039321, 0.0157908, 2.70554,
	    3.84146, 5.02389, 6.63490, 7.87944 } },
	{ 2,
	  { 0.0100251, 0.0201007, 0.0506356, 0.102587, 0.210720, 4.60517,
	    5.99147, 7.37776, 9.21034, 10.5966 } },
	{ 3,
	  { 0.0717212, 0.114832, 0.215795, 0.351846, 0.584375, 6.25139, 7.81473,
	    9.34840, 11.3449, 12.8381 } },
	{ 4,
	  { 0.206990, 0.297110, 0.484419, 0.710721, 1.063623, 7.77944, 9.48773,
	    11.1433, 13.2767, 14.8602 } },
	{ 5,
	  { 0.411740, 0.554300, 0.831211, 1.145476, 1.61031, 9.23635, 11.0705,
	    12.8325, 15.0863, 16.7496 } },
	{ 6,
	  { 0.675727, 0.872085, 1.237347, 1.63539, 2.20413, 10.6446, 12.5916,
	    14.4494, 16.8119, 18.5476 } },
	{ 7,
	  { 0.989265, 1.239043, 1.68987, 2.16735, 2.83311, 12.0170, 14.0671,
	    16.0128, 18.4753, 20.2777 } },
	{ 8,
	  { 1.344419, 1.646482, 2.17973, 2.73264, 3.48954, 13.3616, 15.5073,
	    17.5346, 20.0902, 21.9550 } },
	{ 9,
	  { 1.734926, 2.087912, 2.70039, 3.32511, 4.16816, 14.6837, 16.9190,
	    19.0228, 21.6660, 23.5893 } },
	{ 10,
	  { 2.15585, 2.55821, 3.24697, 3.94030, 4.86518, 15.9871, 18.3070,
	    20.4831, 23.2093, 25.1882 } },
	{ 11,
	  { 2.60321, 3.05347, 3.81575, 4.57481, 5.57779, 17.2750, 19.6751,
	    21.9200, 24.7250, 26.7569 } },
	{ 12,
	  { 3.07382, 3.57056, 4.40379, 5.22603, 6.30380, 18.5494, 21.0261,
	    23.3367, 26.2170, 28.2995 } },
	{ 13,
	  { 3.56503, 4.10691, 5.00874, 5.89186, 7.04150, 19.8119, 22.3621,
	    24.7356, 27.6883, 29.8194 } },
	{ 14,
	  { 4.07468, 4.66043, 5.62872, 6.57063, 7.78953, 21.0642, 23.6848,
	    26.1190, 29.1413, 31.3193 } },
	{ 15,
	  { 4.60094, 5.22935, 6.26214, 7.26094, 8.54675, 22.3072, 24.9958,
	    27.4884, 30.5779, 32.8013 } },
	{ 16,
	  { 5.14224, 5.81221, 6.90766, 7.96164, 9.31223, 23.5418, 26.2962,
	    28.8454, 31.9999, 34.2672 } },
	{ 17,
	  { 5.69724, 6.40776, 7.56418, 8.67176, 10.0852, 24.7690, 27.5871,
	    30.1910, 33.4087, 35.7185 } },
	{ 18,
	  { 6.26481, 7.01491, 8.23075, 9.39046, 10.8649, 25.9894, 28.8693,
	    31.5264, 34.8053, 37.1564 } },
	{ 19,
	  { 6.84398, 7.63273, 8.90655, 10.1170, 11.6509, 27.2036, 30.1435,
	    32.8523, 36.1908, 38.5822 } },
	{ 20,
	  { 7.43386, 8.26040, 9.59083, 10.8508, 12.4426, 28.4120, 31.4104,
	    34.1696, 37.5662, 39.9968 } },
	{ 21,
	  { 8.03366, 8.89720, 10.28293, 11.5913, 13.2396, 29.6151, 32.6705,
	    35.4789, 38.9321, 41.4010 } },
	{ 22,
	  { 8.64272, 9.54249, 10.9823, 12.3380, 14.0415, 30.8133, 33.9244,
	    36.7807, 40.2894, 42.7956 } },
	{ 23,
	  { 9.26042, 10.19567, 11.6885, 13.0905, 14.8479, 32.0069, 35.1725,
	    38.0757, 41.6384, 44.1813 } },
	{ 24,
	  { 9.88623, 10.8564, 12.4011, 13.8484, 15.6587, 33.1963, 36.4151,
	    39.3641, 42.9798, 45.5585 } },
	{ 25,
	  { 10.5197, 11.5240, 13.1197, 14.6114, 16.4734, 34.3816, 37.6525,
	    40.6465, 44.3141, 46.9278 } },
	{ 26,
	  { 11.1603, 12.1981, 13.8439, 15.3791, 17.2919, 35.5631, 38.8852,
	    41.9232, 45.6417, 48.2899 } },
	{ 27,
	  { 11.8076, 12.8786, 14.5733, 16.1513, 18.1138, 36.7412, 40.1133,
	    43.1944, 46.9630, 49.6449 } },
	{ 28,
	  { 12.4613, 13.5648, 15.3079, 16.9279, 18.9392, 37.9159, 41.3372,
	    44.4607, 48.2782, 50.9933 } },
	{ 29,
	  { 13.1211, 14.2565, 16.0471, 17.7083, 19.7677, 39.0875, 42.5569,
	    45.7222, 49.5879, 52.3356 } },
	{ 30,
	  { 13.7867, 14.9535, 16.7908, 18.4926, 20.5992, 40.2560, 43.7729,
	    46.9792, 50.8922, 53.6720 } },
	{ 40,
	  { 20.7065, 22.1643, 24.4331, 26.5093, 29.0505, 51.8050, 55.7585,
	    59.3417, 63.6907, 66.7659 } },
	{ 50,
	  { 27.9907, 29.7067, 32.3574, 34.7642, 37.6886, 63.1671, 67.5048,
	    71.4202, 76.1539, 79.4900 } },
	{ 60,
	  { 35.5346, 37.4848, 40.4817, 43.1879, 46.4589, 74.3970, 79.0819,
	    83.2976, 88.3794, 91.9517 } },
	{ 70,
	  { 43.2752, 45.4418, 48.7576, 51.7393, 55.3290, 85.5271, 90.5312,
	    95.0231, 100.425, 104.215 } },
	{ 80,
	  { 51.1720, 53.5400, 57.1532, 60.3915, 64.2778, 96.5782, 101.879,
	    106.629, 112.329, 116.321 } },
	{ 90,
	  { 59.1963, 61.7541, 65.6466, 69.1260, 73.2912, 107.565, 113.145,
	    118.136, 124.116, 128.299 } },
	{ 100,
	  { 67.3276, 70.0648, 74.2219, 77.9295, 82.3581, 118.498, 124.342,
	    129.561, 135.807, 140.169 } },
};

static void test_thompson(void)
{
	double x, worst = 0, off;
	size_t row, column;
	bool good = true;

	for (row = 0; row < ARRAY_SIZE(thompson); row++) {
		for (column = 0; column < ARRAY_SIZE(exceeded); column++) {
			x = chi_square_quantile(1 - exceeded[column],
						thompson[row].df);
			off = fabs(x - thompson[row].x[column]);
			if (off > 1 / 1e5 * x + 5 / 1e8) {
				printf("# %g degrees, %g: %.8g, not %.8g\n",
				       thompson[row].df, exceeded[column], x,
				       thompson[row].x[column]);
				good = false;
			}
			worst = fmax(worst, (off - 5 / 1e8) / x);
		}
	}
	ok(good,
	   "%zu values of Thompson's table, 1 to 100 degrees (off by %.1e at most)",
	   ARRAY_SIZE(thompson) * ARRAY_SIZE(exceeded), worst);
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1 / 1e11 * fabs(b);
}

static void test_closed_forms(void)
{
	unsigned int one = 0, two = 0, even = 0, i, df;
	double p, x, term, sum;

	for (i = 1; i < 1000; i++) {
		p = i / 1000.0;
		two += !near(chi_square_quantile(p, 2), -2 * log1p(-p));
		x = i / 20.0;
		one += !near(chi_square_cdf(x, 1), erf(sqrt(x / 2)));
	}
	ok(!one, "one degree: the error function");
	ok(!two, "two degrees: the logarithm");
	for (df = 2; df <= 100; df += 2) {
		for (i = 1; i < 60; i++) {
			x = df * i / 20.0;
			term = exp(-x / 2);
			sum = term;
			for (unsigned int k = 1; k < df / 2; k++) {
				term *= x / 2 / k;
				sum += term;
			}
			/* 1 - sum cancels where it is small. */
			even += fabs(chi_square_cdf(x, df) - (1 - sum)) >
				1 / 1e13;
		}
	}
	ok(!even, "even degrees: the sum of Poisson's terms");
}

/* What is as good as certain, and counts for which a naive product overflows. */
static void test_extremes(void)
{
	static const double dfs[] = { 0.5, 1,	3,   100,    1001,
				      1e4, 1e5, 1e6, 2e9 + 2 };
	static const double ps[] = { 1 / 1e9, 1 / 1e6, 0.005,
				     0.5,     0.995,   0.9999995 };
	unsigned int bad = 0, order = 0;
	double x, last;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(dfs); i++) {
		last = 0;
		for (j = 0; j < ARRAY_SIZE(ps); j++) {
			x = chi_square_quantile(ps[j], dfs[i]);
			/* For many degrees the cancellation is in lgamma(). */
			bad += !(fabs(chi_square_cdf(x, dfs[i]) - ps[j]) <=
				 1 / 1e12 + 1 / 1e14 * dfs[i]);
			order += !(x > last);
			last = x;
		}
	}
	ok(!bad, "a quantile has the probability that was asked for");
	ok(!order, "a larger probability has a larger one");
	ok(chi_square_cdf(0, 4) == 0 && chi_square_cdf(-1, 4) == 0 &&
		   chi_square_cdf(1e6, 4) == 1,
	   "nothing is below 0, and all is below a million");
	/* Wilson and Hilferty's approximation, good to eight digits for so many. */
	ok(fabs(chi_square_quantile(0.975, 1e6) /
			(1e6 *
			 pow(1 - 2 / 9e6 + 1.959963985 * sqrt(2 / 9e6), 3)) -
		1) < 1 / 1e8,
	   "a million degrees, as Wilson and Hilferty have it");
}

int main(void)
{
	test_thompson();
	test_closed_forms();
	test_extremes();
	return tap_done();
}
