/// recordings and takes: what there is, a line each.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "base/when.h"
#include "control/glob.h"
#include "control/json.h"
#include "control/list.h"
#include "json/write.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/commands.h"
#include "streamctl/console/table.h"
#include "streamctl/recordings/select.h"

namespace st::streamctl {
namespace {

using control::Recording;
using control::RecordingState;

/// How much of a time is shown: all, or without year and offset.
enum class TimeForm { whole, without_offset, without_year };

std::string time_text(const std::string& rfc3339, TimeForm form) {
    const auto at = parse_rfc3339(rfc3339);
    if (!at) return printable(rfc3339);
    const std::string text = local_text(*at);  // 2026-01-31 09:15:30 +01:00
    switch (form) {
        case TimeForm::whole:
            return text;
        case TimeForm::without_offset:
            return text.substr(0, 19);
        case TimeForm::without_year:
            return text.substr(5, 11);
    }
    return text;
}

/// The first form with which `table_of(form)` fits the terminal without leaving anything out, else
/// the shortest.
template <class TableOf>
void print_fitting(TableOf table_of) {
    const std::size_t width = output_width();
    for (const TimeForm form :
         {TimeForm::whole, TimeForm::without_offset, TimeForm::without_year}) {
        const Table table = table_of(form);
        const bool is_last = form == TimeForm::without_year;
        if (width != 0 && table.width() > width && !is_last) continue;
        return table.print(std::cout, width);
    }
}

/// Of a take's name where the terminal is narrow.
constexpr std::size_t kTakeCutTo = 12;

std::string fps_text(double fps) { return fps > 0 ? fixed(fps, 2) : "-"; }

std::string state_text(const Recording& recording) {
    return std::string(to_text(recording.state)) + (recording.kept ? ", kept" : "");
}

void print_recordings(const std::vector<Recording>& recordings) {
    print_fitting([&](TimeForm form) {
        Table table({{"ID", false, 0, 0, true},
                     {"STARTED", false, 4},
                     {"CAMERA", false, 8},
                     {"TAKE", false, 2, kTakeCutTo},
                     {"PICTURES", true, 7},
                     {"FPS", true, 5},
                     {"DURATION", true, 3},
                     {"SIZE", true, 6},
                     {"LOST", true, 1},
                     {"STATE"}});
        for (const Recording& recording : recordings) {
            table.add({recording.id, time_text(recording.started_at, form), recording.camera,
                       recording.take.value_or("-"), std::to_string(recording.pictures),
                       fps_text(recording.fps), clock_text(recording.duration_ms),
                       human_bytes(recording.bytes), std::to_string(recording.seq_missing),
                       state_text(recording)});
        }
        return table;
    });
}

/// The recordings of one take, summed up.
struct TakeSum {
    std::string started_at;  ///< of the first
    std::set<std::string> cameras;
    std::size_t recordings = 0;
    std::uint64_t pictures = 0;
    std::uint64_t duration_ms = 0;  ///< of the longest
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    RecordingState state = RecordingState::done;  ///< of the one that most needs to be looked at
    std::optional<std::string> verdict;           ///< of take.json
    std::optional<std::int64_t> bound_us;         ///< of the camera whose times are known the least

    void add(const Recording& recording) {
        const auto urgency = [](RecordingState of) {
            switch (of) {
                case RecordingState::failed:
                    return 3;
                case RecordingState::recording:
                    return 2;
                case RecordingState::finalising:
                    return 1;
                case RecordingState::done:
                    break;
            }
            return 0;
        };
        started_at = recording.started_at;  // they come newest first
        cameras.insert(recording.camera);
        ++recordings;
        pictures += recording.pictures;
        duration_ms = std::max(duration_ms, recording.duration_ms);
        bytes += recording.bytes;
        lost += recording.seq_missing;
        if (urgency(recording.state) > urgency(state)) state = recording.state;
    }
};

using Takes = std::vector<std::pair<std::string, TakeSum>>;

Takes takes_of(const std::vector<Recording>& recordings) {
    Takes takes;
    std::map<std::string, std::size_t> places;
    for (const Recording& recording : recordings) {
        if (!recording.take) continue;
        const auto [place, is_new] = places.try_emplace(*recording.take, takes.size());
        if (is_new) takes.emplace_back(*recording.take, TakeSum{});
        takes[place->second].second.add(recording);
    }
    return takes;
}

void print_takes(const Takes& takes) {
    print_fitting([&](TimeForm form) {
        Table table({{"TAKE", false, 0, 0, true},
                     {"STARTED", false, 1},
                     {"CAMERAS", true, 5},
                     {"RECORDINGS", true, 6},
                     {"PICTURES", true, 7},
                     {"DURATION", true, 3},
                     {"SIZE", true, 4},
                     {"LOST", true, 2},
                     {"ERROR", true, 8},
                     {"VERDICT"},
                     {"STATE"}});
        for (const auto& [name, sum] : takes) {
            table.add(
                {name, time_text(sum.started_at, form), std::to_string(sum.cameras.size()),
                 std::to_string(sum.recordings), std::to_string(sum.pictures),
                 clock_text(sum.duration_ms), human_bytes(sum.bytes), std::to_string(sum.lost),
                 sum.bound_us ? "±" + fixed(static_cast<double>(*sum.bound_us) / 1000, 1) + " ms"
                              : "-",
                 sum.verdict.value_or("-"), std::string(to_text(sum.state))});
        }
        return table;
    });
}

/// What take.json says of them.
void add_verdicts(Takes& takes, ApiClient& client) {
    control::List list;
    std::string params;
    do {
        list = understood(control::decode_list(client.ask("takes.list", params)));
        for (const std::string& item : list.items) {
            const auto object = understood(control::parse_object(item, control::kReply));
            control::ObjectReader reader(object);
            std::string name;
            reader.read("take", name);
            const auto found = std::ranges::find(takes, name, &Takes::value_type::first);
            if (found == takes.end()) continue;
            reader.read("verdict", found->second.verdict);
            reader.read("bound_us", found->second.bound_us);
        }
        json::Object next;
        if (list.next) next.set("cursor", *list.next);
        params = json::write(next);
    } while (list.next);
}

std::string takes_json(const Takes& takes) {
    control::List list;
    for (const auto& [name, sum] : takes) {
        json::Array cameras;
        for (const std::string& camera : sum.cameras) cameras.emplace_back(camera);
        json::Object object;
        object.set("take", name);
        object.set("started_at", sum.started_at);
        object.set("cameras", cameras);
        object.set("recordings", sum.recordings);
        object.set("pictures", sum.pictures);
        object.set("duration_ms", sum.duration_ms);
        object.set("bytes", sum.bytes);
        object.set("seq_missing", sum.lost);
        object.set("state", std::string(to_text(sum.state)));
        object.set("verdict", sum.verdict);
        object.set("bound_us", sum.bound_us);
        list.items.push_back(json::write(object));
    }
    return control::encode(list);
}

std::vector<Recording> decoded(const std::vector<std::string>& items) {
    std::vector<Recording> recordings;
    recordings.reserve(items.size());
    for (const std::string& item : items) {
        recordings.push_back(understood(control::decode_recording(item)));
    }
    return recordings;
}

/// "3 recordings, 9.3 MB; times are local (+01:00)".
std::string summary(std::uint64_t count, const std::string& one, std::uint64_t bytes) {
    const std::string now = local_text(wall_us());
    const std::string sum = counted(count, one) + ", " + human_bytes(bytes);
    const std::string zone = "; times are local (" + now.substr(now.rfind(' ') + 1) + ")";
    const std::size_t width = output_width();
    return width != 0 && sum.size() + zone.size() > width ? sum : sum + zone;
}

}  // namespace

int run_recordings(const Options& options, ApiClient& client, Console& console) {
    if (options.recording_ids.size() == 1 && !control::is_pattern(options.recording_ids[0]) &&
        !has_filters(options.recordings)) {
        return run_recording(options.recording_ids[0], client, console);
    }
    const Selected selected = select_recordings(client, options.recording_ids, options.recordings);
    for (const std::string& missing : selected.missing) console.trouble(missing);
    const int exit_code = selected.missing.empty() ? cli::kDone : cli::kRefused;
    if (console.json()) {
        control::List all;
        for (const Selected::Item& item : selected.items) all.items.push_back(item.json);
        console.body(control::encode(all));
        return exit_code;
    }
    std::vector<Recording> recordings;
    std::uint64_t bytes = 0;
    for (const Selected::Item& item : selected.items) {
        recordings.push_back(item.recording);
        bytes += item.recording.bytes;
    }
    if (recordings.empty()) {
        if (selected.missing.empty()) console.note("no recordings");
        return exit_code;
    }
    print_recordings(recordings);
    console.result(summary(recordings.size(), "recording", bytes));
    return exit_code;
}

int run_takes(const Options& options, ApiClient& client, Console& console) {
    const Listed listed = all_recordings(client, options.recordings);
    if (!listed.is_all) console.trouble(kMayBeMore);
    const int exit_code = listed.is_all ? cli::kDone : cli::kRefused;
    auto takes = takes_of(decoded(listed.items));
    if (!takes.empty()) add_verdicts(takes, client);
    if (console.json()) {
        console.body(takes_json(takes));
        return exit_code;
    }
    if (takes.empty()) {
        console.note("no takes");
        return exit_code;
    }
    print_takes(takes);
    std::uint64_t bytes = 0;
    for (const auto& [name, sum] : takes) bytes += sum.bytes;
    console.result(summary(takes.size(), "take", bytes));
    return exit_code;
}

}  // namespace st::streamctl
