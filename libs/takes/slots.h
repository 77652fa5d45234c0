#pragma once
/// Pictures on a grid of even times: which one each slot shows, and how far off that is. Pure.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace st::takes {

/// A run of pictures without a gap that means anything: one recording.
struct Shown {
    std::vector<std::size_t> pictures;  ///< their numbers, rising
    std::vector<std::int64_t> at_us;    ///< when each was taken, rising
    std::int64_t duration_us = 0;       ///< of the last one
};

/// Those that cannot be decoded are as good as lost: leaves only those with `decodes[number]`.
void leave_decodable(Shown& run, const std::vector<bool>& decodes);
/// "; 29 pictures cannot be decoded as taken, and count as lost"; empty: none.
std::string undecodable_text(std::size_t pictures);

struct Slot {
    std::int64_t t_us = 0;
    std::optional<std::size_t> picture;  ///< nullopt: the camera has nothing then
    std::int64_t error_us = 0;           ///< when it was taken, after t_us
};

struct Grid {
    std::int64_t begin_us = 0;
    std::size_t slots = 0;
    double rate = 0;  ///< slots a second

    std::int64_t t_us(std::size_t slot) const;
};
constexpr std::size_t kSlotsMax = 10'000'000;

/// From the first picture of all to the end of the last one. No slots if there are no pictures, or
/// they would be more than kSlotsMax.
Grid grid_over(std::span<const Shown> runs, double rate);

/// The picture nearest in time, wherever a run or half a slot around it is. `runs` rise.
std::vector<Slot> fill(const Grid& grid, std::span<const Shown> runs);

struct SlotErrors {
    std::int64_t worst_us = 0;
    std::int64_t p95_us = 0;
    std::size_t empty = 0;  ///< slots without a picture
};
SlotErrors errors_of(std::span<const Slot> slots);

/// slot,t_us,picture,error_us
std::string to_csv(std::span<const Slot> slots);

}  // namespace st::takes
