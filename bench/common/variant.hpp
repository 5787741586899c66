#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/common/recorder.hpp"

namespace bench {

/// What the runner tells every variant about its surroundings.
struct surroundings {
    std::string file;             ///< 16 MiB, in page cache; see bench/common/file_blocks.hpp
    std::uint16_t echo_port = 0;  ///< of bench_peer, on 127.0.0.1
};

/// One workload as one variant does it. Constructed once, outside every timed region: what is
/// built here lives across iterations. Between two runs it must burn no CPU of its own accord.
class scenario {
public:
    scenario() = default;
    scenario(const scenario&) = delete;
    auto operator=(const scenario&) -> scenario& = delete;
    virtual ~scenario() = default;

    /// Runs `r.iterations()` iterations. May run the client on another thread but returns only
    /// when everything is done. Throws when the work cannot be done.
    virtual void run(recorder& r) = 0;
};

/// One that is measured from outside, by bench_load: it listens on 127.0.0.1 from its construction
/// on, and answers each served_frame of each connection in order. What it burns while nobody is
/// connected would be counted.
class server : public scenario {
public:
    void run(recorder& /*unused*/) final { throw std::logic_error("a server is not run"); }
    /// Where it listens.
    [[nodiscard]] virtual auto port() const -> std::uint16_t = 0;
};

/// A row of an executable's table. `waits` and `pins` are printed in the report as they are.
struct entry {
    std::string_view workload;
    std::string_view variant;
    std::string_view waits;
    std::string_view pins;
    std::unique_ptr<scenario> (*make)(const surroundings&);
};

template <class Scenario>
auto make_scenario(const surroundings& s) -> std::unique_ptr<scenario> {
    return std::make_unique<Scenario>(s);
}

/// The main loop of a variant: reads commands from standard input, answers each with one line.
///   list                                     one JSON line an entry, then {"end":true}
///   run WORKLOAD VARIANT ITEMS ITERATIONS    one JSON line
///   serve WORKLOAD VARIANT                   a server's port and the CPU seconds of the process
auto serve(int argc, char** argv, std::span<const entry> entries) -> int;

}  // namespace bench
