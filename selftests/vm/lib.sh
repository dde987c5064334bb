# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scripts that fetch, build and boot kernels share. Source it.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
vm=$top/selftests/vm
# Kernels take minutes to build: they live outside the checkout, and outlive it.
cache=${KCMAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kcmap}

# depmod and some of the guest's tools are there, where a user's PATH does not look.
PATH+=:/usr/sbin:/sbin

# Exit statuses of run and run-uml that do not come from the command.
export E_TIMEOUT=124 E_SILENT=125 E_SPLAT=126

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 2; }

# Hold a lock until this shell ends: two builds of one kernel would spoil it.
lock() {
	local fd
	mkdir -p "$cache"
	exec {fd}>"$cache/$1.lock"
	flock -n "$fd" || { say "waiting for another process that works on $1"; flock "$fd"; }
}

# apt_suite SUITE: set the array $apt to options that make apt use SUITE of this
# machine's own Debian mirror, and nothing of the machine's apt state.
apt_suite() {
	local dir=$cache/apt/$1 uri
	# shellcheck disable=SC1091,SC2016
	uri=$(. /etc/os-release && apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' \
		'Created-By: Packages' | awk -v c="$VERSION_CODENAME" '$1 == "Debian" && $2 == c { print $3; exit }')
	[ -n "$uri" ] || die "no Debian mirror in apt's configuration: is this Debian, and has 'apt-get update' been run?"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/none"
	# What is installed here, and may be newer, is of no interest.
	: >"$dir/status"
	printf '%s\n' 'Types: deb' "URIs: $uri" "Suites: $1" 'Components: main' \
		'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >"$dir/suite.sources"
	apt=(-q -o "Dir::Etc::sourcelist=$dir/suite.sources" -o Dir::Etc::sourceparts=- -o "Dir::Etc::preferencesparts=$dir/none"
		-o "Dir::Etc::preferences=$dir/none/none" -o "Dir::State::lists=$dir/lists" -o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir" -o "Dir::Cache::archives=$dir/archives"
		-o "APT::Sandbox::User=$(id -un)" -o APT::Architecture=amd64)
	# Once a day is enough; without a network, what was there before will do.
	if [ -z "$(find "$dir/updated" -mmin -1440 2>/dev/null)" ]; then
		say "reading the package lists of $1"
		if apt-get "${apt[@]}" update >"$dir/update.log" 2>&1; then
			touch "$dir/updated"
		elif [ ! -e "$dir/updated" ]; then
			cat "$dir/update.log" >&2
			die "cannot read the package lists of $1"
		fi
	fi
}

# fetch_deb SUITE PACKAGE DIR: extract PACKAGE of SUITE into DIR, without installing it.
fetch_deb() {
	local tmp apt
	apt_suite "$1"
	tmp=$(mktemp -d "$cache/deb.XXXXXX")
	say "downloading $2 from $1"
	(cd "$tmp" && apt-get "${apt[@]}" download "$2" >"$tmp/log" 2>&1) ||
		{ cat "$tmp/log" >&2; rm -rf "$tmp"; die "cannot download $2"; }
	dpkg-deb -x "$tmp"/*.deb "$3"
	rm -rf "$tmp"
}

# kernel_release IMAGE: the release that a bzImage says it is.
kernel_release() {
	local at
	at=$(od -An -j 526 -N 2 -t u2 "$1" | tr -d ' ')
	dd if="$1" bs=1 skip=$((at + 512)) count=128 status=none | tr '\0' '\n' | sed -n '1s/ .*//p'
}

# unpacked IMAGE: the path of an ELF kernel to boot in place of the bzImage IMAGE,
# or IMAGE itself where there is none (no PVH entry, or packed in another way).
# An emulated processor takes seconds to unpack a kernel.
unpacked() {
	local image=$1 dir=$cache/vmlinux file at size
	field() { od -An -j "$1" -N "$2" -t "u$2" "$image" | tr -d ' '; }
	file=$dir/$(kernel_release "$image")-$(stat -Lc %s-%Y "$image")
	if [ ! -e "$file" ]; then
		mkdir -p "$dir"
		at=$((($(field 497 1) + 1) * 512 + $(field 584 4)))
		size=$(field 588 4)
		dd if="$image" of="$file.$$" bs=1M iflag=skip_bytes,count_bytes skip="$at" count="$size" status=none
		case $(od -An -N 4 -t x1 "$file.$$" | tr -d ' ') in
		fd377a58) head -c -4 "$file.$$" | xz -qdc ;;
		28b52ffd) head -c -4 "$file.$$" | zstd -qdc ;;
		1f8b*) gzip -qdc <"$file.$$" ;;
		esac >"$file.$$.elf" 2>/dev/null || :
		# An empty file says that there is none. 0x12 is the note of the PVH entry.
		readelf -n "$file.$$.elf" 2>/dev/null | grep -E '^ *Xen .*0x00000012' >/dev/null || : >"$file.$$.elf"
		mv "$file.$$.elf" "$file"
		rm -f "$file.$$"
	fi
	if [ -s "$file" ]; then echo "$file"; else echo "$image"; fi
}

# kernels_races LOG: a kernel log, with KCSAN's reports emptied in which neither access is
# kcmap's, made by it or by a helper that it called: the kernel has races of its own, in
# timers say, also below kcmap's functions. With KCMAP_PLANTED=1, also those between
# the lines "kcmap-pair: planted" and "kcmap-pair: end", where races were planted. The
# title of each goes to descriptor 3. A report that has no end is never left out.
kernels_races() {
	awk -v planted="${KCMAP_PLANTED:-0}" '
		function flush(hide,   i) {
			for (i = 1; i <= n; i++)
				print hide ? "" : line[i]
			if (hide)
				print title >"/dev/fd/3"
			n = ours = looking = 0
		}
		/kcmap-pair: planted/ { inside = 1 }
		/kcmap-pair: end/ { inside = 0 }
		/BUG: KCSAN: / && !n { title = $0; sub(/.*KCSAN: /, "", title); line[n = 1] = $0; next }
		n { line[++n] = $0 }
		n && / bytes by / { looking = 1; next }
		n && looking && !/ (__tsan_|__asan_)?(mem(cpy|set|move|cmp)|_*copy_(to|from)_user|(__)?x(a|as)_|__list_|llist_|_find_|kasan_|kcsan_)/ {
			ours += /\[kcmap/
			looking = 0
		}
		n && /======/ { flush(!ours || (planted && inside)); next }
		!n
		END { flush(0) }' "$1"
}

# Splats in a kernel log, each with its line number.
splats() {
	grep -nEf <(grep -v "^#" "$vm/splats") <(kernels_races "$1" 3>/dev/null) || :
}

# verdict LOG STATUS NONCE-FILE NONCE WHO: the exit status of a run. The guest
# says "NONCE exit STATUS TAINT" out of band, and marks the end of its log.
verdict() {
	local log=$1 status=$2 file=$3 nonce=$4 who=$5 first said code taint from
	first=$(splats "$log" | head -n 1 || :)
	kernels_races "$log" 3>&1 >/dev/null | sort | uniq -c | while read -r n title; do
		say "not counted, reported $n times: $title"
	done
	said=$(tr -d '\r' <"$file" | sed -nE "s/^$nonce exit ([0-9]+) ([0-9]+)\$/\\1 \\2/p" | tail -n 1)
	code=${said% *} taint=${said#* }
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		say "FAIL: $who did not end in time and was killed; the end of its log:"
		tail -n 30 "$log" >&2
		[ -z "$first" ] || say "its log has a splat: $first"
		return $E_TIMEOUT
	fi
	if [ -n "$first" ]; then
		say "FAIL: a splat in the kernel's log, line ${first%%:*}:"
		from=$((${first%%:*} > 3 ? ${first%%:*} - 3 : 1))
		# One program: a pipe that is closed early would be the exit status.
		sed -n "$from,$((from + 60))p" "$log" >&2
		return $E_SPLAT
	fi
	if [ -z "$said" ]; then
		say "FAIL: $who ended without a verdict; the end of its log:"
		tail -n 30 "$log" >&2
		return $E_SILENT
	fi
	# Machine check, bad page, died, warned, soft lockup: whatever the log's words.
	if ((taint & (1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))); then
		say "FAIL: the kernel is tainted ($taint), so something warned; the end of its log:"
		tail -n 30 "$log" >&2
		return $E_SPLAT
	fi
	if ! grep -qF "kcmap-vm: $nonce end of log" "$log"; then
		say "FAIL: the kernel's log is incomplete; its end:"
		tail -n 30 "$log" >&2
		return $E_SILENT
	fi
	[ "$code" = 0 ] || say "the command's exit status is $code"
	return "$code"
}
