#pragma once
/// AMF0 read: one value that takes all bytes, or why there is none.
#include <gtest/gtest.h>

#include <string>

#include "bytes.h"
#include "flv/amf.h"

namespace st::flv::amf0 {

inline AmfValue value(const Wire& bytes) {
    Amf0Reader reader(bytes);
    auto read = reader.next();
    EXPECT_TRUE(read) << read.error().message;
    EXPECT_TRUE(reader.at_end()) << "stopped at " << reader.position();
    return read ? *read : AmfValue();
}

inline std::string error(const Wire& bytes, AmfLimits limits = {}) {
    const auto read = Amf0Reader(bytes, limits).next();
    return read ? "" : read.error().message;
}

}  // namespace st::flv::amf0
