#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the tool says where a map, a key, a permission or the module is missing.
cd "$(dirname "$0")" || exit 1
# shellcheck source-path=SCRIPTDIR source=cli_tap.sh
. ./cli_tap.sh

# As another user; called through t.
# shellcheck disable=SC2317
nobody() { su -s /bin/bash -c "$(printf '%q ' "$@")" nobody; }

kcmap create m --key-size 4 --value-size 8 --max-entries 2
kcmap create other --key-size 4 --value-size 8 --max-entries 2 --owner nobody --mode 0640

c=(create new --key-size 4 --value-size 8 --max-entries 2)

# Maps and keys
fails 3 "no such map" "no map gone: see kcmap list" -- show gone
fails 3 "no such map, destroy" "no map gone: see kcmap list" -- destroy gone
fails 3 "no such map, insert" "no map gone: see kcmap list" -- insert gone 00000000 0000000000000000
fails 2 "a key of another size" "key '00' has 2 characters: expected 8 hex digits" -- lookup m 00
fails 2 "a value of another size" "value '00' has 2 characters: expected 16 hex digits" -- insert m 00000000 00
fails 2 "a key type of another size" "type u64 has 8 bytes, but the map's keys have 4" -- lookup m 1 --key-type u64
fails 2 "a value type of another size" "type u32 has 4 bytes, but the map's values have 8" -- scan m --value-type u32
fails 2 "an unknown type" "no type 'int'" -- scan m --value-type int
kcmap insert m 00000001 0000000000000000
kcmap insert m 00000002 0000000000000000
fails 3 "insert into a full map" "map m is full (max_entries 2)" -- insert m 00000003 0000000000000000
fails 3 "upsert into a full map" "map m is full (max_entries 2)" -- upsert m 00000003 0000000000000000
t 0 "upsert of what is there" -- kcmap upsert m 00000002 0000000000000001
fails 3 "insert of what is there" "key 00000002 is in map m already" -- insert m 00000002 0000000000000000
fails 1 "absent" "no key 00000009 in map m" -- lookup m 00000009

# Permissions
denied() {
	local name=$1 part=$2
	shift 2
	t 3 "$name" -o '' -e "kcmap: $part" -- nobody kcmap "$@"
	t 3 "$name, JSON" -e "$part" -q ".status == 3 and (.error | startswith(\"$part\"))" -- nobody kcmap -j "$@"
}
denied "control" "cannot open /dev/kcmap/control: permission denied (mode 0600, owner root, group root): become root, or" list
denied "a map, for reading" "cannot open /dev/kcmap/m for reading: permission denied (mode 0600, owner root, group root)" scan m
denied "a map, for writing" "cannot open /dev/kcmap/m for writing: permission denied" clear m
chmod 0444 /dev/kcmap/m
t 0 "who may read may look up" -o 0000000000000001 -- nobody kcmap lookup m 00000002
t 0 "and scan" -q 'length == 2' -- nobody kcmap -j scan m
t 0 "and show" -q '.name == "m"' -- nobody kcmap -j show m
t 0 "and ask for stats" -q '.entries == 2' -- nobody kcmap -j stats m
for op in "insert m 00000003 0000000000000000" "update m 00000002 0000000000000000" "upsert m 00000002 0000000000000000" \
	"delete m 00000002" "take m 00000002" "clear m"; do
	# shellcheck disable=SC2086
	denied "but not ${op%% *}" "cannot open /dev/kcmap/m for writing: permission denied (mode 0444" $op
done
t 0 "nothing was changed" -q '.entries == 2 and .updates == 1' -- kcmap -j stats m
t 0 "an owner may change" -- nobody kcmap insert other 00000001 0000000000000000
chmod 0644 /dev/kcmap/control
t 0 "who may read control may list" -q 'map(.name) == ["m", "other"]' -- nobody kcmap -j list
t 0 "and see the version" -q '.module != null' -- nobody kcmap -j version
denied "but not create" "cannot open /dev/kcmap/control for writing: permission denied (mode 0644, owner root" "${c[@]}"
denied "nor destroy" "cannot open /dev/kcmap/control for writing: permission denied (mode 0644, owner root" destroy other
chmod 0666 /dev/kcmap/control
denied "destroy, not the owner" "cannot destroy map m: that takes its owner or CAP_SYS_ADMIN" destroy m
denied "create for somebody else" "cannot create map new: that owner or group takes CAP_SYS_ADMIN" "${c[@]}" --owner 0
denied "create for a group one is not in" "cannot create map new: that owner or group takes CAP_SYS_ADMIN" "${c[@]}" --group 0
t 0 "create" -- nobody kcmap "${c[@]}" --mode 0600
t 0 "it belongs to who made it" -o '65534 65534 600' -- stat -c '%u %g %a' /dev/kcmap/new
t 0 "destroy, the owner" -- nobody kcmap destroy new
t 0 "destroy, the owner that root gave it to" -- nobody kcmap destroy other
chmod 0600 /dev/kcmap/control
t 0 "version without permission" -q '.module == null and (.module_missing | startswith("permission denied"))' -- nobody kcmap -j version
t 0 "feature without permission" -q '.module == null and (.module_missing | startswith("permission denied"))' -- nobody kcmap -j feature

# Not a map
mknod /dev/kcmap/zero c 1 5
fails 3 "a node that is no map" "/dev/kcmap/zero is not a map" -- show zero
rm /dev/kcmap/zero
mkdir /dev/kcmap/dir
fails 3 "a directory" "cannot open /dev/kcmap/dir" -- clear dir
rmdir /dev/kcmap/dir

# The output cannot be written
t 3 "a full disk" -e "cannot write the output: No space left on device" -- bash -c 'kcmap show m >/dev/full'
t 3 "a full disk, JSON" -e "cannot write the output: No space left on device" -- bash -c 'kcmap -j scan m >/dev/full'

# No module; what comes next needs it
trap 'modprobe kcmap; rm -rf "$tap_dir"' EXIT
kcmap destroy m
grep -q '^kcmap_classify ' /proc/modules && rmmod kcmap_classify
t 0 "the module unloads" -- rmmod kcmap
fails 3 "no module" "no /dev/kcmap/control: is the module loaded? modprobe kcmap" -- list
fails 3 "no module, map" "no /dev/kcmap/control: is the module loaded? modprobe kcmap" -- lookup m 00000000
fails 3 "no module, create" "no /dev/kcmap/control: is the module loaded? modprobe kcmap" -- "${c[@]}"
fails 3 "no module, classify" "no /dev/kcmap_classify: is the module loaded? modprobe kcmap_classify" -- classify stats lo
t 0 "no module, version" -q '.module == null and .module_missing == "not loaded: modprobe kcmap"' -- kcmap -j version
t 0 "no module, feature" -q '.module == null and .classify == false' -- kcmap -j feature
t 0 "no module, help" -q '.help != ""' -- kcmap -j help
t 0 "the module loads again" -- modprobe kcmap
t 0 "and works" -q '. == []' -- kcmap -j list

tap_done
