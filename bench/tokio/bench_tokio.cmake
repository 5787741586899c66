# Tokio's end, built by Debian's cargo against Debian's crates, offline. The sources are copied
# first: cargo writes a Cargo.lock beside them, which belongs to the build.

set(bench_rustc_version "")
find_program(BENCH_CARGO cargo PATHS /usr/bin NO_DEFAULT_PATH)
file(GLOB tokio_crate /usr/share/cargo/registry/tokio-1.*)
file(GLOB async_channel_crate /usr/share/cargo/registry/async-channel-1.*)
file(GLOB flume_crate /usr/share/cargo/registry/flume-0.10.*)
if(NOT BENCH_CARGO OR NOT tokio_crate OR NOT async_channel_crate OR NOT flume_crate)
    message(STATUS "bench: not all of cargo, librust-tokio-dev, librust-async-channel-dev and "
                   "librust-flume-dev from Debian: tokio is left out")
    return()
endif()
execute_process(COMMAND /usr/bin/rustc --version OUTPUT_VARIABLE bench_rustc_version
                OUTPUT_STRIP_TRAILING_WHITESPACE)

set(tokio_sources ${CMAKE_CURRENT_SOURCE_DIR}/tokio)
set(tokio_build ${CMAKE_CURRENT_BINARY_DIR}/tokio)
file(MAKE_DIRECTORY ${tokio_build}/source)
file(GLOB tokio_files CONFIGURE_DEPENDS ${tokio_sources}/src/*.rs)
list(APPEND tokio_files ${tokio_sources}/Cargo.toml ${tokio_sources}/.cargo/config.toml)

# A PATH of its own keeps another toolchain's rustc and configuration out.
add_custom_command(
    OUTPUT ${tokio_build}/release/bench_tokio
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${tokio_sources} ${tokio_build}/source
    COMMAND ${CMAKE_COMMAND} -E env PATH=/usr/bin:/bin CARGO_HOME=${tokio_build}/home
            CARGO_TARGET_DIR=${tokio_build}
            ${BENCH_CARGO} build --release --offline --quiet --jobs 2
    # Cargo leaves a file alone that would come out the same.
    COMMAND ${CMAKE_COMMAND} -E touch ${tokio_build}/release/bench_tokio
    DEPENDS ${tokio_files}
    WORKING_DIRECTORY ${tokio_build}/source
    COMMENT "Building bench_tokio"
    VERBATIM)
add_custom_target(bench_tokio ALL DEPENDS ${tokio_build}/release/bench_tokio)
