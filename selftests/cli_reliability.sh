#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kcmap reliability: numbers that can be checked by hand, files, and what is refused.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

# near MEMBER NUMBER: a jq condition, to a part in a million
near() { echo "((.$1 - $2) | fabs) <= 1e-6 * ($2 | fabs)"; }

t 0 "0.0023 an hour is an MTBF of 434.78 hours" -q "$(near mtbf_hours 434.7826087) and .bounds == [] and (has(\"hours\") | not)" -- \
	kcmap -j reliability --rate 0.0023
t 0 "so says the table" -e '' -- bash -c 'kcmap reliability --rate 0.0023 | grep -qx "MTBF          434.78 hours"'
t 0 "one failure in 434.783 hours: two sides, 95 %" -q "$(near mtbf_hours 434.783) and (.bounds[0] |
	.sides == 2 and $(near mtbf_min_hours 78.0349655) and $(near mtbf_max_hours 17173.0112))" -- \
	kcmap -j reliability --failures 1 --hours 434.783 --confidence 95
t 0 "no failure: one side, -ln(0.05) / T" -q ".mtbf_hours == null and .availability_percent == null and (.bounds[0] | .sides == 1 and
	.mtbf_max_hours == null and .rate_min_per_hour == 0 and $(near rate_max_per_hour 0.02995732274) and $(near rate_max_per_operation 2.995732274e-06))" -- \
	kcmap -j reliability --failures 0 --hours 100 --operations 1000000 --confidence 95
t 0 "90 and 95 unless asked otherwise" -q '[.bounds[].confidence] == [90, 95] and all(.targets[]; .confidence == 95)' -- \
	kcmap -j reliability --failures 2 --hours 10
t 0 "downtime and MTBF for three, four and five nines" -q "[.targets[].availability_percent] == [99.9, 99.99, 99.999] and
	(.targets[0] | $(near downtime_seconds_per_year 31557.6) and $(near mtbf_needed_hours 8.325)) and
	(.targets[1] | $(near downtime_seconds_per_year 3155.76) and $(near mtbf_needed_hours 83.325)) and
	(.targets[2] | $(near downtime_seconds_per_year 315.576) and $(near mtbf_needed_hours 833.325))" -- \
	kcmap -j reliability --rate 1 --recovery 30
t 0 "met, short, and after how many more hours it is shown" -q "(.targets[0] | .met and .shown and .hours_without_failure_needed == 0) and
	(.targets[1] | .met and (.shown | not) and $(near hours_without_failure_needed 292.14686)) and
	(.targets[2] | (.met | not) and $(near mtbf_short_hours 1333.316667))" -- \
	kcmap -j reliability --failures 3 --hours 1000 --recovery 60 --confidence 90
t 0 "a target is shown by so many hours, and not by fewer" -q '.targets[0].shown' -- kcmap -j reliability --failures 0 --hours 49.879
t 0 "not by fewer" -q '.targets[0].shown | not' -- kcmap -j reliability --failures 0 --hours 49.878

dir=$tap_dir
cat >"$dir/soaks" <<'END'
[{"kernel": "6.1", "seed": 1, "hours": 0.5, "operations": {"lookup": 900, "insert": 100}, "failures": {"lost": 0, "stale": 0}, "recovery_seconds": 8.5},
 {"kernel": "6.1", "seed": 2, "hours": 1.5, "operations": {"lookup": 1000}, "failures": {"lost": 1}, "recovery_seconds": 7}]
END
sum='.soaks == 2 and .operations == 2000 and .failures == 1 and .hours == 2 and .rate_per_hour == 0.5 and .rate_per_operation == 0.0005'
t 0 "soaks in a file are added" -q "$sum and .recovery_seconds == 8.5 and .recovery_from == \"measured\"" -- kcmap -j reliability "$dir/soaks"
t 0 "on standard input, too" -q "$sum" -- bash -c "kcmap -j reliability - <'$dir/soaks'"
t 0 "a recovery that is given counts" -q '.recovery_seconds == 3 and .recovery_from == "given"' -- kcmap -j reliability "$dir/soaks" --recovery 3
t 0 "else it is assumed" -q '.recovery_seconds == 60 and .recovery_from == "assumed"' -- kcmap -j reliability --rate 1
t 0 "the table has all of it" -- bash -c "kcmap reliability '$dir/soaks' | grep -c . | grep -qx 16"

fails 2 "of nothing" "of what?" -- reliability
fails 2 "a file and a rate" "only one of FILE" -- reliability "$dir/soaks" --rate 1
fails 2 "failures and a rate" "only one of FILE" -- reliability --failures 1 --hours 1 --rate 1
fails 2 "failures without hours" "--failures and --hours belong together" -- reliability --failures 1
fails 2 "hours without failures" "--failures and --hours belong together" -- reliability --hours 1 --operations 5
for n in 0 -1 x 1x '' inf nan 0x10 ' 1' 1e999 +1; do
	fails 2 "hours '$n'" "--hours $n: expected a number above 0" -- reliability --failures 1 "--hours=$n"
done
for n in 0 x inf; do
	fails 2 "rate '$n'" "--rate $n: expected a number above 0" -- reliability "--rate=$n"
done
for n in -1 1.5 '' 1000000001; do
	fails 2 "failures '$n'" "--failures $n: expected 0 to 1000000000" -- reliability "--failures=$n" --hours 1
done
fails 2 "operations 0" "--operations 0: expected 1 to" -- reliability --failures 1 --hours 1 --operations 0
for n in 0 100 -5 x; do
	fails 2 "confidence '$n'" "--confidence $n: expected a number above 0, up to 99.9999" -- reliability --rate 1 "--confidence=$n"
done
fails 2 "recovery 0" "--recovery 0: expected a number above 0" -- reliability --rate 1 --recovery 0
fails 3 "no such file" "cannot open $dir/none: No such file" -- reliability "$dir/none"
fails 3 "a directory" "cannot read $dir: Is a directory" -- reliability "$dir"
fails 3 "nothing on standard input" "standard input, line 1: expected the record" -- reliability -
echo '[{"hours": 1, "failures": 0}]' >"$dir/half"
fails 3 "a record without operations" "$dir/half, line 1: a record without operations" -- reliability "$dir/half"
head -c 17000000 /dev/zero | tr '\0' ' ' >"$dir/large"
fails 3 "a file that is too large" "cannot read $dir/large: File too large" -- reliability "$dir/large"

tap_done
