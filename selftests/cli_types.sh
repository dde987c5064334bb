#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Typed keys and values through a real map. What each type takes and refuses in
# detail is for the unit tests of the tool; here each is stored and read back.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

# stored TYPE TEXT HEX JSON: as a key and as a value, and refused: BAD
stored() {
	local type=$1 text=$2 hex=$3 json=$4 bad=$5
	local o=(--key-type "$type" --value-type "$type")
	kcmap create types "${o[@]}" --max-entries 1 || echo "# cannot create a map of $type"
	t 0 "$type: insert $text" -- kcmap "${o[@]}" insert -- types "$text" "$text"
	t 0 "$type: lookup" -o "$text" -- kcmap "${o[@]}" lookup -- types "$text"
	t 0 "$type: the bytes" -o "$hex"$'\t'"$hex" -- kcmap scan types
	t 0 "$type: JSON" -q "length == 1 and .[0] == {key: $json, key_hex: \"$hex\", value: $json, value_hex: \"$hex\"}" -- \
		kcmap -j scan types "${o[@]}"
	t 2 "$type: a key refused: '$bad'" -e "kcmap: key " -- kcmap "${o[@]}" lookup -- types "$bad"
	t 2 "$type: a value refused: '$bad'" -e "kcmap: value " -- kcmap "${o[@]}" upsert -- types "$text" "$bad"
	t 2 "$type: refused, JSON" -e "kcmap: key " -q '.status == 2 and (.error | startswith("key "))' -- \
		kcmap -j "${o[@]}" delete -- types "$bad"
	t 0 "$type: delete" -- kcmap "${o[@]}" delete -- types "$text"
	kcmap destroy types
}

stored u8 255 ff 255 256
stored u16 258 0201 258 65536
stored u32 16909060 04030201 16909060 4294967296
stored u64 18446744073709551615 ffffffffffffffff 18446744073709551615 18446744073709551616
stored u16be 258 0102 258 -1
stored u32be 16909060 01020304 16909060 1.5
stored u64be 1 0000000000000001 1 1k
stored s8 -128 80 -128 -129
stored s16 -2 feff -2 32768
stored s32 -2147483648 00000080 -2147483648 2147483648
stored s64 -1 ffffffffffffffff -1 9223372036854775808
stored ipv4 192.0.2.1 c0000201 '"192.0.2.1"' 192.0.2.256
stored ipv6 2001:db8::1 20010db8000000000000000000000001 '"2001:db8::1"' 192.0.2.1
stored mac 02:00:5e:10:00:01 02005e100001 '"02:00:5e:10:00:01"' 02:00:5e:10:00
stored hex:5 00ff7f8001 00ff7f8001 '"00ff7f8001"' 00ff7f80
stored str:8 'a b\x09\\é' 612062095cc3a900 '"a b\u0009\\é"' 123456789
stored u16,ipv4,mac 1,192.0.2.1,02:00:5e:10:00:01 0100c000020102005e100001 '[1, "192.0.2.1", "02:00:5e:10:00:01"]' 1,192.0.2.1
stored flow verdict=mark,mark=7,packets=1,bytes=2,last_seen_ns=3 \
	0200000007000000010000000000000002000000000000000300000000000000 \
	'{verdict: "mark", mark: 7, packets: 1, bytes: 2, last_seen_ns: 3}' reject
stored 5tuple 'tcp:192.0.2.1:80>192.0.2.2:1234' \
	00000000000000000000ffffc000020100000000000000000000ffffc0000202005004d206020000 \
	'{flow: "tcp:192.0.2.1:80>192.0.2.2:1234", family: 4, protocol: "tcp", protocol_number: 6, src: "192.0.2.1",
	  sport: 80, dst: "192.0.2.2", dport: 1234, fragment: false}' 'tcp:192.0.2.1>192.0.2.2'
stored 5tuple 'udp:[2001:db8::1]:53>[2001:db8::2]:99' \
	20010db800000000000000000000000120010db80000000000000000000000020035006311""0a0000 \
	'{flow: "udp:[2001:db8::1]:53>[2001:db8::2]:99", family: 6, protocol: "udp", protocol_number: 17, src: "2001:db8::1",
	  sport: 53, dst: "2001:db8::2", dport: 99, fragment: false}' 'udp:2001:db8::1:53>2001:db8::2:99'
stored 5tuple 'icmp6:[fe80::1]>[ff02::1]:135/0' \
	fe800000000000000000000000000001ff020000000000000000000000000001008700003a0a0000 \
	'{flow: "icmp6:[fe80::1]>[ff02::1]:135/0", family: 6, protocol: "icmp6", protocol_number: 58, src: "fe80::1",
	  dst: "ff02::1", icmp_type: 135, icmp_code: 0, fragment: false}' 'icmp6:[fe80::1]>[ff02::1]'
stored 5tuple 'udp:192.0.2.1>192.0.2.2,frag' \
	00000000000000000000ffffc000020100000000000000000000ffffc00002020000000011020100 \
	'{flow: "udp:192.0.2.1>192.0.2.2,frag", family: 4, protocol: "udp", protocol_number: 17, src: "192.0.2.1",
	  sport: 0, dst: "192.0.2.2", dport: 0, fragment: true}' 'udp:192.0.2.1>192.0.2.2,flag'

# Input that is written otherwise than output
kcmap create types --key-type u32 --value-type str:4 --max-entries 10
t 0 "hexadecimal numbers" -- kcmap insert types 0x10 x --key-type u32 --value-type str
t 0 "are numbers" -o 16$'\t'x -- kcmap scan types --key-type u32 --value-type str
t 0 "hex may be in capitals" -o x -- kcmap take types 10000000 --value-type str:4
t 2 "hex has no 0x" -e "expected 8 hex digits, no 0x" -- kcmap lookup types 0x000010
# A whole record longer than what the map has
t 2 "a list that does not fit" -e "type u32,u8 has 5 bytes, but the map's keys have 4" -- kcmap scan types --key-type u32,u8
kcmap destroy types

tap_done
