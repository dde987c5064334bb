// SPDX-License-Identifier: MIT
/* The commands and the options of the tool, and how one is run. */
#include "cli.h"

static bool help_wanted;
static bool version_wanted;

const struct option global_options[] = {
	{ "json", 'j', NULL, "JSON on stdout, errors included", NULL,
	  &json_wanted },
	{ "pretty", 'p', NULL, "JSON with lines and indentation", NULL,
	  &json_pretty },
	{ "key-type", 0, "TYPE", "how keys are written (hex)", &key_type,
	  NULL },
	{ "value-type", 0, "TYPE", "how values are written (hex)", &value_type,
	  NULL },
	{ "version", 'V', NULL, "versions of tool, library and module", NULL,
	  &version_wanted },
	{ "help", 'h', NULL, "help for the tool or for a command", NULL,
	  &help_wanted },
	{ 0 },
};

const struct command commands[] = {
	{ "create", "NAME", "create a map", create_options, NULL, 1, 1,
	  cmd_create },
	{ "destroy", "NAME",
	  "take a map's name away; it goes with its last user", NULL, NULL, 1,
	  1, cmd_destroy },
	{ "list", "", "the maps", NULL, NULL, 0, 0, cmd_list },
	{ "show", "NAME", "what a map is", NULL, NULL, 1, 1, cmd_show },
	{ "lookup", "NAME KEY", "print the value of a key", NULL, NULL, 2, 2,
	  cmd_lookup },
	{ "insert", "NAME KEY [VALUE]", "store a key that is absent", NULL,
	  NULL, 2, 3, cmd_insert },
	{ "update", "NAME KEY [VALUE]", "replace the value of a key", NULL,
	  NULL, 2, 3, cmd_update },
	{ "upsert", "NAME KEY [VALUE]", "store a key, absent or not", NULL,
	  NULL, 2, 3, cmd_upsert },
	{ "delete", "NAME KEY", "delete a key", NULL, NULL, 2, 2, cmd_delete },
	{ "take", "NAME KEY", "delete a key and print its value, in one step",
	  NULL, NULL, 2, 2, cmd_take },
	{ "scan", "NAME", "print all entries: key, tab, value", scan_options,
	  NULL, 1, 1, cmd_scan },
	{ "snapshot", "NAME", "take a snapshot, and save it", snapshot_options,
	  NULL, 1, 1, cmd_snapshot },
	{ "diff", "FILE FILE", "what changed from one snapshot to another",
	  NULL, NULL, 2, 2, cmd_diff },
	{ "clear", "NAME", "delete all entries at one instant", NULL, NULL, 1,
	  1, cmd_clear },
	{ "stats", "NAME", "counters of a map", NULL, NULL, 1, 1, cmd_stats },
	{ "classify", "COMMAND", "packets looked up in a map", NULL,
	  classify_commands, 0, 0, NULL },
	{ "top", "NAME", "the flows that carry most, again and again",
	  top_options, NULL, 1, 1, cmd_top },
	{ "bench", "", "measure kcmap and the kernel's other hash tables here",
	  bench_options, NULL, 0, 0, cmd_bench },
	{ "reliability", "[FILE]",
	  "time between failures, from what soaks counted", reliability_options,
	  NULL, 0, 1, cmd_reliability },
	{ "feature", "", "what module and kernel can do", NULL, NULL, 0, 0,
	  cmd_feature },
	{ "version", "", "versions of tool, library and module", NULL, NULL, 0,
	  0, cmd_version },
	{ "help", "[COMMAND]", "help for the tool or for a command", NULL, NULL,
	  0, 2, cmd_help },
	{ 0 },
};

/**
 * run_command_line() - do what the user asks for
 * @argv: of main(), without the name of the program
 *
 * Return: exit code.
 */
int run_command_line(char **argv)
{
	const struct command *command;
	struct invocation inv;
	int ret;

	ret = parse_command_line(argv, &inv);
	/* -p asks for JSON just as -j does. */
	json_wanted |= json_pretty;
	output_begin();
	if (ret)
		return ret;
	command = inv.command;
	if (help_wanted)
		return help_command(inv.group, command);
	if (version_wanted)
		return cmd_version(NULL, 0);
	if (!command)
		return usage_error("which command? See 'kcmap help'");
	if (command->subcommands)
		return usage_error("which command of kcmap %s? See 'kcmap help %s'",
				   command->name, command->name);
	if (inv.nr_args < command->min_args || inv.nr_args > command->max_args)
		return usage_error("usage: kcmap %s%s%s%s%s [OPTIONS]",
				   inv.group ? inv.group->name : "",
				   inv.group ? " " : "", command->name,
				   command->args[0] ? " " : "", command->args);
	return command->run(inv.args, inv.nr_args);
}
