#pragma once
#include "mp4/boxes.h"

namespace st::mp4 {

/// Runs of equal values as (count, value) pairs, as stts and ctts have them.
class Runs {
 public:
    explicit Runs(Boxes& out) : out_(out), count_at_(out.position()) { out_.u32(0); }
    void add(std::uint32_t value) {
        if (length_ > 0 && value != value_) end_run();
        value_ = value;
        ++length_;
    }
    void end() {
        if (length_ > 0) end_run();
        out_.patch_u32(count_at_, runs_);
    }

 private:
    void end_run() {
        out_.u32(length_);
        out_.u32(value_);
        length_ = 0;
        ++runs_;
    }
    Boxes& out_;
    const std::uint64_t count_at_;
    std::uint32_t value_ = 0;
    std::uint64_t length_ = 0;
    std::uint64_t runs_ = 0;
};

}  // namespace st::mp4
