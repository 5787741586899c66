#include "companions/dns/detail/ares_error.hpp"

#include <ares.h>

#include "companions/dns/errc.hpp"

namespace spargio::dns::detail {

std::error_code error_of_ares(int status) noexcept {
    switch (status) {
    case ARES_ENOTFOUND:
        return errc::not_found;
    case ARES_ENODATA:
        return errc::no_data;
    case ARES_ETIMEOUT:
        return errc::timed_out;
    case ARES_ESERVFAIL:
        return errc::server_failure;
    case ARES_EREFUSED:
        return errc::refused;
    case ARES_EFORMERR:
    case ARES_ENOTIMP:
        return errc::not_understood;
    case ARES_ECONNREFUSED:
        return errc::no_server;
    case ARES_EBADNAME:
    case ARES_EBADSTR:
        return errc::invalid_name;
    case ARES_ENOMEM:
        return std::make_error_code(std::errc::not_enough_memory);
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return std::make_error_code(std::errc::operation_canceled);
    default:
        return errc::malformed_answer;
    }
}

}  // namespace spargio::dns::detail
