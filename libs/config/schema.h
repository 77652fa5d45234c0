#pragma once
/// The table of a program's configuration keys: path, type, range, default and help of each. A key
/// is in it only if something acts on it. The checker, --print-config and the documentation page
/// all come from it.
///
/// Values are kept as text, in the form that format_*() of base/units.h gives, and are checked on
/// the way in, so that reading one back cannot fail.
///
/// Paths: "recording.sync"; an entry of a list has its index, "listeners[0].port", and its key in
/// the table has none, "listeners[].port".
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace st::config {

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
    bool is_secret = false;          ///< its value is shown nowhere, not even when it is wrong
    bool may_hold_secret = false;    ///< it is not shown when it is wrong
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
    /// The key of this path, or one below it, may hold a secret: what stands there may be meant so.
    bool holds_secret(std::string_view path) const;
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

/// Lists keep their number of entries under their path with this ending.
constexpr std::string_view kCountEnding = "[]";

/// The entries of a list given as text.
std::vector<std::string> split_commas(std::string_view text);

/// A kept value as it would stand in the file.
std::string as_json(const Key& key, const std::string& text);
std::string as_json_list(const std::vector<std::string>& entries);

// For the readers of the layers.

/// check_value() of a text that messages show otherwise than it is kept: `shown`.
Result<std::string> check_value(const Key& key, std::string_view text, std::string_view shown);

/// A text as messages show it: one line of at most 60 characters, whatever it holds.
std::string printable(std::string_view text);

/// "expected a duration such as "1s", got 5x" and "expected a number from 1 to 9, got 12".
std::string type_problem(const Key& key, std::string_view shown);
std::string range_problem(const Key& key, std::string_view shown);

/// "recording.sinc: unknown key; did you mean recording.sync?"
std::string unknown_problem(const Schema& schema, const std::string& path);

/// A documentation page: one table of keys for each top-level section, in the order of the schema.
std::string reference_tables(const Schema& schema, std::string_view environment_prefix);

}  // namespace st::config
