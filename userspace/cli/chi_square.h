/* SPDX-License-Identifier: MIT */
#ifndef KCMAP_CLI_CHI_SQUARE_H
#define KCMAP_CLI_CHI_SQUARE_H

double chi_square_cdf(double x, double df);
double chi_square_quantile(double p, double df);

#endif /* KCMAP_CLI_CHI_SQUARE_H */
