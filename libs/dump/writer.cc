#include "dump/writer.h"

#include <sys/uio.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <system_error>

namespace st::dump {

Writer::Writer(Fd file, FileHeader header, std::string name)
    : file_(std::move(file)), header_(header), name_(std::move(name)) {
    const auto bytes = encode_file_header(header_);
    write_all({Bytes(bytes), Bytes{}, Bytes{}});
}

void Writer::append(RecordType type, std::int64_t arrival_ns, Bytes body) {
    assert(body.size() <= kBodyBytesMax);
    const std::int64_t since_start =
        arrival_ns - static_cast<std::int64_t>(header_.monotonic_start_ns);
    RecordHeader record;
    record.type = type;
    record.body_bytes = static_cast<std::uint32_t>(body.size());
    record.tag = tag_of(header_.uuid);
    record.number = records_;
    record.arrival_ns = since_start < 0 ? 0 : static_cast<std::uint64_t>(since_start);
    const auto head = encode_record_header(record);
    const auto crc = encode_record_crc(head, body);
    write_all({Bytes(head), body, Bytes(crc)});
    ++records_;
}

void Writer::append_note(std::int64_t arrival_ns, std::string_view json) {
    append(RecordType::note, arrival_ns, as_bytes(json));
}

void Writer::append_close(std::int64_t arrival_ns, std::string_view json) {
    append(RecordType::close, arrival_ns, as_bytes(json));
}

void Writer::sync() {
    if (::fdatasync(file_.get()) != 0) {
        throw std::system_error(errno, std::generic_category(), "sync " + name_);
    }
}

void Writer::cut_back(std::uint64_t bytes, std::uint64_t records) {
    assert(bytes <= bytes_ && records <= records_);
    if (!cut_to(bytes)) throw std::system_error(errno, std::generic_category(), "cut " + name_);
    bytes_ = bytes;
    records_ = records;
}

bool Writer::cut_to(std::uint64_t bytes) {
    return ::ftruncate(file_.get(), static_cast<off_t>(bytes)) == 0 &&
           ::lseek(file_.get(), static_cast<off_t>(bytes), SEEK_SET) >= 0;
}

void Writer::write_all(std::array<Bytes, 3> pieces) {
    std::array<iovec, 3> iov{};
    std::size_t left = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        iov[i] = {const_cast<std::uint8_t*>(pieces[i].data()), pieces[i].size()};
        left += pieces[i].size();
    }
    const std::size_t whole = left;
    std::size_t at = 0;
    while (left > 0) {
        const ssize_t written = ::writev(file_.get(), &iov[at], static_cast<int>(iov.size() - at));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            const int error = written == 0 ? EIO : errno;
            std::string what = "write " + name_ + " at byte " + std::to_string(bytes_);
            // A torn record at the end would only be skipped by readers; cutting it off keeps the
            // file whole and gives its bytes back to a full disk.
            if (left < whole && !cut_to(bytes_)) {
                what += " (and the torn record could not be cut off)";
            }
            throw std::system_error(error, std::generic_category(), what);
        }
        left -= static_cast<std::size_t>(written);
        std::size_t done = static_cast<std::size_t>(written);
        while (at < iov.size() && done >= iov[at].iov_len) done -= iov[at++].iov_len;
        if (at < iov.size()) {
            iov[at].iov_base = static_cast<std::uint8_t*>(iov[at].iov_base) + done;
            iov[at].iov_len -= done;
        }
    }
    bytes_ += whole;
}

}  // namespace st::dump
