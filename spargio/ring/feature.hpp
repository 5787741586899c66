#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace spargio {

/// What a kernel may or may not have, each with a way around it. Each is probed by trying it, never
/// inferred from a version, and each can be forced off.
enum class feature : std::uint8_t {
    cooperative_taskrun,  ///< completions are posted when the owner enters (5.19); else interrupts
    deferred_taskrun,     ///< only the owner's waits post completions (6.1); opt-in
    message_ring,         ///< a ring wakes another through MSG_RING (5.18); else an eventfd
    register_message,     ///< a thread without a ring wakes one directly (6.13); else an eventfd
    registered_ring,      ///< entering without a descriptor look-up (5.18)
    attempt_first,        ///< a lone operation is first tried without the ring (spargio's own)

    // Found out when the first stream of received bytes or connections is opened.
    multishot_accept,     ///< one request accepts connection after connection (5.19)
    provided_buffers,     ///< the kernel takes a buffer when there is something for it (5.19)
    multishot_receive,    ///< one request receives again and again (6.0); needs provided_buffers
    bundled_receive,      ///< one completion fills several buffers (6.10)
    incremental_buffers,  ///< several completions share a buffer (6.12)
    zero_copy_send,       ///< the kernel sends from the program's memory (6.0)
};
inline constexpr unsigned feature_count = 12;

[[nodiscard]] std::string_view to_string(feature which) noexcept;

/// A set of features.
class feature_set {
public:
    constexpr feature_set() = default;
    constexpr feature_set(std::initializer_list<feature> features) {
        for (feature which : features)
            add(which);
    }
    [[nodiscard]] static constexpr feature_set all() noexcept {
        feature_set set;
        set.bits_ = (1u << feature_count) - 1;
        return set;
    }

    constexpr void add(feature which) noexcept { bits_ |= bit(which); }
    constexpr void remove(feature which) noexcept { bits_ &= ~bit(which); }
    constexpr void remove(feature_set others) noexcept { bits_ &= ~others.bits_; }
    constexpr void add(feature_set others) noexcept { bits_ |= others.bits_; }
    [[nodiscard]] constexpr bool has(feature which) const noexcept {
        return (bits_ & bit(which)) != 0;
    }
    friend constexpr bool operator==(feature_set, feature_set) = default;

private:
    static constexpr std::uint32_t bit(feature which) noexcept {
        return 1u << static_cast<unsigned>(which);
    }
    std::uint32_t bits_ = 0;
};

/// "cooperative_taskrun, message_ring", or "none".
[[nodiscard]] std::string to_string(feature_set set);

/// The features the environment variable SPARGIO_DISABLE names, separated by commas. An unknown
/// name is reported once on standard error and otherwise ignored.
[[nodiscard]] feature_set features_disabled_by_environment();

}  // namespace spargio
