#pragma once
/// The inputs of a job, one behind the other, as one; usually there is one alone.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "mux/input.h"

namespace st::mux {

/// An input that was opened and looked at.
struct OpenInput {
    Fd own;       ///< unset: the caller's descriptor
    int fd = -1;  ///< seekable
    std::string name;
    InputFormat format = InputFormat::h264;
};

/// Throws Failure: 65 not a file or not a stream, 66 no such input, 74 cannot be read.
OpenInput open_source(const Source& source, InputFormat format);

/// Reads them all from their start; a second reading is another JoinedInput. One thread.
class JoinedInput {
 public:
    /// `sources` outlive this. `before_read`: see open_input(). `reads_ahead`: see FileBytes.
    JoinedInput(const std::vector<OpenInput>& sources, bool reads_ahead,
                const std::function<void()>& before_read);

    bool next(Message& message);

    /// What only the inputs know: complete after next() was false.
    void report(Report& report) const;
    std::string format_name() const;         ///< "mixed" if they differ
    bool has_device_times() const;           ///< one of them has
    bool has_fine_times() const;             ///< one of them has device times in microseconds
    bool is_unpaced() const;                 ///< one of them was not sent in real time
    bool has_arrival_times() const;          ///< all of them have
    ClockNotes clock_notes() const;          ///< of all, in order
    bool has_jpegs() const;                  ///< of the one at work
    Absences absences() const;               ///< of all
    std::uint64_t unit_corrections() const;  ///< see Input
    bool is_partly_bare() const;             ///< some of them have times, and some have none
    /// The first one's; arrival times of all count from there.
    std::optional<ServerOrigin> server_origin() const { return pieces_[0].input->server_origin(); }

    std::uint64_t position() const;  ///< bytes read, of all
    std::uint64_t size() const;      ///< at least that
    /// More pictures than there are, found without reading them; a guess for bare streams.
    std::uint64_t pictures_bound() const;

 private:
    struct Piece {
        const OpenInput* source;
        std::unique_ptr<FileBytes> bytes;
        std::unique_ptr<Input> input;
        std::uint64_t shift_ns = 0;  ///< of its arrival times, after the first one's
    };
    std::vector<Piece> pieces_;
    std::size_t current_ = 0;
    bool has_begun_ = false;  ///< the current one has given a message
};

}  // namespace st::mux
