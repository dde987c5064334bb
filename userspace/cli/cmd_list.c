// SPDX-License-Identifier: MIT
/* list, show and stats: what there is to say about maps. */
#include <fcntl.h>
#include <string.h>

#include "cli.h"

static void json_info(const struct kcmap_map_info *info)
{
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", info->mode & 07777U);
	json_object(&json, NULL);
	json_string(&json, "name", (const char *)info->name);
	json_u64(&json, "id", info->id);
	json_u64(&json, "key_size", info->key_size);
	json_u64(&json, "value_size", info->value_size);
	json_u64(&json, "max_entries", info->max_entries);
	json_string(&json, "mode", mode);
	json_u64(&json, "uid", info->uid);
	json_u64(&json, "gid", info->gid);
	json_string(&json, "hash",
		    info->flags & KCMAP_F_HASH_FAST ? "fast" : "siphash");
	json_bool(&json, "mmap", !(info->flags & KCMAP_F_NO_MMAP));
	json_u64(&json, "slot_size", info->slot_size);
	json_u64(&json, "bucket_size", info->bucket_size);
	json_u64(&json, "bucket_slots", info->bucket_slots);
	json_u64(&json, "segment_buckets", info->segment_buckets);
	json_u64(&json, "segment_size", info->segment_size);
	json_u64(&json, "segments_max", info->segments_max);
	json_u64(&json, "snapshots_max", info->snapshots_max);
	json_u64(&json, "snapshot_bytes_max", info->snapshot_bytes_max);
	json_end(&json);
}

static void print_line(const struct kcmap_map_info *info)
{
	char user[32], group[32];

	printf("%-31s %4u %5u %11ju %04o %-8s %-8s %s\n",
	       (const char *)info->name, info->key_size, info->value_size,
	       (uint64_t)info->max_entries, info->mode & 07777U,
	       user_name(info->uid, user), group_name(info->gid, group),
	       info->flags & KCMAP_F_HASH_FAST ? "fast" : "siphash");
}

static void print_info(const struct kcmap_map_info *info)
{
	char user[32], group[32];

	printf("name             %s\n", (const char *)info->name);
	printf("id               %ju\n", (uint64_t)info->id);
	printf("key size         %u\n", info->key_size);
	printf("value size       %u\n", info->value_size);
	printf("max entries      %ju\n", (uint64_t)info->max_entries);
	printf("mode             %04o\n", info->mode & 07777U);
	printf("owner            %s\n", user_name(info->uid, user));
	printf("group            %s\n", group_name(info->gid, group));
	printf("hash             %s\n",
	       info->flags & KCMAP_F_HASH_FAST ? "fast" : "siphash");
	printf("mmap             %s\n",
	       info->flags & KCMAP_F_NO_MMAP ? "no" : "yes");
	printf("slot size        %u\n", info->slot_size);
	printf("bucket size      %u\n", info->bucket_size);
	printf("bucket slots     %u\n", info->bucket_slots);
	printf("segment buckets  %u\n", info->segment_buckets);
	printf("segment size     %u\n", info->segment_size);
	printf("segments max     %ju\n", (uint64_t)info->segments_max);
	printf("snapshots max    %ju, %ju bytes\n",
	       (uint64_t)info->snapshots_max,
	       (uint64_t)info->snapshot_bytes_max);
}

int cmd_list(char **args, int nr_args)
{
	struct kcmap_map_list *list = NULL;
	struct kcmap_map_info info;
	struct kcmap_ctl *ctl;
	int ret;

	(void)args;
	(void)nr_args;
	ret = open_ctl(&ctl);
	if (ret)
		return ret;
	if (json_wanted)
		json_array(&json, NULL);
	else
		printf("%-31s %4s %5s %11s %-4s %-8s %-8s %s\n", "NAME", "KEY",
		       "VALUE", "MAX-ENTRIES", "MODE", "OWNER", "GROUP",
		       "HASH");
	ret = kcmap_map_list_new(ctl, &list);
	if (!ret) {
		while ((ret = kcmap_map_list_next(list, &info, sizeof(info))) ==
		       1) {
			if (json_wanted)
				json_info(&info);
			else
				print_line(&info);
		}
	}
	if (ret)
		ret = failed("cannot list the maps: %s", strerror(-ret));
	kcmap_map_list_free(list);
	kcmap_ctl_close(ctl);
	return ret;
}

int cmd_show(char **args, int nr_args)
{
	struct kcmap_map_info info;
	struct kcmap_map *map;
	int ret;

	(void)nr_args;
	ret = open_map(args[0], O_RDONLY, &map);
	if (ret)
		return ret;
	ret = kcmap_map_get_info(map, &info, sizeof(info));
	if (ret)
		ret = map_failed(map, args[0], "ask about", ret);
	else if (json_wanted)
		json_info(&info);
	else
		print_info(&info);
	kcmap_map_close(map);
	return ret;
}

static const struct {
	const char *name;
	size_t offset;
} stats_members[] = {
	{ "entries", offsetof(struct kcmap_stats, entries) },
	{ "segments", offsetof(struct kcmap_stats, segments) },
	{ "overflow_segments",
	  offsetof(struct kcmap_stats, overflow_segments) },
	{ "memory", offsetof(struct kcmap_stats, memory) },
	{ "inserts", offsetof(struct kcmap_stats, inserts) },
	{ "updates", offsetof(struct kcmap_stats, updates) },
	{ "deletes", offsetof(struct kcmap_stats, deletes) },
	{ "clears", offsetof(struct kcmap_stats, clears) },
	{ "full", offsetof(struct kcmap_stats, full) },
	{ "nomem", offsetof(struct kcmap_stats, nomem) },
	{ "moves", offsetof(struct kcmap_stats, moves) },
	{ "read_retries", offsetof(struct kcmap_stats, read_retries) },
	{ "splits", offsetof(struct kcmap_stats, splits) },
	{ "merges", offsetof(struct kcmap_stats, merges) },
	{ "copies", offsetof(struct kcmap_stats, copies) },
	{ "snapshots", offsetof(struct kcmap_stats, snapshots) },
	{ "snapshot_bytes", offsetof(struct kcmap_stats, snapshot_bytes) },
};

int cmd_stats(char **args, int nr_args)
{
	struct kcmap_stats stats;
	struct kcmap_map *map;
	uint64_t number;
	size_t i;
	int ret;

	(void)nr_args;
	ret = open_map(args[0], O_RDONLY, &map);
	if (ret)
		return ret;
	ret = kcmap_map_get_stats(map, &stats, sizeof(stats));
	if (ret) {
		ret = map_failed(map, args[0], "ask about", ret);
		goto out;
	}
	if (json_wanted)
		json_object(&json, NULL);
	for (i = 0; i < ARRAY_SIZE(stats_members); i++) {
		memcpy(&number, (char *)&stats + stats_members[i].offset,
		       sizeof(number));
		if (json_wanted)
			json_u64(&json, stats_members[i].name, number);
		else
			printf("%-18s %ju\n", stats_members[i].name, number);
	}
	if (json_wanted)
		json_end(&json);
out:
	kcmap_map_close(map);
	return ret;
}
