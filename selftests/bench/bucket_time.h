/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of look-up times. */
#ifndef BUCKET_TIME_H
#define BUCKET_TIME_H

#include <linux/types.h>

void report_time(__u32 entries, double fill, unsigned int age,
		 unsigned int repeats);

#endif
