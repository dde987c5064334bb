/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes of a run: the one that writes, and those that read all the time. */
#ifndef PROCESSES_H
#define PROCESSES_H

#include "shortage.h"

#include <setjmp.h>

/* Of a phase of the writer's, on a slow machine: where memory is short, calls are slow. */
#define SECONDS 3.0
#define SNAPSHOTS 3

/* A snapshot, and what has to be in it. */
struct shot {
	int fd; /* -1: none */
	struct image image;
	struct cut cut;
};

/* --- Mappings, whose pages may be refused --- */

static sigjmp_buf no_page;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(no_page, 1);
}

static void catch_sigbus(void)
{
	struct sigaction action = { .sa_handler = on_sigbus,
				    .sa_flags = SA_NODEFER };

	REQUIRE(!sigaction(SIGBUS, &action, NULL));
}

/* Maps @size bytes. Return: whether it was done. */
static bool map_size(int fd, size_t size, struct image *image)
{
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	image->at = NULL;
	if (!note(MMAP, at == MAP_FAILED ? -errno : 0))
		return false;
	image->at = at;
	image->size = size;
	return true;
}

static void unmap(struct image *image)
{
	/* This asks for memory, too. */
	while (image->at && munmap((void *)image->at, image->size))
		if (errno != ENOMEM) {
			CHECK_OK(-1);
			break;
		}
	image->at = NULL;
}

/* --- Snapshots --- */

static bool shot_open(int map, struct shot *shot)
{
	struct kcmap_snapshot arg;
	int fd;

	shot->fd = -1;
	cut_begin(&shot->cut);
	fd = snapshot_try(map, &arg);
	cut_end(&shot->cut);
	if (!note(SNAPSHOT, fd))
		return false;
	shot->fd = fd;
	map_size(fd, arg.image_size, &shot->image);
	return true;
}

static void shot_close(struct shot *shot)
{
	unmap(&shot->image);
	close(shot->fd);
	shot->fd = -1;
}

static void shot_refresh(struct shot *shot)
{
	static struct cut cut;
	int ret;

	cut_begin(&cut);
	ret = snapshot_refresh(shot->fd);
	cut_end(&cut);
	if (note(REFRESH, ret))
		shot->cut = cut;
}

/* Reads all that there is in it, as often as it takes to get each page. */
static void shot_check(struct shot *shot)
{
	static unsigned int tries;

	if (!shot->image.at)
		return;
	STORE(tries, 0);
	if (sigsetjmp(no_page, 1)) {
		note(TOUCH, -EFAULT);
		if (COUNT(tries, 1) == 1000)
			return;
	}
	cut_begin_check(&shot->cut);
	image_each(&shot->image, cut_entry, &shot->cut);
	cut_end_check(&shot->cut);
	note(TOUCH, 0);
}

/* --- The writer --- */

static void write_key(int map, enum deed deed, uint64_t key, uint64_t serial)
{
	static const int opcodes[] = { [INSERT] = KCMAP_OP_INSERT,
				       [UPDATE] = KCMAP_OP_UPDATE,
				       [DELETE] = KCMAP_OP_DELETE };
	uint64_t value[VALUE_WORDS], was = model->done[key],
				     gone = model->gone[key];
	uint64_t state = STATE(serial, deed != DELETE);

	value_make(value, key, serial);
	if (deed == DELETE)
		STORE(model->gone[key], serial);
	STORE(model->begun[key], state);
	if (note(deed, op(map, opcodes[deed], &key,
			  deed == DELETE ? NULL : value, NULL))) {
		STORE(model->done[key], state);
	} else {
		/* From here on nobody may see anything of it. */
		STORE(model->begun[key], was);
		STORE(model->gone[key], gone);
	}
}

static void do_snapshot(int map, struct shot *shot, uint64_t random)
{
	if (shot->fd < 0) {
		shot_open(map, shot);
		return;
	}
	shot_check(shot);
	if (random % 3)
		shot_refresh(shot);
	else
		shot_close(shot);
}

/* @left: of 100 keys there are so many in the end. */
static void write_phase(int map, struct shot *shots, unsigned int left,
			uint64_t *random, uint64_t *serial)
{
	double end = seconds() + SECONDS;
	unsigned int i;

	for (i = 0; i < 2 * KEYS && seconds() < end; i++) {
		uint64_t key = rnd(random) % KEYS;
		bool there = THERE(model->done[key]);
		enum deed deed = there ? UPDATE : INSERT;

		if (there && rnd(random) % 100 >= left)
			deed = DELETE;
		write_key(map, deed, key, ++*serial);
		if (i % 64 == 0)
			do_snapshot(map, &shots[rnd(random) % SNAPSHOTS],
				    rnd(random));
	}
}

/* Growth and shrinking, with snapshots of which each byte is known. */
static void writer(int map, uint64_t seed)
{
	static struct shot shots[SNAPSHOTS];
	uint64_t random = seed, serial = 1;
	unsigned int i;

	for (i = 0; i < SNAPSHOTS; i++)
		shots[i].fd = -1;
	catch_sigbus();
	shortage_hits_me();
	write_phase(map, shots, 98, &random, &serial);
	write_phase(map, shots, 15, &random, &serial);
	write_phase(map, shots, 95, &random, &serial);
	for (i = 0; i < SNAPSHOTS; i++)
		if (shots[i].fd >= 0) {
			shot_check(&shots[i]);
			shot_close(&shots[i]);
		}
}

/* --- The reader --- */

/* What a look-up says, judged. @view: NULL: by ioctl. */
static void read_key(int map, const struct image *view, uint64_t key)
{
	uint64_t value[VALUE_WORDS] = {}, before = LOAD(model->done[key]), gone;
	int ret;

	ret = view ? image_lookup(view, &key, value) :
		     op(map, KCMAP_OP_LOOKUP, &key, NULL, value);
	gone = LOAD(model->gone[key]);
	if (ret == -EREMOTE ||
	    !note(view ? TOUCH : LOOKUP, ret == -ENOENT ? 0 : ret))
		return;
	judge(key, ret ? NULL : value, before, LOAD(model->begun[key]), gone);
}

static void read_by_ioctl(int map, uint64_t *random)
{
	unsigned int i;

	for (i = 0; i < 200; i++)
		read_key(map, NULL, rnd(random) % KEYS);
}

static void read_by_view(int map, uint64_t *random)
{
	static unsigned int left;
	struct image view;
	size_t size;

	if (!map_size(map, KCMAP_IMAGE_PAGE, &view))
		return;
	STORE(left, 400);
	if (sigsetjmp(no_page, 1)) {
		note(TOUCH, -EFAULT);
		if (COUNT(left, -1) <= 1)
			STORE(left, 1);
	}
	size = image_header(&view)->size;
	if (view.size == KCMAP_IMAGE_PAGE) {
		unmap(&view);
		if (!map_size(map, size, &view))
			return;
	}
	for (; LOAD(left); COUNT(left, -1))
		read_key(map, &view, rnd(random) % KEYS);
	unmap(&view);
}

static void read_by_snapshot(int map)
{
	static struct shot shot;

	if (!shot_open(map, &shot))
		return;
	shot_check(&shot);
	shot_refresh(&shot);
	shot_check(&shot);
	shot_close(&shot);
}

static void reader(int map, uint64_t seed)
{
	uint64_t random = seed;

	catch_sigbus();
	shortage_hits_me();
	while (!LOAD(model->stop)) {
		read_by_ioctl(map, &random);
		read_by_view(map, &random);
		read_by_snapshot(map);
	}
}

#endif /* PROCESSES_H */
