# Compiler flags, and the two functions that make a library target.

# Decided once, for the library and all who link it: its headers assert too.
set(spargio_asserts ${SPARGIO_ASSERTS})
if(spargio_asserts STREQUAL "AUTO")
    set(spargio_asserts ON)
    if(CMAKE_BUILD_TYPE MATCHES "^(Release|MinSizeRel)$")
        set(spargio_asserts OFF)
    endif()
endif()

# The project's own warnings: private to its targets, so that a program that adds spargio as a
# subdirectory keeps its own.
set(spargio_warnings
    -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    -Wcast-align -Wformat=2 -Wundef
    # Kernel structures are filled by designated initializers; the rest is meant to be zero.
    -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND spargio_warnings -Wshadow=local -Wduplicated-cond -Wlogical-op)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    list(APPEND spargio_warnings -Wshadow -Wimplicit-fallthrough -Wextra-semi)
endif()
if(SPARGIO_WERROR)
    list(APPEND spargio_warnings -Werror)
endif()

# Sanitizers and coverage change the whole build: every object here must agree.
if(SPARGIO_SANITIZE)
    string(REPLACE "," ";" sanitizers "${SPARGIO_SANITIZE}")
    foreach(sanitizer IN LISTS sanitizers)
        if(NOT sanitizer MATCHES "^(address|undefined|thread|leak|memory|fuzzer-no-link)$")
            message(FATAL_ERROR "SPARGIO_SANITIZE: '${sanitizer}' is not a sanitizer")
        endif()
        # Under g++ a sanitized coroutine loses its symmetric transfer: a chain of ready awaits
        # overflows the stack.
        if(sanitizer MATCHES "^(address|thread)$" AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
            message(FATAL_ERROR "SPARGIO_SANITIZE=${sanitizer} needs clang (CXX=clang++-19)")
        endif()
    endforeach()
    list(JOIN sanitizers "," joined)
    add_compile_options(-fsanitize=${joined} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
    add_link_options(-fsanitize=${joined})
endif()
if(SPARGIO_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()

# What every target of the project compiles with, library or not.
function(spargio_own_flags target)
    target_compile_features(${target} PRIVATE cxx_std_23)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${target} PRIVATE ${spargio_warnings})
    if(spargio_asserts AND PROJECT_IS_TOP_LEVEL)
        target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
    endif()
endfunction()

# A library target of the project: include root, language, version, alias spargio::<name>.
function(spargio_library target)
    string(REGEX REPLACE "^spargio_" "" name ${target})
    add_library(spargio::${name} ALIAS ${target})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        set(public INTERFACE)
    else()
        set(public PUBLIC)
        spargio_own_flags(${target})
        set_target_properties(${target} PROPERTIES
            VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    endif()
    if(target MATCHES "^spargio(_testing)?$")
        set(installed_root ${CMAKE_INSTALL_INCLUDEDIR})
    else()
        # Not in include/ itself, where a folder called "companions" would claim the name from
        # every other project; the include text stays "companions/<name>/...".
        set(installed_root ${CMAKE_INSTALL_INCLUDEDIR}/spargio-companions)
    endif()
    target_include_directories(${target} ${public}
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${installed_root}>)
    target_compile_features(${target} ${public} cxx_std_23)
    if(spargio_asserts)
        target_compile_definitions(${target} ${public} SPARGIO_ASSERTIONS)
    endif()
    # At -O0 and -O1 g++ turns a chain of ready awaits into recursion without it.
    target_compile_options(${target} ${public} $<$<CXX_COMPILER_ID:GNU>:-foptimize-sibling-calls>)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME ${target})
endfunction()

# spargio_component(<name> SOURCES a.cpp ... [LIBRARIES lib ...] [FIND package ...]
#                   [REQUIRES module ...] [MODULE prefix module]): target spargio_<name>, alias
# spargio::<name>, a component of the package. Without sources it is header-only. LIBRARIES are
# linked; FIND names what the installed CMake package must find for them, REQUIRES what pkg-config
# must. MODULE is for a library that only pkg-config knows: LIBRARIES has PkgConfig::<prefix>.
function(spargio_component name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES;FIND;REQUIRES;MODULE")
    set(target spargio_${name})
    if(arg_SOURCES)
        list(TRANSFORM arg_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/ REGEX "^[^/]")
        add_library(${target} ${arg_SOURCES})
        target_link_libraries(${target} PUBLIC spargio PRIVATE ${arg_LIBRARIES} PkgConfig::liburing)
    else()
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE spargio ${arg_LIBRARIES})
    endif()
    spargio_library(${target})
    set_property(GLOBAL APPEND PROPERTY spargio_components ${name})
    set_property(GLOBAL PROPERTY spargio_${name}_find ${arg_FIND})
    set_property(GLOBAL PROPERTY spargio_${name}_requires ${arg_REQUIRES})
    set_property(GLOBAL PROPERTY spargio_${name}_module ${arg_MODULE})
endfunction()

# spargio_left_out(<name> <what>): this machine has not `what`, which component <name> needs. The
# library is built without it; the tests, which cover all of it, are not.
function(spargio_left_out name what)
    message(STATUS "spargio::${name} is left out: it needs ${what}")
    set_property(GLOBAL APPEND PROPERTY spargio_left_out "${name} needs ${what}")
endfunction()
