#include "streamctl/recordings/select.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>

#include "control/glob.h"
#include "control/list.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {

bool has_filters(const control::RecordingQuery& query) {
    return query.camera || query.take || query.since || query.until || query.state;
}

Listed known_recordings(ApiClient& client, control::RecordingQuery query) {
    Listed all;
    for (bool more = true; more;) {
        auto list = understood(control::decode_list(client.recordings(query)));
        all.is_all = all.is_all && !list.is_building;
        // A page that brings nothing new must not go round for ever.
        more = list.next && list.next != query.cursor && !list.items.empty();
        query.cursor = list.next;
        std::ranges::move(list.items, std::back_inserter(all.items));
    }
    return all;
}

Listed all_recordings(ApiClient& client, const control::RecordingQuery& query) {
    const auto deadline = std::chrono::steady_clock::now() + client.patience();
    for (;;) {
        // The server itself waits a moment before it answers with a part.
        Listed all = known_recordings(client, query);
        if (all.is_all || std::chrono::steady_clock::now() >= deadline) return all;
    }
}

bool has_ended(const control::Recording& recording) {
    return recording.state == control::RecordingState::done ||
           recording.state == control::RecordingState::failed;
}

milliseconds time_to_read(std::uint64_t bytes) {
    constexpr std::uint64_t kBytesPerMs = 4'000;
    return milliseconds(static_cast<std::int64_t>(bytes / kBytesPerMs));
}

std::optional<control::Recording> find_recording(ApiClient& client, const std::string& id) {
    try {
        return understood(
            control::decode_recording(client.ask("recordings.get", json::Object{{"id", id}})));
    } catch (const Refused& refused) {
        if (refused.code() != control::ErrorCode::not_found) throw;
        return std::nullopt;
    }
}

Selected select_recordings(ApiClient& client, const std::vector<std::string>& ids,
                           const control::RecordingQuery& query) {
    Selected selected;
    std::set<std::string> taken;
    bool is_all = true;
    const auto add = [&](const control::RecordingQuery& wanted, bool is_named) {
        bool found = false;
        Listed listed = all_recordings(client, wanted);
        is_all = is_all && listed.is_all;
        for (std::string& json : listed.items) {
            auto recording = understood(control::decode_recording(json));
            found = true;
            if (!taken.insert(recording.id).second) continue;
            selected.items.push_back({std::move(recording), std::move(json), is_named});
        }
        return found;
    };
    if (ids.empty()) add(query, false);
    for (const std::string& id : ids) {
        control::RecordingQuery wanted = query;
        wanted.id = id;
        const bool is_pattern = control::is_pattern(id);
        if (control::check_id_pattern(id) && add(wanted, !is_pattern)) continue;
        selected.missing.push_back(is_pattern ? "no recording matches " + id
                                              : "there is no recording " + id);
        if (has_filters(query)) selected.missing.back() += " that the filters let pass";
    }
    if (!is_all) selected.missing.emplace_back(kMayBeMore);
    return selected;
}

}  // namespace st::streamctl
