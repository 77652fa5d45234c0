#include "record/session_facts.h"

#include <unistd.h>

#include <fstream>

#include "json/read.h"
#include "record/folder.h"
#include "record/session_json.h"

namespace st::record {
namespace {

std::string read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text(kSessionJsonBytesMax, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

}  // namespace

SessionFacts read_session_facts(const std::string& directory) {
    SessionFacts facts;
    for (const char* name : {kDumpName, kH264Name}) {
        const std::string path = directory + "/" + name;
        if (facts.stream.empty() && ::access(path.c_str(), F_OK) == 0) facts.stream = path;
    }
    if (const std::string path = directory + "/" + kPicturesName; ::access(path.c_str(), F_OK) == 0)
        facts.table = path;
    const auto stored = json::read(read_text(directory + "/" + kSessionName),
                                   {kSessionJsonBytesMax, kSessionJsonDepthMax});
    // Written by another program, or cut off: the stream does not need it.
    if (!stored || stored->object() == nullptr) return facts;
    const json::Object& session = *stored->object();
    facts.camera = session["camera"].text_or_empty();
    facts.is_recording = session["state"] == json::Value("recording");
    if (const json::Object* const clock = session["clock"].object()) {
        const auto us = (*clock)["ping_us"].integer();
        if (us && *us > 0) facts.ping = std::chrono::microseconds(*us);
    }
    return facts;
}

}  // namespace st::record
