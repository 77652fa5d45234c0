#include "capture/given_names.h"

#include <algorithm>
#include <utility>

#include "base/name.h"
#include "base/text.h"
#include "json/read.h"
#include "json/write.h"

namespace st::capture {
namespace {

constexpr json::Limits kFile{std::size_t{4} << 20, 8};

std::string text_at(const json::Object& object, std::string_view key) {
    return clean_text(object[key].text_or_empty(), kShownBytesMax);
}

}  // namespace

Result<GivenNames> GivenNames::decode(std::string_view text) {
    const auto value = json::read(text, kFile);
    if (!value) return Error{value.error().message};
    const json::Object* object = value->object();
    const json::Array* cameras = object == nullptr ? nullptr : (*object)["cameras"].array();
    if (cameras == nullptr) return Error{"expected an object with the list \"cameras\""};
    GivenNames names;
    for (const json::Value& item : *cameras) {
        const json::Object* one = item.object();
        if (one == nullptr) continue;
        GivenName given{text_at(*one, "address"), text_at(*one, "model"), text_at(*one, "name")};
        if (!given.address.empty() && is_valid_name(given.name)) names.give(std::move(given));
    }
    return names;
}

std::string GivenNames::encode() const {
    json::Array cameras;
    for (const GivenName& given : all_) {
        json::Object object;
        object.set("address", given.address);
        object.set("model", given.model);
        object.set("name", given.name);
        cameras.push_back(object);
    }
    json::Object object;
    object.set("version", 1);
    object.set("cameras", cameras);
    return json::write(object) + "\n";
}

void GivenNames::give(GivenName given) {
    std::erase_if(all_, [&](const GivenName& known) {
        return known.name == given.name ||
               (known.address == given.address && known.model == given.model);
    });
    if (all_.size() >= kMax) all_.erase(all_.begin());
    all_.push_back(std::move(given));
}

bool GivenNames::has(std::string_view address) const {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const GivenName& known) { return known.address == address; });
}

const GivenName* GivenNames::only_at(std::string_view address) const {
    const GivenName* found = nullptr;
    for (const GivenName& known : all_) {
        if (known.address != address) continue;
        if (found != nullptr) return nullptr;
        found = &known;
    }
    return found;
}

const GivenName* GivenNames::find(std::string_view address, std::string_view model) const {
    for (const GivenName& known : all_) {
        if (known.address == address && known.model == model) return &known;
    }
    return nullptr;
}

}  // namespace st::capture
