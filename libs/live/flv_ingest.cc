#include "live/flv_ingest.h"

namespace st::live {

Result<void> FlvIngest::feed(Bytes bytes, std::int64_t now_ns) {
    reader_.feed(bytes);
    for (;;) {
        auto tag = reader_.next();
        if (!tag) return tag.error();
        if (!*tag) return {};
        auto packet = flv::to_packet((*tag)->type, (*tag)->timestamp_ms, std::move((*tag)->body));
        if (!packet) {
            publisher_.note_unusable(packet.error().message);
        } else if (*packet) {
            publisher_.push(std::move(**packet), now_ns);
        }
    }
}

}  // namespace st::live
