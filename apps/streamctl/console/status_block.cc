#include "streamctl/console/status_block.h"

#include "streamctl/console/table.h"

namespace st::streamctl {

std::vector<std::string> status_block(const std::vector<StatusLine>& cameras,
                                      const std::string& footer, std::size_t lines_max) {
    const std::size_t room = lines_max - (footer.empty() ? 0 : 1);
    const bool fits = cameras.size() <= room;
    const std::size_t shown = fits ? cameras.size() : room - 1;
    std::vector<std::string> lines;
    const auto add = [&](bool is_trouble) {
        for (const StatusLine& line : cameras) {
            if (lines.size() < shown && line.is_trouble == is_trouble) lines.push_back(line.text);
        }
    };
    if (fits) {
        for (const StatusLine& line : cameras) lines.push_back(line.text);
    } else {
        add(true);
        add(false);
        lines.push_back("and " + counted(cameras.size() - shown, "more camera"));
    }
    if (!footer.empty()) lines.push_back(footer);
    return lines;
}

}  // namespace st::streamctl
