// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to each packet: find its flow in the map, count it there, apply
 * the verdict.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "hook.h"
#include "parse.h"

/*
 * A flow may come and go between our look-up and our insertion. Whoever makes
 * that happen more often than this has the packet counted as learn_failed.
 */
#define HOOK_LEARN_TRIES 4

/* One packet on its way into the value of its flow, and the verdict back. */
struct hook_account {
	u64 packets;
	u64 bytes;
	u64 now;
	u32 verdict;
	u32 mark;
};

/* kcmap_modify_fn: under the lock of the bucket, so no add is ever lost. */
static void hook_account(void *value, void *ctx)
{
	struct kcmap_flow_value *flow = value;
	struct hook_account *account = ctx;

	flow->packets += account->packets;
	flow->bytes += account->bytes;
	/* Another CPU may have read the clock later and come here earlier. */
	flow->last_seen_ns = max(flow->last_seen_ns, account->now);
	account->verdict = flow->verdict;
	account->mark = flow->mark;
}

static int hook_insert(const struct kcmap_hook *hook,
		       const struct kcmap_flow_key *key,
		       const struct hook_account *account)
{
	struct kcmap_flow_value value = {
		.verdict = hook->default_verdict,
		.mark = hook->default_mark,
		.packets = account->packets,
		.bytes = account->bytes,
		.last_seen_ns = account->now,
	};

	return kcmap_insert(hook->map, key, &value);
}

/*
 * A snapshot has the flow, and there is no memory to copy it, so that the packet
 * cannot be counted: it gets its verdict all the same. The map's STATS count it.
 */
static enum kcmap_hook_counter
hook_only_verdict(const struct kcmap_hook *hook,
		  const struct kcmap_flow_key *key,
		  struct hook_account *account)
{
	struct kcmap_flow_value flow;

	if (kcmap_lookup(hook->map, key, &flow))
		return KCMAP_HOOK_MISSES;
	account->verdict = flow.verdict;
	account->mark = flow.mark;
	return KCMAP_HOOK_HITS;
}

/*
 * Count the packet in its flow; learn the flow where that is asked for. Returns
 * the counter that says what happened; the verdict is in @account.
 */
static enum kcmap_hook_counter hook_classify(const struct kcmap_hook *hook,
					     const struct kcmap_flow_key *key,
					     struct hook_account *account)
{
	int err, tries;

	for (tries = 0; tries < HOOK_LEARN_TRIES; tries++) {
		err = kcmap_modify(hook->map, key, hook_account, account);
		if (!err)
			return KCMAP_HOOK_HITS;
		if (err == -ENOMEM)
			return hook_only_verdict(hook, key, account);
		if (!hook->learn)
			return KCMAP_HOOK_MISSES;
		if (err != -ENOENT)
			break;
		err = hook_insert(hook, key, account);
		if (!err)
			return KCMAP_HOOK_LEARNED;
		if (err == -ENOSPC)
			return KCMAP_HOOK_LEARN_FULL;
		/* Another CPU was first: count in the flow that it inserted. */
		if (err != -EEXIST)
			break;
	}
	return KCMAP_HOOK_LEARN_FAILED;
}

static void hook_count(const struct kcmap_hook *hook,
		       enum kcmap_hook_counter what,
		       enum kcmap_hook_counter verdict)
{
	struct kcmap_hook_stats *stats = this_cpu_ptr(hook->stats);

	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->counter[KCMAP_HOOK_PACKETS]);
	u64_stats_inc(&stats->counter[what]);
	if (what == KCMAP_HOOK_LEARNED || what == KCMAP_HOOK_LEARN_FULL ||
	    what == KCMAP_HOOK_LEARN_FAILED)
		u64_stats_inc(&stats->counter[KCMAP_HOOK_MISSES]);
	u64_stats_inc(&stats->counter[verdict]);
	u64_stats_update_end(&stats->sync);
}

/**
 * kcmap_hook() - nf_hookfn of an attachment
 * @priv: struct kcmap_hook
 * @skb: packet
 * @state: unused
 *
 * Context: the receive path: bottom halves off, under rcu_read_lock().
 * Return: NF_ACCEPT or NF_DROP.
 */
unsigned int kcmap_hook(void *priv, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	const struct kcmap_hook *hook = priv;
	enum kcmap_hook_counter what;
	struct hook_account account;
	struct kcmap_packet packet;
	u32 segments;
	int err;

	err = kcmap_packet_parse(skb, &packet);
	if (err) {
		hook_count(hook,
			   err == -EPROTONOSUPPORT ? KCMAP_HOOK_NOT_IP :
						     KCMAP_HOOK_MALFORMED,
			   KCMAP_HOOK_ACCEPTED);
		return NF_ACCEPT;
	}

	account.verdict = hook->default_verdict;
	account.mark = hook->default_mark;
	account.now = ktime_get_boottime_ns();
	kcmap_packet_measure(skb, &packet, &segments, &account.bytes);
	account.packets = segments;
	what = hook_classify(hook, &packet.key, &account);

	switch (account.verdict) {
	case KCMAP_VERDICT_DROP:
		hook_count(hook, what, KCMAP_HOOK_DROPPED);
		return NF_DROP;
	case KCMAP_VERDICT_MARK:
		skb->mark = account.mark;
		hook_count(hook, what, KCMAP_HOOK_MARKED);
		return NF_ACCEPT;
	default:
		hook_count(hook, what, KCMAP_HOOK_ACCEPTED);
		return NF_ACCEPT;
	}
}

/**
 * kcmap_hook_sum() - sum the counters over the CPUs
 * @hook: hook
 * @sum: out: a sum for each enum kcmap_hook_counter
 *
 * The counters of one CPU are read at one instant, the CPUs one after another.
 *
 * Context: any.
 */
void kcmap_hook_sum(const struct kcmap_hook *hook, u64 sum[KCMAP_HOOK_COUNTERS])
{
	const struct kcmap_hook_stats *stats;
	u64 one[KCMAP_HOOK_COUNTERS];
	unsigned int start, i;
	int cpu;

	memset(sum, 0, sizeof(u64) * KCMAP_HOOK_COUNTERS);
	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(hook->stats, cpu);
		do {
			start = u64_stats_fetch_begin(&stats->sync);
			for (i = 0; i < KCMAP_HOOK_COUNTERS; i++)
				one[i] = u64_stats_read(&stats->counter[i]);
		} while (u64_stats_fetch_retry(&stats->sync, start));
		for (i = 0; i < KCMAP_HOOK_COUNTERS; i++)
			sum[i] += one[i];
	}
}
