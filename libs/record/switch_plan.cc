#include "record/switch_plan.h"

#include <algorithm>

namespace st::record {

bool SwitchPlan::wants_switch(Place next, std::uint64_t bytes, const media::NalPeek& peek) const {
    if (bytes_max_ == 0 || !key_) return false;
    if (entries_.begins(peek)) {
        const std::uint64_t group = std::max(group_bytes_max_, next.at - key_->at);
        return next.at + group + group / 4 > bytes_max_;
    }
    return next.at + bytes > bytes_max_ && takes_along_from(peek).has_value();
}

std::optional<SwitchPlan::Place> SwitchPlan::takes_along_from(const media::NalPeek& peek) const {
    const std::optional<Place>& from = entries_.begins(peek) ? configuration_ : key_;
    // From the first message on the next file would be this one again.
    return from && from->at > first_->at ? from : std::nullopt;
}

void SwitchPlan::note(Place place, const media::NalPeek& peek) {
    if (!first_) first_ = place;
    const bool begins = entries_.begins(peek);
    entries_.note(peek);
    if (!peek.vcl) {
        if (!configuration_) configuration_ = place;
        return;
    }
    if (begins) {
        const Place begin = configuration_.value_or(place);
        if (key_) group_bytes_max_ = std::max(group_bytes_max_, begin.at - key_->at);
        key_ = begin;
    }
    configuration_.reset();
}

}  // namespace st::record
