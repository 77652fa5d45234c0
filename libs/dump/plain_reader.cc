#include "dump/plain_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "media/nal.h"
#include "media/payload_form.h"

namespace st::dump {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 20;
constexpr std::size_t kLengthAt = 12;  // in a header: four bytes, the first one 0, or 1 at most
/// What is looked at of a message: its header, a start code and the first byte of a NAL unit.
constexpr std::size_t kLookBytes = camera::kHeaderBytes + 5;
/// A header goes on from the last one if so many messages at most are missing between them, and as
/// many more as the bytes between could have held ...
constexpr std::uint32_t kMissingMax = 64;
constexpr std::uint64_t kMessageBytesLeast = 64;
/// ... and if its picture was taken so much later at most.
constexpr std::int64_t kLaterMaxMs = 600'000;
constexpr std::int64_t kEarlierMaxMs = 2'000;
/// Bytes waited for to look behind candidates within one damage; then only small ones are looked
/// at. Bounds the work on bytes that look like headers.
constexpr std::uint64_t kWaitedBytesMax = std::uint64_t{1} << 30;
constexpr std::size_t kSmallCandidateBytes = 64 * 1024;
/// Headers that have to stand one behind the other where the numbers do not say that they do: as
/// many behind a candidate, or fewer if they go on for so many bytes, or to a torn end, ...
constexpr int kFollowers = 4;
constexpr int kFollowersLeast = 2;
constexpr std::size_t kFollowersBytesMax = std::size_t{1} << 20;
/// ... but one behind a message that stands where it is due; of a longer one only so much is
/// waited for.
constexpr std::size_t kNextBytesMax = std::size_t{4} << 20;
constexpr std::uint32_t kCodedBytesLeast = 4;

bool is_near(std::uint64_t before_ms, std::uint64_t now_ms) {
    const auto step = static_cast<std::int64_t>(now_ms - before_ms);
    return step >= -kEarlierMaxMs && step <= kLaterMaxMs;
}

/// May a message of number and time `head` come after `last`, `skipped` bytes later?
bool may_follow(const auto& last, const auto& head, std::uint64_t skipped) {
    if (!is_near(last.device_ms, head.device_ms)) return false;
    const std::uint32_t step = head.seq - last.seq;
    return step >= 1 && step <= kMissingMax + skipped / kMessageBytesLeast;
}

/// The rest of the access unit of `last`. Zeros do not count: they repeat themselves.
bool is_rest(const auto& last, const auto& head) {
    return head.seq == last.seq && head.device_ms == last.device_ms &&
           (head.seq != 0 || head.device_ms != 0);
}

/// May `next`, `is_coded` or not, stand behind `head`? Whatever its number is, if it is coded.
bool is_link(const auto& head, const auto& next, bool is_coded) {
    if (next.payload_bytes > camera::kPayloadBytesMax) return false;
    if (is_coded && next.payload_bytes >= kCodedBytesLeast) return true;
    const std::uint32_t step = next.seq - head.seq;
    if (step == 1 && is_coded) return true;
    const bool may_be_rest = step == 0 && next.payload_bytes > 0;
    return (step == 1 || may_be_rest) && is_near(head.device_ms, next.device_ms);
}

}  // namespace

PlainReader::PlainReader() : window_(kWindowBytes) {}

std::optional<camera::DumpedFrame> PlainReader::next() {
    window_.consume(std::exchange(returned_, 0));
    for (;;) {
        if (lost_) {
            if (search() == Answer::more) return std::nullopt;
            continue;
        }
        if (window_.unread().empty()) {
            at_end_ = finished_;
            return std::nullopt;
        }
        Answer answer = Answer::no;
        const auto frame = step(answer);
        if (frame || answer == Answer::more) return frame;
    }
}

/// A message where one is due; if there is none, the place is lost.
std::optional<camera::DumpedFrame> PlainReader::step(Answer& answer) {
    answer = Answer::more;
    if (!is_ready(kLookBytes)) return std::nullopt;
    answer = Answer::no;
    if (window_.unread().size() < camera::kHeaderBytes) {
        lose_place(0, "torn within a header");
        return std::nullopt;
    }
    const Head head = head_at(0);
    const bool is_very_first = !last_ && window_.offset() == 0 && !has_lengths_;
    const bool may_have_lengths =
        is_very_first && !may_be_first(head) && head.payload_bytes <= camera::kPayloadBytesMax &&
        window_.unread().size() >= kLookBytes && has_length(window_.unread());
    if (may_have_lengths) {
        if (!is_ready(head.bytes())) {
            answer = Answer::more;
            return std::nullopt;
        }
        has_lengths_ = begins_with_lengths(head);
    }
    if (!last_ && !may_be_first(head)) {
        lose_place(1, "no message begins here");
        return std::nullopt;
    }
    if (head.payload_bytes > camera::kPayloadBytesMax) return settle(head, false, answer);
    if (!is_ready(head.bytes())) {
        answer = Answer::more;
        return std::nullopt;
    }
    if (window_.unread().size() < head.bytes()) return settle(head, false, answer);
    answer = goes_on(head);
    if (answer == Answer::more) return std::nullopt;
    if (answer == Answer::yes) return give(head, head.bytes());
    return settle(head, true, answer);
}

/// The first message within the one at the front, whose number and time are those of `head`;
/// inside_ is then where.
PlainReader::Answer PlainReader::look_inside(const Head& head) {
    const std::size_t end =
        camera::kHeaderBytes + std::min<std::size_t>(head.payload_bytes, camera::kPayloadBytesMax);
    const auto last = std::exchange(last_, head);
    Answer answer = Answer::no;
    for (; inside_ < end; ++inside_) {
        const auto bytes = window_.unread();
        if (bytes.size() < inside_ + camera::kHeaderBytes) {
            answer = is_ready(inside_ + kLookBytes) ? Answer::no : Answer::more;
            break;
        }
        if (bytes[inside_ + kLengthAt] > 1) continue;
        // Rather the rest of a damaged header than a beginning that this payload reaches into.
        if (inside_ + camera::kHeaderBytes > end && !may_follow(head, head_at(inside_), inside_))
            continue;
        answer = is_message(inside_, inside_);
        if (answer != Answer::no) break;
    }
    last_ = last;
    return answer;
}

/// Nothing follows on `head`: either its length is wrong, or what comes behind it is damaged.
std::optional<camera::DumpedFrame> PlainReader::settle(const Head& head, bool is_whole,
                                                       Answer& answer) {
    answer = look_inside(head);
    if (answer == Answer::more) return std::nullopt;
    if (answer == Answer::no && is_whole) {
        const auto frame = give(head, head.bytes());
        lose_place(0, "no message begins here");
        lost_at_ += head.bytes();
        return frame;
    }
    if (answer == Answer::no) {
        lose_place(1, "a message that is longer than what is there");
        return std::nullopt;
    }
    answer = Answer::no;
    // With the next number inside it nothing can lie between: its payload ends there.
    const bool is_behind_head = inside_ >= camera::kHeaderBytes;
    const Head inner = head_at(inside_);
    const bool goes_on = (inner.seq == head.seq + 1 && has_code(0)) || is_rest(head, inner);
    if (is_behind_head && goes_on) {
        losses_.add({window_.offset(), 0, "the length of a message is wrong"});
        return give(head, inside_);
    }
    lose_place(inside_, "a message whose length is wrong");
    return std::nullopt;
}

std::optional<camera::DumpedFrame> PlainReader::give(const Head& head, std::size_t bytes) {
    last_ = head;
    inside_ = 1;
    returned_ = bytes;
    if (wrong_number_at_ == window_.offset())
        losses_.add({window_.offset(), 0, "the number of a message is wrong"});
    return camera::DumpedFrame{
        window_.offset(), head.device_ms, head.seq,
        window_.unread().subspan(camera::kHeaderBytes, bytes - camera::kHeaderBytes)};
}

/// So many bytes are there, or no more will come.
bool PlainReader::is_ready(std::size_t bytes) {
    if (finished_ || window_.unread().size() >= bytes) return true;
    window_.require(bytes);
    return false;
}

PlainReader::Head PlainReader::head_at(std::size_t at) {
    const std::uint8_t* const bytes = window_.unread().data() + at;
    return {load_be64(bytes), load_be32(bytes + 8), load_be32(bytes + 12)};
}

/// The payload of the message at `at` begins with a start code and a NAL unit.
bool PlainReader::has_code(std::size_t at) {
    const Bytes bytes = Bytes(window_.unread()).subspan(at);
    if (bytes.size() < kLookBytes) return false;
    if (has_lengths_ && has_length(bytes)) return true;
    const Bytes begin = bytes.subspan(camera::kHeaderBytes);
    if (begin[0] != 0 || begin[1] != 0) return false;
    if (begin[2] == 1) return (begin[3] & 0x80) == 0;
    return begin[2] == 0 && begin[3] == 1 && (begin[4] & 0x80) == 0;
}

/// The payload of `message` begins with a length that may be one, and a NAL unit.
bool PlainReader::has_length(Bytes message) const {
    const std::uint32_t payload = load_be32(message.data() + kLengthAt);
    const std::uint32_t bytes = load_be32(message.data() + camera::kHeaderBytes);
    const std::uint8_t head = message[camera::kHeaderBytes + 4];
    const auto type = static_cast<unsigned>(media::nal_type(head));
    return (head & 0x80) == 0 && type >= 1 && type <= 9 && bytes > 0 && payload > 4 &&
           bytes <= payload - 4;
}

/// The whole of the first payload says so, not only its beginning.
bool PlainReader::begins_with_lengths(const Head& head) {
    const Bytes bytes = window_.unread();
    return bytes.size() >= head.bytes() &&
           media::is_length_prefixed(bytes.subspan(camera::kHeaderBytes, head.payload_bytes));
}

/// Zeros look like headers of messages without a payload.
bool PlainReader::may_be_first(const Head& head) {
    return has_code(0) || (head.payload_bytes > 0 && head.payload_bytes < 4) ||
           (head.payload_bytes == 0 && (head.seq != 0 || head.device_ms != 0));
}

/// The next message, or the end, stands behind the one at the front.
PlainReader::Answer PlainReader::goes_on(const Head& head) {
    const std::size_t end = head.bytes();
    if (!is_ready(end + kLookBytes)) return Answer::more;
    const std::size_t size = window_.unread().size();
    if (size == end) return Answer::yes;
    if (size < end + camera::kHeaderBytes) return Answer::no;
    const Head next = head_at(end);
    const std::uint32_t step = next.seq - head.seq;
    const bool coded = has_code(end);
    // Whatever its length is: that is a matter of its own.
    if (step <= 1 && coded) return Answer::yes;
    if (next.payload_bytes > camera::kPayloadBytesMax) return Answer::no;
    if (step == 1 && is_near(head.device_ms, next.device_ms)) return Answer::yes;
    if (is_rest(head, next)) return Answer::yes;
    const bool expected = may_follow(head, next, 0);
    if (!expected && !is_link(head, next, coded)) return Answer::no;
    if (disproved_at_ == window_.offset()) return Answer::no;
    const Answer answer = expected && coded ? Answer::yes : is_followed(end, next);
    if (answer != Answer::yes) return answer;
    if (chain_inside(0, head) > 0) {
        disproved_at_ = window_.offset();
        return Answer::no;
    }
    if (!expected) check_number(head, end, next);
    return Answer::yes;
}

PlainReader::Answer PlainReader::is_followed(std::size_t at, const Head& head) {
    if (head.payload_bytes <= kNextBytesMax) return has_followers(at, head, 1);
    if (!is_ready(at + kNextBytesMax)) return Answer::more;
    return window_.unread().size() < at + kNextBytesMax ? Answer::no : Answer::yes;
}

/// Do headers stand one behind the other from `at` on, by the lengths in them? `count` of them
/// behind the first, or fewer if the numbers are in order, or up to the end. 0: one, with the next
/// number.
PlainReader::Answer PlainReader::has_followers(std::size_t at, Head head, int count) {
    const std::size_t enough = at + head.bytes() + kFollowersBytesMax;
    for (int i = 0;; ++i) {
        at += head.bytes();
        if (i >= kFollowersLeast && at > enough) return Answer::yes;
        followed_to_ = at;
        if (!is_ready(at + kLookBytes)) return Answer::more;
        const std::size_t size = window_.unread().size();
        if (size == at) return Answer::yes;
        // The last one may be torn.
        if (size < at + camera::kHeaderBytes)
            return i >= kFollowersLeast ? Answer::yes : Answer::no;
        const Head next = head_at(at);
        if (!is_link(head, next, has_code(at))) return Answer::no;
        if (next.seq == head.seq + 1) return Answer::yes;
        if (i + 1 >= count) return count > 0 ? Answer::yes : Answer::no;
        head = next;
    }
}

/// `next`, at `at`, is far from the number of `head`. If the one behind it is not, this was done
/// to its number.
void PlainReader::check_number(const Head& head, std::size_t at, const Head& next) {
    const std::size_t behind = at + next.bytes();
    if (window_.unread().size() < behind + camera::kHeaderBytes) return;
    const Head third = head_at(behind);
    // Two that are swapped are in no great disorder.
    const bool is_far = next.seq - head.seq + kMissingMax > 2 * kMissingMax;
    if (is_far && third.seq == head.seq + 2 && is_near(head.device_ms, third.device_ms))
        wrong_number_at_ = window_.offset() + at;
}

/// Does a message begin at `at`, `skipped` bytes after the last one that is known?
PlainReader::Answer PlainReader::is_message(std::size_t at, std::uint64_t skipped) {
    if (!is_ready(at + kLookBytes)) return Answer::more;
    if (window_.unread().size() < at + camera::kHeaderBytes) return Answer::no;
    const Head head = head_at(at);
    if (head.payload_bytes > camera::kPayloadBytesMax) return Answer::no;
    const bool expected = last_ && (may_follow(*last_, head, skipped) || is_rest(*last_, head));
    const bool coded = has_code(at);
    if (expected && coded) return Answer::yes;
    if (!expected && !coded) return Answer::no;
    const Answer answer = is_candidate(at, head, expected);
    if (answer != Answer::yes || expected) return answer;
    return is_outdone(at, head, skipped) ? Answer::no : Answer::yes;
}

/// Is there a message within the one at `at` for which more speaks than for that one?
bool PlainReader::is_outdone(std::size_t at, const Head& head, std::uint64_t skipped) {
    const std::uint64_t place = window_.offset() + at;
    if (place < outdone_until_) return true;
    const std::size_t inner =
        std::max(last_ ? expected_inside(at, head, skipped) : 0, chain_inside(at, head));
    if (inner > 0) outdone_until_ = place + inner;
    return inner > 0;
}

/// How far behind `at` a message begins, within the one there, that the numbers speak for, as they
/// do not for it. 0: nowhere.
std::size_t PlainReader::expected_inside(std::size_t at, const Head& head, std::uint64_t skipped) {
    for (std::size_t i = 1; i < head.bytes(); ++i) {
        if (window_.unread().size() < at + i + kLookBytes) return 0;
        if (window_.unread()[at + i + kLengthAt] > 1 || !has_code(at + i)) continue;
        if (may_follow(*last_, head_at(at + i), skipped + i)) return i;
    }
    return 0;
}

/// How far behind `at` a message begins, within the one there, behind which others stand: two, or
/// one up to the same end. So many lengths are not right by chance. The one at `at` may be, where a
/// number looks like a length and a length like a start code. 0: nowhere.
std::size_t PlainReader::chain_inside(std::size_t at, const Head& head) {
    const std::size_t end = std::min(head.bytes(), window_.unread().size() - at);
    const std::uint8_t* const bytes = window_.unread().data() + at;
    std::vector<bool> is_seen(end);  // each place is looked at once
    for (std::size_t i = 1; i + kLookBytes <= end; ++i) {
        if (bytes[i + kLengthAt] > 1 || (bytes[i + camera::kHeaderBytes] != 0 && !has_lengths_))
            continue;
        if (is_seen[i] || !has_code(at + i)) continue;
        std::size_t next = i;
        Head link = head_at(at + i);
        for (int links = 0; link.payload_bytes <= camera::kPayloadBytesMax; ++links) {
            if (links == kFollowersLeast) return i;
            is_seen[next] = true;
            next += link.bytes();
            if (next == end && links > 0) return i;
            if (next + camera::kHeaderBytes > end || is_seen[next]) break;
            const Head behind = head_at(at + next);
            if (!is_link(link, behind, has_code(at + next))) break;
            link = behind;
        }
    }
    return 0;
}

/// What is either expected or coded is a message if others follow.
PlainReader::Answer PlainReader::is_candidate(std::size_t at, const Head& head, bool is_expected) {
    const bool waited_enough = waited_bytes_ > kWaitedBytesMax;
    if (waited_enough && head.payload_bytes > kSmallCandidateBytes) return Answer::no;
    // Where nothing but the end follows, a start code alone proves too little.
    if (finished_ && window_.unread().size() == at + head.bytes()) {
        const bool is_known = !last_ || head.seq == 0 || is_near(last_->device_ms, head.device_ms);
        return is_expected || is_known ? Answer::yes : Answer::no;
    }
    const bool needs_number = waited_enough || (!is_expected && may_be_shifted(at));
    const Answer answer = has_followers(at, head, needs_number ? 0 : kFollowers);
    const std::uint64_t waited_for = window_.offset() + followed_to_;
    if (answer == Answer::more && std::exchange(waited_for_, waited_for) != waited_for)
        waited_bytes_ += followed_to_ - at;
    return answer;
}

/// One byte behind the beginning of a message all looks like one too, 256 times as long: it ends
/// where another begins more often than chance would have it.
bool PlainReader::may_be_shifted(std::size_t at) {
    const std::uint8_t* const code = window_.unread().data() + at + camera::kHeaderBytes;
    return code[-1] == 0 && has_code(at) && code[2] == 1;
}

/// Looks for the next message. yes: found, or the end.
PlainReader::Answer PlainReader::search() {
    for (;; ++scan_) {
        const auto bytes = window_.unread();
        if (bytes.size() < scan_ + kLookBytes && !finished_) {
            skip_to(std::min(scan_, bytes.size()));
            window_.require(scan_ + kLookBytes);
            return Answer::more;
        }
        if (bytes.size() < scan_ + camera::kHeaderBytes) {
            skip_to(bytes.size());
            find_place();
            return Answer::yes;
        }
        if (bytes[scan_ + kLengthAt] > 1) continue;
        const std::uint64_t skipped = window_.offset() + scan_ - lost_at_;
        switch (is_message(scan_, skipped)) {
            case Answer::yes:
                skip_to(scan_);
                find_place();
                return Answer::yes;
            case Answer::more:
                skip_to(scan_);
                is_message(0, skipped);  // asks anew for the bytes that it wants
                return Answer::more;
            case Answer::no:
                break;
        }
    }
}

void PlainReader::lose_place(std::size_t scan_from, std::string what) {
    lost_ = true;
    lost_at_ = window_.offset();
    lost_what_ = std::move(what);
    lost_zeros_only_ = true;
    scan_ = scan_from;
    inside_ = 1;
    waited_bytes_ = 0;
}

/// Gives up the bytes before `at` as damage; what is scanned next moves along.
void PlainReader::skip_to(std::size_t at) {
    const Bytes skipped = Bytes(window_.unread()).first(at);
    lost_zeros_only_ = lost_zeros_only_ &&
                       std::ranges::all_of(skipped, [](std::uint8_t byte) { return byte == 0; });
    window_.consume(at);
    scan_ -= at;
}

void PlainReader::find_place() {
    lost_ = false;
    scan_ = 0;
    const std::uint64_t bytes = window_.offset() - lost_at_;
    if (bytes == 0) return;
    const bool is_listed = losses_.count > 0 && losses_.count == losses_.list.size();
    if (is_listed && losses_.list.back().bytes > 0 &&
        losses_.list.back().offset + losses_.list.back().bytes == lost_at_) {
        losses_.list.back().bytes += bytes;
        losses_.bytes += bytes;
        return;
    }
    losses_.add({lost_at_, bytes, lost_zeros_only_ ? "zeros" : lost_what_});
}

}  // namespace st::dump
