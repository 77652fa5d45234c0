#include "rtmp/aggregate.h"

#include <algorithm>
#include <string>

#include "flv/tag.h"

namespace st::rtmp {

Result<std::optional<AggregatePart>> AggregateReader::next() {
    while (!rest_.empty()) {
        if (rest_.size() < flv::kTagHeaderBytes) {
            return Error{"rtmp: aggregate: a part's header is cut short at " +
                         std::to_string(rest_.size()) + " bytes"};
        }
        const std::uint8_t type = rest_[0] & 0x1F;
        const std::size_t size = load_be32(rest_.data()) & 0xFF'FFFF;
        const std::uint32_t time_ms = load_be32(rest_.data() + 4);
        const std::uint32_t tag_ms = time_ms >> 8 | time_ms << 24;
        rest_ = rest_.subspan(flv::kTagHeaderBytes);
        if (size > rest_.size()) {
            return Error{"rtmp: aggregate: a part of " + std::to_string(size) + " bytes, " +
                         std::to_string(rest_.size()) + " are left"};
        }
        AggregatePart part;
        part.body = rest_.first(size);
        rest_ = rest_.subspan(std::min(size + flv::kPreviousTagSizeBytes, rest_.size()));
        if (!first_ms_) first_ms_ = tag_ms;
        part.timestamp_ms = timestamp_ms_ + (tag_ms - *first_ms_);
        part.type = static_cast<flv::TagType>(type);
        if (part.type == flv::TagType::audio || part.type == flv::TagType::video ||
            part.type == flv::TagType::script) {
            return std::optional<AggregatePart>(part);
        }
    }
    return std::optional<AggregatePart>();
}

}  // namespace st::rtmp
