#include "record/session_facts.h"

#include <unistd.h>

#include <fstream>

#include "base/read_text.h"
#include "json/read.h"
#include "mux/picture_table.h"
#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

/// Of a table that was moved to the zero of its take: that is where session.json has the first
/// picture, less where the table has it.
std::optional<mux::TakeZero> zero_of(const std::string& table, const json::Object& session) {
    const json::Object* const times = session["times"].object();
    const auto first_us = times != nullptr ? (*times)["first_us"].integer() : std::nullopt;
    if (session["take"].text_or_empty().empty() || !first_us) return std::nullopt;
    std::ifstream in(table, std::ios::binary);
    std::string header;
    std::string first;
    if (!std::getline(in, header) || !std::getline(in, first)) return std::nullopt;
    const auto read = mux::read_picture_table(header + '\n' + first + '\n');
    if (!read || read->rows.empty()) return std::nullopt;
    const mux::PictureRow& row = read->rows.front();
    if (!row.take_us || !row.wall_us) return std::nullopt;
    return mux::TakeZero{*first_us - *row.take_us, *row.wall_us - *row.take_us};
}

}  // namespace

SessionFacts read_session_facts(const std::string& directory) {
    SessionFacts facts;
    for (const char* name : {kDumpName, kH264Name}) {
        const std::string path = directory + "/" + name;
        if (facts.stream.empty() && ::access(path.c_str(), F_OK) == 0) facts.stream = path;
    }
    const std::string table = directory + "/" + kPicturesName;
    if (::access(table.c_str(), F_OK) == 0) facts.table = table;
    const auto text = read_text(directory + "/" + kSessionName, kSessionJsonBytesMax);
    if (!text) return facts;
    const auto stored = json::read(*text, {kSessionJsonBytesMax, kSessionJsonDepthMax});
    // Written by another program, or cut off: the stream does not need it.
    if (!stored || stored->object() == nullptr) return facts;
    const json::Object& session = *stored->object();
    facts.camera = session["camera"].text_or_empty();
    facts.is_recording = session["state"] == json::Value("recording");
    facts.take_zero = zero_of(facts.table, session);
    // Nobody chose that it has none.
    if (session["state"] == json::Value("failed")) facts.table = table;
    if (const json::Object* const clock = session["clock"].object()) {
        const auto us = (*clock)["ping_us"].integer();
        if (us && *us > 0) facts.ping = std::chrono::microseconds(*us);
    }
    return facts;
}

}  // namespace st::record
