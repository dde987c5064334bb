// SPDX-License-Identifier: MIT
/* Names of maps. */
#include "internal.h"

/* Not isalnum(): the rule does not depend on the locale. */
static int name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

/* The rule of struct kcmap_create: what passes is also safe as a file name. */
int kcmap_name_valid(const char *name)
{
	size_t n;

	for (n = 0; name[n]; n++)
		if (n == KCMAP_NAME_SIZE - 1 || !name_char(name[n]))
			return 0;
	return n > 0 && strcmp(name, ".") && strcmp(name, "..") &&
	       strcmp(name, "control");
}
