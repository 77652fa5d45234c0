#pragma once
/// Dumps in memory for the tests.
#include <algorithm>
#include <string>
#include <vector>

#include "dump/format.h"
#include "dump/reader.h"

namespace st::dump::samples {

using Octets = std::vector<std::uint8_t>;

inline void put(Octets& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

inline FileHeader header(std::uint8_t which) {
    FileHeader made;
    for (std::size_t i = 0; i < made.uuid.size(); ++i) {
        made.uuid[i] = static_cast<std::uint8_t>(which + i * 7);
    }
    made.wall_start_us = 1'700'000'000'000'000U + which;
    made.monotonic_start_ns = 1'000'000;
    return made;
}

inline void put_header(Octets& to, const FileHeader& made) { put(to, encode_file_header(made)); }

inline void put_record(Octets& to, const FileHeader& made, std::uint64_t number, Bytes body,
                       RecordType type = RecordType::frame) {
    const auto head = encode_record_header(
        {type, static_cast<std::uint32_t>(body.size()), tag_of(made.uuid), number, number * 1000});
    put(to, head);
    put(to, body);
    put(to, encode_record_crc(head, body));
}

/// Body of record `number`: its number, then bytes that follow from it.
inline Octets body_of(std::uint64_t number, std::size_t size) {
    Octets body(std::max<std::size_t>(8, size));
    store_be64(body.data(), number);
    std::uint32_t state = static_cast<std::uint32_t>(number) * 2654435761U + 1;
    for (std::size_t i = 8; i < body.size(); ++i) {
        state = state * 1664525U + 1013904223U;
        body[i] = static_cast<std::uint8_t>(state >> 24);
    }
    return body;
}

struct Found {
    std::vector<std::uint64_t> numbers;  ///< of the records returned, in order
    std::vector<Octets> bodies;
    std::vector<std::uint64_t> offsets;
    Losses losses;
    bool closed = false;
    std::uint64_t file_headers = 0;
    std::size_t window_bytes_max = 0;
};

inline Found read_all(Bytes bytes, std::size_t step = std::size_t{1} << 20,
                      bool keep_bodies = true) {
    Reader reader;
    Found found;
    std::size_t at = 0;
    for (;;) {
        const auto record = reader.next();
        if (record) {
            found.numbers.push_back(record->number);
            found.offsets.push_back(record->offset);
            if (keep_bodies) found.bodies.emplace_back(record->body.begin(), record->body.end());
            continue;
        }
        if (reader.at_end()) break;
        if (at == bytes.size()) {
            reader.finish();
            continue;
        }
        const auto space = reader.space();
        found.window_bytes_max = std::max(found.window_bytes_max, space.size());
        const std::size_t n = std::min({step, space.size(), bytes.size() - at});
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, space.begin());
        reader.commit(n);
        at += n;
    }
    found.losses = reader.losses();
    found.closed = reader.is_closed();
    found.file_headers = reader.file_headers();
    return found;
}

/// A dump of records 0 .. count-1 of `size` bytes.
inline Octets dump_of(std::size_t count, std::size_t size, std::uint8_t which = 1) {
    Octets dump;
    put_header(dump, header(which));
    for (std::uint64_t n = 0; n < count; ++n) put_record(dump, header(which), n, body_of(n, size));
    return dump;
}

inline std::vector<std::uint64_t> counting(std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t n = from; n < to; ++n) numbers.push_back(n);
    return numbers;
}

}  // namespace st::dump::samples
