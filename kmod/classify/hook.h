/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens to each packet.
 */
#ifndef _KCMAP_CLASSIFY_HOOK_H
#define _KCMAP_CLASSIFY_HOOK_H

#include <linux/netfilter.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include <kcmap.h>

enum kcmap_hook_counter {
	KCMAP_HOOK_PACKETS,
	KCMAP_HOOK_HITS,
	KCMAP_HOOK_MISSES,
	KCMAP_HOOK_LEARNED,
	KCMAP_HOOK_LEARN_FULL,
	KCMAP_HOOK_LEARN_FAILED,
	KCMAP_HOOK_NOT_IP,
	KCMAP_HOOK_MALFORMED,
	KCMAP_HOOK_ACCEPTED,
	KCMAP_HOOK_DROPPED,
	KCMAP_HOOK_MARKED,
	KCMAP_HOOK_COUNTERS,
};

/* Written on its own CPU only, with bottom halves off. */
struct kcmap_hook_stats {
	u64_stats_t counter[KCMAP_HOOK_COUNTERS];
	struct u64_stats_sync sync;
};

/**
 * struct kcmap_hook - what a hook works with; does not change while it is
 *	registered
 * @map: map of struct kcmap_flow_key and struct kcmap_flow_value
 * @stats: counters per CPU
 * @learn: whether to insert flows that the map does not have
 * @default_verdict: enum kcmap_verdict for those
 * @default_mark: its mark
 */
struct kcmap_hook {
	struct kcmap *map;
	struct kcmap_hook_stats __percpu *stats;
	bool learn;
	u32 default_verdict;
	u32 default_mark;
};

unsigned int kcmap_hook(void *priv, struct sk_buff *skb,
			const struct nf_hook_state *state);
void kcmap_hook_sum(const struct kcmap_hook *hook,
		    u64 sum[KCMAP_HOOK_COUNTERS]);

#endif /* _KCMAP_CLASSIFY_HOOK_H */
