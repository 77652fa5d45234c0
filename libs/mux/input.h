#pragma once
/// The three kinds of input as one: messages of Annex B bytes, with what is known about their
/// times.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "camera/frame.h"
#include "clock/exchange.h"
#include "mux/convert.h"
#include "mux/read_ahead.h"

namespace st::mux {

struct Message {
    std::span<std::uint8_t> payload;  ///< may be changed in place
    std::uint64_t offset = 0;         ///< of the message in the input
    std::uint64_t timestamp = 0;      ///< as in its header, in `unit`
    camera::TimeUnit unit = camera::TimeUnit::ms;
    std::uint64_t device_us = 0;   ///< the same in microseconds, modulo 2^64
    std::uint64_t arrival_ns = 0;  ///< after the origin of the whole input
    std::uint32_t seq = 0;
    std::uint32_t lost_before = 0;  ///< messages that did not come, between it and the one before
    bool follows_damage = false;    ///< bytes were lost directly before it
    bool begins_recording = false;  ///< the first one of a dump, of which an input may hold several
    bool begins_input = false;      ///< the first one of an input that is joined to another
    bool is_numbered = true;        ///< from a camera; else a piece of a bare stream
};

/// Bytes of a file in order, and where we are in them.
class FileBytes {
 public:
    /// `fd` is borrowed and seekable. `reads_ahead`: a large file by a thread of its own, which
    /// ends with the bytes.
    FileBytes(int fd, std::string name, bool reads_ahead);
    /// 0 at the end. Throws Failure 74.
    std::size_t read(std::span<std::uint8_t> into);
    std::uint64_t position() const { return position_; }
    std::uint64_t size() const { return size_; }
    const std::string& name() const { return name_; }

 private:
    int fd_;
    std::string name_;
    std::uint64_t position_ = 0;
    std::uint64_t size_ = 0;  ///< when it was opened
    std::unique_ptr<ReadAhead> ahead_;
};

/// What a dump says of its camera's clock.
struct ClockNotes {
    camera::TimeUnit unit = camera::TimeUnit::ms;
    std::int64_t uncertainty_us = 0;
    /// Our times in microseconds on the arrival clock of the whole input.
    std::vector<clock::Exchange> exchanges = {};
};

/// Lost connections that a camera resumed.
struct Absences {
    std::uint64_t count = 0;
    std::uint64_t away_us = 0;  ///< all together
    std::uint64_t late = 0;     ///< messages that came afterwards
};

/// Pull messages until next() is false. One thread.
class Input {
 public:
    virtual ~Input() = default;
    /// Payloads stay where they are until `before_read` (given to open_input) has been called.
    virtual bool next(Message& message) = 0;

    /// Bytes that could not be used, complete after next() was false.
    virtual void report(Report& report) const = 0;
    /// When arrival times began to count; nullopt: nobody says.
    virtual std::optional<ServerOrigin> server_origin() const { return std::nullopt; }

    virtual bool has_device_times() const = 0;
    /// The device times were declared in microseconds; complete after next() was false.
    virtual bool has_fine_times() const { return false; }
    /// The camera said that it does not send in real time; complete after next() was false.
    virtual bool is_unpaced() const { return false; }
    virtual bool has_arrival_times() const = 0;
    /// Complete after next() was false.
    virtual ClockNotes clock_notes() const { return {}; }
    /// The messages are JPEG pictures: the dump says so before the first.
    virtual bool has_jpegs() const { return false; }
    /// Complete after next() was false.
    virtual Absences absences() const { return {}; }
    /// How often a camera said only behind its first messages that it counts microseconds: those
    /// since Message::begins_recording are a thousand times too late.
    virtual std::uint64_t unit_corrections() const { return 0; }
};

/// From one origin to a later one: by the monotonic clock if it ran through, else by the wall
/// clock; 0 if that went back.
std::uint64_t ns_between(const ServerOrigin& first, const ServerOrigin& later);

/// `before_read` is called before payloads given out so far stop being valid.
std::unique_ptr<Input> open_input(FileBytes& bytes, InputFormat format,
                                  std::function<void()> before_read);

}  // namespace st::mux
