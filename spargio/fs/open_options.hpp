#pragma once

#include "spargio/core/result.hpp"

namespace spargio::fs {

/// How to open a file. A combination that contradicts itself is errc::invalid_option, before any
/// call.
class open_options {
public:
    open_options& read(bool on = true) noexcept { return set(read_, on); }
    open_options& write(bool on = true) noexcept { return set(write_, on); }
    /// Every write goes to the end, wherever it was aimed. Implies write.
    open_options& append(bool on = true) noexcept { return set(append_, on); }
    /// Empties the file. Needs write, and not append.
    open_options& truncate(bool on = true) noexcept { return set(truncate_, on); }
    /// Makes the file if there is none. Needs write or append.
    open_options& create(bool on = true) noexcept { return set(create_, on); }
    /// Makes the file, and fails with std::errc::file_exists if there is one. Needs write or
    /// append.
    open_options& create_new(bool on = true) noexcept { return set(create_new_, on); }
    /// Past the page cache (O_DIRECT); buffers and offsets must then be aligned as open(2) says.
    open_options& direct(bool on = true) noexcept { return set(direct_, on); }
    /// Permissions of a file that is made, before the umask. Default 0666.
    open_options& mode(unsigned bits) noexcept {
        mode_ = bits;
        return *this;
    }

    /// The flags of open(2), close-on-exec among them.
    [[nodiscard]] result<int> flags() const noexcept;
    [[nodiscard]] unsigned mode() const noexcept { return mode_; }

private:
    open_options& set(bool& option, bool on) noexcept {
        option = on;
        return *this;
    }

    bool read_ = false;
    bool write_ = false;
    bool append_ = false;
    bool truncate_ = false;
    bool create_ = false;
    bool create_new_ = false;
    bool direct_ = false;
    unsigned mode_ = 0666;
};

}  // namespace spargio::fs
