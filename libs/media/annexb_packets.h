#pragma once
/// From an encoder's Annex B buffers to live packets: one picture each, NAL units behind 4-byte
/// lengths, decoder configuration apart. For streams that arrive in real time: a picture is held
/// back until the next one only where pictures come in several buffers, and the last one of the
/// first buffer, because that is not known yet. A unit that ends a buffer before it is clear what
/// it is waits for the next buffer: slices hardly ever do. Pure; one thread.
/// Spec: ITU-T H.264 Annex B, ISO/IEC 14496-15 5.3.3.1 and 5.3.4.
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "media/access_unit.h"
#include "media/nal.h"
#include "media/packet.h"

namespace st::media {

class AnnexBPackets {
 public:
    /// NAL units beyond this are left out of a picture: no FLV tag carries more.
    static constexpr std::size_t kPictureBytesMax = std::size_t{16} << 20;
    /// The same of those before a picture that may never come.
    static constexpr std::size_t kPrefixBytesMax = 256 * 1024;

    /// One buffer of an encoder, shown at `time_ms` by the encoder's clock. Appends what it
    /// completes to `packets`: their dts_ms is of the same clock. One that begins without a start
    /// code goes on with the NAL unit that the last one ended in.
    void feed(Bytes annexb, std::uint64_t time_ms, std::vector<Packet>& packets);
    /// The last picture, if one is held back.
    void flush(std::vector<Packet>& packets);
    /// Of a buffer that is not fed only the parameter sets, up to its first slice.
    void learn(Bytes annexb);
    /// Begin anew with the next key frame, and its configuration: pictures in between were only
    /// learned of.
    void restart();
    /// A picture waits for more of it, or for the next one.
    bool is_holding() const { return has_picture_; }

    /// Buffers with more of a picture that was given out without it: those of an encoder that
    /// begins to divide its pictures.
    std::uint64_t unusable() const { return unusable_; }
    /// Memory held for a picture that is not whole.
    std::size_t held_bytes() const {
        return prefix_.capacity() + changed_sets_.capacity() + picture_.capacity() +
               tail_.nal.capacity();
    }
    /// Of the newest sequence parameter set in use; null before the first picture.
    const Sps* sps() const { return units_.sets().sps(units_.picture().sps_id); }

 private:
    /// What the last NAL unit of the last buffer was put into; also of a picture that is out.
    enum class Place : std::uint8_t { nowhere, prefix, picture };

    /// The last NAL unit of a buffer, from which alone nobody can tell what it is, or says.
    struct Tail {
        Buffer nal;                 ///< empty: there is none
        std::uint64_t time_ms = 0;  ///< of the buffer it began in
        bool is_first = false;      ///< unit of that buffer
        bool is_cut = false;        ///< it went on in another one
    };

    void feed_units(Bytes annexb, std::uint64_t time_ms, std::vector<Packet>& packets);
    void go_on(std::size_t zeros, Bytes rest, bool is_all, std::vector<Packet>& packets);
    void take_tail(std::vector<Packet>& packets);
    bool take(Bytes nal, std::uint64_t time_ms, bool is_first, std::vector<Packet>& packets);
    void take_prefix(Bytes nal);
    void learn_set(Bytes nal);
    void begin_picture(std::uint64_t time_ms, std::vector<Packet>& packets);
    void add_nal(Bytes nal);
    void add_sets_in_force();
    void grow_last_unit(std::size_t zeros, Bytes rest);
    void note_more();
    void note_whole_picture();
    void finish_picture(std::vector<Packet>& packets);
    bool update_config(std::vector<Packet>& packets);
    std::int64_t decoding_time(std::uint64_t time_ms);

    AccessUnits units_;
    Buffer prefix_;        ///< NAL units before the next slice
    Buffer changed_sets_;  ///< likewise, and no key frame has used them yet
    Buffer picture_;       ///< the picture being put together
    bool has_picture_ = false;
    bool is_key_ = false;
    std::uint64_t time_ms_ = 0;    ///< of picture_
    bool is_first_ = true;         ///< no buffer with a picture to give out is over yet
    bool holds_pictures_ = false;  ///< pictures were seen that come in several buffers
    bool is_joined_ = false;       ///< picture_ is of several
    bool has_joined_ = false;
    unsigned whole_pictures_ = 0;  ///< in a row, since one was seen that was given out too early
    std::uint64_t unusable_ = 0;
    Place last_unit_ = Place::nowhere;
    std::size_t last_unit_at_ = 0;  ///< its length
    Tail tail_;
    std::size_t zeros_ = 0;  ///< at the end of the last buffer: of its unit, or of a start code
    bool ends_in_start_code_ = false;
    bool has_begun_ = false;  ///< a picture to begin with was seen
    Buffer config_;
    std::uint8_t config_sps_ = 0xFF;
    bool sets_changed_ = false;
    bool has_sets_in_band_ = false;  ///< decoders may have others than config_ by now

    bool may_reorder_ = false;  ///< without having said so
    std::size_t depth_ = 0;     ///< pictures a decoder holds back to show them in order
    std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> times_;
    std::optional<std::int64_t> last_dts_ms_;
    std::uint64_t newest_ms_ = 0;
};

}  // namespace st::media
