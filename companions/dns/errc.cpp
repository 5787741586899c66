#include "companions/dns/errc.hpp"

#include <string>

namespace spargio::dns {
namespace {

class category final : public std::error_category {
    const char* name() const noexcept override { return "spargio.dns"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::not_found:
            return "no such name";
        case errc::no_data:
            return "the name has no address of this family";
        case errc::timed_out:
            return "no name server answered in time";
        case errc::server_failure:
            return "the name servers could not find out";
        case errc::refused:
            return "the name servers refuse to answer";
        case errc::not_understood:
            return "the name servers do not understand the question";
        case errc::malformed_answer:
            return "the name server's answer makes no sense";
        case errc::no_server:
            return "no name server can be reached";
        case errc::invalid_name:
            return "not the name of a host";
        case errc::unknown_service:
            return "no such service";
        }
        return "unknown error of names";
    }

    std::error_condition default_error_condition(int value) const noexcept override {
        if (static_cast<errc>(value) == errc::timed_out)
            return std::errc::timed_out;
        return {value, *this};
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

}  // namespace spargio::dns
