#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# TAP for the tests of the tool. Source it; run by itself it tests itself, since
# a check that cannot fail is worth nothing.

tap_n=0 tap_failed=0
tap_dir=$(mktemp -d)
trap 'rm -rf "$tap_dir"' EXIT

result() { # result 0|1 NAME
	tap_n=$((tap_n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_n - $2"
	else
		echo "not ok $tap_n - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

# t STATUS NAME [-o STDOUT] [-e PART_OF_STDERR] [-q JQ_FILTER] -- COMMAND...
# Without -e nothing may come on stderr; -q has to give true for the one JSON
# value on stdout.
t() {
	local want=$1 name=$2 got bad='' out err part='' filter=''
	local -a stdout=()
	shift 2
	while [ "$1" != -- ]; do
		case $1 in
		-o) stdout=("$2") ;;
		-e) part=$2 ;;
		-q) filter=$2 ;;
		*) echo "Bail out! t: $1"; exit 1 ;;
		esac
		shift 2
	done
	shift
	"$@" >"$tap_dir/out" 2>"$tap_dir/err" </dev/null
	got=$?
	out=$(<"$tap_dir/out") err=$(<"$tap_dir/err")
	[ "$got" = "$want" ] || bad+="; exit status $got, not $want"
	[ ${#stdout[@]} = 0 ] || [ "$out" = "${stdout[0]}" ] || bad+="; stdout is not '${stdout[0]}'"
	if [ -z "$part" ]; then
		[ -z "$err" ] || bad+="; there is something on stderr"
	else
		[[ $err = *"$part"* ]] || bad+="; '$part' is not on stderr"
	fi
	if [ -n "$filter" ]; then
		[ "$(jq -s "length == 1 and (.[0] | $filter)" "$tap_dir/out" 2>&1)" = true ] ||
			bad+="; not true of the JSON: $filter"
	fi
	if [ -n "$bad" ]; then
		printf '# %q ' "$@"
		printf '\n# %s\n' "${bad#; }"
		sed 's/^/# stdout: /' "$tap_dir/out"
		sed 's/^/# stderr: /' "$tap_dir/err"
	fi
	result $((${#bad} > 0)) "$name"
}

# fails STATUS NAME BEGINNING -- ARGS...: what kcmap says, as text and as JSON
fails() {
	local status=$1 name=$2 part=$3
	shift 4
	t "$status" "$name" -o '' -e "kcmap: $part" -- kcmap "$@"
	t "$status" "$name, JSON" -e "kcmap: $part" -q ".status == $status and (.error | startswith(\"$part\"))" -- kcmap -j "$@"
}

tap_done() {
	echo "1..$tap_n"
	[ $tap_failed = 0 ]
	exit
}

# try NAME ok|"not ok" ARGS...: what t makes of it
try() {
	local name=$1 want=$2 line
	shift 2
	line=$(tap_n=0 && t "$@" 2>/dev/null | grep -E '^(not )?ok ')
	[ "$line" = "$want 1 - x" ]
	result $? "$name"
}

self_test() {
	try "what is as it should be passes" ok 3 x -o out -e rr -- bash -c 'echo out; echo err >&2; exit 3'
	try "another exit status fails" "not ok" 0 x -- false
	try "another output fails" "not ok" 0 x -o out -- echo other
	try "output where none should be fails" "not ok" 0 x -o '' -- echo other
	try "a diagnostic that is not wanted fails" "not ok" 0 x -- bash -c 'echo err >&2'
	try "another diagnostic fails" "not ok" 0 x -e e1 -- bash -c 'echo e2 >&2'
	try "no diagnostic fails" "not ok" 0 x -e e1 -- true
	try "JSON of which the filter is true passes" ok 0 x -q '.a == 1' -- echo '{"a":1}'
	try "JSON of which it is false fails" "not ok" 0 x -q '.a == 2' -- echo '{"a":1}'
	try "what is not JSON fails" "not ok" 0 x -q . -- echo '{"a":1'
	try "no JSON fails" "not ok" 0 x -q 'true' -- true
	try "two JSON values fail" "not ok" 0 x -q 'true' -- echo '1 2'
}

if [ "$0" = "${BASH_SOURCE[0]}" ]; then
	self_test
	tap_done
fi
