#pragma once
/// Reads a plain dump (camera messages back to back), damaged or not. Pure, pull, never fails. One
/// thread; used like Reader. Spec: docs/dump.md, "Reading the plain form".
///
/// Nothing but its place says where a message begins, so a message is believed if another one
/// stands behind its length, or the end; lengths that lead from start code to start code are
/// believed before numbers and times. Where none does, the next place is looked for at which a
/// header goes on from the last message, or some messages stand one behind the other.
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/window.h"
#include "camera/frame.h"
#include "dump/losses.h"

namespace st::dump {

class PlainReader {
 public:
    PlainReader();

    std::span<std::uint8_t> space() { return window_.space(); }
    void commit(std::size_t bytes) { window_.commit(bytes); }
    void finish() { finished_ = true; }

    /// The next message; nullopt: more bytes, please, or the end.
    std::optional<camera::DumpedFrame> next();
    /// finish() was called and everything has been returned.
    bool at_end() const { return at_end_; }
    const Losses& losses() const { return losses_; }

 private:
    enum class Answer { no, yes, more };
    struct Head {
        std::uint64_t device_ms = 0;
        std::uint32_t seq = 0;
        std::uint32_t payload_bytes = 0;
        std::size_t bytes() const { return camera::kHeaderBytes + payload_bytes; }
    };

    std::optional<camera::DumpedFrame> step(Answer& answer);
    std::optional<camera::DumpedFrame> give(const Head& head, std::size_t bytes);
    Answer look_inside(const Head& head);
    std::optional<camera::DumpedFrame> settle(const Head& head, bool is_whole, Answer& answer);
    bool is_ready(std::size_t bytes);
    Head head_at(std::size_t at);
    bool has_code(std::size_t at);
    bool has_length(Bytes message) const;
    bool begins_with_lengths(const Head& head);
    bool may_be_first(const Head& head);
    Answer goes_on(const Head& head);
    Answer is_followed(std::size_t at, const Head& head);
    Answer is_message(std::size_t at, std::uint64_t skipped);
    Answer has_followers(std::size_t at, Head head, int count);
    Answer is_candidate(std::size_t at, const Head& head, bool is_expected);
    bool may_be_shifted(std::size_t at);
    bool is_outdone(std::size_t at, const Head& head, std::uint64_t skipped);
    std::size_t expected_inside(std::size_t at, const Head& head, std::uint64_t skipped);
    std::size_t chain_inside(std::size_t at, const Head& head);
    void check_number(const Head& head, std::size_t at, const Head& next);
    Answer search();
    void lose_place(std::size_t scan_from, std::string what);
    void skip_to(std::size_t at);
    void find_place();

    Window window_;
    std::size_t returned_ = 0;  ///< bytes of the message next() returned last
    bool finished_ = false;
    bool at_end_ = false;
    std::optional<Head> last_;
    std::optional<std::uint64_t> disproved_at_;  ///< the message there, by others within it
    std::size_t inside_ = 1;  ///< next position to look at within a message that nothing follows

    bool has_lengths_ = false;  ///< the first payload has lengths where others have start codes

    bool lost_ = false;
    std::uint64_t lost_at_ = 0;
    std::string lost_what_;
    bool lost_zeros_only_ = true;
    std::size_t scan_ = 0;  ///< next position to look at, from unread()
    std::uint64_t waited_bytes_ = 0;
    std::uint64_t waited_for_ = 0;     ///< the last place that was waited for
    std::size_t followed_to_ = 0;      ///< where has_followers() looked last, from unread()
    std::uint64_t outdone_until_ = 0;  ///< candidates before it lost to the message there

    std::optional<std::uint64_t> wrong_number_at_;  ///< of the message that comes next
    Losses losses_;
};

}  // namespace st::dump
