/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz_sequence: operations, and the table of them. */
#ifndef FUZZ_OPS_H
#define FUZZ_OPS_H

#include "agent.h"

/**
 * struct call - an ioctl that was made
 * @agent: by whom
 * @file: on what; NULL: a descriptor that is closed
 * @in: its struct as it was before, zero beyond the caller's size
 * @out: its struct as it is now
 * @got: 0 or a negative errno
 */
struct call {
	unsigned int agent;
	struct file *file;
	const void *in;
	void *out;
	long got;
};

/**
 * struct op - an operation: a line of the table
 * @name: name
 * @weight: how often, beside the others
 * @run: choose arguments, do it, and compare with what the model says
 * @cmd: of an ioctl, as all that follows: its number
 * @kind: files that know it
 * @reads: the descriptor must be open for reading
 * @writes: for writing
 * @first: size of the struct as it was first published
 * @size: its size
 * @flags: unknown flags are refused
 * @fill: choose arguments, for the file, which may be of another kind
 * @model: what the call must have returned, given that struct and descriptor are
 *	good; brings the model up to date and compares what came out
 */
struct op {
	const char *name;
	unsigned int weight;
	void (*run)(struct world *w, const struct op *op);
	unsigned int cmd;
	enum kind kind;
	bool reads, writes;
	uint32_t first, size;
	bool flags;
	void (*fill)(struct world *w, unsigned int agent,
		     const struct file *file, void *arg);
	void (*model)(struct world *w, const struct call *call);
};

extern const struct op ops[];
extern const unsigned int nr_ops;

/* ioctl.c */
void run_ioctl(struct world *w, const struct op *op);

/* control.c */
void fill_info(struct world *w, unsigned int agent, const struct file *file,
	       void *arg);
void model_ctl_info(struct world *w, const struct call *call);
void fill_create(struct world *w, unsigned int agent, const struct file *file,
		 void *arg);
void model_create(struct world *w, const struct call *call);
void fill_destroy(struct world *w, unsigned int agent, const struct file *file,
		  void *arg);
void model_destroy(struct world *w, const struct call *call);
void fill_list(struct world *w, unsigned int agent, const struct file *file,
	       void *arg);
void model_list(struct world *w, const struct call *call);

/* read.c */
void model_map_info(struct world *w, const struct call *call);
void model_stats(struct world *w, const struct call *call);
void fill_scan(struct world *w, unsigned int agent, const struct file *file,
	       void *arg);
void model_scan(struct world *w, const struct call *call);
void model_clear(struct world *w, const struct call *call);
int snapshot_error(const struct map *map);
void model_snapshot(struct world *w, const struct call *call);
void model_refresh(struct world *w, const struct call *call);

/* submit.c */
uint64_t opcodes_known(void);
void fill_mixed(struct world *w, unsigned int agent, const struct file *file,
		void *arg);
void model_mixed(struct world *w, const struct call *call);
void fill_strided(struct world *w, unsigned int agent, const struct file *file,
		  void *arg);
void model_strided(struct world *w, const struct call *call);
bool stranger(struct world *w);

/* process.c */
void run_open(struct world *w, const struct op *op);
void run_close(struct world *w, const struct op *op);
void run_dup(struct world *w, const struct op *op);
void run_send(struct world *w, const struct op *op);
void run_receive(struct world *w, const struct op *op);
void run_fork(struct world *w, const struct op *op);
void run_spawn(struct world *w, const struct op *op);
void run_kill(struct world *w, const struct op *op);
void run_become(struct world *w, const struct op *op);
void run_no_fd(struct world *w, const struct op *op);
void install(struct world *w, unsigned int agent, int from, unsigned int fd,
	     struct file *file);

/* memory.c */
void run_mmap(struct world *w, const struct op *op);
void run_munmap(struct world *w, const struct op *op);
void run_mprotect(struct world *w, const struct op *op);
void run_mremap(struct world *w, const struct op *op);
void run_touch(struct world *w, const struct op *op);

/* verify.c */
void verify_init(void *tap_shared);
void verify_touched(struct world *w);
void verify_some(struct world *w);
void verify_all(struct world *w);

#endif /* FUZZ_OPS_H */
