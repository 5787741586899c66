#include "spargio/testing/simulated_kernel.hpp"

#include <liburing.h>

#include <cerrno>

#include "spargio/core/assert.hpp"
#include "spargio/testing/detail/simulation.hpp"

namespace spargio::testing {

using detail::simulated_datagrams;
using detail::simulated_stream;

namespace {

/// The descriptors of two new sockets.
template <class Socket>
std::pair<int, int> connected(detail::simulation& around, std::size_t capacity) {
    const std::scoped_lock lock(around.mutex);
    auto one = std::make_shared<Socket>(around);
    auto other = std::make_shared<Socket>(around);
    Socket::connect(one, other, capacity);
    const int first = around.world.add(std::move(one));
    return {first, around.world.add(std::move(other))};
}

}  // namespace

simulated_kernel::simulated_kernel(const simulated_options& options)
    : simulation_(std::make_unique<detail::simulation>(options)) {}

simulated_kernel::~simulated_kernel() = default;

// --- kernel --------------------------------------------------------------------------------------

int simulated_kernel::create(unsigned entries, ::io_uring_params& params,
                             ::io_uring& ring) noexcept {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->create(entries, params, ring);
}

void simulated_kernel::destroy(::io_uring& ring) noexcept {
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->destroy(ring.ring_fd);
}

void simulated_kernel::left(::io_uring& ring) noexcept {
    const std::scoped_lock lock(simulation_->mutex);
    if (detail::simulated_ring* const abandoned = simulation_->ring_of(ring.ring_fd)) {
        abandoned->left = true;
        // The clock may have stood still for it.
        simulation_->wake_everyone();
    }
}

int simulated_kernel::enter(::io_uring& ring, unsigned submit, unsigned wait, unsigned flags,
                            std::uint64_t timeout_ns) noexcept {
    std::unique_lock lock(simulation_->mutex);
    return simulation_->enter(lock, ring, submit, wait, flags, timeout_ns);
}

int simulated_kernel::control(int descriptor, unsigned operation, void* argument,
                              unsigned count) noexcept {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->control(descriptor, operation, argument, count);
}

int simulated_kernel::attempt(const ::io_uring_sqe& request) noexcept {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->attempt(request);
}

int simulated_kernel::open_bell() noexcept {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->world.add(std::make_shared<detail::simulated_bell>(*simulation_));
}

void simulated_kernel::strike_bell(int bell) noexcept {
    const std::uint64_t one = 1;
    write(bell, std::as_bytes(std::span(&one, 1)));
}

void simulated_kernel::close_bell(int bell) noexcept {
    close(bell);
}

int simulated_kernel::open_pair(int (&ends)[2]) noexcept {
    const auto [one, other] = stream_pair();
    if (one < 0 || other < 0) {
        if (one >= 0)
            close(one);
        return -EMFILE;
    }
    ends[0] = one;
    ends[1] = other;
    return 0;
}

std::uint64_t simulated_kernel::now_ns() noexcept {
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->advance_to(simulation_->clock.now_ns() + simulation_->options.look_costs_ns);
    return simulation_->clock.now_ns();
}

// --- the rest of the world -----------------------------------------------------------------------

std::pair<int, int> simulated_kernel::stream_pair(std::size_t capacity) {
    return connected<simulated_stream>(*simulation_, capacity);
}

std::pair<int, int> simulated_kernel::datagram_pair(std::size_t capacity) {
    return connected<simulated_datagrams>(*simulation_, capacity);
}

int simulated_kernel::socket() {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->world.add(std::make_shared<simulated_stream>(*simulation_));
}

int simulated_kernel::listen(const ::sockaddr* address, unsigned size, unsigned backlog) {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->world.listen({reinterpret_cast<const char*>(address), size}, backlog);
}

int simulated_kernel::connect(int descriptor, const ::sockaddr* address, unsigned size) {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->world.connect(simulation_->world.find(descriptor),
                                      {reinterpret_cast<const char*>(address), size});
}

int simulated_kernel::accept(int listener) {
    const std::scoped_lock lock(simulation_->mutex);
    const auto object = simulation_->world.find(listener);
    return object == nullptr ? -EBADF : simulation_->world.accept(*object);
}

int simulated_kernel::open(const std::string& path, int flags) {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->world.open(path, flags);
}

int simulated_kernel::write(int descriptor, std::span<const std::byte> bytes) {
    const std::scoped_lock lock(simulation_->mutex);
    const auto object = simulation_->world.find(descriptor);
    return object == nullptr ? -EBADF : object->write(bytes, ~std::uint64_t{0});
}

int simulated_kernel::read(int descriptor, std::span<std::byte> bytes) {
    const std::scoped_lock lock(simulation_->mutex);
    const auto object = simulation_->world.find(descriptor);
    return object == nullptr ? -EBADF : object->read(bytes, ~std::uint64_t{0});
}

int simulated_kernel::close(int descriptor) {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->world.close(descriptor);
}

void simulated_kernel::put_file(const std::string& path, std::span<const std::byte> bytes) {
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->world.put_file(path)->bytes.assign(bytes.begin(), bytes.end());
}

std::optional<std::vector<std::byte>> simulated_kernel::file(const std::string& path) const {
    const std::scoped_lock lock(simulation_->mutex);
    const auto inode = simulation_->world.inode(path);
    if (inode == nullptr || inode->directory)
        return std::nullopt;
    return inode->bytes;
}

std::size_t simulated_kernel::open_descriptors() const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->world.open_descriptors();
}

// --- time ----------------------------------------------------------------------------------------

void simulated_kernel::advance(std::uint64_t by_ns) {
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->advance_to(simulation_->clock.now_ns() + by_ns);
}

void simulated_kernel::settle() {
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->settle();
}

simulated_kernel::clock_hold::clock_hold(simulated_kernel& kernel) : kernel_(kernel) {
    const std::scoped_lock lock(kernel_.simulation_->mutex);
    ++kernel_.simulation_->clock_holds;
}

simulated_kernel::clock_hold::~clock_hold() {
    const std::scoped_lock lock(kernel_.simulation_->mutex);
    if (--kernel_.simulation_->clock_holds == 0)
        kernel_.simulation_->wake_everyone();
}

// --- mischief ------------------------------------------------------------------------------------

void simulated_kernel::script(const scripted_outcome& outcome) {
    SPARGIO_ASSERT(outcome.times > 0);
    SPARGIO_ASSERT(outcome.kind != request_kind::message || outcome.result);
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->scripts.push_back(outcome);
}

void simulated_kernel::script_entries(int answer, unsigned times) {
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->scripted_entries.insert(simulation_->scripted_entries.end(), times, answer);
}

void simulated_kernel::refuse_requests(int answer) {
    const std::scoped_lock lock(simulation_->mutex);
    simulation_->refusal = answer;
}

void simulated_kernel::post_stray_completion(int ring, std::uint64_t user_data, int result) {
    const std::scoped_lock lock(simulation_->mutex);
    detail::simulated_ring* target = simulation_->ring_of(ring);
    SPARGIO_ASSERT(target != nullptr);
    target->post({user_data, result, 0});
    target->changed.notify_all();
}

void simulated_kernel::repeat_last_completion(int ring) {
    const std::scoped_lock lock(simulation_->mutex);
    detail::simulated_ring* target = simulation_->ring_of(ring);
    SPARGIO_ASSERT(target != nullptr && target->last.user_data != 0);
    target->post(target->last);
    target->changed.notify_all();
}

// --- looking on ----------------------------------------------------------------------------------

bool simulated_kernel::fault_hit() const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->faults.hit();
}

std::string simulated_kernel::describe() const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->describe();
}

std::uint64_t simulated_kernel::requests(request_kind kind) const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->requested[static_cast<std::size_t>(kind)];
}

std::uint64_t simulated_kernel::completions(request_kind kind, int result) const {
    const std::scoped_lock lock(simulation_->mutex);
    const auto found = simulation_->completed.find({static_cast<unsigned>(kind), result});
    return found == simulation_->completed.end() ? 0 : found->second;
}

std::uint64_t simulated_kernel::entries() const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->entered;
}

std::uint64_t simulated_kernel::foreign_entries() const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->foreign_entries;
}

std::uint64_t simulated_kernel::overwritten_sends() const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->overwritten;
}

std::size_t simulated_kernel::pending_requests() const {
    const std::scoped_lock lock(simulation_->mutex);
    return simulation_->pending();
}

}  // namespace spargio::testing
