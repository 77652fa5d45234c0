#include "json/read.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Handler.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <cassert>
#include <set>
#include <sstream>

#include "base/text.h"
#include "base/utf8.h"
#include "json/syntax.h"

namespace st::json {
namespace {

/// What a message quotes of a key.
constexpr std::size_t kKeyShownMax = 64;

/// Thrown from within Poco's parser and caught in read().
struct Refused {
    std::string message;
    std::string path;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 8259, section 6.
bool is_number(std::string_view text) {
    const auto digits = [&text] {
        const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
        text.remove_prefix(count);
        return count;
    };
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool has_leading_zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (has_leading_zero && whole > 1)) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return text.empty();
}

/// Prepares a document for Poco's parser, which changes some things without a word: it reads 2^64
/// as 0 and cuts text at a NUL. So each number is taken out and its place in `numbers` put there
/// instead, and a NUL is refused. Comments become blanks.
class Preparation {
 public:
    Preparation(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

    std::string run() {
        out_.reserve(text_.size());
        if (!is_utf8(as_bytes(text_))) refuse("not UTF-8");
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                take_text();
            } else if (c == '-' || is_digit(c)) {
                take_number();
            } else if (limits_.has_comments && text_.substr(at_, 2) == "//") {
                const std::size_t end = std::min(text_.find('\n', at_), text_.size());
                out_.append(end - at_, ' ');
                at_ = end;
            } else if (c == '\0') {
                refuse("a NUL character");
            } else if (c == '#' || c == '/') {
                refuse(limits_.has_comments ? "a comment begins with //" : "JSON has no comments");
            } else if (c == '\'') {
                refuse("text stands in double quotes, not in single ones");
            } else {
                out_ += c;
                ++at_;
            }
        }
        return std::move(out_);
    }

    std::vector<std::string>& numbers() { return numbers_; }
    std::size_t line() const {
        return 1 + static_cast<std::size_t>(
                       std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n'));
    }

 private:
    [[noreturn]] static void refuse(std::string message) { throw Refused{std::move(message), {}}; }

    void take_text() {
        const std::size_t begin = at_++;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (static_cast<unsigned char>(text_[at_]) < 0x20) {
                refuse(text_[at_] == '\0' ? "a NUL character" : "a control character in a string");
            }
            if (text_[at_] != '\\') continue;
            if (text_.substr(at_, 6) == "\\u0000") refuse("a NUL character");
            ++at_;
        }
        at_ = std::min(at_ + 1, text_.size());
        out_.append(text_.substr(begin, at_ - begin));
    }

    void take_number() {
        const std::size_t end =
            std::min(text_.find_first_not_of("0123456789.eE+-", at_), text_.size());
        const std::string_view number = text_.substr(at_, end - at_);
        if (!is_number(number)) {
            refuse("\"" + clean_text(number, kKeyShownMax) + "\" is not a number");
        }
        if (number.size() > kNumberBytesMax) {
            refuse("a number of " + std::to_string(number.size()) +
                   " characters, over the limit of " + std::to_string(kNumberBytesMax));
        }
        const Value value(Number{std::string(number)});
        if (!value.number()->is_whole() && !value.real()) {
            refuse(std::string(number) + " is beyond what a double can hold");
        }
        out_ += std::to_string(numbers_.size());
        numbers_.emplace_back(number);
        at_ = end;
    }

    const std::string_view text_;
    const Limits& limits_;
    std::size_t at_ = 0;
    std::string out_;
    std::vector<std::string> numbers_;
};

/// Builds the value while Poco's parser walks through the document.
class Builder final : public Poco::JSON::Handler {
 public:
    Builder(std::vector<std::string> numbers, std::size_t depth_max)
        : numbers_(std::move(numbers)), depth_max_(depth_max) {}

    Value take() { return std::move(root_); }

    void reset() override {}
    void startObject() override { open(true); }
    void endObject() override { close(); }
    void startArray() override { open(false); }
    void endArray() override { close(); }
    void key(const std::string& name) override {
        Level& level = levels_.back();
        level.key = name;
        if (!level.keys.insert(name).second) throw Refused{"given twice", path()};
    }
    void null() override { add(Value()); }
    void value(bool v) override { add(v); }
    void value(const std::string& v) override { add(v); }
    void value(int v) override { add_number(static_cast<std::size_t>(v)); }
    void value(unsigned v) override { add_number(v); }
    void value(Poco::Int64 v) override { add_number(static_cast<std::size_t>(v)); }
    void value(Poco::UInt64 v) override { add_number(v); }
    void value(double) override { assert(false); }

 private:
    struct Level {
        bool is_object = false;
        Object object{};
        Array array{};
        std::string key{};
        std::set<std::string, std::less<>> keys{};
    };

    void open(bool is_object) {
        if (levels_.size() >= depth_max_) {
            throw Refused{"objects and lists within each other on more than " +
                              std::to_string(depth_max_) + " levels",
                          {}};
        }
        levels_.push_back({.is_object = is_object});
    }

    void close() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        add(level.is_object ? Value(std::move(level.object)) : Value(std::move(level.array)));
    }

    void add(Value value) {
        if (levels_.empty()) {
            root_ = std::move(value);
        } else if (levels_.back().is_object) {
            levels_.back().object.append(std::move(levels_.back().key), std::move(value));
        } else {
            levels_.back().array.push_back(std::move(value));
        }
    }

    void add_number(std::size_t index) {
        assert(index < numbers_.size());
        add(Number{std::move(numbers_.at(index))});
    }

    std::string path() const {
        std::string out;
        for (const Level& level : levels_) {
            if (level.is_object) {
                out += (out.empty() ? "" : ".") + clean_text(level.key, kKeyShownMax);
            } else {
                out += "[" + std::to_string(level.array.size()) + "]";
            }
        }
        return out;
    }

    std::vector<std::string> numbers_;
    const std::size_t depth_max_;
    std::vector<Level> levels_;
    Value root_;
};

std::size_t line_of(const std::string& json, std::size_t at) {
    return 1 + static_cast<std::size_t>(
                   std::count(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

/// Where a value that was refused stands. Poco's parser does not say it, but how far a stream was
/// read does.
std::size_t line_reached(const std::string& json, std::vector<std::string> numbers,
                         std::size_t depth_max) {
    std::istringstream in(json);
    try {
        Poco::JSON::Handler::Ptr builder(new Builder(std::move(numbers), depth_max));
        Poco::JSON::Parser parser(builder);
        parser.setDepth(depth_max + 1);
        parser.parse(in);
    } catch (const Refused&) {
    } catch (const Poco::Exception&) {
    }
    in.clear();
    const auto at = static_cast<std::size_t>(std::max<std::streamoff>(in.tellg(), 0));
    return line_of(json, std::min(at, json.size()));
}

/// What is wrong with a text that the parser refused, which says little itself.
ReadError explain(const std::string& json, const std::string& parser_says) {
    const auto mistake = find_syntax_error(json);
    if (!mistake) return {parser_says, {}};
    // A text that ends too early does so in its last line, not behind it.
    const std::size_t last = json.find_last_not_of(" \t\r\n");
    const std::size_t at = last == std::string::npos ? 0 : std::min(mistake->at, last);
    return {mistake->message, {}, line_of(json, at)};
}

}  // namespace

Result<Value, ReadError> read(std::string_view text, const Limits& limits) {
    if (text.size() > limits.bytes_max) {
        return ReadError{"JSON of " + std::to_string(text.size()) + " bytes, over the limit of " +
                             std::to_string(limits.bytes_max),
                         {},
                         1,
                         true};
    }
    Preparation preparation(text, limits);
    std::string json;
    try {
        json = preparation.run();
    } catch (const Refused& refused) {
        return ReadError{refused.message, refused.path, preparation.line()};
    }
    // Poco's parser takes objects and lists alone: another value is read as the one of a list.
    const std::size_t first = json.find_first_not_of(" \t\r\n");
    const bool is_bare = first != std::string::npos && json[first] != '{' && json[first] != '[';
    if (is_bare) json = "[ " + json + " ]";
    const std::size_t depth_max = limits.depth_max + (is_bare ? 1 : 0);
    const auto numbers = preparation.numbers();
    const std::string whole = is_bare ? json.substr(2, json.size() - 4) : json;
    try {
        Builder* const builder = new Builder(numbers, depth_max);
        Poco::JSON::Parser parser{Poco::JSON::Handler::Ptr(builder)};
        parser.setDepth(depth_max + 1);
        parser.parse(json);
        Value value = builder->take();
        if (!is_bare) return value;
        if (value.array()->size() == 1) return value.array()->front();
        return explain(whole, "more than one value");
    } catch (const Refused& refused) {
        return ReadError{refused.message, refused.path, line_reached(json, numbers, depth_max)};
    } catch (const Poco::Exception& poco) {
        // It throws for every kind of syntax error, some of them not JSONException.
        return explain(whole, shown(poco.message().empty() ? poco.what() : poco.message()));
    }
}

}  // namespace st::json
