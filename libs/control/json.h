#pragma once
/// Reading JSON we do not trust, field by field, without silent conversions. Pure; any thread.
#include <Poco/JSON/Object.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

constexpr std::size_t kRequestBytesMax = 64 * 1024;
constexpr std::size_t kReplyBytesMax =
    64 * 1024 * 1024;  ///< a client's bound on what a server sends
constexpr int kJsonDepthMax = 16;

/// Whole numbers of more than 18 digits, which the parser would wrap without a word. As reals they
/// fit no field that wants a whole number, so that a reader refuses them by name.
enum class LongNumbers : std::uint8_t { refused, as_reals };

/// One JSON value. Refused with a reason: anything else, more than `bytes_max`, deeper than
/// kJsonDepthMax, a key that stands twice, a NUL.
Decoded<Poco::Dynamic::Var> parse_json(std::string_view text,
                                       std::size_t bytes_max = kRequestBytesMax,
                                       LongNumbers long_numbers = LongNumbers::refused);

/// The same of an object; any other value is refused.
Decoded<Poco::JSON::Object::Ptr> parse_object(std::string_view text,
                                              std::size_t bytes_max = kRequestBytesMax,
                                              LongNumbers long_numbers = LongNumbers::refused);

/// An object that keeps its keys in the order they were set.
Poco::JSON::Object ordered_object();

/// Compact, one line, no newline at the end.
std::string to_line(const Poco::JSON::Object& object);

/// An integer field's range, both ends included.
struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = std::numeric_limits<std::int64_t>::max();
};

/// Takes typed fields out of one object and remembers the first thing wrong. A field that is absent
/// or null leaves the target alone. Borrows the object; lives in one function.
class ObjectReader {
 public:
    /// `where` is the path of the object itself ("" for the outermost), for the error's field.
    explicit ObjectReader(const Poco::JSON::Object& object, std::string where = {});

    void read(const std::string& key, bool& out);
    void read(const std::string& key, std::uint64_t& out, Range range = {});
    void read(const std::string& key, std::uint32_t& out, Range range = {});
    void read(const std::string& key, double& out);
    void read(const std::string& key, std::string& out, std::size_t bytes_max = 4096);
    void read(const std::string& key, std::optional<std::string>& out,
              std::size_t bytes_max = 4096);
    void read(const std::string& key, std::optional<std::uint64_t>& out, Range range = {});
    void read(const std::string& key, std::optional<std::uint32_t>& out, Range range = {});
    void read(const std::string& key, std::optional<double>& out);
    void read(const std::string& key, std::vector<std::string>& out,
              std::size_t items_max = 100'000);

    /// The object at `key`, or null (absent, or not an object: then failed() is set).
    Poco::JSON::Object::Ptr object(const std::string& key);
    /// The objects of the list at `key`; anything in it that is not an object is an error.
    std::vector<Poco::JSON::Object::Ptr> objects(const std::string& key,
                                                 std::size_t items_max = 1'000'000);

    /// Present and not null.
    bool has(const std::string& key) const;
    /// A field that must be there.
    void require(const std::string& key);
    /// "where.key", as errors name it.
    std::string path(const std::string& key) const;

    void fail(const std::string& key, const std::string& message);
    void fail(ApiError error);
    bool failed() const { return error_.has_value(); }
    const ApiError& error() const { return *error_; }

    /// Requests: a field nobody asked for is an error, which says `why`. Replies leave this out, so
    /// that a newer server may say more.
    void refuse_unknown(const std::string& why = "unknown field");

 private:
    /// The value to convert, or empty when there is nothing to do.
    Poco::Dynamic::Var value(const std::string& key);

    const Poco::JSON::Object& object_;
    std::string where_;
    std::set<std::string> known_;
    std::optional<ApiError> error_;
};

}  // namespace st::control
