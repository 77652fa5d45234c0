#pragma once
/// What the log says of what is not finished when the server ends. Pure; any thread.
#include <cstddef>
#include <cstdint>
#include <string>

namespace st::streamd {

/// After the recordings were given their time. `queued_bytes`: received, and not written yet. "":
/// nothing is left.
std::string words_of_left(std::size_t recordings, std::uint64_t queued_bytes);

/// When the process ends although threads wait for the disk. `queued_bytes`: as above; some of them
/// may have been written since.
std::string words_of_exit(std::uint64_t queued_bytes);

}  // namespace st::streamd
