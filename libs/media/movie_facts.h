#pragma once
/// What a finished movie file shows to who opens it: its writer knows it, a reader finds it again.
/// Here as well: what helper programs are asked about such files (libs/worker carries it, libs/av
/// does it). All are plain structs, exchanged as they lie in memory between programs of one build.
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace st::media {

/// The one video track. Times in its own time base.
struct MovieFacts {
    std::uint64_t pictures = 0;
    std::uint64_t bytes = 0;  ///< of all pictures
    std::uint64_t key_frames = 0;
    std::int64_t ticks_per_second = 0;
    std::int64_t first_ticks = 0;  ///< display time of the picture shown first
    std::int64_t last_ticks = 0;   ///< and of the last one
    // Of an MP4 with one index only; else 0:
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t index_crc = 0;  ///< see IndexCrc
    std::uint32_t reserved = 0;

    bool operator==(const MovieFacts&) const = default;
};

/// CRC-32C over every picture's { u32 bytes, i64 decoding time after the first one's }, big-endian.
class IndexCrc {
 public:
    void add(std::uint32_t bytes, std::int64_t ticks_after_first);
    std::uint32_t value() const { return value_; }

 private:
    std::uint32_t value_ = 0;
};

/// Job kCheckJob. Descriptors: the file; another one: where a JPEG of the first picture goes.
/// Answer: MovieAnswer, and behind it the reason if something was wanted that it has not.
struct MovieCheck {
    std::uint64_t pixels_max = 0;  ///< of a picture that may be decoded
    std::uint32_t is_indexed = 1;  ///< an MP4 with one index, else fragments or FLV
    std::uint32_t decodes = 1;     ///< the first picture shall be decoded
};
constexpr std::string_view kCheckJob = "check";

struct MovieAnswer {
    MovieFacts facts;
    std::uint32_t has_decoded = 0;
    std::uint32_t has_jpeg = 0;
};

/// Job kPictureJob. Descriptors: an FLV or MP4 file, where a JPEG of its first picture goes.
struct PictureRequest {
    std::uint64_t pixels_max = 0;
};
constexpr std::string_view kPictureJob = "picture";

/// Job kDecodableJob: which pictures show what was coded. Descriptors: an MP4; a file of `pictures`
/// u32, for each picture, in the order of showing, how many messages are known to be lost before
/// it; where for each of the MP4's pictures, in that order, a byte goes: 0 if it cannot be decoded,
/// is damaged, or may refer to one that is damaged or missing; else 1. No answer.
struct DecodableRequest {
    std::uint64_t pixels_max = 0;
    std::uint64_t pictures = 0;
};
constexpr std::string_view kDecodableJob = "decodable";
constexpr std::uint64_t kPicturesMax = 20'000'000;  ///< of such a file

/// Job kSlotsJob: pictures encoded anew at an even rate. Descriptors: `movies` MP4s, which follow
/// each other; a file of `slots` i32, for each the number of the picture that is shown then, over
/// all movies in the order of showing, never falling, or kNoPicture for black; where the H.264
/// stream goes. No answer. All pictures get the size of the first one. Only what is decodable is
/// shown.
struct SlotsRequest {
    std::uint64_t pixels_max = 0;
    std::uint64_t movies = 1;
    std::uint64_t slots = 0;
    double rate = 0;  ///< slots a second
    std::uint64_t crf = 16;
};
constexpr std::string_view kSlotsJob = "slots";
constexpr std::int32_t kNoPicture = -1;

/// Job kPicturesJob: the pictures as they are coded. Descriptors: an MP4; where they go, in coding
/// order, each behind a CodedPicture: Annex B, before a key frame its parameter sets. No answer.
constexpr std::string_view kPicturesJob = "pictures";
struct CodedPicture {
    std::uint64_t bytes = 0;
    std::int64_t shown_ticks = 0;  ///< display time
};

/// Job kRowsJob: how bright pictures are, from the top down. Descriptors: an MP4; where for each
/// picture, in the order of showing, `bands` u16 go: the mean luma of that part of its rows, in
/// 1/256. Of a picture that is not decodable they mean nothing. No answer.
struct RowsRequest {
    std::uint64_t pixels_max = 0;
    std::uint64_t bands = 0;  ///< at most the rows of a picture
};
constexpr std::string_view kRowsJob = "rows";
constexpr std::uint64_t kBandsMax = 512;

/// Job kColoursJob: what colours the pictures have. Descriptor: an MP4. Answer: Colours.
struct ColoursRequest {
    std::uint64_t pixels_max = 0;
};
constexpr std::string_view kColoursJob = "colours";
/// Of red, green and blue, 0 to 1, over all pictures. Large ones are looked at point by point.
struct Colours {
    std::uint64_t pictures = 0;
    std::uint32_t width = 0;  ///< of the first picture
    std::uint32_t height = 0;
    std::array<double, 3> least{};
    std::array<double, 3> most{};
    std::array<double, 3> mean{};
    std::array<double, 3> deviation{};  ///< standard deviation
};

/// Job kPictureAtJob. Descriptors: an MP4 or FLV file, where the picture goes. No answer.
struct PictureAt {
    std::uint64_t pixels_max = 0;
    std::int64_t at_us = 0;  ///< after the picture shown first
    std::uint64_t is_png = 0;
};
constexpr std::string_view kPictureAtJob = "picture-at";

template <class T>
std::string to_bytes(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// nullopt: too short for it. Bytes behind it are the caller's.
template <class T>
std::optional<T> from_bytes(std::string_view bytes) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (bytes.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

}  // namespace st::media
