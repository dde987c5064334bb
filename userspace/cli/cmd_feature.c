// SPDX-License-Identifier: MIT
/* feature and version: what tool, library, module and kernel are and can do. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"

static const struct {
	const char *name;
	uint64_t bit;
} features[] = {
	{ "anon", KCMAP_FEATURE_ANON },
	{ "strided", KCMAP_FEATURE_STRIDED },
	{ "hash_fast", KCMAP_FEATURE_HASH_FAST },
	{ "snapshot", KCMAP_FEATURE_SNAPSHOT },
	{ "view", KCMAP_FEATURE_VIEW },
};

static const struct {
	const char *name;
	unsigned int opcode;
} opcodes[] = {
	{ "lookup", KCMAP_OP_LOOKUP },
	{ "insert", KCMAP_OP_INSERT },
	{ "update", KCMAP_OP_UPDATE },
	{ "upsert", KCMAP_OP_UPSERT },
	{ "delete", KCMAP_OP_DELETE },
	{ "lookup_and_delete", KCMAP_OP_LOOKUP_AND_DELETE },
	{ "lookup_or_insert", KCMAP_OP_LOOKUP_OR_INSERT },
	{ "cmpxchg", KCMAP_OP_CMPXCHG },
	{ "delete_if", KCMAP_OP_DELETE_IF },
	{ "fetch_add", KCMAP_OP_FETCH_ADD },
	{ "transition", KCMAP_OP_TRANSITION },
	{ "swap_value", KCMAP_OP_SWAP_VALUE },
};

/* Unlike other commands these two go on without a module: its absence is news. */
static int get_info(struct kcmap_ctl_info *info)
{
	struct kcmap_ctl *ctl;
	int ret;

	ret = kcmap_ctl_open(&ctl);
	if (ret)
		return ret;
	ret = kcmap_ctl_get_info(ctl, info, sizeof(*info));
	kcmap_ctl_close(ctl);
	/* The module's string need not end within the field. */
	info->version[sizeof(info->version) - 1] = '\0';
	return ret;
}

static const char *why_not(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return "not loaded: modprobe kcmap";
	case -EACCES:
	case -EPERM:
		return "permission denied: only root may ask, or see kcmap(4)";
	default:
		return strerror(-err);
	}
}

static void print_has(const char *kind, const char *name, bool has)
{
	if (json_wanted)
		json_bool(&json, name, has);
	else
		printf("%s %s: %s\n", kind, name, has ? "yes" : "no");
}

static void print_number(const char *name, uint64_t number)
{
	if (json_wanted)
		json_u64(&json, name, number);
	else
		printf("%s: %ju\n", name, number);
}

static void print_text(const char *name, const char *text)
{
	if (json_wanted)
		json_string(&json, name, text);
	else
		printf("%s: %s\n", name, text);
}

static void print_module(const struct kcmap_ctl_info *info)
{
	size_t i;

	print_number("abi_version", info->abi_version);
	print_number("maps", info->maps);
	print_number("maps_max", info->maps_max);
	print_number("entries_max", info->entries_max);
	print_number("key_size_max", info->key_size_max);
	print_number("value_size_max", info->value_size_max);
	print_number("submit_max", info->submit_max);
	if (json_wanted)
		json_object(&json, "features");
	for (i = 0; i < ARRAY_SIZE(features); i++)
		print_has("feature", features[i].name,
			  info->features & features[i].bit);
	if (json_wanted) {
		json_end(&json);
		json_object(&json, "opcodes");
	}
	for (i = 0; i < ARRAY_SIZE(opcodes); i++)
		print_has("opcode", opcodes[i].name,
			  info->opcodes >> opcodes[i].opcode & 1);
	if (json_wanted)
		json_end(&json);
}

static void print_module_version(const struct kcmap_ctl_info *info, int err)
{
	if (!err)
		print_text("module", (const char *)info->version);
	else if (json_wanted)
		json_null(&json, "module");
	else
		print_text("module", why_not(err));
	if (err && json_wanted)
		json_string(&json, "module_missing", why_not(err));
}

int cmd_feature(char **args, int nr_args)
{
	struct kcmap_ctl_info info = { 0 };
	struct utsname uts;
	int err;

	(void)args;
	(void)nr_args;
	err = get_info(&info);
	if (json_wanted)
		json_object(&json, NULL);
	if (!uname(&uts))
		print_text("kernel", uts.release);
	print_module_version(&info, err);
	if (!err)
		print_module(&info);
	print_has("module", "classify", !access(KCMAP_DEV_CLASSIFY, F_OK));
	if (json_wanted)
		json_end(&json);
	return 0;
}

int cmd_version(char **args, int nr_args)
{
	struct kcmap_ctl_info info = { 0 };
	int err;

	(void)args;
	(void)nr_args;
	err = get_info(&info);
	if (json_wanted)
		json_object(&json, NULL);
	print_text("kcmap", KCMAP_VERSION);
	print_text("libkcmap", kcmap_lib_version());
	print_module_version(&info, err);
	if (json_wanted)
		json_end(&json);
	return 0;
}
