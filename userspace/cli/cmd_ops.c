// SPDX-License-Identifier: MIT
/* lookup insert update upsert delete take: one operation on one key. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "snapshots.h"

/**
 * struct request - an operation on its way
 * @map: open
 * @name: of the map
 * @format: of its entries
 * @key_text: as the user gave it
 * @key: parsed
 * @value: parsed, or found
 */
struct request {
	struct kcmap_map *map;
	const char *name;
	const char *key_text;
	struct entry_format format;
	unsigned char key[KCMAP_KEY_SIZE_MAX];
	unsigned char value[KCMAP_VALUE_SIZE_MAX];
};

static int parse_part(const struct format *format, const char *what,
		      const char *text, void *out)
{
	struct why why;

	if (format_parse(format, text, out, &why))
		return usage_error("%s %s", what, why.text);
	return 0;
}

/* What is wanted of a map or snapshot with keys and values of these sizes. */
static int request_key(struct request *req, uint32_t key_size,
		       uint32_t value_size)
{
	int ret;

	/* A module newer than the tool could have larger ones. */
	if (key_size > sizeof(req->key) || value_size > sizeof(req->value))
		return failed("map %s has larger entries than this version of kcmap knows",
			      req->name);
	ret = entry_format_init(&req->format, key_size, value_size);
	if (ret)
		return ret;
	return parse_part(&req->format.key, "key", req->key_text, req->key);
}

/* Opens the map and reads key and value; on failure nothing is left open. */
static int request_init(struct request *req, char **args, int flags)
{
	int ret;

	memset(req, 0, sizeof(*req));
	req->name = args[0];
	req->key_text = args[1];
	ret = open_map(req->name, flags, &req->map);
	if (ret)
		return ret;
	ret = request_key(req, kcmap_map_key_size(req->map),
			  kcmap_map_value_size(req->map));
	if (ret)
		kcmap_map_close(req->map);
	return ret;
}

static int request_value(struct request *req, char **args, int nr_args)
{
	const char *text = nr_args > 2 ? args[2] : NULL;

	if (!req->format.value_size && !text)
		return 0;
	if (!req->format.value_size)
		return usage_error("map %s has no values: give the key alone",
				   req->name);
	if (!text)
		return usage_error("map %s has values of %u bytes: give one after the key",
				   req->name, req->format.value_size);
	return parse_part(&req->format.value, "value", text, req->value);
}

static int not_there(const struct request *req)
{
	return absent("no key %s in map %s", req->key_text, req->name);
}

static void print_found(const struct request *req)
{
	if (json_wanted) {
		entry_json(&req->format, req->key,
			   req->format.value_size ? req->value : NULL);
	} else if (req->format.value_size) {
		format_print(&req->format.value, stdout, req->value);
		putchar('\n');
	}
}

static int lookup_saved(char **args)
{
	struct request req = { .name = args[0], .key_text = args[1] };
	struct kcmap_map_snapshot *snapshot;
	struct kcmap_snapshot_info info;
	int ret;

	ret = load_snapshot(req.name, &snapshot);
	if (ret)
		return ret;
	snapshot_info(snapshot, &info);
	ret = request_key(&req, info.key_size, info.value_size);
	if (ret)
		goto out;
	ret = kcmap_snapshot_lookup(snapshot, req.key, req.value);
	if (!ret)
		print_found(&req);
	else if (ret == -ENOENT)
		ret = absent("no key %s in snapshot %s", req.key_text,
			     req.name);
	else
		ret = failed("cannot look a key up in %s: %s", req.name,
			     strerror(-ret));
out:
	kcmap_snapshot_close(snapshot);
	return ret;
}

int cmd_lookup(char **args, int nr_args)
{
	struct request req;
	int ret;

	(void)nr_args;
	if (is_saved(args[0]))
		return lookup_saved(args);
	ret = request_init(&req, args, O_RDONLY);
	if (ret)
		return ret;
	ret = kcmap_map_lookup(req.map, req.key, req.value);
	if (!ret)
		print_found(&req);
	else if (ret == -ENOENT)
		ret = not_there(&req);
	else
		ret = map_failed(req.map, req.name, "look a key up in", ret);
	kcmap_map_close(req.map);
	return ret;
}

static int do_store(char **args, int nr_args,
		    int (*op)(struct kcmap_map *map, const void *key,
			      const void *value))
{
	struct request req;
	int ret;

	ret = request_init(&req, args, O_RDWR);
	if (ret)
		return ret;
	ret = request_value(&req, args, nr_args);
	if (ret)
		goto out;
	ret = op(req.map, req.key, req.value);
	if (ret == -ENOENT)
		ret = not_there(&req);
	else if (ret == -EEXIST)
		ret = failed("key %s is in map %s already: update or upsert replaces its value",
			     req.key_text, req.name);
	else if (ret)
		ret = map_failed(req.map, req.name, "store an entry in", ret);
out:
	kcmap_map_close(req.map);
	return ret;
}

int cmd_insert(char **args, int nr_args)
{
	return do_store(args, nr_args, kcmap_map_insert);
}

int cmd_update(char **args, int nr_args)
{
	return do_store(args, nr_args, kcmap_map_update);
}

int cmd_upsert(char **args, int nr_args)
{
	return do_store(args, nr_args, kcmap_map_upsert);
}

int cmd_delete(char **args, int nr_args)
{
	struct request req;
	int ret;

	(void)nr_args;
	ret = request_init(&req, args, O_RDWR);
	if (ret)
		return ret;
	ret = kcmap_map_delete(req.map, req.key);
	if (ret == -ENOENT)
		ret = not_there(&req);
	else if (ret)
		ret = map_failed(req.map, req.name, "delete a key of", ret);
	kcmap_map_close(req.map);
	return ret;
}

int cmd_take(char **args, int nr_args)
{
	struct request req;
	int ret;

	(void)nr_args;
	ret = request_init(&req, args, O_RDWR);
	if (ret)
		return ret;
	ret = kcmap_map_take(req.map, req.key, req.value);
	if (!ret)
		print_found(&req);
	else if (ret == KCMAP_STATUS_RESULT_LOST)
		ret = failed("key %s was deleted from map %s, but its value was lost on the way",
			     req.key_text, req.name);
	else if (ret == -ENOENT)
		ret = not_there(&req);
	else
		ret = map_failed(req.map, req.name, "take a key from", ret);
	kcmap_map_close(req.map);
	return ret;
}
