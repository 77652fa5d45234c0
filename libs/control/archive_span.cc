#include "control/archive_span.h"

#include "control/fields.h"
#include "json/write.h"

namespace st::control {

std::string encode(const ArchiveSpan& span) {
    json::Object object;
    object.set("start", span.start);
    object.set("end", span.end);
    object.set("open", span.is_open);
    object.set("ready", span.is_ready);
    return json::write(object);
}

Decoded<ArchiveSpan> decode_archive_span(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    ArchiveSpan span;
    reader.require("start");
    reader.require("end");
    reader.read("start", span.start);
    reader.read("end", span.end);
    reader.read("open", span.is_open);
    reader.read("ready", span.is_ready);
    if (reader.failed()) return reader.error();
    return span;
}

}  // namespace st::control
