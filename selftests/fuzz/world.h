/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz_sequence: the reference model. A world is what a few processes, the agents, have
 * open and mapped, and what that must hold. The driver alone knows it, chooses what is
 * done next, has an agent do it, and compares.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/kcmap.h>

#define AGENTS 5
#define FDS 12
#define MAPPINGS 4
#define NAMES 4
#define SCANS 3
#define MESSAGES 4
#define KEYS 1024

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

enum kind { KIND_NONE, KIND_CONTROL, KIND_MAP, KIND_SNAPSHOT };

/**
 * struct map - what a map must be
 * @refs: its name, its files and those of its snapshots
 * @made: what it was created with
 * @uid: owner
 * @gid: group
 * @id: as the module says; 0: nobody has asked yet
 * @order: greater than that of all that were made before it
 * @linked: it has its name
 * @keys: keys that are used with it, from number 0 on
 * @entries: keys that are there
 * @inserts: as in struct kcmap_stats, as all up to @full
 * @snapshots: that are open
 * @epoch: of the last cut
 * @image_size: bytes; 0: nobody has asked yet
 * @values: number of the value that a key has; 0: it is not there
 */
struct map {
	unsigned int refs;
	struct kcmap_create made;
	uint32_t uid, gid;
	uint64_t id, order;
	bool linked;
	unsigned int keys;
	uint64_t entries;
	uint64_t inserts, updates, deletes, clears, full;
	unsigned int snapshots;
	uint64_t epoch;
	uint64_t image_size;
	uint64_t values[KEYS];
};

/* What a snapshot must show for ever. */
struct snapshot {
	uint64_t entries;
	uint64_t values[KEYS];
};

/* An open file: descriptors, mappings and messages refer to it. */
struct file {
	enum kind kind;
	unsigned int refs;
	bool readable, writable;
	struct map *map;
	struct snapshot *snapshot;
};

struct mapping {
	struct file *file;
	uint64_t offset, size;
	int prot;
	/* A place has two addresses, so that what is there can be moved. */
	unsigned int side;
};

struct agent {
	pid_t pid;
	uint32_t uid;
	struct file *fds[FDS];
	struct mapping mappings[MAPPINGS];
};

/* A scan that goes on over many steps, while the map changes. */
struct scan {
	struct map *map;
	uint64_t cursor;
	/* How often a key may come; whether it must, and how often it did. */
	unsigned int may[KEYS], came[KEYS];
	bool must[KEYS];
};

struct world {
	uint64_t seed;
	uint64_t step;
	uint64_t random;
	struct agent agents[AGENTS];
	struct map *names[NAMES];
	struct scan scans[SCANS];
	struct file *messages[MESSAGES];
	unsigned int nr_messages;
	uint64_t last_value, last_order;
	/* Which scan the step goes on with. */
	unsigned int scan;
	/* How many named maps there were before, and the greatest id. */
	unsigned int others;
	uint64_t last_other;
	/* Somebody changed a map behind the model's back, to see it noticed. */
	bool strange;
	/* What the step did, and what was wrong with it. */
	char text[1024], complaint[1024];
	bool failed;
	/* Of all that was done, and of all that came of it. */
	uint64_t digest;
	/* The map that the step was about, to be looked at. */
	struct map *touched;
};

/* --- Chance: a step's depends on the seed and its number alone --- */

void world_step(struct world *w, uint64_t step);
uint64_t below(struct world *w, uint64_t n);
bool one_in(struct world *w, unsigned int n);
unsigned int any_agent(struct world *w);
void any_fd(struct world *w, enum kind which, unsigned int *agent,
	    unsigned int *fd);

/* --- What was done, and what came of it --- */

void say(struct world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void complain(struct world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool expect(struct world *w, const char *what, int64_t want, int64_t got);
bool expect_error(struct world *w, int64_t want, int64_t got);

/* --- Keys and values --- */

void key_bytes(uint64_t number, void *to, size_t size);
int64_t key_number(const void *from, size_t size);
void value_bytes(uint64_t number, void *to, size_t size);
bool value_is(uint64_t number, const void *at, size_t size);

/* --- What there is --- */

void map_put(struct world *w, struct map *map);
void map_set(struct world *w, struct map *map, unsigned int key,
	     uint64_t value);
void map_clear(struct world *w, struct map *map);
struct file *file_new(enum kind kind, struct map *map, bool readable,
		      bool writable);
void file_put(struct world *w, struct file *file);
void fd_put(struct world *w, unsigned int agent, unsigned int fd,
	    struct file *file);
void mapping_drop(struct world *w, struct mapping *mapping);
void agent_copied(struct world *w, unsigned int from, unsigned int to);
void agent_gone(struct world *w, unsigned int agent);
void world_free(struct world *w);

#endif /* FUZZ_WORLD_H */
