#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "spargio/net/tcp_listener.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/sync/event.hpp"

namespace spargio::dns_test {

/// How a name server behaves about one name.
enum class mood : std::uint8_t {
    answers,
    fails,             // SERVFAIL
    refuses,           // REFUSED
    has_not_this,      // NOTIMP
    is_silent,         // never answers
    truncates,         // answers over UDP that it does not fit
    hangs_up,          // the same, and ends the connection over which it is asked again
    goes_silent,       // the same, and never answers over that connection
    takes_wrong_ids,   // answers another question's number, with a false address
    answers_another,   // answers about another name, with a false address
    speaks_nonsense,   // bytes that are no message, and then nothing
    cuts_its_answer,   // the right header, and an answer that ends in the middle
    points_in_circles  // names that stand for each other
};

/// What a name server knows of one name.
struct zone_entry {
    std::vector<std::string> addresses;  // of both versions
    std::vector<std::string> aliases;    // it stands for these, one after the other
    mood v4 = mood::answers;
    mood v6 = mood::answers;
    unsigned silent_times = 0;  // questions it does not hear first
    event* v4_hold = nullptr;   // it answers about version 4 once this is set
    event* v6_hold = nullptr;

    void set_mood(mood both) { v4 = v6 = both; }
};

/// A small name server on loopback, over UDP and TCP, which can lie.
/// Thread: the shard that made it. Ended by stop(), before it is destroyed.
class name_server {
public:
    /// At a free port of this address.
    explicit name_server(const socket_address& at = socket_address::loopback_v4(0));

    [[nodiscard]] zone_entry& operator[](const std::string& name) { return zone_[name]; }
    [[nodiscard]] socket_address address() const;
    /// Questions about `name` that came, of both versions and over both protocols.
    [[nodiscard]] unsigned asked(const std::string& name) const;
    [[nodiscard]] unsigned asked_over_tcp() const { return over_tcp_; }
    /// Yields when `count` questions about any name have come.
    [[nodiscard]] task<void> until_asked(unsigned count);
    /// Ends its tasks; once more does nothing.
    [[nodiscard]] task<void> stop();

private:
    struct message {
        std::vector<std::byte> bytes;
        std::string name;
        std::uint16_t type = 0;
        std::size_t question_end = 0;
    };

    task<void> serve_udp();
    task<void> serve_tcp();
    task<void> talk(tcp_stream stream);
    task<void> answer_udp(message asked, socket_address to);
    [[nodiscard]] std::optional<message> read(std::span<const std::byte> bytes);
    [[nodiscard]] std::vector<std::byte> answer_to(const message& asked, bool over_udp);
    [[nodiscard]] mood mood_about(const message& asked);

    tcp_listener tcp_;
    udp_socket udp_;
    std::map<std::string, zone_entry> zone_;
    std::map<std::string, unsigned> counts_;
    unsigned questions_ = 0;
    unsigned over_tcp_ = 0;
    bool stopped_ = false;
    task_group group_;
};

}  // namespace spargio::dns_test
