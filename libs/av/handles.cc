#include "av/handles.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "av/error.h"

namespace st::av {
namespace {

constexpr int kBlockBytes = 64 << 10;

const char* format_of(int fd) {
    std::array<char, 3> begin{};
    const ssize_t got = ::pread(fd, begin.data(), begin.size(), 0);
    return got == 3 && std::string_view(begin.data(), 3) == "FLV" ? "flv" : "mp4";
}

/// A movie may name other files; none is opened.
int refuse(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
    return AVERROR(EPERM);
}

}  // namespace

int MovieFile::read(void* self, std::uint8_t* into, int size) {
    auto& file = *static_cast<MovieFile*>(self);
    ssize_t got = 0;
    do {
        got = ::pread(file.fd_, into, static_cast<std::size_t>(size), file.at_);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return AVERROR(errno);
    if (got == 0) return AVERROR_EOF;
    file.at_ += got;
    return static_cast<int>(got);
}

std::int64_t MovieFile::seek(void* self, std::int64_t offset, int whence) {
    auto& file = *static_cast<MovieFile*>(self);
    struct stat status {};
    if (::fstat(file.fd_, &status) != 0) return AVERROR(errno);
    switch (whence & ~AVSEEK_FORCE) {
        case AVSEEK_SIZE:
            return status.st_size;
        case SEEK_SET:
            break;
        case SEEK_CUR:
            offset += file.at_;
            break;
        case SEEK_END:
            offset += status.st_size;
            break;
        default:
            return AVERROR(EINVAL);
    }
    if (offset < 0) return AVERROR(EINVAL);
    return file.at_ = offset;
}

MovieFile::MovieFile(int fd) : fd_(fd) {
    auto* const buffer = static_cast<std::uint8_t*>(av_malloc(kBlockBytes));
    io_.reset(avio_alloc_context(buffer, kBlockBytes, 0, this, read, nullptr, seek));
    AVFormatContext* raw = avformat_alloc_context();
    raw->pb = io_.get();
    raw->io_open = refuse;
    const int code = avformat_open_input(&raw, "", av_find_input_format(format_of(fd_)), nullptr);
    if (code < 0) raise("open", code);
    format_.reset(raw);
}

bool MovieFile::read_picture(AVPacket& packet) {
    const AVStream& stream = video_stream();
    do {
        av_packet_unref(&packet);
        if (av_read_frame(format_.get(), &packet) < 0) return false;
    } while (packet.stream_index != stream.index);
    return true;
}

AVStream& MovieFile::video_stream() {
    for (unsigned i = 0; i < format_->nb_streams; ++i) {
        AVStream& stream = *format_->streams[i];
        if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO) return stream;
    }
    throw Error("no video track");
}

}  // namespace st::av
