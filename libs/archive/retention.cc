#include "archive/retention.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "control/glob.h"

namespace st::archive {
namespace {

constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

std::int64_t us_of(std::chrono::milliseconds duration) { return duration.count() * 1000; }

}  // namespace

bool RetentionOptions::is_set() const {
    return all.is_set() || keep_free > 0 ||
           std::ranges::any_of(rules,
                               [](const RetentionRule& rule) { return rule.limits.is_set(); });
}

/// What a look at all of it needs to know.
struct Retention::Look {
    const RetentionOptions& options;
    std::int64_t now_us = 0;
    std::uint64_t all_bytes = 0;
    std::map<const RetentionRule*, std::uint64_t> rule_bytes;
    std::uint64_t free_bytes = kEndless;
    bool believes_clock = true;

    bool is_older(const RetentionLimits& limits, std::int64_t time_us) const {
        return believes_clock && limits.max_age.count() > 0 &&
               time_us < now_us - us_of(limits.max_age);
    }
    bool lacks_room() const { return free_bytes < options.keep_free; }
    bool is_over(const RetentionLimits& limits, std::uint64_t bytes) const {
        return limits.max_bytes > 0 && bytes > limits.max_bytes;
    }
    /// Whether something that began at that time may have to go.
    bool goes_on(std::int64_t start_us) const {
        if (lacks_room() || is_over(options.all, all_bytes)) return true;
        if (is_older(options.all, start_us)) return true;
        return std::ranges::any_of(options.rules, [&](const RetentionRule& rule) {
            const auto bytes = rule_bytes.find(&rule);
            return is_older(rule.limits, start_us) ||
                   (bytes != rule_bytes.end() && is_over(rule.limits, bytes->second));
        });
    }
    void count_deleted(const RetentionRule* rule, std::uint64_t bytes) {
        all_bytes -= std::min(all_bytes, bytes);
        std::uint64_t& of_rule = rule_bytes[rule];
        of_rule -= std::min(of_rule, bytes);
    }
};

Retention::Retention(const Current<RetentionOptions>& options, Catalogue& catalogue,
                     std::function<std::uint64_t()> free_bytes, Tell tell, Log log,
                     std::size_t looked_at_max)
    : options_(options),
      catalogue_(catalogue),
      free_bytes_(std::move(free_bytes)),
      tell_(std::move(tell)),
      log_(std::move(log)),
      looked_at_max_(looked_at_max) {}

const RetentionRule* Retention::rule_of(const RetentionOptions& options,
                                        const std::string& stream) const {
    const std::string_view name = std::string_view(stream).substr(stream.starts_with('/') ? 1 : 0);
    for (const RetentionRule& rule : options.rules) {
        if (control::glob_match(rule.match, name)) return &rule;
    }
    return nullptr;
}

/// "": it stays.
std::string Retention::reason_for(const Look& look, const OldestItem& item) const {
    const RetentionRule* rule = rule_of(look.options, item.stream);
    // A pattern that names an age of its own means that one.
    const bool has_age = rule != nullptr && rule->limits.max_age.count() > 0;
    if (look.is_older(has_age ? rule->limits : look.options.all, item.end_us)) return "age";
    if (look.is_over(look.options.all, look.all_bytes)) return "bytes";
    const auto bytes = look.rule_bytes.find(rule);
    if (rule != nullptr && bytes != look.rule_bytes.end() &&
        look.is_over(rule->limits, bytes->second)) {
        return "bytes";
    }
    return look.lacks_room() ? "free" : "";
}

/// Of the disk's room, what is to come yet.
std::uint64_t Retention::owed_bytes(std::int64_t now_us) {
    std::erase_if(owed_, [&](const Owed& one) {
        return one.since_us > now_us || now_us - one.since_us > kOwedForUs;
    });
    std::uint64_t bytes = 0;
    for (const Owed& one : owed_) bytes += one.bytes;
    return bytes;
}

void Retention::note_owed(std::int64_t now_us, std::uint64_t bytes) {
    if (owed_.empty() || owed_.back().since_us != now_us) owed_.push_back({now_us, 0});
    owed_.back().bytes += bytes;
}

void Retention::note_given(std::uint64_t bytes) {
    while (bytes > 0 && !owed_.empty()) {
        const std::uint64_t given = std::min(bytes, owed_.front().bytes);
        owed_.front().bytes -= given;
        bytes -= given;
        if (owed_.front().bytes == 0) owed_.erase(owed_.begin());
    }
}

/// What is free, and what the disk will give back yet. What is free more than when it was asked
/// last, and what was stored since, it has given back.
void Retention::look_at_room(Look& look) {
    if (look.options.keep_free == 0) {
        owed_.clear();
        seen_.reset();
        return;
    }
    const std::uint64_t free = free_bytes_();
    if (seen_) {
        const std::uint64_t stored = look.all_bytes - std::min(look.all_bytes, seen_->stored_bytes);
        const std::uint64_t found = free + std::min(stored, kEndless - free);
        note_given(found - std::min(found, seen_->free_bytes));
    }
    seen_ = Seen{free, look.all_bytes};
    look.free_bytes = free + std::min(kEndless - free, owed_bytes(look.now_us));
}

Retention::Removal Retention::remove(const OldestItem& item) {
    // Another recording of it may have been kept since.
    if (item.take && catalogue_.is_kept_take(*item.take)) return Removal::refused;
    const auto removed = item.recording.empty() ? catalogue_.remove_segment(item.file)
                                                : catalogue_.remove(item.recording);
    if (removed) {
        undeletable_.note_deleted();
        return Removal::done;
    }
    if (removed.error().code == 404) return Removal::was_gone;
    // Somebody keeps it, or writes to it, since the catalogue was asked.
    if (removed.error().code == 409) return Removal::refused;
    return undeletable_.add(item.folder(), item.name(), removed.error()) ? Removal::refused
                                                                         : Removal::all_refused;
}

bool Retention::believes_clock(const RetentionOptions& options, std::int64_t now_us,
                               std::int64_t boot_us) {
    const auto has_age = [](const RetentionLimits& limits) { return limits.max_age.count() > 0; };
    const bool asks_for_age =
        has_age(options.all) || std::ranges::any_of(options.rules, [&](const RetentionRule& rule) {
            return has_age(rule.limits);
        });
    // Also while nobody asks: to know when it was set.
    const std::string doubt =
        clock_.doubt(now_us, boot_us, asks_for_age ? catalogue_.newest_us() : std::nullopt);
    const std::string told = std::exchange(doubt_, asks_for_age ? doubt : "");
    if (!doubt_.empty() && doubt_ != told) {
        log_.warning(doubt_);
        if (tell_.doubts_clock) tell_.doubts_clock(doubt_);
    }
    return doubt.empty();
}

void Retention::look(std::int64_t now_us, std::int64_t boot_us) {
    const std::shared_ptr<const RetentionOptions> options = options_.get();
    const bool is_believed = believes_clock(*options, now_us, boot_us);
    if (!options->is_set() || catalogue_.is_building()) return;
    Look look{*options, now_us, 0, {}};
    look.believes_clock = is_believed;
    for (const auto& [stream, bytes] : catalogue_.bytes_by_stream()) {
        look.all_bytes += bytes;
        look.rule_bytes[rule_of(*options, stream)] += bytes;
    }
    const auto kept_takes = catalogue_.kept_takes();
    if (!kept_takes) return;  // nobody knows what must stay
    look_at_room(look);
    Oldest oldest(catalogue_, *kept_takes, std::exchange(from_, {}));
    undeletable_.begin_look(boot_us);
    if (!delete_due(look, oldest)) from_ = oldest.place();
    for (const std::string& refused : undeletable_.end_look()) log_.warning(refused);
}

/// False: there may be more behind the place of `oldest`.
bool Retention::delete_due(Look& look, Oldest& oldest) {
    for (std::size_t looked_at = 0; looked_at < looked_at_max_; ++looked_at) {
        if (stop_.stop_requested()) return true;
        const std::optional<OldestItem> item = oldest.next();
        if (!item || !look.goes_on(item->start_us)) return true;
        if (item->is_protected) continue;
        const std::string reason = reason_for(look, *item);
        if (reason.empty() || undeletable_.leaves_alone(item->folder(), item->name())) continue;
        const Removal removal = remove(*item);
        if (removal == Removal::all_refused) return false;
        if (removal == Removal::refused) continue;
        // The catalogue may know late what is gone, so that it would be counted again and again.
        look.count_deleted(rule_of(look.options, item->stream), item->bytes);
        if (removal == Removal::was_gone) continue;
        tell_.deleted({item->recording, item->file, item->stream, reason, item->bytes});
        if (look.options.keep_free > 0) note_owed(look.now_us, item->bytes);
        look_at_room(look);
    }
    return false;
}

}  // namespace st::archive
