#include "config/layers.h"

#include <algorithm>
#include <cassert>

#include "base/nearest.h"
#include "base/units.h"
#include "config/json_file.h"

namespace st::config {
namespace {

bool is_list(const Key& key) { return key.type == KeyType::texts || key.type == KeyType::objects; }

std::string counted(std::string_view path) { return std::string(path) + std::string(kCountEnding); }

std::string entry_path(std::string_view path, std::size_t index) {
    return std::string(path) + "[" + std::to_string(index) + "]";
}

/// Every pair of a checked value as it is kept: lists spread over their entries.
std::vector<Setting> spread(const Key& key, const std::string& path, const std::string& text) {
    if (key.type == KeyType::objects) return {{counted(path), text}};
    if (key.type != KeyType::texts) return {{path, text}};
    const auto entries = split_commas(text);
    std::vector<Setting> out{{counted(path), std::to_string(entries.size())}};
    for (std::size_t i = 0; i < entries.size(); ++i) {
        out.push_back({entry_path(path, i), entries[i]});
    }
    return out;
}

/// The known variable most like this one, or empty if none is near. The prefix, which all share,
/// makes none of them nearer.
std::string nearest_name(const std::map<std::string, const Key*>& known, const std::string& name,
                         std::size_t prefix) {
    std::vector<std::string_view> endings;
    for (const auto& [candidate, key] : known)
        endings.push_back(std::string_view(candidate).substr(prefix));
    const std::string near = nearest(std::string_view(name).substr(prefix), endings);
    return near.empty() ? near : name.substr(0, prefix) + near;
}

}  // namespace

Layers::Layers(const Schema& schema)
    : schema_(schema), values_(new Poco::Util::LayeredConfiguration) {
    constexpr std::array kLabels = {"command line", "environment", "file", "default"};
    static_assert(kLabels.size() == kLayers);
    for (int layer = 0; layer < kLayers; ++layer) {
        maps_[layer] = new Poco::Util::MapConfiguration;
        values_->add(maps_[layer], kLabels[layer], layer);
    }
    for (const Key& key : schema_.keys()) {
        assert(key.type == KeyType::objects || check_value(key, key.fallback).ok());
        if (key.path.find(kCountEnding) == std::string::npos)
            store(kDefault, key, key.path, key.fallback);
    }
}

void Layers::store(Layer layer, const Key& key, const std::string& path, const std::string& text) {
    for (const Setting& pair : spread(key, path, text))
        maps_[layer]->setString(pair.path, pair.text);
}

Layers::Problems Layers::load_file(std::string_view name, std::string_view text) {
    JsonReading reading = read_json(schema_, name, text);
    if (!reading.problems.empty()) return std::move(reading.problems);
    for (const Setting& value : reading.values) maps_[kFile]->setString(value.path, value.text);
    file_name_ = name;
    return {};
}

Layers::Problems Layers::load_environment(std::string_view prefix,
                                          const std::map<std::string, std::string>& environment,
                                          std::vector<std::string>& warnings) {
    Problems problems;
    std::map<std::string, const Key*> by_name;
    for (const Key& key : schema_.keys()) {
        const bool is_entry = key.path.find(kCountEnding) != std::string::npos;
        if (!is_entry && key.type != KeyType::objects) {
            by_name[environment_name(prefix, key.path)] = &key;
        }
    }
    for (auto at = environment.lower_bound(std::string(prefix));
         at != environment.end() && at->first.starts_with(prefix); ++at) {
        const auto found = by_name.find(at->first);
        if (found == by_name.end()) {
            const std::string near = nearest_name(by_name, at->first, prefix.size());
            warnings.push_back(at->first + ": no such setting, ignored" +
                               (near.empty() ? "" : "; did you mean " + near + "?"));
            continue;
        }
        const Key& key = *found->second;
        const auto checked = check_value(key, at->second);
        if (checked) {
            store(kEnvironment, key, key.path, *checked);
        } else {
            problems.push_back(key.path + ": " + checked.error().message + " (" + at->first + ")");
        }
    }
    return problems;
}

Layers::Problems Layers::load_command_line(const std::vector<Setting>& settings) {
    Problems problems;
    for (const Setting& setting : settings) {
        const Key* key = schema_.find(setting.path);
        assert(key != nullptr);
        const auto checked = check_value(*key, setting.text);
        if (checked) {
            store(kCommandLine, *key, setting.path, *checked);
        } else {
            problems.push_back(setting.path + ": " + checked.error().message + " (command line)");
        }
    }
    return problems;
}

std::string Layers::text(std::string_view path) const {
    const std::string key_path(path);
    if (values_->hasProperty(key_path)) return values_->getRawString(key_path);
    // An entry of a list of objects whose member was not given.
    const Key* key = schema_.find(path);
    assert(key != nullptr && !is_list(*key));
    return key->fallback;
}

std::uint64_t Layers::number(std::string_view path) const {
    const auto value = parse_size(text(path));
    assert(value.ok());
    return *value;
}

std::chrono::milliseconds Layers::duration(std::string_view path) const {
    const auto value = parse_duration(text(path));
    assert(value.ok());
    return *value;
}

std::size_t Layers::count(std::string_view path) const {
    const std::string entries = counted(path);
    if (values_->hasProperty(entries)) {
        return static_cast<std::size_t>(std::stoull(values_->getRawString(entries)));
    }
    const Key* key = schema_.find(path);
    assert(key != nullptr && is_list(*key));
    return key->type == KeyType::texts ? split_commas(key->fallback).size()
                                       : static_cast<std::size_t>(std::stoull(key->fallback));
}

std::vector<std::string> Layers::texts(std::string_view path) const {
    if (!values_->hasProperty(counted(path))) return split_commas(schema_.find(path)->fallback);
    std::vector<std::string> out(count(path));
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = values_->getRawString(entry_path(path, i));
    }
    return out;
}

std::string Layers::source(std::string_view path) const {
    const Key* key = schema_.find(path);
    assert(key != nullptr);
    const std::string kept = is_list(*key) ? counted(path) : std::string(path);
    if (maps_[kCommandLine]->hasProperty(kept)) return "command line";
    if (maps_[kEnvironment]->hasProperty(kept)) return "environment";
    if (maps_[kFile]->hasProperty(kept)) return "file " + file_name_;
    return "default";
}

std::vector<Layers::Entry> Layers::entries() const {
    std::vector<Entry> out;
    const auto line = [&](const std::string& path, const std::string& value) {
        out.push_back({path, value, source(path)});
    };
    for (const Key& key : schema_.keys()) {
        const std::size_t list = key.path.find(kCountEnding);
        if (key.type == KeyType::texts && list == std::string::npos) {
            line(key.path, as_json_list(texts(key.path)));
        } else if (key.type == KeyType::objects) {
            if (count(key.path) == 0) line(key.path, "[]");
        } else if (list == std::string::npos) {
            line(key.path, as_json(key, text(key.path)));
        } else {
            const std::string owner = key.path.substr(0, list);
            for (std::size_t i = 0; i < count(owner); ++i) {
                const std::string path =
                    owner + "[" + std::to_string(i) + "]" + key.path.substr(list + 2);
                line(path, key.type == KeyType::texts ? as_json_list(texts(path))
                                                      : as_json(key, text(path)));
            }
        }
    }
    return out;
}

}  // namespace st::config
