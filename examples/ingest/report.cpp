#include "report.hpp"

#include <cstdio>

namespace ingest {
namespace {

auto value(const counter& c) -> unsigned long long {
    return c.load(std::memory_order_relaxed);
}

auto errors(const shard_counters& shard) -> unsigned long long {
    unsigned long long sum = 0;
    for (std::size_t i = 1; i < status_count; ++i) {
        sum += value(shard.answers[i]);
    }
    return sum;
}

void print_errors(const counters& counted) {
    for (std::size_t i = 1; i < status_count; ++i) {
        unsigned long long sum = 0;
        for (const auto& shard : counted.of_shard) {
            sum += value(shard.answers[i]);
        }
        if (sum > 0) {
            auto name = name_of(static_cast<status>(i));
            std::printf("answered %.*s: %llu\n", static_cast<int>(name.size()), name.data(), sum);
        }
    }
}

void print_files(const counters& counted) {
    std::printf("shard  sessions     files         MB    errors  vanished   cut off\n");
    for (std::size_t i = 0; i < counted.of_shard.size(); ++i) {
        const auto& shard = counted.of_shard[i];
        std::printf("%5zu %9llu %9llu %10.1f %9llu %9llu %9llu\n", i, value(shard.sessions),
                    value(shard.answers[0]), static_cast<double>(value(shard.bytes)) / 1e6,
                    errors(shard), value(shard.vanished), value(shard.cut_off));
    }
}

void print_rings(const spargio::runtime& shards) {
    auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf("shard      turns  operations    at once     enters     sleeps      bells\n");
    for (unsigned i = 0; i < shards.shard_count(); ++i) {
        auto did = shards.stats(i);
        std::printf("%5u %10llu %11llu %10llu %10llu %10llu %10llu\n", i, number(did.turns),
                    number(did.completions), number(did.attempts_succeeded),
                    number(did.kernel_entries), number(did.parks), number(did.bells_sent));
    }
}

}  // namespace

void print_report(const counters& counted, const spargio::runtime& shards) {
    print_files(counted);
    print_rings(shards);
    print_errors(counted);
    std::printf("accepted %llu, refused %llu, accept pauses %llu\n", value(counted.accept.accepted),
                value(counted.accept.refused), value(counted.accept.pauses));
}

}  // namespace ingest
