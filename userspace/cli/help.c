// SPDX-License-Identifier: MIT
/* help: all that is said comes from the tables that the tool works by. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void print_options(FILE *out, const struct option *option)
{
	char left[64], letter[8];

	for (; option && option->name; option++) {
		letter[0] = '\0';
		if (option->letter)
			snprintf(letter, sizeof(letter), "-%c, ",
				 option->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
			 option->arg ? " " : "",
			 option->arg ? option->arg : "");
		fprintf(out, "  %-26s %s\n", left, option->help);
	}
}

static void print_commands(FILE *out, const struct command *command)
{
	char left[64];

	for (; command->name; command++) {
		snprintf(left, sizeof(left), "%s %s", command->name,
			 command->args);
		fprintf(out, "  %-26s %s\n", left, command->help);
	}
}

static void print_overview(FILE *out)
{
	fputs("usage: kcmap [OPTIONS] COMMAND [ARGUMENTS]\n\n", out);
	fputs("Concurrent hash maps in the kernel.\n\ncommands:\n", out);
	print_commands(out, commands);
	fputs("\noptions:\n", out);
	print_options(out, global_options);
	fputs("\n'kcmap help COMMAND' says more, 'kcmap help types' lists the types.\n"
	      "exit status: 0 done, 1 no such key, 2 wrong usage, 3 failed\n",
	      out);
}

static void print_types(FILE *out)
{
	const struct type *const *table;
	const struct type *type;

	fputs("types for --key-type and --value-type:\n", out);
	for (table = type_tables; *table; table++)
		for (type = *table; type->name; type++)
			fprintf(out, "  %-7s %s\n", type->name, type->help);
	fputs("\nSeveral with commas between them are packed: u32,ipv4,hex:6. A type has to be\n"
	      "as long as the map's keys or values. Numbers are decimal, or hexadecimal with 0x.\n",
	      out);
}

static void print_command(FILE *out, const struct command *group,
			  const struct command *command)
{
	fprintf(out, "usage: kcmap %s%s%s%s%s [OPTIONS]\n\n%s\n",
		group ? group->name : "", group ? " " : "", command->name,
		command->args[0] ? " " : "", command->args, command->help);
	if (command->subcommands) {
		fputs("\ncommands:\n", out);
		print_commands(out, command->subcommands);
	}
	if (command->options) {
		fputs("\noptions:\n", out);
		print_options(out, command->options);
	}
}

/* Help is text; with -j it is a member of an object. */
static int show(const struct command *group, const struct command *command,
		bool types)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	out = open_memstream(&text, &size);
	if (!out)
		return failed("out of memory");
	if (types)
		print_types(out);
	else if (command)
		print_command(out, group, command);
	else
		print_overview(out);
	if (fclose(out)) {
		free(text);
		return failed("out of memory");
	}
	if (json_wanted) {
		json_object(&json, NULL);
		json_string(&json, "help", text);
		json_end(&json);
	} else {
		fputs(text, stdout);
	}
	free(text);
	return 0;
}

int help_command(const struct command *group, const struct command *command)
{
	return show(group, command, false);
}

int cmd_help(char **args, int nr_args)
{
	const struct command *group = NULL, *command = NULL;
	const struct command *table = commands;
	int i;

	if (nr_args == 1 && !strcmp(args[0], "types"))
		return show(NULL, NULL, true);
	for (i = 0; i < nr_args; i++) {
		group = command;
		command = table ? find_command(table, args[i]) : NULL;
		if (!command)
			return usage_error("no command '%s%s%s': see 'kcmap help'",
					   group ? group->name : "",
					   group ? " " : "", args[i]);
		table = command->subcommands;
	}
	return show(group, command, false);
}
