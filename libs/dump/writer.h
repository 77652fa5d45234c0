#pragma once
/// Appends records to a dump file. One thread.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "dump/format.h"

namespace st::dump {

class Writer {
 public:
    /// Takes an empty file open for writing and writes the file header. `name` is for error texts.
    /// Throws std::system_error.
    Writer(Fd file, FileHeader header, std::string name);

    /// One record with exactly one writev in the good case: after it returns the record survives
    /// the death of this process. `arrival_ns` is CLOCK_MONOTONIC; before the start counts as 0.
    /// Throws std::system_error (disk full, file size limit, input/output error) after cutting the
    /// file back to the end of the last whole record: what is there stays readable, and a later
    /// append may be tried.
    void append(RecordType type, std::int64_t arrival_ns, Bytes body);
    void append_note(std::int64_t arrival_ns, std::string_view json);
    void append_close(std::int64_t arrival_ns, std::string_view json);

    /// Cuts the file back to its first `records` records, which end at byte `bytes`. Throws
    /// std::system_error.
    void cut_back(std::uint64_t bytes, std::uint64_t records);

    /// fdatasync. Throws std::system_error; a failed sync is final: the pages may be gone.
    void sync();

    const FileHeader& header() const { return header_; }
    std::uint64_t bytes() const { return bytes_; }      ///< size of the file
    std::uint64_t records() const { return records_; }  ///< written so far
    int fd() const { return file_.get(); }

 private:
    void write_all(std::array<Bytes, 3> pieces);
    bool cut_to(std::uint64_t bytes);

    Fd file_;
    const FileHeader header_;
    const std::string name_;
    std::uint64_t bytes_ = 0;
    std::uint64_t records_ = 0;
};

}  // namespace st::dump
