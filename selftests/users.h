/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests that are other users for a while. */
#ifndef USERS_H
#define USERS_H

#include "uapi.h"

#include <grp.h>

#define NOBODY 65534
#define ALICE 1001
#define BOB 1002
#define GROUP 2001

static inline void become(uid_t uid, gid_t gid)
{
	REQUIRE(!setgroups(0, NULL));
	REQUIRE(!setresgid(gid, gid, gid));
	REQUIRE(!setresuid(uid, uid, uid));
}

/* In a child that is another user, and must exit: true. In the parent: false. */
static inline bool as(uid_t uid, gid_t gid)
{
	pid_t pid = tap_fork();

	if (!pid) {
		become(uid, gid);
		return true;
	}
	tap_join(pid);
	return false;
}

#endif /* USERS_H */
