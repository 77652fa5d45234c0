#include "mux/detect.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd_io.h"
#include "camera/frame.h"
#include "dump/plain_reader.h"
#include "dump/reader.h"
#include "media/nal.h"
#include "media/payload_form.h"
#include "mux/failure.h"

namespace st::mux {
namespace {

/// Bytes at a place of the file, fewer at its end.
std::vector<std::uint8_t> peek(int fd, std::uint64_t at, std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    bytes.resize(read_up_to(fd, bytes, at).value_or(0));
    return bytes;
}

bool begins_with_start_code(Bytes bytes) {
    std::size_t zeros = 0;
    while (zeros < bytes.size() && bytes[zeros] == 0) ++zeros;
    return zeros >= 2 && zeros < bytes.size() && bytes[zeros] == 1;
}

/// Zeros, however many, then a start code and a unit whose forbidden bit is 0.
bool begins_after_zeros(int fd) {
    constexpr std::size_t kBlock = 256 * 1024;
    constexpr std::uint64_t kZerosMax = std::uint64_t{256} << 20;
    for (std::uint64_t at = 0; at < kZerosMax;) {
        const auto block = peek(fd, at, kBlock);
        const auto first = std::ranges::find_if(block, [](std::uint8_t byte) { return byte != 0; });
        if (first == block.end()) {
            if (block.size() < kBlock) return false;
            at += block.size();
            continue;
        }
        at += static_cast<std::uint64_t>(first - block.begin());
        const auto code = peek(fd, at, 2);
        return at >= 2 && code.size() == 2 && code[0] == 1 && (code[1] & 0x80) == 0;
    }
    return false;
}

/// As the standard has unit headers (7.4.1): the forbidden bit, and which units are referred to.
bool is_plausible_unit(Bytes unit) {
    if (unit.size() < 2 || (unit[0] & 0x80) != 0) return false;
    const int type = unit[0] & 0x1F;
    const bool is_referred_to = (unit[0] & 0x60) != 0;
    if (type == 1) return true;
    if (type == 5 || type == 7 || type == 8) return is_referred_to;
    return (type == 6 || type == 9 || type == 12) && !is_referred_to;
}

/// A stream that was cut out of another: it begins within a unit, and more than chance units
/// follow.
bool begins_within_a_unit(int fd) {
    constexpr std::size_t kLookedAt = std::size_t{2} << 20;
    constexpr int kEnough = 3;
    constexpr int kUnitsLookedAt = 64;
    const auto begin = peek(fd, 0, kLookedAt);
    constexpr std::string_view kMp4 = "ftyp";
    if (begin.size() > 8 && as_text(Bytes(begin).subspan(4, 4)) == kMp4) return false;
    media::NalWalker walker(begin);
    media::NalSpan nal{};
    int units = 0;
    bool has_slice = false;
    while (units < kUnitsLookedAt && walker.next(nal)) {
        const Bytes unit = Bytes(begin).subspan(nal.begin, nal.end - nal.begin);
        if (!is_plausible_unit(unit)) return false;
        const int type = unit[0] & 0x1F;
        has_slice = has_slice || type == 1 || type == 5;
        ++units;
    }
    return units >= kEnough && has_slice;
}

/// NAL units behind lengths fill the payload there.
bool has_lengths(int fd, std::uint64_t at, std::uint32_t payload) {
    constexpr std::uint32_t kLookedAtMax = std::uint32_t{4} << 20;
    return payload <= kLookedAtMax && media::is_length_prefixed(peek(fd, at, payload));
}

/// NAL units behind lengths and nothing else: some of them one behind the other, or all.
bool is_bare_lengths(int fd, std::uint64_t size) {
    constexpr int kUnits = 4;
    constexpr std::size_t kLengthBytes = 4;
    std::uint64_t at = 0;
    for (int i = 0; i < kUnits && at < size; ++i) {
        const auto head = peek(fd, at, kLengthBytes + 1);
        if (head.size() <= kLengthBytes) return false;
        const std::uint32_t bytes = load_be32(head.data());
        const auto type = static_cast<unsigned>(media::nal_type(head[kLengthBytes]));
        const bool is_unit = (head[kLengthBytes] & 0x80) == 0 && type >= 1 && type <= 12;
        if (!is_unit || bytes == 0 || bytes > size - at - kLengthBytes) return false;
        at += kLengthBytes + bytes;
    }
    return at > 0;
}

enum class Likeness { none, weak, strong };

/// Headers without a payload, or hardly any, prove little: zeros look like them.
Likeness likeness_to_plain_dump(int fd, std::uint64_t size) {
    constexpr int kHeadersLookedAt = 9;
    std::uint64_t at = 0;
    Likeness likeness = Likeness::none;
    for (int i = 0; i < kHeadersLookedAt; ++i) {
        const auto head = peek(fd, at, camera::kHeaderBytes + 8);
        if (head.size() < camera::kHeaderBytes) return likeness;
        const std::uint32_t payload = load_be32(head.data() + 12);
        const auto begin = Bytes(head).subspan(camera::kHeaderBytes);
        const bool fits = at + camera::kHeaderBytes + payload <= size;
        // The last message of a dump that was cut off may announce more than there is.
        if (!fits && (i == 0 || payload > camera::kPayloadBytesMax)) return Likeness::none;
        if (likeness == Likeness::none) likeness = Likeness::weak;
        if (payload > 0 && begin.size() >= 4) {
            if (!begins_with_start_code(begin) &&
                !(fits && has_lengths(fd, at + camera::kHeaderBytes, payload)))
                return Likeness::none;
            likeness = Likeness::strong;
        }
        if (!fits) return likeness;
        at += camera::kHeaderBytes + payload;
    }
    return likeness;
}

/// A whole record somewhere near the beginning: the header, or more, is damaged.
bool has_record_inside(int fd) {
    constexpr std::uint64_t kLookedAt = 2 * dump::kRecordBytesMax;
    dump::Reader reader;
    for (std::uint64_t at = 0; at < kLookedAt && !reader.at_end();) {
        if (reader.next()) return true;
        const auto bytes = peek(fd, at, std::min<std::size_t>(reader.space().size(), 256 * 1024));
        std::ranges::copy(bytes, reader.space().begin());
        bytes.empty() ? reader.finish() : reader.commit(bytes.size());
        at += bytes.size();
    }
    return false;
}

/// Messages that number themselves one after the other, whatever stands around them. In a bare
/// stream there are none.
bool has_messages_inside(int fd) {
    constexpr std::uint64_t kLookedAt = std::uint64_t{2} << 20;
    constexpr int kEnough = 3;
    dump::PlainReader reader;
    std::optional<std::uint32_t> last;
    int in_a_row = 0;
    for (std::uint64_t at = 0; !reader.at_end();) {
        if (const auto frame = reader.next()) {
            if (frame->seq == last) continue;  // the rest of an access unit
            // Nor need what follows begin with a start code: messages may be cut anywhere.
            const bool goes_on = in_a_row > 0 && frame->seq == *last + 1;
            in_a_row = goes_on ? in_a_row + 1 : begins_with_start_code(frame->payload) ? 1 : 0;
            last = frame->seq;
            if (in_a_row == kEnough) return true;
            continue;
        }
        if (reader.at_end()) break;
        const std::size_t wanted =
            at < kLookedAt ? std::min<std::size_t>(reader.space().size(), 256 * 1024) : 0;
        const auto bytes = peek(fd, at, wanted);
        std::ranges::copy(bytes, reader.space().begin());
        bytes.empty() ? reader.finish() : reader.commit(bytes.size());
        at += bytes.size();
    }
    return false;
}

bool is_recorded_dump(int fd) {
    auto head = peek(fd, 0, dump::kFileHeaderBytes);
    if (dump::is_recorded_dump(head)) return true;
    if (!dump::begins_with_marker(head)) return false;
    return dump::is_recorded_dump(peek(fd, 0, dump::kRecordBytesMax));
}

/// Pictures in a piece of a bare stream: slices that begin at macroblock 0.
std::uint64_t count_pictures(Bytes stream) {
    media::NalWalker walker(stream);
    media::NalSpan nal{};
    std::uint64_t count = 0;
    while (walker.next(nal)) {
        const auto type = media::nal_type(stream[nal.begin]);
        const bool is_slice = type == media::NalType::slice || type == media::NalType::idr;
        if (is_slice && nal.end > nal.begin + 1 && (stream[nal.begin + 1] & 0x80) != 0) ++count;
    }
    return count;
}

/// Size of the message at `at` with all that is around it; 0: none begins there.
std::uint64_t message_bytes(int fd, std::uint64_t at, InputFormat format) {
    if (format == InputFormat::dump) {
        const auto head = peek(fd, at, camera::kHeaderBytes);
        return head.size() < camera::kHeaderBytes
                   ? 0
                   : camera::kHeaderBytes + std::uint64_t{load_be32(head.data() + 12)};
    }
    const auto head = peek(fd, at, dump::kFileHeaderBytes);
    if (dump::begins_with_magic(head)) return dump::kFileHeaderBytes;
    const auto record = dump::decode_record_header(head);
    return record ? dump::kRecordHeaderBytes + record->body_bytes + dump::kCrcBytes : 0;
}

/// An Annex B stream whose first units can be H.265 and not H.264: VPS, SPS and PPS have two-byte
/// headers there (H.265, 7.3.1.2), which as H.264 would be types of no stream's beginning.
bool begins_like_h265(Bytes head) {
    const auto one = std::ranges::find(head, 1);
    if (!begins_with_start_code(head) || one + 2 >= head.end()) return false;
    constexpr int kVps = 32;
    constexpr int kAccessUnitDelimiter = 35;
    const int type = one[1] >> 1;
    return (one[1] & 0x81) == 0 && one[2] == 0x01 && type >= kVps && type <= kAccessUnitDelimiter;
}

/// What a file that is no input is, if that is easily known.
std::string describe(int fd, std::uint64_t bytes) {
    if (bytes == 0) return "it is empty";
    const auto head = peek(fd, 0, 64);
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    const auto is_at = [&](std::size_t at, std::string_view magic) {
        return text.size() >= at + magic.size() && text.substr(at, magic.size()) == magic;
    };
    if (is_at(4, "ftyp")) return "it is an MP4 already; expected a dump or an H.264 stream";
    if (is_at(0, "FLV")) return "it is an FLV file; expected a dump or an H.264 stream";
    if (is_at(0, "\x1A\x45\xDF\xA3"))
        return "it is a Matroska or WebM file; expected a dump or an H.264 stream";
    if (is_at(0, "\xFF\xD8\xFF")) return "it is a JPEG picture; expected a dump or an H.264 stream";
    if (is_at(0, "\x89PNG")) return "it is a PNG picture; expected a dump or an H.264 stream";
    if (begins_like_h265(head)) return "it is H.265 (HEVC); only H.264 is supported";
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && text[first] == '{') {
        return "it is JSON, not a stream; to read a recording, name its folder";
    }
    return "it is neither a dump nor an H.264 Annex B stream; if it is one all the same, "
           "--input-format says which";
}

}  // namespace

std::string to_string(InputFormat format) {
    switch (format) {
        case InputFormat::automatic:
            return "auto";
        case InputFormat::fdump:
            return "fdump";
        case InputFormat::dump:
            return "dump";
        case InputFormat::h264:
            return "h264";
    }
    return {};
}

Result<InputFormat> detect_format(int fd, const std::string& name) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) fail_errno(Exit::io, "stat " + name);
    if (is_recorded_dump(fd)) return InputFormat::fdump;
    const Likeness plain = likeness_to_plain_dump(fd, static_cast<std::uint64_t>(status.st_size));
    if (plain == Likeness::strong) return InputFormat::dump;
    if (has_messages_inside(fd)) return InputFormat::dump;
    if (begins_like_h265(peek(fd, 0, 64))) {
        return Error{name + ": " + describe(fd, static_cast<std::uint64_t>(status.st_size)),
                     static_cast<int>(Exit::bad_input)};
    }
    if (begins_after_zeros(fd)) return InputFormat::h264;
    if (has_record_inside(fd)) return InputFormat::fdump;
    if (plain == Likeness::weak) return InputFormat::dump;
    if (begins_within_a_unit(fd)) return InputFormat::h264;
    if (is_bare_lengths(fd, static_cast<std::uint64_t>(status.st_size))) {
        return Error{name +
                         ": is NAL units behind lengths, as in an MP4, but without the MP4 around "
                         "them; they can be read only from the messages of a dump",
                     static_cast<int>(Exit::bad_input)};
    }
    return Error{name + ": " + describe(fd, static_cast<std::uint64_t>(status.st_size)),
                 static_cast<int>(Exit::bad_input)};
}

std::uint64_t pictures_bound(int fd, InputFormat format) {
    constexpr std::size_t kLookedAt = std::size_t{2} << 20;
    struct stat status {};
    if (::fstat(fd, &status) != 0) return 0;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const bool is_bare = format == InputFormat::h264 || format == InputFormat::automatic;
    std::uint64_t count = 1;
    std::uint64_t at = 0;
    if (is_bare) {
        const auto begin = peek(fd, 0, kLookedAt);
        at = begin.size();
        count += count_pictures(begin);
    } else {
        for (std::uint64_t step = 1; at < size && step > 0; at += step, ++count)
            step = message_bytes(fd, at, format);
    }
    if (at >= size) return count;
    // What is not known yet is like what is, and a half more.
    const std::uint64_t rest = size - at;
    const std::uint64_t average = std::max<std::uint64_t>(at / count, 1);
    return count + rest / average * 3 / 2;
}

}  // namespace st::mux
