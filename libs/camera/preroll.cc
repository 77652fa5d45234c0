#include "camera/preroll.h"

#include <algorithm>

#include "camera/frame.h"

namespace st::camera {
namespace {

constexpr int kSps = 7;
constexpr int kPps = 8;

/// ue(v) at the head of `bits`; nullopt if longer than ids are.
std::optional<std::uint32_t> exp_golomb(Bytes bits) {
    std::uint32_t window = 0;
    for (std::size_t i = 0; i < 4; ++i) window = window << 8 | (i < bits.size() ? bits[i] : 0U);
    int zeros = 0;
    while (zeros < 12 && (window & (0x80000000U >> zeros)) == 0) ++zeros;
    if (zeros == 12) return std::nullopt;
    return (window << zeros >> (31 - zeros)) - 1;
}

std::optional<std::uint32_t> set_id(Bytes nal) {
    // SPS: profile, constraints and level stand before the id. No emulation prevention byte can
    // stand before an id: it follows two zero bytes, and level_idc is not 0 in a conforming SPS.
    const std::size_t head = (nal[0] & 0x1F) == kSps ? 4 : 1;
    if (nal.size() <= head) return std::nullopt;
    return exp_golomb(nal.subspan(head));
}

bool brings_sets(const media::NalPeek& peek) { return peek.sps || peek.pps; }

}  // namespace

void Preroll::hold(SharedBuffer message, std::int64_t arrival_ns, const media::NalPeek& peek) {
    keep_sets(message->bytes(), peek);
    const std::uint32_t seq = load_be32(message->data() + 8);
    // A seq that fell back is another capture: nothing of the earlier one belongs to the next
    // session.
    if (last_seq_ && static_cast<std::int32_t>(seq - *last_seq_) < 0) drop_before(held_.size());
    last_seq_ = seq;

    const bool begins = entries_.begins(peek);
    entries_.note(peek);
    if (begins) {
        std::size_t keep_from = held_.size();
        while (keep_from > 0 && !held_[keep_from - 1].peek.vcl) --keep_from;
        drop_before(keep_from);
        first_picture_ns_ = arrival_ns;
    } else if (peek.vcl && !first_picture_ns_) {
        ++dropped_;
        return;
    }
    held_bytes_ += message->size();
    held_.push_back({{std::move(message), arrival_ns}, peek});
    trim(arrival_ns);
}

void Preroll::trim(std::int64_t now_ns) {
    while (!held_.empty() && !held_.front().peek.vcl &&
           now_ns - held_.front().message.arrival_ns > kHeldNsMax) {
        drop_before(1);
    }
    if (held_bytes_ > kHeldBytesMax || held_.size() > kHeldMessagesMax ||
        (first_picture_ns_ && now_ns - *first_picture_ns_ > kHeldNsMax)) {
        // Cutting at the front would leave pictures without what they refer to.
        drop_before(held_.size());
    }
}

std::optional<HeldMessage> Preroll::remember(Bytes message, std::int64_t arrival_ns,
                                             const media::NalPeek& peek) {
    keep_sets(message, peek);
    if (written_.sps && written_.pps) return std::nullopt;
    written_.sps |= peek.sps;
    written_.pps |= peek.pps;
    if (!peek.vcl || (written_.sps && written_.pps)) return std::nullopt;
    written_.sps = written_.pps = true;  // once is enough, also if there are none to give
    return sets_before(message, arrival_ns);
}

void Preroll::keep_sets(Bytes message, const media::NalPeek& peek) {
    if (!brings_sets(peek) || message.size() < kHeaderBytes) return;
    const Bytes payload = message.subspan(kHeaderBytes);
    media::NalWalker walker(payload);
    media::NalSpan nal{};
    while (const auto begin = walker.next_begin()) {
        const int type = payload[*begin] & 0x1F;
        if (type >= 1 && type <= 5) break;
        walker.next(nal);
        if (type == kSps || type == kPps) keep_set(payload.subspan(nal.begin, nal.end - nal.begin));
    }
}

void Preroll::keep_set(Bytes nal) {
    const auto id = set_id(nal);
    if (!id) return;
    auto& set = sets_[{nal[0] & 0x1F, *id}];
    if (set_bytes_ - set.size() + nal.size() <= kRememberedSetsBytesMax) {
        set_bytes_ += nal.size() - set.size();
        set.assign(nal.begin(), nal.end());
    }
    if (set.empty()) sets_.erase({nal[0] & 0x1F, *id});
}

std::vector<HeldMessage> Preroll::take(std::int64_t now_ns) {
    trim(now_ns);
    written_ = {};
    bool has_picture = false;
    for (const Held& held : held_) {
        written_.sps |= held.peek.sps;
        written_.pps |= held.peek.pps;
        has_picture = held.peek.vcl;
        if (has_picture) break;
    }
    std::vector<HeldMessage> messages;
    messages.reserve(held_.size() + 1);
    if (has_picture && !(written_.sps && written_.pps)) {
        const HeldMessage& first = held_.front().message;
        if (auto sets = sets_before(first.message->bytes(), first.arrival_ns)) {
            messages.push_back(std::move(*sets));
        }
        written_.sps = written_.pps = true;
    }
    for (Held& held : held_) messages.push_back(std::move(held.message));
    held_.clear();
    held_bytes_ = 0;
    first_picture_ns_.reset();
    return messages;
}

std::optional<HeldMessage> Preroll::sets_before(Bytes next, std::int64_t arrival_ns) const {
    if (sets_.empty()) return std::nullopt;
    std::vector<std::uint8_t> payload;
    for (const auto& [key, set] : sets_) {  // the map's order puts SPS (7) before PPS (8)
        payload.insert(payload.end(), {0, 0, 0, 1});
        payload.insert(payload.end(), set.begin(), set.end());
    }
    const std::uint32_t seq = load_be32(next.data() + 8) - 1;
    Buffer made(Bytes(encode_header({load_be64(next.data()), seq, payload})));
    made.append(payload);
    return HeldMessage{share(std::move(made)), arrival_ns};
}

void Preroll::drop_before(std::size_t keep_from) {
    for (std::size_t i = 0; i < keep_from; ++i) {
        // Configuration is remembered apart: it is not lost.
        if (!held_.front().peek.is_config_only()) ++dropped_;
        held_bytes_ -= held_.front().message.message->size();
        held_.pop_front();
    }
    if (held_.empty()) first_picture_ns_.reset();
}

}  // namespace st::camera
