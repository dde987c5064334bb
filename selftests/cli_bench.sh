#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kcmap bench: what it measures is what was asked for. How fast things are is no
# concern of a test.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

fails 2 "an operand" "usage: kcmap bench [OPTIONS]" -- bench lookup_hit
fails 2 "no such bench" "--bench lookup: expected lookup_hit lookup_miss" -- bench --bench lookup
fails 2 "no such engine" "--engine bpf: expected kcmap private" -- bench --engine bpf
for n in 0 1023 67108865 x; do
	fails 2 "entries $n" "--entries $n: expected 1024 to 67108864" -- bench --entries "$n"
done
fails 2 "entries of what has its own" "--entries: grow has sizes of its own" -- bench --bench grow --entries 2048
fails 2 "keys of what has its own" "--key-size: grow has keys of 8 bytes" -- bench --bench grow --key-size 40
fails 2 "keys of what looks at snapshots" "--key-size: snapshot_create has keys of 8 bytes" -- bench --bench snapshot_create --key-size 40
fails 2 "repeats of what has one" "--repeats: memory is measured once" -- bench --bench memory --repeats 2
for n in 7 16 41 x; do
	fails 2 "keys of $n bytes" "--key-size $n: expected 8 or 40" -- bench --key-size "$n"
done
fails 2 "no repeats" "--repeats 0: expected 1 to 1000" -- bench --repeats 0
for n in 0 $(($(nproc) + 1)); do
	fails 2 "$n threads" "--threads $n: expected 1 to $(nproc)" -- bench --threads "$n"
done
modprobe -r kcmap_bench 2>/dev/null
fails 3 "no module" "the module kcmap_bench is not loaded" -- bench

modprobe kcmap_bench || { echo "Bail out! no module"; exit 1; }
t 3 "not root" -e "kcmap: cannot measure: only root may" -- su -s /bin/bash -c 'kcmap bench' nobody
# shellcheck disable=SC2016 # variables of jq
t 0 "one engine, both hashes" -q '
	(map([.bench, .engine, .hash, .entries, .key_size, .value_size, .threads, .repeat] | tostring) | sort) ==
		([["fast", "siphash"] | .[] as $hash | [0, 1] | .[] as $repeat | ["lookup_miss", "kcmap", $hash, 2048, 8, 8, 1, $repeat] | tostring] | sort) and
	all(.ns_per_op > 0 and .loop_ns > 0 and .ops_per_s > 0 and .dist == "uniform" and (.kernel | length) > 0)' -- \
	kcmap -j bench --bench lookup_miss --engine kcmap --entries 2048 --repeats 2 --threads 1
t 0 "one thread, and as many as asked for" -e "of their CPUs" -q '(map(.threads) | unique) == [1, 2]' -- \
	kcmap -j bench --bench update --engine kcmap --entries 2048 --repeats 1 --threads 2
t 0 "else as many as there are CPUs" -e "of their CPUs" -q "(map(.threads) | unique) == [1, $(nproc)]" -- \
	kcmap -j bench --bench lookup_dependent --engine kcmap --entries 2048 --repeats 1
# 6.1 has no BPF RHASH.
t 0 "all engines; what the kernel has not is left out" -e "kcmap: bpf_rhash is left out" \
	-q '(map(.engine) | unique) == ["bpf_hash", "flat", "kcmap", "private", "rhashtable"]' -- \
	kcmap -j bench --bench lookup_hit --entries 1024 --repeats 1 --threads 1
t 0 "look-ups timed one by one, too" -q 'map(select(.p50_ns)) | length == 2 and all(.p50_ns <= .p99_ns and .p99_ns <= .p9999_ns and .p9999_ns <= .max_ns)' -- \
	kcmap -j bench --bench lookup_hit --engine kcmap --entries 1024 --repeats 1 --threads 1
t 0 "mixes" -q '(map([.read_pct, .dist] | tostring) | sort) == (([50, 90, 99] | map([., "uniform"], [., "zipf"] | tostring)) | sort)' -- \
	kcmap -j bench --bench mix --engine bpf_hash --entries 1024 --repeats 1 --threads 1
t 0 "look-ups by a process, through views" -q '(map(.hash) | unique) == ["fast", "siphash"] and all(.ns_per_op > 0 and .loop_ns > 0 and .engine == "kcmap" and .threads == 1)' -- \
	kcmap -j bench --bench view_lookup --entries 2048 --repeats 1
t 0 "many at once" -q 'length == 2 and all(.ns_per_op > 0)' -- kcmap -j bench --bench view_bulk32 --entries 2048 --repeats 1
t 0 "in snapshots" -q 'length == 4 and all(.ns_per_op > 0)' -- kcmap -j bench --bench snapshot_lookup --entries 2048 --repeats 2
t 0 "by system calls" -q '(map([.engine, .hash]) | sort) == [["bpf_hash", "jhash"], ["kcmap", "fast"], ["kcmap", "siphash"]] and all(.ns_per_op > 100)' -- \
	kcmap -j bench --bench syscall_lookup --entries 2048 --repeats 1
t 0 "snapshots made, and maps copied" -q '
	(map([.bench, .engine] | tostring) | sort) == ([["dump", "bpf_hash"], ["dump", "kcmap"], ["snapshot_create", "kcmap"], ["snapshot_first_lookup", "kcmap"]] | map(tostring)) and
	(map(select(.p50_ns)) | length == 2 and all(.p50_ns > 0 and .p50_ns <= .p99_ns and .p99_ns <= .max_ns)) and
	(map(select(.bench == "dump")) | all(.ns_per_op > 0))' -- \
	kcmap -j bench --bench snapshot_create --entries 5000 --repeats 1
t 0 "snapshots refreshed, after more and more changes" -q '(map(.changed) | . == unique and .[:3] == [0, 1, 10] and length >= 4) and all(.ns_per_op > 0)' -- \
	kcmap -j bench --bench snapshot_refresh --entries 16384 --repeats 1
t 0 "writers beside snapshots" -q '
	map({ (.bench): . }) | add
	| (.snapshot_under_write.bytes_per_entry > .snapshot_under_write_alone.bytes_per_entry and .snapshot_under_write_alone.bytes_per_entry > 16) and
	([.snapshot_under_write, .snapshot_under_write_alone, .snapshot_under_write_create] | all(.p50_ns > 0 and .p9999_ns <= .max_ns))' -- \
	kcmap -j bench --bench snapshot_under_write --entries 65536 --repeats 1
t 0 "the gate" -q '(map(select(.bench == "gate") | .threads) | sort) == [1, 2] and (map(.bench) | contains(["snapshot_under_write_create"])) and all(.p50_ns > 0)' -- \
	kcmap -j bench --bench gate --entries 2048 --repeats 1 --threads 2
t 0 "both sizes of keys" -q '(map([.key_size, .value_size]) | unique) == [[8, 8], [40, 32]]' -- \
	kcmap -j bench --bench delete --engine rhashtable --entries 1024 --repeats 1 --threads 1 --full
t 0 "one of them" -q '(map([.key_size, .value_size]) | unique) == [[40, 32]]' -- \
	kcmap -j bench --bench insert --engine kcmap --entries 1024 --repeats 1 --threads 1 --key-size 40
t 0 "progress where nobody looks" -e "1024 entries of 8 and 8 bytes, repeat 2 of 2" -- \
	kcmap bench --bench insert --engine kcmap --entries 1024 --repeats 2 --threads 1 --progress
t 3 "what makes no sense" -o '' -e "nothing was measured" -- kcmap bench --bench mix --engine private
t 3 "what makes no sense, JSON" -e "nothing was measured" -q 'length == 1 and .[0].status == 3' -- \
	kcmap -j bench --bench mix --engine private

kcmap bench --bench update --engine kcmap --entries 1024 --repeats 3 --threads 1 >"$tap_dir/text" 2>&1
number='[0-9]+\.[0-9]{2}'
[ "$(wc -l <"$tap_dir/text")" = 5 ] && grep -q '^bench ' "$tap_dir/text" &&
	[ "$(grep -cE "^update +kcmap/(fast|siphash) +1024 +8\+8 +1 +$number \($number to $number\) ns\$" "$tap_dir/text")" = 2 ] &&
	[ "$(grep -cE '^update +kcmap/(fast|siphash) +1024 +8\+8 +1 +p50 [0-9]+ p99 [0-9]+ p99.99 [0-9]+ max [0-9]+ ns$' "$tap_dir/text")" = 2 ]
bad=$?
[ $bad = 0 ] || sed 's/^/# /' "$tap_dir/text"
result $bad "in text, a line for all repeats"

rmmod kcmap_bench
tap_done
