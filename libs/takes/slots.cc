#include "takes/slots.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace st::takes {
namespace {

/// A run's pictures may stand for slots a little outside of it.
bool has_slot(const Shown& run, std::int64_t t_us, double half_us) {
    if (run.at_us.empty()) return false;
    const auto t = static_cast<double>(t_us);
    const auto end = static_cast<double>(run.at_us.back() + run.duration_us);
    return t >= static_cast<double>(run.at_us.front()) - half_us &&
           t < std::max(end, static_cast<double>(run.at_us.back()) + half_us);
}

std::size_t nearest(const Shown& run, std::int64_t t_us) {
    const auto behind = std::ranges::lower_bound(run.at_us, t_us);
    if (behind == run.at_us.end()) return run.at_us.size() - 1;
    const auto place = static_cast<std::size_t>(behind - run.at_us.begin());
    if (place == 0) return 0;
    return t_us - run.at_us[place - 1] <= *behind - t_us ? place - 1 : place;
}

}  // namespace

void leave_decodable(Shown& run, const std::vector<bool>& decodes) {
    Shown left;
    for (std::size_t i = 0; i < run.pictures.size(); ++i) {
        if (!decodes[run.pictures[i]]) continue;
        left.pictures.push_back(run.pictures[i]);
        left.at_us.push_back(run.at_us[i]);
        const bool is_last = i + 1 == run.at_us.size();
        left.duration_us = is_last ? run.duration_us : run.at_us[i + 1] - run.at_us[i];
    }
    run = std::move(left);
}

std::string undecodable_text(std::size_t pictures) {
    if (pictures == 0) return "";
    return "; " + std::to_string(pictures) + (pictures == 1 ? " picture" : " pictures") +
           " cannot be decoded as taken, and " + (pictures == 1 ? "counts" : "count") + " as lost";
}

std::int64_t Grid::t_us(std::size_t slot) const {
    return begin_us + std::llround(static_cast<double>(slot) * 1e6 / rate);
}

Grid grid_over(std::span<const Shown> runs, double rate) {
    Grid grid;
    grid.rate = rate;
    bool has_any = false;
    std::int64_t end_us = 0;
    for (const Shown& run : runs) {
        if (run.at_us.empty()) continue;
        const std::int64_t end = run.at_us.back() + run.duration_us;
        grid.begin_us = has_any ? std::min(grid.begin_us, run.at_us.front()) : run.at_us.front();
        end_us = has_any ? std::max(end_us, end) : end;
        has_any = true;
    }
    if (!has_any) return grid;
    const double slots = std::ceil(static_cast<double>(end_us - grid.begin_us) * rate / 1e6 - 1e-6);
    if (slots <= static_cast<double>(kSlotsMax))
        grid.slots = std::max<std::size_t>(1, static_cast<std::size_t>(slots));
    return grid;
}

std::vector<Slot> fill(const Grid& grid, std::span<const Shown> runs) {
    const double half_us = 0.5e6 / grid.rate;
    std::vector<Slot> out(grid.slots);
    std::size_t least = 0;  // pictures never go back, also where two runs meet
    for (std::size_t i = 0; i < grid.slots; ++i) {
        Slot& slot = out[i];
        slot.t_us = grid.t_us(i);
        const bool has_any = std::ranges::any_of(
            runs, [&](const Shown& run) { return has_slot(run, slot.t_us, half_us); });
        if (!has_any) continue;
        for (const Shown& run : runs) {
            if (run.at_us.empty()) continue;
            const std::size_t place = nearest(run, slot.t_us);
            const std::size_t picture = run.pictures[place];
            const std::int64_t error_us = run.at_us[place] - slot.t_us;
            const bool is_nearer = !slot.picture || std::abs(error_us) < std::abs(slot.error_us);
            if (picture < least || !is_nearer) continue;
            slot.picture = picture;
            slot.error_us = error_us;
        }
        least = slot.picture.value_or(least);
    }
    return out;
}

SlotErrors errors_of(std::span<const Slot> slots) {
    SlotErrors out;
    std::vector<std::int64_t> errors;
    for (const Slot& slot : slots) {
        slot.picture ? errors.push_back(std::abs(slot.error_us)) : void(++out.empty);
    }
    if (errors.empty()) return out;
    out.worst_us = std::ranges::max(errors);
    const auto rank = static_cast<std::ptrdiff_t>((errors.size() * 95 + 99) / 100 - 1);
    std::ranges::nth_element(errors, errors.begin() + rank);
    out.p95_us = errors[static_cast<std::size_t>(rank)];
    return out;
}

std::string to_csv(std::span<const Slot> slots) {
    std::string out = "slot,t_us,picture,error_us\n";
    for (std::size_t i = 0; i < slots.size(); ++i) {
        out += std::to_string(i) + "," + std::to_string(slots[i].t_us) + ",";
        if (slots[i].picture)
            out += std::to_string(*slots[i].picture) + "," + std::to_string(slots[i].error_us);
        else
            out += ",";
        out += "\n";
    }
    return out;
}

}  // namespace st::takes
