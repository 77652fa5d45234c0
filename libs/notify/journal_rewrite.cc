#include "notify/journal_rewrite.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace st::notify {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::optional<Added> read_added(int fd, const JournalPlace& place) {
    std::string line(place.bytes, '\0');
    const ssize_t got = ::pread(fd, line.data(), line.size(), static_cast<off_t>(place.offset));
    if (got != static_cast<ssize_t>(line.size())) return std::nullopt;
    line.pop_back();
    auto record = decode_journal_record(line);
    if (!record) return std::nullopt;
    auto* added = std::get_if<Added>(&*record);
    if (added == nullptr) return std::nullopt;
    return std::move(*added);
}

void write_at(int fd, std::string_view text, std::uint64_t offset, const std::string& path) {
    const ssize_t written = ::pwrite(fd, text.data(), text.size(), static_cast<off_t>(offset));
    if (written == static_cast<ssize_t>(text.size())) return;
    const int error = written < 0 ? errno : ENOSPC;
    if (::ftruncate(fd, static_cast<off_t>(offset)) != 0) {
        // The next line is written over what is there.
    }
    errno = error;
    fail("write " + path);
}

/// What is left of a failed attempt takes room on a full disk.
JournalRewrite::~JournalRewrite() {
    if (file_) ::unlink(path_.c_str());
}

void JournalRewrite::write() {
    // O_EXCL: one of an endpoint that a reload took away may still be at work.
    Fd file(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) fail("open " + path_);
    file_ = std::make_shared<Fd>(std::move(file));
    append(left_.head);
    for (const FailedPlace& failed : left_.failed) {
        if (copy(failed.place)) append(Failed{failed.place.number, failed.attempts, failed.why});
    }
    for (const JournalPlace& place : left_.waiting) copy(place);
    if (left_.tried) append(*left_.tried);
    if (::fdatasync(file_->get()) != 0) fail("sync " + path_);
}

void JournalRewrite::append(const JournalRecord& record) {
    const std::string line = encode(record);
    write_at(file_->get(), line, size_, path_);
    size_ += line.size();
}

bool JournalRewrite::copy(const JournalPlace& place) {
    const auto added = read_added(journal_->get(), place);
    if (!added) return false;
    const std::uint64_t offset = size_;
    append(*added);
    moved_[place.number] = {place.number, offset, static_cast<std::uint32_t>(size_ - offset),
                            place.at_us};
    return true;
}

std::shared_ptr<const Fd> JournalRewrite::take_place(std::uint64_t size,
                                                     const std::string& journal_path) {
    static constexpr std::uint64_t kPieceBytes = 256 * 1024;
    std::string piece;
    for (std::uint64_t at = left_.size; at < size; at += piece.size()) {
        piece.resize(static_cast<std::size_t>(std::min(kPieceBytes, size - at)));
        const ssize_t got =
            ::pread(journal_->get(), piece.data(), piece.size(), static_cast<off_t>(at));
        if (got <= 0) fail("read " + journal_path);
        piece.resize(static_cast<std::size_t>(got));
        write_at(file_->get(), piece, size_for(at), path_);
    }
    if (::rename(path_.c_str(), journal_path.c_str()) != 0) fail("rename " + path_);
    return std::exchange(file_, nullptr);
}

bool JournalRewrite::move(JournalPlace& place) const {
    if (place.offset >= left_.size) {
        place.offset = size_for(place.offset);
        return true;
    }
    const auto found = moved_.find(place.number);
    if (found == moved_.end()) return false;
    place = found->second;
    return true;
}

}  // namespace st::notify
