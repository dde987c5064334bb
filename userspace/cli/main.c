// SPDX-License-Identifier: MIT
/* kcmap: the tool. */
#include <string.h>

#include "cli.h"

int main(int argc, char **argv)
{
	int i, status;

	/* Errors of the command line are to be JSON, too. */
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-j") || !strcmp(argv[i], "--json"))
			json_wanted = true;
	}
	output_begin();
	status = run_command_line(argc ? argv + 1 : argv);
	return output_end(status);
}
