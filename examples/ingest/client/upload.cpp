#include "upload.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <thread>

#include "sha256.hpp"

namespace ingest_client {
namespace {

using steady = std::chrono::steady_clock;

auto seconds_since(steady::time_point start) -> double {
    return std::chrono::duration<double>(steady::now() - start).count();
}

/// Sends files from the common list until none is left.
class worker {
public:
    worker(const endpoint& server, const std::vector<source_file>& files,
           std::atomic<std::size_t>& next)
        : server_(server), files_(files), next_(next) {}

    void connect() {
        try {
            connection_.emplace(server_);
        } catch (const std::exception& error) {
            report.failures.push_back(error.what());
        }
    }

    void run() {
        while (connection_) {
            auto index = next_.fetch_add(1);
            if (index >= files_.size()) {
                break;
            }
            try {
                send(files_[index]);
            } catch (const std::exception& error) {
                // Where the next frame would start is unknown: go on with a new connection.
                report.failures.push_back(files_[index].path.native() + ": " + error.what());
                connection_.reset();
                connect();
            }
        }
    }

    upload_report report;

private:
    void send(const source_file& file) {
        auto content = read_whole(file.path);
        auto expected = sha256_of(content);
        auto start = steady::now();
        auto got = connection_->send_file(file.name, content);
        report.latencies_ms.push_back(seconds_since(start) * 1000);
        if (got.status != 0) {
            report.failures.push_back(file.path.native() + ": " + got.text);
        } else if (got.checksum != expected) {
            report.failures.push_back(file.path.native() + ": checksum differs: server " +
                                      to_hex(got.checksum) + ", client " + to_hex(expected));
        } else {
            report.stored.push_back({&file, std::move(expected)});
            report.bytes += content.size();
        }
    }

    const endpoint& server_;
    const std::vector<source_file>& files_;
    std::atomic<std::size_t>& next_;
    std::optional<connection> connection_;
};

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
    std::ranges::move(from, std::back_inserter(to));
}

}  // namespace

auto upload_report::latency_at(double fraction) const -> double {
    if (latencies_ms.empty()) {
        return 0;
    }
    auto last = static_cast<double>(latencies_ms.size() - 1);
    return latencies_ms[static_cast<std::size_t>(last * fraction + 0.5)];
}

auto upload(const endpoint& server, const std::vector<source_file>& files, unsigned connections)
    -> upload_report {
    std::atomic<std::size_t> next = 0;
    std::vector<worker> workers;
    for (unsigned i = 0; i < connections; ++i) {
        workers.emplace_back(server, files, next);
        workers.back().connect();  // all are connected before the clock starts
    }
    auto start = steady::now();
    {
        std::vector<std::jthread> threads;
        for (auto& w : workers) {
            threads.emplace_back([&w] { w.run(); });
        }
    }
    upload_report total;
    total.seconds = seconds_since(start);
    for (auto& w : workers) {
        append(total.stored, w.report.stored);
        append(total.failures, w.report.failures);
        append(total.latencies_ms, w.report.latencies_ms);
        total.bytes += w.report.bytes;
    }
    std::ranges::sort(total.latencies_ms);
    return total;
}

}  // namespace ingest_client
