/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz_sequence: agents, the processes that make the calls. The driver says which, one
 * at a time; arguments and results are in memory that all of them share, at one address.
 */
#ifndef FUZZ_AGENT_H
#define FUZZ_AGENT_H

#include "world.h"

/* Where descriptors that are chosen from are, and those that all have. */
#define FD_BASE 100
#define FD_SEND 90
#define FD_RECEIVE 91
#define FD_PIPE_READ 92
#define FD_PIPE_WRITE 93

#define CONTROL_NODE "/dev/kcmap/control"
#define NAME_FORMAT "t.seq%u"

struct args {
	long at[6];
};

typedef long (*agent_fn)(void *arg);

void agents_init(void);
void agents_start(struct world *w);
void agents_stop(struct world *w);

void room_reset(void);
void *room(size_t size);
void *room_at_edge(size_t size);
long agent_syscall(struct world *w, unsigned int agent, long nr,
		   struct args args);
long agent_run(struct world *w, unsigned int agent, agent_fn fn, void *arg);
bool agent_spawn(struct world *w);
bool agent_fork(struct world *w, unsigned int from);
void agent_kill(struct world *w, unsigned int agent);

/* A system call of an agent's, with up to six arguments. */
#define DO(w, agent, nr, ...) \
	agent_syscall(w, agent, nr, (struct args){ { __VA_ARGS__ } })

#endif /* FUZZ_AGENT_H */
