// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcmap_classify on many CPUs: no packet and no byte is lost, while all of them
 * learn, count and have the verdict changed of the same few flows.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>

#include "classify_util.h"

#define ROUNDS 30
#define FRAMES 400 /* of each sender in a round */
#define SENDERS_MAX 64
#define HOT_FLOWS 4

struct sender {
	pthread_t thread;
	int socket;
	unsigned int number;
};

static struct sender senders[SENDERS_MAX];
static unsigned int nr_senders;
static pthread_barrier_t begin, end;
static int device, map;
static bool done;

static uint16_t hot_port(unsigned int flow)
{
	return 100 + flow;
}

static uint16_t own_port(unsigned int sender)
{
	return 1000 + sender;
}

static struct kcmap_flow_key flow_key(uint16_t port)
{
	return (struct kcmap_flow_key){
		.src = { [10] = 0xff, [11] = 0xff, [12] = 192, [15] = 1 },
		.dst = { [10] = 0xff, [11] = 0xff, [12] = 192, [15] = 2 },
		.sport = htons(port),
		.dport = htons(9),
		.protocol = IPPROTO_UDP,
		.family = AF_INET,
	};
}

/* UDP over IPv4, as flow_key() says; the length is the frame's. */
static void make_frame(uint8_t *frame, size_t length, uint16_t port)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 0, 1,  2,  0, 0, 0,	  0, 2, 8, 0,	69, 0, 0,
		0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 0, 1, 192, 0,  0, 2,
	};

	memset(frame, 0, length);
	memcpy(frame, head, sizeof(head));
	frame[17] = length - 14;
	frame[34] = port >> 8;
	frame[35] = port;
	frame[37] = 9;
}

/* Hot flows and one of its own by turns; each has a length of its own. */
static void *send_frames(void *arg)
{
	struct sender *sender = arg;
	unsigned int i, round;
	uint8_t frame[200];
	size_t length;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sender->number % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&begin);
		for (i = 0; i < FRAMES; i++) {
			if (i % 2) {
				length = 100;
				make_frame(frame, length,
					   own_port(sender->number));
			} else {
				length = 60 + i / 2 % HOT_FLOWS;
				make_frame(frame, length,
					   hot_port(i / 2 % HOT_FLOWS));
			}
			if (send(sender->socket, frame, length, 0) !=
			    (ssize_t)length)
				die("send");
		}
		pthread_barrier_wait(&end);
	}
	return NULL;
}

/* Changes verdicts all the time, which is not to cost a count. */
static void *set_verdicts(void *arg)
{
	uint32_t i;

	for (i = 0; !__atomic_load_n(&done, __ATOMIC_RELAXED); i++) {
		struct kcmap_flow_key key = flow_key(hot_port(i % HOT_FLOWS));

		if (classify_set(device, map, &key,
				 i % 3 ? KCMAP_VERDICT_DROP :
					 KCMAP_VERDICT_MARK,
				 i % 3 ? 0 : i))
			die("KCMAP_CLASSIFY_SET");
		if (i % 64 == 0)
			sched_yield();
	}
	return arg;
}

static bool check_flow(uint16_t port, uint64_t packets, uint64_t length)
{
	struct kcmap_flow_key key = flow_key(port);
	struct kcmap_flow_value value = { 0 };

	if (!map_lookup(map, &key, &value) && value.packets == packets &&
	    value.bytes == packets * length)
		return true;
	tap_diag("port %u: packets %llu bytes %llu, want %llu and %llu", port,
		 value.packets, value.bytes, (unsigned long long)packets,
		 (unsigned long long)(packets * length));
	return false;
}

static void run_rounds(const struct pair *pair, bool change)
{
	uint64_t frames = (uint64_t)nr_senders * FRAMES;
	uint64_t flows = nr_senders + HOT_FLOWS;
	bool seen = true, exact = true, learned = true, sums = true;
	struct kcmap_classify_stats stats;
	unsigned int round, i;
	pthread_t changer;

	pthread_barrier_init(&begin, NULL, nr_senders + 1);
	pthread_barrier_init(&end, NULL, nr_senders + 1);
	for (i = 0; i < nr_senders; i++)
		if (pthread_create(&senders[i].thread, NULL, send_frames,
				   &senders[i]))
			die("pthread_create");
	done = false;
	for (round = 0; round < ROUNDS; round++) {
		map_clear(map);
		if (classify_attach(device, pair->rx, map, KCMAP_CLASSIFY_LEARN,
				    KCMAP_VERDICT_ACCEPT, 0))
			die("KCMAP_CLASSIFY_ATTACH");
		if (change && !round &&
		    pthread_create(&changer, NULL, set_verdicts, NULL))
			die("pthread_create");
		pthread_barrier_wait(&begin);
		pthread_barrier_wait(&end);
		seen &= classify_wait(device, pair->rx, frames, &stats);
		for (i = 0; i < HOT_FLOWS; i++)
			exact &= check_flow(hot_port(i), frames / 2 / HOT_FLOWS,
					    60 + i - 14);
		for (i = 0; i < nr_senders; i++)
			exact &= check_flow(own_port(i), FRAMES / 2, 100 - 14);
		sums &= stats.hits + stats.misses == frames &&
			stats.accepted + stats.dropped + stats.marked ==
				frames &&
			!stats.learn_full && !stats.learn_failed;
		/* Those of the changer are in the map without being learned. */
		learned &= stats.learned == stats.misses &&
			   (change ? stats.learned <= flows :
				     stats.learned == flows) &&
			   map_entries(map) == flows;
		if (classify_detach(device, pair->rx))
			die("KCMAP_CLASSIFY_DETACH");
	}
	__atomic_store_n(&done, true, __ATOMIC_RELAXED);
	if (change)
		pthread_join(changer, NULL);
	for (i = 0; i < nr_senders; i++)
		pthread_join(senders[i].thread, NULL);

	tap_ok(seen, "%u senders%s: every packet is seen", nr_senders,
	       change ? ", verdicts change" : "");
	tap_ok(exact, "packets and bytes of each flow are exact");
	tap_ok(learned, "each flow is learned once");
	tap_ok(sums, "the counters of the attachment add up");
}

int main(void)
{
	struct pair pair;
	unsigned int i;

	printf("TAP version 13\n");
	device = classify_open();
	pair_create(&pair);
	map = map_create(1000);
	nr_senders = 2 * sysconf(_SC_NPROCESSORS_ONLN);
	if (nr_senders > SENDERS_MAX)
		nr_senders = SENDERS_MAX;
	for (i = 0; i < nr_senders; i++) {
		senders[i].number = i;
		senders[i].socket = pair_socket(&pair);
	}
	run_rounds(&pair, false);
	run_rounds(&pair, true);
	return tap_end();
}
