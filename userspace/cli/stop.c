// SPDX-License-Identifier: MIT
/* SIGINT and SIGTERM for commands that have something to bring in order first. */
#include <signal.h>

#include "snapshots.h"

static int stopped;

static void on_signal(int number)
{
	(void)number;
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
}

/* System calls are not restarted: whoever sleeps wakes up. */
void catch_stop(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool stop_wanted(void)
{
	return __atomic_load_n(&stopped, __ATOMIC_RELAXED);
}
