#pragma once
/// Commands: what clients ask in messages of type 20 (AMF0) and 17 (AMF3 form). Pure.
/// Spec: Adobe RTMP 1.0, section 7.2. Body: name, transaction id, object or null, more values.
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "flv/amf.h"
#include "rtmp/protocol.h"

namespace st::rtmp {

/// What one command may hold; metadata has limits of its own.
constexpr flv::AmfLimits kCommandLimits{
    .depth_max = 8, .values_max = 512, .text_bytes_max = 128 * 1024};

struct Command {
    std::string name;
    double transaction = 0;  ///< 0: no answer is wanted
    flv::AmfValue object;    ///< of connect; else null
    std::vector<flv::AmfValue> arguments;

    /// The argument's text or number; the default if it is not there or of another kind.
    std::string text(std::size_t index) const;
    double number(std::size_t index, double otherwise) const;
    bool boolean(std::size_t index, bool otherwise) const;
    /// A text member of `object`.
    std::string member(std::string_view key) const;
};

/// Tolerant where clients differ: everything behind the name may be missing or of another kind. In
/// the AMF3 form a byte 0 stands in front, or not.
Result<Command> decode_command(MessageType type, Bytes body);

}  // namespace st::rtmp
