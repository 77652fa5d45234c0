#pragma once
/// A temporary recordings folder, a recorder in it and a camera that streams a real little stream.
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "camera/frame.h"
#include "media/nal.h"
#include "record/here.h"
#include "record/recorder.h"
#include "support/temporary_folder.h"

namespace st::record::world {

using test::read_text;
using test::TemporaryFolder;

/// Messages of the stream in data/tiny.h264: configuration first, then 60 pictures, IDR every 25.
inline std::vector<std::vector<std::uint8_t>> tiny_payloads() {
    const std::string text = read_text(ST_SOURCE_DIR "/tests/record/data/tiny.h264");
    const Bytes stream = as_bytes(text);
    media::NalWalker walker(stream);
    std::vector<std::vector<std::uint8_t>> payloads;
    std::vector<std::uint8_t> gathered;
    for (media::NalSpan span{}; walker.next(span);) {
        const Bytes nal = stream.subspan(span.begin, span.end - span.begin);
        gathered.insert(gathered.end(), {0, 0, 0, 1});
        gathered.insert(gathered.end(), nal.begin(), nal.end());
        const int type = nal[0] & 0x1F;
        const bool is_picture = type == 1 || type == 5;
        const bool is_first_pps = payloads.empty() && type == 8;
        if (is_picture || is_first_pps) payloads.push_back(std::exchange(gathered, {}));
    }
    return payloads;
}
constexpr std::size_t kTinyPictures = 60;

/// Collects events; waits for one with a deadline, never with a sleep.
class Events {
 public:
    EventSink sink() {
        return [this](Event event) {
            const std::lock_guard lock(mutex_);
            events_.push_back(std::move(event));
            changed_.notify_all();
        };
    }

    /// The n-th (from 1) event of the type, waited for up to a minute.
    template <class T>
    T wait(std::size_t n = 1) {
        std::unique_lock lock(mutex_);
        T found{};
        const bool came = changed_.wait_for(lock, std::chrono::seconds(60), [&] {
            std::size_t seen = 0;
            for (const Event& event : events_) {
                if (const T* of_type = std::get_if<T>(&event); of_type && ++seen == n) {
                    found = *of_type;
                    return true;
                }
            }
            return false;
        });
        EXPECT_TRUE(came) << "the event did not come";
        return found;
    }

    template <class T>
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        std::size_t seen = 0;
        for (const Event& event : events_) seen += std::holds_alternative<T>(event) ? 1 : 0;
        return seen;
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> events_;
};

inline Options options_in(const std::string& path) {
    Options options;
    options.path = path;
    options.run_job = run_here;
    return options;
}

inline SessionStart start_of(const std::string& camera) {
    SessionStart start;
    start.camera = camera;
    start.peer = "192.0.2.7:51544";
    start.path = "/ingest/" + camera;
    start.started_us = wall_us();
    start.started_ns = monotonic_ns();
    return start;
}

inline Buffer message_of(std::uint64_t timestamp_ms, std::uint32_t seq,
                         const std::vector<std::uint8_t>& payload) {
    Buffer message(camera::encode_header({timestamp_ms, seq, payload}));
    message.append(payload);
    return message;
}

/// The whole stream, 40 ms a picture on the device's clock, arriving as fast as it can.
inline void push_tiny(Session& session, std::uint64_t first_ms = 5'000'000) {
    std::uint32_t seq = 0;
    for (const auto& payload : tiny_payloads()) {
        const std::uint64_t picture = seq == 0 ? 0 : seq - 1;
        session.push(message_of(first_ms + picture * 40, seq, payload), monotonic_ns());
        ++seq;
    }
}

}  // namespace st::record::world
