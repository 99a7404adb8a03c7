#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_flags_doc.sh PROGRAM FILE: whether docs/flags.md is what the table of flags makes it, and
# whether the shells that are here can read their completions.
set -eu
program=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$program" markdown | diff -u "$2" - || {
	echo "$2 is out of date: ninja update-flags-doc" >&2
	exit 1
}
for shell in bash zsh fish; do
	"$program" "$shell" >"$scratch/$shell"
	grep -q secure-port "$scratch/$shell"
	command -v "$shell" >/dev/null || continue
	"$shell" -n "$scratch/$shell"
done
"$program" man >"$scratch/man"
grep -q 'secure\\-port' "$scratch/man"
