/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of flows, from the side of who makes the rules.
 */
#ifndef _KCMAP_CLASSIFY_FLOW_H
#define _KCMAP_CLASSIFY_FLOW_H

#include <linux/kcmap_classify.h>

struct kcmap;

struct kcmap *kcmap_flow_map_get(int fd);
int kcmap_classify_set(const struct kcmap_classify_set *arg);

#endif /* _KCMAP_CLASSIFY_FLOW_H */
