#pragma once
/// Reads back what the library wrote, with no code of its own.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace st::mp4::read_back {

struct Found {
    std::string type;
    std::size_t at;  ///< of its size field, in the whole file
    Bytes body;      ///< behind the type (and the 64-bit size)
};

/// The boxes that fill `bytes`, which begin at `at` of the file. Fails the test if they do not.
inline std::vector<Found> boxes(Bytes bytes, std::size_t at = 0) {
    std::vector<Found> out;
    while (!bytes.empty()) {
        if (bytes.size() < 8) {
            ADD_FAILURE() << "half a box at " << at;
            break;
        }
        std::uint64_t size = load_be32(bytes.data());
        std::size_t head = 8;
        if (size == 1 && bytes.size() >= 16) {
            size = load_be64(bytes.data() + 8);
            head = 16;
        }
        if (size < head || size > bytes.size()) {
            ADD_FAILURE() << "a box of " << size << " bytes at " << at;
            break;
        }
        out.push_back({std::string(bytes.begin() + 4, bytes.begin() + 8), at,
                       bytes.subspan(head, static_cast<std::size_t>(size) - head)});
        bytes = bytes.subspan(static_cast<std::size_t>(size));
        at += static_cast<std::size_t>(size);
    }
    return out;
}

inline std::vector<std::string> types(Bytes bytes) {
    std::vector<std::string> out;
    for (const Found& box : boxes(bytes)) out.push_back(box.type);
    return out;
}

/// The body of the box at the end of this way down; empty (and a failure) if there is none.
inline Bytes find(Bytes bytes, const std::vector<std::string>& way, bool must = true) {
    for (const std::string& type : way) {
        bool found = false;
        for (const Found& box : boxes(bytes)) {
            if (box.type != type) continue;
            bytes = box.body;
            found = true;
            break;
        }
        if (!found) {
            if (must) ADD_FAILURE() << "no " << type;
            return {};
        }
    }
    return bytes;
}

/// 32-bit fields of a full box behind version and flags.
inline std::vector<std::uint32_t> fields(Bytes full_box, std::size_t skip = 4) {
    std::vector<std::uint32_t> out;
    for (std::size_t at = skip; at + 4 <= full_box.size(); at += 4) {
        out.push_back(load_be32(full_box.data() + at));
    }
    return out;
}

}  // namespace st::mp4::read_back
