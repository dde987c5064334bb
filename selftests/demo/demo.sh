#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demo with live traffic; see run-demo. Runs in the VM.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source-path=SCRIPTDIR source=common.sh
. ./common.sh

client4=10.9.0.1 server4=10.9.0.2 client6=fd09::1 server6=fd09::2
ping4="icmp:$client4>$server4:8/0"
udp4="udp:$client4:40003>$server4:5203"
tcp4="tcp:$client4:40001>$server4:5201"
seconds=12

# The independent counter: nftables, with one chain before the classifier's hook
# and one behind it, counts each flow as well.
nft_rules() {
	cat <<-'NFT'
	table netdev count {
		set ports4 { typeof ip saddr . ip daddr . meta l4proto . th sport . th dport; size 4096; flags dynamic; counter; }
		set ports6 { typeof ip6 saddr . ip6 daddr . meta l4proto . th sport . th dport; size 4096; flags dynamic; counter; }
		set icmp4 { typeof ip saddr . ip daddr . meta l4proto . th sport; size 4096; flags dynamic; counter; }
		set icmp6 { typeof ip6 saddr . ip6 daddr . meta l4proto . th sport; size 4096; flags dynamic; counter; }
		counter marked { }
		counter passed { }
		counter seen { }
		chain before {
			type filter hook ingress device "eth0" priority -500;
			meta protocol { ip, ip6 } counter name seen
			meta protocol ip meta l4proto { tcp, udp } update @ports4 { ip saddr . ip daddr . meta l4proto . th sport . th dport counter }
			meta protocol ip6 meta l4proto { tcp, udp } update @ports6 { ip6 saddr . ip6 daddr . meta l4proto . th sport . th dport counter }
			meta protocol ip meta l4proto icmp update @icmp4 { ip saddr . ip daddr . meta l4proto . th sport counter }
			meta protocol ip6 meta l4proto ipv6-icmp update @icmp6 { ip6 saddr . ip6 daddr . meta l4proto . th sport counter }
		}
		chain behind {
			type filter hook ingress device "eth0" priority 0;
			meta protocol { ip, ip6 } counter name passed
			meta mark 7 counter name marked
		}
	}
	NFT
}

# As map_flows writes them. The first two bytes of ICMP are its type and code.
nft_flows() {
	in_server nft -j list table netdev count | jq -r '
	{ icmp: 1, tcp: 6, udp: 17, "ipv6-icmp": 58 } as $numbers
	| .nftables[].set | select(.elem) | .name as $set | .elem[].elem
	| .val.concat as [$src, $dst, $proto, $sport, $dport]
	| [if $set | endswith("6") then 6 else 4 end, $src, $dst,
	   $numbers[$proto] // $proto]
	  + (if $dport then [$sport, $dport]
	     else [($sport / 256 | floor), $sport % 256] end)
	  + [0, .counter.packets, .counter.bytes]
	| map(tostring) | join(" ")'
}

nft_counter() {
	in_server nft -j list counter netdev count "$1" |
		jq '.nftables[].counter.packets // empty'
}

flow_packets() {
	kcmap -j classify flows $map |
		jq --arg flow "$1" '[.[] | select(.flow == $flow).packets] | add // 0'
}

replies() { grep -c 'bytes from' /tmp/ping4 || :; }

sent_since() { [ "$(flow_packets "$ping4")" -ge $(($1 + 5)) ]; }
replied_since() { [ "$(replies)" -ge $(($1 + 3)) ]; }
listening() { in_server netstat -ltn | grep -q ":$1 "; }

snapshot() {
	printf '\n[%2d s] ping has %s replies; the busiest flows:\n' "$((SECONDS - began))" "$(replies)"
	kcmap classify flows $map --sort bytes --top 7
}

title "kcmap on Linux $(uname -r): two network namespaces, joined by a veth pair"
connect 1500
ip -n client addr add $client4/24 dev eth0
ip -n server addr add $server4/24 dev eth0
ip -n client addr add $client6/64 dev eth0 nodad
ip -n server addr add $server6/64 dev eth0 nodad
nft_rules | in_server nft -f -
echo "    client $client4 $client6  ===  server $server4 $server6"

title "A map of flows, three rules, and the classifier at the server's interface"
show kcmap create $map --key-type 5tuple --value-type flow --max-entries 1000
show kcmap classify set $map "$ping4" accept
show kcmap classify set $map "$udp4" mark:7
show kcmap --key-type 5tuple --value-type flow insert $map "$tcp4" accept
show ip netns exec server kcmap classify attach eth0 --map $map --learn
ip -n client link set eth0 up
ip -n server link set eth0 up

title "Real traffic: ping and iperf3, over IPv4 and IPv6, over TCP and UDP"
for port in 5201 5202 5203 5204; do
	in_server iperf3 -s -1 -p $port >/dev/null 2>&1 &
done
for port in 5201 5202 5203 5204; do
	wait_for "iperf3 on port $port" listening $port
done
began=$SECONDS
# Not by a function: its shell, and not ping, would be what is killed.
ip netns exec client ping -i 0.2 $server4 >/tmp/ping4 2>&1 &
pings=($!)
ip netns exec client ping -i 0.2 $server6 >/tmp/ping6 2>&1 &
pings+=($!)
iperf=()
start_iperf() {
	in_client timeout 100 iperf3 -t $seconds "$@" >"/tmp/iperf-$2" 2>&1 &
	iperf+=($!)
}
start_iperf -p 5201 -c $server4 --cport 40001 -b 2M
start_iperf -p 5202 -c $server6 --cport 40002 -b 1M
start_iperf -p 5203 -c $server4 --cport 40003 -u -b 500K -l 1000
start_iperf -p 5204 -c $server6 --cport 40004 -u -b 300K -l 1000
sleep 1
snapshot
sleep 1
snapshot

title "All flows at one instant, and without a system call, while packets flow"
./instant $map || fail "instant"
show kcmap top $map --interval 0.5 --count 1 --top 5 | cat

title "Drop the ping over IPv4 while it runs"
wait_for "replies to ping" replied_since 0
show kcmap classify set $map "$ping4" drop
sleep 0.5
before=$(replies)
sent=$(flow_packets "$ping4")
wait_for "pings to be sent" sent_since "$sent"
snapshot
after=$(replies)
printf '\nping has sent %s more packets, and got %s replies to them.\n' \
	$(($(flow_packets "$ping4") - sent)) $((after - before))
[ "$before" = "$after" ] || fail "the flow is dropped, and ping got replies"

title "Allow it again"
show kcmap classify set $map "$ping4" accept
wait_for "replies to ping" replied_since "$after"
snapshot
printf '\nping gets replies again: %s more.\n' $(($(replies) - after))

for pid in "${iperf[@]}"; do
	wait "$pid" || fail "an iperf3 transfer failed: $(cat /tmp/iperf-*)"
done
kill "${pings[@]}"
wait "${pings[@]}" || :
# From here on no counter moves.
ip -n client link set eth0 down
sleep 0.2

title "At the end: each flow as kcmap counted it, and as nftables did"
map_flows >/tmp/mine
nft_flows >/tmp/theirs
status=0
beside nftables /tmp/mine /tmp/theirs || status=1
in_server kcmap -j classify stats eth0 >/tmp/stats
stat() { jq ".$1" /tmp/stats; }
printf '%-40s %9s %9s\n' "" kcmap nftables
same() {
	printf '%-40s %9d %9d  %s\n' "$1" "$2" "$3" "$([ "$2" = "$3" ] || echo '!=')"
	[ "$2" = "$3" ] && [ "$2" -gt 0 ] || status=1
}
same "packets seen before the classifier" $(($(stat packets) - $(stat not_ip))) "$(nft_counter seen)"
same "packets dropped" "$(stat dropped)" $(($(nft_counter seen) - $(nft_counter passed)))
same "packets marked with 7" "$(stat marked)" "$(nft_counter marked)"
[ $status = 0 ] || fail "the counts differ"

title "Lookups from userspace, one thread, in this emulated or virtual machine"
./lookups $map 1000 || fail "lookups"
printf '\nAll counts agree. The demo took %d s in the VM.\n' $SECONDS
