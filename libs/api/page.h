#pragma once
/// A page of a list that is held in memory: items in the order of their keys, `cursor` the key of
/// the last one on the page before. Without `limit` all of them. Any thread.
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "control/list.h"
#include "control/operations.h"

namespace st::api {

class Page {
 public:
    explicit Page(const control::Call& call) {
        if (const std::string* cursor = call.find("cursor")) after_ = *cursor;
        // Checked when the call was read.
        if (const std::string* limit = call.find("limit")) limit_ = std::stoull(*limit);
    }

    /// In the order of the keys. `encoded`: makes the item's JSON, if it is wanted.
    template <class Encoded>
    void add(const std::string& key, Encoded encoded) {
        if (key <= after_ || list_.next) return;
        if (list_.items.size() == limit_) {
            list_.next = last_;
            return;
        }
        list_.items.push_back(encoded());
        last_ = key;
    }

    void set_building(bool is_building) { list_.is_building = is_building; }

    std::string encode() const { return control::encode(list_); }

 private:
    control::List list_;
    std::string after_;
    std::string last_;
    std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace st::api
