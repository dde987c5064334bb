// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a kernel complain, for the self-test of the VM runner: loading this with
 * kind=warn, panic, oops or taint does that. Nothing else uses it.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/panic.h>
#include <linux/string.h>

static char *kind = "none";
module_param(kind, charp, 0400);
MODULE_PARM_DESC(kind, "what to do: warn, panic, oops, taint or none");

static int __init splat_init(void)
{
	if (!strcmp(kind, "warn"))
		WARN(1, "splat: as asked\n");
	else if (!strcmp(kind, "panic"))
		panic("splat: as asked");
	else if (!strcmp(kind, "oops"))
		WRITE_ONCE(*(int *)8, 1);
	else if (!strcmp(kind, "taint"))
		add_taint(TAINT_WARN, LOCKDEP_STILL_OK);
	else if (strcmp(kind, "none"))
		return -EINVAL;
	return 0;
}
module_init(splat_init);

static void __exit splat_exit(void)
{
}
module_exit(splat_exit);

MODULE_DESCRIPTION("Makes the kernel complain, to test the runner of tests");
MODULE_LICENSE("GPL");
