# SPDX-License-Identifier: GPL-2.0
# Medians of the repeats with their spread, and the bars: ratios of medians.
def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def hundredths: . * 100 | round / 100;
def mean: add / length;
def quarter: sort | .[(length - 1) / 4 | floor];

# A bar is met, missed, or could not be measured: then there is no $value.
def bar($what; $value; $good; $limit): [$what, ($value | hundredths | tostring), $limit, if $good then "pass" else "MISS" end];
def at_least($what; values; $limit): first((values | bar($what; .; . >= $limit; "at least \($limit)")), [$what, "-", "at least \($limit)", "not measured"]);
def at_most($what; values; $limit): first((values | bar($what; .; . <= $limit; "at most \($limit | hundredths)")), [$what, "-", "at most \($limit | hundredths)", "not measured"]);

def line: "\(.bench) \(.key_size)+\(.value_size) \(.entries) \(.threads) \(.engine)" +
	"\(if .hash then "/" + .hash else "" end)\(if .changed then " \(.changed) changed" else "" end)\(if .read_pct then " \(.read_pct)% reads" else "" end)\(if .dist == "zipf" then " zipf" else "" end)";

def latencies: map(select(.p50_ns)) | group_by([.bench, .key_size, .entries, .threads, .engine, .hash]) | map(.[0] + {
	n: length, p50: (map(.p50_ns) | median), p99: (map(.p99_ns) | median), p9999: (map(.p9999_ns) | median), max: (map(.max_ns) | max)
});

. as $all
| map(select(.unit != "instructions")) as $samples
| ($samples | map(select(.ns_per_op)) | group_by([.bench, .key_size, .entries, .threads, .read_pct, .changed, .dist, .engine, .hash]) | map(.[0] + {
	n: length, ns: (map(.ns_per_op) | median), min: (map(.ns_per_op) | min), max: (map(.ns_per_op) | max)
})) as $speed
| ($samples | latencies) as $latency
| ($all | map(select(.unit == "instructions")) | latencies) as $counted
# One growth from 64 Ki to 1 Mi is one measurement: its mean and its worst.
| ($samples | map(select(.bench == "memory")) | group_by([.key_size, .engine, .hash, .repeat]) | map(.[0] + {
	mean: (map(.bytes_per_entry) | mean), worst: (map(.bytes_per_entry) | max)
}) | group_by([.key_size, .engine, .hash]) | map(.[0] + {
	n: length, bytes: (map(.mean) | median), min: (map(.mean) | min), max: (map(.mean) | max), worst: (map(.worst) | max)
})) as $memory
| ($all | map(select(.unit == "instructions" and .ns_per_op)) | group_by([.bench, .engine, .hash]) | map(.[0] + {
	n: length, count: (map(.ns_per_op) | median), min: (map(.ns_per_op) | min), max: (map(.ns_per_op) | max)
})) as $instructions

# Nothing where there is no sample.
| def count($b; $h): $instructions[] | select(.bench == $b and .hash == $h) | .count;
def ns($b; $e; $n; $t): $speed[] | select(.bench == $b and .engine == $e and .entries == $n and .threads == $t and .key_size == 8 and .hash != "siphash") | .ns;
def best($b; $n): [ns($b; "rhashtable", "bpf_hash", "bpf_rhash"; $n; 1)] | select(length > 0) | min;
def faster($b; $n): best($b; $n) / ns($b; "kcmap"; $n; 1);
def bulk: ns("lookup_bulk32"; "kcmap"; 1048576; 1);
def update($e): ns("update"; $e; 1048576; 1) / ns("update"; "kcmap"; 1048576; 1);
def scaling($e; $n): 2 * ns("lookup_hit"; $e; $n; 1) / ns("lookup_hit"; $e; $n; 2);
def memory($k): $memory[] | select(.engine == "kcmap" and .key_size == $k);
# Of each repeat: one moment without a CPU, in either, is not to decide.
def longest: [$samples | map(select(.bench == "grow" and .engine == "kcmap"))[] as $g | map(select(.bench == "grow_jitter" and .repeat == $g.repeat))[0] | $g.max_ns - .max_ns];
def p50($b; $n): $latency[] | select(.bench == $b and .entries == $n) | .p50;
def repeats($b; $unit): $all | map(select(.bench == $b and .entries == 1048576 and .unit == $unit));
def counted($b): repeats($b; "instructions") | select(length > 0) | map(.p50_ns) | median;
def beside($unit; of): repeats("snapshot_under_write"; $unit) as $with | repeats("snapshot_under_write_alone"; $unit)
	| map(. as $alone | $with[] | select(.repeat == $alone.repeat) | [., $alone] | of) | select(length > 0) | median;
# How much slower a look-up in a snapshot is than one through a view, repeat by repeat.
def slower($n): [$samples[] | select(.entries == $n and .key_size == 8 and .hash == "fast" and .ns_per_op)] as $all
	| [$all[] | select(.bench == "view_lookup") as $view | $all[] | select(.bench == "snapshot_lookup" and .repeat == $view.repeat) | .ns_per_op / $view.ns_per_op] | select(length > 0);
def latency($b): $latency[] | select(.bench == $b and (.engine == "kcmap" or .engine == "empty"));

"Nanoseconds an operation: median, least and most of the repeats",
($speed[] | "\(line): \(.ns) \(.min) \(.max) (\(.n))"),
"",
"Latencies in ns: p50, p99, p99.99 (medians of the repeats), longest of all",
($latency[] | "\(line): \(.p50) \(.p99) \(.p9999) \(.max) (\(.n))"),
"",
"Latencies on \($instructions[0].kernel // "the distribution's kernel"), one CPU, in instructions: p50, p99, p99.99, longest",
($counted[] | "\(line): \(.p50) \(.p99) \(.p9999) \(.max) (\(.n))"),
"",
"Bytes an entry, growing from 64 Ki to 1 Mi: mean (median, least and most of the repeats), worst moment",
($memory[] | "\(.engine) \(.key_size)+\(.value_size): \(.bytes | hundredths) \(.min | hundredths) \(.max | hundredths), \(.worst | hundredths) (\(.n))"),
"",
"Instructions an operation on \($instructions[0].kernel // "the distribution's kernel"), system call included: median, least and most of the repeats",
($instructions[] | "\(.bench) \(.engine)/\(.hash): \(.count) \(.min) \(.max) (\(.n))"),
"",
"All else is measured in user-mode Linux. BPF RHASH is left out of insert and delete:",
"its allocator is refilled at the tick there, and nearly all inserts would fail.",
"A system call takes longer there than on a machine: that flatters P8's comparison with",
"bpf(), and adds to P7's times. The look-up after a snapshot's call takes page faults.",
"A snapshot is no slower than a view where it was not in a quarter of the repeats.",
"Wrong answers, look-ups that miss a key during growth among them, end a run with an error.",
"",
([
	((65536, 1048576, 4194304) as $n | at_least("P1 hit, best of three / kcmap, \($n)"; faster("lookup_hit"; $n); 2)),
	at_least("P1 geometric mean of these"; [(65536, 1048576, 4194304) as $n | faster("lookup_hit"; $n)] | select(length == 3) | map(log) | mean | exp; 2.5),
	((65536, 1048576, 4194304) as $n | at_most("P1 kcmap / flat, \($n)"; ns("lookup_hit"; "kcmap"; $n; 1) / ns("lookup_hit"; "flat"; $n; 1); 1.15)),
	at_least("P2 best single look-up / bulk of 32"; best("lookup_hit"; 1048576) / bulk; 6),
	at_least("P2 rhashtable's bulk / bulk of 32"; ns("lookup_bulk32"; "rhashtable"; 1048576; 1) / bulk; 2),
	at_least("P3 hit, best of three / kcmap, 4096"; faster("lookup_hit"; 4096); 1.2),
	at_least("P4 update, bpf_hash / kcmap"; update("bpf_hash"); 2),
	at_least("P4 update, rhashtable / kcmap"; update("rhashtable"); 1.5),
	(("insert", "delete") as $b | at_least("P4 \($b), best / kcmap"; faster($b; 1048576); 1.5)),
	((4096, 65536, 1048576) as $n | at_least("P5 scaling of kcmap / of private tables, \($n)"; scaling("kcmap"; $n) / scaling("private"; $n); 0.97)),
	at_most("P7 snapshot, the call, p50, us"; p50("snapshot_create"; 1048576) / 1000; 100),
	at_least("P7 BPF's dump / the call"; ns("dump"; "bpf_hash"; 1048576; 1) / p50("snapshot_create"; 1048576); 100),
	at_most("P7 first look-up, mapping included, after the call, p50, us"; (p50("snapshot_first_lookup"; 1048576) - p50("snapshot_create"; 1048576)) / 1000; 200),
	at_most("P7 the call, p50, thousands of instructions, stock kernel"; counted("snapshot_create") / 1000; 100),
	at_most("P7 first look-up likewise"; (counted("snapshot_first_lookup") - counted("snapshot_create")) / 1000; 200),
	at_most("P7 writers' p99.99 with 100 snapshots a second less without, us, median"; beside(null; (.[0].p9999_ns - .[1].p9999_ns) / 1000); 50),
	at_most("P7 the same on the stock kernel, one CPU, an instruction a ns"; beside("instructions"; (.[0].p9999_ns - .[1].p9999_ns) / 1000); 50),
	at_most("P7 most memory with them / of the map, median"; beside(null; .[0].bytes_per_entry / .[1].bytes_per_entry); 2.5),
	at_most("P7 the same on the stock kernel, one CPU"; beside("instructions"; .[0].bytes_per_entry / .[1].bytes_per_entry); 2.5),
	((4096, 65536, 1048576, 4194304) as $n | at_most("P8 view / in-kernel look-up, \($n)"; ns("view_lookup"; "kcmap"; $n; 1) / ns("lookup_hit"; "kcmap"; $n; 1); 1.3)),
	((4096, 65536, 1048576, 4194304) as $n | first((slower($n) | bar("P8 snapshot / view, median of the repeats, \($n)"; median; quarter <= 1; "a quarter of them at most 1")),
		["P8 snapshot / view, \($n)", "-", "a quarter of them at most 1", "not measured"])),
	((4096, 65536, 1048576, 4194304) as $n | ("view", "snapshot") as $b | at_least("P8 bpf() / \($b), \($n)"; ns("syscall_lookup"; "bpf_hash"; $n; 1) / ns("\($b)_lookup"; "kcmap"; $n; 1); 50)),
	((4096, 65536, 1048576, 4194304) as $n | at_most("P8b view / in-kernel bulk of 32, \($n)"; ns("view_bulk32"; "kcmap"; $n; 1) / ns("lookup_bulk32"; "kcmap"; $n; 1); 1.3)),
	(("lookup", "update") as $b | at_most("P9 instructions of an ioctl \($b) / of bpf()'s"; count("ioctl_\($b)"; "fast") / count("bpf_\($b)"; "jhash"); 0.5)),
	at_most("P9 instructions an item of 64 look-ups, fast hash"; count("ioctl_batch64"; "fast"); 150),
	at_most("P9 instructions an item of 64 look-ups, SipHash"; count("ioctl_batch64"; "siphash"); 300),
	(([8, 16, 36], [40, 72, 125]) as [$k, $payload, $limit]
		| at_most("P10 mean bytes an entry, key of \($k)"; memory($k) | .bytes; $limit),
		at_most("P10 worst bytes an entry, key of \($k)"; memory($k) | .worst; 2.2 * ($payload + 6))),
	at_most("P11 insert p99.99, us"; latency("grow") | .p9999 / 1000; 100),
	at_most("P11 longest insert less the control's longest, ms, median"; longest | select(length > 0) | median / 1000000; 1),
	at_least("P11 reader's speed while growing / presized"; ns("grow_lookup_presized"; "kcmap"; 4194304; 2) / ns("grow_lookup"; "kcmap"; 4194304; 2); 0.9)
] | (.[] | "\(.[3])\t\(.[1])\t\(.[2])\t\(.[0])"),
	"\(map(select(.[3] == "pass")) | length) of \(length) bars met, \(map(select(.[3] == "MISS")) | length) missed")
