// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: the processes that make the calls. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define ROOM (8U << 20)
#define EDGE (1U << 20)
/* More than any array of a step's, so that nothing is behind it, however far. */
#define BEHIND (1U << 20)
/* A call that takes longer hangs. */
#define PATIENCE 60

enum { IDLE, ASKED, DONE };

struct desk {
	uint32_t state;
	agent_fn fn;
	long nr;
	/* Of the system call; the first is what fn gets. */
	struct args args;
	long result;
};

/* Shared by the driver and all agents. */
static struct desk *desks;
static uint8_t *memory, *edge;
static size_t taken;

static void *shared_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return at;
}

/* Before anything else, once: whoever is forked afterwards has it. */
void agents_init(void)
{
	desks = shared_memory(sizeof(*desks) * AGENTS);
	memory = shared_memory(ROOM);
	edge = shared_memory(EDGE + BEHIND);
	mprotect(edge + EDGE, BEHIND, PROT_NONE);
}

/* What was given to the last step is free again. */
void room_reset(void)
{
	taken = 0;
}

/* Zeroed memory for the arguments of a step's calls. */
void *room(size_t size)
{
	void *at = memory + taken;

	size = (size + 15) / 16 * 16;
	if (taken + size > ROOM)
		abort();
	taken += size;
	return memset(at, 0, size);
}

/* Likewise, and behind it there is nothing. */
void *room_at_edge(size_t size)
{
	if (size > EDGE)
		abort();
	return memset(edge + EDGE - size, 0, size);
}

/* --- In the agent --- */

static void futex(uint32_t *word, int what, uint32_t value, time_t seconds)
{
	struct timespec timeout = { .tv_sec = seconds };

	syscall(SYS_futex, word, what, value, seconds ? &timeout : NULL, NULL,
		0);
}

static void answer(struct desk *desk)
{
	__atomic_store_n(&desk->state, DONE, __ATOMIC_RELEASE);
	futex(&desk->state, FUTEX_WAKE, 1, 0);
}

static void wait_for_work(struct desk *desk)
{
	uint32_t state;

	for (;;) {
		state = __atomic_load_n(&desk->state, __ATOMIC_ACQUIRE);
		if (state == ASKED)
			break;
		futex(&desk->state, FUTEX_WAIT, state, 0);
	}
}

static void __attribute__((noreturn)) agent_main(unsigned int me)
{
	for (;;) {
		struct desk *desk = &desks[me];
		struct desk todo;
		long result;

		wait_for_work(desk);
		/* A child must not look at what its parent may get to do next. */
		todo = *desk;
		if (todo.fn) {
			result = todo.fn((void *)todo.args.at[0]);
		} else {
			result = syscall(todo.nr, todo.args.at[0],
					 todo.args.at[1], todo.args.at[2],
					 todo.args.at[3], todo.args.at[4],
					 todo.args.at[5]);
			if (result == -1)
				result = -errno;
		}
		/* A new one: it has its parent's stack, and another desk. */
		if (!todo.fn && todo.nr == SYS_clone && !result) {
			me = todo.args.at[5];
			continue;
		}
		desk->result = result;
		answer(desk);
	}
}

/* --- In the driver --- */

static bool is_dead(struct world *w, unsigned int agent)
{
	int status;

	if (waitpid(w->agents[agent].pid, &status, WNOHANG) <= 0)
		return false;
	if (WIFSIGNALED(status))
		complain(w, "process %u was killed by signal %d", agent,
			 WTERMSIG(status));
	else
		complain(w, "process %u ended", agent);
	w->agents[agent].pid = 0;
	return true;
}

static long ask(struct world *w, unsigned int agent)
{
	struct desk *desk = &desks[agent];
	unsigned int waited;

	if (w->failed && !w->agents[agent].pid)
		return -ESRCH;
	__atomic_store_n(&desk->state, ASKED, __ATOMIC_RELEASE);
	futex(&desk->state, FUTEX_WAKE, 1, 0);
	for (waited = 0; waited < PATIENCE; waited++) {
		futex(&desk->state, FUTEX_WAIT, ASKED, 1);
		if (__atomic_load_n(&desk->state, __ATOMIC_ACQUIRE) == DONE)
			return desk->result;
		if (is_dead(w, agent))
			return -ESRCH;
	}
	complain(w, "process %u hangs", agent);
	return -ETIMEDOUT;
}

/* Return: what the call returns, or a negative errno. */
long agent_syscall(struct world *w, unsigned int agent, long nr,
		   struct args args)
{
	struct desk *desk = &desks[agent];

	desk->args = args;
	desk->fn = NULL;
	desk->nr = nr;
	return ask(w, agent);
}

long agent_run(struct world *w, unsigned int agent, agent_fn fn, void *arg)
{
	struct desk *desk = &desks[agent];

	desk->fn = fn;
	desk->args.at[0] = (long)arg;
	return ask(w, agent);
}

/* AGENTS: all are taken. */
static unsigned int free_place(const struct world *w)
{
	unsigned int place = 0;

	while (place < AGENTS && w->agents[place].pid)
		place++;
	if (place < AGENTS)
		desks[place].state = IDLE;
	return place;
}

/* An agent that has nothing open, and may do all. Return: there was room. */
bool agent_spawn(struct world *w)
{
	unsigned int place = free_place(w);
	pid_t pid;

	if (place == AGENTS)
		return false;
	fflush(stdout);
	pid = fork();
	if (!pid)
		agent_main(place);
	w->agents[place].pid = pid;
	return true;
}

/*
 * An agent forks; the driver is the new one's parent, to see it die. Return: there was
 * room for it.
 */
bool agent_fork(struct world *w, unsigned int from)
{
	unsigned int place = free_place(w);
	long pid;

	if (place == AGENTS)
		return false;
	pid = DO(w, from, SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0, place);
	if (!expect_error(w, 0, pid))
		return false;
	w->agents[place].pid = pid;
	agent_copied(w, from, place);
	return true;
}

/* When this returns, all that it had open is closed. */
void agent_kill(struct world *w, unsigned int agent)
{
	kill(w->agents[agent].pid, SIGKILL);
	waitpid(w->agents[agent].pid, NULL, 0);
	agent_gone(w, agent);
}

static void channels(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair))
		abort();
	dup2(pair[0], FD_SEND);
	dup2(pair[1], FD_RECEIVE);
	close(pair[0]);
	close(pair[1]);
	if (pipe2(pair, O_NONBLOCK))
		abort();
	dup2(pair[0], FD_PIPE_READ);
	dup2(pair[1], FD_PIPE_WRITE);
	close(pair[0]);
	close(pair[1]);
}

void agents_start(struct world *w)
{
	channels();
	agent_spawn(w);
}

void agents_stop(struct world *w)
{
	unsigned int i;

	for (i = 0; i < AGENTS; i++) {
		if (w->agents[i].pid)
			agent_kill(w, i);
	}
	for (i = FD_SEND; i <= FD_PIPE_WRITE; i++)
		close(i);
}
