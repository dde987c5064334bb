// SPDX-License-Identifier: MIT
/* classify attach, detach, stats: kcmap_classify on an interface. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>

#include "cli.h"
#include "classify.h"

static const char *map_text;
static const char *default_text;
static bool learn;

static const struct option attach_options[] = {
	{ "map", 0, "NAME", "map with the flows", &map_text, NULL },
	{ "learn", 0, NULL, "insert flows that the map does not have", NULL,
	  &learn },
	{ "default", 0, "VERDICT",
	  "for flows that the map does not have: accept (default), drop, mark:N",
	  &default_text, NULL },
	{ 0 },
};

static int find_device(const char *name, int *ifindex)
{
	*ifindex = (int)if_nametoindex(name);
	if (!*ifindex)
		return failed("no interface %s in this network namespace: see ip link",
			      name);
	return 0;
}

static int classifier_failed(const char *dev, const char *doing, int err)
{
	switch (err) {
	case -EPERM:
		return failed("cannot %s %s: that takes CAP_NET_ADMIN", doing,
			      dev);
	case -ENOENT:
		return failed("%s is not attached: see kcmap help classify",
			      dev);
	case -ENODEV:
		return failed("no interface %s in this network namespace: see ip link",
			      dev);
	case -EEXIST:
		return failed("%s is attached already: kcmap classify detach %s first",
			      dev, dev);
	default:
		return failed("cannot %s %s: %s", doing, dev, strerror(-err));
	}
}

/* Whether a map can hold flows. */
int check_flow_map(struct kcmap_map *map, const char *name)
{
	if (kcmap_map_key_size(map) == sizeof(struct kcmap_flow_key) &&
	    kcmap_map_value_size(map) == sizeof(struct kcmap_flow_value))
		return 0;
	return failed("map %s cannot hold flows: that takes --key-type 5tuple --value-type flow",
		      name);
}

static int classify_attach(char **args, int nr_args)
{
	uint32_t verdict = KCMAP_VERDICT_ACCEPT, mark = 0;
	struct kcmap_classifier *classifier = NULL;
	struct kcmap_map *map = NULL;
	struct why why;
	int ifindex, ret;

	(void)nr_args;
	if (!map_text)
		return usage_error("which map? Give --map NAME");
	if (default_text && parse_verdict(default_text, &verdict, &mark, &why))
		return usage_error("--default %s", why.text);
	ret = find_device(args[0], &ifindex);
	if (ret)
		return ret;
	ret = open_classifier(&classifier);
	if (ret)
		return ret;
	ret = open_map(map_text, O_RDWR, &map);
	if (!ret)
		ret = check_flow_map(map, map_text);
	if (ret)
		goto out;
	ret = kcmap_classifier_attach(classifier, ifindex, map,
				      learn ? KCMAP_CLASSIFY_LEARN : 0, verdict,
				      mark);
	if (ret)
		ret = classifier_failed(args[0], "attach", ret);
out:
	kcmap_map_close(map);
	kcmap_classifier_close(classifier);
	return ret;
}

static int classify_detach(char **args, int nr_args)
{
	struct kcmap_classifier *classifier;
	int ifindex, ret;

	(void)nr_args;
	ret = find_device(args[0], &ifindex);
	if (ret)
		return ret;
	ret = open_classifier(&classifier);
	if (ret)
		return ret;
	ret = kcmap_classifier_detach(classifier, ifindex);
	if (ret)
		ret = classifier_failed(args[0], "detach", ret);
	kcmap_classifier_close(classifier);
	return ret;
}

static const struct {
	const char *name;
	size_t offset;
} stats_members[] = {
	{ "map_id", offsetof(struct kcmap_classify_stats, map_id) },
	{ "packets", offsetof(struct kcmap_classify_stats, packets) },
	{ "hits", offsetof(struct kcmap_classify_stats, hits) },
	{ "misses", offsetof(struct kcmap_classify_stats, misses) },
	{ "learned", offsetof(struct kcmap_classify_stats, learned) },
	{ "learn_full", offsetof(struct kcmap_classify_stats, learn_full) },
	{ "learn_failed", offsetof(struct kcmap_classify_stats, learn_failed) },
	{ "not_ip", offsetof(struct kcmap_classify_stats, not_ip) },
	{ "malformed", offsetof(struct kcmap_classify_stats, malformed) },
	{ "accepted", offsetof(struct kcmap_classify_stats, accepted) },
	{ "dropped", offsetof(struct kcmap_classify_stats, dropped) },
	{ "marked", offsetof(struct kcmap_classify_stats, marked) },
};

static void show_stats(const char *dev,
		       const struct kcmap_classify_stats *stats)
{
	bool learning = stats->flags & KCMAP_CLASSIFY_LEARN;
	uint64_t number;
	size_t i;

	if (json_wanted) {
		json_object(&json, NULL);
		json_string(&json, "dev", dev);
		json_bool(&json, "learn", learning);
		if (verdict_name(stats->default_verdict))
			json_string(&json, "default_verdict",
				    verdict_name(stats->default_verdict));
		else
			json_u64(&json, "default_verdict",
				 stats->default_verdict);
		json_u64(&json, "default_mark", stats->default_mark);
	} else {
		printf("%-13s %s\n", "dev", dev);
		printf("%-13s %s\n", "learn", learning ? "yes" : "no");
		printf("%-13s ", "default");
		print_verdict(stdout, stats->default_verdict,
			      stats->default_mark);
		putchar('\n');
	}
	for (i = 0; i < ARRAY_SIZE(stats_members); i++) {
		memcpy(&number, (const char *)stats + stats_members[i].offset,
		       sizeof(number));
		if (json_wanted)
			json_u64(&json, stats_members[i].name, number);
		else
			printf("%-13s %ju\n", stats_members[i].name, number);
	}
	if (json_wanted)
		json_end(&json);
}

static int classify_stats(char **args, int nr_args)
{
	struct kcmap_classifier *classifier;
	struct kcmap_classify_stats stats;
	int ifindex, ret;

	(void)nr_args;
	ret = find_device(args[0], &ifindex);
	if (ret)
		return ret;
	ret = open_classifier(&classifier);
	if (ret)
		return ret;
	ret = kcmap_classifier_get_stats(classifier, ifindex, &stats,
					 sizeof(stats));
	if (ret)
		ret = classifier_failed(args[0], "ask about", ret);
	else
		show_stats(args[0], &stats);
	kcmap_classifier_close(classifier);
	return ret;
}

const struct command classify_commands[] = {
	{ "attach", "DEV --map NAME",
	  "look the packets that arrive on DEV up in a map", attach_options,
	  NULL, 1, 1, classify_attach },
	{ "detach", "DEV", "stop that", NULL, NULL, 1, 1, classify_detach },
	{ "stats", "DEV", "what the classifier saw on DEV", NULL, NULL, 1, 1,
	  classify_stats },
	{ "flows", "NAME", "table of the flows in a map", flows_options, NULL,
	  1, 1, classify_flows },
	{ "set", "NAME FLOW VERDICT",
	  "insert a flow, or change its verdict; counters stay", NULL, NULL, 3,
	  3, classify_set },
	{ 0 },
};
