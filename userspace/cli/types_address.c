// SPDX-License-Identifier: MIT
/* Addresses: ipv4, ipv6, mac. */
#include <arpa/inet.h>
#include <string.h>

#include "types.h"

static int family_of(const struct type *type)
{
	return type->size == sizeof(struct in_addr) ? AF_INET : AF_INET6;
}

static int parse_ip(const struct type *type, const char *text, void *out,
		    size_t size, struct why *why)
{
	(void)size;
	if (inet_pton(family_of(type), text, out) == 1)
		return 0;
	return refuse(why, "'%s' is not an address of type %s: expected %s",
		      text, type->name, type->help);
}

static const char *ip_text(const struct type *type, const void *in,
			   char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(family_of(type), in, text, INET6_ADDRSTRLEN);
}

static void print_ip(const struct type *type, FILE *out, const void *in,
		     size_t size, char sep)
{
	char text[INET6_ADDRSTRLEN];

	(void)size;
	(void)sep;
	fputs(ip_text(type, in, text), out);
}

static void json_ip(const struct type *type, struct json *json,
		    const char *name, const void *in, size_t size)
{
	char text[INET6_ADDRSTRLEN];

	(void)size;
	json_string(json, name, ip_text(type, in, text));
}

static int parse_mac(const struct type *type, const char *text, void *out,
		     size_t size, struct why *why)
{
	unsigned char *bytes = out;
	const char *p = text;
	size_t i;
	int byte;

	for (i = 0; i < size; i++, p += 3) {
		byte = hex_byte(p);
		if (byte < 0 || p[2] != (i == size - 1 ? '\0' : ':'))
			return refuse(why,
				      "'%s' is not a MAC address: expected %s",
				      text, type->help);
		bytes[i] = (unsigned char)byte;
	}
	return 0;
}

#define MAC_TEXT_SIZE sizeof("00:00:00:00:00:00")

static void mac_text(const unsigned char *in, char text[MAC_TEXT_SIZE])
{
	snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", in[0],
		 in[1], in[2], in[3], in[4], in[5]);
}

static void print_mac(const struct type *type, FILE *out, const void *in,
		      size_t size, char sep)
{
	char text[MAC_TEXT_SIZE];

	(void)type;
	(void)size;
	(void)sep;
	mac_text(in, text);
	fputs(text, out);
}

static void json_mac(const struct type *type, struct json *json,
		     const char *name, const void *in, size_t size)
{
	char text[MAC_TEXT_SIZE];

	(void)type;
	(void)size;
	mac_text(in, text);
	json_string(json, name, text);
}

const struct type types_address[] = {
	{
		.name = "ipv4",
		.size = 4,
		.help = "four numbers as in 192.0.2.1",
		.parse = parse_ip,
		.print = print_ip,
		.json = json_ip,
	},
	{
		.name = "ipv6",
		.size = 16,
		.help = "groups as in 2001:db8::1",
		.parse = parse_ip,
		.print = print_ip,
		.json = json_ip,
	},
	{
		.name = "mac",
		.size = 6,
		.help = "six bytes as in 02:00:5e:10:00:01",
		.parse = parse_mac,
		.print = print_mac,
		.json = json_mac,
	},
	{ 0 },
};
