#pragma once
/// What the first bytes of an input say, and how much is behind them, without reading it.
#include <cstdint>
#include <string>

#include "base/result.h"
#include "mux/convert.h"

namespace st::mux {

/// What `fd` is (borrowed, seekable). An Error says what was looked for.
Result<InputFormat> detect_format(int fd, const std::string& name);

std::string to_string(InputFormat format);

/// At least as many pictures as there are, if each message of a dump holds one at most: hops from
/// header to header. Of a bare stream, and of a dump behind damage, a guess from the beginning.
std::uint64_t pictures_bound(int fd, InputFormat format);

}  // namespace st::mux
