// SPDX-License-Identifier: MIT
/*
 * The key and the value of kcmap_classify: 5tuple and flow.
 *
 *	tcp:192.0.2.1:80>192.0.2.2:1234
 *	udp:[2001:db8::1]:53>[2001:db8::2]:99
 *	icmp:192.0.2.1>192.0.2.2:8/0		type and code
 *	gre:192.0.2.1>192.0.2.2			47: instead of gre: as well
 *	udp:192.0.2.1>192.0.2.2,frag		a fragment that is not the first
 *	hex:...					what is none of these
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kcmap_classify.h>

#include "types.h"

#define FLOW_EXAMPLES \
	"expected for example tcp:192.0.2.1:80>192.0.2.2:1234, udp:[2001:db8::1]:53>[2001:db8::2]:99 or icmp:192.0.2.1>192.0.2.2:8/0"

/* Longest: two IPv6 addresses, or 80 hex digits; name, ports and flag. */
#define FLOW_TEXT_SIZE 160

static const struct {
	const char *name;
	unsigned char number;
} protocols[] = {
	{ "icmp", IPPROTO_ICMP }, { "igmp", IPPROTO_IGMP },
	{ "tcp", IPPROTO_TCP },	  { "udp", IPPROTO_UDP },
	{ "gre", IPPROTO_GRE },	  { "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },	  { "icmp6", IPPROTO_ICMPV6 },
	{ "ospf", 89 },		  { "sctp", IPPROTO_SCTP },
};

static const unsigned char v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_icmp(const struct kcmap_flow_key *key)
{
	return key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6;
}

/* Whether ports belong in the text even if they are 0. */
static bool has_ports(const struct kcmap_flow_key *key)
{
	if (key->flags & KCMAP_FLOW_FRAGMENT)
		return false;
	return key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP;
}

static int parse_protocol(const char *text, struct kcmap_flow_key *key)
{
	uint64_t number;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (!strcmp(text, protocols[i].name)) {
			key->protocol = protocols[i].number;
			return 0;
		}
	}
	if (parse_u64(text, 255, &number))
		return -1;
	key->protocol = (unsigned char)number;
	return 0;
}

/* ADDRESS or [ADDRESS], which is cut off; what follows it is returned. */
static char *parse_address(char *text, unsigned char *address,
			   unsigned char *family)
{
	char *end;
	char last;
	int ok;

	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end)
			return NULL;
		*end = '\0';
		*family = AF_INET6;
		if (inet_pton(AF_INET6, text + 1, address) != 1)
			return NULL;
		return end + 1;
	}
	end = text + strcspn(text, ":");
	last = *end;
	*end = '\0';
	*family = AF_INET;
	memcpy(address, v4_mapped, sizeof(v4_mapped));
	ok = inet_pton(AF_INET, text, address + sizeof(v4_mapped)) == 1;
	*end = last;
	return ok ? end : NULL;
}

static int parse_port(const char *text, __be16 *port)
{
	uint64_t number;

	if (parse_u64(text, 65535, &number))
		return -1;
	*port = htons((uint16_t)number);
	return 0;
}

/* What comes after the addresses: ":80" and ":1234", or "" and ":8/0". */
static int parse_ports(char *src, char *dst, struct kcmap_flow_key *key)
{
	char *slash;

	if (is_icmp(key) && !*src && *dst == ':') {
		slash = strchr(dst, '/');
		if (!slash)
			return -1;
		*slash = '\0';
		if (parse_port(dst + 1, &key->sport) ||
		    parse_port(slash + 1, &key->dport))
			return -1;
		if (ntohs(key->sport) > 255 || ntohs(key->dport) > 255)
			return -1;
		return 0;
	}
	if (!*src && !*dst) {
		if (has_ports(key) || (is_icmp(key) && !key->flags))
			return -1;
		return 0;
	}
	if (is_icmp(key) || *src != ':' || *dst != ':')
		return -1;
	if (parse_port(src + 1, &key->sport))
		return -1;
	return parse_port(dst + 1, &key->dport);
}

static int parse_flow_text(char *text, struct kcmap_flow_key *key)
{
	char *src, *dst, *src_end, *dst_end, *comma;
	unsigned char family;

	comma = strchr(text, ',');
	if (comma) {
		if (strcmp(comma, ",frag"))
			return -1;
		*comma = '\0';
		key->flags = KCMAP_FLOW_FRAGMENT;
	}
	src = strchr(text, ':');
	dst = strchr(text, '>');
	if (!src || !dst || dst < src)
		return -1;
	*src++ = '\0';
	*dst++ = '\0';
	if (parse_protocol(text, key))
		return -1;
	src_end = parse_address(src, key->src, &key->family);
	dst_end = parse_address(dst, key->dst, &family);
	if (!src_end || !dst_end || family != key->family)
		return -1;
	return parse_ports(src_end, dst_end, key);
}

/**
 * parse_flow_key() - the text of a 5tuple to the classifier's key
 * @text: see the top of this file
 * @key: result
 * @why: out: reason
 *
 * Return: 0 or -1.
 */
int parse_flow_key(const char *text, struct kcmap_flow_key *key,
		   struct why *why)
{
	char copy[FLOW_TEXT_SIZE];
	size_t i;
	int byte;

	memset(key, 0, sizeof(*key));
	if (strlen(text) >= sizeof(copy))
		return refuse(why, "'%.32s...' is not a 5tuple: " FLOW_EXAMPLES,
			      text);
	if (!strncmp(text, "hex:", 4) && strlen(text) == 4 + 2 * sizeof(*key)) {
		for (i = 0; i < sizeof(*key); i++) {
			byte = hex_byte(text + 4 + 2 * i);
			if (byte < 0)
				return refuse(why,
					      "'%s': '%.2s' is not two hex digits",
					      text, text + 4 + 2 * i);
			((unsigned char *)key)[i] = (unsigned char)byte;
		}
		return 0;
	}
	memcpy(copy, text, strlen(text) + 1);
	if (parse_flow_text(copy, key))
		return refuse(why, "'%s' is not a 5tuple: " FLOW_EXAMPLES,
			      text);
	return 0;
}

static const char *protocol_text(unsigned char protocol, char text[8])
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	snprintf(text, 8, "%u", protocol);
	return text;
}

static void address_text(const unsigned char *address, unsigned char family,
			 char text[INET6_ADDRSTRLEN])
{
	if (family == AF_INET)
		inet_ntop(AF_INET, address + sizeof(v4_mapped), text,
			  INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

/* Whether the text can say all that is in the key. */
static bool is_flow(const struct kcmap_flow_key *key)
{
	if (key->flags & ~KCMAP_FLOW_FRAGMENT || key->reserved)
		return false;
	if (is_icmp(key) &&
	    (ntohs(key->sport) > 255 || ntohs(key->dport) > 255))
		return false;
	if (key->family == AF_INET)
		return !memcmp(key->src, v4_mapped, sizeof(v4_mapped)) &&
		       !memcmp(key->dst, v4_mapped, sizeof(v4_mapped));
	return key->family == AF_INET6;
}

static void flow_text(const struct kcmap_flow_key *key,
		      char text[FLOW_TEXT_SIZE])
{
	const char *open = key->family == AF_INET6 ? "[" : "";
	const char *close = key->family == AF_INET6 ? "]" : "";
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char sport[8] = "", dport[16] = "", protocol[8];
	size_t i;

	if (!is_flow(key)) {
		memcpy(text, "hex:", 4);
		for (i = 0; i < sizeof(*key); i++)
			sprintf(text + 4 + 2 * i, "%02x",
				((const unsigned char *)key)[i]);
		return;
	}
	if (is_icmp(key)) {
		if (!key->flags || key->sport || key->dport)
			snprintf(dport, sizeof(dport), ":%u/%u",
				 ntohs(key->sport), ntohs(key->dport));
	} else if (has_ports(key) || key->sport || key->dport) {
		snprintf(sport, sizeof(sport), ":%u", ntohs(key->sport));
		snprintf(dport, sizeof(dport), ":%u", ntohs(key->dport));
	}
	address_text(key->src, key->family, src);
	address_text(key->dst, key->family, dst);
	snprintf(text, FLOW_TEXT_SIZE, "%s:%s%s%s%s>%s%s%s%s%s",
		 protocol_text(key->protocol, protocol), open, src, close,
		 sport, open, dst, close, dport, key->flags ? ",frag" : "");
}

void print_flow_key(FILE *out, const struct kcmap_flow_key *key)
{
	char text[FLOW_TEXT_SIZE];

	flow_text(key, text);
	fputs(text, out);
}

/* Members of an object that is open. */
void json_flow_key(struct json *json, const struct kcmap_flow_key *key)
{
	char text[FLOW_TEXT_SIZE];
	char address[INET6_ADDRSTRLEN];

	flow_text(key, text);
	json_string(json, "flow", text);
	if (!is_flow(key))
		return;
	json_u64(json, "family", key->family == AF_INET ? 4 : 6);
	json_string(json, "protocol", protocol_text(key->protocol, text));
	json_u64(json, "protocol_number", key->protocol);
	address_text(key->src, key->family, address);
	json_string(json, "src", address);
	address_text(key->dst, key->family, address);
	json_string(json, "dst", address);
	if (is_icmp(key)) {
		json_u64(json, "icmp_type", ntohs(key->sport));
		json_u64(json, "icmp_code", ntohs(key->dport));
	} else {
		json_u64(json, "sport", ntohs(key->sport));
		json_u64(json, "dport", ntohs(key->dport));
	}
	json_bool(json, "fragment", key->flags & KCMAP_FLOW_FRAGMENT);
}

static const char *const verdicts[] = {
	[KCMAP_VERDICT_ACCEPT] = "accept",
	[KCMAP_VERDICT_DROP] = "drop",
	[KCMAP_VERDICT_MARK] = "mark",
};

/* NULL: a number that is not a verdict. */
const char *verdict_name(uint32_t verdict)
{
	if (verdict >= ARRAY_SIZE(verdicts))
		return NULL;
	return verdicts[verdict];
}

static int parse_verdict_name(const char *text, uint32_t *verdict)
{
	uint64_t number;
	uint32_t i;

	for (i = 0; verdict_name(i); i++) {
		if (!strcmp(text, verdict_name(i))) {
			*verdict = i;
			return 0;
		}
	}
	if (parse_u64(text, UINT32_MAX, &number))
		return -1;
	*verdict = (uint32_t)number;
	return 0;
}

/**
 * parse_verdict() - accept, drop or mark:N
 * @text: from the user
 * @verdict: enum kcmap_verdict
 * @mark: the mark; 0 unless mark:N
 * @why: out: reason
 *
 * Return: 0 or -1.
 */
int parse_verdict(const char *text, uint32_t *verdict, uint32_t *mark,
		  struct why *why)
{
	uint64_t number = 0;

	if (!strcmp(text, "accept"))
		*verdict = KCMAP_VERDICT_ACCEPT;
	else if (!strcmp(text, "drop"))
		*verdict = KCMAP_VERDICT_DROP;
	else if (!strncmp(text, "mark:", 5) &&
		 !parse_u64(text + 5, UINT32_MAX, &number))
		*verdict = KCMAP_VERDICT_MARK;
	else
		return refuse(why,
			      "'%s' is not a verdict: expected accept, drop or mark:N",
			      text);
	*mark = (uint32_t)number;
	return 0;
}

void print_verdict(FILE *out, uint32_t verdict, uint32_t mark)
{
	if (verdict == KCMAP_VERDICT_MARK)
		fprintf(out, "mark:%u", mark);
	else if (verdict_name(verdict))
		fputs(verdict_name(verdict), out);
	else
		fprintf(out, "%u", verdict);
}

/* Members of an object that is open. */
void json_flow_value(struct json *json, const struct kcmap_flow_value *value)
{
	if (verdict_name(value->verdict))
		json_string(json, "verdict", verdict_name(value->verdict));
	else
		json_u64(json, "verdict", value->verdict);
	json_u64(json, "mark", value->mark);
	json_u64(json, "packets", value->packets);
	json_u64(json, "bytes", value->bytes);
	json_u64(json, "last_seen_ns", value->last_seen_ns);
}

static int parse_5tuple(const struct type *type, const char *text, void *out,
			size_t size, struct why *why)
{
	struct kcmap_flow_key key;

	(void)type;
	if (parse_flow_key(text, &key, why))
		return -1;
	memcpy(out, &key, size);
	return 0;
}

static void print_5tuple(const struct type *type, FILE *out, const void *in,
			 size_t size, char sep)
{
	struct kcmap_flow_key key;

	(void)type;
	(void)sep;
	memcpy(&key, in, size);
	print_flow_key(out, &key);
}

static void json_5tuple(const struct type *type, struct json *json,
			const char *name, const void *in, size_t size)
{
	struct kcmap_flow_key key;

	(void)type;
	memcpy(&key, in, size);
	json_object(json, name);
	json_flow_key(json, &key);
	json_end(json);
}

/* NAME=NUMBER: 1 if it is this one, 0 if it is another, -1 if it is bad. */
static int field_u64(const char *field, const char *name, uint64_t max,
		     uint64_t *number)
{
	size_t n = strlen(name);

	if (strncmp(field, name, n) || field[n] != '=')
		return 0;
	return parse_u64(field + n + 1, max, number) ? -1 : 1;
}

static int parse_flow_field(const char *field, struct kcmap_flow_value *value)
{
	uint64_t mark = value->mark, packets = value->packets;
	uint64_t bytes = value->bytes, last_seen = value->last_seen_ns;
	struct why why;
	int ret;

	if (!parse_verdict(field, &value->verdict, &value->mark, &why))
		return 0;
	if (!strncmp(field, "verdict=", 8))
		return parse_verdict_name(field + 8, &value->verdict);
	ret = field_u64(field, "mark", UINT32_MAX, &mark);
	if (!ret)
		ret = field_u64(field, "packets", UINT64_MAX, &packets);
	if (!ret)
		ret = field_u64(field, "bytes", UINT64_MAX, &bytes);
	if (!ret)
		ret = field_u64(field, "last_seen_ns", UINT64_MAX, &last_seen);
	if (ret <= 0)
		return -1;
	value->mark = (uint32_t)mark;
	value->packets = packets;
	value->bytes = bytes;
	value->last_seen_ns = last_seen;
	return 0;
}

static int parse_flow(const struct type *type, const char *text, void *out,
		      size_t size, struct why *why)
{
	struct kcmap_flow_value value = { 0 };
	char *copy, *rest, *field;
	int ret = 0;

	(void)type;
	copy = strdup(text);
	if (!copy)
		return refuse(why, "out of memory");
	rest = copy;
	while (!ret && (field = strsep(&rest, ",")))
		if (parse_flow_field(field, &value))
			ret = refuse(why,
				     "'%s': '%s' is none of accept, drop, mark:N, verdict=, mark=, packets=, bytes=, last_seen_ns=",
				     text, field);
	free(copy);
	memcpy(out, &value, size);
	return ret;
}

static void print_flow(const struct type *type, FILE *out, const void *in,
		       size_t size, char sep)
{
	struct kcmap_flow_value value;

	(void)type;
	(void)sep;
	memcpy(&value, in, size);
	fputs("verdict=", out);
	if (verdict_name(value.verdict))
		fputs(verdict_name(value.verdict), out);
	else
		fprintf(out, "%u", value.verdict);
	fprintf(out, ",mark=%u,packets=%ju,bytes=%ju,last_seen_ns=%ju",
		value.mark, (uint64_t)value.packets, (uint64_t)value.bytes,
		(uint64_t)value.last_seen_ns);
}

static void json_flow(const struct type *type, struct json *json,
		      const char *name, const void *in, size_t size)
{
	struct kcmap_flow_value value;

	(void)type;
	memcpy(&value, in, size);
	json_object(json, name);
	json_flow_value(json, &value);
	json_end(json);
}

const struct type types_flow[] = {
	{
		.name = "5tuple",
		.size = sizeof(struct kcmap_flow_key),
		.whole = 1,
		.help = "a flow of kcmap_classify, as in tcp:192.0.2.1:80>192.0.2.2:1234",
		.parse = parse_5tuple,
		.print = print_5tuple,
		.json = json_5tuple,
	},
	{
		.name = "flow",
		.size = sizeof(struct kcmap_flow_value),
		.whole = 1,
		.help = "a flow's value: accept, drop, mark:N or verdict=...,packets=...,...",
		.parse = parse_flow,
		.print = print_flow,
		.json = json_flow,
	},
	{ 0 },
};
