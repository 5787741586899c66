#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ingest_client {

/// SHA-256 over OpenSSL's EVP interface; the raw 32 bytes come out as a string.
class sha256 {
public:
    sha256() : context_(EVP_MD_CTX_new()) {
        if (!context_) {
            throw std::bad_alloc();
        }
        check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
    }

    void update(std::string_view bytes) {
        check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
    }

    auto finish() -> std::string {
        std::string digest(32, '\0');
        check(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                 nullptr));
        return digest;
    }

private:
    static void check(int outcome) {
        if (outcome != 1) {
            throw std::runtime_error("OpenSSL refuses SHA-256");
        }
    }

    struct free_context {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, free_context> context_;
};

inline auto sha256_of(std::string_view bytes) -> std::string {
    sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

inline auto to_hex(std::string_view bytes) -> std::string {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace ingest_client
