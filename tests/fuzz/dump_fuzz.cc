/// The dump reader and the plain reader on any bytes, in pieces whose sizes the input chooses: no
/// crash, every record inside the input and in order, the damage and the records never more than
/// it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "dump/plain_reader.h"
#include "dump/reader.h"

namespace {

using st::Bytes;

template <class Reader>
void feed(Reader& reader, Bytes& rest, std::size_t step) {
    if (rest.empty()) return reader.finish();
    const auto space = reader.space();
    const std::size_t n = std::min({step, space.size(), rest.size()});
    std::copy_n(rest.begin(), n, space.begin());
    reader.commit(n);
    rest = rest.subspan(n);
}

void check(bool holds) {
    if (!holds) std::abort();
}

void read_recorded(Bytes input, std::size_t step) {
    st::dump::Reader reader;
    Bytes rest = input;
    std::uint64_t end = 0;
    std::uint64_t record_bytes = 0;
    for (;;) {
        const auto record = reader.next();
        if (record) {
            const std::uint64_t size =
                st::dump::kRecordHeaderBytes + record->body.size() + st::dump::kCrcBytes;
            check(record->offset >= end && record->offset + size <= input.size());
            end = record->offset + size;
            record_bytes += size;
            // Changing the body in place must not disturb what follows.
            std::fill(record->body.begin(), record->body.end(), std::uint8_t{0xA7});
            continue;
        }
        if (reader.at_end()) break;
        feed(reader, rest, step);
    }
    check(record_bytes + reader.losses().bytes <= input.size());
    check(reader.losses().list.size() <= st::dump::kDamageListMax);
}

void read_plain(Bytes input, std::size_t step) {
    st::dump::PlainReader reader;
    Bytes rest = input;
    std::uint64_t end = 0;
    std::uint64_t message_bytes = 0;
    for (;;) {
        const auto frame = reader.next();
        if (frame) {
            const std::uint64_t size = st::camera::kHeaderBytes + frame->payload.size();
            check(frame->offset >= end && frame->offset + size <= input.size());
            end = frame->offset + size;
            message_bytes += size;
            std::fill(frame->payload.begin(), frame->payload.end(), std::uint8_t{0});
            continue;
        }
        if (reader.at_end()) break;
        feed(reader, rest, step);
    }
    check(message_bytes + reader.losses().bytes <= input.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = 1 + data[0];
    const Bytes input(data + 1, size - 1);
    read_recorded(input, step * 16);
    read_plain(input, step);
    return 0;
}
