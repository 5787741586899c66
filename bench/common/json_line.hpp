#pragma once

#include <cstdio>
#include <string_view>

#include "bench/common/histogram.hpp"

namespace bench {

/// Prints `"buckets":[[index,count],...]`, only those that are not empty.
inline void print_buckets(const histogram& latencies) {
    std::printf("\"buckets\":[");
    const char* comma = "";
    for (std::size_t i = 0; i < histogram::size; ++i) {
        if (const std::uint32_t n = latencies.counts()[i]; n != 0) {
            std::printf("%s[%zu,%u]", comma, i, n);
            comma = ",";
        }
    }
    std::printf("]");
}

/// Prints the line that fails a command.
inline void print_error(std::string_view what) {
    std::printf("{\"error\":\"");
    for (const char c : what) {
        if (c == '"' || c == '\\')
            std::putchar('\\');
        std::putchar(static_cast<unsigned char>(c) < ' ' ? ' ' : c);
    }
    std::printf("\"}\n");
}

}  // namespace bench
