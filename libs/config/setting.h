#pragma once
#include <string>

namespace st::config {

/// A value for a key, from the file or the command line.
struct Setting {
    std::string path;
    std::string text;
};

}  // namespace st::config
