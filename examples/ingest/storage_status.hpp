#pragma once

#include <system_error>

#include "protocol.hpp"

namespace ingest {

/// What a client is told when a file operation failed.
inline auto storage_status(std::error_code error) -> status {
    if (error == std::errc::no_space_on_device ||
        error == std::error_code(EDQUOT, std::generic_category())) {
        return status::disk_full;
    }
    if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted ||
        error == std::errc::read_only_file_system) {
        return status::permission_denied;
    }
    if (error == std::errc::too_many_files_open ||
        error == std::errc::too_many_files_open_in_system) {
        return status::too_many_open_files;
    }
    if (error == std::errc::file_too_large) {
        return status::file_too_large;
    }
    return status::io_error;
}

}  // namespace ingest
