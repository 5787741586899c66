// A shard's buffers for what streams receive.

#include "spargio/ring/stream_features.hpp"
#include "spargio/shard/buffer_pool.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio {

feature_set shard::stream_features() noexcept {
    if (!stream_features_) {
        stream_features_ = find_stream_features(kernel_).found;
        stream_features_->remove(options_.ring.disabled);
        // Forced off one by one, what builds on it goes too.
        if (!stream_features_->has(feature::provided_buffers))
            stream_features_->remove(feature::multishot_receive);
        if (!stream_features_->has(feature::multishot_receive))
            stream_features_->remove({feature::bundled_receive, feature::incremental_buffers});
    }
    return *stream_features_;
}

result<buffer_pool*> shard::buffers() {
    if (buffers_ == nullptr) {
        auto opened = buffer_pool::open(*this, options_.buffers, stream_features());
        if (!opened)
            return opened;
        buffers_ = *opened;
    }
    return buffers_;
}

void shard::collect_buffers() noexcept {
    if (buffers_->arrivals())
        buffers_->collect();
    if (buffer_pool* whole = buffers_->whole_buffers_in_use();
        whole != nullptr && whole->arrivals())
        whole->collect();
}

void shard::close_buffers() noexcept {
    if (buffers_ != nullptr)
        std::exchange(buffers_, nullptr)->close();
}

}  // namespace spargio
