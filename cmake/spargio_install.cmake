# Install rules, the CMake package and the pkg-config files. Internals (detail/) stay home.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spargio)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(generated_dir ${PROJECT_BINARY_DIR}/package)
get_property(spargio_components GLOBAL PROPERTY spargio_components)

# Found from where the .pc file lies, so that an installed tree can be moved.
file(RELATIVE_PATH pc_prefix /p/${pkgconfig_dir} /p)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")

get_target_property(library_type spargio TYPE)
set(pc_liburing_field "Requires.private")
set(package_static FALSE)
if(library_type STREQUAL "STATIC_LIBRARY")
    # Nobody passes --static when there is no other kind.
    set(pc_liburing_field "Requires")
    set(package_static TRUE)
endif()

# One export set a component: a program asks only for the dependencies of what it uses.
function(spargio_install_target target name)
    get_property(find GLOBAL PROPERTY spargio_${name}_find)
    get_property(requires GLOBAL PROPERTY spargio_${name}_requires)
    install(TARGETS ${target} EXPORT spargio-${name}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(EXPORT spargio-${name} FILE spargio-${name}-targets.cmake
        NAMESPACE spargio:: DESTINATION ${package_dir})

    set(text "include(CMakeFindDependencyMacro)\n")
    foreach(package IN LISTS find)
        string(APPEND text "find_dependency(${package})\n")
    endforeach()
    get_property(module GLOBAL PROPERTY spargio_${name}_module)
    if(module AND package_static)
        # A static library leaves it to whoever links.
        list(POP_FRONT module prefix)
        string(APPEND text
            "find_dependency(PkgConfig)\n"
            "if(NOT TARGET PkgConfig::${prefix})\n"
            "    pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL \"${module}\")\n"
            "endif()\n"
            "if(NOT TARGET PkgConfig::${prefix})\n"
            "    set(spargio_${name}_FOUND FALSE)\n"
            "    string(APPEND spargio_NOT_FOUND_MESSAGE \"component '${name}' needs ${module}. \")\n"
            "    return()\n"
            "endif()\n")
    endif()
    string(APPEND text "include(\${CMAKE_CURRENT_LIST_DIR}/spargio-${name}-targets.cmake)\n")
    file(WRITE ${generated_dir}/spargio-${name}.cmake "${text}")
    install(FILES ${generated_dir}/spargio-${name}.cmake DESTINATION ${package_dir})

    set(pc_flags "")
    set(pc_requires "")
    set(pc_libs "")
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY")
        set(pc_libs "-L\${libdir} -l${target}")
    endif()
    if(target STREQUAL "spargio")
        set(pc_name spargio)
        set(pc_flags "-I\${includedir} -foptimize-sibling-calls")
        if(spargio_asserts)
            string(APPEND pc_flags " -DSPARGIO_ASSERTIONS")
        endif()
        set(pc_libs "${pc_libs} -pthread")
        set(pc_requires "${pc_liburing_field}: liburing >= 2.3")
    else()
        set(pc_name spargio-${name})
        if(NOT name STREQUAL "testing")
            set(pc_flags "-I\${includedir}/spargio-companions")
        endif()
        list(JOIN requires " " joined)
        set(pc_requires "Requires: spargio = ${PROJECT_VERSION} ${joined}")
    endif()
    configure_file(${PROJECT_SOURCE_DIR}/cmake/spargio.pc.in ${generated_dir}/${pc_name}.pc @ONLY)
    install(FILES ${generated_dir}/${pc_name}.pc DESTINATION ${pkgconfig_dir})
endfunction()

spargio_install_target(spargio core)
foreach(name IN LISTS spargio_components)
    spargio_install_target(spargio_${name} ${name})
endforeach()

install(DIRECTORY spargio/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/spargio
    FILES_MATCHING PATTERN "*.hpp" PATTERN "detail" EXCLUDE)
foreach(name IN LISTS spargio_components)
    if(EXISTS ${PROJECT_SOURCE_DIR}/companions/${name})
        install(DIRECTORY companions/${name}
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/spargio-companions/companions
            FILES_MATCHING PATTERN "*.hpp" PATTERN "detail" EXCLUDE PATTERN "tests" EXCLUDE)
    endif()
endforeach()

configure_package_config_file(cmake/spargio-config.cmake.in ${generated_dir}/spargio-config.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${generated_dir}/spargio-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${generated_dir}/spargio-config.cmake ${generated_dir}/spargio-config-version.cmake
    DESTINATION ${package_dir})

# A Debian package of all of it: cpack -G DEB in the build folder.
if(PROJECT_IS_TOP_LEVEL)
    set(CPACK_GENERATOR DEB)
    set(CPACK_PACKAGE_NAME libspargio-dev)
    set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
    set(CPACK_PACKAGE_CONTACT "The spargio authors <dev@spargio.invalid>")
    set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
    set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
    set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
    set(CPACK_DEBIAN_PACKAGE_DEPENDS "liburing-dev (>= 2.3), libstdc++-12-dev | libstdc++-dev")
    if(TARGET spargio_dns)
        string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", libc-ares-dev (>= 1.18)")
    endif()
    set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
    include(CPack)
endif()
