#pragma once
/// A packet in its stream: where it stands, and its wire forms, each made once for all viewers.
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "media/packet.h"

namespace st::hub {

/// What a protocol makes of a packet: the bytes all its viewers get. The hub does not know what
/// they are; it asks once a packet.
class Encoding {
 public:
    virtual ~Encoding() = default;
    /// Any thread, one at a time for one stream.
    virtual SharedBuffer encode(const media::Packet& packet) const = 0;
};

/// The encodings of a hub are numbered by their order at its construction.
using FormId = std::uint8_t;
constexpr std::size_t kFormsMax = 6;

/// What a decoder needs before it can begin. Null: the stream has none.
struct Headers {
    media::PacketPtr metadata;
    media::PacketPtr video;
    media::PacketPtr colour;
    media::PacketPtr audio;
    std::vector<media::PacketPtr> further;  ///< of more tracks (media::Packet::track_id)
};

struct Unit;
using UnitPtr = std::shared_ptr<const Unit>;

struct Unit {
    media::PacketPtr packet;
    std::uint64_t serial = 0;       ///< rises by one within a stream, over all its publishers
    std::uint64_t publication = 0;  ///< number of the publisher's
    bool is_entry = false;          ///< a viewer may begin here
    bool is_kept = false;           ///< from before somebody watched: many come at once
    std::int64_t arrived_ns = 0;
    std::shared_ptr<const Headers> headers;  ///< in force here; of an entry only

    /// Set under the stream's lock, before the unit is put into a queue with viewers of that form.
    mutable std::array<SharedBuffer, kFormsMax> forms{};
    /// The headers once more with this entry's time, made when the first viewer needs them. Under
    /// the stream's lock.
    mutable std::vector<UnitPtr> header_units;

    const Buffer& wire(FormId form) const { return *forms[form]; }
};

}  // namespace st::hub
