// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: descriptors and processes. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops.h"

#define ROOT 0

/* A descriptor that the kernel gave goes to where it is chosen from. */
void install(struct world *w, unsigned int agent, int from, unsigned int fd,
	     struct file *file)
{
	say(w, " to %u", fd);
	expect_error(w, 0,
		     DO(w, agent, SYS_dup3, from, FD_BASE + fd, O_CLOEXEC));
	expect_error(w, 0, DO(w, agent, SYS_close, from));
	fd_put(w, agent, fd, file);
}

/* --- Descriptors --- */

static bool allowed(const struct world *w, unsigned int agent,
		    const struct map *map, bool reads, bool writes)
{
	uint32_t uid = w->agents[agent].uid, mode = map->made.mode;
	unsigned int want = reads << 2 | writes << 1, shift = 0;

	if (uid == ROOT)
		return true;
	if (uid == map->uid)
		shift = 6;
	else if (uid == map->gid)
		shift = 3;
	return (mode >> shift & want) == want;
}

static bool has_control(const struct world *w, unsigned int agent)
{
	unsigned int i;

	for (i = 0; i < FDS; i++) {
		const struct file *file = w->agents[agent].fds[i];

		if (file && file->kind == KIND_CONTROL)
			return true;
	}
	return false;
}

void run_open(struct world *w, const struct op *op)
{
	/* With 3, O_ACCMODE, both are checked, and neither is given. */
	unsigned int flags = below(w, 4), agent = any_agent(w),
		     fd = below(w, FDS), name = below(w, NAMES + 2);
	bool reads = flags != O_WRONLY, writes = flags != O_RDONLY;
	struct map *map;
	char *path = room(64);
	int error = 0;
	long got;

	(void)op;
	/* Without one there will be no maps. */
	if (w->agents[agent].uid == ROOT && !has_control(w, agent))
		name = NAMES;
	/* What may do both is needed most. */
	if (one_in(w, 2)) {
		flags = O_RDWR;
		reads = true;
		writes = true;
	}
	map = name < NAMES ? w->names[name] : NULL;
	if (name < NAMES)
		sprintf(path, "/dev/kcmap/" NAME_FORMAT, name);
	else
		sprintf(path, CONTROL_NODE);
	say(w, "%s %u as %u", path, flags, w->agents[agent].uid);
	got = DO(w, agent, SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC);
	if (name < NAMES && !map)
		error = -ENOENT;
	else if (map ? !allowed(w, agent, map, reads, writes) :
		       w->agents[agent].uid != ROOT)
		error = -EACCES;
	if (!expect_error(w, error, got))
		return;
	if (map)
		map->refs++;
	install(w, agent, got, fd,
		file_new(map ? KIND_MAP : KIND_CONTROL, map,
			 reads && flags != O_ACCMODE,
			 writes && flags != O_ACCMODE));
}

void run_close(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w), fd = below(w, FDS);

	(void)op;
	say(w, "fd %u", fd);
	expect_error(w, w->agents[agent].fds[fd] ? 0 : -EBADF,
		     DO(w, agent, SYS_close, FD_BASE + fd));
	fd_put(w, agent, fd, NULL);
}

void run_dup(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w), from = below(w, FDS),
		     to = below(w, FDS);
	struct file *file = w->agents[agent].fds[from];
	int error = 0;

	(void)op;
	if (from == to)
		error = -EINVAL;
	else if (!file)
		error = -EBADF;
	say(w, "fd %u to %u", from, to);
	if (expect_error(w, error,
			 DO(w, agent, SYS_dup3, FD_BASE + from, FD_BASE + to,
			    O_CLOEXEC)))
		fd_put(w, agent, to, file);
}

/* A message of one byte, with room for a descriptor. */
static struct msghdr *message(void)
{
	struct msghdr *header = room(sizeof(*header));
	struct iovec *byte = room(sizeof(*byte));
	struct cmsghdr *control = room(CMSG_SPACE(sizeof(int)));

	byte->iov_base = room(1);
	byte->iov_len = 1;
	header->msg_iov = byte;
	header->msg_iovlen = 1;
	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(sizeof(int));
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	return header;
}

/* SCM_RIGHTS to whoever is next to receive. */
void run_send(struct world *w, const struct op *op)
{
	static const enum kind kinds[] = { KIND_CONTROL, KIND_MAP,
					   KIND_SNAPSHOT };
	struct msghdr *header = message();
	unsigned int agent, fd;
	struct file *file;
	int number;

	(void)op;
	any_fd(w, kinds[below(w, COUNT(kinds))], &agent, &fd);
	file = w->agents[agent].fds[fd];
	number = FD_BASE + fd;
	if (w->nr_messages == MESSAGES)
		return;
	say(w, "fd %u", fd);
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(header)), &number, sizeof(number));
	if (!expect_error(w, file ? 0 : -EBADF,
			  DO(w, agent, SYS_sendmsg, FD_SEND, (long)header,
			     MSG_DONTWAIT)))
		return;
	file->refs++;
	w->messages[w->nr_messages++] = file;
}

void run_receive(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w);
	struct msghdr *header = message();
	struct file *file = w->messages[0];
	int number;

	(void)op;
	if (!expect_error(w, w->nr_messages ? 0 : -EAGAIN,
			  DO(w, agent, SYS_recvmsg, FD_RECEIVE, (long)header,
			     MSG_DONTWAIT | MSG_CMSG_CLOEXEC)))
		return;
	memcpy(&number, CMSG_DATA((struct cmsghdr *)header->msg_control),
	       sizeof(number));
	install(w, agent, number, below(w, FDS), file);
	w->nr_messages--;
	memmove(&w->messages[0], &w->messages[1],
		w->nr_messages * sizeof(w->messages[0]));
	file_put(w, file);
}

/* Neither a map nor a snapshot comes to be where there is no descriptor for it. */
void run_no_fd(struct world *w, const struct op *op)
{
	bool create = one_in(w, 2);
	unsigned int agent, fd;
	struct file *file;
	struct rlimit *limit = room(sizeof(*limit)), *old = room(sizeof(*old));
	struct kcmap_snapshot *snapshot = room(sizeof(*snapshot));
	struct kcmap_create *args = room(sizeof(*args));
	int error = -EMFILE;
	long got;

	(void)op;
	any_fd(w, create ? KIND_CONTROL : KIND_MAP, &agent, &fd);
	file = w->agents[agent].fds[fd];
	if (!file || file->kind != (create ? KIND_CONTROL : KIND_MAP) ||
	    (create ? !file->writable : !file->readable))
		return;
	if (!create && snapshot_error(file->map))
		error = snapshot_error(file->map);
	args->size = sizeof(*args);
	args->flags = KCMAP_F_ANON;
	args->max_entries = 1;
	args->key_size = 1;
	args->uid = KCMAP_ID_SELF;
	args->gid = KCMAP_ID_SELF;
	snapshot->size = sizeof(*snapshot);
	DO(w, agent, SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)old);
	limit->rlim_max = old->rlim_max;
	DO(w, agent, SYS_prlimit64, 0, RLIMIT_NOFILE, (long)limit);
	say(w, "%s", create ? "create" : "snapshot");
	got = DO(w, agent, SYS_ioctl, FD_BASE + fd,
		 create ? KCMAP_CTL_CREATE : KCMAP_MAP_SNAPSHOT,
		 create ? (long)args : (long)snapshot);
	expect_error(w, error, got);
	DO(w, agent, SYS_prlimit64, 0, RLIMIT_NOFILE, (long)old);
	w->touched = file->map;
}

/* --- Processes --- */

void run_fork(struct world *w, const struct op *op)
{
	(void)op;
	agent_fork(w, any_agent(w));
}

void run_spawn(struct world *w, const struct op *op)
{
	(void)op;
	agent_spawn(w);
}

static unsigned int nr_agents(const struct world *w, bool root)
{
	unsigned int i, nr = 0;

	for (i = 0; i < AGENTS; i++)
		nr += w->agents[i].pid && (!root || w->agents[i].uid == ROOT);
	return nr;
}

void run_kill(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w);

	(void)op;
	if (nr_agents(w, false) == 1)
		return;
	say(w, "process %u", agent);
	agent_kill(w, agent);
	/* Others cannot open the control node. */
	if (!nr_agents(w, true))
		agent_spawn(w);
}

/* Another user, for good; there always is one that still may do all. */
void run_become(struct world *w, const struct op *op)
{
	unsigned int agent = any_agent(w);
	uint32_t uid = 1001 + below(w, 2);

	(void)op;
	if (w->agents[agent].uid != ROOT || nr_agents(w, true) == 1)
		return;
	say(w, "process %u user %u", agent, uid);
	expect_error(w, 0, DO(w, agent, SYS_setgroups, 0, 0));
	expect_error(w, 0, DO(w, agent, SYS_setresgid, uid, uid, uid));
	expect_error(w, 0, DO(w, agent, SYS_setresuid, uid, uid, uid));
	w->agents[agent].uid = uid;
}
