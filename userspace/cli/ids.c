// SPDX-License-Identifier: MIT
/* Users and groups by name where they have one. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "cli.h"

const char *user_name(uint32_t uid, char text[32])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(text, 32, "%s", pw->pw_name);
	else
		snprintf(text, 32, "%u", uid);
	return text;
}

const char *group_name(uint32_t gid, char text[32])
{
	const struct group *gr = getgrgid(gid);

	if (gr)
		snprintf(text, 32, "%s", gr->gr_name);
	else
		snprintf(text, 32, "%u", gid);
	return text;
}
