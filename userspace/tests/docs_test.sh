#!/bin/bash
# SPDX-License-Identifier: MIT
# What is exported, declared, documented and completed is the same.
# Usage: docs_test.sh DIR, with what make built
cd "$(dirname "$0")/.." || exit 1
built=$1 n=0 failed=0

# same NAME FILE FILE: two lists
same() {
	n=$((n + 1))
	if diff "$2" "$3" >"$dir/difference" && [ -s "$2" ]; then
		echo "ok $n - $1"
	else
		sed 's/^/# /' "$dir/difference"
		echo "not ok $n - $1"
		failed=1
	fi
}
words() { tr -s ' \t' '\n' | sed '/^$/d' | sort -u; }
tool() { "$built/kcmap" help "$@" | awk '/^commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }' | sort; }
pages() { grep -lE "^\.(Nm|so) ?" man/man3/*.3 | sed 's|.*/||; s|\.3$||' | sort; }
# What a page declares: a function must be in the page of its name, or where that points to.
documented() {
	local page name
	for page in man/man3/*.3; do
		name=${page##*/}
		name=${name%.3}
		[ "$(head -n 1 "$page")" != "$(sed -n 's/^\.so /.so /p' "$page")" ] || page=man/$(sed -n 's/^\.so //p' "$page")
		grep -q "^\.Fn $name \"" "$page" && echo "$name"
	done | sort
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed -n 's/^\t\(kcmap_[a-z_]*\);$/\1/p' lib/libkcmap.map | sort >"$dir/map"
nm -D --defined-only "$built/libkcmap.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort >"$dir/exported"
grep -oE '\bkcmap_[a-z_]+\(' lib/include/libkcmap.h | tr -d '(' | sort -u >"$dir/header"
sed -n '/^static inline/,/^}/p' lib/include/libkcmap.h | grep -oE '^static inline void kcmap_[a-z_]+' | awk '{ print $4 }' | sort >"$dir/inline"
sort "$dir/map" "$dir/inline" >"$dir/public"
same "the version script has what the library exports" "$dir/map" "$dir/exported"
same "the header declares it, and inline functions" "$dir/public" "$dir/header"
pages >"$dir/pages"
documented >"$dir/documented"
same "each function has a page" "$dir/header" "$dir/pages"
same "which declares it" "$dir/header" "$dir/documented"

tool >"$dir/commands"
tool classify >"$dir/classify"
sed -n "s/^	local commands='\(.*\)'/\1/p" completion/kcmap | words >"$dir/completed"
sed -n "s/^	local classify='\(.*\)'/\1/p" completion/kcmap | words >"$dir/completed_classify"
sed -n "s/^	local types='\(.*\)'/\1/p" completion/kcmap | words >"$dir/completed_types"
"$built/kcmap" help types | sed -n 's/^  \([a-z0-9]*\) .*/\1/p' | sort >"$dir/types"
same "completion has the commands" "$dir/commands" "$dir/completed"
same "and those of classify" "$dir/classify" "$dir/completed_classify"
"$built/kcmap" bench --bench '?' 2>&1 | sed 's/.*: expected //' | words >"$dir/benches"
"$built/kcmap" bench --engine '?' 2>&1 | sed 's/.*: expected //' | words >"$dir/engines"
sed -n "s/^	local benches='\(.*\)'/\1/p" completion/kcmap | words >"$dir/completed_benches"
sed -n "s/^	local engines='\(.*\)'/\1/p" completion/kcmap | words >"$dir/completed_engines"
same "and the benches" "$dir/benches" "$dir/completed_benches"
same "and the engines" "$dir/engines" "$dir/completed_engines"
same "and the types" "$dir/types" "$dir/completed_types"
sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' <(sed -n '/^\.Sh COMMANDS/,/^\.Sh TYPES/p' man/man1/kcmap.1) | sort -u >"$dir/manual"
same "the manual has the commands" "$dir/commands" "$dir/manual"
{ "$built/kcmap" help; for c in create scan snapshot top bench reliability "classify attach" "classify flows"; do
	# shellcheck disable=SC2086
	"$built/kcmap" help $c
done; } | grep -oE '^  (-., )?--[a-z-]+' | grep -oE '\-\-[a-z-]+' | sort -u >"$dir/options"
grep -oE '\-\-[a-z][a-z-]+' completion/kcmap | sort -u >"$dir/completed_options"
grep -oE 'Fl Fl [a-z-]+' man/man1/kcmap.1 | sed 's/Fl Fl /--/' | sort -u >"$dir/manual_options"
sed -n '/^\.It Fl Fl bench/,/^\.It Fl Fl entries/s/^\.Cm \([a-z0-9_]*\).*/\1/p' man/man1/kcmap.1 | sort >"$dir/manual_bench"
sort "$dir/benches" "$dir/engines" >"$dir/bench"
same "the manual has the benches and engines" "$dir/bench" "$dir/manual_bench"
same "completion has the options" "$dir/options" "$dir/completed_options"
same "the manual has the options" "$dir/options" "$dir/manual_options"

echo "1..$n"
exit $failed
