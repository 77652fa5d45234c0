// Any line of a hook journal: it is refused, or survives writing and reading unchanged.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "notify/journal_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace st::notify;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto record = decode_journal_record(text);
    if (!record) return 0;
    std::string line = encode(*record);
    line.pop_back();
    // Escapes may make it longer than a line can be.
    if (line.size() > kJournalLineMax) return 0;
    const auto back = decode_journal_record(line);
    if (line.find('\n') != std::string::npos || !back || *back != *record) std::abort();
    return 0;
}
