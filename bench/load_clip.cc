#include "load_clip.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace st::bench {
namespace {

constexpr std::size_t kMessageHeaderBytes = 16;
constexpr int kIdr = 5;
constexpr int kDelimiter = 9;

/// Calls `found(start, type)` for every NAL unit; start is that of its start code.
template <class Found>
void each_nal(Bytes stream, Found found) {
    for (std::size_t at = 0; at + 3 < stream.size(); ++at) {
        if (stream[at] != 0 || stream[at + 1] != 0 || stream[at + 2] != 1) continue;
        const std::size_t start = at > 0 && stream[at - 1] == 0 ? at - 1 : at;
        found(start, stream[at + 3] & 0x1F);
        at += 3;
    }
}

AccessUnit make_unit(Bytes bytes, ws::MaskKey key) {
    AccessUnit unit;
    each_nal(bytes, [&](std::size_t, int type) { unit.is_idr = unit.is_idr || type == kIdr; });
    unit.masked.resize(bytes.size());
    ws::copy_masked(unit.masked.data(), bytes, key, kMessageHeaderBytes);
    return unit;
}

}  // namespace

Clip read_clip(const std::string& path, ws::MaskKey key) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error(path + ": cannot be read");
    const std::vector<char> chars((std::istreambuf_iterator<char>(in)),
                                  std::istreambuf_iterator<char>());
    const Bytes stream = as_bytes({chars.data(), chars.size()});
    std::vector<std::size_t> starts;
    each_nal(stream, [&](std::size_t start, int type) {
        if (type == kDelimiter) starts.push_back(start);
    });
    if (starts.empty() || starts.front() != 0) {
        throw std::runtime_error(path + ": does not begin with an access unit delimiter");
    }
    starts.push_back(stream.size());
    Clip clip;
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
        clip.units.push_back(make_unit(stream.subspan(starts[i], starts[i + 1] - starts[i]), key));
        if (clip.units.back().is_idr) clip.idrs.push_back(i);
    }
    if (clip.idrs.empty() || clip.idrs.front() != 0) {
        throw std::runtime_error(path + ": does not begin with an IDR picture");
    }
    return clip;
}

}  // namespace st::bench
