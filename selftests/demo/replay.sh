#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demo with a capture; see run-demo. Runs in the VM.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=common.sh
. ./common.sh

title "kcmap on Linux $(uname -r): two network namespaces, joined by a veth pair"
# Only frames of the capture are to be sent.
echo 1000000 >/proc/sys/net/core/netdev_max_backlog
connect 65535
for side in client server; do
	ip netns exec $side sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	ip -n $side link set eth0 up
done

title "A map of flows, and the classifier in learn mode at one end"
show kcmap create $map --key-type 5tuple --value-type flow --max-entries 1000000
show ip netns exec server kcmap classify attach eth0 --map $map --learn

title "Replay the capture at the other end"
printf '    # %s\n' "ip netns exec client tcpreplay -q -t -i eth0 capture.pcap"
# Not to this script's output, which it would leave in non-blocking mode.
ip netns exec client tcpreplay -q -t -i eth0 capture.pcap \
	>/tmp/tcpreplay 2>&1 || fail "$(cat /tmp/tcpreplay)"
cat /tmp/tcpreplay
sent=$(awk '/Successful packets:/ { print $3 }' /tmp/tcpreplay)
seen() { in_server kcmap -j classify stats eth0 | jq .packets; }
arrived() { [ "$(seen)" = "$sent" ]; }
wait_for "the $sent packets that were sent" arrived

title "The classifier's counters"
show ip netns exec server kcmap classify stats eth0

title "Each flow as kcmap counted it, and as tshark does in the capture"
map_flows >/tmp/mine
beside tshark /tmp/mine capture.flows || fail "the counts differ"
printf '\nAll counts agree.\n'
