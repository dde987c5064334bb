// SPDX-License-Identifier: GPL-2.0-only
/*
 * One program for all targets: KCMAP_FUZZ=TARGET program [OPTIONS OF LIBFUZZER].
 *
 * "program list" prints the table, and "program seeds TARGET DIR" writes files to begin with.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

static const struct fuzz_target targets[] = {
	/* The header and what follows it are a hundredth of the file. */
	{ "saved", "lib/image_file.c",
	  "s/frame >= check->probe->nr_frames \\|\\| //", fuzz_saved,
	  fuzz_saved_seeds, 512 },
	{ "types", "cli/types_bytes.c", "s/if \\(n == size\\)/if (0)/",
	  fuzz_types, fuzz_types_seeds, 0 },
	{ "names", "cli/types_flow.c",
	  "s/if \\(strlen\\(text\\) >= sizeof\\(copy\\)\\)/if (0)/", fuzz_names,
	  fuzz_names_seeds, 0 },
	{ "arguments", "cli/options.c",
	  "s/else if \\(\\*\\*next\\)/else if (1)/", fuzz_arguments,
	  fuzz_arguments_seeds, 0 },
	{ "soaks", "cli/json_read.c",
	  "s/reader->depth == ARRAY_SIZE\\(reader->closers\\)/0/", fuzz_soaks,
	  fuzz_soaks_seeds, 0 },
};

static const struct fuzz_target *target;
static const char *seed_dir;
static unsigned int seed_number;

static const struct fuzz_target *find(const char *name)
{
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(targets); i++)
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	fprintf(stderr, "fuzz: no target %s\n", name ? name : "in KCMAP_FUZZ");
	exit(2);
}

static void write_seed(const void *bytes, size_t size)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/seed-%u", seed_dir, seed_number++);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
		perror(path);
		exit(2);
	}
	close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t i;

	if (*argc == 2 && !strcmp((*argv)[1], "list")) {
		for (i = 0; i < ARRAY_SIZE(targets); i++)
			printf("%s %s %s\n", targets[i].name, targets[i].file,
			       targets[i].without);
		exit(0);
	}
	if (*argc == 4 && !strcmp((*argv)[1], "seeds")) {
		seed_dir = (*argv)[3];
		find((*argv)[2])->seeds(write_seed);
		exit(0);
	}
	target = find(getenv("KCMAP_FUZZ"));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->one(data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	size_t header = target->header;

	if (!header || size <= header || seed % 2)
		return LLVMFuzzerMutate(data, size, max);
	/* What follows stays where it is. */
	LLVMFuzzerMutate(data, header, header);
	return size;
}
