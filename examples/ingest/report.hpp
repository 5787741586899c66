#pragma once

#include "spargio/runtime/runtime.hpp"

#include "counters.hpp"

namespace ingest {

/// Prints what the sessions of each shard did, what its ring did, the errors by name, and what the
/// accept loop met.
void print_report(const counters& counted, const spargio::runtime& shards);

}  // namespace ingest
