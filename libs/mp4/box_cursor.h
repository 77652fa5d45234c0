#pragma once
/// Boxes in memory, read (ISO/IEC 14496-12, 4.2). Pure; of hostile bytes too.
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"

namespace st::mp4 {

/// Borrowed from what it was found in.
struct BoxSpan {
    std::string_view type;
    Bytes whole;
    Bytes body;  ///< behind size and type
};

/// Walks the boxes of a body; of sizes of 32 bits, as all boxes but mdat have them.
class BoxCursor {
 public:
    explicit BoxCursor(Bytes bytes) : left_(bytes) {}

    /// False: no whole box follows.
    bool next(BoxSpan& box) {
        constexpr std::size_t kHead = 8;
        if (left_.size() < kHead) return false;
        const std::size_t bytes = load_be32(left_.data());
        if (bytes < kHead || bytes > left_.size()) return false;
        box = {as_text(left_.subspan(4, 4)), left_.first(bytes),
               left_.subspan(kHead, bytes - kHead)};
        left_ = left_.subspan(bytes);
        return true;
    }

 private:
    Bytes left_;
};

/// The body of the first box at the end of this way down; empty if there is none.
inline Bytes find_box(Bytes body, std::initializer_list<std::string_view> way) {
    for (const std::string_view type : way) {
        BoxCursor cursor(body);
        body = {};
        for (BoxSpan box; cursor.next(box);) {
            if (box.type != type) continue;
            body = box.body;
            break;
        }
    }
    return body;
}

}  // namespace st::mp4
