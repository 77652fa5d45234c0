#include <algorithm>

#include "camera/frame.h"
#include "mux/run.h"

namespace st::mux {

bool Run::makes_messages() const {
    return job_.format == OutputFormat::dump &&
           std::ranges::any_of(sources_, [](const OpenInput& source) {
               return source.format == InputFormat::h264;
           });
}

/// The second reading: by now it is known when each picture is shown, and that is what a camera
/// says with it.
void Run::write_messages(bool start_at_intra) {
    const std::int64_t per_ms = choice_.times.ticks_per_second / 1000;
    const mp4::PictureIndex& pictures = assembler_->pictures();
    dumping_.emplace();
    dumping_->device_ms.resize(pictures.size());
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const std::int64_t shown = choice_.times.ticks[shown_at_[i]];
        // Among inputs with times the pictures have been given theirs.
        dumping_->device_ms[i] = input_->has_device_times()
                                     ? pictures[i].device_us / 1000
                                     : static_cast<std::uint64_t>((shown + per_ms / 2) / per_ms);
    }
    read(Pass::messages, start_at_intra);
    if (dumping_->done != report_.pictures)
        throw Failure(Exit::io, job_.input + ": changed while it was read");
    finish_copy();
}

void Run::before_message(const Message& message) {
    if (message.begins_input) {
        assembler_->finish();
        dump_pictures();
    }
    if (!message.is_numbered) return;
    dumping_->seq = 0;
    copy(message);
}

/// Hands on the bare pictures that are whole by now. The others are in their messages.
void Run::dump_pictures() {
    Dumping& at = *dumping_;
    const std::size_t whole = std::min(assembler_->whole_pictures(), at.device_ms.size());
    for (; at.done < whole; ++at.done) {
        const mp4::Picture& picture = assembler_->pictures()[at.done];
        mp4::SampleFile& samples = *assembler_->parts().front().file;
        if (picture.is_bare != 0) dump_picture(samples.front(picture.bytes), at.device_ms[at.done]);
        samples.drop(picture.bytes);
    }
}

/// A message with start codes where `sample` has lengths; several, if one cannot hold it.
void Run::dump_picture(Bytes sample, std::uint64_t device_ms) {
    constexpr std::size_t kLengthBytes = 4;
    std::vector<std::uint8_t> payload(sample.begin(), sample.end());
    for (std::size_t at = 0; at + kLengthBytes <= payload.size();) {
        const std::size_t bytes = load_be32(payload.data() + at);
        store_be32(payload.data() + at, 1);
        at += kLengthBytes + bytes;
    }
    for (std::size_t at = 0; at < payload.size();) {
        const std::size_t bytes = std::min(payload.size() - at, camera::kPayloadBytesMax);
        const Bytes piece = Bytes(payload).subspan(at, bytes);
        put_in_copy(camera::encode_header({device_ms, dumping_->seq++, piece}), piece);
        at += bytes;
    }
}

}  // namespace st::mux
