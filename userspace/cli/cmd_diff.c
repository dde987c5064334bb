// SPDX-License-Identifier: MIT
/* diff: what changed from one snapshot to another. */
#include <errno.h>
#include <string.h>

#include "snapshots.h"

/**
 * struct comparison - two snapshots that are being compared
 * @format: of their entries
 * @other: in which the entries of the one are looked up
 * @forward: from the first to the second
 * @differ: whether they do
 * @err: negative errno of a look-up
 */
struct comparison {
	struct entry_format format;
	const struct kcmap_map_snapshot *other;
	bool forward;
	bool differ;
	int err;
};

static void json_value(const struct entry_format *format, const char *name,
		       const char *hex_name, const void *value)
{
	if (!value || !format->value_size)
		return;
	format_json(&format->value, &json, name, value);
	json_hex(&json, hex_name, value, format->value_size);
}

static void print_value(const struct entry_format *format, const void *value)
{
	if (!value || !format->value_size)
		return;
	putchar('\t');
	format_print(&format->value, stdout, value);
}

static void show(const struct comparison *comparison, char sign,
		 const char *change, const void *key, const void *before,
		 const void *after)
{
	const struct entry_format *format = &comparison->format;

	if (!json_wanted) {
		printf("%c ", sign);
		format_print(&format->key, stdout, key);
		print_value(format, before);
		print_value(format, after);
		putchar('\n');
		return;
	}
	json_object(&json, NULL);
	json_string(&json, "change", change);
	format_json(&format->key, &json, "key", key);
	json_hex(&json, "key_hex", key, format->key.size);
	json_value(format, "before", "before_hex", before);
	json_value(format, "after", "after_hex", after);
	json_end(&json);
}

static int compare(const void *key, const void *value, void *arg)
{
	unsigned char other[KCMAP_VALUE_SIZE_MAX];
	struct comparison *comparison = arg;
	uint32_t size = comparison->format.value_size;
	int rc;

	rc = kcmap_snapshot_lookup(comparison->other, key, other);
	if (rc && rc != -ENOENT) {
		comparison->err = rc;
		return 1;
	}
	if (rc && comparison->forward)
		show(comparison, '-', "removed", key, value, NULL);
	else if (rc)
		show(comparison, '+', "added", key, NULL, value);
	else if (comparison->forward && size && memcmp(value, other, size))
		show(comparison, '~', "changed", key, value, other);
	else
		return 0;
	comparison->differ = true;
	/* An error of the output is for output_end() to report. */
	return ferror(stdout);
}

static int compare_all(struct comparison *comparison,
		       const struct kcmap_map_snapshot *a,
		       const struct kcmap_map_snapshot *b)
{
	comparison->other = b;
	comparison->forward = true;
	if (!kcmap_snapshot_for_each(a, compare, comparison)) {
		comparison->other = a;
		comparison->forward = false;
		kcmap_snapshot_for_each(b, compare, comparison);
	}
	if (comparison->err)
		return failed("cannot compare: %s", strerror(-comparison->err));
	return comparison->differ ? EXIT_DIFFER : 0;
}

int cmd_diff(char **args, int nr_args)
{
	struct kcmap_map_snapshot *a = NULL, *b = NULL;
	struct comparison comparison = { 0 };
	struct kcmap_snapshot_info x, y;
	int ret;

	(void)nr_args;
	ret = open_snapshot(args[0], &a);
	if (!ret)
		ret = open_snapshot(args[1], &b);
	if (ret)
		goto out;
	snapshot_info(a, &x);
	snapshot_info(b, &y);
	if (x.key_size != y.key_size || x.value_size != y.value_size) {
		ret = failed("%s has keys of %u and values of %u bytes, %s of %u and %u",
			     args[0], x.key_size, x.value_size, args[1],
			     y.key_size, y.value_size);
		goto out;
	}
	ret = entry_format_init(&comparison.format, x.key_size, x.value_size);
	if (ret)
		goto out;
	if (json_wanted)
		json_array(&json, NULL);
	ret = compare_all(&comparison, a, b);
out:
	kcmap_snapshot_close(a);
	kcmap_snapshot_close(b);
	return ret;
}
