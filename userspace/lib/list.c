// SPDX-License-Identifier: MIT
/* The named maps, one after another. */
#include <stdlib.h>

#include "internal.h"

#define LIST_BATCH 32

struct kcmap_map_list {
	int fd;
	unsigned int next;
	unsigned int count;
	__u64 cursor;
	struct kcmap_map_info infos[LIST_BATCH];
};

int kcmap_map_list_new(struct kcmap_ctl *ctl, struct kcmap_map_list **list)
{
	struct kcmap_map_list *l;

	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->fd = ctl->fd;
	*list = l;
	return 0;
}

static int refill(struct kcmap_map_list *list)
{
	struct kcmap_list arg = {
		.size = sizeof(arg),
		.cursor = list->cursor,
		.maps = kcmap_addr(list->infos),
		.map_size = sizeof(list->infos[0]),
		.capacity = LIST_BATCH,
	};
	int err;

	err = kcmap_ioctl(list->fd, KCMAP_CTL_LIST, &arg);
	if (err)
		return err;
	list->cursor = arg.cursor;
	list->next = 0;
	list->count = arg.count;
	return 0;
}

int kcmap_map_list_next(struct kcmap_map_list *list,
			struct kcmap_map_info *info, size_t size)
{
	size_t known = sizeof(*info);
	int err;

	if (size < sizeof(info->size) || size > UINT32_MAX)
		return -EINVAL;
	if (list->next == list->count) {
		err = refill(list);
		if (err)
			return err;
		if (!list->count)
			return 0;
	}
	/* The caller's struct may be shorter or longer than ours. */
	memset(info, 0, size);
	memcpy(info, &list->infos[list->next++], size < known ? size : known);
	info->size = (__u32)(size < known ? size : known);
	return 1;
}

void kcmap_map_list_free(struct kcmap_map_list *list)
{
	free(list);
}
