#pragma once
/// Lines about cameras that are rewritten in place: as many as the terminal has room for. Pure.
#include <cstddef>
#include <string>
#include <vector>

namespace st::streamctl {

struct StatusLine {
    std::string text;
    bool is_trouble = false;
};

/// At most `lines_max` lines, which is at least 3, `footer` last unless it is empty. Where there
/// are more cameras than that, those in trouble come first, and a line counts the ones left out.
std::vector<std::string> status_block(const std::vector<StatusLine>& cameras,
                                      const std::string& footer, std::size_t lines_max);

}  // namespace st::streamctl
