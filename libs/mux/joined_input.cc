#include "mux/joined_input.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "mux/detect.h"
#include "mux/failure.h"

namespace st::mux {

OpenInput open_source(const Source& source, InputFormat format) {
    OpenInput open;
    open.name = source.name;
    open.fd = source.fd;
    if (open.fd < 0) {
        open.own.reset(::open(source.name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!open.own)
            fail_errno(errno == ENOENT || errno == ENOTDIR ? Exit::no_input : Exit::io,
                       "open " + source.name);
        open.fd = open.own.get();
    }
    struct stat status {};
    if (::fstat(open.fd, &status) != 0) fail_errno(Exit::io, "stat " + source.name);
    if (!S_ISREG(status.st_mode))
        throw Failure(Exit::bad_input, source.name + ": not a regular file");
    open.format = format;
    if (format == InputFormat::automatic) {
        const auto found = detect_format(open.fd, source.name);
        if (!found) throw Failure(Exit::bad_input, found.error().message);
        open.format = *found;
    }
    return open;
}

JoinedInput::JoinedInput(const std::vector<OpenInput>& sources, bool reads_ahead,
                         const std::function<void()>& before_read) {
    for (const OpenInput& source : sources) {
        auto bytes =
            std::make_unique<FileBytes>(source.fd, source.name, reads_ahead && sources.size() == 1);
        auto input = open_input(*bytes, source.format, before_read);
        pieces_.push_back({&source, std::move(bytes), std::move(input)});
    }
}

bool JoinedInput::next(Message& message) {
    for (; current_ < pieces_.size(); ++current_, has_begun_ = false) {
        Piece& piece = pieces_[current_];
        message = Message{};
        if (!piece.input->next(message)) continue;
        if (!has_begun_ && current_ > 0) {
            message.begins_input = true;
            const auto first = server_origin();
            const auto own = piece.input->server_origin();
            piece.shift_ns = first && own ? ns_between(*first, *own) : 0;
        }
        has_begun_ = true;
        message.arrival_ns += piece.shift_ns;
        return true;
    }
    return false;
}

void JoinedInput::report(Report& report) const {
    for (const Piece& piece : pieces_) piece.input->report(report);
}

std::string JoinedInput::format_name() const {
    const bool is_one = std::ranges::all_of(pieces_, [&](const Piece& piece) {
        return piece.source->format == pieces_[0].source->format;
    });
    return is_one ? to_string(pieces_[0].source->format) : "mixed";
}

bool JoinedInput::has_device_times() const {
    return std::ranges::any_of(pieces_,
                               [](const Piece& piece) { return piece.input->has_device_times(); });
}

bool JoinedInput::has_fine_times() const {
    return std::ranges::any_of(pieces_,
                               [](const Piece& piece) { return piece.input->has_fine_times(); });
}

bool JoinedInput::is_unpaced() const {
    return std::ranges::any_of(pieces_,
                               [](const Piece& piece) { return piece.input->is_unpaced(); });
}

ClockNotes JoinedInput::clock_notes() const {
    ClockNotes all;
    for (const Piece& piece : pieces_) {
        const ClockNotes own = piece.input->clock_notes();
        const auto shift_us = static_cast<std::int64_t>(piece.shift_ns / 1000);
        if (own.unit == camera::TimeUnit::us) all.unit = own.unit;
        all.uncertainty_us = std::max(all.uncertainty_us, own.uncertainty_us);
        for (clock::Exchange exchange : own.exchanges) {
            exchange.sent_us += shift_us;
            exchange.returned_us += shift_us;
            all.exchanges.push_back(exchange);
        }
    }
    return all;
}

bool JoinedInput::has_jpegs() const {
    return pieces_[std::min(current_, pieces_.size() - 1)].input->has_jpegs();
}

Absences JoinedInput::absences() const {
    Absences all;
    for (const Piece& piece : pieces_) {
        const Absences own = piece.input->absences();
        all.count += own.count;
        all.away_us += own.away_us;
        all.late += own.late;
    }
    return all;
}

std::uint64_t JoinedInput::unit_corrections() const {
    std::uint64_t count = 0;
    for (const Piece& piece : pieces_) count += piece.input->unit_corrections();
    return count;
}

bool JoinedInput::is_partly_bare() const {
    return has_device_times() && !std::ranges::all_of(pieces_, [](const Piece& piece) {
               return piece.input->has_device_times();
           });
}

bool JoinedInput::has_arrival_times() const {
    return std::ranges::all_of(pieces_,
                               [](const Piece& piece) { return piece.input->has_arrival_times(); });
}

std::uint64_t JoinedInput::position() const {
    std::uint64_t bytes = 0;
    for (const Piece& piece : pieces_) bytes += piece.bytes->position();
    return bytes;
}

std::uint64_t JoinedInput::size() const {
    std::uint64_t bytes = 0;
    for (const Piece& piece : pieces_)
        bytes += std::max(piece.bytes->size(), piece.bytes->position());
    return bytes;
}

std::uint64_t JoinedInput::pictures_bound() const {
    std::uint64_t pictures = 0;
    for (const Piece& piece : pieces_)
        pictures += mux::pictures_bound(piece.source->fd, piece.source->format);
    return pictures;
}

}  // namespace st::mux
