#pragma once

#include <chrono>
#include <concepts>
#include <ratio>
#include <type_traits>
#include <utility>

namespace spargio {

/// How long: any duration that std::chrono::nanoseconds can be made of without a loss. One that is
/// longer than they can count, 292 years, is the longest they can: `std::chrono::hours::max()`
/// lasts to the end of time. The conversion of std::chrono would wrap around there, and be over at
/// once.
class time_span {
public:
    template <class Rep, class Period>
    requires std::convertible_to<std::chrono::duration<Rep, Period>, std::chrono::nanoseconds>
    constexpr time_span(std::chrono::duration<Rep, Period> amount) noexcept
        : amount_(saturated(amount)) {}

    constexpr operator std::chrono::nanoseconds() const noexcept { return amount_; }

private:
    using nanoseconds = std::chrono::nanoseconds;

    template <class Rep, class Period>
    static constexpr nanoseconds saturated(std::chrono::duration<Rep, Period> amount) noexcept {
        if constexpr (std::is_same_v<std::chrono::duration<Rep, Period>, nanoseconds>) {
            return amount;
        } else {
            using ratio = std::ratio_divide<Period, nanoseconds::period>;
            static_assert(ratio::den == 1);
            constexpr nanoseconds::rep most = nanoseconds::max().count() / ratio::num;
            constexpr nanoseconds::rep least = nanoseconds::min().count() / ratio::num;
            if (std::cmp_greater(amount.count(), most))
                return nanoseconds::max();
            if (std::cmp_less(amount.count(), least))
                return nanoseconds::min();
            return nanoseconds(static_cast<nanoseconds::rep>(amount.count()) * ratio::num);
        }
    }

    nanoseconds amount_;
};

}  // namespace spargio
