#pragma once
/// Requests and replies read field by field, without silent conversions. Pure; any thread.
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"
#include "json/read.h"

namespace st::control {

constexpr std::size_t kRequestBytesMax = 64 * 1024;
constexpr std::size_t kReplyBytesMax =
    64 * 1024 * 1024;  ///< a client's bound on what a server sends
constexpr json::Limits kRequest{kRequestBytesMax, 16};
/// Deeper than a request: a list of recordings holds what cameras said of themselves.
constexpr json::Limits kReply{kReplyBytesMax, 32};

/// One JSON value; a refusal says why.
Decoded<json::Value> parse_json(std::string_view text, const json::Limits& limits = kRequest);

/// The same of an object; any other value is refused.
Decoded<json::Object> parse_object(std::string_view text, const json::Limits& limits = kRequest);

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
    explicit ObjectReader(const json::Object& object, std::string where = {});

    void read(const std::string& key, bool& out);
    void read(const std::string& key, std::optional<bool>& out);
    void read(const std::string& key, std::uint64_t& out, Range range = {});
    void read(const std::string& key, std::uint32_t& out, Range range = {});
    void read(const std::string& key, double& out);
    void read(const std::string& key, std::string& out, std::size_t bytes_max = 4096);
    void read(const std::string& key, std::optional<std::string>& out,
              std::size_t bytes_max = 4096);
    void read(const std::string& key, std::optional<std::uint64_t>& out, Range range = {});
    void read(const std::string& key, std::optional<std::uint32_t>& out, Range range = {});
    void read(const std::string& key, std::optional<double>& out);
    /// Of either sign.
    void read(const std::string& key, std::optional<std::int64_t>& out);
    void read(const std::string& key, std::vector<std::string>& out,
              std::size_t items_max = 100'000);

    /// The object at `key`, or null (absent, or not an object: then failed() is set).
    const json::Object* object(const std::string& key);
    /// The objects of the list at `key`; anything in it that is not an object is an error.
    std::vector<const json::Object*> objects(const std::string& key,
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
    /// The value to convert, or null when there is nothing to do.
    const json::Value& value(const std::string& key);
    const json::Array* list(const std::string& key, std::string_view of, std::size_t items_max);
    void expected(const std::string& key, std::string_view what, const json::Value& got);

    const json::Object& object_;
    std::string where_;
    std::set<std::string> known_;
    std::optional<ApiError> error_;
};

}  // namespace st::control
