#include "live/flv_ingest.h"

namespace st::live {

Result<void> FlvIngest::feed(Bytes bytes, std::int64_t now_ns) {
    reader_.feed(bytes);
    for (;;) {
        auto tag = reader_.next();
        note_oddities();
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

void FlvIngest::note_oddities() {
    for (; skipped_ < reader_.skipped_tags(); ++skipped_) {
        publisher_.note_unusable("flv: a tag that is encrypted, or of no known type");
    }
    publisher_.set_wrong_sizes(reader_.wrong_previous_sizes());
}

}  // namespace st::live
