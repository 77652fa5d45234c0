/// bench_mux_dump STREAM BYTES OUT [MAX_PICTURES]: a recorded dump of about BYTES bytes that
/// repeats the pictures of an Annex B stream of frames, 30 a second, as streamd would have written
/// it. At most MAX_PICTURES.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "camera/frame.h"
#include "dump/format.h"
#include "media/access_unit.h"

namespace {

using st::Bytes;

/// Whole messages: each picture with what comes before it.
std::vector<std::vector<std::uint8_t>> messages_of(Bytes stream) {
    std::vector<std::vector<std::uint8_t>> messages(1);
    st::media::AccessUnits units;
    st::media::NalWalker walker(stream);
    st::media::NalSpan nal{};
    std::vector<std::uint8_t> prefix;
    while (walker.next(nal)) {
        const Bytes with_code =
            stream.subspan(nal.begin - nal.start_bytes, nal.end - nal.begin + nal.start_bytes);
        const auto role = units.feed(stream.subspan(nal.begin, nal.end - nal.begin));
        if (role == st::media::Role::prefix) {
            prefix.insert(prefix.end(), with_code.begin(), with_code.end());
            continue;
        }
        if (role == st::media::Role::first_slice && !messages.back().empty())
            messages.emplace_back();
        auto& message = messages.back();
        message.insert(message.end(), prefix.begin(), prefix.end());
        message.insert(message.end(), with_code.begin(), with_code.end());
        prefix.clear();
    }
    return messages;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: bench_mux_dump STREAM BYTES OUT [MAX_PICTURES]\n");
        return 64;
    }
    std::ifstream in(argv[1], std::ios::binary);
    const std::vector<char> text((std::istreambuf_iterator<char>(in)),
                                 std::istreambuf_iterator<char>());
    const auto messages = messages_of(st::as_bytes({text.data(), text.size()}));
    const std::uint64_t wanted = std::strtoull(argv[2], nullptr, 10);
    const std::uint64_t most = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : UINT64_MAX;
    std::FILE* const out = std::fopen(argv[3], "wb");
    if (out == nullptr || messages.front().empty()) return 74;
    const auto put = [out](Bytes bytes) { return std::fwrite(bytes.data(), 1, bytes.size(), out); };

    st::dump::FileHeader header;
    header.uuid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    header.wall_start_us = 1'700'000'000'000'000;
    std::uint64_t written = put(st::dump::encode_file_header(header));
    std::vector<std::uint8_t> body;
    for (std::uint64_t n = 0; n < most && written < wanted; ++n) {
        const auto& payload = messages[n % messages.size()];
        const auto wire = st::camera::encode_header(
            {5'000'000 + n * 100 / 3, static_cast<std::uint32_t>(n), payload});
        body.assign(wire.begin(), wire.end());
        body.insert(body.end(), payload.begin(), payload.end());
        const st::dump::RecordHeader record{st::dump::RecordType::frame,
                                            static_cast<std::uint32_t>(body.size()),
                                            st::dump::tag_of(header.uuid), n, n * 33'333'333};
        const auto head = st::dump::encode_record_header(record);
        written += put(head) + put(body) + put(st::dump::encode_record_crc(head, body));
    }
    return std::fclose(out) == 0 ? 0 : 74;
}
