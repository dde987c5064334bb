/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attachments: an interface, a map, and the hook between them.
 */
#ifndef _KCMAP_CLASSIFY_ATTACH_H
#define _KCMAP_CLASSIFY_ATTACH_H

#include <linux/kcmap_classify.h>

struct net;

int kcmap_classify_attach(struct net *net,
			  const struct kcmap_classify_attach *arg);
int kcmap_classify_detach(struct net *net, int ifindex);
int kcmap_classify_stats(struct net *net, struct kcmap_classify_stats *arg);

int kcmap_attachments_init(void);
void kcmap_attachments_exit(void);

#endif /* _KCMAP_CLASSIFY_ATTACH_H */
