#include "spargio/testing/detail/simulation.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>

#include "spargio/core/assert.hpp"
#include "spargio/ring/kernel.hpp"

namespace spargio::testing::detail {

simulation::simulation(const simulated_options& given)
    : options(given), faults(given.faults), random(given.seed), world(*this, given.descriptors) {}

simulation::~simulation() {
    SPARGIO_ASSERT(rings_.empty());
    // While there is still a simulation to be told what ends with them.
    world.close_all();
}

std::string simulation::describe() const {
    return "seed " + std::to_string(options.seed) + ", " + faults.describe();
}

// --- set-up --------------------------------------------------------------------------------------

int simulation::create(unsigned entries, ::io_uring_params& params, ::io_uring& memory) {
    static constexpr std::array faulty = {-ENOMEM, -EMFILE, -ENFILE};
    if (const auto fault = faults.meet("set-up", request_kind::any, faulty))
        return *fault;
    if (options.create_error != 0)
        return -options.create_error;

    constexpr unsigned coop = IORING_SETUP_COOP_TASKRUN;
    constexpr unsigned defer = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    unsigned known = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL |
                     IORING_SETUP_TASKRUN_FLAG | coop | defer;
    if (options.missing.has(feature::cooperative_taskrun))
        known &= ~coop;
    if (options.missing.has(feature::deferred_taskrun))
        known &= ~defer;
    const auto has = [&](unsigned flag) { return (params.flags & flag) != 0; };
    if (has(~known) || (has(IORING_SETUP_DEFER_TASKRUN) && !has(IORING_SETUP_SINGLE_ISSUER)) ||
        (has(IORING_SETUP_TASKRUN_FLAG) && !has(coop | IORING_SETUP_DEFER_TASKRUN)))
        return -EINVAL;
    if (entries == 0 || entries > 32'768)
        return -EINVAL;
    entries = std::bit_ceil(entries);
    unsigned cq_entries = has(IORING_SETUP_CQSIZE) ? std::bit_ceil(params.cq_entries) : 2 * entries;
    if (cq_entries < entries)
        return -EINVAL;
    if (options.cq_entries != 0)
        cq_entries = std::bit_ceil(options.cq_entries);

    const std::uint64_t number = ++last_number_;
    auto made = std::make_unique<simulated_ring>(number, entries, cq_entries, params.flags);
    std::size_t bytes = made->bytes();
    for (const auto& [other, ring] : rings_)
        bytes += ring->bytes();
    if (bytes > options.locked_memory)
        return -ENOMEM;
    const int descriptor = world.add(std::make_shared<simulated_ring_object>(*this, number));
    if (descriptor < 0)
        return descriptor;
    made->map_into(memory, params, descriptor);
    rings_.emplace(number, std::move(made));
    return 0;
}

void simulation::destroy(int descriptor) {
    simulated_ring* ring = ring_of(descriptor);
    SPARGIO_ASSERT(ring != nullptr);
    // As at a real ring's end: what is under way is cancelled and nobody hears of it.
    for (auto held = requests_.begin(); held != requests_.end();) {
        if (held->second.ring != ring) {
            ++held;
            continue;
        }
        take_from_schedule(held->second);
        const object_pointer last_reference = std::move(held->second.target);
        held = requests_.erase(held);
    }
    world.close(descriptor);
    rings_.erase(ring->number());
    wake_everyone();
}

simulated_ring* simulation::ring_numbered(std::uint64_t number) const {
    const auto found = rings_.find(number);
    return found == rings_.end() ? nullptr : found->second.get();
}

simulated_ring* simulation::ring_of(int descriptor) const {
    const auto object = std::dynamic_pointer_cast<simulated_ring_object>(world.find(descriptor));
    return object == nullptr ? nullptr : ring_numbered(object->number);
}

// --- entering ------------------------------------------------------------------------------------

/// What goes wrong with this entry, by plan or by chance; only what a kernel may answer to it.
std::optional<int> simulation::fault_of_entry(unsigned to_submit, unsigned wait) {
    std::vector<int> possible;
    if (to_submit > 0)
        possible.insert(possible.end(), {-EAGAIN, -EBUSY, -ENOMEM});
    if (to_submit > 1)
        possible.push_back(fault_plan::cut_short);
    if (wait > 0)
        possible.push_back(-EINTR);
    if (const auto fault = faults.meet("entry", request_kind::any, possible))
        return fault;
    if (refusal != 0 && to_submit > 0)
        return refusal;
    if (!scripted_entries.empty()) {
        const int answer = scripted_entries.front();
        scripted_entries.pop_front();
        return answer;
    }
    if (!possible.empty() && random.chance(options.noise_percent))
        return possible[random.below(possible.size())];
    return std::nullopt;
}

int simulation::enter(std::unique_lock<std::mutex>& lock, const ::io_uring& memory,
                      unsigned to_submit, unsigned wait, unsigned flags, std::uint64_t timeout_ns) {
    simulated_ring* ring = ring_of(memory.ring_fd);
    if (ring == nullptr)
        return -EBADF;
    if (memory.enter_ring_fd != memory.ring_fd && memory.enter_ring_fd != ring->registered)
        return -EINVAL;
    ++entered;
    if (ring->owner != std::this_thread::get_id()) {
        ++foreign_entries;
        if (ring->has(IORING_SETUP_SINGLE_ISSUER))
            return -EEXIST;
    }
    advance_to(clock.now_ns() + options.entry_costs_ns);

    const auto fault = fault_of_entry(to_submit, wait);
    const unsigned possible =
        fault == fault_plan::cut_short ? std::max(1u, to_submit / 2) : to_submit;
    if (fault && *fault != fault_plan::cut_short && *fault != -EINTR)
        return *fault;
    const unsigned taken = submit(*ring, possible);
    const bool asks = (flags & IORING_ENTER_GETEVENTS) != 0;
    // On its way out every entry runs task work, unless that is deferred to those that ask.
    if (asks || !ring->has(IORING_SETUP_DEFER_TASKRUN))
        ring->run_task_work(~std::size_t{0});
    if (asks)
        ring->flush_overflow();
    if (taken < to_submit || !asks || wait == 0)
        return static_cast<int>(taken);

    ring->wait_for = wait;
    ring->wait_until_ns = timeout_ns < kernel::no_timeout - clock.now_ns()
                              ? clock.now_ns() + timeout_ns
                              : kernel::no_timeout;
    const int waited = fault == -EINTR ? -EINTR : wait_in(lock, *ring);
    return taken > 0 ? static_cast<int>(taken) : waited;
}

unsigned simulation::submit(simulated_ring& ring, unsigned most) {
    unsigned taken = 0;
    for (; taken < most && ring.submitted() > 0; ++taken)
        issue(ring, ring.take_request());
    return taken;
}

}  // namespace spargio::testing::detail
