#pragma once
/// Which recordings a command means: ids, patterns over them, and filters, in any mixture.
#include <string>
#include <vector>

#include "control/recording.h"
#include "streamctl/client/api_client.h"

namespace st::streamctl {

/// Whether any of --camera, --take, --since, --until, --state was given.
bool has_filters(const control::RecordingQuery& query);

/// All that the query asks for, page by page, newest first, each a JSON object.
std::vector<std::string> all_recordings(ApiClient& client, control::RecordingQuery query);

struct Selected {
    struct Item {
        control::Recording recording;
        std::string json;
        bool is_named = false;  ///< by its id, not by a pattern or a filter
    };
    std::vector<Item> items;           ///< each once
    std::vector<std::string> missing;  ///< a sentence for each id and pattern that nothing matches
};

/// What `ids` (or patterns) that `query` lets pass name; all that it lets pass if there are none.
/// Throws Failed.
Selected select_recordings(ApiClient& client, const std::vector<std::string>& ids,
                           const control::RecordingQuery& query);

}  // namespace st::streamctl
