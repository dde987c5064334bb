// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the VM: replay each capture of a directory through a veth pair with
 * tcpreplay, and compare what the classifier has learned with PREFIX.flows, the
 * flows that tshark found on the host. See prepare for the format.
 *
 * Usage: replay DIRECTORY
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>

#include "classify_util.h"

#define FLOWS_MAX (1 << 20)
#define LINE_MAX_SIZE 160
#define SCAN_BATCH 256
/* Differences shown for a capture: enough to see what is wrong. */
#define DIFFERENCES_MAX 12

struct lines {
	char (*line)[LINE_MAX_SIZE];
	size_t count;
	size_t room;
};

static char *lines_add(struct lines *lines)
{
	if (lines->count == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 1024;
		lines->line = realloc(lines->line,
				      lines->room * sizeof(*lines->line));
		if (!lines->line)
			die("memory");
	}
	return lines->line[lines->count++];
}

static int lines_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void lines_sort(struct lines *lines)
{
	qsort(lines->line, lines->count, sizeof(*lines->line), lines_compare);
}

static void format_flow(char *line, const struct kcmap_flow_key *key,
			const struct kcmap_flow_value *value)
{
	bool ipv4 = key->family == AF_INET;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	inet_ntop(ipv4 ? AF_INET : AF_INET6, key->src + (ipv4 ? 12 : 0), src,
		  sizeof(src));
	inet_ntop(ipv4 ? AF_INET : AF_INET6, key->dst + (ipv4 ? 12 : 0), dst,
		  sizeof(dst));
	snprintf(line, LINE_MAX_SIZE, "%d %s %s %u %u %u %u %llu %llu",
		 ipv4 ? 4 : 6, src, dst, key->protocol, ntohs(key->sport),
		 ntohs(key->dport), key->flags, value->packets, value->bytes);
}

static void read_map(int map, struct lines *lines)
{
	static struct kcmap_flow_value values[SCAN_BATCH];
	static struct kcmap_flow_key keys[SCAN_BATCH];
	struct kcmap_scan scan = {
		.size = sizeof(scan),
		.keys = (uintptr_t)keys,
		.values = (uintptr_t)values,
		.capacity = SCAN_BATCH,
	};
	uint32_t i;

	do {
		scan.flags = 0;
		if (ioctl(map, KCMAP_MAP_SCAN, &scan))
			die("KCMAP_MAP_SCAN");
		for (i = 0; i < scan.count; i++)
			format_flow(lines_add(lines), &keys[i], &values[i]);
	} while (!(scan.flags & KCMAP_SCAN_END));
	lines_sort(lines);
}

static void read_expected(const char *path, struct lines *lines)
{
	char text[LINE_MAX_SIZE];
	FILE *file = fopen(path, "r");

	if (!file)
		die(path);
	while (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		memcpy(lines_add(lines), text, sizeof(text));
	}
	fclose(file);
	lines_sort(lines);
}

/* Lines that only one side has; returns how many. */
static size_t report(const struct lines *want, const struct lines *got)
{
	size_t i = 0, j = 0, differences = 0;
	int order;

	while (i < want->count || j < got->count) {
		if (i == want->count)
			order = 1;
		else if (j == got->count)
			order = -1;
		else
			order = strcmp(want->line[i], got->line[j]);
		if (!order) {
			i++;
			j++;
			continue;
		}
		if (++differences <= DIFFERENCES_MAX) {
			if (order < 0)
				tap_diag("tshark: %s", want->line[i]);
			else
				tap_diag("kcmap:  %s", got->line[j]);
		}
		if (order < 0)
			i++;
		else
			j++;
	}
	return differences;
}

/* Frames in a classic capture as prepare writes it. */
static uint64_t count_frames(const char *path)
{
	uint64_t frames = 0;
	uint32_t head[4];
	FILE *file = fopen(path, "rb");

	if (!file || fseek(file, 24, SEEK_SET))
		die(path);
	while (fread(head, sizeof(head), 1, file) == 1) {
		frames++;
		if (fseek(file, head[2], SEEK_CUR))
			die(path);
	}
	fclose(file);
	return frames;
}

/* Returns whether tcpreplay says that it went well; its words else. */
static bool replay(const struct pair *pair, const char *capture)
{
	char command[1024], text[256];
	FILE *output;
	bool good;

	enter(pair->tx_ns);
	snprintf(command, sizeof(command),
		 "tcpreplay -q -t -i tx0 '%s' >/tmp/tcpreplay 2>&1", capture);
	fflush(stdout);
	good = !system(command);
	enter(pair->rx_ns);
	output = fopen("/tmp/tcpreplay", "r");
	while (output && fgets(text, sizeof(text), output)) {
		unsigned long long failed;

		text[strcspn(text, "\n")] = '\0';
		if (sscanf(text, " Failed packets: %llu", &failed) == 1 &&
		    failed)
			good = false;
		if (!good)
			tap_diag("tcpreplay: %s", text);
	}
	if (output)
		fclose(output);
	return good;
}

static void test_capture(const struct pair *pair, int device,
			 const char *directory, const char *name)
{
	struct lines want = { 0 }, got = { 0 };
	struct kcmap_classify_stats stats;
	char capture[512], flows[512];
	int map = map_create(FLOWS_MAX);
	size_t differences;
	uint64_t frames;
	bool sent;

	snprintf(capture, sizeof(capture), "%s/%s.pcap", directory, name);
	snprintf(flows, sizeof(flows), "%s/%s.flows", directory, name);
	read_expected(flows, &want);
	frames = count_frames(capture);

	if (classify_attach(device, pair->rx, map, KCMAP_CLASSIFY_LEARN,
			    KCMAP_VERDICT_ACCEPT, 0))
		die("KCMAP_CLASSIFY_ATTACH");
	sent = !frames || replay(pair, capture);
	sent = classify_wait(device, pair->rx, frames, &stats) && sent;
	read_map(map, &got);
	differences = report(&want, &got);
	if (stats.packets != frames)
		tap_diag("%s: of %llu frames %llu got as far as the hook", name,
			 (unsigned long long)frames, stats.packets);

	tap_ok(sent && !differences && stats.learned == want.count,
	       "%s: %zu flows as tshark finds them", name, want.count);
	tap_diag("%s: seen %llu, in flows %llu, not IP %llu, malformed %llu",
		 name, stats.packets, stats.hits + stats.learned, stats.not_ip,
		 stats.malformed);
	if (classify_detach(device, pair->rx))
		die("KCMAP_CLASSIFY_DETACH");
	close(map);
	free(want.line);
	free(got.line);
}

static int is_flows(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".flows");
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	struct pair pair;
	int device, n, i;

	if (argc != 2) {
		fprintf(stderr, "Usage: replay DIRECTORY\n");
		return 2;
	}
	printf("TAP version 13\n");
	n = scandir(argv[1], &entries, is_flows, alphasort);
	if (n < 0)
		die(argv[1]);
	device = classify_open();
	pair_create(&pair);
	for (i = 0; i < n; i++) {
		*strrchr(entries[i]->d_name, '.') = '\0';
		test_capture(&pair, device, argv[1], entries[i]->d_name);
	}
	return tap_end();
}
