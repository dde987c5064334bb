// SPDX-License-Identifier: MIT
/* The control node: create and destroy maps, ask what the module can do. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* The members that every version of the struct has. */
#define CREATE_OPTS_SIZE_MIN offsetof(struct kcmap_create_opts, snapshots_max)

int kcmap_ctl_open(struct kcmap_ctl **ctl)
{
	struct kcmap_ctl *c;
	int err;

	c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fd = open(KCMAP_DEV_CONTROL, O_RDWR | O_CLOEXEC);
	/* Who may only read can still list the maps. */
	if (c->fd < 0 && errno == EACCES)
		c->fd = open(KCMAP_DEV_CONTROL, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0) {
		err = -errno;
		free(c);
		return err;
	}
	*ctl = c;
	return 0;
}

void kcmap_ctl_close(struct kcmap_ctl *ctl)
{
	if (!ctl)
		return;
	close(ctl->fd);
	free(ctl);
}

int kcmap_ctl_fd(const struct kcmap_ctl *ctl)
{
	return ctl->fd;
}

int kcmap_ctl_get_info(struct kcmap_ctl *ctl, struct kcmap_ctl_info *info,
		       size_t size)
{
	if (size < sizeof(info->size) || size > UINT32_MAX)
		return -EINVAL;
	memset(info, 0, size);
	info->size = (__u32)size;
	return kcmap_ioctl(ctl->fd, KCMAP_CTL_INFO, info);
}

static int fill_create(struct kcmap_create *create,
		       const struct kcmap_create_opts *from)
{
	const unsigned char *tail = (const unsigned char *)from;
	struct kcmap_create_opts known = { 0 }, *opts = &known;
	size_t i;

	/* The rule of the ioctls: what we do not know has to be zero. */
	if (from->size < CREATE_OPTS_SIZE_MIN)
		return -EINVAL;
	for (i = sizeof(*opts); i < from->size; i++)
		if (tail[i])
			return -E2BIG;
	memcpy(opts, from,
	       from->size < sizeof(*opts) ? from->size : sizeof(*opts));
	if (opts->flags & KCMAP_F_ANON || opts->reserved)
		return -EINVAL;

	memset(create, 0, sizeof(*create));
	create->size = sizeof(*create);
	create->flags = opts->flags;
	create->max_entries = opts->max_entries;
	create->key_size = opts->key_size;
	create->value_size = opts->value_size;
	create->mode = opts->mode;
	create->uid = opts->uid;
	create->gid = opts->gid;
	create->fd = -1;
	create->snapshots_max = opts->snapshots_max;
	create->snapshot_bytes_max = opts->snapshot_bytes_max;
	return 0;
}

int kcmap_ctl_create(struct kcmap_ctl *ctl, const char *name,
		     const struct kcmap_create_opts *opts)
{
	struct kcmap_create create;
	int err;

	if (!kcmap_name_valid(name))
		return -EINVAL;
	err = fill_create(&create, opts);
	if (err)
		return err;
	memcpy(create.name, name, strlen(name));
	return kcmap_ioctl(ctl->fd, KCMAP_CTL_CREATE, &create);
}

int kcmap_ctl_create_anon(struct kcmap_ctl *ctl,
			  const struct kcmap_create_opts *opts,
			  struct kcmap_map **map)
{
	struct kcmap_create create;
	int err;

	err = fill_create(&create, opts);
	if (err)
		return err;
	create.flags |= KCMAP_F_ANON;
	create.mode = 0;
	err = kcmap_ioctl(ctl->fd, KCMAP_CTL_CREATE, &create);
	if (err)
		return err;
	err = kcmap_map_from_fd(create.fd, map);
	if (err)
		close(create.fd);
	return err;
}

int kcmap_ctl_destroy(struct kcmap_ctl *ctl, const char *name)
{
	struct kcmap_destroy destroy = { .size = sizeof(destroy) };

	if (!kcmap_name_valid(name))
		return -EINVAL;
	memcpy(destroy.name, name, strlen(name));
	return kcmap_ioctl(ctl->fd, KCMAP_CTL_DESTROY, &destroy);
}
