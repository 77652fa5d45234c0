#include "flv/metadata.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace st::flv {
namespace {

constexpr double kAvcCodecId = 7;
constexpr double kAacCodecId = 10;
constexpr std::array<std::string_view, 5> kOfFiles = {"hasAudio", "hasVideo", "duration",
                                                      "filesize", "keyframes"};

void add_facts(AmfObject& object, const StreamFacts& facts) {
    const auto fill = [&](std::string_view name, AmfValue value) {
        object.set(name, std::move(value));
    };
    if (facts.width != 0 && facts.height != 0) {
        fill("width", static_cast<double>(facts.width));
        fill("height", static_cast<double>(facts.height));
    }
    if (facts.fps > 0) fill("framerate", facts.fps);
    if (facts.is_h264) fill("videocodecid", kAvcCodecId);
    if (facts.is_aac) fill("audiocodecid", kAacCodecId);
    if (facts.audio_sample_rate != 0) {
        fill("audiosamplerate", static_cast<double>(facts.audio_sample_rate));
        fill("audiosamplesize", 16.0);
    }
    if (facts.audio_channels != 0) fill("stereo", facts.audio_channels > 1);
    if (!facts.encoder.empty()) fill("encoder", facts.encoder);
}

Buffer encode(const AmfObject& object) { return encode_amf0("onMetaData", object); }

}  // namespace

Buffer build_metadata(const StreamFacts& facts) {
    AmfObject object;
    object.kind = AmfObject::Kind::ecma_array;
    if (facts.has_video) object.add("hasVideo", *facts.has_video);
    if (facts.has_audio) object.add("hasAudio", *facts.has_audio);
    add_facts(object, facts);
    if (facts.duration_s > 0) object.add("duration", facts.duration_s);
    if (facts.has_file_size) object.add("filesize", 0.0);
    return encode(object);
}

std::optional<std::size_t> file_size_at(Bytes payload) {
    constexpr std::string_view kName = "filesize";
    const std::string_view text = as_text(payload);
    const std::size_t name = text.find(kName);
    if (name == std::string_view::npos) return std::nullopt;
    return name + kName.size() + 1;  // behind the marker of a number
}

Buffer metadata_for_live(Buffer payload) {
    Result<AmfObject> object = parse_metadata(payload.bytes());
    if (!object) return payload;
    const auto is_untrue = [](const auto& member) {
        return std::find(kOfFiles.begin(), kOfFiles.end(), member.first) != kOfFiles.end();
    };
    if (std::erase_if(object->members, is_untrue) == 0) return payload;
    return encode(*object);
}

Buffer add_to_metadata(Bytes payload, const StreamFacts& facts) {
    Result<AmfObject> object = parse_metadata(payload);
    if (!object) return build_metadata(facts);
    add_facts(*object, facts);
    return encode(*object);
}

Result<AmfObject> parse_metadata(Bytes payload) {
    Amf0Reader reader(payload);
    const Result<AmfValue> name = reader.next();
    if (!name) return name.error();
    if (name->string() == nullptr || *name->string() != "onMetaData") {
        return Error{"flv: metadata does not begin with onMetaData"};
    }
    Result<AmfValue> content = reader.next();
    if (!content) return content.error();
    if (content->object() == nullptr) {
        return Error{"flv: onMetaData holds neither an object nor an ECMA array"};
    }
    return std::move(*content->object());
}

}  // namespace st::flv
