#pragma once
/// MCAP, the log format of Foxglove and ROS 2 (mcap.dev/spec): chunks that are not compressed, with
/// indexes, so that readers can seek. Pure: bytes out.
///
///     magic, header, [schema, channel ... , chunk, message indexes ...], data end,
///     schema, channels, statistics, chunk indexes, footer, magic
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace st::takes {

/// The message foxglove.CompressedVideo with this picture (protobuf, proto3).
std::string compressed_video(std::int64_t wall_us, std::string_view frame_id, Bytes annexb);
/// google.protobuf.FileDescriptorSet that describes it.
std::string compressed_video_schema();

class McapWriter {
 public:
    static constexpr std::size_t kChunkBytes = std::size_t{4} << 20;

    /// All channels carry messages of one schema. What it returns belongs behind what it returned
    /// before.
    std::string begin(std::string_view library, std::string_view schema_name,
                      std::string_view schema, const std::vector<std::string>& topics);
    /// `channel`: the place of its topic. Times are nanoseconds since 1970.
    std::string message(std::size_t channel, std::uint64_t time_ns, std::string_view data);
    std::string end();

 private:
    struct Entry {
        std::uint64_t time_ns;
        std::uint64_t offset;
    };
    struct ChunkIndex {
        std::uint64_t begin_ns;
        std::uint64_t end_ns;
        std::uint64_t offset;
        std::uint64_t bytes;
        std::map<std::uint16_t, std::uint64_t> index_offsets;
        std::uint64_t index_bytes;
        std::uint64_t records_bytes;
    };
    std::string close_chunk();
    std::string statistics() const;

    std::string definitions_;  ///< schema and channels, which stand in two places
    std::string chunk_;
    std::map<std::uint16_t, std::vector<Entry>> entries_;  ///< of the open chunk
    std::map<std::uint16_t, std::uint64_t> counts_;
    std::vector<ChunkIndex> chunks_;
    std::uint64_t written_ = 0;
    std::uint64_t begin_ns_ = ~std::uint64_t{0};
    std::uint64_t end_ns_ = 0;
    std::uint16_t channels_ = 0;
};

}  // namespace st::takes
