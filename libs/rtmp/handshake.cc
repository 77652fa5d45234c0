#include "rtmp/handshake.h"

#include <algorithm>
#include <string>

#include "rtmp/protocol.h"

namespace st::rtmp {
namespace {

constexpr std::uint8_t kVersion = 3;
constexpr std::uint8_t kEncryptedVersion = 6;
/// From here on it is some protocol made of text.
constexpr std::uint8_t kVersionMax = 31;

}  // namespace

Result<void> Handshake::feed(Bytes& bytes, Buffer& out) {
    if (received_ == 0 && !bytes.empty()) {
        const std::uint8_t version = bytes[0];
        if (version == kEncryptedVersion) {
            return Error{"rtmp: the client asks for RTMPE (version 6), which is not offered"};
        }
        if (version < kVersion || version > kVersionMax) {
            return Error{"rtmp: first byte " + std::to_string(version) + ", expected version 3"};
        }
        bytes = bytes.subspan(1);
        received_ = 1;
    }
    constexpr std::size_t kFirstEnd = 1 + kPartBytes;
    if (received_ >= 1 && received_ < kFirstEnd) {
        const std::size_t size = std::min(kFirstEnd - received_, bytes.size());
        std::copy_n(bytes.begin(), size, client_.begin() + (received_ - 1));
        bytes = bytes.subspan(size);
        received_ += size;
        if (received_ == kFirstEnd) answer(out);
    }
    if (received_ >= kFirstEnd) {
        const std::size_t size = std::min(kFirstEnd + kPartBytes - received_, bytes.size());
        bytes = bytes.subspan(size);
        received_ += size;
    }
    return {};
}

void Handshake::answer(Buffer& out) {
    const std::size_t begin = out.size();
    out.resize(begin + 1 + kPartBytes);
    std::uint8_t* at = out.data() + begin;
    *at++ = kVersion;
    std::fill_n(at, 8, std::uint8_t{0});
    for (std::size_t i = 8; i < kPartBytes; i += 8) {
        seed_ ^= seed_ << 13;
        seed_ ^= seed_ >> 7;
        seed_ ^= seed_ << 17;
        store_be64(at + i, seed_);
    }
    out.append(client_);
}

}  // namespace st::rtmp
