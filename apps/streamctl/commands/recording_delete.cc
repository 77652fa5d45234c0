/// recordings delete and recordings keep.
#include <iostream>
#include <string>
#include <vector>

#include "base/units.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/commands.h"
#include "streamctl/console/confirm.h"
#include "streamctl/console/table.h"
#include "streamctl/recordings/select.h"

namespace st::streamctl {
namespace {

/// Why a recording is not deleted; empty: it may be.
std::string spared_because(const control::Recording& recording) {
    if (recording.kept) return "is kept";
    if (has_ended(recording)) return {};
    return recording.state == control::RecordingState::recording ? "is still running"
                                                                 : "is still being finished";
}

std::string question_about(const std::vector<const Selected::Item*>& items, std::uint64_t bytes) {
    if (items.size() == 1) {
        return "Delete " + items.front()->recording.id + " (" + human_bytes(bytes) + ") for good?";
    }
    return "Delete these " + counted(items.size(), "recording") + " (" + human_bytes(bytes) +
           ") for good?";
}

}  // namespace

int run_delete(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    const Selected selected = select_recordings(client, options.recording_ids, options.recordings);
    for (const std::string& missing : selected.missing) console.trouble(missing);
    int exit_code = selected.missing.empty() ? cli::kDone : cli::kRefused;
    std::vector<const Selected::Item*> items;
    std::uint64_t bytes = 0;
    for (const Selected::Item& item : selected.items) {
        const std::string why = spared_because(item.recording);
        if (!why.empty() && !item.is_named) {
            console.note(item.recording.id + " " + why + ": left alone");
            continue;
        }
        // The server refuses what is named, and says why.
        if (!why.empty() && options.dry_run) {
            console.trouble(item.recording.id + " " + why + ": would be refused");
            exit_code = cli::kRefused;
            continue;
        }
        items.push_back(&item);
        bytes += item.recording.bytes;
    }
    if (items.empty()) {
        if (exit_code == cli::kDone) console.note("no recording to delete");
        return exit_code;
    }
    if (options.dry_run) {
        control::List list;
        for (const Selected::Item* item : items) {
            if (!console.json()) console.result(item->recording.id);
            list.items.push_back(item->json);
        }
        if (console.json()) console.body(control::encode(list));
        console.note("would delete " + counted(items.size(), "recording") + ", " +
                     human_bytes(bytes));
        return exit_code;
    }
    if (!options.is_confirmed) {
        need_somebody_to_ask();
        if (items.size() > 1) {
            for (const Selected::Item* item : items)
                std::cerr << printable(item->recording.id) << '\n';
        }
        if (!is_confirmed(question_about(items, bytes), interrupt)) {
            console.note("nothing was deleted");
            return cli::kRefused;
        }
    }
    for (const Selected::Item* item : items) {
        try {
            console.done(
                client.ask_as_client("recordings.delete", json::Object{{"id", item->recording.id}}),
                item->recording.id + ": deleted");
        } catch (const Refused& refused) {
            if (refused.exit_code() == cli::kNotAuthorised) throw;
            if (console.json()) console.body(refused.body());
            console.trouble(refused.what());
            exit_code = cli::kRefused;
        }
    }
    return exit_code;
}

int run_keep(const Options& options, ApiClient& client, Console& console) {
    const Selected selected = select_recordings(client, options.recording_ids, options.recordings);
    for (const std::string& missing : selected.missing) console.trouble(missing);
    int exit_code = selected.missing.empty() ? cli::kDone : cli::kRefused;
    for (const Selected::Item& item : selected.items) {
        try {
            console.done(
                client.ask_as_client("recordings.keep", json::Object{{"id", item.recording.id},
                                                                     {"keep", !options.release}}),
                item.recording.id + (options.release ? ": released" : ": kept"));
        } catch (const Refused& refused) {
            if (refused.exit_code() == cli::kNotAuthorised) throw;
            if (console.json()) console.body(refused.body());
            console.trouble(refused.what());
            exit_code = cli::kRefused;
        }
    }
    return exit_code;
}

}  // namespace st::streamctl
