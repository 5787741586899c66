#include "sha256.hpp"

#include <openssl/evp.h>

#include <new>
#include <stdexcept>

namespace ingest {
namespace {

void check(int outcome) {
    if (outcome != 1) {
        throw std::runtime_error("OpenSSL refuses SHA-256");
    }
}

/// Looked up once: in OpenSSL 3 a lookup takes locks and costs more than hashing a small file.
auto algorithm() -> const EVP_MD* {
    static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
}

}  // namespace

void sha256::free_context::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

sha256::sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_) {
        throw std::bad_alloc();
    }
    check(EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr));
}

void sha256::update(std::span<const std::byte> bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

auto sha256::finish() -> digest {
    digest result{};
    check(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(result.data()),
                             nullptr));
    return result;
}

}  // namespace ingest
