// SPDX-License-Identifier: GPL-2.0-only
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/moduleparam.h>

#include "busted.h"

unsigned int kcmap_busted_variant;

module_param_named(busted, kcmap_busted_variant, uint, 0600);
MODULE_PARM_DESC(busted, "Which check to leave out (enum kcmap_busted)");

static LLIST_HEAD(waiting);

static void call_waiting(struct irq_work *work)
{
	struct llist_node *node, *next;
	struct rcu_head *head;

	llist_for_each_safe(node, next, llist_del_all(&waiting)) {
		head = (struct rcu_head *)node;
		head->func(head);
	}
}

static struct irq_work call_work = IRQ_WORK_INIT_HARD(call_waiting);

/**
 * kcmap_busted_call_rcu - call_rcu() without a grace period
 * @head: as for call_rcu()
 * @fn: called as soon as the caller, who may hold locks, has interrupts on again
 *
 * Context: any but NMI.
 */
void kcmap_busted_call_rcu(struct rcu_head *head, rcu_callback_t fn)
{
	BUILD_BUG_ON(offsetof(struct rcu_head, next));
	head->func = fn;
	llist_add((struct llist_node *)head, &waiting);
	irq_work_queue(&call_work);
}
