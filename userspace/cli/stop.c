// SPDX-License-Identifier: MIT
/* SIGINT and SIGTERM for commands that have something to bring in order first. */
#include <signal.h>

#include "snapshots.h"

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
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
	return stopped;
}
