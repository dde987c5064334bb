// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: mappings of maps and of snapshots. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmap_image.h>

#include "memory.h"
#include "ops.h"

#define PAGE 4096UL
/* Where mappings go: far from all else, and from each other. */
#define PLACE_BASE 0x100000000000UL
#define PLACE_SIZE 0x010000000000UL

uint64_t mapping_address(unsigned int place, unsigned int side)
{
	return PLACE_BASE + (place * 2 + side) * PLACE_SIZE;
}

static uint64_t address_of(const struct world *w, unsigned int agent,
			   unsigned int place)
{
	return mapping_address(place, w->agents[agent].mappings[place].side);
}

/* The kernel reads memory for the agent: what is not there is an error. */
static long read_word(struct world *w, unsigned int agent, uint64_t address,
		      uint64_t *word)
{
	long got =
		DO(w, agent, SYS_write, FD_PIPE_WRITE, address, sizeof(*word));

	while (read(FD_PIPE_READ, word, sizeof(*word)) > 0)
		;
	return got;
}

static void learn_size(struct world *w, unsigned int agent, uint64_t address,
		       struct map *map)
{
	uint64_t size = 0;

	read_word(w, agent, address + offsetof(struct kcmap_image, size),
		  &size);
	if (!size || size % PAGE)
		complain(w, "the image has %llu bytes",
			 (unsigned long long)size);
	map->image_size = size;
}

/* Part of an image, or what is not. */
static void choose_range(struct world *w, uint64_t image, uint64_t *offset,
			 uint64_t *size)
{
	*offset = 0;
	*size = image;
	switch (below(w, 10)) {
	case 0:
		*size = 0;
		break;
	case 1:
		*size = image + PAGE;
		break;
	case 2:
		*offset = PAGE;
		break;
	case 3:
		*offset = image - PAGE;
		*size = PAGE;
		break;
	case 4:
		*offset = image;
		*size = PAGE;
		break;
	case 5:
		*size = PAGE;
		break;
	}
}

static int mmap_error(const struct file *file, int prot, bool shared,
		      uint64_t offset, uint64_t size)
{
	const struct map *map;

	if (!file)
		return -EBADF;
	map = file->map;
	if (!size)
		return -EINVAL;
	if ((shared && prot & PROT_WRITE && !file->writable) || !file->readable)
		return -EACCES;
	if (file->kind == KIND_CONTROL)
		return -ENODEV;
	if (map->made.flags & KCMAP_F_NO_MMAP)
		return -EPERM;
	if (prot & PROT_WRITE)
		return -EACCES;
	if (!shared || (map->image_size && offset + size > map->image_size))
		return -EINVAL;
	return 0;
}

void run_mmap(struct world *w, const struct op *op)
{
	unsigned int agent, fd, place = below(w, MAPPINGS);
	struct mapping *mapping;
	struct file *file;
	uint64_t offset = 0, size = PAGE, at = mapping_address(place, 0);
	int prot = one_in(w, 10) ? PROT_READ | PROT_WRITE : PROT_READ;
	bool shared = !one_in(w, 10);
	long got;

	(void)op;
	any_fd(w, one_in(w, 2) ? KIND_MAP : KIND_SNAPSHOT, &agent, &fd);
	file = w->agents[agent].fds[fd];
	mapping = &w->agents[agent].mappings[place];
	/* Two mappings in one place would be as one to mremap(). */
	if (mapping->file)
		return;
	if (file && file->map && file->map->image_size)
		choose_range(w, file->map->image_size, &offset, &size);
	say(w,
	    "process %u fd %u place %u offset %#llx size %#llx prot %d shared %d",
	    agent, fd, place, (unsigned long long)offset,
	    (unsigned long long)size, prot, shared);
	got = DO(w, agent, SYS_mmap, at, size, prot,
		 (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, FD_BASE + fd,
		 offset);
	if (!expect_error(w, mmap_error(file, prot, shared, offset, size), got))
		return;
	*mapping = (struct mapping){
		.file = file,
		.offset = offset,
		.size = size,
		.prot = prot,
	};
	file->refs++;
	if (!file->map->image_size)
		learn_size(w, agent, at, file->map);
}

void run_munmap(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w), place = below(w, MAPPINGS);
	struct mapping *mapping = &w->agents[agent].mappings[place];
	uint64_t at = address_of(w, agent, place), size = mapping->size;

	(void)op;
	/* The second half of it, or all; where nothing is, too. */
	if (size > PAGE && one_in(w, 4))
		size = size / PAGE / 2 * PAGE;
	if (!size)
		size = PAGE;
	say(w, "place %u size %#llx", place, (unsigned long long)size);
	at += mapping->size > size ? mapping->size - size : 0;
	expect_error(w, 0, DO(w, agent, SYS_munmap, at, size));
	if (mapping->size > size)
		mapping->size -= size;
	else if (mapping->file)
		mapping_drop(w, mapping);
}

void run_mprotect(struct world *w, const struct op *op)
{
	static const int prots[] = { PROT_READ,	 PROT_READ,
				     PROT_NONE,	 PROT_READ | PROT_WRITE,
				     PROT_WRITE, PROT_READ | PROT_EXEC };
	unsigned int agent = any_agent(w), place = below(w, MAPPINGS);
	struct mapping *mapping = &w->agents[agent].mappings[place];
	int prot = prots[below(w, COUNT(prots))], error = 0;
	uint64_t size = mapping->file ? mapping->size : PAGE;

	(void)op;
	if (!mapping->file)
		error = -ENOMEM;
	else if (prot & (PROT_WRITE | PROT_EXEC))
		error = -EACCES;
	say(w, "place %u prot %d", place, prot);
	if (expect_error(w, error,
			 DO(w, agent, SYS_mprotect, address_of(w, agent, place),
			    size, prot)))
		mapping->prot = prot;
}

/* Move it, make it smaller; it cannot grow, nor be doubled. */
void run_mremap(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w), place = below(w, MAPPINGS);
	struct mapping *mapping = &w->agents[agent].mappings[place];
	uint64_t at = address_of(w, agent, place);
	uint64_t size = mapping->file ? mapping->size : PAGE, new_size = size,
		 old_size = size;
	int error = mapping->file ? 0 : -EFAULT, flags = 0;
	unsigned int how = below(w, 6);

	(void)op;
	switch (how) {
	case 0:
		new_size = size + PAGE;
		error = -EFAULT;
		break;
	case 1:
		new_size = 2 * size;
		flags = MREMAP_MAYMOVE;
		error = -EFAULT;
		break;
	case 2:
		old_size = 0;
		flags = MREMAP_MAYMOVE;
		error = -EFAULT;
		break;
	case 3:
		new_size = (size / PAGE + 1) / 2 * PAGE;
		break;
	default:
		flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	}
	say(w, "place %u how %u", place, how);
	if (!expect_error(w, error,
			  DO(w, agent, SYS_mremap, at, old_size, new_size,
			     flags, mapping_address(place, !mapping->side))))
		return;
	mapping->size = new_size;
	if (flags & MREMAP_FIXED)
		mapping->side = !mapping->side;
}

/*
 * User-mode Linux, when it reads a process's memory, looks whether there is a page, and
 * not whether the process may read it.
 */
static bool kernel_minds_prot_none(void)
{
	return access("/proc/exitcode", F_OK);
}

/* By way of the kernel: loads as the mapping allows, stores never. */
void run_touch(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w), place = below(w, MAPPINGS);
	const struct mapping *mapping = &w->agents[agent].mappings[place];
	uint64_t at = address_of(w, agent, place), word = 0;
	bool there = mapping->file && mapping->prot & PROT_READ &&
		     !mapping->offset;

	(void)op;
	say(w, "place %u", place);
	/* Elsewhere in an image there may be something, or nothing. */
	if (mapping->file && mapping->offset)
		return;
	if (mapping->file && !there && !kernel_minds_prot_none())
		return;
	expect(w, "bytes read", there ? (long)sizeof(word) : -EFAULT,
	       read_word(w, agent, at, &word));
	if (there)
		expect(w, "magic", KCMAP_IMAGE_MAGIC, word);
	if (write(FD_PIPE_WRITE, &word, sizeof(word)) != sizeof(word))
		abort();
	expect(w, "bytes stored", -EFAULT,
	       DO(w, agent, SYS_read, FD_PIPE_READ, at, sizeof(word)));
	while (read(FD_PIPE_READ, &word, sizeof(word)) > 0)
		;
}
