#include "live/flv_ingest.h"

namespace st::live {

Result<void> FlvIngest::feed(Bytes bytes, std::int64_t now_ns) {
    link_->last_input_ns.store(now_ns, std::memory_order_relaxed);
    reader_.feed(bytes);
    for (;;) {
        auto tag = reader_.next();
        if (!tag) return tag.error();
        if (!*tag) return {};
        auto packet = flv::to_packet((*tag)->type, (*tag)->timestamp_ms, std::move((*tag)->body));
        if (!packet) {
            ++bad_tags_;
            last_bad_ = packet.error().message;
        } else if (*packet) {
            if (auto config = inlet_.admit(**packet)) publication_.push(std::move(*config), now_ns);
            publication_.push(std::move(**packet), now_ns);
        }
    }
}

}  // namespace st::live
