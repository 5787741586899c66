#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "protocol.hpp"

struct evp_md_ctx_st;  // OpenSSL's, kept out of this header

namespace ingest {

/// SHA-256 of a stream of bytes, by OpenSSL. Thread: one at a time.
class sha256 {
public:
    sha256();
    void update(std::span<const std::byte> bytes);

    /// \pre called once; nothing is added afterwards.
    auto finish() -> digest;

private:
    struct free_context {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, free_context> context_;
};

}  // namespace ingest
