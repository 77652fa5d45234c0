#include "capture/camera_meter.h"

#include <algorithm>

#include "media/parameter_sets.h"

namespace st::capture {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

void CameraMeter::count(const camera::Frame& frame, const media::NalPeek& peek,
                        std::int64_t now_ns) {
    link_.frames.fetch_add(1, kRelaxed);
    link_.bytes.fetch_add(frame.payload.size(), kRelaxed);
    counters_.frames_total.fetch_add(1, kRelaxed);
    counters_.frame_bytes_total.fetch_add(frame.payload.size(), kRelaxed);
    count_lost(frame.seq);
    if (now_ns - second_began_ns_ >= kSecond) {
        link_.second_ns.store(now_ns, kRelaxed);
        const bool is_whole = now_ns - second_began_ns_ < 2 * kSecond;
        link_.second_pictures.store(is_whole ? second_pictures_ : 0, kRelaxed);
        link_.second_bits.store(is_whole ? second_bits_ : 0, kRelaxed);
        second_began_ns_ = now_ns;
        second_pictures_ = 0;
        second_bits_ = 0;
    }
    if (peek.starts_picture) ++second_pictures_;
    second_bits_ += frame.payload.size() * 8;
    if (peek.sps) read_size(frame);
}

bool CameraMeter::count_bad(std::int64_t now_ns) {
    link_.bad.fetch_add(1, kRelaxed);
    counters_.frames_bad_total.fetch_add(1, kRelaxed);
    return bad_told_.take(1, now_ns);
}

bool CameraMeter::count_undecodable(std::int64_t now_ns) {
    link_.undecodable.fetch_add(1, kRelaxed);
    return undecodable_told_.take(1, now_ns);
}

void CameraMeter::forget_size() {
    link_.width.store(0, kRelaxed);
    link_.height.store(0, kRelaxed);
}

/// A camera counts from 0 with each capture; a number that goes back begins another one.
void CameraMeter::count_lost(std::uint32_t seq) {
    if (last_seq_ && seq > *last_seq_) link_.lost.fetch_add(seq - *last_seq_ - 1, kRelaxed);
    last_seq_ = seq;
}

void CameraMeter::read_size(const camera::Frame& frame) {
    const Bytes looked_at =
        frame.payload.first(std::min(frame.payload.size(), media::kPeekBytesMax));
    media::NalWalker walker(looked_at);
    for (media::NalSpan nal{}; walker.next(nal);) {
        if ((looked_at[nal.begin] & 0x1F) != 7) continue;
        if (const auto sps = media::parse_sps(looked_at.subspan(nal.begin, nal.end - nal.begin))) {
            link_.height.store(sps->height, kRelaxed);
            link_.width.store(sps->width, kRelaxed);
        }
        return;
    }
}

}  // namespace st::capture
