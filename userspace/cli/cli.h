/* SPDX-License-Identifier: MIT */
/* What the commands of the tool share. */
#ifndef KCMAP_CLI_H
#define KCMAP_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <libkcmap.h>

#include "json.h"
#include "types.h"
#include "util.h"

/* Exit codes: scripts depend on them. */
enum {
	EXIT_OK = 0,
	EXIT_ABSENT = 1,
	EXIT_DIFFER = 1,
	EXIT_USAGE = 2,
	EXIT_FAILED = 3,
};

/**
 * struct option - one option of the tool or of a command
 * @name: without the dashes
 * @letter: one-letter form; 0: none
 * @arg: what its argument is called in the help; NULL: takes none
 * @help: one line
 * @text: where the argument goes
 * @flag: what to set if there is no argument
 */
struct option {
	const char *name;
	char letter;
	const char *arg;
	const char *help;
	const char **text;
	bool *flag;
};

/**
 * struct command - a command, or a group of them
 * @name: what the user types
 * @args: its operands in the help
 * @help: one line
 * @options: its own options, besides those of the tool
 * @subcommands: of a group
 * @min_args: fewest operands
 * @max_args: most
 * @run: returns the exit code
 */
struct command {
	const char *name;
	const char *args;
	const char *help;
	const struct option *options;
	const struct command *subcommands;
	int min_args;
	int max_args;
	int (*run)(char **args, int nr_args);
};

extern const struct command commands[];
extern const struct option global_options[];

int run_command_line(char **argv);

extern const struct option bench_options[];
extern const struct option create_options[];
extern const struct option reliability_options[];
extern const struct option scan_options[];
extern const struct option snapshot_options[];
extern const struct option top_options[];
extern const struct command classify_commands[];

int cmd_create(char **args, int nr_args);
int cmd_destroy(char **args, int nr_args);
int cmd_list(char **args, int nr_args);
int cmd_show(char **args, int nr_args);
int cmd_stats(char **args, int nr_args);
int cmd_lookup(char **args, int nr_args);
int cmd_insert(char **args, int nr_args);
int cmd_update(char **args, int nr_args);
int cmd_upsert(char **args, int nr_args);
int cmd_delete(char **args, int nr_args);
int cmd_take(char **args, int nr_args);
int cmd_scan(char **args, int nr_args);
int cmd_snapshot(char **args, int nr_args);
int cmd_diff(char **args, int nr_args);
int cmd_top(char **args, int nr_args);
int cmd_clear(char **args, int nr_args);
int cmd_bench(char **args, int nr_args);
int cmd_reliability(char **args, int nr_args);
int cmd_feature(char **args, int nr_args);
int cmd_version(char **args, int nr_args);
int cmd_help(char **args, int nr_args);
int help_command(const struct command *group, const struct command *command);

/* --- options.c --- */

struct invocation {
	const struct command *group;
	const struct command *command;
	char **args;
	int nr_args;
};

int parse_command_line(char **argv, struct invocation *inv);
const struct command *find_command(const struct command *table,
				   const char *name);

/* --- output.c --- */

extern bool json_wanted;
extern bool json_pretty;
extern struct json json;

extern const char *key_type;
extern const char *value_type;

PRINTF_LIKE(1, 2)
int usage_error(const char *fmt, ...);
PRINTF_LIKE(1, 2)
int absent(const char *fmt, ...);
PRINTF_LIKE(1, 2)
int failed(const char *fmt, ...);

void output_begin(void);
int output_end(int status);

/* --- open.c --- */

int bad_name(const char *name);
int ctl_denied(const char *doing);
int open_ctl(struct kcmap_ctl **ctl);
int open_map(const char *name, int flags, struct kcmap_map **map);
int open_classifier(struct kcmap_classifier **classifier);
int map_failed(struct kcmap_map *map, const char *name, const char *doing,
	       int err);

/* --- entry.c --- */

/**
 * struct entry_format - how the keys and values of a map are written
 * @key: format of the keys
 * @value: format of the values
 * @value_size: bytes; 0: there are no values
 */
struct entry_format {
	struct format key;
	struct format value;
	uint32_t value_size;
};

int entry_format_init(struct entry_format *format, uint32_t key_size,
		      uint32_t value_size);
void entry_print(const struct entry_format *format, const void *key,
		 const void *value);
void entry_json(const struct entry_format *format, const void *key,
		const void *value);

/* --- ids.c --- */

const char *user_name(uint32_t uid, char text[32]);
const char *group_name(uint32_t gid, char text[32]);

#endif /* KCMAP_CLI_H */
