// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a packet to the key of its flow.
 *
 * Nothing in a packet is trusted: each header is read through
 * skb_header_pointer(), and only below an end that is the lesser of what the
 * frame has and what the IP header says.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/minmax.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "parse.h"

/* More of them in one packet are garbage, or an attempt to keep us busy. */
#define PARSE_LINK_HEADERS_MAX 8
#define PARSE_IPV6_HEADERS_MAX 32

/* The tag of provider bridges before 802.1ad settled on ETH_P_8021AD. */
#define PARSE_ETH_P_QINQ_OLD 0x9100

/* LLC with SNAP and the OUI that says: an Ethernet type follows (RFC 1042). */
struct parse_snap {
	u8 llc[3];
	u8 oui[3];
	__be16 type;
};

static const u8 parse_snap_rfc1042[] = { 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00 };

/* As skb_header_pointer(), and not beyond @end. */
static const void *parse_header(const struct sk_buff *skb, unsigned int offset,
				unsigned int length, unsigned int end,
				void *buffer)
{
	if (offset > end || length > end - offset)
		return NULL;
	return skb_header_pointer(skb, offset, length, buffer);
}

/*
 * Skip what is left of the link layer at skb->data: the core has taken the first
 * VLAN tag away, and no other.
 */
static int parse_link(const struct sk_buff *skb, unsigned int *offset,
		      __be16 *type)
{
	const struct parse_snap *snap;
	const struct vlan_hdr *vlan;
	struct parse_snap snap_copy;
	struct vlan_hdr vlan_copy;
	unsigned int i;

	*offset = 0;
	*type = skb->protocol;
	for (i = 0; i < PARSE_LINK_HEADERS_MAX; i++) {
		if (eth_type_vlan(*type) ||
		    *type == htons(PARSE_ETH_P_QINQ_OLD)) {
			vlan = parse_header(skb, *offset, sizeof(*vlan),
					    skb->len, &vlan_copy);
			if (!vlan)
				return -EBADMSG;
			*type = vlan->h_vlan_encapsulated_proto;
			*offset += sizeof(*vlan);
		} else if (*type == htons(ETH_P_802_2) ||
			   !eth_proto_is_802_3(*type)) {
			snap = parse_header(skb, *offset, sizeof(*snap),
					    skb->len, &snap_copy);
			if (!snap || memcmp(snap, parse_snap_rfc1042,
					    sizeof(parse_snap_rfc1042)))
				return -EPROTONOSUPPORT;
			*type = snap->type;
			*offset += sizeof(*snap);
		} else {
			return 0;
		}
	}
	return -EBADMSG;
}

/*
 * Bytes of a transport header without which a packet is truncated. Where they
 * are more than what the key takes, it is because tshark shows no ports below
 * that: whoever compares a capture that was cut short finds the same flows.
 */
static unsigned int parse_transport_min(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return 4;
	case IPPROTO_ICMP:
		return 6;
	case IPPROTO_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

/* Ports, or what takes their place, of the header at packet->transport. */
static int parse_ports(const struct sk_buff *skb, unsigned int end,
		       struct kcmap_packet *packet)
{
	struct kcmap_flow_key *key = &packet->key;
	unsigned int length = parse_transport_min(key->protocol);
	const u8 *header;
	u8 copy[8];

	if (!length)
		return 0;
	header = parse_header(skb, packet->transport, length, end, copy);
	if (!header)
		return -EBADMSG;
	if (key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6) {
		key->sport = htons(header[0]);
		key->dport = htons(header[1]);
	} else {
		memcpy(&key->sport, header, sizeof(key->sport));
		memcpy(&key->dport, header + sizeof(key->sport),
		       sizeof(key->dport));
	}
	return 0;
}

static int parse_ipv4(const struct sk_buff *skb, struct kcmap_packet *packet)
{
	struct kcmap_flow_key *key = &packet->key;
	unsigned int header, total, end;
	const struct iphdr *ip;
	struct iphdr ip_copy;

	ip = parse_header(skb, packet->network, sizeof(*ip), skb->len,
			  &ip_copy);
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return -EBADMSG;

	/* A total length of 0: a capture of what the card was to segment. */
	header = ip->ihl * 4;
	total = ntohs(ip->tot_len) ?: skb->len - packet->network;
	end = min(skb->len, packet->network + total);
	if (header > end - packet->network)
		return -EBADMSG;

	packet->transport = packet->network + header;
	key->family = AF_INET;
	key->protocol = ip->protocol;
	ipv6_addr_set_v4mapped(ip->saddr, (struct in6_addr *)key->src);
	ipv6_addr_set_v4mapped(ip->daddr, (struct in6_addr *)key->dst);
	if (ip->frag_off & htons(IP_OFFSET)) {
		key->flags = KCMAP_FLOW_FRAGMENT;
		return 0;
	}
	return parse_ports(skb, end, packet);
}

/*
 * Find the first header that is not an extension. The fragment header of a
 * fragment that is not the first ends the walk: what follows it is data.
 */
static int parse_ipv6_extensions(const struct sk_buff *skb, unsigned int end,
				 struct kcmap_packet *packet)
{
	struct kcmap_flow_key *key = &packet->key;
	const struct ipv6_opt_hdr *option;
	const struct frag_hdr *fragment;
	struct ipv6_opt_hdr option_copy;
	struct frag_hdr fragment_copy;
	unsigned int i;

	for (i = 0; i < PARSE_IPV6_HEADERS_MAX; i++) {
		switch (key->protocol) {
		case NEXTHDR_FRAGMENT:
			fragment = parse_header(skb, packet->transport,
						sizeof(*fragment), end,
						&fragment_copy);
			if (!fragment)
				return -EBADMSG;
			key->protocol = fragment->nexthdr;
			packet->transport += sizeof(*fragment);
			if (fragment->frag_off & htons(IP6_OFFSET)) {
				key->flags = KCMAP_FLOW_FRAGMENT;
				return 0;
			}
			break;
		case NEXTHDR_HOP:
		case NEXTHDR_ROUTING:
		case NEXTHDR_DEST:
		case NEXTHDR_AUTH:
			option = parse_header(skb, packet->transport,
					      sizeof(*option), end,
					      &option_copy);
			if (!option)
				return -EBADMSG;
			/*
			 * It may be cut short, which matters only where
			 * something is looked for behind it.
			 */
			packet->transport += key->protocol == NEXTHDR_AUTH ?
						     ipv6_authlen(option) :
						     ipv6_optlen(option);
			key->protocol = option->nexthdr;
			break;
		default:
			return 0;
		}
	}
	return -EBADMSG;
}

static int parse_ipv6(const struct sk_buff *skb, struct kcmap_packet *packet)
{
	struct kcmap_flow_key *key = &packet->key;
	const struct ipv6hdr *ip;
	struct ipv6hdr ip_copy;
	unsigned int end;
	int err;

	ip = parse_header(skb, packet->network, sizeof(*ip), skb->len,
			  &ip_copy);
	if (!ip || ip->version != 6)
		return -EBADMSG;

	/* What GRO has put together may be too long for the payload length. */
	packet->transport = packet->network + sizeof(*ip);
	end = skb->len;
	if (ip->payload_len || !skb_is_gso(skb))
		end = min(end, packet->transport + ntohs(ip->payload_len));

	key->family = AF_INET6;
	key->protocol = ip->nexthdr;
	memcpy(key->src, &ip->saddr, sizeof(key->src));
	memcpy(key->dst, &ip->daddr, sizeof(key->dst));
	err = parse_ipv6_extensions(skb, end, packet);
	if (err || key->flags & KCMAP_FLOW_FRAGMENT)
		return err;
	return parse_ports(skb, end, packet);
}

/**
 * kcmap_packet_parse() - find the flow that a packet belongs to
 * @skb: packet as an ingress hook sees it: skb->data behind the link-layer
 *	header, skb->protocol what is there
 * @packet: out: the flow; set only if 0 is returned
 *
 * The outermost IP header counts; nothing is reassembled. A packet that was cut
 * short has a flow as long as all that makes up the key is there.
 *
 * Context: any.
 * Return: 0; -EPROTONOSUPPORT: neither IPv4 nor IPv6; -EBADMSG: truncated or
 * garbage.
 */
int kcmap_packet_parse(const struct sk_buff *skb, struct kcmap_packet *packet)
{
	__be16 type;
	int err;

	memset(packet, 0, sizeof(*packet));
	err = parse_link(skb, &packet->network, &type);
	if (err)
		return err;
	if (type == htons(ETH_P_IP))
		return parse_ipv4(skb, packet);
	if (type == htons(ETH_P_IPV6))
		return parse_ipv6(skb, packet);
	return -EPROTONOSUPPORT;
}

/*
 * Bytes of headers that each segment of a GSO packet will have, from the IP
 * header on; 0: cannot be told.
 */
static unsigned int measure_headers(const struct sk_buff *skb,
				    const struct kcmap_packet *packet)
{
	unsigned int type = skb_shinfo(skb)->gso_type;
	unsigned int transport = packet->transport;
	const struct tcphdr *tcp;
	struct tcphdr tcp_copy;
	int inner;

	/* A tunnel: all up to the innermost transport header is repeated. */
	if (skb->encapsulation) {
		inner = skb_inner_transport_offset(skb);
		if (inner > 0)
			transport = max_t(unsigned int, transport, inner);
	}
	if (type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
		tcp = parse_header(skb, transport, sizeof(*tcp), skb->len,
				   &tcp_copy);
		if (!tcp)
			return 0;
		transport += tcp->doff * 4;
	} else if (type & SKB_GSO_UDP_L4) {
		transport += sizeof(struct udphdr);
	} else if (type & SKB_GSO_SCTP) {
		transport += sizeof(struct sctphdr);
	}
	return transport < skb->len ? transport - packet->network : 0;
}

/**
 * kcmap_packet_measure() - packets and bytes that a packet stands for
 * @skb: packet that kcmap_packet_parse() found a flow for
 * @packet: that flow
 * @segments: out: packets on the wire: 1, or the segments of a GSO packet
 * @bytes: out: bytes from the first of the IP header to the end of the frame,
 *	for a GSO packet of all segments with their headers
 *
 * Context: any.
 */
void kcmap_packet_measure(const struct sk_buff *skb,
			  const struct kcmap_packet *packet, u32 *segments,
			  u64 *bytes)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	unsigned int headers;

	*segments = 1;
	*bytes = skb->len - packet->network;
	if (!skb_is_gso(skb))
		return;
	headers = measure_headers(skb, packet);
	if (!headers)
		return;

	/* A guest or a packet socket may have left the number to us to find. */
	*segments = info->gso_segs;
	if (info->gso_size != GSO_BY_FRAGS &&
	    (!*segments || info->gso_type & SKB_GSO_DODGY))
		*segments = DIV_ROUND_UP(skb->len - packet->network - headers,
					 info->gso_size);
	*segments = max(*segments, 1U);
	*bytes += (u64)(*segments - 1) * headers;
}
