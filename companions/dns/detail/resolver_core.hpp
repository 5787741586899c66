#pragma once

#include <memory>

#include "companions/dns/detail/question.hpp"
#include "spargio/runtime/cancellation_token.hpp"

namespace spargio::dns::detail {

/// What a resolver and the look-ups it began share; the last of them ends it.
/// Thread: any.
class resolver_core {
public:
    explicit resolver_core(std::unique_ptr<name_source> source) noexcept
        : source_(std::move(source)) {}

    /// Finds the addresses that `asked` is about, literal ones at once. Errors: those of
    /// resolver::resolve(). `sink` outlives the await.
    [[nodiscard]] static task<result<void>> look_up(std::shared_ptr<resolver_core> self,
                                                    question asked, answer_sink& sink);
    /// Ends what is under way, and what comes, with errc::closed.
    void close() noexcept { closing_.cancel(); }
    [[nodiscard]] const name_source& source() const noexcept { return *source_; }

private:
    /// Yields when the resolver is closed, with that error, or is cancelled itself.
    [[nodiscard]] static task<result<void>> until_closed(cancellation_token closing);
    [[nodiscard]] task<result<void>> find(question asked, answer_sink& sink);

    const std::unique_ptr<name_source> source_;
    const cancellation_token closing_;
};

}  // namespace spargio::dns::detail
