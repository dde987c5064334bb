/* SPDX-License-Identifier: MIT */
/* What the classify commands share. */
#ifndef KCMAP_CLI_CLASSIFY_H
#define KCMAP_CLI_CLASSIFY_H

#include "cli.h"

extern const struct option flows_options[];

int classify_flows(char **args, int nr_args);
int classify_set(char **args, int nr_args);
int check_flow_map(struct kcmap_map *map, const char *name);

#endif /* KCMAP_CLI_CLASSIFY_H */
