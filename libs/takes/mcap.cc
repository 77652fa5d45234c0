#include "takes/mcap.h"

#include <algorithm>
#include <utility>

#include "takes/numbers.h"

namespace st::takes {
namespace {

constexpr std::string_view kMagic{"\x89MCAP0\r\n", 8};

enum class Op : std::uint8_t {
    header = 0x01,
    footer = 0x02,
    schema = 0x03,
    channel = 0x04,
    message = 0x05,
    chunk = 0x06,
    message_index = 0x07,
    chunk_index = 0x08,
    statistics = 0x0B,
    data_end = 0x0F,
};

void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

std::string record(Op op, std::string_view body) {
    std::string out;
    out += static_cast<char>(op);
    put(out, static_cast<std::uint64_t>(body.size()));
    out += body;
    return out;
}

// ---- protobuf

void put_number(std::string& out, unsigned field, std::uint64_t value) {
    put_varint(out, field << 3);
    put_varint(out, value);
}

void put_bytes(std::string& out, unsigned field, std::string_view bytes) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.size());
    out += bytes;
}

/// google.protobuf.FieldDescriptorProto.
struct Field {
    std::string_view name;
    unsigned number;
    unsigned type;
    std::string_view type_name = {};
};
constexpr unsigned kInt64 = 3;
constexpr unsigned kInt32 = 5;
constexpr unsigned kString = 9;
constexpr unsigned kMessage = 11;
constexpr unsigned kBytes = 12;

std::string file_descriptor(std::string_view name, std::string_view package,
                            std::string_view dependency, std::string_view message,
                            const std::vector<Field>& fields) {
    std::string type;
    put_bytes(type, 1, message);
    for (const Field& field : fields) {
        std::string one;
        put_bytes(one, 1, field.name);
        put_number(one, 3, field.number);
        put_number(one, 4, 1);  // LABEL_OPTIONAL
        put_number(one, 5, field.type);
        if (!field.type_name.empty()) put_bytes(one, 6, field.type_name);
        put_bytes(type, 2, one);
    }
    std::string file;
    put_bytes(file, 1, name);
    put_bytes(file, 2, package);
    if (!dependency.empty()) put_bytes(file, 3, dependency);
    put_bytes(file, 4, type);
    put_bytes(file, 12, "proto3");
    return file;
}

}  // namespace

std::string compressed_video(std::int64_t wall_us, std::string_view frame_id, Bytes annexb) {
    std::string time;
    put_number(time, 1, static_cast<std::uint64_t>(wall_us / 1'000'000));
    put_number(time, 2, static_cast<std::uint64_t>(wall_us % 1'000'000 * 1000));
    std::string out;
    out.reserve(annexb.size() + 64);
    put_bytes(out, 1, time);
    put_bytes(out, 2, frame_id);
    put_bytes(out, 3, {reinterpret_cast<const char*>(annexb.data()), annexb.size()});
    put_bytes(out, 4, "h264");
    return out;
}

std::string compressed_video_schema() {
    const std::string_view timestamp = "google/protobuf/timestamp.proto";
    std::string out;
    put_bytes(out, 1,
              file_descriptor(timestamp, "google.protobuf", "", "Timestamp",
                              {{"seconds", 1, kInt64}, {"nanos", 2, kInt32}}));
    put_bytes(
        out, 1,
        file_descriptor("foxglove/CompressedVideo.proto", "foxglove", timestamp, "CompressedVideo",
                        {{"timestamp", 1, kMessage, ".google.protobuf.Timestamp"},
                         {"frame_id", 2, kString},
                         {"data", 3, kBytes},
                         {"format", 4, kString}}));
    return out;
}

std::string McapWriter::begin(std::string_view library, std::string_view schema_name,
                              std::string_view schema, const std::vector<std::string>& topics) {
    constexpr std::uint16_t kSchema = 1;
    std::string body;
    put(body, kSchema);
    put_text(body, schema_name);
    put_text(body, "protobuf");
    put_text(body, schema);
    definitions_ = record(Op::schema, body);
    for (const std::string& topic : topics) {
        body.clear();
        put(body, channels_++);
        put(body, kSchema);
        put_text(body, topic);
        put_text(body, "protobuf");
        put(body, std::uint32_t{0});  // no metadata
        definitions_ += record(Op::channel, body);
    }
    body.clear();
    put_text(body, "");
    put_text(body, library);
    std::string out = std::string(kMagic) + record(Op::header, body) + definitions_;
    written_ = out.size();
    return out;
}

std::string McapWriter::message(std::size_t channel, std::uint64_t time_ns, std::string_view data) {
    const auto id = static_cast<std::uint16_t>(channel);
    entries_[id].push_back({time_ns, chunk_.size()});
    std::string body;
    body.reserve(data.size() + 32);
    put(body, id);
    put(body, static_cast<std::uint32_t>(counts_[id]++));
    put(body, time_ns);
    put(body, time_ns);
    body += data;
    chunk_ += record(Op::message, body);
    begin_ns_ = std::min(begin_ns_, time_ns);
    end_ns_ = std::max(end_ns_, time_ns);
    if (chunk_.size() < kChunkBytes) return {};
    std::string out = close_chunk();
    written_ += out.size();
    return out;
}

std::string McapWriter::close_chunk() {
    ChunkIndex index{~std::uint64_t{0}, 0, written_, 0, {}, 0, chunk_.size()};
    for (const auto& [id, entries] : entries_) {
        for (const Entry& entry : entries) {
            index.begin_ns = std::min(index.begin_ns, entry.time_ns);
            index.end_ns = std::max(index.end_ns, entry.time_ns);
        }
    }
    std::string body;
    put(body, index.begin_ns);
    put(body, index.end_ns);
    put(body, static_cast<std::uint64_t>(chunk_.size()));
    put(body, std::uint32_t{0});  // no CRC
    put_text(body, "");           // no compression
    put(body, static_cast<std::uint64_t>(chunk_.size()));
    body += chunk_;
    std::string out = record(Op::chunk, body);
    index.bytes = out.size();
    for (const auto& [id, entries] : entries_) {
        index.index_offsets[id] = written_ + out.size();
        body.clear();
        put(body, id);
        put(body, static_cast<std::uint32_t>(entries.size() * sizeof(Entry)));
        for (const Entry& entry : entries) {
            put(body, entry.time_ns);
            put(body, entry.offset);
        }
        out += record(Op::message_index, body);
    }
    index.index_bytes = out.size() - index.bytes;
    chunks_.push_back(std::move(index));
    chunk_.clear();
    entries_.clear();
    return out;
}

std::string McapWriter::statistics() const {
    std::uint64_t messages = 0;
    for (const auto& [id, count] : counts_) messages += count;
    std::string body;
    put(body, messages);
    put(body, std::uint16_t{1});
    put(body, static_cast<std::uint32_t>(channels_));
    put(body, std::uint32_t{0});  // attachments
    put(body, std::uint32_t{0});  // metadata
    put(body, static_cast<std::uint32_t>(chunks_.size()));
    put(body, messages == 0 ? 0 : begin_ns_);
    put(body, end_ns_);
    put(body, static_cast<std::uint32_t>(counts_.size() * 10));
    for (const auto& [id, count] : counts_) {
        put(body, id);
        put(body, count);
    }
    return record(Op::statistics, body);
}

std::string McapWriter::end() {
    std::string out = chunk_.empty() ? "" : close_chunk();
    std::string body;
    put(body, std::uint32_t{0});  // no CRC
    out += record(Op::data_end, body);
    const std::uint64_t summary_at = written_ + out.size();
    out += definitions_ + statistics();
    for (const ChunkIndex& chunk : chunks_) {
        body.clear();
        put(body, chunk.begin_ns);
        put(body, chunk.end_ns);
        put(body, chunk.offset);
        put(body, chunk.bytes);
        put(body, static_cast<std::uint32_t>(chunk.index_offsets.size() * 10));
        for (const auto& [id, offset] : chunk.index_offsets) {
            put(body, id);
            put(body, offset);
        }
        put(body, chunk.index_bytes);
        put_text(body, "");
        put(body, chunk.records_bytes);
        put(body, chunk.records_bytes);
        out += record(Op::chunk_index, body);
    }
    body.clear();
    put(body, summary_at);
    put(body, std::uint64_t{0});  // no summary offsets
    put(body, std::uint32_t{0});
    out += record(Op::footer, body);
    out += kMagic;
    written_ += out.size();
    return out;
}

}  // namespace st::takes
