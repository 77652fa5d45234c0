#pragma once
/// Aggregate messages (type 22): FLV tags in one message. Pure. Spec: Adobe RTMP 1.0,
/// section 7.1.6.
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "flv/body.h"

namespace st::rtmp {

struct AggregatePart {
    flv::TagType type = flv::TagType::video;
    std::uint32_t timestamp_ms = 0;  ///< absolute: the message's, plus the tag's minus the first's
    Bytes body;                      ///< borrowed from the aggregate
};

/// Walks the parts of one aggregate, which it borrows. Parts of other types are passed over; back
/// pointers are not believed, and the last one may be missing.
class AggregateReader {
 public:
    AggregateReader(Bytes body, std::uint32_t timestamp_ms)
        : rest_(body), timestamp_ms_(timestamp_ms) {}

    /// nullopt at the end. An Error ends it; the parts before it were whole.
    Result<std::optional<AggregatePart>> next();

 private:
    Bytes rest_;
    const std::uint32_t timestamp_ms_;
    std::optional<std::uint32_t> first_ms_;
};

}  // namespace st::rtmp
