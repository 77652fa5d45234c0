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
        const flv::TagHead head = flv::read_tag_head(rest_);
        const std::size_t size = head.body_bytes;
        rest_ = rest_.subspan(flv::kTagHeaderBytes);
        if (size > rest_.size()) {
            return Error{"rtmp: aggregate: a part of " + std::to_string(size) + " bytes, " +
                         std::to_string(rest_.size()) + " are left"};
        }
        AggregatePart part;
        part.body = rest_.first(size);
        rest_ = rest_.subspan(std::min(size + flv::kPreviousTagSizeBytes, rest_.size()));
        if (!first_ms_) first_ms_ = head.timestamp_ms;
        part.timestamp_ms = timestamp_ms_ + (head.timestamp_ms - *first_ms_);
        part.type = head.type;
        if (part.type == flv::TagType::audio || part.type == flv::TagType::video ||
            part.type == flv::TagType::script) {
            return std::optional<AggregatePart>(part);
        }
    }
    return std::optional<AggregatePart>();
}

}  // namespace st::rtmp
