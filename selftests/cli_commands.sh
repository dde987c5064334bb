#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every command of the tool on maps: its text, its JSON, its exit status.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

T=(--key-type u32 --value-type u64)
tab=$'\t'

# create, list, show, destroy
t 0 "list, no maps" -q '. == []' -- kcmap -j list
t 0 "create" -o '' -- kcmap create m --key-type u32 --value-type u64 --max-entries 1000
t 0 "the node is there" -- test -c /dev/kcmap/m
t 0 "show, JSON" -q '.name == "m" and .key_size == 4 and .value_size == 8 and .max_entries == 1000
	and .mode == "0600" and .uid == 0 and .gid == 0 and .hash == "siphash"
	and .bucket_slots > 0 and .segment_size >= 4096 and (.id | type) == "number"' -- kcmap -j show m
t 0 "show, text" -- bash -c 'kcmap show m | grep -qx "max entries      1000"'
t 0 "create, sizes in bytes, JSON" -q '. == {}' -- kcmap -j create sizes --key-size 128 --value-size 1024 --max-entries 1
t 0 "create, mode, owner, group, hash" -- kcmap create --mode 0640 --owner nobody --group=nogroup --hash fast \
	--key-size 16 --value-size 0 --max-entries 0x10 opts
t 0 "show what was given" -q '.mode == "0640" and .uid == 65534 and .gid == 65534 and .hash == "fast"
	and .key_size == 16 and .value_size == 0 and .max_entries == 16' -- kcmap -p show opts
t 0 "the node has owner, group and mode" -o '640 nobody nogroup' -- stat -c '%a %U %G' /dev/kcmap/opts
t 0 "list, JSON" -q 'map(.name) == ["m", "sizes", "opts"] and .[1].value_size == 1024' -- kcmap list --json
t 0 "list, text" -o $'NAME\nm\nsizes\nopts' -- bash -c "kcmap list | awk '{ print \$1 }'"
t 0 "destroy" -o '' -- kcmap destroy opts
t 0 "destroy, JSON" -q '. == {}' -- kcmap destroy sizes -j
t 0 "the others are left" -q 'map(.name) == ["m"]' -- kcmap -j list

# lookup insert update upsert delete take
t 1 "lookup, absent" -e "kcmap: no key 1 in map m" -- kcmap lookup m 1 "${T[@]}"
t 1 "lookup, absent, JSON" -e "no key" -q '.error == "no key 1 in map m" and .status == 1' -- kcmap -j lookup m 1 "${T[@]}"
t 1 "update, absent" -e "no key 1 in map m" -- kcmap update m 1 5 "${T[@]}"
t 1 "delete, absent" -e "no key 1 in map m" -- kcmap delete m 1 "${T[@]}"
t 1 "take, absent" -e "no key 1 in map m" -- kcmap take m 1 "${T[@]}"
t 0 "insert" -o '' -- kcmap insert m 1 100 "${T[@]}"
t 0 "lookup" -o 100 -- kcmap lookup m 1 "${T[@]}"
t 0 "lookup, JSON" -q '. == {key: 1, key_hex: "01000000", value: 100, value_hex: "6400000000000000"}' -- \
	kcmap -j lookup m 1 "${T[@]}"
t 3 "insert again" -e "key 1 is in map m already" -- kcmap insert m 1 200 "${T[@]}"
t 0 "which changed nothing" -o 100 -- kcmap lookup m 1 "${T[@]}"
t 0 "update" -o '' -- kcmap update m 1 300 "${T[@]}"
t 0 "which did" -o 300 -- kcmap lookup m 1 "${T[@]}"
t 0 "upsert, present" -o '' -- kcmap upsert m 1 400 "${T[@]}"
t 0 "upsert, absent, JSON" -q '. == {}' -- kcmap -j upsert m 2 500 "${T[@]}"
t 0 "both are there" -o $'400\n500' -- bash -c 'kcmap lookup m 01000000 --value-type u64; kcmap lookup m 02000000 --value-type u64'
t 0 "delete" -o '' -- kcmap delete m 1 "${T[@]}"
t 1 "which it is" -e "no key" -- kcmap lookup m 1 "${T[@]}"
t 0 "take" -o 500 -- kcmap take m 2 "${T[@]}"
t 1 "which deleted it" -e "no key" -- kcmap lookup m 2 "${T[@]}"
t 0 "insert for take, JSON" -- kcmap insert m 3 600 "${T[@]}"
t 0 "take, JSON" -q '.key == 3 and .value == 600' -- kcmap -j take m 3 "${T[@]}"

# Options anywhere, operands that look like options
t 0 "options before the command" -- kcmap "${T[@]}" insert m 7 70
t 0 "options between, --name=value" -o 70 -- kcmap lookup --key-type=u32 m --value-type=u64 7
t 0 "a negative number is an operand" -- kcmap insert m -5 -6 --key-type s32 --value-type s64
t 0 "and is read back" -o -6 -- kcmap lookup m -5 --key-type s32 --value-type s64
t 0 "after -- all are operands" -o -6 -- kcmap --key-type s32 --value-type s64 lookup -- m -5
t 0 "letters together" -q '.value == -6' -- kcmap -jp lookup m -5 --key-type s32 --value-type s64

# scan, clear, stats
t 0 "scan, text" -o "-5${tab}-6
7${tab}70" -- bash -c 'kcmap scan m --key-type s32 --value-type s64 | sort -n'
t 0 "scan, hex" -o "07000000${tab}4600000000000000
fbffffff${tab}faffffffffffffff" -- bash -c 'kcmap scan m | sort'
t 0 "scan, keys" -o "-5
7" -- bash -c 'kcmap scan m --keys --key-type s32 | sort -n'
t 0 "scan, JSON" -q 'sort_by(.key) | . == [
	{key: -5, key_hex: "fbffffff", value: -6, value_hex: "faffffffffffffff"},
	{key: 7, key_hex: "07000000", value: 70, value_hex: "4600000000000000"}]' -- \
	kcmap -j scan m --key-type s32 --value-type s64
t 0 "scan, keys, JSON" -q 'sort_by(.key) | . == [{key: -5, key_hex: "fbffffff"}, {key: 7, key_hex: "07000000"}]' -- \
	kcmap -j scan m --key-type s32 --keys
t 0 "stats, JSON" -q '.entries == 2 and .inserts == 5 and .updates == 2 and .deletes == 3 and .clears == 0
	and .full == 0 and .memory > 0 and .segments == 1 and .splits == 0 and .merges == 0' -- kcmap -j stats m
t 0 "stats, text" -- bash -c 'kcmap stats m | grep -qE "^entries +2$"'
t 0 "clear" -o '' -- kcmap clear m
t 0 "scan, empty" -o '' -- kcmap scan m
t 0 "scan, empty, JSON" -q '. == []' -- kcmap -j scan m
t 0 "clear, JSON" -q '. == {}' -- kcmap -j clear m
t 0 "clears are counted" -q '.clears == 2 and .entries == 0' -- kcmap -j stats m

# More than one batch, each once
for i in $(seq 1 300); do kcmap insert m "$i" "$((i * 2))" "${T[@]}" || echo "# insert $i failed"; done
t 0 "scan of many" -q 'length == 300 and (map(.key) | sort) == [range(1; 301)] and all(.[]; .value == 2 * .key)' -- \
	kcmap -j scan m "${T[@]}"
t 0 "which made the map grow" -q '.splits > 0 and .segments == .splits + 1' -- kcmap -j stats m

# A set: keys without values
kcmap create set --key-type str:8 --value-size 0 --max-entries 10
t 0 "insert into a set" -- kcmap insert set abc --key-type str
t 0 "lookup in a set" -o '' -- kcmap lookup set abc --key-type str
t 0 "lookup in a set, JSON" -q '. == {key: "abc", key_hex: "6162630000000000"}' -- kcmap -j lookup set abc --key-type str
t 1 "lookup in a set, absent" -e 'no key abcd' -- kcmap lookup set abcd --key-type str
t 0 "scan of a set" -o abc -- kcmap scan set --key-type str
t 2 "a value for a set" -e 'map set has no values' -- kcmap insert set x 1 --key-type str
t 0 "take from a set" -o '' -- kcmap take set abc --key-type str
kcmap destroy set

# Unlink semantics: the name goes at once
t 0 "destroy while it is open" -- bash -c 'exec 3<>/dev/kcmap/m; kcmap destroy m && ! test -e /dev/kcmap/m'
t 0 "the name is free" -- kcmap create m --key-size 1 --value-size 1 --max-entries 1
t 0 "and the map a new one" -q '.entries == 0' -- kcmap -j stats m
kcmap destroy m

# feature, version, help
t 0 "feature, JSON" -q '.abi_version == 1 and .features.strided and .opcodes.lookup_and_delete
	and (.opcodes.cmpxchg | not) and .key_size_max == 128 and .module != null and (.classify | type) == "boolean"
	and .kernel != ""' -- kcmap -j feature
t 0 "feature, text" -- bash -c 'kcmap feature | grep -qx "opcode upsert: yes"'
t 0 "version, JSON" -q '(.kcmap | test("^[0-9]+[.]")) and .libkcmap == .kcmap and (.module | length > 0)' -- kcmap version -j
t 0 "-V is version" -o "$(kcmap version)" -- kcmap -V
t 0 "help" -- bash -c 'kcmap help | grep -q "^usage: kcmap"'
t 0 "-h is help" -o "$(kcmap help)" -- kcmap -h
t 0 "help, JSON" -q '.help | startswith("usage: kcmap")' -- kcmap help -j
for command in create destroy list show lookup insert update upsert delete take scan snapshot diff clear stats classify top feature version help; do
	t 0 "help $command" -q ".help | startswith(\"usage: kcmap $command\")" -- kcmap -j help $command
	t 0 "$command --help" -o "$(kcmap help $command)" -- kcmap $command --help
done
for command in attach detach stats flows set; do
	t 0 "help classify $command" -q ".help | startswith(\"usage: kcmap classify $command\")" -- kcmap -j help classify $command
done
t 0 "help types" -- bash -c 'kcmap help types | grep -q "^  5tuple "'

tap_done
