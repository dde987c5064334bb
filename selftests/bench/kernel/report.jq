# SPDX-License-Identifier: GPL-2.0
# Medians of the repeats, their spread, and ratios of medians.
def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def hundredths: . * 100 | round / 100;

(group_by([.bench, .entries, .threads, .engine]) | map({
	bench: .[0].bench, entries: .[0].entries, threads: .[0].threads, engine: .[0].engine, n: length,
	ns: (map(.ns_per_op) | median), min: (map(.ns_per_op) | min), max: (map(.ns_per_op) | max)
})) as $all
# Nothing where there is no sample: then the ratio is not printed.
| def ns($b; $e; $n; $t): $all[] | select(.bench == $b and .engine == $e and .entries == $n and .threads == $t) | .ns;
def best($b; $n): [ns($b; "rhashtable", "bpf_hash", "bpf_rhash"; $n; 1)] | select(length > 0) | min;
def faster($b; $n): best($b; $n) / ns($b; "kcmap"; $n; 1);
def bar($what; $ratio; $bar): "\($what): \($ratio | hundredths) (\($bar))";
def bulk: ns("lookup_bulk32"; "kcmap"; 1048576; 1);
def update($e): ns("update"; $e; 1048576; 1) / ns("update"; "kcmap"; 1048576; 1);
def scaling($e; $n): 2 * ns("lookup_hit"; $e; $n; 1) / ns("lookup_hit"; $e; $n; 2);

"bench entries threads engine median min max repeats, ns per operation",
($all[] | "\(.bench) \(.entries) \(.threads) \(.engine) \(.ns) \(.min) \(.max) \(.n)"),
"",
"Measured in user-mode Linux, where disabling interrupts costs hundreds of ns:",
"update, insert and delete say more about that than about the tables. BPF RHASH is left out of insert and delete:",
"its allocator is refilled at the tick there, and nearly all inserts would fail.",
"",
((65536, 1048576, 4194304) as $n | bar("P1 hit, best of three / kcmap, \($n)"; faster("lookup_hit"; $n); "at least 2")),
([(65536, 1048576, 4194304) as $n | faster("lookup_hit"; $n)] | select(length == 3) |
	bar("P1 geometric mean"; (map(log) | add / 3 | exp); "at least 2.5")),
((65536, 1048576, 4194304) as $n | bar("P1 kcmap / flat, \($n)"; ns("lookup_hit"; "kcmap"; $n; 1) / ns("lookup_hit"; "flat"; $n; 1); "at most 1.15")),
bar("P2 best single lookup / bulk"; best("lookup_hit"; 1048576) / bulk; "at least 6"),
bar("P2 rhashtable bulk / bulk"; ns("lookup_bulk32"; "rhashtable"; 1048576; 1) / bulk; "at least 2"),
bar("P3 hit, best of three / kcmap, 4096"; faster("lookup_hit"; 4096); "at least 1.2"),
bar("P4 update, bpf_hash / kcmap"; update("bpf_hash"); "at least 2"),
bar("P4 update, rhashtable / kcmap"; update("rhashtable"); "at least 1.5"),
(("insert", "delete") as $b | bar("P4 \($b), best of three / kcmap"; faster($b; 1048576); "at least 1.5")),
((4096, 65536, 1048576) as $n | bar("P5 scaling of kcmap / of private tables, \($n)"; scaling("kcmap"; $n) / scaling("private"; $n); "at least 0.97"))
