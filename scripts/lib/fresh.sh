#!/usr/bin/env bash
# A new Debian 12 in a folder, the repository's HEAD cloned into it, and commands run inside.
#
#   scripts/lib/fresh.sh [COMMAND...]     default: scripts/demo, then scripts/test
#
# Root only. The mirror, the proxy and the name service are taken from this machine's own
# configuration. SPARGIO_FRESH_DIR: where (default build/fresh); SPARGIO_FRESH_MIRROR: from where.
# The root is made anew each time; downloaded packages are kept beside it. Log: build/fresh/log.txt
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source scripts/lib/packages.sh

suite=bookworm
[ "$(id -u)" -eq 0 ] || die "a new Debian root needs root: sudo scripts/check --fresh"

base=${SPARGIO_FRESH_DIR:-build/fresh}
mkdir -p "$base/packages" "$base/archives/partial"
base=$(cd "$base" && pwd)
target=$base/root

# All mounts live in a mount namespace of their own and the processes in a process namespace: both
# are gone when this ends, however it ends, so that nothing is left to clean up or to delete
# through by mistake. The log is written outside, or its end would be lost with them.
if [ -z "${SPARGIO_FRESH_INSIDE:-}" ]; then
    need_packages debootstrap
    [ $# -gt 0 ] || set -- scripts/demo scripts/test
    SPARGIO_FRESH_INSIDE=1 unshare --mount --propagation private --pid --fork --kill-child \
        "$root/scripts/lib/fresh.sh" "$@" </dev/null 2>&1 | tee "$base/log.txt"
    exit
fi

# "URI RELEASE COMPONENT" of every Debian archive this machine uses.
debian_archives() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN) $(CODENAME)' \
        'Created-By: Packages' |
        awk -v s="$suite" '$4 == "Debian" && index($5, s) == 1 { print $1, $2, $3 }' | sort -u
}

make_root() {
    # Mounts of an earlier run would live here only if somebody made them by hand.
    if grep -q " $target/" /proc/self/mounts; then
        die "$target has mounts; umount them first"
    fi
    rm -rf --one-file-system "$target"
    local archives mirror
    archives=$(debian_archives)
    mirror=${SPARGIO_FRESH_MIRROR:-$(awk -v s="$suite" '$2 == s { print $1; exit }' <<<"$archives")}
    [ -n "$mirror" ] ||
        die "apt knows no archive of $suite here; run apt-get update or set SPARGIO_FRESH_MIRROR"
    debootstrap --variant=minbase --cache-dir="$base/packages" \
        --include=ca-certificates "$suite" "$target" "$mirror" ||
        { tail -n 20 "$target/debootstrap/debootstrap.log" 2>/dev/null; die "debootstrap failed"; }

    # The same archives and the same way to them as this machine.
    if [ -z "${SPARGIO_FRESH_MIRROR:-}" ]; then
        sed 's/^/deb /' <<<"$archives" >"$target/etc/apt/sources.list"
    fi
    apt-config dump --format '%F "%v";%n' Acquire |
        grep -E '^Acquire::(http|https|Retries|Check-Valid-Until|Check-Date)' \
            >"$target/etc/apt/apt.conf.d/90host" || true
    cp -L /etc/resolv.conf /etc/hosts "$target/etc/"
    if [ -d /usr/local/share/ca-certificates ]; then
        cp -a /usr/local/share/ca-certificates/. "$target/usr/local/share/ca-certificates/"
        chroot "$target" update-ca-certificates >/dev/null 2>&1 || true
    fi
    # Services have no place in a chroot.
    printf '#!/bin/sh\nexit 101\n' >"$target/usr/sbin/policy-rc.d"
    chmod +x "$target/usr/sbin/policy-rc.d"
}

mount_root() {
    mount -t proc proc "$target/proc"
    mount --rbind /sys "$target/sys"
    mount --rbind /dev "$target/dev"
    mount -t tmpfs tmpfs "$target/dev/shm" 2>/dev/null || true
    # Packages already downloaded by an earlier run.
    mount --bind "$base/archives" "$target/var/cache/apt/archives"
    rm -f "$target/etc/apt/apt.conf.d/docker-clean"
    # The repository, for the clone only.
    mkdir -p "$target/mnt/repository"
    mount --bind "$root" "$target/mnt/repository"
    mount -o remount,bind,ro "$target/mnt/repository"
}

inside() {
    local variable pass=()
    for variable in http_proxy https_proxy no_proxy SPARGIO_JOBS SPARGIO_LONG; do
        [ -z "${!variable:-}" ] || pass+=("$variable=${!variable}")
    done
    env -i HOME=/root LANG=C.UTF-8 CI=true PATH=/usr/sbin:/usr/bin:/sbin:/bin "${pass[@]}" \
        chroot "$target" /bin/sh -c "$1" </dev/null
}

clone() {
    inside 'apt-get update -q && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends git'
    inside 'git -c safe.directory="*" clone -q --no-hardlinks /mnt/repository /root/spargio &&
        cd /root/spargio && git log -1 --oneline'
    # From here on the clone is alone.
    umount "$target/mnt/repository"
}

say "a new Debian ($suite) in $target"
step make_root
mount_root
step clone
for command in "$@"; do
    step inside "cd /root/spargio && $command" || die "in the new Debian, '$command' failed"
done
say "the new Debian ran: $*"
