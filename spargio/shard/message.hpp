#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

namespace spargio {

/// What a message says: 12 bytes.
struct raw_message {
    std::uint32_t tag = 0;  ///< what kind of message; the application's own numbers
    std::uint64_t value = 0;
};

/// How values of type T travel: under which tag. A type of one's own says so itself, by a
/// `static constexpr std::uint32_t message_tag`; specialize this for others.
template <class T>
struct message_type {};

template <class T>
requires requires {
    T::message_tag;
}
struct message_type<T> {
    static constexpr std::uint32_t tag = T::message_tag;
};

/// What a message can carry: the bytes of a T are the low bytes of the value in memory, the others
/// are zero. What is larger travels by pointer, or through a channel.
template <class T>
concept message_payload = std::is_trivially_copyable_v<T> && std::default_initializable<T> &&
                              sizeof(T) <= sizeof(std::uint64_t) &&
                          requires {
    { message_type<T>::tag } -> std::convertible_to<std::uint32_t>;
};

template <message_payload T>
[[nodiscard]] raw_message to_message(const T& typed) noexcept {
    raw_message raw{message_type<T>::tag, 0};
    std::memcpy(&raw.value, &typed, sizeof typed);
    return raw;
}

/// A small message from one shard, or from a thread that is none, to another shard.
struct message {
    static constexpr unsigned no_shard = ~0u;

    unsigned source = no_shard;  ///< the sending shard
    std::uint32_t tag = 0;
    std::uint64_t value = 0;

    /// Whether it was sent as a T: whether it bears its tag.
    template <message_payload T>
    [[nodiscard]] bool is() const noexcept {
        return tag == message_type<T>::tag;
    }
    /// The T that was sent, if it was one.
    template <message_payload T>
    [[nodiscard]] std::optional<T> as() const noexcept {
        if (!is<T>())
            return std::nullopt;
        T typed;
        std::memcpy(&typed, &value, sizeof typed);
        return typed;
    }
};

}  // namespace spargio
