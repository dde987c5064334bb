// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcmap_classify: /dev/kcmap_classify and its ioctls.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "attach.h"
#include "flow.h"
#include "user_copy.h"

union classify_arg {
	struct kcmap_classify_attach attach;
	struct kcmap_classify_detach detach;
	struct kcmap_classify_stats stats;
	struct kcmap_classify_set set;
};

static bool classify_verdict_valid(u32 verdict)
{
	return verdict == KCMAP_VERDICT_ACCEPT ||
	       verdict == KCMAP_VERDICT_DROP || verdict == KCMAP_VERDICT_MARK;
}

static int classify_attach(struct net *net, union classify_arg *arg)
{
	if (arg->attach.flags & ~KCMAP_CLASSIFY_LEARN ||
	    !classify_verdict_valid(arg->attach.default_verdict))
		return -EINVAL;
	return kcmap_classify_attach(net, &arg->attach);
}

static int classify_detach(struct net *net, union classify_arg *arg)
{
	if (arg->detach.flags || arg->detach.reserved)
		return -EINVAL;
	return kcmap_classify_detach(net, arg->detach.ifindex);
}

static int classify_stats(struct net *net, union classify_arg *arg)
{
	if (arg->stats.reserved)
		return -EINVAL;
	return kcmap_classify_stats(net, &arg->stats);
}

static int classify_set(struct net *net, union classify_arg *arg)
{
	const struct kcmap_classify_set *set = &arg->set;

	if (set->flags || set->reserved || set->key.reserved ||
	    set->key.flags & ~KCMAP_FLOW_FRAGMENT ||
	    !classify_verdict_valid(set->verdict) ||
	    (set->mark && set->verdict != KCMAP_VERDICT_MARK))
		return -EINVAL;
	return kcmap_classify_set(set);
}

/**
 * struct classify_ioctl - one row of the dispatch table
 * @run: the work, with the argument in the kernel
 * @mode: what the descriptor must be open for
 * @size: bytes of the argument as this module knows it
 * @size_min: bytes of the argument as it was first published
 * @net_admin: whether the caller needs CAP_NET_ADMIN over his network namespace
 * @has_output: whether the argument is copied back
 */
struct classify_ioctl {
	int (*run)(struct net *net, union classify_arg *arg);
	fmode_t mode;
	u32 size;
	u32 size_min;
	bool net_admin;
	bool has_output;
};

static const struct classify_ioctl classify_ioctls[] = {
	[_IOC_NR(KCMAP_CLASSIFY_ATTACH)] = {
		.run = classify_attach,
		.mode = FMODE_WRITE,
		.size = sizeof(struct kcmap_classify_attach),
		.size_min = offsetofend(struct kcmap_classify_attach,
					default_mark),
		.net_admin = true,
	},
	[_IOC_NR(KCMAP_CLASSIFY_DETACH)] = {
		.run = classify_detach,
		.mode = FMODE_WRITE,
		.size = sizeof(struct kcmap_classify_detach),
		.size_min = offsetofend(struct kcmap_classify_detach, reserved),
		.net_admin = true,
	},
	[_IOC_NR(KCMAP_CLASSIFY_STATS)] = {
		.run = classify_stats,
		.mode = FMODE_READ,
		.size = sizeof(struct kcmap_classify_stats),
		.size_min = offsetofend(struct kcmap_classify_stats, marked),
		.net_admin = true,
		.has_output = true,
	},
	[_IOC_NR(KCMAP_CLASSIFY_SET)] = {
		.run = classify_set,
		.mode = FMODE_WRITE,
		.size = sizeof(struct kcmap_classify_set),
		.size_min = offsetofend(struct kcmap_classify_set, key),
	},
};

static long classify_fops_ioctl(struct file *file, unsigned int cmd,
				unsigned long ptr)
{
	struct net *net = current->nsproxy->net_ns;
	void __user *user = (void __user *)ptr;
	const struct classify_ioctl *ioctl;
	unsigned int nr = _IOC_NR(cmd);
	union classify_arg arg;
	u32 size;
	int err;

	if (nr >= ARRAY_SIZE(classify_ioctls) ||
	    cmd != _IO(KCMAP_CLASSIFY_IOC_TYPE, nr))
		return -ENOTTY;
	nr = array_index_nospec(nr, ARRAY_SIZE(classify_ioctls));
	ioctl = &classify_ioctls[nr];
	if (!(file->f_mode & ioctl->mode))
		return -EBADF;

	if (kcmap_get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < ioctl->size_min)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&arg, ioctl->size, user, size);
	if (err)
		return err;
	if (ioctl->net_admin && !ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;

	err = ioctl->run(net, &arg);
	if (err || !ioctl->has_output)
		return err;
	/* size is the caller's, whatever he made of the struct meanwhile. */
	if (copy_to_user(user + sizeof(size), (u8 *)&arg + sizeof(size),
			 min(size, ioctl->size) - sizeof(size)))
		return -EFAULT;
	return 0;
}

static const struct file_operations classify_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = classify_fops_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice classify_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kcmap_classify",
	.fops = &classify_fops,
	.mode = 0600,
};

static int __init classify_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct kcmap_flow_key) != 40);
	BUILD_BUG_ON(sizeof(struct kcmap_flow_value) != 32);

	err = kcmap_attachments_init();
	if (err)
		return err;
	err = misc_register(&classify_device);
	if (err)
		kcmap_attachments_exit();
	return err;
}
module_init(classify_init);

static void __exit classify_exit(void)
{
	misc_deregister(&classify_device);
	kcmap_attachments_exit();
}
module_exit(classify_exit);

MODULE_DESCRIPTION("Classify received packets by a kcmap map");
MODULE_LICENSE("GPL");
