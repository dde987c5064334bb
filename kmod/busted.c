// SPDX-License-Identifier: GPL-2.0-only
#include <linux/moduleparam.h>

#include "busted.h"

unsigned int kcmap_busted_variant;

module_param_named(busted, kcmap_busted_variant, uint, 0600);
MODULE_PARM_DESC(busted, "Which check to leave out (enum kcmap_busted)");
