/// Segments of live streams as a crash, a disk or somebody else may have left them: any bytes are
/// finished or refused; what was finished is so for good, and can be walked box by box.
#include <cstdlib>

#include "../mp4/memory_segment_file.h"
#include "mp4/segment_finish.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    st::mp4::MemorySegmentFile file(st::Bytes(data, size));
    const auto facts = st::mp4::finish_segment(file);
    if (!facts || !*facts) return 0;
    const auto bytes = file.bytes();
    const auto again = st::mp4::finish_segment(file);
    if (!again || !*again || !(*again)->was_finished || file.bytes() != bytes) std::abort();
    const auto head = st::mp4::parse_segment_head(bytes);
    if (!head || !head->is_finished) std::abort();
    return 0;
}
