#!/usr/bin/env bash
# Searches every interleaving of a Promela model.
#
#   run.sh MODEL.pml          exit 0: no error in any of them
#   run.sh MODEL.pml BREAK    with BREAK defined, which breaks a part of the protocol; exit 0: the search
#                             found the error that this must cause
#
# Exit 77: spin is not installed (skipped).
set -euo pipefail

model=$(realpath "$1")
break=${2:-}
if ! command -v spin >/dev/null; then
    echo "SKIPPED: spin is not installed (Debian package: spin)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

spin ${break:+-D"$break"} -a "$model"
"${CC:-cc}" -O1 -w -DSAFETY -DVECTORSZ=4096 -o pan pan.c
./pan -m100000 >report 2>&1 || true

if [ -n "$break" ]; then
    # Not the line that lists what is looked for.
    grep -m1 -E '^pan:[0-9]+: (assertion violated|invalid end state)' report && exit 0
    cat report
    echo "$break: no check noticed"
    exit 1
fi
# A search that was cut short proves nothing.
if ! grep -q 'errors: 0' report || grep -qE 'Search not completed|max search depth' report; then
    cat report
    [ ! -e "$(basename "$model").trail" ] || spin -t -p -g "$model" | tail -n 200
    exit 1
fi
grep -E 'states, stored|errors:' report
