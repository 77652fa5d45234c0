/// bench_segments FOLDER [GB]: what recording live streams in segments costs beyond writing the
/// same bytes. FOLDER should be on a tmpfs. Each of five rounds has
///     made      packets, kept for a second
///     floor     a bare program: the same, written by one writev() a second into a file a stream
///     hub       packets made and given to the hub, which nobody records
///     segments  the same, recorded as MP4 segments until all are finished
/// What writing costs is `floor` less `made`, what the recorder costs `segments` less `hub`. All
/// four get a second of all streams at the same steady pace: what comes from memory is then as
/// cold, and a thread wakes from as deep a sleep, in each. 1: the recorder is over 1.3 times the
/// floor.
#include "record/segments.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/heap.h"
#include "hub/hub.h"
#include "media/avc_config.h"

namespace st::bench {
namespace {

namespace fs = std::filesystem;

constexpr double kRatioMax = 1.3;
constexpr int kRounds = 5;
constexpr unsigned kStreams = 8;
constexpr unsigned kRate = 30;
constexpr std::size_t kPictureBytes = 16'667;  // 4 Mbit/s
/// For a second of all streams, 4 MB.
constexpr std::chrono::milliseconds kPace{80};
constexpr std::array<std::uint8_t, 22> kSps = {0x67, 0x42, 0xC0, 0x0C, 0xD9, 0x01, 0x41, 0x9F,
                                               0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
                                               0x00, 0x00, 0x03, 0x03, 0x20, 0xF1};
constexpr std::array<std::uint8_t, 4> kPps = {0x68, 0xCB, 0x83, 0xCB};

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class Pace {
 public:
    void wait() { std::this_thread::sleep_until(next_ += kPace); }

 private:
    std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now();
};

class Quiet final : public hub::Publisher {
 public:
    void probe() override {}
    void replaced() override {}
    void kicked(const std::string& /*by*/) override {}
};

media::Packet picture(unsigned number, const std::vector<std::uint8_t>& payload) {
    media::Packet packet;
    packet.dts_ms = std::int64_t{number} * 1000 / kRate;
    packet.is_key = number % (2 * kRate) == 0;
    packet.payload = Buffer(Bytes(payload));
    return packet;
}

media::Packet configuration() {
    const std::array<Bytes, 1> sps = {Bytes(kSps)};
    const std::array<Bytes, 1> pps = {Bytes(kPps)};
    media::Packet packet;
    packet.is_config = true;
    packet.payload = media::encode_avc_config(sps, pps);
    return packet;
}

/// The least that a file which can be read every second takes. Without `writes`: what making the
/// packets takes.
double floor_seconds(const fs::path& folder, unsigned pictures, bool writes) {
    const std::vector<std::uint8_t> payload(kPictureBytes, 0x11);
    const double begun = cpu_seconds();
    std::vector<Fd> files;
    for (unsigned i = 0; i < kStreams; ++i) {
        const std::string path = folder / ("floor" + std::to_string(i));
        files.emplace_back(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!files.back()) throw std::runtime_error("cannot create " + path);
    }
    std::array<std::vector<media::Packet>, kStreams> kept;
    std::array<iovec, kRate> second{};
    Pace pace;
    for (unsigned number = 0; number < pictures; ++number) {
        for (auto& stream : kept) stream.push_back(picture(number, payload));
        if (number % kRate != kRate - 1) continue;
        for (unsigned i = 0; i < kStreams; ++i) {
            std::ranges::transform(kept[i], second.begin(), [](const media::Packet& packet) {
                const Bytes bytes = packet.payload.bytes();
                return iovec{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
            });
            if (writes && ::writev(files[i].get(), second.data(), kRate) < 0) {
                throw std::runtime_error("write");
            }
            kept[i].clear();
        }
        pace.wait();
    }
    return cpu_seconds() - begun;
}

/// `records`: as segments; else the hub has them and nobody else.
double hub_seconds(const fs::path& folder, unsigned pictures, bool records) {
    const std::vector<std::uint8_t> payload(kPictureBytes, 0x11);
    hub::Hub hub{hub::Options{}, {}, [](const hub::Event&) {}};
    record::SegmentOptions options;
    if (records) options.rules.push_back({"live/*", {}});
    const Current<record::SegmentOptions> current{options};
    const double begun = cpu_seconds();
    record::Segments segments(
        {folder, current, hub, Log(), [](const record::SegmentEvent&) {}, nullptr, {}, 1});
    std::vector<hub::Publication> streams;
    for (unsigned i = 0; i < kStreams; ++i) {
        const std::string path = "/live/s" + std::to_string(i);
        auto made = hub.publish(path, std::make_shared<Quiet>(), {"rtmp", "", ""},
                                hub::Clock::bits_64, monotonic_ns());
        if (!made) throw std::runtime_error(made.error().message);
        streams.push_back(*std::move(made));
        segments.on_published(path);
        streams.back().push(configuration(), monotonic_ns());
    }
    Pace pace;
    for (unsigned number = 0; number < pictures; ++number) {
        for (hub::Publication& stream : streams) {
            stream.push(picture(number, payload), monotonic_ns());
        }
        if (number % kRate == kRate - 1) pace.wait();
    }
    for (hub::Publication& stream : streams) stream.end("done");
    segments.shut_down(INT64_MAX);
    if (records && segments.totals().dropped > 0) throw std::runtime_error("packets were dropped");
    return cpu_seconds() - begun;
}

int run(const fs::path& folder, double gigabytes) {
    const double per_picture = static_cast<double>(kPictureBytes) * kStreams;
    const auto seconds = static_cast<unsigned>(gigabytes * 1e9 / per_picture / kRate) + 1;
    const unsigned pictures = seconds * kRate;
    const double written = per_picture * pictures / 1e9;
    std::printf("%u streams of %u pictures a second, %.2f GB each time; CPU seconds a GB:\n",
                kStreams, kRate, written);
    keep_freed_memory(std::size_t{4} << 20, std::size_t{64} << 20);  // as streamd does
    std::vector<double> ratios;
    for (int round = 0; round < kRounds; ++round) {
        const auto measure = [&](auto call) {
            fs::remove_all(folder / "run");
            fs::create_directories(folder / "run");
            const double took = call() / written;
            fs::remove_all(folder / "run");
            return took;
        };
        const double made = measure([&] { return floor_seconds(folder / "run", pictures, false); });
        const double floor = measure([&] { return floor_seconds(folder / "run", pictures, true); });
        const double hub = measure([&] { return hub_seconds(folder / "run", pictures, false); });
        const double all = measure([&] { return hub_seconds(folder / "run", pictures, true); });
        ratios.push_back((all - hub) / (floor - made));
        std::printf(
            "made %.3f  floor %.3f  hub %.3f  segments %.3f: writing %.3f, recorder %.3f = %.2f of "
            "it\n",
            made, floor, hub, all, floor - made, all - hub, ratios.back());
    }
    std::ranges::sort(ratios);
    const double median = ratios[kRounds / 2];
    std::printf("recorder: %.2f of writing alone (target: at most %.1f)\n", median, kRatioMax);
    return median <= kRatioMax ? 0 : 1;
}

}  // namespace
}  // namespace st::bench

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_segments FOLDER [GB]\n");
        return 2;
    }
    try {
        return st::bench::run(argv[1], argc > 2 ? std::strtod(argv[2], nullptr) : 0.5);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_segments: %s\n", error.what());
        return 1;
    }
}
