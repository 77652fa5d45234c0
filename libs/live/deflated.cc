#include "live/deflated.h"

#include <Poco/DeflatingStream.h>

#include <sstream>

#include "base/bytes.h"

namespace st::live {
namespace {

constexpr char kMark = 0x01;
/// Cheap: video hardly shrinks whatever is spent on it.
constexpr int kLevel = 3;

}  // namespace

Buffer deflate_framed(Bytes bytes) {
    std::ostringstream out;
    Poco::DeflatingOutputStream deflating(out, Poco::DeflatingStreamBuf::STREAM_ZLIB, kLevel);
    deflating.write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
    deflating.close();
    const std::string deflated = std::move(out).str();
    Buffer framed(5 + deflated.size());
    framed.data()[0] = kMark;
    store_be32(framed.data() + 1, static_cast<std::uint32_t>(deflated.size()));
    std::copy(deflated.begin(), deflated.end(), framed.data() + 5);
    return framed;
}

}  // namespace st::live
