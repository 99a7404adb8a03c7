#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What neither the compiler nor the formatter sees. Looks at the files that git knows; prints every
# breach as FILE:LINE: TEXT and ends with status 1 when there is one.
set -u
cd "$(dirname "$0")/.." || exit 2

failures=0
longest=800

# complain RULE: breaches on standard input, one a line
complain() {
	local rule=$1 lines
	lines=$(cat)
	[ -z "$lines" ] && return
	printf '%s:\n%s\n' "$rule" "$lines" | sed '2,$s/^/  /'
	failures=$((failures + $(printf '%s\n' "$lines" | wc -l)))
}

sources=('*.c' '*.h' '*.def' '*.cc')
# tests/support has the one loop that waits for a condition.
tests=('tests' '*/test_*.c' '*test*.py' ':!tests/support')

git grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atoll|gets|alloca|system|popen)\s*\(' \
	-- "${sources[@]}" | complain 'banned call'
git grep -nE '\b(malloc|calloc|realloc|strdup|strndup)\s*\(' -- "${sources[@]}" ':!common/base/memory.c' |
	complain 'heap not by memory.h'
git grep -nE '\b(u|nano|clock_nano)?sleep\s*\(' -- "${sources[@]}" |
	complain 'sleep'
git grep -nE '\btime\.sleep\s*\(|^\s*sleep [0-9.]+' -- "${tests[@]}" | complain 'sleep in a test'
git grep -nE '#\s*include\s+"[^"]*/' -- "${sources[@]}" |
	complain 'include by path instead of name'
git grep -nE '\b(aggregator|core-apiserver|extensions-apiserver)\b' -- common |
	complain 'common/ names a server'
git grep -nE '\b(TODO|FIXME|XXX)\b' -- "${sources[@]}" '*.py' '*.sh' dev ':!tools/check_source.sh' |
	complain 'unfinished'
git ls-files '*.h' | sed 's|.*/||' | sort | uniq -d | complain 'header name used twice'
git ls-files "${sources[@]}" | while read -r file; do
	[ "$(head -n 1 "$file")" = '/* SPDX-License-Identifier: Apache-2.0 */' ] || echo "$file:1:"
done | complain 'first line is not the license'
git ls-files '*.c' '*.h' '*.cc' '*.py' '*.sh' dev | xargs -r wc -l |
	awk -v longest=$longest '$2 != "total" && $1 > longest {print $2 ": " $1 " lines"}' |
	complain "longer than $longest lines"

[ "$failures" -eq 0 ] || echo "$failures breaches"
[ "$failures" -eq 0 ]
