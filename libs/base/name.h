#pragma once
/// Names that came over the network and become file names or paths: the one gate for all of them.
#include <cstddef>
#include <string_view>

namespace st {

/// [A-Za-z0-9][A-Za-z0-9._-]{0,63}: a camera, app or stream name. No slash, no "..", no control
/// byte.
constexpr std::size_t kNameBytesMax = 64;
bool is_valid_name(std::string_view name);

/// "/<app>/<name>", both valid names: a live stream.
bool is_stream_path(std::string_view path);
/// The apps that are the server's own: nobody may publish there.
bool is_own_app(std::string_view app);

/// A single file or folder name below the recordings folder: the same letters, up to 255 bytes.
bool is_safe_file_name(std::string_view name);

}  // namespace st
