#!/bin/sh
# run.sh STEP SOURCE_DIR BUILD_DIR PREFIX CXX: one step of the install-and-consume test.
set -eu

step=$1 source_dir=$2 build_dir=$3 prefix=$4 cxx=$5
here=$source_dir/tests/install
work=$build_dir/tests/install/$step
log() { echo "install/$step: $*"; }
# Consumers are built as this tree is: a machine with ninja need not have make.
CMAKE_GENERATOR=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$build_dir/CMakeCache.txt")
export CMAKE_GENERATOR

# Nothing of the source tree may help: outside, only the prefix and the system exist.
rm -rf "$work"
mkdir -p "$work"
cd "$work"

run_consumer() {
    output=$("$1")
    log "consumer says: $output"
    case $output in
        "spargio "*" answers 42") ;;
        *) log "expected 'spargio <version> answers 42'"; exit 1 ;;
    esac
}

case $step in
prefix)
    rm -rf "$prefix"
    cmake --install "$build_dir" --prefix "$prefix" >install.log || { cat install.log; exit 1; }
    strays=$(cd "$prefix" && find . -name detail -o -name '*.cpp' -o -path '*/tests/*')
    if [ -n "$strays" ]; then
        log "installed, but not public: $strays"
        exit 1
    fi
    log "$(find "$prefix" -name '*.hpp' | wc -l) headers installed"
    ;;
headers)
    # All of them at once: a header that needs an internal one does not get past this.
    for root in include include/spargio-companions; do
        [ ! -d "$prefix/$root" ] || (cd "$prefix/$root" && find spargio companions -name '*.hpp' \
            2>/dev/null | sort | sed 's/.*/#include "&"/') || true
    done >all.cpp
    log "$(wc -l <all.cpp) headers in one program"
    "$cxx" -std=c++23 -Wall -Wextra -fsyntax-only \
        -I"$prefix/include" -I"$prefix/include/spargio-companions" all.cpp
    ;;
find_package)
    cmake -S "$here/consumer" -B build -DCMAKE_CXX_COMPILER="$cxx" \
        -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Debug
    cmake --build build
    run_consumer build/consumer
    ;;
examples)
    # A copy, with nothing of the tree beside it. Some stand for all of them, but in a long run.
    some="hello;io;time"
    [ -z "${SPARGIO_LONG:-}" ] || some="$some;net;records;resolve_connect"
    cp -r "$source_dir/examples" examples
    cmake -S examples -B build -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_BUILD_TYPE=Debug -DSPARGIO_EXAMPLES="$some"
    cmake --build build
    build/io/calculator --check
    ;;
find_package_missing)
    # A component nobody has must be an error, and one that names it; also where the package has a
    # file that is called like one.
    for part in no_such_part config core-targets; do
        if cmake -S "$here/consumer" -B "build-$part" -DCMAKE_CXX_COMPILER="$cxx" \
            -DCMAKE_PREFIX_PATH="$prefix" -DCONSUMER_COMPONENTS=$part >out.log 2>&1; then
            log "find_package accepted a component that does not exist"
            exit 1
        fi
        grep "no component '$part'" out.log
    done
    ;;
pkg_config)
    pc=$(dirname "$(find "$prefix" -name spargio.pc)")
    flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs spargio-signal spargio-dns spargio)
    log "pkg-config says: $flags"
    # shellcheck disable=SC2086 # the flags are words
    "$cxx" -std=c++23 "$here/consumer/main.cpp" -o consumer $flags
    LD_LIBRARY_PATH=$(dirname "$pc") run_consumer ./consumer
    ;;
debian)
    cpack -G DEB --config "$build_dir/CPackConfig.cmake" -B "$work" >cpack.log ||
        { cat cpack.log; exit 1; }
    dpkg-deb --contents "$work"/*.deb >contents
    for path in include/spargio/core/task.hpp spargio-config.cmake pkgconfig/spargio.pc libspargio; do
        grep -q "/usr/.*$path" contents || { log "the package lacks $path"; exit 1; }
    done
    if grep "/detail/" contents; then
        log "packaged, but not public"
        exit 1
    fi
    dpkg-deb --field "$work"/*.deb Package Version Depends
    ;;
*)
    log "no such step"
    exit 2
    ;;
esac
