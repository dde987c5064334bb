// SPDX-License-Identifier: MIT
/*
 * The command line. Options may stand anywhere before "--"; an operand may begin
 * with a minus and a digit, since keys and values can be negative numbers (which
 * is what getopt() does not allow).
 */
#include <string.h>

#include "cli.h"

const struct command *find_command(const struct command *table,
				   const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static const struct option *find_option(const struct option *table,
					const char *name, size_t length,
					char letter)
{
	for (; table && table->name; table++) {
		if (letter ? table->letter == letter :
			     strlen(table->name) == length &&
				     !memcmp(table->name, name, length))
			return table;
	}
	return NULL;
}

static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] && !(arg[1] >= '0' && arg[1] <= '9');
}

/* -jp: several letters, the last of which may take an argument. */
static int parse_letters(const char *letters, const struct option *own,
			 char ***next)
{
	const struct option *option;

	for (; *letters; letters++) {
		option = find_option(global_options, NULL, 0, *letters);
		if (!option)
			option = find_option(own, NULL, 0, *letters);
		if (!option)
			return usage_error("no option -%c: see 'kcmap help'",
					   *letters);
		if (!option->arg) {
			*option->flag = true;
			continue;
		}
		if (letters[1])
			*option->text = letters + 1;
		else if (**next)
			*option->text = *(*next)++;
		else
			return usage_error("option -%c needs %s", *letters,
					   option->arg);
		break;
	}
	return 0;
}

static int parse_long(const char *arg, const struct option *own, char ***next)
{
	const char *equals = strchr(arg, '=');
	size_t length = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct option *option;

	option = find_option(global_options, arg, length, 0);
	if (!option)
		option = find_option(own, arg, length, 0);
	if (!option)
		return usage_error("no option --%.*s here: see 'kcmap help'",
				   (int)length, arg);
	if (!option->arg) {
		if (equals)
			return usage_error("option --%s takes no argument",
					   option->name);
		*option->flag = true;
		return 0;
	}
	if (equals)
		*option->text = equals + 1;
	else if (**next)
		*option->text = *(*next)++;
	else
		return usage_error("option --%s needs %s", option->name,
				   option->arg);
	return 0;
}

static int take_operand(struct invocation *inv, char *arg)
{
	const struct command *table = commands;

	if (inv->command && !inv->command->subcommands) {
		inv->args[inv->nr_args++] = arg;
		return 0;
	}
	if (inv->command) {
		inv->group = inv->command;
		table = inv->command->subcommands;
	}
	inv->command = find_command(table, arg);
	if (inv->command)
		return 0;
	if (inv->group)
		return usage_error("no command '%s %s': see 'kcmap help %s'",
				   inv->group->name, arg, inv->group->name);
	return usage_error("no command '%s': see 'kcmap help'", arg);
}

/**
 * parse_command_line() - sort options from operands
 * @argv: of main(), without the name of the program; operands are moved to its
 *	beginning
 * @inv: result
 *
 * Return: 0 or an exit code.
 */
int parse_command_line(char **argv, struct invocation *inv)
{
	const struct option *own;
	bool only_operands = false;
	char **next = argv;
	char *arg;
	int ret;

	memset(inv, 0, sizeof(*inv));
	inv->args = argv;
	while ((arg = *next)) {
		next++;
		own = inv->command ? inv->command->options : NULL;
		if (only_operands || !is_option(arg)) {
			ret = take_operand(inv, arg);
		} else if (!strcmp(arg, "--")) {
			only_operands = true;
			ret = 0;
		} else if (arg[1] == '-') {
			ret = parse_long(arg + 2, own, &next);
		} else {
			ret = parse_letters(arg + 1, own, &next);
		}
		if (ret)
			return ret;
	}
	return 0;
}
