#pragma once
/// Which recordings a command means: ids, patterns over them, and filters, in any mixture.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/recording.h"
#include "streamctl/client/api_client.h"

namespace st::streamctl {

/// Whether any of --camera, --take, --since, --until, --state was given.
bool has_filters(const control::RecordingQuery& query);

/// For who reads what Listed has although it is not all.
inline constexpr char kMayBeMore[] =
    "the server is still looking through its folder: there may be more recordings than these";

struct Listed {
    std::vector<std::string> items;  ///< newest first, each a JSON object
    bool is_all = true;
};

/// What the server knows now of what the query asks for, page by page.
Listed known_recordings(ApiClient& client, control::RecordingQuery query);

/// All that the query asks for. A server that is still looking through its folder is
/// asked again, for as long as the client is patient.
Listed all_recordings(ApiClient& client, const control::RecordingQuery& query);

/// Its files are finished, or nothing will become of them.
bool has_ended(const control::Recording& recording);
/// How long the server may be busy with so many bytes of recordings before anything is seen of it,
/// on a slow disk that others use as well.
milliseconds time_to_read(std::uint64_t bytes);
/// A recording by its id; nullopt: there is none, or it was deleted. Throws Failed.
std::optional<control::Recording> find_recording(ApiClient& client, const std::string& id);

struct Selected {
    struct Item {
        control::Recording recording;
        std::string json;
        bool is_named = false;  ///< by its id, not by a pattern or a filter
    };
    std::vector<Item> items;  ///< each once
    /// A sentence for each id and pattern that nothing matches, and for what is not known yet.
    std::vector<std::string> missing;
};

/// What `ids` (or patterns) that `query` lets pass name; all that it lets pass if there are none.
/// Throws Failed.
Selected select_recordings(ApiClient& client, const std::vector<std::string>& ids,
                           const control::RecordingQuery& query);

}  // namespace st::streamctl
