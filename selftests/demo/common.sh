# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What both demos share. They run in the VM.

map=flows

title() {
	printf '\n--- %s\n\n' "$*"
}

# Show a command, and run it.
show() {
	printf '    # %s\n' "$*"
	"$@"
}

fail() {
	printf '\nDEMO FAILED: %s\n' "$*"
	exit 1
}

# wait_for WHAT COMMAND...: until the command is true.
wait_for() {
	local what=$1 i
	shift
	for ((i = 0; i < 300; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	fail "waited in vain for $what"
}

# Two namespaces joined by a veth pair; frames are neither merged nor cut up on
# their way, so that every counter counts what is on the wire.
# connect MTU
connect() {
	ip netns add client
	ip netns add server
	ip link add eth0 mtu "$1" netns client type veth \
		peer name eth0 mtu "$1" netns server
	for side in client server; do
		ip netns exec $side ethtool -K eth0 tso off gso off gro off \
			tx off rx off sg off >/dev/null
	done
}

in_client() { ip netns exec client "$@"; }
in_server() { ip netns exec server "$@"; }

# Flows of the map, a line each:
# FAMILY SOURCE DESTINATION PROTOCOL SPORT DPORT FRAGMENT PACKETS BYTES VERDICT
map_flows() {
	kcmap -j classify flows $map | jq -r '.[] | [.family, .src, .dst,
		.protocol_number, .sport // .icmp_type, .dport // .icmp_code,
		(if .fragment then 1 else 0 end), .packets, .bytes,
		.verdict + (if .verdict == "mark" then ":\(.mark)" else "" end)]
		| map(tostring) | join(" ")'
}

# beside NAME MINE THEIRS: a table of the flows in both, largest first; fails
# where they differ, where a count is zero, and where there are no flows.
beside() {
	awk -v name="$1" -v top="${top:-40}" '
	function text(    proto, open, close_, ports) {
		proto = $4 in names ? names[$4] : $4
		open = $1 == 6 ? "[" : ""
		close_ = $1 == 6 ? "]" : ""
		if ($4 == 1 || $4 == 58)
			ports = $7 ? "" : ":" $5 "/" $6
		else
			ports = $7 || !($5 + $6) ? "" : ":" $6
		return sprintf("%s %s%s%s%s > %s%s%s%s%s", proto, open, $2,
			close_, $4 == 1 || $4 == 58 || $7 || !($5 + $6) ? "" :
			":" $5, open, $3, close_, ports, $7 ? " fragment" : "")
	}
	BEGIN {
		split("1 icmp 2 igmp 6 tcp 17 udp 47 gre 58 icmp6 132 sctp",
			list)
		for (i = 1; i in list; i += 2)
			names[list[i]] = list[i + 1]
	}
	{
		key = $1 " " $2 " " $3 " " $4 " " $5 " " $6 " " $7
		flow[key] = text()
		if (FNR == NR) {
			packets[key] = $8; bytes[key] = $9; verdict[key] = $10
		} else {
			other[key] = $8; others[key] = $9
		}
	}
	END {
		printf "%-9s %9s %11s   %9s %11s\n", "", "kcmap", "", name, ""
		printf "%-9s %9s %11s   %9s %11s      %s\n", "VERDICT",
			"PACKETS", "BYTES", "PACKETS", "BYTES", "FLOW"
		fflush()
		sort = "sort -rn | cut -d\" \" -f2- | awk \"NR <= " top " || /!=/\""
		for (key in flow) {
			same = packets[key] + 0 && bytes[key] + 0 &&
				packets[key] == other[key] &&
				bytes[key] == others[key]
			wrong += !same
			n++
			# As text: %d of busybox ends at 2^31.
			printf "%s %-9s %9s %11s   %9s %11s  %s  %s\n",
				bytes[key] + 0, verdict[key], packets[key] + 0,
				bytes[key] + 0, other[key] + 0, others[key] + 0,
				same ? "  " : "!=", flow[key] | sort
		}
		close(sort)
		if (n > top)
			printf "... and %d more flows\n", n - top
		printf "\n%d flows, %d differ\n", n, wrong
		exit wrong || !n
	}' "$2" "$3"
}
