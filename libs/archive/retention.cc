#include "archive/retention.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "control/glob.h"

namespace st::archive {
namespace {

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
    std::uint64_t free_bytes = std::numeric_limits<std::uint64_t>::max();

    bool lacks_room() const { return free_bytes < options.keep_free; }
    bool is_over(const RetentionLimits& limits, std::uint64_t bytes) const {
        return limits.max_bytes > 0 && bytes > limits.max_bytes;
    }
    /// Whether something that began at that time may have to go.
    bool goes_on(std::int64_t start_us) const {
        if (lacks_room() || is_over(options.all, all_bytes)) return true;
        const auto is_old = [&](const RetentionLimits& limits) {
            return limits.max_age.count() > 0 && start_us < now_us - us_of(limits.max_age);
        };
        if (is_old(options.all)) return true;
        return std::ranges::any_of(options.rules, [&](const RetentionRule& rule) {
            const auto bytes = rule_bytes.find(&rule);
            return is_old(rule.limits) ||
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
                     std::function<std::uint64_t()> free_bytes,
                     std::function<void(const Deleted&)> on_deleted, Log log,
                     std::size_t looked_at_max)
    : options_(options),
      catalogue_(catalogue),
      free_bytes_(std::move(free_bytes)),
      on_deleted_(std::move(on_deleted)),
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
    const auto is_old = [&](const RetentionLimits& limits) {
        return limits.max_age.count() > 0 && item.end_us < look.now_us - us_of(limits.max_age);
    };
    // A pattern that names an age of its own means that one.
    const bool has_age = rule != nullptr && rule->limits.max_age.count() > 0;
    if (is_old(has_age ? rule->limits : look.options.all)) return "age";
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

bool Retention::remove(const OldestItem& item) {
    if (item.take) {
        // Another recording of it may have been kept since.
        const auto kept = catalogue_.kept_takes();
        if (!kept || kept->contains(*item.take)) return false;
    }
    const auto removed = item.recording.empty() ? catalogue_.remove_segment(item.file)
                                                : catalogue_.remove(item.recording);
    // Somebody keeps it, or writes to it, since the catalogue was asked.
    if (!removed && removed.error().code != 409 && removed.error().code != 404) {
        log_.warning(removed.error().message);
    }
    return removed.ok();
}

void Retention::look(std::int64_t now_us) {
    const std::shared_ptr<const RetentionOptions> options = options_.get();
    if (!options->is_set() || catalogue_.is_building()) return;
    Look look{*options, now_us, 0, {}};
    for (const auto& [stream, bytes] : catalogue_.bytes_by_stream()) {
        look.all_bytes += bytes;
        look.rule_bytes[rule_of(*options, stream)] += bytes;
    }
    const auto kept_takes = catalogue_.kept_takes();
    if (!kept_takes) return;  // nobody knows what must stay
    const auto look_at_room = [&] {
        if (options->keep_free == 0) return;
        const std::uint64_t free = free_bytes_();
        const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - free;
        look.free_bytes = free + std::min(room, owed_bytes(now_us));
    };
    look_at_room();
    Oldest oldest(catalogue_, *kept_takes, std::exchange(from_, {}));
    for (std::size_t looked_at = 0; looked_at < looked_at_max_; ++looked_at) {
        const std::optional<OldestItem> item = oldest.next();
        if (!item || !look.goes_on(item->start_us)) return;
        if (item->is_protected) continue;
        const std::string reason = reason_for(look, *item);
        if (reason.empty()) continue;
        const std::uint64_t before = options->keep_free > 0 ? free_bytes_() : 0;
        if (!remove(*item)) continue;
        look.count_deleted(rule_of(*options, item->stream), item->bytes);
        on_deleted_({item->recording, item->file, item->stream, reason, item->bytes});
        if (options->keep_free == 0) continue;
        const std::uint64_t after = free_bytes_();
        const std::uint64_t given = after - std::min(after, before);
        if (given < item->bytes) note_owed(now_us, item->bytes - given);
        look_at_room();
    }
    from_ = oldest.place();
}

}  // namespace st::archive
