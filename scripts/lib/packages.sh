# Debian packages: sourced after common.sh. Only what is missing is installed, and only by apt.
# shellcheck shell=bash

packages_base=(g++ cmake ninja-build pkg-config liburing-dev libc-ares-dev libgtest-dev libgmock-dev python3 git
    spin)
packages_format=(clang-format-14)
packages_clang=(clang-19 libclang-rt-19-dev llvm-19)
packages_tidy=(clang-tidy-19)
packages_examples=(libssl-dev libcli11-dev libboost-dev curl redis-tools)
# The tests run each benchmark once, and so one against redis-server.
packages_test=(socat bind9-dnsutils redis-server)
# Beside those of the examples, of which keyed_router is measured.
packages_bench=(cargo rustc librust-tokio-dev librust-async-channel-dev librust-flume-dev libtbb-dev
    redis-server)

package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages NAME...: installs those that are missing, or says which and ends.
need_packages() {
    if ! command -v dpkg-query >/dev/null; then
        note "not a Debian system; these are taken as present: $*"
        return
    fi
    local name missing=()
    for name in "$@"; do
        package_installed "$name" || missing+=("$name")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        note "packages present: $*"
        return
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "missing Debian packages; as root: apt-get install ${missing[*]}"
        as_root=(sudo -n)
        sudo -n true 2>/dev/null ||
            die "missing Debian packages, and sudo asks for a password; run:
   sudo apt-get install ${missing[*]}"
    fi
    say "installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: ${missing[*]}"
}
