#include "mux/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/window.h"
#include "camera/frame.h"
#include "camera/message.h"
#include "dump/plain_reader.h"
#include "dump/reader.h"
#include "media/nal.h"
#include "mux/failure.h"

namespace st::mux {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 20;
constexpr std::uint64_t kLargeBytes = std::uint64_t{8} << 20;  // worth a thread

void add_losses(Report& report, const std::string& file, const dump::Losses& losses) {
    for (const auto& loss : losses.list) {
        if (report.damage.size() < kReportEntriesMax)
            report.damage.push_back({file, loss.offset, loss.bytes, loss.what});
    }
    report.damage_count += losses.count;
    report.damage_bytes += losses.bytes;
}

/// What a reader finds next in a file; none: that was all.
template <class Reader>
auto pull(Reader& reader, FileBytes& bytes, const std::function<void()>& before_read) {
    for (;;) {
        auto found = reader.next();
        if (found || reader.at_end()) return found;
        before_read();
        const std::size_t got = bytes.read(reader.space());
        got > 0 ? reader.commit(got) : reader.finish();
    }
}

class RecordedInput final : public Input {
 public:
    RecordedInput(FileBytes& bytes, std::function<void()> before_read)
        : bytes_(bytes), before_read_(std::move(before_read)) {}

    bool next(Message& message) override {
        while (const auto record = pull(reader_, bytes_, before_read_)) {
            follow_header();
            if (record->type == dump::RecordType::note) follow_note(*record);
            if (record->type != dump::RecordType::frame) continue;
            if (take(*record, message)) return true;
        }
        return false;
    }

    void report(Report& report) const override {
        add_losses(report, bytes_.name(), reader_.losses());
        report.dropped.bad += bad_;
        report.closed = report.closed && reader_.is_closed();
    }
    std::optional<ServerOrigin> server_origin() const override { return origin_; }
    bool has_device_times() const override { return true; }
    bool has_arrival_times() const override { return true; }
    bool has_fine_times() const override { return has_fine_times_; }
    bool is_unpaced() const override { return is_unpaced_; }
    ClockNotes clock_notes() const override { return clock_; }
    bool has_jpegs() const override { return has_jpegs_; }
    Absences absences() const override { return absences_; }
    std::uint64_t unit_corrections() const override { return unit_corrections_; }

 private:
    /// A dump may be several joined ones, each counting from its own start.
    void follow_header() {
        if (reader_.file_headers() == headers_seen_ || !reader_.header()) return;
        headers_seen_ = reader_.file_headers();
        begin_ = {static_cast<std::int64_t>(reader_.header()->wall_start_us),
                  static_cast<std::int64_t>(reader_.header()->monotonic_start_ns),
                  {}};
        is_first_ = !origin_;
        place_begin();
        begins_recording_ = true;
        has_unit_ = false;
        has_jpegs_ = false;
        unit_ = camera::TimeUnit::ms;
    }

    void place_begin() {
        if (is_first_) origin_ = begin_;
        shift_ns_ = ns_between(*origin_, begin_);
    }

    void follow_note(const dump::Record& record) {
        const camera::DumpNote note = camera::decode_note(as_text(record.body));
        // It stands right behind the header.
        if (origin_ && begins_recording_ && !note.boot_id.empty()) {
            begin_.boot_id = note.boot_id;
            place_begin();
        }
        if (note.capabilities) follow(*note.capabilities);
        has_jpegs_ = has_jpegs_ || note.has_jpegs;
        if (note.resumed) {
            ++absences_.count;
            absences_.away_us += note.resumed->away_us;
            absences_.late += note.resumed->late;
        }
        // Without a header nobody knows where the arrival times begin.
        if (!note.exchange || !origin_ || clock_.exchanges.size() >= kExchangesMax) return;
        const std::int64_t begun_us =
            (begin_.monotonic_ns - static_cast<std::int64_t>(shift_ns_)) / 1000;
        clock_.exchanges.push_back({note.exchange->sent_us - begun_us, note.exchange->received_us,
                                    note.exchange->replied_us,
                                    note.exchange->returned_us - begun_us});
    }

    /// A camera counts in one unit from the beginning to the end of its connection. One that says
    /// so late has done it all the time; one that says another later begins with that.
    void follow(const camera::Capabilities& capabilities) {
        const bool was_late = !std::exchange(has_unit_, true) && !begins_recording_;
        if (was_late && unit_ == camera::TimeUnit::ms &&
            capabilities.clock.unit == camera::TimeUnit::us)
            ++unit_corrections_;
        unit_ = capabilities.clock.unit;
        has_fine_times_ = has_fine_times_ || unit_ == camera::TimeUnit::us;
        is_unpaced_ = is_unpaced_ || !capabilities.is_paced;
        clock_.unit = unit_;
        clock_.uncertainty_us = std::max(
            clock_.uncertainty_us, static_cast<std::int64_t>(capabilities.clock.uncertainty_us));
    }

    bool take(const dump::Record& record, Message& message) {
        if (!camera::decode_frame(record.body)) {
            ++bad_;
            return false;
        }
        message.timestamp = load_be64(record.body.data());
        message.unit = unit_;
        message.begins_recording = std::exchange(begins_recording_, false);
        message.device_us = camera::to_us(message.timestamp, unit_);
        message.seq = load_be32(record.body.data() + 8);
        message.payload = record.body.subspan(camera::kHeaderBytes);
        message.arrival_ns = record.arrival_ns + shift_ns_;
        message.offset = record.offset;
        message.follows_damage = reader_.losses().count != losses_seen_;
        losses_seen_ = reader_.losses().count;
        return true;
    }

    FileBytes& bytes_;
    std::function<void()> before_read_;
    dump::Reader reader_;
    std::uint64_t bad_ = 0;
    std::uint64_t losses_seen_ = 0;
    std::uint64_t headers_seen_ = 0;
    std::optional<ServerOrigin> origin_;  ///< of the first header
    std::uint64_t shift_ns_ = 0;          ///< of the header in force, after that
    camera::TimeUnit unit_ = camera::TimeUnit::ms;
    ServerOrigin begin_;            ///< of the header in force
    bool is_first_ = true;          ///< that is the first
    bool begins_recording_ = true;  ///< no message came since the header
    bool has_unit_ = false;         ///< the camera has said it since the header
    std::uint64_t unit_corrections_ = 0;
    ClockNotes clock_;
    Absences absences_;
    bool has_jpegs_ = false;
    bool has_fine_times_ = false;
    bool is_unpaced_ = false;
    static constexpr std::size_t kExchangesMax = 200'000;  ///< half a day of four each second
};

class PlainInput final : public Input {
 public:
    PlainInput(FileBytes& bytes, std::function<void()> before_read)
        : bytes_(bytes), before_read_(std::move(before_read)) {}

    bool next(Message& message) override {
        const auto frame = pull(reader_, bytes_, before_read_);
        if (!frame) return false;
        message.timestamp = frame->timestamp_ms;
        message.device_us = camera::to_us(message.timestamp, camera::TimeUnit::ms);
        message.seq = frame->seq;
        message.payload = frame->payload;
        message.arrival_ns = 0;
        message.offset = frame->offset;
        message.follows_damage = reader_.losses().count != losses_seen_;
        losses_seen_ = reader_.losses().count;
        return true;
    }

    void report(Report& report) const override {
        add_losses(report, bytes_.name(), reader_.losses());
    }
    bool has_device_times() const override { return true; }
    bool has_arrival_times() const override { return false; }

 private:
    FileBytes& bytes_;
    std::function<void()> before_read_;
    dump::PlainReader reader_;
    std::uint64_t losses_seen_ = 0;
};

/// A bare stream comes in pieces that end before a start code, so that no NAL unit is cut in two.
/// One that does not fit kNalBytesMax is handed on in parts; the parts are put together again
/// behind us.
class AnnexBInput final : public Input {
 public:
    AnnexBInput(FileBytes& bytes, std::function<void()> before_read)
        : bytes_(bytes), before_read_(std::move(before_read)), window_(kWindowBytes) {}

    bool next(Message& message) override {
        window_.consume(given_);
        given_ = 0;
        for (;;) {
            const auto unread = window_.unread();
            const std::size_t cut = finished_ ? unread.size() : last_start_code(unread);
            if (cut > 0 || (finished_ && unread.empty())) return give(message, cut);
            if (unread.size() >= kNalBytesMax) return give(message, unread.size());
            window_.require(std::max(kWindowBytes, unread.size() * 2));
            before_read_();
            const std::size_t got = bytes_.read(window_.space());
            got > 0 ? window_.commit(got) : void(finished_ = true);
        }
    }

    void report(Report& report) const override { add_losses(report, bytes_.name(), lost_); }
    bool has_device_times() const override { return false; }
    bool has_arrival_times() const override { return false; }

 private:
    static constexpr std::size_t kNalBytesMax = std::size_t{16} << 20;

    bool give(Message& message, std::size_t size) {
        message = Message{};
        message.payload = window_.unread().first(size);
        message.offset = window_.offset();
        message.is_numbered = false;
        if (window_.offset() == 0) leave_out_head(message);
        given_ = size;
        return size > 0;
    }

    /// A stream cut out of another begins within a NAL unit, of which nothing can be used.
    void leave_out_head(Message& message) {
        const std::size_t head = media::NalWalker(message.payload).leading_bytes();
        if (head == 0 || head == message.payload.size()) return;
        lost_.add({0, head, "the file begins within a NAL unit"});
        message.payload = message.payload.subspan(head);
        message.offset = head;
        message.follows_damage = true;
    }

    /// Position of the last 00 00 01 and the zeros before it; 0 if there is none after the first
    /// byte.
    static std::size_t last_start_code(std::span<const std::uint8_t> bytes) {
        for (std::size_t i = bytes.size(); i >= 4;) {
            const void* const one = ::memrchr(bytes.data() + 3, 1, i - 3);
            if (one == nullptr) return 0;
            i = static_cast<std::size_t>(static_cast<const std::uint8_t*>(one) - bytes.data());
            if (bytes[i - 1] != 0 || bytes[i - 2] != 0) continue;
            std::size_t at = i - 2;
            while (at > 0 && bytes[at - 1] == 0) --at;
            return at;
        }
        return 0;
    }

    FileBytes& bytes_;
    std::function<void()> before_read_;
    Window window_;
    std::size_t given_ = 0;
    bool finished_ = false;
    dump::Losses lost_;
};

}  // namespace

FileBytes::FileBytes(int fd, std::string name, bool reads_ahead) : fd_(fd), name_(std::move(name)) {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail_errno(Exit::io, "stat " + name_);
    size_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (!reads_ahead || size_ < kLargeBytes) return;
    try {
        ahead_ = std::make_unique<ReadAhead>(fd_);
    } catch (const std::system_error&) {
        // No thread to be had: read as it is needed.
    }
}

std::size_t FileBytes::read(std::span<std::uint8_t> into) {
    for (;;) {
        const ssize_t got =
            ahead_ ? ahead_->take(into)
                   : ::pread(fd_, into.data(), into.size(), static_cast<off_t>(position_));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_errno(Exit::io, "read " + name_);
        position_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
    }
}

std::uint64_t ns_between(const ServerOrigin& first, const ServerOrigin& later) {
    const std::array starts{first.time(), later.time()};
    const std::int64_t ns = are_of_one_start(starts) ? later.monotonic_ns - first.monotonic_ns
                                                     : (later.wall_us - first.wall_us) * 1000;
    return ns > 0 ? static_cast<std::uint64_t>(ns) : 0;
}

std::unique_ptr<Input> open_input(FileBytes& bytes, InputFormat format,
                                  std::function<void()> before_read) {
    switch (format) {
        case InputFormat::fdump:
            return std::make_unique<RecordedInput>(bytes, std::move(before_read));
        case InputFormat::dump:
            return std::make_unique<PlainInput>(bytes, std::move(before_read));
        case InputFormat::h264:
        case InputFormat::automatic:
            break;
    }
    return std::make_unique<AnnexBInput>(bytes, std::move(before_read));
}

}  // namespace st::mux
