// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: an ioctl, as it should be made or with a struct that is spoilt. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "ops.h"

/* Longer structs than this are refused. */
#define SIZE_MAX_ANY 4096

/* What is behind the end of a struct that is shorter than the module's. */
#define BEYOND 0xee

enum spoilt {
	NOT,
	OLD, /* as short as it was once: good */
	LONG, /* longer, zeros behind: good */
	SHORT,
	DIRTY, /* longer, and not all zeros */
	HUGE,
	FLAGS,
	AT_EDGE, /* its end cannot be read */
	NOWHERE,
	SPOILT_NR
};

static const char *const spoilt_names[SPOILT_NR] = {
	"",	 " old",   " long",    " short",   " dirty",
	" huge", " flags", " at edge", " nowhere",
};

static uint32_t *size_of(void *arg)
{
	return arg;
}

static uint32_t *flags_of(void *arg)
{
	return (uint32_t *)arg + 1;
}

/* Spoils it. Return: its address. */
static void *spoil(struct world *w, const struct op *op, enum spoilt how,
		   uint8_t *arg)
{
	uint8_t *at;

	switch (how) {
	case OLD:
		*size_of(arg) = op->first;
		memset(arg + op->first, BEYOND, op->size - op->first);
		break;
	case LONG:
		*size_of(arg) += 1 + below(w, 200);
		break;
	case SHORT:
		*size_of(arg) = below(w, op->first);
		break;
	case DIRTY:
		*size_of(arg) += 1 + below(w, 200);
		arg[op->size + below(w, *size_of(arg) - op->size)] = 1;
		break;
	case HUGE:
		*size_of(arg) = SIZE_MAX_ANY + 1 + below(w, 1U << 31);
		break;
	case FLAGS:
		*flags_of(arg) |= 1U << (8 + below(w, 24));
		break;
	case AT_EDGE:
		/* Size and flags are there; no struct has less. */
		at = room_at_edge(op->size - 1);
		memcpy(at, arg, op->size - 1);
		return at;
	case NOWHERE:
		return NULL;
	default:
		break;
	}
	return arg;
}

static int error_of(enum spoilt how)
{
	switch (how) {
	case SHORT:
	case FLAGS:
		return -EINVAL;
	case DIRTY:
	case HUGE:
		return -E2BIG;
	case AT_EDGE:
	case NOWHERE:
		return -EFAULT;
	default:
		return 0;
	}
}

static int error_of_file(const struct file *file, const struct op *op)
{
	if (!file)
		return -EBADF;
	if (file->kind != op->kind)
		return -ENOTTY;
	if ((op->reads && !file->readable) || (op->writes && !file->writable))
		return -EBADF;
	return 0;
}

static enum spoilt choose_spoilt(struct world *w, const struct op *op)
{
	enum spoilt how = one_in(w, 8) ? below(w, SPOILT_NR) : NOT;

	return how == FLAGS && !op->flags ? NOT : how;
}

static void check_beyond(struct world *w, const struct op *op,
			 const uint8_t *arg)
{
	uint32_t i;

	for (i = op->first; i < op->size; i++)
		if (arg[i] != BEYOND)
			complain(w, "byte %u was written, size is %u", i,
				 op->first);
}

void run_ioctl(struct world *w, const struct op *op)
{
	enum spoilt how = choose_spoilt(w, op);
	uint8_t *arg = room(SIZE_MAX_ANY), *in = room(SIZE_MAX_ANY), *at;
	unsigned int agent, fd;
	struct file *file;
	struct call call;
	int error;

	any_fd(w, op->kind, &agent, &fd);
	file = w->agents[agent].fds[fd];
	call = (struct call){ .agent = agent, .file = file, .in = in };
	error = error_of_file(file, op);
	say(w, "process %u fd %u%s", agent, fd, spoilt_names[how]);
	*size_of(arg) = op->size;
	op->fill(w, agent, file, arg);
	memcpy(in, arg, op->size);
	at = spoil(w, op, how, arg);
	if (how == OLD) {
		*size_of(in) = op->first;
		memset(in + op->first, 0, op->size - op->first);
	}
	call.out = at;
	if (file)
		file->refs++;
	call.got = DO(w, agent, SYS_ioctl, FD_BASE + fd, op->cmd, (long)at);
	if (!error)
		error = error_of(how);
	if (!error) {
		w->touched = file->map;
		op->model(w, &call);
		if (how == OLD)
			check_beyond(w, op, arg);
	} else {
		expect_error(w, error, call.got);
	}
	file_put(w, file);
}
