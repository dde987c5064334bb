#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Wrong usage: exit status 2, and what was expected, as text and as JSON.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

kcmap create m --key-size 4 --value-size 8 --max-entries 2

# Usage
fails 2 "no command" "which command?" --
fails 2 "unknown command" "no command 'dump'" -- dump
fails 2 "unknown command of classify" "no command 'classify dump'" -- classify dump
fails 2 "no command of classify" "which command of kcmap classify?" -- classify
fails 2 "help for an unknown command" "no command 'dump'" -- help dump
fails 2 "help for an unknown command of classify" "no command 'classify dump'" -- help classify dump
fails 2 "help for a command of a command" "no command 'list m'" -- help list m
fails 2 "unknown option" "no option --bogus" -- list --bogus
fails 2 "unknown letter" "no option -x" -- list -x
fails 2 "another command's option" "no option --keys" -- list --keys
fails 2 "an option without its argument" "option --key-type needs TYPE" -- scan m --key-type
fails 2 "an argument for an option without" "option --keys takes no argument" -- scan m --keys=1
fails 2 "too few operands" "usage: kcmap lookup NAME KEY" -- lookup m
fails 2 "too many operands" "usage: kcmap lookup NAME KEY" -- lookup m 00000000 00
fails 2 "too many operands, none wanted" "usage: kcmap list [OPTIONS]" -- list m
fails 2 "classify operands" "usage: kcmap classify detach DEV" -- classify detach
fails 2 "no value" "map m has values of 8 bytes" -- insert m 00000000
for name in '' . .. control a/b 'a b' ../../null aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; do
	fails 2 "a name that is none: '$name'" "'$name' cannot be the name of a map" -- show "$name"
done
fails 2 "create, a name that is none" "'control' cannot" -- create control --key-size 1 --value-size 1 --max-entries 1
fails 2 "destroy, a name that is none" "'a/b' cannot" -- destroy a/b

# create
c=(create new --key-size 4 --value-size 8 --max-entries 2)
fails 2 "create, no key size" "how large is a key?" -- create new --value-size 1 --max-entries 1
fails 2 "create, no value size" "how large is a value?" -- create new --key-size 1 --max-entries 1
fails 2 "create, no max entries" "how many entries?" -- create new --key-size 1 --value-size 1
fails 2 "create, a type without a size" "how large is a key?" -- create new --key-type str --value-size 1 --max-entries 1
for n in 0 129 -1 1x '' 4294967300; do
	fails 2 "create, key size $n" "--key-size $n: expected 1 to 128" -- "${c[@]}" --key-size "$n"
done
for n in 1025 -1 0x; do
	fails 2 "create, value size $n" "--value-size $n: expected 0 to 1024" -- "${c[@]}" --value-size "$n"
done
for n in 0 268435457 -1 18446744073709551617; do
	fails 2 "create, max entries $n" "--max-entries $n: expected 1 to 268435456" -- "${c[@]}" --max-entries "$n"
done
fails 2 "create, a type that does not fit" "type u64 has 8 bytes, but the map's keys have 4" -- "${c[@]}" --key-type u64
fails 2 "create, a type that is too large" "--key-type hex:200 has 200 bytes" -- create new --key-type hex:200 --value-size 1 --max-entries 1
fails 2 "create, unknown type" "no type 'u7'" -- "${c[@]}" --key-type u7
for mode in 1000 8 rw ''; do
	fails 2 "create, mode '$mode'" "--mode $mode: expected permission bits" -- "${c[@]}" --mode "$mode"
done
fails 2 "create, unknown user" "--owner nosuch: no such user" -- "${c[@]}" --owner nosuch
fails 2 "create, unknown group" "--group nosuch: no such group" -- "${c[@]}" --group nosuch
fails 2 "create, uid out of range" "--owner 4294967295: no such user" -- "${c[@]}" --owner 4294967295
fails 2 "create, unknown hash" "--hash md5: expected siphash or fast" -- "${c[@]}" --hash md5
fails 3 "create, exists" "map m exists already" -- create m --key-size 4 --value-size 8 --max-entries 2
t 0 "none of these made a map" -q 'map(.name) == ["m"]' -- kcmap -j list

kcmap destroy m
tap_done
