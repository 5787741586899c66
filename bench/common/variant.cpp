#include "bench/common/variant.hpp"

#include <sys/resource.h>

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>
#include <utility>

#include "bench/common/json_line.hpp"

namespace bench {
namespace {

using scenario_map = std::map<std::pair<std::string, std::string>, std::unique_ptr<scenario>>;

auto cpu_seconds() -> double {
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(u.ru_utime) + seconds(u.ru_stime);
}

// The kernel accounts a thread that runs on another CPU at its next tick or when it blocks. After
// this pause what worked in the sample has blocked, and what still spins has been seen spinning.
constexpr std::chrono::milliseconds settle{5};

void print_entry(const entry& e) {
    std::printf(R"({"workload":"%.*s","variant":"%.*s","waits":"%.*s","pins":"%.*s"})"
                "\n",
                static_cast<int>(e.workload.size()), e.workload.data(),
                static_cast<int>(e.variant.size()), e.variant.data(),
                static_cast<int>(e.waits.size()), e.waits.data(), static_cast<int>(e.pins.size()),
                e.pins.data());
}

void print_result(const recorder& r, double cpu_s) {
    std::printf(R"({"iterations":%u,"ns":%.1f,"checksum":%)" PRIu64 R"(,"cpu_s":%.9f,)",
                r.iterations(),
                static_cast<double>(r.total_ns()) / static_cast<double>(r.iterations()),
                r.checksum(), cpu_s / static_cast<double>(r.iterations()));
    print_buckets(r.latencies());
    std::printf("}\n");
}

/// The scenario of a workload and variant, made when it is asked for the first time; null when the
/// table has none of that name.
auto find(const std::string& workload, const std::string& variant, std::span<const entry> entries,
          const surroundings& around, scenario_map& alive) -> scenario* {
    for (const entry& e : entries) {
        if (e.workload == workload && e.variant == variant) {
            auto& slot = alive[{workload, variant}];
            if (!slot)
                slot = e.make(around);
            return slot.get();
        }
    }
    return nullptr;
}

void run_one(std::istream& line, std::span<const entry> entries, const surroundings& around,
             scenario_map& alive) {
    std::string workload;
    std::string variant;
    std::uint64_t items = 0;
    unsigned iterations = 0;
    if (!(line >> workload >> variant >> items >> iterations) || items == 0 || iterations == 0)
        return print_error("usage: run WORKLOAD VARIANT ITEMS ITERATIONS");
    scenario* const found = find(workload, variant, entries, around, alive);
    if (found == nullptr)
        return print_error("no such workload and variant");

    recorder r(items, iterations);
    const double before = cpu_seconds();
    found->run(r);
    std::this_thread::sleep_for(settle);
    const double after = cpu_seconds();
    if (!r.complete())
        return print_error("iterations disagree about the checksum");
    print_result(r, after - before);
}

void serve_one(std::istream& line, std::span<const entry> entries, const surroundings& around,
               scenario_map& alive) {
    std::string workload;
    std::string variant;
    line >> workload >> variant;
    const auto* const found =
        dynamic_cast<server*>(find(workload, variant, entries, around, alive));
    if (found == nullptr)
        return print_error("no such server");
    std::printf("{\"port\":%u,\"cpu_s\":%.9f}\n", unsigned{found->port()}, cpu_seconds());
}

auto parse(int argc, char** argv) -> surroundings {
    surroundings s;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        if (name == "--file")
            s.file = argv[i + 1];
        if (name == "--echo-port")
            s.echo_port = static_cast<std::uint16_t>(std::strtoul(argv[i + 1], nullptr, 10));
    }
    return s;
}

}  // namespace

auto serve(int argc, char** argv, std::span<const entry> entries) -> int {
    const surroundings around = parse(argc, argv);
    scenario_map alive;
    std::string text;
    while (std::getline(std::cin, text)) {
        std::istringstream line(text);
        std::string command;
        line >> command;
        try {
            if (command == "list") {
                for (const entry& e : entries)
                    print_entry(e);
                std::printf("{\"end\":true}\n");
            } else if (command == "run") {
                run_one(line, entries, around, alive);
            } else if (command == "serve") {
                serve_one(line, entries, around, alive);
            } else {
                print_error("commands: list, run, serve");
            }
        } catch (const std::exception& e) {
            print_error(e.what());
        }
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace bench
