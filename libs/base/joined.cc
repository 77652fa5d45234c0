#include "base/joined.h"

namespace st {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
    std::string all;
    for (const std::string& word : words) {
        if (word.empty()) continue;
        if (!all.empty()) all += between;
        all += word;
    }
    return all;
}

}  // namespace st
