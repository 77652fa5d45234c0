#pragma once
/// The open files of one answer, counted with those of all others. Private to libs/archive.
#include <atomic>
#include <cassert>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/fd.h"

namespace st::archive {

class HeldFiles;
using HeldFilesPtr = std::shared_ptr<HeldFiles>;

/// One thread until settle(); then nothing changes.
class HeldFiles {
 public:
    /// Room for `files`. nullptr: all answers would hold more than `all_max`.
    static HeldFilesPtr make(std::shared_ptr<std::atomic<std::size_t>> all, std::size_t files,
                             std::size_t all_max) {
        // Counted first: another thread may ask at the same time.
        HeldFilesPtr held(new HeldFiles(std::move(all), files));
        return held->before_ + files > all_max ? nullptr : held;
    }
    ~HeldFiles() { *all_ -= counted_; }
    HeldFiles(const HeldFiles&) = delete;
    HeldFiles& operator=(const HeldFiles&) = delete;

    std::size_t size() const { return files_.size(); }
    void add(Fd file) {
        assert(files_.size() < counted_);
        files_.push_back(std::move(file));
    }
    /// No more come: the rest of the room is given back.
    void settle() {
        *all_ -= counted_ - files_.size();
        counted_ = files_.size();
    }
    /// All of them stay open for as long as somebody has one.
    static std::shared_ptr<const Fd> file(const HeldFilesPtr& held, std::size_t number) {
        return {held, &held->files_[number]};
    }

 private:
    HeldFiles(std::shared_ptr<std::atomic<std::size_t>> all, std::size_t files)
        : all_(std::move(all)), counted_(files), before_(all_->fetch_add(files)) {}

    const std::shared_ptr<std::atomic<std::size_t>> all_;
    std::size_t counted_;
    const std::size_t before_;  ///< what the others held
    std::vector<Fd> files_;
};

}  // namespace st::archive
