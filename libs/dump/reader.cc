#include "dump/reader.h"

#include <algorithm>
#include <cstring>

namespace st::dump {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 20;
/// How far after the beginning of damage its own dump may come back: the largest record, once.
constexpr std::uint64_t kOwnMayReturnBytes = kRecordBytesMax;
/// Bytes of failed CRC checks within one damage; then only small candidates are checked. Bounds the
/// work that a file full of forged markers can cause.
constexpr std::uint64_t kWastedBytesMax = std::uint64_t{1} << 30;
/// How far behind a record that is ahead of its time the numbers may go on from before it.
constexpr std::size_t kLookedAheadBytes = std::size_t{4} << 20;
constexpr int kLookedAheadRecords = 256;
constexpr std::size_t kSmallCandidateBytes = 64 * 1024;

/// Position of the first marker or magic at or after `from`; nullopt: none is whole in `bytes`.
std::optional<std::size_t> find_start(Bytes bytes, std::size_t from) {
    if (from >= bytes.size()) return std::nullopt;
    const auto find = [&](Bytes pattern, std::size_t end) -> std::optional<std::size_t> {
        const void* at = ::memmem(bytes.data() + from, end - from, pattern.data(), pattern.size());
        if (at == nullptr) return std::nullopt;
        return static_cast<std::size_t>(static_cast<const std::uint8_t*>(at) - bytes.data());
    };
    const auto marker = find(kMarker, bytes.size());
    const std::size_t magic_end = marker ? *marker : bytes.size();
    const auto magic = find(kMagic, magic_end);
    return magic ? magic : marker;
}

bool is_all_zero(Bytes bytes) {
    return bytes.empty() ||
           (bytes[0] == 0 && std::memcmp(&bytes[0], &bytes[1], bytes.size() - 1) == 0);
}

bool is_known(RecordType type) {
    return type == RecordType::frame || type == RecordType::note || type == RecordType::close;
}

std::size_t record_bytes(const RecordHeader& header) {
    return kRecordHeaderBytes + header.body_bytes + kCrcBytes;
}

}  // namespace

Reader::Reader() : window_(kWindowBytes) {}

std::optional<Record> Reader::next() {
    window_.consume(std::exchange(returned_, 0));
    for (;;) {
        if (lost_) {
            if (!search()) return std::nullopt;
            continue;
        }
        if (window_.unread().empty()) {
            at_end_ = finished_;
            return std::nullopt;
        }
        bool wants_more = false;
        auto record = step_in_order(wants_more);
        if (record) return record;
        if (wants_more) return std::nullopt;
    }
}

/// One piece where a file header or a record is due.
std::optional<Record> Reader::step_in_order(bool& wants_more) {
    const Bytes bytes = window_.unread();
    const Verdict verdict = examine(0);
    if (verdict == Verdict::more) {
        wants_more = true;
        return std::nullopt;
    }
    if (begins_with_magic(bytes) && verdict != Verdict::bad) {
        take_header();
        return std::nullopt;
    }
    if (verdict == Verdict::own) {
        const Record record = take_record();
        if (is_known(record.type)) return record;
        window_.consume(std::exchange(returned_, 0));
        return std::nullopt;
    }
    const std::optional<std::size_t> damaged = damaged_record_bytes(wants_more);
    if (wants_more) return std::nullopt;
    lost_ = true;
    lost_at_ = window_.offset();
    lost_zeros_only_ = true;
    lost_what_ = begins_with_magic(bytes)    ? "damaged file header"
                 : begins_with_marker(bytes) ? "damaged record"
                                             : "no record begins here";
    wasted_bytes_ = 0;
    foreign_.reset();
    // A whole piece of another dump right here is the first candidate.
    scan_ = verdict == Verdict::foreign ? 0 : 1;
    if (damaged) {
        skip_to(*damaged);
        end_damage();
    }
    return std::nullopt;
}

Reader::Verdict Reader::examine(std::size_t at) {
    const Bytes bytes = Bytes(window_.unread()).subspan(at);
    if (bytes.size() < kMagic.size()) {
        if (finished_) return Verdict::bad;
        window_.require(at + kMagic.size());
        return Verdict::more;
    }
    if (!begins_with_magic(bytes)) return examine_record(at);
    if (bytes.size() < kFileHeaderBytes) {
        if (finished_) return Verdict::bad;
        window_.require(at + kFileHeaderBytes);
        return Verdict::more;
    }
    const auto header = decode_file_header(bytes);
    if (!header) return Verdict::bad;
    return !tag_ || *tag_ == tag_of(header->uuid) ? Verdict::own : Verdict::foreign;
}

Reader::Verdict Reader::examine_record(std::size_t at) {
    const Bytes bytes = Bytes(window_.unread()).subspan(at);
    if (!begins_with_marker(bytes)) return Verdict::bad;
    if (bytes.size() < kRecordHeaderBytes) {
        if (finished_) return Verdict::bad;
        window_.require(at + kRecordHeaderBytes);
        return Verdict::more;
    }
    const auto header = decode_record_header(bytes);
    if (!header) return Verdict::bad;
    const bool own = !tag_ || *tag_ == header->tag;
    if (own && numbered_ && header->number < number_min_) return Verdict::bad;  // stale
    if (!own && foreign_) return Verdict::bad;  // the first one is enough to go on with
    const std::size_t whole = record_bytes(*header);
    if (lost_ && wasted_bytes_ > kWastedBytesMax && whole > kSmallCandidateBytes)
        return Verdict::bad;
    if (bytes.size() < whole) {
        if (finished_) return Verdict::bad;
        window_.require(at + whole);
        return Verdict::more;
    }
    if (!is_record_crc_right(bytes.first(whole))) {
        wasted_bytes_ += whole;
        return Verdict::bad;
    }
    if (own && tag_ && header->number > number_min_) {
        const auto is_copy = numbers_return(at + whole, header->number);
        if (!is_copy) return Verdict::more;
        if (*is_copy) return Verdict::bad;
    }
    return own ? Verdict::own : Verdict::foreign;
}

/// Behind a record that is ahead of its time: do two in a row go on from before it? Then it is a
/// copy of one that is still to come. nullopt: more bytes.
std::optional<bool> Reader::numbers_return(std::size_t at, std::uint64_t ahead) {
    const std::size_t end = at + kLookedAheadBytes;
    std::optional<std::uint64_t> returned;
    for (int i = 0; i < kLookedAheadRecords && at < end; ++i) {
        const Bytes all = window_.unread();
        if (!has_bytes(at + kRecordHeaderBytes)) return std::nullopt;
        if (all.size() < at + kRecordHeaderBytes) return false;
        const Bytes bytes = all.subspan(at);
        if (decode_file_header(bytes)) return false;
        const auto header = decode_record_header(bytes);
        const bool is_own = header && header->tag == *tag_;
        const std::size_t whole = is_own ? record_bytes(*header) : 0;
        if (is_own && !has_bytes(at + whole + kMarker.size())) return std::nullopt;
        const bool is_next = is_own && returned && header->number == *returned + 1;
        const bool is_before =
            is_next || (is_own && header->number >= number_min_ && header->number < ahead);
        if (is_before && bytes.size() >= whole && is_record_crc_right(bytes.first(whole))) {
            if (returned && header->number > *returned) return true;
            returned = header->number;
            at += whole;
            continue;
        }
        // A length may lie: it is believed if something stands behind it.
        const bool leads_on =
            is_own && bytes.size() >= whole && begins_with_marker(bytes.subspan(whole));
        const auto next = leads_on ? at + whole : find_start(all, at + 1);
        if (!next && (finished_ || all.size() >= end)) return false;
        if (!next) {
            window_.require(all.size() + kRecordHeaderBytes);
            return std::nullopt;
        }
        at = *next;
    }
    return false;
}

/// So many bytes are there, or no more will come.
bool Reader::has_bytes(std::size_t bytes) {
    if (finished_ || window_.unread().size() >= bytes) return true;
    window_.require(bytes);
    return false;
}

/// The size of a record whose header is plausible and behind whose length the next piece stands:
/// only its content is damaged. It is skipped whole, so that nothing inside it is taken for ours.
std::optional<std::size_t> Reader::damaged_record_bytes(bool& wants_more) {
    const Bytes bytes = window_.unread();
    const auto header = decode_record_header(bytes);
    if (!header || !tag_ || header->tag != *tag_) return std::nullopt;
    const std::size_t whole = record_bytes(*header);
    if (bytes.size() < whole) return std::nullopt;  // torn at the end of the input
    const Bytes behind = bytes.subspan(whole);
    if (behind.size() < kFileHeaderBytes && !finished_) {
        window_.require(whole + kFileHeaderBytes);
        wants_more = true;
        return std::nullopt;
    }
    const auto follower = decode_record_header(behind);
    const bool goes_on =
        follower && follower->tag == *tag_ && (!numbered_ || follower->number >= number_min_);
    if (!goes_on && !behind.empty() && !decode_file_header(behind)) return std::nullopt;
    return whole;
}

/// Looks for the next believable piece. True: go on at once (found, or the end); false: more bytes.
bool Reader::search() {
    for (;;) {
        const Bytes bytes = window_.unread();
        const auto at = find_start(bytes, scan_);
        if (!at) {
            // The last 7 bytes may be the beginning of a marker.
            const std::size_t kept = finished_ ? 0 : kMarker.size() - 1;
            scan_ = std::max(scan_, bytes.size() > kept ? bytes.size() - kept : 0);
            if (foreign_ && search_is_over()) return true;
            if (!foreign_) {
                skip_to(std::min(scan_, bytes.size()));
                if (finished_) end_damage();
            }
            return finished_;
        }
        scan_ = *at;
        if (foreign_ && search_is_over()) return true;
        switch (examine(*at)) {
            case Verdict::own:
                skip_to(*at);
                end_damage();
                return true;
            case Verdict::foreign:
                if (!foreign_) {
                    skip_to(*at);
                    foreign_ = 0;
                }
                ++scan_;
                break;
            case Verdict::bad:
                ++scan_;
                break;
            case Verdict::more:
                wait_for_candidate(*at);
                return false;
        }
    }
}

/// The own dump did not come back where it could have: takes up the other one. True if so.
bool Reader::search_is_over() {
    const std::uint64_t looked_at = window_.offset() + scan_;
    const bool at_input_end = finished_ && scan_ >= window_.unread().size();
    if (!at_input_end && looked_at - lost_at_ <= kOwnMayReturnBytes) return false;
    accept_foreign();
    return true;
}

/// A candidate at `at` is not whole yet. What is before it is damage whatever comes: the window
/// need not hold it, unless another dump may have to be taken up there.
void Reader::wait_for_candidate(std::size_t at) {
    if (foreign_) return;
    const auto header = decode_record_header(Bytes(window_.unread()).subspan(at));
    skip_to(at);
    window_.require(header ? record_bytes(*header) : kFileHeaderBytes);
}

void Reader::accept_foreign() {
    skip_to(*foreign_);
    end_damage();
    tag_.reset();
    numbered_ = false;
    header_.reset();
}

/// Gives up the bytes before `at` as damage.
void Reader::skip_to(std::size_t at) {
    const Bytes skipped = Bytes(window_.unread()).first(at);
    lost_zeros_only_ = lost_zeros_only_ && is_all_zero(skipped);
    window_.consume(at);
    scan_ = scan_ > at ? scan_ - at : 0;
    if (foreign_) *foreign_ -= std::min(*foreign_, at);
}

void Reader::end_damage() {
    lost_ = false;
    foreign_.reset();
    scan_ = 0;
    const std::uint64_t bytes = window_.offset() - lost_at_;
    const bool at_input_end = finished_ && window_.unread().empty();
    if (bytes == 0) return;
    if (lost_zeros_only_ && at_input_end) {
        // Space that was laid out in advance and never written; after a close record nothing is
        // missing.
        if (!closed_) lose(lost_at_, bytes, "zeros at the end");
        return;
    }
    lose(lost_at_, bytes, at_input_end ? lost_what_ + ", at the end" : lost_what_);
}

void Reader::lose(std::uint64_t offset, std::uint64_t bytes, std::string what) {
    ++losses_.count;
    losses_.bytes += bytes;
    last_loss_end_ = offset + bytes;
    if (losses_.list.size() < kDamageListMax)
        losses_.list.push_back({offset, bytes, std::move(what)});
}

void Reader::take_header() {
    header_ = decode_file_header(window_.unread());
    tag_ = tag_of(header_->uuid);
    numbered_ = false;
    number_min_ = 0;
    closed_ = false;
    ++file_headers_;
    window_.consume(kFileHeaderBytes);
}

Record Reader::take_record() {
    const std::span<std::uint8_t> bytes = window_.unread();
    const RecordHeader header = *decode_record_header(bytes);
    const std::uint64_t expected = numbered_ ? number_min_ : 0;
    if (header.number > expected && tag_) {
        // Right behind damage they are what the damage held.
        const bool after_damage = losses_.count > 0 && last_loss_end_ == window_.offset();
        const std::string missing = std::to_string(header.number - expected) + " records missing";
        if (after_damage && losses_.count == losses_.list.size()) {
            losses_.list.back().what += ", " + missing;
        } else if (!after_damage) {
            lose(window_.offset(), 0, missing);
        }
    }
    tag_ = header.tag;
    numbered_ = true;
    number_min_ = header.number + 1;
    closed_ = header.type == RecordType::close;
    returned_ = record_bytes(header);
    return {header.type, header.number, header.arrival_ns, window_.offset(),
            bytes.subspan(kRecordHeaderBytes, header.body_bytes)};
}

}  // namespace st::dump
