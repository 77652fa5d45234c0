#pragma once
/// Reads a framed dump, damaged or not: every record whose CRC is right is found, everything else
/// is listed. Pure, pull, never fails. One thread. Spec: docs/dump.md, "Reading".
///
///     for (;;) {
///         auto record = reader.next();
///         if (!record) {                     // wants more bytes, or is at the end
///             if (reader.at_end()) break;
///             read into reader.space(), then commit(n); finish() at the end of the input
///         }
///     }
///
/// What it survives: torn tail, flipped bytes, missing middle, a corrupt length, zeros of a
/// preallocated tail, a damaged file header, several dumps joined, a dump inside a payload, forged
/// markers, later records copied to an earlier place. Inside damage, a record of another dump is
/// believed only if the own dump does not come back within the largest record: until then it may be
/// the content of a damaged payload.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/window.h"
#include "dump/format.h"
#include "dump/losses.h"

namespace st::dump {

struct Record {
    RecordType type = RecordType::frame;
    std::uint64_t number = 0;
    std::uint64_t arrival_ns = 0;  ///< since the monotonic start of the file header in force
    std::uint64_t offset = 0;      ///< of its marker in the input
    std::span<std::uint8_t> body;  ///< may be changed in place; valid until next() or space()
};

class Reader {
 public:
    Reader();

    std::span<std::uint8_t> space() { return window_.space(); }
    void commit(std::size_t bytes) { window_.commit(bytes); }
    void finish() { finished_ = true; }

    /// The next record of a known type (others are skipped); nullopt: more bytes, please, or the
    /// end.
    std::optional<Record> next();
    /// finish() was called and everything has been returned.
    bool at_end() const { return at_end_; }

    /// The file header the last record stands under; nullopt if it was damaged.
    const std::optional<FileHeader>& header() const { return header_; }
    const Losses& losses() const { return losses_; }
    /// The last whole record was a close record: the dump was ended in order.
    bool is_closed() const { return closed_; }
    /// The dump was joined from this many file headers.
    std::uint64_t file_headers() const { return file_headers_; }
    /// Offset of the first byte not yet returned or skipped.
    std::uint64_t offset() const { return window_.offset() + returned_; }

 private:
    enum class Verdict { own, foreign, bad, more };

    Verdict examine(std::size_t at);
    Verdict examine_record(std::size_t at);
    bool has_bytes(std::size_t bytes);
    std::optional<bool> numbers_return(std::size_t at, std::uint64_t ahead);
    std::optional<Record> step_in_order(bool& wants_more);
    std::optional<std::size_t> damaged_record_bytes(bool& wants_more);
    bool search();
    bool search_is_over();
    void wait_for_candidate(std::size_t at);
    void accept_foreign();
    void skip_to(std::size_t at);
    void end_damage();
    void lose(std::uint64_t offset, std::uint64_t bytes, std::string what);
    void take_header();
    Record take_record();

    Window window_;
    std::size_t returned_ = 0;  ///< bytes of the record next() returned last
    bool finished_ = false;
    bool at_end_ = false;
    bool closed_ = false;

    std::optional<FileHeader> header_;
    std::optional<std::uint32_t>
        tag_;                       ///< of the dump being read; nullopt: the next whole one decides
    std::uint64_t number_min_ = 0;  ///< a smaller number is stale
    bool numbered_ = false;         ///< a record of this dump was seen
    std::uint64_t file_headers_ = 0;

    // While the place is lost:
    bool lost_ = false;
    std::uint64_t lost_at_ = 0;  ///< offset where the damage begins
    std::string lost_what_;
    bool lost_zeros_only_ = true;
    std::size_t scan_ = 0;                ///< next position to look at, from unread()
    std::optional<std::size_t> foreign_;  ///< position of the first whole piece of another dump
    std::uint64_t wasted_bytes_ = 0;  ///< checked for nothing: bounds the work on forged markers

    Losses losses_;
    std::uint64_t last_loss_end_ = 0;
};

}  // namespace st::dump
