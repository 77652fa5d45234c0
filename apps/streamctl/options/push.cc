#include <array>
#include <charconv>
#include <cmath>

#include "base/units.h"
#include "cli/parse.h"
#include "cli/values.h"
#include "streamctl/options/build.h"

namespace st::streamctl {
namespace {

Result<double> parse_probability(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 1) {
        return value;
    }
    return Error{"\"" + std::string(text) + "\" is not a probability from 0 to 1"};
}

Result<double> parse_drift(std::string_view text) {
    constexpr double kPpmMax = 100'000;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && std::abs(value) <= kPpmMax) {
        return value;
    }
    return Error{"\"" + std::string(text) + "\" is not a drift in ppm from -100000 to 100000"};
}

/// A duration, or one with a minus in front of it.
Result<milliseconds> parse_signed_duration(std::string_view text) {
    const bool is_below = text.starts_with('-');
    const auto time = parse_duration(is_below ? text.substr(1) : text);
    if (!time) return time.error();
    const auto ms = std::chrono::duration_cast<milliseconds>(*time);
    return is_below ? -ms : ms;
}

/// One kind of fault, its name and how its value is read into a Fault.
struct FaultKind {
    std::string_view name;
    Result<void> (*read)(std::string_view value, Fault& fault);
};

template <auto Member>
Result<void> read_probability(std::string_view value, Fault& fault) {
    const auto read = parse_probability(value);
    if (!read) return read.error();
    fault.*Member = *read;
    return {};
}

template <auto Member>
Result<void> read_time(std::string_view value, Fault& fault) {
    const auto read = parse_duration(value);
    if (!read) return read.error();
    fault.*Member = std::chrono::duration_cast<milliseconds>(*read);
    return {};
}

template <auto Member>
Result<void> read_signed_time(std::string_view value, Fault& fault) {
    const auto read = parse_signed_duration(value);
    if (!read) return read.error();
    fault.*Member = *read;
    return {};
}

Result<void> read_drift(std::string_view value, Fault& fault) {
    const auto read = parse_drift(value);
    if (!read) return read.error();
    fault.clock_drift_ppm = *read;
    return {};
}

Result<void> read_reset(std::string_view value, Fault& fault) {
    const auto read = parse_number(value, 1'000'000'000);
    if (!read) return read.error();
    fault.reset_after = static_cast<std::uint32_t>(*read);
    return {};
}

constexpr std::array kFaultKinds{
    FaultKind{"drop", read_probability<&Fault::drop>},
    FaultKind{"dup", read_probability<&Fault::dup>},
    FaultKind{"jitter", read_time<&Fault::jitter>},
    FaultKind{"clock-jump", read_signed_time<&Fault::clock_jump>},
    FaultKind{"clock-offset", read_signed_time<&Fault::clock_offset>},
    FaultKind{"clock-drift", read_drift},
    FaultKind{"clock-jitter", read_time<&Fault::clock_jitter>},
    FaultKind{"clock-asymmetry", read_signed_time<&Fault::clock_asymmetry>},
    FaultKind{"clock-loss", read_probability<&Fault::clock_loss>},
    FaultKind{"flash", read_time<&Fault::flash>},
    FaultKind{"readout", read_time<&Fault::readout>},
    FaultKind{"stamp-shift", read_signed_time<&Fault::stamp_shift>},
    FaultKind{"reset-after", read_reset},
};

/// "drop=0.01,dup=0.01,jitter=50ms,clock-jump=2s,reset-after=100"
Result<Fault> parse_fault(std::string_view text) {
    Fault fault;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        const std::size_t sign = std::min(part.find('='), part.size());
        const std::string_view name = part.substr(0, sign);
        const std::string_view value = part.substr(std::min(part.size(), sign + 1));
        const auto kind = std::ranges::find(kFaultKinds, name, &FaultKind::name);
        if (kind == kFaultKinds.end()) {
            std::string names;
            for (const FaultKind& known : kFaultKinds)
                names += (names.empty() ? "" : ", ") + std::string(known.name);
            return Error{"\"" + std::string(name) + "\" is not one of " + names};
        }
        if (const auto read = kind->read(value, fault); !read) return read.error();
    }
    return fault;
}

}  // namespace

void build_push(CLI::App& app, Options& options) {
    PushOptions& push = options.push;
    CLI::App& command = add_command(
        app, "push",
        "Be a camera that sends a file, a device or a URL\n\n"
        "Reads anything libav can read. H.264 is sent as it is, one access unit a message; "
        "anything else is encoded with libx264 at the resolution, bit rate and frame rate the "
        "server asks for. The camera connects, waits to be started, sends, and stops when told "
        "to; each start begins at the beginning of a file. At the end of the input it says so, "
        "closes the connection and ends.\n\n"
        "Times are those of the input, on a clock that counts microseconds from the start of this "
        "machine; it answers the server about that clock, and begins with other cameras at the "
        "instant that the server names. "
        "Without `--realtime` a file is sent as fast as the server takes it.\n\n"
        "With `--verbose` it says once a second what each camera sent, of more than eight the sum; "
        "with `--json` the same as an object a line on standard output.");
    command
        .add_option("INPUT", push.input,
                    "A file, - for standard input, a device such as /dev/video0 or "
                    "v4l2:/dev/video0, lavfi:FILTER, a URL, or test: for a moving picture with a "
                    "clock in it")
        ->required();
    cli::add_value<std::string>(command, "--name", push.name, parse_take,
                                "The camera's name; without it the server names it by its address",
                                "NAME");
    cli::add_number(command, "--count", push.count, 1, 10'000,
                    "Be this many cameras, called NAME-1 and so on");
    command.add_flag("--realtime", push.realtime, "Send a file at the pace of its times");
    command.add_flag("--loop", push.loop, "Begin again at the end of a file; times go on");
    command.add_flag("--encode", push.encode, "Encode H.264 input again, too");
    command.add_flag("--reconnect", push.reconnect,
                     "Connect again when the server goes away, after 0.5s, later up to 10s");
    command.add_flag("--resume", push.resume,
                     "As --reconnect, and what it takes meanwhile is kept and sent later: the "
                     "recording goes on without a gap");
    cli::add_value<Fault>(
        command, "--fault", push.fault, parse_fault,
        "Misbehave: drop=P and dup=P lose and repeat messages with that "
        "probability, jitter=D delays each by up to D, clock-jump=D moves its "
        "clock a second after the first picture (-D: back), clock-offset=D sets "
        "it ahead, clock-drift=PPM lets it run fast (-PPM: slow), "
        "clock-jitter=D delays its answers about its clock by up to D in each "
        "direction, clock-asymmetry=D the questions by D (-D: the answers), "
        "clock-loss=P leaves them out with that probability, flash=D: test: shows a lamp "
        "that flashes every D, counted from the common start, readout=D: how long its sensor "
        "takes from the first row to the last, stamp-shift=D: its pictures' stamps are D ahead "
        "of the clock that it answers by (-D: behind), "
        "reset-after=N breaks the connection after N pictures",
        "WHAT=VALUE,...");
    cli::add_number(command, "--b-frames", push.b_frames, 0, 16, "B-frames in a row when encoding");
    cli::add_text(command, "--input-format", push.format,
                  "Do not guess what the input is: v4l2, x11grab, h264, ...", "NAME");
    cli::add_text(command, "--input-size", push.size, "Ask a device for this size", "WxH");
    cli::add_text(command, "--input-fps", push.framerate,
                  "Ask a device for this rate; the rate of a bare .h264 file", "N");
}

}  // namespace st::streamctl
