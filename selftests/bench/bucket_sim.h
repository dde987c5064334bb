/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of the simulation. */
#ifndef BUCKET_SIM_H
#define BUCKET_SIM_H

#include "bucket_schemes.h"

void report_fill(const struct geometry *g, unsigned int runs);
void report_geometries(unsigned int runs);
void report_growth(const struct geometry *g, unsigned int runs);
void report_sized(const struct geometry *g, unsigned int nr);
void report_churn(const struct geometry *g, unsigned int runs);

#endif
