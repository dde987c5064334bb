/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a packet to the key of its flow. Knows nothing of maps and interfaces.
 */
#ifndef _KCMAP_CLASSIFY_PARSE_H
#define _KCMAP_CLASSIFY_PARSE_H

#include <linux/types.h>

#include <linux/kcmap_classify.h>

struct sk_buff;

/**
 * struct kcmap_packet - what the parser found
 * @key: key of the flow; no byte of it is left unset
 * @network: offset of the IP header from skb->data
 * @transport: offset of what follows the IP headers from skb->data
 */
struct kcmap_packet {
	struct kcmap_flow_key key;
	unsigned int network;
	unsigned int transport;
};

int kcmap_packet_parse(const struct sk_buff *skb, struct kcmap_packet *packet);
void kcmap_packet_measure(const struct sk_buff *skb,
			  const struct kcmap_packet *packet, u32 *segments,
			  u64 *bytes);

#endif /* _KCMAP_CLASSIFY_PARSE_H */
