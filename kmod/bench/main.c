// SPDX-License-Identifier: GPL-2.0-only
/* kcmap_bench: /dev/kcmap_bench, on which kcmap and its peers are measured. */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bench.h"

static const struct bench_engine *const bench_engines[][BENCH_ENGINES] = {
	{
		[BENCH_KCMAP] = &bench_kcmap,
		[BENCH_PRIVATE] = &bench_kcmap,
		[BENCH_RHASHTABLE] = &bench_rhashtable,
#ifdef KCMAP_BENCH_BPF
		/* Two kinds of map, the same operations. */
		[BENCH_BPF_HASH] = &bench_bpf_hash,
		[BENCH_BPF_RHASH] = &bench_bpf_hash,
#endif
		[BENCH_FLAT] = &bench_flat,
	},
	{
		[BENCH_KCMAP] = &bench_kcmap_wide,
		[BENCH_PRIVATE] = &bench_kcmap_wide,
		[BENCH_RHASHTABLE] = &bench_rhashtable_wide,
#ifdef KCMAP_BENCH_BPF
		[BENCH_BPF_HASH] = &bench_bpf_hash_wide,
		[BENCH_BPF_RHASH] = &bench_bpf_hash_wide,
#endif
	},
};

static long bench_setup(struct bench_session *session, void __user *arg)
{
	const struct bench_engine *engine;
	struct kcmap_bench_setup setup;
	s32 fds[BENCH_THREADS_MAX];
	bool wide;

	if (copy_from_user(&setup, arg, sizeof(setup)))
		return -EFAULT;
	if (setup.engine >= BENCH_ENGINES || setup.reserved ||
	    setup.entries < BENCH_ENTRIES_MIN ||
	    setup.entries > BENCH_ENTRIES_MAX || !setup.tables ||
	    setup.tables > BENCH_THREADS_MAX ||
	    (setup.tables > 1 && setup.engine != BENCH_PRIVATE))
		return -EINVAL;
	wide = setup.key_size == 40 && setup.value_size == 32;
	if (!wide && (setup.key_size != 8 || setup.value_size != 8))
		return -EINVAL;
	if (session->engine)
		return -EBUSY;
	engine = bench_engines[wide]
			      [array_index_nospec(setup.engine, BENCH_ENGINES)];
	if (!engine)
		return -EOPNOTSUPP;
	if (copy_from_user(fds, u64_to_user_ptr(setup.fds),
			   setup.tables * sizeof(*fds)))
		return -EFAULT;
	session->empty = wide ? &bench_empty_wide : &bench_empty;
	return bench_session_fill(session, engine, setup.entries, fds,
				  setup.tables);
}

/* What measuring with and without a timer have in common. */
static bool bench_valid(const struct bench_session *session, u32 bench,
			u32 threads, u32 ms, u32 read_pct, u32 dist)
{
	if (!session->engine || bench >= BENCHES || !threads ||
	    threads > BENCH_THREADS_MAX || !ms || ms > BENCH_MS_MAX)
		return false;
	if (bench == BENCH_MIX ? read_pct > 100 || dist >= BENCH_DISTS :
				 read_pct || dist)
		return false;
	return session->tables == 1 || threads <= session->tables;
}

static long bench_run(struct bench_session *session, void __user *arg)
{
	size_t in = offsetof(struct kcmap_bench_run, done);
	struct kcmap_bench_run run;
	long rc;

	if (copy_from_user(&run, arg, sizeof(run)))
		return -EFAULT;
	if (!bench_valid(session, run.bench, run.threads, run.ms, run.read_pct,
			 run.dist) ||
	    run.reserved)
		return -EINVAL;
	/* Threads would insert the same keys. */
	if (run.threads > 1 &&
	    (run.bench == BENCH_INSERT || run.bench == BENCH_DELETE))
		return -EINVAL;
	if (!(session->engine->benches & BIT(run.bench)))
		return -EOPNOTSUPP;
	memset((void *)&run + in, 0, sizeof(run) - in);
	rc = bench_measure(session, &run);
	if (!rc && copy_to_user(arg, &run, sizeof(run)))
		rc = -EFAULT;
	return rc;
}

static long bench_timed_ioctl(struct bench_session *session, void __user *arg)
{
	struct kcmap_bench_timed timed;
	long rc;

	if (copy_from_user(&timed, arg, sizeof(timed)))
		return -EFAULT;
	if (!bench_valid(session, timed.bench, timed.threads, timed.ms,
			 timed.read_pct, timed.dist) ||
	    timed.reserved)
		return -EINVAL;
	/* Growth is where inserts are timed. */
	if (timed.bench == BENCH_LOOKUP_BULK32 || timed.bench == BENCH_INSERT ||
	    timed.bench == BENCH_DELETE)
		return -EINVAL;
	if (!(session->engine->benches & BIT(timed.bench)))
		return -EOPNOTSUPP;
	timed.errors = 0;
	rc = bench_time(session, &timed);
	if (!rc && copy_to_user(arg, &timed, sizeof(timed)))
		rc = -EFAULT;
	return rc;
}

static bool bench_can_resize(const struct bench_session *session, u32 entries)
{
	return session->engine && session->tables == 1 &&
	       entries >= BENCH_ENTRIES_MIN && entries <= BENCH_ENTRIES_MAX;
}

static long bench_grow_ioctl(struct bench_session *session, void __user *arg)
{
	struct kcmap_bench_grow grow;
	long rc;

	if (copy_from_user(&grow, arg, sizeof(grow)))
		return -EFAULT;
	if (!bench_can_resize(session, grow.entries) ||
	    grow.entries <= session->entries || grow.readers > 1)
		return -EINVAL;
	if (!(session->engine->benches & BIT(BENCH_INSERT)))
		return -EOPNOTSUPP;
	rc = bench_grow(session, &grow);
	if (!rc && copy_to_user(arg, &grow, sizeof(grow)))
		rc = -EFAULT;
	return rc;
}

static long bench_resize_ioctl(struct bench_session *session, void __user *arg)
{
	struct kcmap_bench_resize resize;

	if (copy_from_user(&resize, arg, sizeof(resize)))
		return -EFAULT;
	if (!bench_can_resize(session, resize.entries) || resize.reserved)
		return -EINVAL;
	if (!(session->engine->benches & BIT(BENCH_DELETE)))
		return -EOPNOTSUPP;
	return bench_session_resize(session, resize.entries);
}

static long bench_jitter_ioctl(struct bench_session *session, void __user *arg)
{
	struct kcmap_bench_jitter jitter;
	long rc;

	if (copy_from_user(&jitter, arg, sizeof(jitter)))
		return -EFAULT;
	if (!jitter.ms || jitter.ms > BENCH_MS_MAX || jitter.reserved)
		return -EINVAL;
	rc = bench_jitter(&jitter);
	if (!rc && copy_to_user(arg, &jitter, sizeof(jitter)))
		rc = -EFAULT;
	return rc;
}

static long bench_gate_ioctl(struct bench_session *session, void __user *arg)
{
	struct kcmap_bench_gate gate;
	long rc;

	if (copy_from_user(&gate, arg, sizeof(gate)))
		return -EFAULT;
	if (!gate.ms || gate.ms > BENCH_MS_MAX ||
	    gate.writers >= BENCH_THREADS_MAX)
		return -EINVAL;
	rc = bench_gate(&gate);
	if (!rc && copy_to_user(arg, &gate, sizeof(gate)))
		rc = -EFAULT;
	return rc;
}

static int bench_open(struct inode *inode, struct file *file)
{
	struct bench_session *session;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct bench_session *session = file->private_data;

	bench_session_drop(session);
	kfree(session);
	return 0;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bench_session *session = file->private_data;
	void __user *uarg = (void __user *)arg;
	long rc = -ENOTTY;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	switch (cmd) {
	case KCMAP_BENCH_SETUP:
		rc = bench_setup(session, uarg);
		break;
	case KCMAP_BENCH_RUN:
		rc = bench_run(session, uarg);
		break;
	case KCMAP_BENCH_TIMED:
		rc = bench_timed_ioctl(session, uarg);
		break;
	case KCMAP_BENCH_GROW:
		rc = bench_grow_ioctl(session, uarg);
		break;
	case KCMAP_BENCH_RESIZE:
		rc = bench_resize_ioctl(session, uarg);
		break;
	case KCMAP_BENCH_JITTER:
		rc = bench_jitter_ioctl(session, uarg);
		break;
	case KCMAP_BENCH_GATE:
		rc = bench_gate_ioctl(session, uarg);
		break;
	}
	mutex_unlock(&session->lock);
	return rc;
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = bench_open,
	.release = bench_release,
	.unlocked_ioctl = bench_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice bench_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kcmap_bench",
	.fops = &bench_fops,
	.mode = 0600,
};

static int __init bench_init(void)
{
	return misc_register(&bench_device);
}

static void __exit bench_exit(void)
{
	misc_deregister(&bench_device);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Measures kcmap beside the kernel's other hash tables");
MODULE_LICENSE("GPL");
