#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "spargio/testing/request_kind.hpp"

namespace spargio::testing {

/// At most one fault in a whole run. Every way in which something can go wrong is a point: setting
/// a ring up, entering it, controlling it, attempting, each request; times each errno it may
/// answer, each transfer cut short. Points are numbered as the run meets them, so that runs with
/// point 0, 1, 2, ... until one is no longer hit have seen every fault in every place.
/// Thread: one at a time.
class fault_plan {
public:
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
    static constexpr int cut_short = 1;  ///< not an errno: fewer requests or bytes than asked

    /// ERESTARTSYS: the kernel's own, yet seen in completions of interrupted opens.
    static constexpr int restart = 512;

    explicit fault_plan(std::uint64_t point = never) noexcept : point_(point) {}

    /// Meets one point for each of `faults` (negative errno values or cut_short); the one to inject
    /// is answered.
    [[nodiscard]] std::optional<int> meet(const char* where, request_kind kind,
                                          std::span<const int> faults);

    [[nodiscard]] bool hit() const noexcept { return !what_.empty(); }
    /// Points met so far.
    [[nodiscard]] std::uint64_t points() const noexcept { return met_; }
    /// "fault 17: request recv answers Connection reset by peer", "no fault", "fault 17: not met".
    [[nodiscard]] std::string describe() const;

    /// What the kernel may answer to a request of this kind.
    [[nodiscard]] static std::span<const int> faults_of(request_kind kind) noexcept;

private:
    std::uint64_t point_;
    std::uint64_t met_ = 0;
    std::string what_;
};

}  // namespace spargio::testing
