// SPDX-License-Identifier: MIT
/* kcmap_classify: attach maps to network interfaces. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

int kcmap_classifier_open(struct kcmap_classifier **classifier)
{
	struct kcmap_classifier *c;
	int err;

	c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fd = open(KCMAP_DEV_CLASSIFY, O_RDWR | O_CLOEXEC);
	if (c->fd < 0) {
		err = -errno;
		free(c);
		return err;
	}
	*classifier = c;
	return 0;
}

void kcmap_classifier_close(struct kcmap_classifier *classifier)
{
	if (!classifier)
		return;
	close(classifier->fd);
	free(classifier);
}

int kcmap_classifier_fd(const struct kcmap_classifier *classifier)
{
	return classifier->fd;
}

int kcmap_classifier_attach(struct kcmap_classifier *classifier, int ifindex,
			    struct kcmap_map *map, uint32_t flags,
			    uint32_t default_verdict, uint32_t default_mark)
{
	struct kcmap_classify_attach arg = {
		.size = sizeof(arg),
		.flags = flags,
		.ifindex = ifindex,
		.map_fd = map->fd,
		.default_verdict = default_verdict,
		.default_mark = default_mark,
	};

	return kcmap_ioctl(classifier->fd, KCMAP_CLASSIFY_ATTACH, &arg);
}

int kcmap_classifier_detach(struct kcmap_classifier *classifier, int ifindex)
{
	struct kcmap_classify_detach arg = {
		.size = sizeof(arg),
		.ifindex = ifindex,
	};

	return kcmap_ioctl(classifier->fd, KCMAP_CLASSIFY_DETACH, &arg);
}

int kcmap_classifier_get_stats(struct kcmap_classifier *classifier, int ifindex,
			       struct kcmap_classify_stats *stats, size_t size)
{
	if (size < offsetof(struct kcmap_classify_stats, default_verdict) ||
	    size > UINT32_MAX)
		return -EINVAL;
	memset(stats, 0, size);
	stats->size = (__u32)size;
	stats->ifindex = ifindex;
	return kcmap_ioctl(classifier->fd, KCMAP_CLASSIFY_STATS, stats);
}

int kcmap_classifier_set(struct kcmap_classifier *classifier,
			 struct kcmap_map *map,
			 const struct kcmap_flow_key *key, uint32_t verdict,
			 uint32_t mark)
{
	struct kcmap_classify_set arg = {
		.size = sizeof(arg),
		.map_fd = map->fd,
		.verdict = verdict,
		.mark = mark,
		.key = *key,
	};

	return kcmap_ioctl(classifier->fd, KCMAP_CLASSIFY_SET, &arg);
}
