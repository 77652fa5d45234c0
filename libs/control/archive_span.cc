#include "control/archive_span.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr auto kSpan = [](auto& way, auto& span) {
    required(way, "start", span.start);
    required(way, "end", span.end);
    field(way, "open", span.is_open);
    field(way, "ready", span.is_ready);
};

}  // namespace

std::string encode(const ArchiveSpan& span) { return write_fields(span, kSpan); }

Decoded<ArchiveSpan> decode_archive_span(std::string_view body) {
    return read_fields<ArchiveSpan>(body, kSpan);
}

}  // namespace st::control
