#include "spargio/net/send_file.hpp"

#include <algorithm>

namespace spargio {
namespace {

task<transferred> send_through_pipe(connected_stream* to, const fs::file* from,
                                    std::uint64_t offset, std::uint64_t count) {
    transferred done;
    auto pipe = splice_pipe::open();
    if (!pipe) {
        done.error = pipe.error();
        co_return done;
    }
    while (done.bytes < count) {
        const std::uint64_t left = count - done.bytes;
        const auto filled = co_await pipe->fill_from(
            *from, offset + done.bytes,
            static_cast<std::size_t>(std::min<std::uint64_t>(left, splice_pipe::capacity)));
        if (!filled || *filled == 0) {
            done.error = filled ? std::error_code() : filled.error();
            co_return done;
        }
        while (pipe->held() != 0) {
            const auto sent = co_await pipe->drain_to(*to);
            if (!sent) {
                // What is left in the pipe is in the file too.
                done.error = sent.error();
                co_return done;
            }
            done.bytes += *sent;
        }
    }
    co_return done;
}

}  // namespace

task<transferred> send_file(connected_stream& to, const fs::file& from, std::uint64_t offset,
                            std::uint64_t count) {
    return send_through_pipe(&to, &from, offset, count);
}

}  // namespace spargio
