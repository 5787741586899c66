#include "misbehave.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace ingest_client {
namespace {

constexpr std::uint64_t one_mib = 1024 * 1024;

auto answer_to(connection& peer, std::string_view bytes) -> std::string {
    peer.send_bytes(bytes);
    return peer.read_answer().text;
}

auto reset_inside_a_file(connection& peer) -> std::string {
    peer.send_bytes(encode_frame_start("reset-inside", one_mib));
    peer.send_bytes(std::string(100'000, 'x'));
    peer.reset();
    return "no answer: reset after 100000 of 1048576 bytes";
}

auto slow_file(connection& peer) -> std::string {
    using namespace std::chrono_literals;
    peer.send_bytes(encode_frame_start("slow", 20));
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(100ms);
        if (!peer.send_bytes("x")) {
            break;
        }
    }
    return peer.read_answer().text;
}

}  // namespace

auto misbehaviours() -> std::vector<std::string> {
    return {"reset", "oversize", "malformed", "bad-name", "slow"};
}

auto misbehave(const endpoint& server, std::string_view how) -> std::string {
    connection peer(server);
    if (how == "reset") {
        return reset_inside_a_file(peer);
    }
    if (how == "oversize") {
        return answer_to(peer, encode_frame_start("oversize", UINT64_MAX));
    }
    if (how == "malformed") {
        return answer_to(peer, "GET / HTTP/1.1\r\nHost: ingest\r\n\r\n");
    }
    if (how == "bad-name") {
        return answer_to(peer, encode_frame_start("../../etc/passwd", 4) + "root");
    }
    if (how == "slow") {
        return slow_file(peer);
    }
    throw std::invalid_argument("unknown misbehaviour '" + std::string(how) + "'");
}

}  // namespace ingest_client
