#include "spargio/core/error.hpp"

namespace spargio {
namespace {

class category final : public std::error_category {
    const char* name() const noexcept override { return "spargio"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::overloaded:
            return "overloaded: a configured bound is reached";
        case errc::shut_down:
            return "the runtime is shut down";
        case errc::backpressure:
            return "the target's mailbox is full";
        case errc::no_such_shard:
            return "no such shard";
        case errc::invalid_option:
            return "invalid option";
        case errc::io_uring_unavailable:
            return "io_uring is not available";
        case errc::end_of_stream:
            return "end of stream before the requested bytes";
        case errc::signals_not_blocked:
            return "the signals are not blocked in every thread";
        case errc::not_on_shard:
            return "not called from a shard";
        case errc::closed:
            return "closed";
        case errc::unanswered:
            return "the call was dropped without a response";
        case errc::caller_left:
            return "the caller has left; the response was dropped";
        case errc::frame_too_large:
            return "the frame is longer than allowed";
        case errc::line_too_long:
            return "the line is longer than allowed";
        case errc::limit_exceeded:
            return "more bytes than allowed";
        case errc::nothing_written:
            return "the write took none of the bytes";
        }
        return "unknown spargio error";
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

}  // namespace spargio
