#include "mp4/segment_mark.h"

#include <algorithm>
#include <cassert>

#include "mp4/boxes.h"
#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

constexpr std::size_t kFtypBytes = 32;
constexpr std::size_t kUuidHeadBytes = 8 + kSegmentUuid.size();
constexpr std::size_t kFixedBytes = 20;  ///< of the mark before its texts
constexpr std::size_t kFreeBytes = 16;
constexpr std::size_t kTextMax = 255;

void write_text(Boxes& out, const std::string& text) {
    assert(text.size() <= kTextMax);
    out.u8(static_cast<unsigned>(text.size()));
    out.text(text);
}

/// Takes one text from the front; false if it is cut short.
bool take_text(Bytes& left, std::string& text) {
    if (left.empty() || left.size() - 1 < left[0]) return false;
    text = as_text(left.subspan(1, left[0]));
    left = left.subspan(1 + std::size_t{left[0]});
    return true;
}

Result<SegmentMark> parse_mark(Bytes body) {
    if (body.size() < kFixedBytes) return Error{"a segment's mark is cut short"};
    if (body[0] != 1) {
        return Error{"a segment's mark of version " + std::to_string(body[0]) + ", expected 1"};
    }
    SegmentMark mark;
    mark.first_wall_us = static_cast<std::int64_t>(load_be64(body.data() + 4));
    mark.number = load_be32(body.data() + 12);
    mark.generation = load_be32(body.data() + 16);
    Bytes left = body.subspan(kFixedBytes);
    if (!take_text(left, mark.path) || !take_text(left, mark.video) ||
        !take_text(left, mark.audio)) {
        return Error{"a segment's mark is cut short"};
    }
    return mark;
}

}  // namespace

std::vector<std::uint8_t> encode_segment_head(const SegmentMark& mark) {
    Boxes out;
    write_file_type(out, true);
    {
        const Box uuid(out, "uuid");
        out.bytes(kSegmentUuid);
        out.u32(1U << 24);
        assert(out.position() == kFirstWallAt);
        out.u64(static_cast<std::uint64_t>(mark.first_wall_us));
        out.u32(mark.number);
        out.u32(mark.generation);
        write_text(out, mark.path);
        write_text(out, mark.video);
        write_text(out, mark.audio);
    }
    out.u32(kFreeBytes);
    out.text("free");
    out.u64(0);
    assert(out.position() <= kSegmentHeadBytesMax);
    return out.take();
}

Result<SegmentHead> parse_segment_head(Bytes begin) {
    const Error none{"no segment of a live stream"};
    if (begin.size() < kFtypBytes + kUuidHeadBytes || as_text(begin.subspan(4, 4)) != "ftyp" ||
        load_be32(begin.data()) != kFtypBytes) {
        return none;
    }
    const Bytes uuid = begin.subspan(kFtypBytes);
    const std::size_t uuid_bytes = load_be32(uuid.data());
    if (as_text(uuid.subspan(4, 4)) != "uuid" ||
        !std::ranges::equal(uuid.subspan(8, kSegmentUuid.size()), kSegmentUuid)) {
        return none;
    }
    if (uuid_bytes < kUuidHeadBytes || uuid_bytes > uuid.size() ||
        uuid.size() - uuid_bytes < kFreeBytes) {
        return Error{"a segment's head is cut short"};
    }
    const auto mark = parse_mark(uuid.subspan(kUuidHeadBytes, uuid_bytes - kUuidHeadBytes));
    if (!mark) return mark.error();
    SegmentHead head{*mark, false, kFtypBytes + uuid_bytes, 0};
    const std::uint8_t* const free = uuid.data() + uuid_bytes;
    const std::string_view type = as_text(Bytes(free + 4, 4));
    if (load_be32(free) == kFreeBytes && type == "free") return head;
    if (load_be32(free) != 1) return Error{"a segment with neither free nor mdat behind its mark"};
    // Bytes of "mdat" may be those of "free" yet, if the power failed in the middle of them: the
    // size makes the difference.
    head.is_finished = true;
    head.moov_at = head.free_at + load_be64(free + 8);
    return head;
}

}  // namespace st::mp4
