#include "capture/image_ring.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace st::capture {
namespace {

namespace fs = std::filesystem;

bool is_ours(const std::string& name) {
    return name.starts_with("frame_") && name.ends_with(".jpg");
}

void write_file(const fs::path& path, Bytes bytes) {
    // Whoever looks for the newest picture finds a whole one.
    const fs::path part = path.string() + ".part";
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) throw std::system_error(errno, std::generic_category(), "write " + part.string());
    fs::rename(part, path);
}

}  // namespace

ImageRing::ImageRing(ImageFolder folder, const std::string& camera, loop::BlockingWork& pool,
                     Log log)
    : folder_(std::move(folder)),
      directory_(folder_.path + "/" + camera),
      pool_(pool),
      log_(std::move(log)) {}

ImageRing::~ImageRing() {
    if (missed_ != 0) {
        log_.warning("images: " + std::to_string(missed_) + " pictures were not kept");
    }
}

void ImageRing::add(const SharedBuffer& jpeg, std::int64_t wall_us) {
    if (folder_.keep == 0) return;
    if (waiting_.load() >= kWaitingMax) {
        missed_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    std::array<char, 24> number{};
    std::snprintf(number.data(), number.size(), "_%03llu.jpg",
                  static_cast<unsigned long long>(++number_));
    waiting_.fetch_add(1);
    pool_.post(loop::Effort::quick, [self = shared_from_this(), jpeg,
                                     name = "frame_" + local_stamp(wall_us) + number.data()] {
        self->write(name, jpeg);
        self->waiting_.fetch_sub(1);
    });
}

/// What an earlier connection left counts, by the time of each file.
void ImageRing::open() {
    fs::create_directories(directory_);
    std::vector<std::pair<fs::file_time_type, std::string>> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
        std::error_code gone;
        const auto time = entry.last_write_time(gone);
        if (!gone && is_ours(entry.path().filename())) {
            found.emplace_back(time, entry.path().filename());
        }
    }
    std::sort(found.begin(), found.end());
    for (auto& [time, name] : found) names_.push_back(std::move(name));
}

void ImageRing::write(const std::string& name, const SharedBuffer& jpeg) {
    const Lock lock(mutex_);
    try {
        if (!is_open_) open();
        is_open_ = true;
        write_file(fs::path(directory_) / name, jpeg->bytes());
        names_.push_back(name);
        for (; names_.size() > folder_.keep; names_.pop_front()) {
            std::error_code ignored;  // somebody else may have removed it
            fs::remove(fs::path(directory_) / names_.front(), ignored);
        }
        has_failed_ = false;
    } catch (const std::exception& e) {
        missed_.fetch_add(1, std::memory_order_relaxed);
        if (!std::exchange(has_failed_, true)) log_.warning(std::string("images: ") + e.what());
    }
}

}  // namespace st::capture
