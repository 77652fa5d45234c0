#include "live/live.h"

#include <cstring>

#include "base/clock.h"
#include "base/event_sink.h"
#include "base/secrets.h"
#include "flv/tag.h"
#include "live/deflated.h"
#include "live/live_http.h"
#include "live/live_request.h"
#include "media/live_config.h"
#include "rtmp/chunk_writer.h"
#include "ws/encode.h"

namespace st::live {
namespace {

/// What viewers get of a packet: an SPS that proves that pictures come in the order in which they
/// are shown says so, for decoders that would wait for others.
class ForViewers {
 public:
    explicit ForViewers(const media::Packet& packet) : packet_(packet) {
        if (packet.track != media::Track::video || packet.codec != media::Codec::h264) return;
        auto other = packet.is_config ? media::config_without_reordering(packet.payload.bytes())
                     : packet.is_key  ? media::sample_without_reordering(packet.payload.bytes())
                                      : std::nullopt;
        if (!other) return;
        media::Packet changed;
        changed.track = packet.track;
        changed.codec = packet.codec;
        changed.is_config = packet.is_config;
        changed.is_key = packet.is_key;
        changed.cts_ms = packet.cts_ms;
        changed.dts_ms = packet.dts_ms;
        changed.track_id = packet.track_id;
        changed.payload = std::move(*other);
        changed_ = std::move(changed);
    }
    const media::Packet& operator*() const { return changed_ ? *changed_ : packet_; }

 private:
    const media::Packet& packet_;
    std::optional<media::Packet> changed_;
};

class FlvEncoding final : public hub::Encoding {
 public:
    SharedBuffer encode(const media::Packet& packet) const override {
        return share(flv::encode_tag(*ForViewers(packet)));
    }
};

class ChunkedFlvEncoding final : public hub::Encoding {
 public:
    SharedBuffer encode(const media::Packet& packet) const override {
        return share(flv_chunk(flv::encode_tag(*ForViewers(packet)).bytes()));
    }
};

class WsFlvEncoding final : public hub::Encoding {
 public:
    SharedBuffer encode(const media::Packet& packet) const override {
        const ForViewers sent(packet);
        const ws::FrameHeader head = ws::encode_header(ws::Opcode::binary, flv::tag_bytes(*sent));
        Buffer message = flv::encode_tag(*sent, head.size);
        if (!message.empty()) std::memcpy(message.data(), head.data.data(), head.size);
        return share(std::move(message));
    }
};

class DeflatedWsFlvEncoding final : public hub::Encoding {
 public:
    SharedBuffer encode(const media::Packet& packet) const override {
        const Buffer tag = flv::encode_tag(*ForViewers(packet));
        if (tag.empty()) return share({});
        const Buffer framed = deflate_framed(tag.bytes());
        return share(ws::encode_frame(ws::Opcode::binary, framed.bytes()));
    }
};

class RtmpEncoding final : public hub::Encoding {
 public:
    SharedBuffer encode(const media::Packet& packet) const override {
        return share(rtmp::encode_packet(*ForViewers(packet)));
    }
};

std::vector<std::unique_ptr<const hub::Encoding>> encodings() {
    std::vector<std::unique_ptr<const hub::Encoding>> list;
    list.push_back(std::make_unique<FlvEncoding>());
    list.push_back(std::make_unique<ChunkedFlvEncoding>());
    list.push_back(std::make_unique<WsFlvEncoding>());
    list.push_back(std::make_unique<DeflatedWsFlvEncoding>());
    list.push_back(std::make_unique<RtmpEncoding>());
    return list;
}

}  // namespace

std::string key_frame_age(const hub::StreamStatus& status, std::int64_t now_ns) {
    if (!status.is_live || status.is_kept) return {};
    if (!status.key_ns) return status.statistics.pictures() > 0 ? "no key frame yet" : "";
    return "last key frame " + std::to_string((now_ns - *status.key_ns) / 1'000'000'000) + " s ago";
}

Live::Live(const Options& options, loop::EventLoop& control, EventSink& events,
           MemoryBudget* memory)
    : options_(options),
      control_(control),
      events_(events),
      hub_(
          options.hub, encodings(),
          [this](const hub::Event& event) {
              const auto* published = std::get_if<hub::Published>(&event);
              if (published != nullptr && on_published) on_published(published->path);
              control_.post([this, event] { tell(event); });
          },
          memory) {}

Live::~Live() = default;

void Live::add(httpd::NetLoop& net) {
    auto executor = std::make_unique<LoopExecutor>(net.loop());
    hub::DeliveryQueue& delivery = hub_.add_delivery(*executor);
    deliveries_.emplace(&net, OnLoop{std::move(executor), &delivery});
}

Result<void> Live::check_publish(const std::string& path) const {
    if (is_source && is_source(path)) {
        return Error{path + ": an on-demand source of this server", 409};
    }
    return check_publish_path(path);
}

void Live::give_up_later(const std::string& path, std::uint64_t publication) {
    control_.after(options_.resume, [this, path, publication] {
        const hub::StreamPtr stream = hub_.find(path);
        if (!stream || stream->publication() > publication) return;  // somebody returned
        if (is_coming && is_coming(path)) return give_up_later(path, publication);
        hub_.give_up(path, publication);
    });
}

void Live::tell(const hub::Event& event) {
    if (on_event) on_event(event);
    using Fields = EventFields;
    const auto with_query = [](Fields fields, const std::string& query) {
        if (!query.empty()) fields.push_back({"query", without_query_secrets(query)});
        return fields;
    };
    const auto of_publisher = [&](const std::string& path, const hub::PublisherInfo& info,
                                  std::uint64_t number) {
        return with_query({{"stream", path},
                           {"publication", number},
                           {"protocol", info.protocol},
                           {"peer", info.peer}},
                          info.query);
    };
    const auto of_viewer = [&](const std::string& path, const hub::ViewerInfo& info,
                               std::uint64_t id) {
        return with_query(
            {{"stream", path}, {"viewer", id}, {"protocol", info.protocol}, {"peer", info.peer}},
            info.query);
    };
    if (const auto* published = std::get_if<hub::Published>(&event)) {
        events_.add("stream.published",
                    of_publisher(published->path, published->publisher, published->publication));
    } else if (const auto* gone = std::get_if<hub::Unpublished>(&event)) {
        Fields fields = of_publisher(gone->path, gone->publisher, gone->publication);
        fields.push_back({"started_at", rfc3339(gone->since_us)});
        fields.push_back({"reason", gone->reason});
        if (!gone->by.empty()) fields.push_back({"by", gone->by});
        fields.push_back({"bytes", gone->bytes});
        events_.add("stream.ended", fields);
        if (gone->viewers == 0) return;
        give_up_later(gone->path, gone->publication);
    } else if (const auto* joined = std::get_if<hub::Joined>(&event)) {
        events_.add("viewer.joined", of_viewer(joined->path, joined->viewer, joined->id));
    } else if (const auto* left = std::get_if<hub::Left>(&event)) {
        Fields fields = of_viewer(left->path, left->viewer, left->id);
        fields.push_back({"started_at", rfc3339(left->since_us)});
        fields.push_back({"reason", left->reason});
        if (!left->by.empty()) fields.push_back({"by", left->by});
        fields.push_back({"bytes", left->bytes});
        fields.push_back({"dropped", left->dropped});
        events_.add("viewer.left", fields);
    } else if (const auto* slow = std::get_if<hub::Slow>(&event)) {
        Fields fields = of_viewer(slow->path, slow->viewer, slow->id);
        fields.push_back({"dropped", slow->dropped});
        fields.push_back({"cuts", slow->cuts});
        events_.add("viewer.slow", fields, LogLevel::warning);
    }
}

}  // namespace st::live
