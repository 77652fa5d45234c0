#include "takes/manifest.h"

#include "json/read.h"
#include "json/write.h"

namespace st::takes {
namespace {

constexpr std::uint64_t kVersion = 2;

using json::Array;
using json::Object;
using json::Value;

Object encode(const Part& part) {
    Object object;
    object.set("recording", part.recording);
    object.set("file", part.file.empty() ? Value() : Value(part.file));
    object.set("sha256", part.sha256);
    object.set("sha256_of", part.sha256_of);
    object.set("first_us", part.first_us);
    object.set("last_us", part.last_us);
    object.set("pictures", part.pictures);
    object.set("lost", part.lost);
    object.set("fps", part.fps);
    object.set("clock", part.clock);
    object.set("bound_us", part.bound_us);
    return object;
}

Part decode_part(const Object& object) {
    Part part;
    part.recording = object["recording"].text_or_empty();
    part.file = object["file"].text_or_empty();
    if (object["sha256"].text() != nullptr) part.sha256 = *object["sha256"].text();
    if (object["sha256_of"].text() != nullptr) part.sha256_of = *object["sha256_of"].text();
    part.first_us = object["first_us"].integer();
    part.last_us = object["last_us"].integer();
    part.pictures = object["pictures"].natural().value_or(0);
    part.lost = object["lost"].natural().value_or(0);
    part.fps = object["fps"].real();
    if (const Object* clock = object["clock"].object()) part.clock = *clock;
    part.bound_us = object["bound_us"].integer();
    return part;
}

Camera decode_camera(const Object& object) {
    Camera camera;
    camera.camera = object["camera"].text_or_empty();
    if (object["model"].text() != nullptr) camera.model = *object["model"].text();
    if (const Array* parts = object["parts"].array()) {
        for (const Value& part : *parts) {
            if (part.object() != nullptr) camera.parts.push_back(decode_part(*part.object()));
        }
    }
    return camera;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::check:
            return "check";
        case Verdict::failed:
            return "failed";
    }
    return {};
}

Verdict verdict_of(std::string_view word) {
    for (const Verdict verdict : {Verdict::ok, Verdict::check}) {
        if (word == to_string(verdict)) return verdict;
    }
    return Verdict::failed;
}

std::string encode(const Manifest& manifest) {
    Object object;
    object.set("version", kVersion);
    object.set("take", manifest.take);
    object.set("started_at", manifest.started_at);
    object.set("ended_at", manifest.ended_at);
    object.set("zero_wall_us", manifest.zero_wall_us);
    object.set("zero_monotonic_us", manifest.zero_monotonic_us);
    object.set("boot_id", manifest.boot_id);
    Array cameras;
    for (const Camera& camera : manifest.cameras) {
        Array parts;
        for (const Part& part : camera.parts) parts.emplace_back(encode(part));
        Object one;
        one.set("camera", camera.camera);
        one.set("model", camera.model);
        one.set("parts", parts);
        cameras.emplace_back(one);
    }
    object.set("cameras", cameras);
    Object pairing;
    if (manifest.pairing) {
        pairing.set("worst_us", manifest.pairing->worst_us);
        pairing.set("p95_us", manifest.pairing->p95_us);
    }
    object.set("pairing", manifest.pairing ? Value(pairing) : Value());
    object.set("verdict", to_string(manifest.verdict));
    Array why;
    for (const std::string& sentence : manifest.why) why.emplace_back(sentence);
    object.set("why", why);
    Array judged;
    for (const std::string& sentence : manifest.judged) judged.emplace_back(sentence);
    object.set("judged", judged);
    object.set("streamd", manifest.streamd);
    return json::write(object);
}

Result<Manifest> decode_manifest(std::string_view text) {
    const auto value = json::read(text, {kManifestBytesMax, kManifestDepthMax});
    if (!value) return Error{"take.json: " + value.error().message, kOutdated};
    const Object* const object = value->object();
    if (object == nullptr) return Error{"take.json: not an object", kOutdated};
    const auto version = (*object)["version"].natural();
    if (version != kVersion) {
        return Error{"take.json: its version is " + (version ? std::to_string(*version) : "none") +
                         ", not " + std::to_string(kVersion),
                     version && *version < kVersion ? kOutdated : 0};
    }
    Manifest manifest;
    manifest.take = (*object)["take"].text_or_empty();
    manifest.started_at = (*object)["started_at"].text_or_empty();
    manifest.ended_at = (*object)["ended_at"].text_or_empty();
    manifest.zero_wall_us = (*object)["zero_wall_us"].integer().value_or(0);
    manifest.boot_id = (*object)["boot_id"].text_or_empty();
    manifest.zero_monotonic_us = (*object)["zero_monotonic_us"].integer().value_or(0);
    if (const Array* cameras = (*object)["cameras"].array()) {
        for (const Value& camera : *cameras) {
            if (camera.object() != nullptr)
                manifest.cameras.push_back(decode_camera(*camera.object()));
        }
    }
    if (const Object* pairing = (*object)["pairing"].object()) {
        manifest.pairing = Pairing{(*pairing)["worst_us"].integer().value_or(0),
                                   (*pairing)["p95_us"].integer().value_or(0)};
    }
    manifest.verdict = verdict_of((*object)["verdict"].text_or_empty());
    if (const Array* why = (*object)["why"].array()) {
        for (const Value& sentence : *why) manifest.why.push_back(sentence.text_or_empty());
    }
    if (const Array* judged = (*object)["judged"].array()) {
        for (const Value& sentence : *judged) manifest.judged.push_back(sentence.text_or_empty());
    }
    manifest.streamd = (*object)["streamd"].text_or_empty();
    return manifest;
}

}  // namespace st::takes
