#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# snapshot, diff, top, and what else works on snapshots, against the module.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

tab=$'\t'
dir=$(mktemp -d)
trap 'rm -rf "$dir" "$tap_dir"' EXIT
T=(--key-type u32 --value-type u32)
fill() { local i; for i in $(seq "$2" "$3"); do kcmap upsert "$1" "$i" "$((i * 2))" "${T[@]}" || echo "# upsert $i failed"; done; }

t 0 "create" -o '' -- kcmap create m "${T[@]}" --max-entries 10000 --snapshots-max 2
t 0 "features" -q '.features.snapshot and .features.view' -- kcmap -j feature
t 0 "a map may be mapped" -q '.mmap' -- kcmap -j show m
t 0 "snapshot of nothing" -q '.entries == 0 and .epoch > 0 and .took_ns > 0 and .key_size == 4 and .value_size == 4
	and .hash == "siphash"' -- kcmap -j snapshot m
fill m 1 100
t 0 "snapshot, JSON" -q '.entries == 100 and .epoch > 1' -- kcmap -j snapshot m
t 0 "snapshot, text" -- bash -c 'kcmap snapshot m | grep -qx "entries     100"'
t 0 "scan of a snapshot" -q 'length == 100 and (map(.key) | sort) == [range(1; 101)] and all(.[]; .value == 2 * .key)' -- \
	kcmap -j scan m --snapshot "${T[@]}"
t 0 "snapshot to a file" -o '' -- kcmap snapshot m --output "$dir/a"
t 0 "which is the same as the map" -o '' -- kcmap diff "$dir/a" m
t 0 "what it is" -q '.entries == 100 and (has("took_ns") | not)' -- kcmap -j snapshot "$dir/a"
kcmap delete m 7 "${T[@]}"
kcmap update m 8 9 "${T[@]}"
kcmap insert m 1000 1 "${T[@]}"
t 0 "lookup in a file" -o 14 -- kcmap lookup "$dir/a" 7 "${T[@]}"
t 1 "lookup in a file, absent" -e "no key 1000 in snapshot $dir/a" -- kcmap lookup "$dir/a" 1000 "${T[@]}"
t 1 "diff" -- bash -c "kcmap diff $dir/a m ${T[*]} | sort >$dir/diff; exit \${PIPESTATUS[0]}"
t 0 "what it says" -o "+ 1000${tab}1
- 7${tab}14
~ 8${tab}16${tab}9" -- cat "$dir/diff"
t 0 "scan of a file" -q 'length == 100 and all(.[]; .value == 2 * .key)' -- kcmap -j scan "$dir/a" "${T[@]}"
t 0 "nothing beside the file" -o "a
diff" -- ls "$dir"
fill m 101 250
t 0 "of many" -- kcmap snapshot m --output "$dir/b"
t 0 "and all are in it" -q '.entries == 250' -- kcmap -j snapshot "$dir/b"
t 0 "as in the map" -o '' -- kcmap diff "$dir/b" m
t 0 "the one saved and the one mapped are scanned alike" -- \
	bash -c "cmp <(kcmap scan $dir/b) <(kcmap scan m --snapshot)"

# Errors
t 0 "create, --no-mmap" -- kcmap create closed "${T[@]}" --max-entries 10 --no-mmap
t 0 "which is shown" -q '.mmap | not' -- kcmap -j show closed
fails 3 "no snapshots of it" "map closed has no snapshots: it was created with --no-mmap" -- snapshot closed
t 0 "create, few bytes" -- kcmap create tight "${T[@]}" --max-entries 10 --snapshot-bytes-max 1
fails 3 "more than it allows" "map tight has as many snapshots, or as much memory" -- snapshot tight
fails 3 "no such file" "cannot open ./none: No such file" -- scan ./none
fails 3 "a file that is none" "$dir/diff is not a saved snapshot" -- scan "$dir/diff"
fails 2 "create, limits" "--snapshots-max 0: expected 1 to" -- create x "${T[@]}" --max-entries 1 --snapshots-max 0
kcmap destroy closed
kcmap destroy tight

# top: what packets do is made up
F=(--key-type 5tuple --value-type flow)
kcmap create flows "${F[@]}" --max-entries 100
flow='udp:192.0.2.1:1>192.0.2.2:2'
kcmap insert flows "$flow" packets=1,bytes=100 "${F[@]}"
kcmap insert flows 'udp:192.0.2.1:1>192.0.2.2:3' packets=5,bytes=500 "${F[@]}"
t 0 "stats, no snapshots" -q '.snapshots == 0 and .snapshot_bytes == 0 and .copies == 0' -- kcmap -j stats flows
(sleep 1; kcmap update flows "$flow" packets=3,bytes=400 "${F[@]}"; kcmap -j stats flows >"$dir/stats") &
t 0 "top, one interval" -q '.flows == 2 and .active == 1 and .bytes == 300 and .packets == 2 and .seconds >= 3
	and (.top | length) == 1 and .top[0].flow == "udp:192.0.2.1:1>192.0.2.2:2" and .top[0].bytes == 300
	and .top[0].total_packets == 3 and .top[0].bytes_per_second > 0' -- kcmap -j top flows --interval 3 --count 1
wait
t 0 "stats, two snapshots, and a copy for them" -q '.snapshots == 2 and .snapshot_bytes > 0 and .copies == 1' -- cat "$dir/stats"
t 0 "top, several" -o 3 -- bash -c 'kcmap -j top flows --interval 0.1 --count 3 | jq -s length'
t 0 "top, text" -- bash -c 'kcmap top flows --interval 0.1 --count 2 | grep -c "^ *BYTES/S" | grep -qx 2'
t 0 "top, interrupted" -o '' -- bash -c 'kcmap -j top flows --interval 60 & sleep 1; kill $!; wait $!'
fails 3 "top, not of flows" "map m cannot hold flows" -- top m
fails 2 "top, no interval" "--interval 0: expected" -- top flows --interval 0
t 0 "top leaves nothing behind" -q '.snapshots == 0' -- kcmap -j stats flows
kcmap destroy flows
kcmap destroy m

tap_done
