#pragma once
/// A recordings folder with what the tests put there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/clock.h"
#include "record/session_json.h"

namespace st::archive {

namespace fs = std::filesystem;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kDayUs = 86'400 * kSecondUs;

class TestFolder {
 public:
    TestFolder() {
        std::string pattern = testing::TempDir() + "archive_XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    ~TestFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    const std::string& path() const { return path_; }

    /// Whatever lies there, as recordings that are replaced by rename do.
    void put_file(const std::string& name, const std::string& content) const {
        const fs::path file = fs::path(path_) / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file.string() + ".new", std::ios::binary) << content;
        fs::rename(file.string() + ".new", file);
    }

    struct Recording {
        std::string camera = "a";
        std::int64_t started_us = kDayUs;
        record::RecordingState state = record::RecordingState::done;
        std::optional<std::string> take = std::nullopt;
        bool kept = false;
    };
    /// Returns its id.
    std::string put(const Recording& what) const {
        record::Meta meta;
        meta.id = what.camera + "_" + local_stamp(what.started_us);
        meta.camera = what.camera;
        meta.state = what.state;
        meta.started_us = what.started_us;
        meta.take = what.take;
        meta.kept = what.kept;
        put_file(meta.id + "/session.json", record::encode_session(meta, nullptr));
        return meta.id;
    }
    /// Returns its name.
    std::string put_segment(const std::string& file, std::size_t bytes = 1000) const {
        // FLV with one frame of AAC, and no word of when: that is in its name.
        const std::string frame = "\xAF\x01" + std::string(bytes, 'x');
        std::string flv = std::string("FLV\x01\x04\0\0\0\x09\0\0\0\0\x08", 14);
        flv += {'\0', static_cast<char>(frame.size() >> 8), static_cast<char>(frame.size())};
        flv += std::string(7, '\0') + frame;
        const std::size_t whole = frame.size() + 11;
        flv += {'\0', '\0', static_cast<char>(whole >> 8), static_cast<char>(whole)};
        put_file(file, flv);
        return file;
    }
    /// When a file was written last, by the clock of then.
    void set_written(const std::string& file, std::int64_t us) const {
        const timespec at{us / kSecondUs, us % kSecondUs * 1000};
        const std::array<timespec, 2> times{at, at};
        ASSERT_EQ(::utimensat(AT_FDCWD, (path_ + "/" + file).c_str(), times.data(), 0), 0);
    }

 private:
    std::string path_;
};

}  // namespace st::archive
