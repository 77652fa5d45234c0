#include "record/flv_tags.h"

#include <algorithm>

#include "base/bytes.h"

namespace st::record {
namespace {

constexpr std::uint8_t kAvc = 7;
constexpr std::uint8_t kAac = 10;
// Of AVC and AAC: what the second byte of a body says.
constexpr std::uint8_t kConfig = 0;
constexpr std::uint8_t kFrame = 1;

}  // namespace

bool FlvTag::is_h264() const {
    return is_video() && !is_four_cc() && (head[0] & 0x0F) == kAvc && bytes > kAvcHeadBytes;
}

bool FlvTag::is_aac() const { return is_audio() && head[0] >> 4 == kAac && bytes > kAacHeadBytes; }

bool FlvTag::is_frame() const {
    if (is_four_cc()) return (head[0] & 0x0F) != kConfig;
    if (is_video()) return (head[0] & 0x0F) != kAvc || head[1] == kFrame;
    return is_audio() && (head[0] >> 4 != kAac || head[1] == kFrame);
}

bool FlvTag::is_config() const { return (is_h264() || is_aac()) && head[1] == kConfig; }

std::int32_t FlvTag::shown_after_ms() const { return is_h264() ? load_be24_signed(&head[2]) : 0; }

Result<std::uint64_t> first_flv_tag(const mp4::MovieSource& file) {
    std::array<std::uint8_t, 9> begin{};
    constexpr std::uint64_t kOffsetMax = 64 * 1024;
    if (file.bytes < begin.size() || !file.read(0, begin)) return Error{"it is no FLV"};
    const std::uint32_t offset = load_be32(begin.data() + 5);
    if (as_text(begin).substr(0, 3) != "FLV" || offset < begin.size() || offset > kOffsetMax) {
        return Error{"it is no FLV"};
    }
    return std::uint64_t{offset} + flv::kPreviousTagSizeBytes;
}

std::optional<FlvTag> flv_tag_at(const mp4::MovieSource& file, std::uint64_t at) {
    std::array<std::uint8_t, flv::kTagHeaderBytes + FlvTag::kAvcHeadBytes> head{};
    if (at >= file.bytes || file.bytes - at < flv::kTagHeaderBytes) return std::nullopt;
    const std::size_t there = std::min<std::uint64_t>(head.size(), file.bytes - at);
    if (!file.read(at, std::span(head).first(there))) return std::nullopt;
    FlvTag tag;
    const flv::TagHead said = flv::read_tag_head(head);
    tag.type = said.type;
    tag.bytes = said.body_bytes;
    tag.ms = said.timestamp_ms;
    tag.at = at + flv::kTagHeaderBytes;
    if (tag.next() > file.bytes) return std::nullopt;
    const std::size_t of_body = std::min<std::size_t>(tag.head.size(), tag.bytes);
    std::copy_n(head.begin() + flv::kTagHeaderBytes, of_body, tag.head.begin());
    return tag;
}

}  // namespace st::record
