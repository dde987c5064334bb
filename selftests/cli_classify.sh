#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kcmap classify: attach, detach, stats, flows, set. What the classifier makes of
# packets is for its own tests; here are a few pings.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

modprobe kcmap_classify || { echo "Bail out! no kcmap_classify"; exit 1; }
ip netns add cli_peer
ip link add cli0 type veth peer name cli1 netns cli_peer
# Nothing but what is sent here: no neighbour discovery.
echo 1 >/proc/sys/net/ipv6/conf/cli0/disable_ipv6
ip netns exec cli_peer bash -c 'echo 1 >/proc/sys/net/ipv6/conf/cli1/disable_ipv6'
ip addr add 192.0.2.1/24 dev cli0
ip link set cli0 up
ip -n cli_peer addr add 192.0.2.2/24 dev cli1
ip -n cli_peer link set cli1 up
trap 'ip netns del cli_peer; rm -rf "$tap_dir"' EXIT

reply='icmp:192.0.2.2>192.0.2.1:0/0'
ping_once() { ping -c 1 -W 5 192.0.2.2 >/dev/null; }
# shellcheck disable=SC2317 # called through t
flow_json() { kcmap -j classify flows flows | jq "map(select(.flow == \"$reply\"))"; }

kcmap create flows --key-type 5tuple --value-type flow --max-entries 3
kcmap create small --key-size 4 --value-size 4 --max-entries 3

# Errors
t 2 "attach, no map given" -e "which map? Give --map NAME" -- kcmap classify attach cli0
t 2 "attach, a verdict that is none" -e "--default 'reject' is not a verdict: expected accept, drop or mark:N" -- \
	kcmap classify attach cli0 --map flows --default reject
t 2 "attach, a mark that is none" -e "expected accept, drop or mark:N" -- kcmap classify attach cli0 --map flows --default mark:x
t 3 "attach, no such interface" -e "no interface eth99 in this network namespace" -- kcmap classify attach eth99 --map flows
t 3 "attach, no such map" -e "no map gone: see kcmap list" -- kcmap classify attach cli0 --map gone
t 3 "attach, a map for something else" -e "map small cannot hold flows: that takes --key-type 5tuple --value-type flow" -- \
	kcmap classify attach cli0 --map small
t 3 "detach, not attached" -e "cli0 is not attached" -- kcmap classify detach cli0
t 3 "stats, not attached" -e "cli0 is not attached" -q '.status == 3' -- kcmap -j classify stats cli0
t 3 "detach, no such interface" -e "no interface eth99" -- kcmap classify detach eth99
t 3 "stats, no such interface" -e "no interface eth99" -- kcmap classify stats eth99
t 3 "flows, a map for something else" -e "map small cannot hold flows" -- kcmap classify flows small
t 3 "set, a map for something else" -e "map small cannot hold flows" -- kcmap classify set small "$reply" drop
t 2 "flows, an order that is none" -e "--sort size: expected bytes, packets or last" -- kcmap classify flows flows --sort size
t 2 "flows, a number that is none" -e "--top -1: expected a number" -- kcmap classify flows flows --top -1
t 2 "set, a flow that is none" -e "'tcp:1' is not a 5tuple: expected for example" -- kcmap classify set flows tcp:1 drop
t 2 "set, a verdict that is none" -e "'reject' is not a verdict" -- kcmap classify set flows "$reply" reject

# attach, stats
t 0 "attach" -o '' -- kcmap classify attach cli0 --map flows --learn --default mark:9
t 3 "attach again" -e "cli0 is attached already: kcmap classify detach cli0 first" -- kcmap classify attach cli0 --map flows
t 0 "stats before a packet came" -q '.dev == "cli0" and .learn and .default_verdict == "mark" and .default_mark == 9' -- \
	kcmap -j classify stats cli0
ping_once
t 0 "learned" -q "map(select(.flow == \"$reply\")) | length == 1 and (.[0] | .packets == 1 and .bytes == 84
	and .verdict == \"mark\" and .mark == 9 and .src == \"192.0.2.2\" and .icmp_type == 0 and .last_seen_ns > 0)" -- \
	kcmap -j classify flows flows
t 0 "stats after it" -q '.packets >= 1 and .learned == 1 and .misses == 1 and .marked == 1 and .dropped == 0' -- \
	kcmap -j classify stats cli0
t 0 "stats, text" -- bash -c 'kcmap classify stats cli0 | grep -qx "default       mark:9"'
t 0 "flows, text" -- bash -c "kcmap classify flows flows | grep -qE '^mark:9 +1 +84 +[0-9.]+s $reply\$'"

# set
t 0 "set drop" -o '' -- kcmap classify set flows "$reply" drop
t 0 "the counters stay" -q '.[0].packets == 1 and .[0].bytes == 84 and .[0].verdict == "drop" and .[0].mark == 0' -- flow_json
t 1 "no reply comes" -- ping_once
t 0 "it was counted, and dropped" -q '.[0].packets == 2 and .[0].bytes == 168' -- flow_json
t 0 "the interface says so, too" -q '.dropped == 1' -- kcmap -j classify stats cli0
t 0 "set accept" -q '. == {}' -- kcmap -j classify set flows "$reply" accept
t 0 "replies come again" -- ping_once
t 0 "set of a flow that is not there" -- kcmap classify set flows 'tcp:192.0.2.9:1>192.0.2.1:2' mark:0x10
t 0 "inserts it" -q 'map(select(.protocol == "tcp")) | length == 1 and (.[0] | .verdict == "mark" and .mark == 16
	and .packets == 0 and .bytes == 0 and .last_seen_ns == 0)' -- kcmap -j classify flows flows
t 0 "a flow never seen, text" -- bash -c "kcmap classify flows flows | grep -qE '^mark:16 +0 +0 +- tcp:'"
kcmap classify set flows 'udp:192.0.2.9:1>192.0.2.1:2' drop
t 3 "set, the map is full" -e "map flows is full (max_entries 3)" -- kcmap classify set flows 'udp:192.0.2.9:1>192.0.2.1:3' drop

# The order of flows
kcmap clear flows
kcmap classify detach cli0
add() { kcmap insert flows "$1" "$2" --key-type 5tuple --value-type flow; }
add 'udp:192.0.2.1:1>192.0.2.2:1' accept,packets=3,bytes=100,last_seen_ns=5
add 'udp:192.0.2.1:2>192.0.2.2:1' accept,packets=2,bytes=300,last_seen_ns=6
add 'udp:192.0.2.1:3>192.0.2.2:1' accept,packets=1,bytes=300,last_seen_ns=7
t 0 "flows, largest first" -q 'map(.sport) == [2, 3, 1]' -- kcmap -j classify flows flows
t 0 "flows, by bytes" -q 'map(.sport) == [2, 3, 1]' -- kcmap -j classify flows flows --sort bytes
t 0 "flows, by packets" -q 'map(.sport) == [1, 2, 3]' -- kcmap -j classify flows flows --sort packets
t 0 "flows, newest first" -q 'map(.sport) == [3, 2, 1]' -- kcmap -j classify flows flows --sort last
t 0 "flows, the first two" -q 'map(.sport) == [1, 2]' -- kcmap -j classify flows flows --sort packets --top 2
t 0 "flows, none" -q '. == []' -- kcmap -j classify flows flows --top 0
t 0 "flows, text, has a line for each" -o 4 -- bash -c 'kcmap classify flows flows | wc -l'

# detach
t 3 "it was detached" -e "cli0 is not attached" -- kcmap classify detach cli0
t 0 "attach without learning" -- kcmap classify attach cli0 --map flows --default drop
t 1 "what is not in the map is dropped" -- ping_once
t 0 "stats without learning" -q '(.learn | not) and .default_verdict == "drop" and .learned == 0 and .dropped >= 1' -- \
	kcmap -j classify stats cli0
t 3 "attach as another user" -e "cannot open /dev/kcmap_classify: permission denied (mode 0600, owner root" -- \
	su -s /bin/bash -c 'kcmap classify attach cli0 --map flows' nobody
t 0 "detach" -o '' -- kcmap classify detach cli0
t 0 "replies come again after it" -- ping_once

kcmap destroy flows
kcmap destroy small
tap_done
