/// bench_take FOLDER [CAMERAS [MINUTES [FPS]]]: the tables and the manifest of a take of 16
/// cameras, 10 minutes at 60 pictures a second, as when its last recording has ended; five times,
/// and the median against a floor that reads the same tables, adds up their digits and writes them
/// again. Ends with 0 if that takes a second at most.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "archive/catalogue.h"
#include "base/clock.h"
#include "mux/picture_table.h"
#include "takes/take_files.h"

namespace st::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kWallApartUs = 1'700'000'000'000'000;
constexpr int kRounds = 5;
constexpr double kSecondsMost = 1;

struct Wanted {
    std::string folder;
    unsigned cameras = 16;
    unsigned minutes = 10;
    unsigned fps = 60;
    unsigned pictures() const { return minutes * 60 * fps; }
};

std::string id_of(unsigned camera) { return "cam" + std::to_string(camera) + "_20260131_081500"; }

/// Each camera begins a little after the one before, so that all tables but one move to the zero.
std::int64_t first_us(unsigned camera) { return 1'000'000'000 + camera * 1'234; }

std::string table_of(const Wanted& wanted, unsigned camera) {
    mux::PictureTable table;
    table.files = {"stream.mp4"};
    for (unsigned i = 0; i < wanted.pictures(); ++i) {
        mux::PictureRow row;
        row.picture = i;
        row.seq = i + 1;
        row.take_us = std::int64_t{1'000'000} * i / wanted.fps;
        row.wall_us = kWallApartUs + first_us(camera) + *row.take_us;
        row.device_us = 86'400'000'000 + *row.take_us;
        row.arrival_us = *row.take_us + 5'000 + i % 700;
        row.pts_us = *row.take_us;
        row.duration_us = 1'000'000 / wanted.fps;
        row.bytes = 8'000 + i % 3'000;
        row.is_key = i % 60 == 0;
        table.rows.push_back(row);
    }
    return mux::to_csv(table);
}

void make(const Wanted& wanted) {
    for (unsigned camera = 0; camera < wanted.cameras; ++camera) {
        const fs::path folder = fs::path(wanted.folder) / id_of(camera);
        fs::create_directories(folder);
        const std::string table = table_of(wanted, camera);
        std::ofstream(folder / "pictures.csv") << table;
        std::ofstream(folder / "stream.mp4") << "abc";
        std::ofstream(folder / "session.json")
            << R"({"version":1,"id":")" << id_of(camera) << R"(","camera":"cam)" << camera
            << R"(","peer":"","path":"","take":"walk","state":"done",)"
            << R"("started_at":"2026-01-31T08:15:00.000Z","ended_at":"2026-01-31T08:25:00.000Z",)"
            << R"("pictures":)" << wanted.pictures()
            << R"(,"bytes":3,"seq_missing":0,"kept":false,"fps":)" << wanted.fps
            << R"(,"duration_ms":)" << wanted.minutes * 60'000
            << R"(,"capabilities":{},"clock":{"unit":"us","method":"exchange"},"times":{"first_us":)"
            << first_us(camera) << R"(,"first_wall_us":)" << first_us(camera) + kWallApartUs
            << R"(,"bound_us":900,"assumed_us":0},"files":[{"name":"stream.mp4","kind":"mp4",)"
            << R"("bytes":3,"pictures":)" << wanted.pictures()
            << R"(},{"name":"pictures.csv","kind":"pictures","bytes":)" << table.size() << "}]}";
    }
}

double seconds_since(std::int64_t begun_ns) {
    return static_cast<double>(monotonic_ns() - begun_ns) / 1e9;
}

double floor_seconds(const Wanted& wanted) {
    const std::int64_t begun = monotonic_ns();
    std::uint64_t sum = 0;
    for (unsigned camera = 0; camera < wanted.cameras; ++camera) {
        const fs::path path = fs::path(wanted.folder) / id_of(camera) / "pictures.csv";
        std::ifstream in(path, std::ios::binary);
        std::string text(fs::file_size(path), '\0');
        in.read(text.data(), static_cast<std::streamsize>(text.size()));
        for (const char c : text) {
            if (c >= '0' && c <= '9') sum += static_cast<std::uint64_t>(c - '0');
        }
        const std::string copy = path.string() + ".floor";
        std::ofstream(copy, std::ios::binary) << text;
        fs::remove(copy);
    }
    std::printf("%s", sum == 0 ? "nothing was read\n" : "");
    return seconds_since(begun);
}

/// Of a take that was not made before: its tables lie on zeros of their own.
double take_seconds(const Wanted& wanted) {
    fs::remove_all(fs::path(wanted.folder) / takes::kTakesFolder);
    make(wanted);
    archive::Catalogue catalogue(wanted.folder, Log());
    const std::int64_t begun = monotonic_ns();
    const auto made = takes::write_take(catalogue, wanted.folder, "walk", "bench");
    const double seconds = seconds_since(begun);
    if (!made || made->cameras.size() != wanted.cameras || !made->pairing) {
        std::fprintf(stderr, "bench_take: %s\n",
                     made ? "a part of the take is missing" : made.error().message.c_str());
        std::exit(1);
    }
    return seconds;
}

double median(std::vector<double> of) {
    std::ranges::sort(of);
    return of[of.size() / 2];
}

int run(const Wanted& wanted) {
    std::vector<double> takes;
    std::vector<double> floors;
    for (int round = 0; round < kRounds; ++round) {
        takes.push_back(take_seconds(wanted));
        floors.push_back(floor_seconds(wanted));
    }
    const double seconds = median(takes);
    std::printf("%u cameras x %u min x %u fps: %.2f s, %.1f times the floor's %.2f s\n",
                wanted.cameras, wanted.minutes, wanted.fps, seconds, seconds / median(floors),
                median(floors));
    return seconds <= kSecondsMost ? 0 : 1;
}

}  // namespace
}  // namespace st::bench

int main(int argc, char** argv) {
    st::bench::Wanted wanted;
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_take FOLDER [CAMERAS [MINUTES [FPS]]]\n");
        return 64;
    }
    wanted.folder = argv[1];
    unsigned* const numbers[] = {&wanted.cameras, &wanted.minutes, &wanted.fps};
    for (int i = 2; i < argc && i < 5; ++i)
        *numbers[i - 2] = std::max(1U, static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)));
    return st::bench::run(wanted);
}
