#include "streamd/shutdown_words.h"

#include "base/units.h"

namespace st::streamd {

std::string words_of_left(std::size_t recordings, std::uint64_t queued_bytes) {
    if (recordings == 0 && queued_bytes == 0) return "";
    const std::string count = std::to_string(recordings) + " recordings are ";
    if (queued_bytes == 0) {
        return count + "complete on disk; the next start makes their MP4s";
    }
    return (recordings == 0 ? "" : count + "left to the next start; ") + human_bytes(queued_bytes) +
           " of what was received are not written yet: the disk is too slow, or does not answer";
}

std::string words_of_exit(std::uint64_t queued_bytes) {
    if (queued_bytes == 0) {
        return "threads still wait for a disk that does not answer: ending without them";
    }
    return "threads still wait for a disk that is too slow, or does not answer: ending without "
           "them; up to " +
           human_bytes(queued_bytes) + " of recordings were not written, and are lost";
}

}  // namespace st::streamd
