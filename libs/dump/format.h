#pragma once
/// The framed dump (.fdump), byte for byte. Pure. Spec: docs/dump.md. Integers are big-endian.
///
/// dump   := ( file-header record* )+          a file header may recur: cat a b is valid
/// file header, 64 bytes
///      0  magic 89 53 54 44 0D 0A 1A 0A
///      8  u16 version 1        10  u16 header bytes 64       12  u32 0
///     16  UUID[16]             32  u64 wall-clock start, us   40  u64 monotonic start, ns
///     48  zero[12]             60  u32 CRC-32C of 0..59
/// record, 36 bytes + body + 4 bytes
///      0  marker A7 5D 00 00 02 93 C6 1E    (00 00 02 cannot occur in conforming H.264)
///      8  u8 type              9  zero[3]                    12  u32 body_bytes
///     16  first four bytes of the UUID                       20  u64 record number from 0
///     28  u64 arrival, ns since the monotonic start          36  body
///   end:  u32 CRC-32C of 8 .. end of body
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "camera/frame.h"

namespace st::dump {

constexpr std::size_t kFileHeaderBytes = 64;
constexpr std::size_t kRecordHeaderBytes = 36;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kBodyBytesMax = camera::kPayloadBytesMax + camera::kHeaderBytes;
constexpr std::size_t kRecordBytesMax = kRecordHeaderBytes + kBodyBytesMax + kCrcBytes;

constexpr std::array<std::uint8_t, 8> kMagic = {0x89, 0x53, 0x54, 0x44, 0x0D, 0x0A, 0x1A, 0x0A};
constexpr std::array<std::uint8_t, 8> kMarker = {0xA7, 0x5D, 0x00, 0x00, 0x02, 0x93, 0xC6, 0x1E};

/// Never renumber: stored on disk. A reader skips types it does not know.
enum class RecordType : std::uint8_t {
    frame = 1,  ///< body: the 16 wire bytes unchanged and the payload
    note = 2,   ///< body: JSON
    close = 3,  ///< body: JSON; the last record of a dump that was ended in order
};

using Uuid = std::array<std::uint8_t, 16>;

struct FileHeader {
    Uuid uuid{};
    std::uint64_t wall_start_us = 0;       ///< since 1970-01-01 UTC
    std::uint64_t monotonic_start_ns = 0;  ///< arrival times count from here
    bool operator==(const FileHeader&) const = default;
};

struct RecordHeader {
    RecordType type = RecordType::frame;
    std::uint32_t body_bytes = 0;
    std::uint32_t tag = 0;  ///< tag_of(uuid)
    std::uint64_t number = 0;
    std::uint64_t arrival_ns = 0;
};

inline std::uint32_t tag_of(const Uuid& uuid) { return load_be32(uuid.data()); }

bool begins_with_magic(Bytes bytes);
bool begins_with_marker(Bytes bytes);

std::array<std::uint8_t, kFileHeaderBytes> encode_file_header(const FileHeader& header);
/// nullopt unless `bytes` begins with a whole file header of version 1 whose CRC is right.
std::optional<FileHeader> decode_file_header(Bytes bytes);

std::array<std::uint8_t, kRecordHeaderBytes> encode_record_header(const RecordHeader& header);
/// nullopt unless `bytes` begins with the marker and 28 more bytes that announce at most
/// kBodyBytesMax. Says nothing about the CRC.
std::optional<RecordHeader> decode_record_header(Bytes bytes);

/// The four CRC bytes that end the record `header` (as encoded) + `body`.
std::array<std::uint8_t, kCrcBytes> encode_record_crc(Bytes header, Bytes body);
/// `record` is header, body and CRC, whole.
bool is_record_crc_right(Bytes record);

/// The first bytes of an input are those of a framed dump: a file header's magic, or a whole
/// record whose CRC is right.
bool is_recorded_dump(Bytes first_bytes);

}  // namespace st::dump
