// SPDX-License-Identifier: GPL-2.0-only
#include <linux/moduleparam.h>

#include "plant.h"

unsigned int kcmap_planted;

module_param_named(plant, kcmap_planted, uint, 0600);
MODULE_PARM_DESC(plant, "Which race is planted (enum kcmap_plant)");
