// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: the reference model. */
#define _GNU_SOURCE

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/*
 * Begin a step. Its chances depend on nothing but seed and number, so that other steps
 * can be left out of a sequence, to see whether it still fails.
 */
void world_step(struct world *w, uint64_t step)
{
	w->step = step;
	w->random = mix(w->seed) ^ mix(~step);
	w->text[0] = '\0';
	w->touched = NULL;
}

uint64_t below(struct world *w, uint64_t n)
{
	w->random += 0x9e3779b97f4a7c15;
	return mix(w->random) % n;
}

bool one_in(struct world *w, unsigned int n)
{
	return !below(w, n);
}

/* One that lives; there always is one. */
unsigned int any_agent(struct world *w)
{
	unsigned int agent = below(w, AGENTS);

	while (!w->agents[agent].pid)
		agent = (agent + 1) % AGENTS;
	return agent;
}

/* A descriptor of a kind, if anybody has one; now and then any. */
void any_fd(struct world *w, enum kind which, unsigned int *agent,
	    unsigned int *fd)
{
	unsigned int i = below(w, AGENTS * FDS), tries;

	*agent = any_agent(w);
	*fd = below(w, FDS);
	if (one_in(w, 12))
		return;
	for (tries = 0; tries < AGENTS * FDS; tries++) {
		struct file *file = w->agents[i / FDS].fds[i % FDS];

		if (file && file->kind == which) {
			*agent = i / FDS;
			*fd = i % FDS;
			return;
		}
		i = (i + 1) % (AGENTS * FDS);
	}
}

static void append(char *to, size_t room, const char *format, va_list args)
{
	size_t length = strlen(to);

	vsnprintf(to + length, room - length, format, args);
}

void say(struct world *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(w->text, sizeof(w->text), format, args);
	va_end(args);
}

/* The first complaint is what counts; the rest follows from it. */
void complain(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return;
	w->failed = true;
	va_start(args, format);
	append(w->complaint, sizeof(w->complaint), format, args);
	va_end(args);
}

bool expect(struct world *w, const char *what, int64_t want, int64_t got)
{
	w->digest = mix(w->digest ^ got);
	if (want != got)
		complain(w, "%s: expected %lld, saw %lld", what,
			 (long long)want, (long long)got);
	return want == got;
}

static const char *error_name(int64_t error)
{
	const char *name = error < 0 ? strerrorname_np(-error) : NULL;

	return name ? name : "success";
}

/* 0 or more is success. Return: it was expected, and is what happened. */
bool expect_error(struct world *w, int64_t want, int64_t got)
{
	want = want < 0 ? want : 0;
	got = got < 0 ? got : 0;
	w->digest = mix(w->digest ^ got);
	if (want != got)
		complain(w, "expected %s, saw %s", error_name(want),
			 error_name(got));
	return !want && !got;
}

/* --- Keys and values --- */

static void fill_bytes(uint64_t number, uint8_t *to, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		/* No word looks like an address of the kernel's, see image.h. */
		if (i % 8 == 0)
			number = mix(number) >> 1;
		to[i] = number >> (i % 8 * 8);
	}
}

/* As much of the number as there is room for, then bytes that follow from it. */
static void number_bytes(uint64_t number, uint8_t *to, size_t size)
{
	size_t own = size < sizeof(number) ? size : sizeof(number);

	memcpy(to, &number, own);
	fill_bytes(number, to + own, size - own);
}

void key_bytes(uint64_t number, void *to, size_t size)
{
	number_bytes(number, to, size);
}

/* -1: these are no key's bytes. */
int64_t key_number(const void *from, size_t size)
{
	uint8_t bytes[KCMAP_KEY_SIZE_MAX];
	uint64_t number = 0;

	memcpy(&number, from, size < sizeof(number) ? size : sizeof(number));
	key_bytes(number, bytes, size);
	return memcmp(bytes, from, size) ? -1 : (int64_t)number;
}

void value_bytes(uint64_t number, void *to, size_t size)
{
	number_bytes(number, to, size);
}

bool value_is(uint64_t number, const void *at, size_t size)
{
	uint8_t bytes[KCMAP_VALUE_SIZE_MAX];

	value_bytes(number, bytes, size);
	return !memcmp(bytes, at, size);
}

/* --- Maps --- */

void map_put(struct world *w, struct map *map)
{
	unsigned int i;

	if (--map->refs)
		return;
	for (i = 0; i < SCANS; i++)
		if (w->scans[i].map == map)
			w->scans[i].map = NULL;
	if (w->touched == map)
		w->touched = NULL;
	free(map);
}

static void scans_note(struct world *w, struct map *map, unsigned int key,
		       bool inserted)
{
	unsigned int i;

	for (i = 0; i < SCANS; i++) {
		struct scan *scan = &w->scans[i];

		if (scan->map != map)
			continue;
		if (inserted)
			scan->may[key]++;
		else
			scan->must[key] = false;
	}
}

/* Store, replace, or with 0 delete. */
void map_set(struct world *w, struct map *map, unsigned int key, uint64_t value)
{
	if (!map->values[key] != !value) {
		map->entries += value ? 1 : -1;
		scans_note(w, map, key, value);
	}
	map->values[key] = value;
}

void map_clear(struct world *w, struct map *map)
{
	unsigned int key;

	for (key = 0; key < KEYS; key++)
		map_set(w, map, key, 0);
	map->clears++;
}

/* --- Files --- */

/* Takes over a reference to @map, if there is one. */
struct file *file_new(enum kind kind, struct map *map, bool readable,
		      bool writable)
{
	struct file *file = calloc(1, sizeof(*file));

	file->kind = kind;
	file->map = map;
	file->readable = readable;
	file->writable = writable;
	return file;
}

void file_put(struct world *w, struct file *file)
{
	if (!file || --file->refs)
		return;
	if (file->snapshot) {
		file->map->snapshots--;
		free(file->snapshot);
	}
	if (file->map)
		map_put(w, file->map);
	free(file);
}

/* What was there before is closed. NULL: no more than that. */
void fd_put(struct world *w, unsigned int agent, unsigned int fd,
	    struct file *file)
{
	struct file **at = &w->agents[agent].fds[fd];
	struct file *old = *at;

	*at = file;
	if (file)
		file->refs++;
	file_put(w, old);
}

void mapping_drop(struct world *w, struct mapping *mapping)
{
	struct file *file = mapping->file;

	memset(mapping, 0, sizeof(*mapping));
	file_put(w, file);
}

/* --- Agents --- */

/* After a fork. */
void agent_copied(struct world *w, unsigned int from, unsigned int to)
{
	struct agent *agent = &w->agents[to];
	pid_t pid = agent->pid;
	unsigned int i;

	*agent = w->agents[from];
	agent->pid = pid;
	for (i = 0; i < FDS; i++)
		if (agent->fds[i])
			agent->fds[i]->refs++;
	for (i = 0; i < MAPPINGS; i++)
		if (agent->mappings[i].file)
			agent->mappings[i].file->refs++;
}

void agent_gone(struct world *w, unsigned int agent)
{
	unsigned int i;

	for (i = 0; i < FDS; i++)
		fd_put(w, agent, i, NULL);
	for (i = 0; i < MAPPINGS; i++)
		mapping_drop(w, &w->agents[agent].mappings[i]);
	memset(&w->agents[agent], 0, sizeof(w->agents[agent]));
}

void world_free(struct world *w)
{
	unsigned int i;

	for (i = 0; i < AGENTS; i++)
		agent_gone(w, i);
	for (i = 0; i < w->nr_messages; i++)
		file_put(w, w->messages[i]);
	for (i = 0; i < NAMES; i++)
		if (w->names[i])
			map_put(w, w->names[i]);
}
