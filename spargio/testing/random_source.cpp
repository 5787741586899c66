#include "spargio/testing/random_source.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace spargio::testing {

std::uint64_t process_seed() {
    static const std::uint64_t seed = [] {
        const char* given = std::getenv("SPARGIO_SEED");
        const std::uint64_t value =
            given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
        std::fprintf(stderr, "spargio: SPARGIO_SEED=%llu repeats this run\n",
                     static_cast<unsigned long long>(value));
        return value;
    }();
    return seed;
}

}  // namespace spargio::testing
