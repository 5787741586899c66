#include "spargio/shard/direct_mail.hpp"

#include "spargio/shard/message_lane.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio::detail {
namespace {

// A payload is the source's number above the value.
constexpr unsigned value_bits = 53;
static_assert(direct_mail::values_end == std::uint64_t{1} << value_bits);
static_assert(ring::most_rings <= std::uint64_t{1} << (61 - value_bits));

}  // namespace

direct_mail::direct_mail(shard& home) noexcept : home_(home) {
    for (std::size_t i = 0; i != most_under_way; ++i)
        records_[i].next_free = static_cast<std::uint8_t>(i + 1);
}

bool direct_mail::send(shard& target, lane_kind kind, const raw_message& sent) noexcept {
    if (free_ == most_under_way || sent.value >= values_end || &target == &home_)
        return false;
    const unsigned to = target.index();
    message_lane*& ordinary = home_.outbox_.lane_to(to, kind);
    if (ordinary == nullptr)
        ordinary = target.open_lane(home_.index(), kind);
    outbox::direct_lane& direct = home_.outbox_.direct_to(to, kind);
    if (direct.lane == nullptr) {
        direct.lane = message_lane::make(home_.index(), target.options_.mailbox_capacity);
        if (direct.lane != nullptr) {
            direct.lane->direct = true;
            target.inbox_of(kind).attach(*direct.lane);
        }
    }
    if (ordinary == nullptr || direct.lane == nullptr ||
        direct.sent - direct.lane->taken() >= target.options_.mailbox_capacity ||
        !ordinary->reserve())
        return false;
    record& used = records_[free_];
    const int descriptor = target.ring_descriptor_.load(std::memory_order_relaxed);
    const std::uint64_t payload = std::uint64_t{home_.index()} << value_bits | sent.value;
    if (!home_.io().send_message(descriptor, payload, sent.tag, static_cast<unsigned>(free_))) {
        ordinary->release();
        return false;
    }
    ++direct.sent;
    free_ = used.next_free;
    used = {state::under_way, kind, to, sent, 0};
    return true;
}

/// There is room for it: the source counts what it sent, and what was taken of that.
void direct_mail::arrived(std::uint64_t payload, std::uint32_t word) noexcept {
    const auto source = static_cast<unsigned>(payload >> value_bits);
    const raw_message content{word, payload & (values_end - 1)};
    const bool hot = home_.options_.tags != nullptr &&
                     home_.options_.tags->find(word).is == tag_table::kind::hot;
    const lane_kind kind = hot ? lane_kind::hot : lane_kind::ordinary;
    message_lane* const lane = home_.inbox_of(kind).direct_lane_of(source);
    SPARGIO_ASSERT(lane != nullptr && "a message that no shard of this runtime sent");
    if (lane == nullptr)
        return;
    const std::size_t kept = lane->push(std::span(&content, 1));
    SPARGIO_ASSERT(kept == 1);
    (void)kept;
}

void direct_mail::settled(unsigned number, bool refused) noexcept {
    SPARGIO_ASSERT(number < most_under_way && records_[number].is == state::under_way);
    records_[number].is = refused ? state::refused : state::arrived;
    any_settled_ = true;
}

void direct_mail::settle() noexcept {
    any_settled_ = false;
    for (std::size_t i = 0; i != most_under_way; ++i) {
        record& each = records_[i];
        if (each.is != state::arrived && each.is != state::refused)
            continue;
        message_lane& ordinary = *home_.outbox_.lane_to(each.target, each.kind);
        if (each.is == state::arrived) {
            ordinary.release();
        } else {
            --home_.outbox_.direct_to(each.target, each.kind).sent;
            ordinary.push_reserved(each.content);
            ++home_.counters_.messages_failed;
            home_.outbox_.wrote_to(each.target);
        }
        each.is = state::free;
        each.next_free = static_cast<std::uint8_t>(free_);
        free_ = i;
    }
    if (home_.outbox_.bells_due())
        home_.ring_bells();
}

}  // namespace spargio::detail

namespace spargio {

std::size_t shard::send_direct(shard& target, std::span<const raw_message> sent) noexcept {
    using kind = detail::tag_table::kind;
    shard* const here = current();
    if (here == nullptr || !here->knows(target))
        return send(target, sent);
    std::size_t accepted = 0;
    for (; accepted != sent.size(); ++accepted) {
        const raw_message& each = sent[accepted];
        const auto is = target.options_.tags != nullptr ? target.options_.tags->find(each.tag).is
                                                        : kind::ordinary;
        if (is != kind::coalesced) {
            const hold held(*here);
            if (here->direct_.send(
                    target, is == kind::hot ? detail::lane_kind::hot : detail::lane_kind::ordinary,
                    each)) {
                ++here->counters_.messages_submitted;
                continue;
            }
        }
        // Too large, too many, or a count: the mailbox has the last word.
        if (send(target, std::span(&each, 1)) == 0)
            break;
    }
    return accepted;
}

}  // namespace spargio
