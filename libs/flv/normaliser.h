#pragma once
/// A publisher's packets on their way into a live stream, made into what every player takes. What
/// one picture is and where decoding may begin is read from the bitstream, not from the container:
///
///     tags that carry slices of one picture are joined, parameter sets and SEI go with the picture
///     they stand before; empty NAL units are left out, start codes within a unit divide it;
///     lengths of 1, 2 or 3 bytes become 4; key is what a decoder may begin at; parameter sets that
///     change are a new decoder configuration; AAC loses ADTS headers and gets its configuration
///     from them; metadata loses what only a file's has, and says when a track came late;
///     a picture that is not whole is left out, and after it those that may refer to it.
///
/// Pure; one for each publisher.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flv/avc_headers.h"
#include "media/access_unit.h"
#include "media/packet.h"

namespace st::flv {

class Normaliser {
 public:
    /// Appends what goes on, in order; nothing while a picture may not be whole yet.
    void feed(media::Packet packet, std::vector<media::Packet>& out);
    /// Appends the picture that is held: nothing more of it will come.
    void flush(std::vector<media::Packet>& out);
    bool is_holding() const { return held_.has_value(); }
    /// Memory held: of pictures that are not whole yet, and of what the publisher said of its
    /// stream.
    std::size_t held_bytes() const {
        return prefix_.capacity() + (held_ ? held_->payload.capacity() : 0) +
               headers_.held_bytes() + access_units_.sets().held_bytes() +
               audio_config_.capacity() + metadata_.capacity();
    }
    /// Whether a tag was seen that goes on with the picture of the one before.
    bool joins_slices() const { return form_ == Form::slices; }

    /// Packets that could not be used, and why the last one was not.
    std::uint64_t unusable() const { return unusable_; }
    const std::string& last_unusable() const { return last_unusable_; }
    /// Why nobody will ever see a picture of this publisher; empty: there is hope, or none is due.
    /// One that gave a decoder configuration without parameter sets is given its first key frame to
    /// bring them; one that gave none 5 s of pictures, which are passed on as they are; one of
    /// sound alone 5 s as well to give a configuration for it.
    const std::string& hopeless() const { return hopeless_; }

 private:
    /// What one packet of video is, as far as the publisher has shown.
    enum class Form : std::uint8_t { unknown, pictures, slices };
    struct Walked {
        bool is_plain = true;  ///< the payload may go on as it is
        bool begins_picture = false;
        bool has_slices = false;
        bool ends_picture = false;  ///< parameter sets, SEI: no slice of the one before follows
        bool is_key = false;
        bool is_read = false;       ///< the picture's parameter sets are known
        bool is_cut = false;        ///< the last unit is not whole
        bool is_broken = false;     ///< and it is a slice, or may be
        bool is_reference = false;  ///< other pictures may refer to this one
        Buffer units;               ///< each behind a length of 4 bytes; if not plain
    };

    void video(media::Packet packet, std::vector<media::Packet>& out);
    void video_config(const media::Packet& packet, std::vector<media::Packet>& out);
    void audio(media::Packet packet, std::vector<media::Packet>& out);
    void adts(const media::Packet& packet, std::vector<media::Packet>& out);
    void metadata(media::Packet packet, std::vector<media::Packet>& out);
    void announce(const media::Packet& packet, std::vector<media::Packet>& out);
    void begin_picture(media::Packet packet, const Walked& walked, std::vector<media::Packet>& out);
    void join(const media::Packet& packet);
    void lose(const media::Packet& packet, const Walked& walked, std::vector<media::Packet>& out);
    bool refers_to_lost(const media::Packet& picture);
    void choose_length_bytes(Bytes units);
    Walked walk(const media::Packet& packet);
    void note_cut(Bytes rest, const media::Packet& packet, Walked& walked);
    void note_unit(Bytes unit, bool is_flagged_key, Walked& walked);
    void note_whole_picture();
    void give(media::Packet packet, std::vector<media::Packet>& out);
    void note_unusable(const std::string& why);
    void note_unheard(const media::Packet& sound);
    void note_unseen(const media::Packet& picture, const std::string& why);

    AvcHeaders headers_;
    media::AccessUnits access_units_;
    unsigned length_bytes_ = 4;
    Form form_ = Form::unknown;
    unsigned whole_pictures_ = 0;
    unsigned unjoined_pictures_ = 0;  ///< in a row, since a slice came that was none's
    bool has_joined_ = false;
    bool held_is_joined_ = false;
    bool is_leaving_out_ = false;          ///< the picture that the last slice was of
    std::optional<std::int64_t> lost_ms_;  ///< a picture that later ones may refer to
    std::optional<media::Packet> held_;
    Buffer prefix_;  ///< units that stand before the next picture
    Buffer audio_config_;
    bool is_audio_config_made_ = false;  ///< of ADTS headers
    Buffer metadata_;                    ///< as viewers have it; empty: there was none
    bool is_video_announced_ = false;    ///< by metadata, or it came in time
    bool is_audio_announced_ = false;
    std::optional<std::int64_t> first_picture_ms_;  ///< of what was given
    std::optional<std::int64_t> first_sound_ms_;
    std::string config_trouble_;  ///< why the last decoder configuration is of no use
    std::optional<std::int64_t> unseen_since_ms_;  ///< the first picture that nobody can decode
    bool has_video_ = false;
    std::optional<std::int64_t> unheard_since_ms_;  ///< the first sound that nobody can decode
    std::string hopeless_;
    std::uint64_t unusable_ = 0;
    std::string last_unusable_;
};

}  // namespace st::flv
