#include "dump/format.h"

#include <algorithm>

#include "base/crc32c.h"

namespace st::dump {
namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kCrcFrom = 8;  // a record's CRC leaves the marker out

bool begins_with(Bytes bytes, Bytes start) {
    return bytes.size() >= start.size() && std::equal(start.begin(), start.end(), bytes.begin());
}

}  // namespace

bool begins_with_magic(Bytes bytes) { return begins_with(bytes, kMagic); }
bool begins_with_marker(Bytes bytes) { return begins_with(bytes, kMarker); }

std::array<std::uint8_t, kFileHeaderBytes> encode_file_header(const FileHeader& header) {
    std::array<std::uint8_t, kFileHeaderBytes> bytes{};
    std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
    store_be16(&bytes[8], kVersion);
    store_be16(&bytes[10], kFileHeaderBytes);
    std::copy(header.uuid.begin(), header.uuid.end(), bytes.begin() + 16);
    store_be64(&bytes[32], header.wall_start_us);
    store_be64(&bytes[40], header.monotonic_start_ns);
    store_be32(&bytes[60], crc32c(Bytes(bytes).first(60)));
    return bytes;
}

std::optional<FileHeader> decode_file_header(Bytes bytes) {
    if (bytes.size() < kFileHeaderBytes || !begins_with_magic(bytes)) return std::nullopt;
    if (load_be16(&bytes[8]) != kVersion || load_be16(&bytes[10]) != kFileHeaderBytes ||
        load_be32(&bytes[60]) != crc32c(bytes.first(60))) {
        return std::nullopt;
    }
    FileHeader header;
    std::copy_n(bytes.begin() + 16, header.uuid.size(), header.uuid.begin());
    header.wall_start_us = load_be64(&bytes[32]);
    header.monotonic_start_ns = load_be64(&bytes[40]);
    return header;
}

std::array<std::uint8_t, kRecordHeaderBytes> encode_record_header(const RecordHeader& header) {
    std::array<std::uint8_t, kRecordHeaderBytes> bytes{};
    std::copy(kMarker.begin(), kMarker.end(), bytes.begin());
    bytes[8] = static_cast<std::uint8_t>(header.type);
    store_be32(&bytes[12], header.body_bytes);
    store_be32(&bytes[16], header.tag);
    store_be64(&bytes[20], header.number);
    store_be64(&bytes[28], header.arrival_ns);
    return bytes;
}

std::optional<RecordHeader> decode_record_header(Bytes bytes) {
    if (bytes.size() < kRecordHeaderBytes || !begins_with_marker(bytes)) return std::nullopt;
    RecordHeader header;
    header.type = static_cast<RecordType>(bytes[8]);
    header.body_bytes = load_be32(&bytes[12]);
    header.tag = load_be32(&bytes[16]);
    header.number = load_be64(&bytes[20]);
    header.arrival_ns = load_be64(&bytes[28]);
    if (header.body_bytes > kBodyBytesMax) return std::nullopt;
    return header;
}

std::array<std::uint8_t, kCrcBytes> encode_record_crc(Bytes header, Bytes body) {
    std::array<std::uint8_t, kCrcBytes> bytes{};
    store_be32(bytes.data(), crc32c(body, crc32c(header.subspan(kCrcFrom))));
    return bytes;
}

bool is_record_crc_right(Bytes record) {
    const std::size_t end = record.size() - kCrcBytes;
    return load_be32(&record[end]) == crc32c(record.subspan(kCrcFrom, end - kCrcFrom));
}

bool is_recorded_dump(Bytes first_bytes) {
    if (begins_with_magic(first_bytes)) return true;
    const auto header = decode_record_header(first_bytes);
    if (!header) return false;
    const std::size_t whole = kRecordHeaderBytes + header->body_bytes + kCrcBytes;
    return first_bytes.size() >= whole && is_record_crc_right(first_bytes.first(whole));
}

}  // namespace st::dump
