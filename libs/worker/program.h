#pragma once
/// Where our own helper programs and other files lie.
#include <string>
#include <string_view>

namespace st::worker {

/// The path of libexec/streamd/<name>, next to the bin folder of the running program: the same in
/// the build tree and wherever the package is installed. Throws std::system_error without /proc.
std::string helper_program(std::string_view name);

/// `path` relative to the folder that holds that bin folder. Throws likewise.
std::string beside_bin(std::string_view path);

}  // namespace st::worker
