// SPDX-License-Identifier: MIT
#include "internal.h"

const char *kcmap_lib_version(void)
{
	return KCMAP_VERSION;
}
