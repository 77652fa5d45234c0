#include "live/sources.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "base/clock.h"
#include "support/temporary_folder.h"

namespace st::live {
namespace {

using std::chrono::milliseconds;
constexpr char kPath[] = "/live/x";

/// A delivery whose tasks run when the test says so.
class DeliveryQueue final : public hub::Executor {
 public:
    void post(std::function<void()> task) override {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    hub::TimerId after(std::chrono::nanoseconds, std::function<void()>) override { return 0; }
    void cancel(hub::TimerId) override {}
    std::int64_t now_ns() const override { return monotonic_ns(); }
    std::int64_t read_clock_ns() const override { return monotonic_ns(); }
    void run() {
        for (;;) {
            std::function<void()> task;
            {
                const std::lock_guard lock(mutex_);
                if (tasks_.empty()) return;
                task = std::move(tasks_.front());
                tasks_.pop_front();
            }
            task();
        }
    }

 private:
    std::mutex mutex_;
    std::deque<std::function<void()>> tasks_;
};

class Bytes1 final : public hub::Encoding {
 public:
    SharedBuffer encode(const media::Packet& packet) const override {
        return share(Buffer(packet.payload.bytes()));
    }
};

class Watcher final : public hub::Viewer, public hub::Sink {
 public:
    hub::Sink& sink() override { return *this; }
    void begin(hub::Tracks) override {}
    void send(std::span<const SharedBuffer> wires) override { wires_ += wires.size(); }
    std::size_t queued_bytes() const override { return 0; }
    std::uint64_t bytes_taken() const override { return 0; }
    void end(hub::EndReason, const std::string&) override { ended = true; }
    std::size_t wires_ = 0;
    bool ended = false;
};

/// An FLV stream: the headers of a black picture's size, then pictures 40 ms apart.
std::string flv_stream(int pictures) {
    const auto header = flv::encode_header(false, true);
    std::string out(header.begin(), header.end());
    const auto add = [&](bool is_config, std::int64_t dts_ms, std::vector<std::uint8_t> payload) {
        media::Packet packet;
        packet.is_config = is_config;
        packet.is_key = !is_config;
        packet.dts_ms = dts_ms;
        packet.payload = Buffer(Bytes(payload));
        out += as_text(flv::encode_tag(packet).bytes());
    };
    // Baseline, one SPS (the four bytes that avcC repeats and no more), one PPS.
    add(true, 0,
        {1, 0x42, 0xC0, 0x1E, 0xFF, 0xE1, 0, 4, 0x67, 0x42, 0xC0, 0x1E, 1, 0, 2, 0x68, 0xCE});
    for (int i = 0; i < pictures; ++i) add(false, 40 * i, {0, 0, 0, 2, 0x65, 0x88});
    return out;
}

class SourcesTest : public ::testing::Test {
 protected:
    static void SetUpTestSuite() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    static void TearDownTestSuite() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

    SourcesTest() { std::ofstream(folder + "/stream.flv", std::ios::binary) << flv_stream(10); }
    ~SourcesTest() override {
        subscription = {};
        sources.reset();
    }

    /// The process is a shell that runs `script`; $S is the stream's file, and each start writes a
    /// line to the file "starts".
    void open(const std::string& script, SourceRunOptions run = {}) {
        const std::string all =
            "S=" + folder + "/stream.flv; echo start >> " + folder + "/starts; ";
        sources = std::make_unique<Sources>(std::vector<SourceOptions>{{kPath, {}, "test:", run}},
                                            std::vector<std::string>{"/bin/sh", "-c", all + script},
                                            hub, Log());
    }
    void join() {
        auto joined = hub.subscribe(kPath, hub_lane, 0, viewer, {"http-flv", "", ""});
        ASSERT_TRUE(joined) << joined.error().message;
        subscription = std::move(*joined);
        subscription.start(monotonic_ns());
    }
    void leave() { subscription = {}; }

    template <class Condition>
    void wait_until(const char* what, Condition condition) {
        const std::int64_t deadline = monotonic_ns() + 60'000'000'000;
        while (!condition()) {
            ASSERT_LT(monotonic_ns(), deadline) << what;
            delivery.run();
            ::usleep(1000);
        }
    }
    void wait_for(SourceState state) {
        wait_until("the state", [&] { return status().state == state; });
    }
    SourceStatus status() { return sources->status().front(); }
    std::size_t starts() {
        std::ifstream file(folder + "/starts");
        std::string line;
        std::size_t count = 0;
        while (std::getline(file, line)) ++count;
        return count;
    }

    const test::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
    DeliveryQueue delivery;
    /// An operator may end it in the very moment in which it ends by itself.
    hub::PublisherPtr kicked_at_its_end;
    hub::Hub hub{{}, encodings(), [this](const hub::Event& event) {
                     if (sources) sources->on_event(event);
                     if (!std::holds_alternative<hub::Unpublished>(event)) return;
                     const hub::PublisherPtr late = std::move(kicked_at_its_end);
                     if (late) late->kicked("kim@desk");
                 }};
    hub::DeliveryQueue& hub_lane = hub.add_delivery(delivery);
    Watcher viewer;
    hub::Subscription subscription;
    std::unique_ptr<Sources> sources;

 private:
    static std::vector<std::unique_ptr<const hub::Encoding>> encodings() {
        std::vector<std::unique_ptr<const hub::Encoding>> list;
        list.push_back(std::make_unique<Bytes1>());
        return list;
    }
};

TEST_F(SourcesTest, nothing_runs_before_a_viewer_comes) {
    open("cat $S; sleep 1000");
    const SourceStatus idle = status();
    EXPECT_EQ(idle.state, SourceState::idle);
    EXPECT_EQ(idle.path, kPath);
    EXPECT_EQ(idle.pid, 0);
    EXPECT_EQ(starts(), 0U);
}

TEST_F(SourcesTest, the_first_viewer_starts_it_and_gets_its_pictures) {
    open("cat $S; sleep 1000");
    join();
    wait_for(SourceState::running);
    EXPECT_GT(status().pid, 0);
    EXPECT_GT(status().since_us, 0);
    // Headers and ten pictures, each an entry of its own.
    wait_until("the pictures", [&] { return viewer.wires_ >= 11; });
    EXPECT_EQ(starts(), 1U);
}

TEST_F(SourcesTest, it_goes_when_the_last_viewer_has_left_and_comes_back_with_the_next) {
    open("cat $S; sleep 1000", {.shutdown_timeout = milliseconds(0)});
    join();
    wait_for(SourceState::running);
    const pid_t pid = status().pid;
    leave();
    wait_for(SourceState::idle);
    EXPECT_EQ(status().pid, 0);
    EXPECT_NE(::kill(pid, 0), 0) << "it was waited for";
    EXPECT_EQ(status().last_error, "");
    join();
    wait_for(SourceState::running);
    EXPECT_EQ(starts(), 2U);
    EXPECT_EQ(status().restarts, 0U);
}

TEST_F(SourcesTest, a_viewer_in_time_keeps_the_process) {
    open("cat $S; sleep 1000");
    join();
    wait_for(SourceState::running);
    const int pid = status().pid;
    leave();
    join();
    wait_until("its pictures", [&] { return viewer.wires_ > 0; });
    EXPECT_EQ(status().pid, pid);
    EXPECT_EQ(starts(), 1U);
}

TEST_F(SourcesTest, one_that_crashes_is_started_again_and_in_the_end_stays_down) {
    open("echo no such camera >&2; kill -SEGV $$", {.crash_threshold = 2});
    join();
    wait_for(SourceState::failed);
    EXPECT_EQ(starts(), 2U);
    const SourceStatus failed = status();
    EXPECT_EQ(failed.last_error, "killed by SIGSEGV (Segmentation fault) (no such camera)");
    EXPECT_EQ(failed.restarts, 1U);
    EXPECT_EQ(failed.crashes, 2U);
    EXPECT_EQ(failed.pid, 0);
    EXPECT_FALSE(sources->restart("/live/other"));
    EXPECT_TRUE(sources->restart(kPath));
    wait_until("another start", [&] { return starts() >= 3; });
}

TEST_F(SourcesTest, a_failed_one_ends_the_viewers_it_had) {
    open("cat $S; kill -ABRT $$", {.crash_threshold = 1});
    join();
    wait_for(SourceState::failed);
    EXPECT_EQ(status().last_error, "killed by SIGABRT (Aborted)");
    wait_until("their end", [&] { return viewer.ended; });
}

TEST_F(SourcesTest, an_input_that_is_not_there_is_no_crash_and_comes_back) {
    open("test -e $S.up && cat $S.up && sleep 1000; echo no route >&2; exit 1",
         {.crash_threshold = 1});
    join();
    wait_until("a second try", [&] { return starts() >= 2; });
    wait_for(SourceState::backing_off);
    EXPECT_EQ(status().last_error, "no route");
    EXPECT_EQ(status().crashes, 0U);
    EXPECT_FALSE(viewer.ended);
    EXPECT_TRUE(sources->is_coming(kPath));
    std::filesystem::rename(folder + "/stream.flv", folder + "/stream.flv.up");
    wait_until("its pictures", [&] { return viewer.wires_ >= 11; });
    EXPECT_EQ(status().state, SourceState::running);
    sources.reset();
    std::filesystem::remove(folder + "/stream.flv.up");
}

TEST_F(SourcesTest, a_program_that_cannot_be_executed_is_a_crash) {
    open("exit 127", {.crash_threshold = 1});
    join();
    wait_for(SourceState::failed);
    EXPECT_EQ(status().crashes, 1U);
}

TEST_F(SourcesTest, the_reason_is_the_innermost_one) {
    open(
        "echo 401 Unauthorized >&2; echo >&2; "
        "echo 'streamd-media: the command ended with exit code 1' >&2; exit 1");
    join();
    wait_for(SourceState::backing_off);
    EXPECT_EQ(status().last_error, "the command ended with exit code 1 (401 Unauthorized)");
}

TEST_F(SourcesTest, what_a_command_says_hides_the_passwords_it_was_given) {
    sources = std::make_unique<Sources>(
        std::vector<SourceOptions>{{kPath, {"curl", "-u", "admin:hu sh/1", "http://h/"}, "", {}}},
        std::vector<std::string>{"/bin/sh", "-c", "echo \"login hu sh/1 refused\" >&2; exit 1"},
        hub, Log());
    join();
    wait_for(SourceState::backing_off);
    EXPECT_EQ(status().last_error, "login *** refused");
    EXPECT_EQ(status().input, "curl -u admin:*** http://h/");
}

TEST_F(SourcesTest, a_process_that_writes_no_flv_is_ended_at_once) {
    open("echo 'this is no FLV stream at all'; sleep 1000", {.crash_threshold = 1});
    join();
    wait_for(SourceState::backing_off);
    EXPECT_NE(status().last_error.find("FLV"), std::string::npos) << status().last_error;
}

TEST_F(SourcesTest, one_that_gives_nothing_is_ended_though_it_hangs) {
    // Stopped: as one that hangs in the kernel, it does nothing of its own any more.
    open("cat $S; kill -STOP $$", {.crash_threshold = 1, .silence = milliseconds(300)});
    join();
    wait_for(SourceState::backing_off);
    EXPECT_EQ(status().last_error, "nothing came for 300ms");
}

TEST_F(SourcesTest, a_path_that_another_one_publishes_is_left_to_it) {
    struct Other final : hub::Publisher {
        void probe() override {}
        void replaced() override {}
        void kicked(const std::string&) override {}
    };
    auto other = hub.publish(kPath, std::make_shared<Other>(), {"rtmp", "", ""},
                             hub::Clock::bits_64, monotonic_ns());
    ASSERT_TRUE(other);
    open("cat $S; sleep 1000", {.crash_threshold = 1});
    join();
    wait_for(SourceState::backing_off);
    EXPECT_NE(status().last_error, "");
    EXPECT_FALSE(viewer.ended) << "they watch the other one";
}

TEST_F(SourcesTest, an_operator_who_ends_the_publisher_has_it_started_anew) {
    open("cat $S; sleep 1000");
    join();
    wait_for(SourceState::running);
    EXPECT_TRUE(hub.kick_publisher(kPath, "kim@desk"));
    wait_until("another start", [&] { return starts() == 2; });
    wait_for(SourceState::running);
    EXPECT_EQ(status().last_error, "kicked by kim@desk");
}

TEST_F(SourcesTest, an_operator_who_is_too_late_ends_neither_the_next_run_nor_anything_else) {
    open("cat $S; sleep 1000");
    join();
    wait_for(SourceState::running);
    kicked_at_its_end = hub.find(kPath)->publisher();
    EXPECT_TRUE(sources->restart(kPath));
    wait_until("another run",
               [&] { return starts() == 2 && status().state == SourceState::running; });
    EXPECT_EQ(status().last_error, "");
    EXPECT_EQ(status().crashes, 0U);
}

TEST_F(SourcesTest, ends_with_the_server_though_it_takes_its_time) {
    open("trap 'echo end >> " + folder +
         "/starts; exit' TERM; cat $S; while :; do sleep 0.01; done");
    join();
    wait_for(SourceState::running);
    leave();
    sources.reset();
    EXPECT_EQ(starts(), 2U) << "it had the time to say goodbye";
}

TEST_F(SourcesTest, passwords_are_not_shown) {
    sources = std::make_unique<Sources>(
        std::vector<SourceOptions>{{"/live/a", {"ffmpeg", "-i", "rtsp://u:secret@h/x"}, "", {}},
                                   {"/live/b", {}, "rtsp://u:secret@h/x", {}}},
        std::vector<std::string>{"/bin/false"}, hub, Log());
    EXPECT_EQ(sources->status()[0].input, "ffmpeg -i rtsp://u:***@h/x");
    EXPECT_EQ(sources->status()[1].input, "rtsp://u:***@h/x");
}

}  // namespace
}  // namespace st::live
