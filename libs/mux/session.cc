#include "mux/session.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace st::mux {
namespace {

constexpr std::size_t kSessionBytesMax = std::size_t{4} << 20;

std::string read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text(kSessionBytesMax, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

}  // namespace

SessionFacts read_session(const std::string& directory) {
    SessionFacts facts;
    for (const char* name : {"/stream.fdump", "/stream.h264"}) {
        if (facts.stream.empty() && ::access((directory + name).c_str(), F_OK) == 0)
            facts.stream = directory + name;
    }
    const std::string text = read_text(directory + "/session.json");
    if (text.empty()) return facts;
    try {
        Poco::JSON::Parser parser;
        const auto object = parser.parse(text).extract<Poco::JSON::Object::Ptr>();
        facts.camera = object->optValue<std::string>("camera", "");
        if (const auto clock = object->getObject("clock"); clock && clock->has("ping_us")) {
            const auto us = clock->optValue<Poco::Int64>("ping_us", 0);
            if (us > 0) facts.ping = std::chrono::microseconds(us);
        }
        facts.is_recording = object->optValue<std::string>("state", "") == "recording";
    } catch (const Poco::Exception&) {
        // Written by somebody else, or cut off: the stream does not need it.
    }
    return facts;
}

}  // namespace st::mux
