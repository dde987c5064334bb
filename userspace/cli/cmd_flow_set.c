// SPDX-License-Identifier: MIT
/* classify set: insert a flow, or change the verdict of one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "classify.h"

int classify_set(char **args, int nr_args)
{
	struct kcmap_classifier *classifier = NULL;
	struct kcmap_map *map = NULL;
	struct kcmap_flow_key key;
	uint32_t verdict, mark;
	struct why why;
	int ret;

	(void)nr_args;
	if (parse_flow_key(args[1], &key, &why) ||
	    parse_verdict(args[2], &verdict, &mark, &why))
		return usage_error("%s", why.text);
	ret = open_classifier(&classifier);
	if (ret)
		return ret;
	ret = open_map(args[0], O_RDWR, &map);
	if (!ret)
		ret = check_flow_map(map, args[0]);
	if (ret)
		goto out;
	/* Not an update, which would also replace the counters. */
	ret = kcmap_classifier_set(classifier, map, &key, verdict, mark);
	if (ret)
		ret = map_failed(map, args[0], "set a flow of", ret);
out:
	kcmap_map_close(map);
	kcmap_classifier_close(classifier);
	return ret;
}
