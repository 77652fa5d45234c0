#pragma once
/// Small recordings written by hand: 1 key frame in 10, sizes that differ, device times 40 ms
/// apart.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "av/handles.h"
#include "av/verify.h"
#include "base/fd.h"
#include "camera/frame.h"
#include "dump/format.h"
#include "media/synthetic.h"
#include "mux/convert.h"
#include "record/here.h"
#include "record/verifier.h"
#include "support/temporary_folder.h"

namespace st::mux {

using Octets = std::vector<std::uint8_t>;

inline void add(Octets& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

inline void add_nal(Octets& to, Bytes nal) {
    add(to, Octets{0, 0, 0, 1});
    add(to, nal);
}

struct Sent {
    std::uint64_t device_ms;
    Octets payload;
};

/// Configuration, then `count` pictures of `sps`.
inline std::vector<Sent> make_messages(std::size_t count,
                                       const media::SpsSpec& sps = {.poc_type = 2}) {
    std::vector<Sent> messages(1);
    add_nal(messages[0].payload, make_sps(sps));
    add_nal(messages[0].payload, media::make_pps(0, sps.id));
    for (std::size_t i = 0; i < count; ++i) {
        const bool idr = i % 10 == 0;
        media::SliceSpec slice;
        slice.idr = idr;
        slice.kind = idr ? 7 : 5;
        slice.frame_num = static_cast<std::uint32_t>(i % 10);
        slice.idr_pic_id = static_cast<std::uint32_t>(i / 10 % 2);
        Octets nal = make_slice(sps, slice);
        for (std::size_t k = 0; k < 80 + i; ++k)
            nal.push_back(static_cast<std::uint8_t>(1 + (i * 7 + k) % 250));
        Sent sent{5'000'000 + 40 * i, {}};
        add_nal(sent.payload, nal);
        messages.push_back(std::move(sent));
    }
    return messages;
}

inline Octets plain_dump(const std::vector<Sent>& messages) {
    Octets out;
    std::uint32_t seq = 0;
    for (const Sent& sent : messages) {
        add(out, camera::encode_header({sent.device_ms, seq++, sent.payload}));
        add(out, sent.payload);
    }
    return out;
}

/// Where each record begins, and the end.
struct Recorded {
    Octets bytes;
    std::vector<std::size_t> at;
};

struct Recording {
    std::uint8_t uuid = 7;
    std::uint64_t begun_ms = 0;                      ///< after 1,700,000,000 s, on both clocks
    std::uint64_t monotonic_start_ns = 500'000'000;  ///< at 1,700,000,000 s
    std::vector<std::uint64_t> arrivals_ns = {};     ///< empty: 40 ms apart
};

inline Recorded recorded_dump(const std::vector<Sent>& messages, const Recording& recording = {}) {
    Recorded out;
    dump::FileHeader header;
    header.uuid.fill(recording.uuid);
    header.wall_start_us = 1'700'000'000'000'000 + recording.begun_ms * 1000;
    header.monotonic_start_ns = recording.monotonic_start_ns + recording.begun_ms * 1'000'000;
    add(out.bytes, dump::encode_file_header(header));
    std::uint32_t n = 0;
    for (const Sent& sent : messages) {
        out.at.push_back(out.bytes.size());
        Octets body;
        add(body, camera::encode_header({sent.device_ms, n, sent.payload}));
        add(body, sent.payload);
        const std::uint64_t arrival_ns =
            recording.arrivals_ns.empty() ? n * 40'000'000ULL : recording.arrivals_ns[n];
        const auto head = dump::encode_record_header({dump::RecordType::frame,
                                                      static_cast<std::uint32_t>(body.size()),
                                                      dump::tag_of(header.uuid), n, arrival_ns});
        add(out.bytes, head);
        add(out.bytes, body);
        add(out.bytes, dump::encode_record_crc(head, body));
        ++n;
    }
    out.at.push_back(out.bytes.size());
    return out;
}

inline Octets bare_stream(const std::vector<Sent>& messages) {
    Octets out;
    for (const Sent& sent : messages) add(out, sent.payload);
    return out;
}

inline Octets read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A folder for one test, and jobs in it.
class Muxing : public testing::Test {
 protected:
    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    std::string write(const std::string& name, Bytes bytes) const {
        std::ofstream(path(name), std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        return path(name);
    }
    /// The pictures were made by hand: nobody can decode them.
    Job job(Bytes input) const {
        Job job;
        job.input = write("input", input);
        job.output = path("out.mp4");
        job.check_decoding = false;
        job.verifier = &verifier_;
        job.overwrite = true;
        return job;
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }

    // Each output is synced: thousands of them want a folder in memory.
    const test::TemporaryFolder temporary_{::access("/dev/shm", W_OK) == 0 ? "/dev/shm/"
                                                                           : testing::TempDir()};
    const std::string& folder_ = temporary_.path();
    mutable record::HelperVerifier verifier_{run_here, {}};
};

inline Fd open_to_read(const std::string& path) { return Fd(::open(path.c_str(), O_RDONLY)); }
/// When each picture is shown, rising, ms.
inline std::vector<double> display_times_of(const std::string& path) {
    const Fd fd = open_to_read(path);
    av::MovieFile file(fd.get());
    const av::PacketPtr packet(av_packet_alloc());
    std::vector<double> times;
    while (av_read_frame(&file.format(), packet.get()) >= 0) {
        const AVRational base = file.format().streams[packet->stream_index]->time_base;
        times.push_back(static_cast<double>(packet->pts) * 1000 * base.num / base.den);
        av_packet_unref(packet.get());
    }
    std::ranges::sort(times);
    return times;
}
inline media::MovieFacts read_pictures_of(const std::string& path) {
    return av::read_pictures(open_to_read(path).get());
}

}  // namespace st::mux
