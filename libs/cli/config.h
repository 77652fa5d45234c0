#pragma once
/// Layered configuration behind one table of keys: default < file < environment < command line.
///
/// The table (Schema) says each key's path, type, range, default and help; the checker,
/// --print-config and the documentation page all come from it. Values are kept as text in the form
/// format_*() of base/units.h gives and are checked on the way in, so reading one back cannot fail.
///
/// Paths: "recording.sync"; an entry of a list has its index, "listeners[0].port", and its key in
/// the table has none, "listeners[].port". One thread.
#include <Poco/AutoPtr.h>
#include <Poco/Util/LayeredConfiguration.h>
#include <Poco/Util/MapConfiguration.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace st::cli {

enum class KeyType {
    boolean,
    integer,
    port,      ///< 0..65535, or "off" for none
    size,      ///< bytes: a number or "64M"
    duration,  ///< "10s", or a number of seconds
    text,
    choice,   ///< one of Key::choices
    texts,    ///< a list of text, each one of Key::choices where there are any
    group,    ///< an object that may be null; on when an object is given
    objects,  ///< a list of objects, whose members are keys of their own
};

/// One key. Ranges are in bytes for size, in milliseconds for duration, in entries for lists.
struct Key {
    std::string path;
    KeyType type = KeyType::text;
    std::string
        fallback;  ///< the default as text; for texts comma-separated, for objects the count
    std::string help;
    std::uint64_t min = 0;
    std::uint64_t max = std::numeric_limits<std::int64_t>::max();
    std::vector<std::string> choices{};
    bool is_nullable = false;        ///< JSON null means the default
    bool applies_on_reload = false;  ///< else a restart is needed
    bool is_used = true;             ///< false: accepted, but nothing in this version acts on it
};

/// The table of keys. Constant after construction.
class Schema {
 public:
    explicit Schema(std::vector<Key> keys);

    const std::vector<Key>& keys() const { return keys_; }
    /// The key of a path with or without indices; null if there is none.
    const Key* find(std::string_view path) const;
    /// True if some key lies below this object path ("recording", "cameras[].match").
    bool is_section(std::string_view path) const;
    /// The known path most like this one, or empty if none is near.
    std::string nearest(std::string_view path) const;

 private:
    std::vector<Key> keys_;
};

/// A path without its indices: "listeners[0].port" -> "listeners[].port".
std::string without_indices(std::string_view path);

/// Checks one value given as text (environment, command line) and brings it into its kept form.
/// The error says what was expected and got, without the path.
Result<std::string> check_value(const Key& key, std::string_view text);

/// The environment variable of a key: "recording.path" -> "STREAMD_RECORDING_PATH" for prefix
/// "STREAMD_".
std::string environment_name(std::string_view prefix, std::string_view path);

/// A value from the command line.
struct Setting {
    std::string path;
    std::string text;
};

/// The layers of one program. `schema` outlives them.
class Layers {
 public:
    /// Problems, one line each, naming the key path, what was expected and what was got.
    using Problems = std::vector<std::string>;

    static constexpr std::size_t kFileBytesMax = 1024 * 1024;
    static constexpr std::size_t kDepthMax = 8;

    explicit Layers(const Schema& schema);

    /// JSON with // comments. `name` is for messages. Nothing is kept unless all of it is right.
    Problems load_file(std::string_view name, std::string_view text);
    /// Takes the variables that name a key; others with the prefix end in `warnings`, since the
    /// surroundings (containers) may set such names for their own ends.
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
    /// Paths of keys this version does not act on but which were given another value than the
    /// default.
    std::vector<std::string> unused_but_set() const;

 private:
    using Map = Poco::AutoPtr<Poco::Util::MapConfiguration>;
    enum Layer { kCommandLine, kEnvironment, kFile, kDefault, kLayers };

    void store(Layer layer, const Key& key, const std::string& path, const std::string& text);

    const Schema& schema_;
    std::array<Map, kLayers> maps_;
    Poco::AutoPtr<Poco::Util::LayeredConfiguration> values_;
    std::string file_name_;
};

/// One line for each value: path = JSON value, then its source as a comment.
std::string listing(const std::vector<Layers::Entry>& entries);

/// A documentation page: one table of keys for each top-level section, in the order of the schema.
std::string reference_tables(const Schema& schema, std::string_view environment_prefix);

}  // namespace st::cli
