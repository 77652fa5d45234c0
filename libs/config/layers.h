#pragma once
/// Layered configuration behind one table of keys: default < file < environment < command line.
/// One thread.
#include <Poco/AutoPtr.h>
#include <Poco/Util/LayeredConfiguration.h>
#include <Poco/Util/MapConfiguration.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "config/setting.h"

namespace st::config {

/// The layers of one program. `schema` outlives them.
class Layers {
 public:
    /// Problems, one line each, naming the key path, what was expected and what was got.
    using Problems = std::vector<std::string>;

    explicit Layers(const Schema& schema);

    /// JSON with // comments. `name` is for messages. Nothing is kept unless all of it is right.
    Problems load_file(std::string_view name, std::string_view text);
    /// Takes the variables that name a key; others with the prefix end in `warnings`, with the
    /// nearest known name: the surroundings (containers) may set such names for their own ends.
    Problems load_environment(std::string_view prefix,
                              const std::map<std::string, std::string>& environment,
                              std::vector<std::string>& warnings);
    /// Lists are comma-separated.
    Problems load_command_line(const std::vector<Setting>& settings);

    /// The value of the highest layer that has one. The path must be of the table (assert).
    std::string text(std::string_view path) const;
    bool flag(std::string_view path) const { return text(path) == "true"; }
    std::uint64_t number(std::string_view path) const;  ///< integer, port other than "off", size
    std::chrono::milliseconds duration(std::string_view path) const;
    std::vector<std::string> texts(std::string_view path) const;
    /// Entries of a list of objects (or of texts).
    std::size_t count(std::string_view path) const;

    /// "default", "file NAME", "environment" or "command line".
    std::string source(std::string_view path) const;
    /// One value, as JSON text, with the layer it comes from.
    struct Entry {
        std::string path;
        std::string value;
        std::string source;
    };
    /// Every value, in the order of the table.
    std::vector<Entry> entries() const;

 private:
    using Map = Poco::AutoPtr<Poco::Util::MapConfiguration>;
    enum Layer { kCommandLine, kEnvironment, kFile, kDefault, kLayers };

    void store(Layer layer, const Key& key, const std::string& path, const std::string& text);

    const Schema& schema_;
    std::array<Map, kLayers> maps_;
    Poco::AutoPtr<Poco::Util::LayeredConfiguration> values_;
    std::string file_name_;
};

}  // namespace st::config
