/// bench_catalogue FOLDER [ROWS]: a catalogue of ROWS (3,000,000) segments and as many recordings,
/// made up, and how long its questions take: one line each, p50 and p99 of 1,000 in ms.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "archive/store.h"
#include "base/clock.h"

namespace st::bench {
namespace {

constexpr std::int64_t kBeginUs = 1'700'000'000'000'000;
constexpr std::int64_t kSegmentUs = 60'000'000;
constexpr std::uint64_t kStreams = 30;
constexpr std::uint64_t kBatch = 100'000;
constexpr int kQuestions = 1'000;

std::string camera_of(std::uint64_t n) { return "cam" + std::to_string(n % kStreams); }

std::int64_t begin_of(std::uint64_t n) {
    return kBeginUs + static_cast<std::int64_t>(n / kStreams) * kSegmentUs;
}

void fill(archive::Store& store, std::uint64_t rows) {
    const std::int64_t begun = monotonic_ns();
    for (std::uint64_t first = 0; first < rows; first += kBatch) {
        archive::Transaction all = store.begin();
        for (std::uint64_t n = first; n < std::min(rows, first + kBatch); ++n) {
            archive::RecordingRow recording;
            recording.camera = camera_of(n);
            recording.started_us = begin_of(n);
            recording.ended_us = recording.started_us + kSegmentUs;
            recording.id = recording.camera + "_" + std::to_string(recording.started_us);
            recording.bytes = 1'000'000 + n % 1000;
            if (n % 50 == 0) recording.take = "take" + std::to_string(n / 5'000);
            if (n % 1'000 == 0) recording.state = record::RecordingState::failed;
            store.put(recording);
            archive::MediaRow media;
            media.stream = "/live/" + recording.camera;
            media.file =
                "live" + media.stream + "/" + std::to_string(recording.started_us) + ".mp4";
            media.start_us = recording.started_us;
            media.end_us = recording.ended_us;
            media.bytes = recording.bytes;
            store.put(media);
        }
        all.commit();
    }
    std::printf("%llu recordings and segments written in %.1f s\n",
                static_cast<unsigned long long>(rows),
                static_cast<double>(monotonic_ns() - begun) / 1e9);
}

template <class Ask>
void measure(const char* name, Ask ask) {
    std::vector<double> ms;
    std::mt19937_64 random(1);
    for (int i = 0; i < kQuestions; ++i) {
        const std::int64_t begun = monotonic_ns();
        ask(random());
        ms.push_back(static_cast<double>(monotonic_ns() - begun) / 1e6);
    }
    std::ranges::sort(ms);
    std::printf("%-40s p50 %7.3f ms  p99 %7.3f ms\n", name, ms[kQuestions / 2],
                ms[kQuestions * 99 / 100]);
}

void ask_all(archive::Store& store, std::uint64_t rows) {
    measure("a page of 100, the newest", [&](std::uint64_t) { store.recordings({}); });
    measure("a page of 100, from anywhere on", [&](std::uint64_t n) {
        archive::RecordingQuery query;
        query.until_us = begin_of(n % rows);
        store.recordings(query);
    });
    measure("a page of 100 of a camera", [&](std::uint64_t n) {
        archive::RecordingQuery query;
        query.camera = camera_of(n);
        query.until_us = begin_of(n % rows);
        store.recordings(query);
    });
    measure("a page of 100 of cameras cam1*", [&](std::uint64_t n) {
        archive::RecordingQuery query;
        query.camera = "cam1*";
        query.until_us = begin_of(n % rows);
        store.recordings(query);
    });
    measure("a take", [&](std::uint64_t n) {
        archive::RecordingQuery query;
        query.take = "take" + std::to_string(n % std::max<std::uint64_t>(1, rows / 5'000));
        store.recordings(query);
    });
    measure("a page of 100 that failed", [&](std::uint64_t n) {
        archive::RecordingQuery query;
        query.state = record::RecordingState::failed;
        query.until_us = begin_of(n % rows);
        store.recordings(query);
    });
    measure("one by its id", [&](std::uint64_t n) {
        archive::RecordingQuery query;
        query.id = camera_of(n % rows) + "_" + std::to_string(begin_of(n % rows));
        store.recordings(query);
    });
    measure("the segments of an hour", [&](std::uint64_t n) {
        const std::int64_t at = begin_of(n % rows);
        store.media("/live/" + camera_of(n), at, at + 60 * kSegmentUs, 1'000);
    });
}

}  // namespace
}  // namespace st::bench

int main(int argc, char** argv) {
    using namespace st;
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_catalogue FOLDER [ROWS]\n");
        return 2;
    }
    const std::uint64_t rows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 3'000'000;
    const std::string file = std::string(argv[1]) + "/.catalogue.sqlite";
    try {
        {
            archive::Store store(file, archive::Database::Mode::write);
            if (!store.prepare()) return 1;
            if (store.recordings({}).empty()) bench::fill(store, rows);
        }
        const std::int64_t begun = monotonic_ns();
        archive::Store store(file, archive::Database::Mode::read);
        store.recordings({});
        std::printf("%-40s %7.3f ms\n", "opened, with its first page",
                    static_cast<double>(monotonic_ns() - begun) / 1e6);
        bench::ask_all(store, rows);
    } catch (const archive::DatabaseError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
