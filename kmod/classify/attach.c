// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: an interface, a map, and the hook between them.
 *
 * Life of an attachment: kcmap_classify_attach() makes it and puts it on the
 * list; whoever takes it off the list unregisters its hook, and frees it after a
 * grace period, since a packet may still be in the hook. That is
 * kcmap_classify_detach(), which waits for the grace period, or the notifier,
 * which runs inside the removal of an interface and must not: it leaves the rest
 * to the work queue. An interface that is removed, moved to another namespace,
 * or in a namespace that ends, or that is there when the module goes, comes by
 * the notifier as NETDEV_UNREGISTER; so no attachment outlives its interface,
 * and holds neither it nor the namespace.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "flow.h"
#include "hook.h"

/*
 * Before the chains of nftables at priority "filter" (0), so that these see the
 * mark and not what was dropped; after those of -500, say, that count everything.
 */
#define ATTACH_PRIORITY (-300)

/**
 * struct attachment - one interface
 * @node: in attachments; under RTNL
 * @dev: interface
 * @ops: hook as registered
 * @hook: what it works with
 * @release_work: frees the attachment a grace period after the hook is gone
 */
struct attachment {
	struct list_head node;
	struct net_device *dev;
	struct nf_hook_ops ops;
	struct kcmap_hook hook;
	struct rcu_work release_work;
};

/* Under RTNL, as are the interfaces: no lock of our own to order against it. */
static LIST_HEAD(attachments);

/* Our own, so that the module can wait for all that is on it, and only that. */
static struct workqueue_struct *attachments_wq;

static struct attachment *attachment_find(const struct net_device *dev)
{
	struct attachment *attachment;

	ASSERT_RTNL();
	list_for_each_entry(attachment, &attachments, node) {
		if (attachment->dev == dev)
			return attachment;
	}
	return NULL;
}

static struct attachment *attachment_find_ifindex(struct net *net, int ifindex)
{
	struct net_device *dev = __dev_get_by_index(net, ifindex);

	return dev ? attachment_find(dev) : NULL;
}

static void attachment_free(struct attachment *attachment)
{
	kcmap_put(attachment->hook.map);
	free_percpu(attachment->hook.stats);
	kfree(attachment);
}

static void attachment_release(struct work_struct *work)
{
	attachment_free(container_of(to_rcu_work(work), struct attachment,
				     release_work));
}

static struct attachment *
attachment_alloc(const struct kcmap_classify_attach *arg)
{
	struct attachment *attachment;
	int cpu;

	attachment = kzalloc(sizeof(*attachment), GFP_KERNEL_ACCOUNT);
	if (!attachment)
		return NULL;
	attachment->hook.stats =
		alloc_percpu_gfp(struct kcmap_hook_stats, GFP_KERNEL_ACCOUNT);
	if (!attachment->hook.stats) {
		kfree(attachment);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(attachment->hook.stats, cpu)->sync);

	INIT_RCU_WORK(&attachment->release_work, attachment_release);
	attachment->hook.learn = arg->flags & KCMAP_CLASSIFY_LEARN;
	attachment->hook.default_verdict = arg->default_verdict;
	attachment->hook.default_mark = arg->default_mark;
	attachment->ops.hook = kcmap_hook;
	attachment->ops.priv = &attachment->hook;
	attachment->ops.pf = NFPROTO_NETDEV;
	attachment->ops.hooknum = NF_NETDEV_INGRESS;
	attachment->ops.priority = ATTACH_PRIORITY;
	return attachment;
}

/* The hook is gone for packets to come; those on their way are still in it. */
static void attachment_unregister(struct attachment *attachment)
{
	ASSERT_RTNL();
	list_del(&attachment->node);
	nf_unregister_net_hook(dev_net(attachment->dev), &attachment->ops);
}

static int attachment_register(struct net *net, int ifindex,
			       struct attachment *attachment)
{
	struct net_device *dev;
	int err;

	ASSERT_RTNL();
	dev = __dev_get_by_index(net, ifindex);
	if (!dev)
		return -ENODEV;
	if (attachment_find(dev))
		return -EEXIST;

	attachment->dev = dev;
	attachment->ops.dev = dev;
	err = nf_register_net_hook(net, &attachment->ops);
	if (err)
		return err;
	list_add(&attachment->node, &attachments);
	return 0;
}

/**
 * kcmap_classify_attach() - classify the packets that an interface receives
 * @net: network namespace
 * @arg: what was asked for; flags and verdict are known to be valid
 *
 * Context: process context, may sleep; takes RTNL.
 * Return: 0, or as struct kcmap_classify_attach says.
 */
int kcmap_classify_attach(struct net *net,
			  const struct kcmap_classify_attach *arg)
{
	struct attachment *attachment;
	struct kcmap *map;
	int err;

	map = kcmap_flow_map_get(arg->map_fd);
	if (IS_ERR(map))
		return PTR_ERR(map);
	attachment = attachment_alloc(arg);
	if (!attachment) {
		kcmap_put(map);
		return -ENOMEM;
	}
	attachment->hook.map = map;

	rtnl_lock();
	err = attachment_register(net, arg->ifindex, attachment);
	rtnl_unlock();
	if (err)
		attachment_free(attachment);
	return err;
}

/**
 * kcmap_classify_detach() - end an attachment
 * @net: network namespace
 * @ifindex: interface
 *
 * When it returns, the attachment no longer holds the map.
 *
 * Context: process context, may sleep; takes RTNL, waits for a grace period.
 * Return: 0; -ENOENT: not attached.
 */
int kcmap_classify_detach(struct net *net, int ifindex)
{
	struct attachment *attachment;

	rtnl_lock();
	attachment = attachment_find_ifindex(net, ifindex);
	if (attachment)
		attachment_unregister(attachment);
	rtnl_unlock();
	if (!attachment)
		return -ENOENT;

	synchronize_net();
	attachment_free(attachment);
	return 0;
}

/**
 * kcmap_classify_stats() - say what an attachment is and has seen
 * @net: network namespace
 * @arg: in: ifindex; out: the rest
 *
 * Context: process context, may sleep; takes RTNL.
 * Return: 0; -ENOENT: not attached.
 */
int kcmap_classify_stats(struct net *net, struct kcmap_classify_stats *arg)
{
	const struct attachment *attachment;
	u64 sum[KCMAP_HOOK_COUNTERS];
	const struct kcmap_hook *hook;

	rtnl_lock();
	attachment = attachment_find_ifindex(net, arg->ifindex);
	if (!attachment) {
		rtnl_unlock();
		return -ENOENT;
	}
	hook = &attachment->hook;
	arg->flags = hook->learn ? KCMAP_CLASSIFY_LEARN : 0;
	arg->default_verdict = hook->default_verdict;
	arg->default_mark = hook->default_mark;
	arg->map_id = kcmap_id(hook->map);
	kcmap_hook_sum(hook, sum);
	rtnl_unlock();

	arg->packets = sum[KCMAP_HOOK_PACKETS];
	arg->hits = sum[KCMAP_HOOK_HITS];
	arg->misses = sum[KCMAP_HOOK_MISSES];
	arg->learned = sum[KCMAP_HOOK_LEARNED];
	arg->learn_full = sum[KCMAP_HOOK_LEARN_FULL];
	arg->learn_failed = sum[KCMAP_HOOK_LEARN_FAILED];
	arg->not_ip = sum[KCMAP_HOOK_NOT_IP];
	arg->malformed = sum[KCMAP_HOOK_MALFORMED];
	arg->accepted = sum[KCMAP_HOOK_ACCEPTED];
	arg->dropped = sum[KCMAP_HOOK_DROPPED];
	arg->marked = sum[KCMAP_HOOK_MARKED];
	return 0;
}

static int attachments_event(struct notifier_block *nb, unsigned long event,
			     void *data)
{
	struct attachment *attachment;

	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	attachment = attachment_find(netdev_notifier_info_to_dev(data));
	if (attachment) {
		attachment_unregister(attachment);
		queue_rcu_work(attachments_wq, &attachment->release_work);
	}
	return NOTIFY_DONE;
}

static struct notifier_block attachments_notifier = {
	.notifier_call = attachments_event,
};

/**
 * kcmap_attachments_init() - get ready for attachments
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int kcmap_attachments_init(void)
{
	int err;

	attachments_wq = alloc_workqueue("kcmap_classify", WQ_UNBOUND, 0);
	if (!attachments_wq)
		return -ENOMEM;
	err = register_netdevice_notifier(&attachments_notifier);
	if (err)
		destroy_workqueue(attachments_wq);
	return err;
}

/**
 * kcmap_attachments_exit() - end all attachments
 *
 * Nobody may attach any more. When it returns, no hook of ours runs.
 *
 * Context: process context, may sleep.
 */
void kcmap_attachments_exit(void)
{
	/* Has the notifier called with NETDEV_UNREGISTER for each interface. */
	unregister_netdevice_notifier(&attachments_notifier);
	/* What queue_rcu_work() handed to RCU reaches the work queue first. */
	rcu_barrier();
	destroy_workqueue(attachments_wq);
}
