# Shared by the scripts: sourced, not run. Sets the root, the shell's strictness and small helpers.
# shellcheck shell=bash

set -euo pipefail

# Found before the change of directory: the name it was called by may be relative, or a link.
script=$(readlink -f "$0")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

say() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
die() {
    printf '\n!! %s\n' "$*" >&2
    exit 1
}

# The comment at the head of the script, then the end.
show_help() {
    sed -n '2,/^source/{/^source/d;s/^# \{0,1\}//;p}' "$script"
    exit 0
}

# Two jobs a CPU overload small machines; coroutine headers take about a gigabyte a job.
jobs=${SPARGIO_JOBS:-$(nproc)}

# Runs and times one step; the log says what ran.
step() {
    local started=$SECONDS
    say "$*"
    "$@" || return $?
    note "done in $((SECONDS - started)) s"
}

writable_build() {
    mkdir -p build 2>/dev/null || true
    [ -w build ] || die "$root/build cannot be written: everything that is built goes there"
}

# configure PRESET [-DNAME=VALUE...]: into build/PRESET, by ninja where there is one.
configure() {
    local preset=$1 generator=Ninja
    shift
    writable_build
    command -v ninja >/dev/null || generator="Unix Makefiles"
    # A tree configured by another generator or for another path cannot be used again.
    local cache=build/$preset/CMakeCache.txt
    if [ -f "$cache" ] && ! { grep -qx "CMAKE_GENERATOR:INTERNAL=$generator" "$cache" &&
        grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; }; then
        note "build/$preset was made elsewhere or by another generator: made anew"
        rm -rf "build/$preset"
    fi
    cmake --preset "$preset" -G "$generator" "$@"
}

build() { cmake --build "build/$1" -j "$jobs" "${@:2}"; }

# Files under version control, or all of them where there is no git (a release tarball).
tracked_files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        # A file that is deleted but not yet committed is still listed.
        git ls-files -- "$@" | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
    else
        local pattern
        for pattern in "$@"; do
            find . -path ./build -prune -o -type f -name "${pattern##*/}" -printf '%P\n'
        done
    fi
}
