#include "json/syntax.h"

#include <vector>

#include "base/text.h"

namespace st::json {
namespace {

constexpr std::size_t kShownMax = 32;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_punctuation(char c) { return std::string_view("{}[]:,").find(c) != std::string_view::npos; }

/// Walks through the text token by token; what is open lies on a stack.
class SyntaxCheck {
 public:
    explicit SyntaxCheck(std::string_view text) : text_(text) {}

    std::optional<SyntaxError> run() {
        while (!error_) {
            skip_blanks();
            if (at_ == text_.size()) {
                check_end();
                break;
            }
            token_at_ = at_;
            const char c = text_[at_];
            if (is_punctuation(c)) {
                ++at_;
                take_punctuation(c);
            } else if (c == '"') {
                take_text();
            } else {
                take_word();
            }
        }
        return error_;
    }

 private:
    /// What may come next.
    enum class Next { value, first_value, first_key, key, colon, comma, nothing };

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }

    void fail(std::string message) { error_ = SyntaxError{std::move(message), token_at_}; }

    std::string closing() const { return open_.back() == '{' ? "}" : "]"; }

    void check_end() {
        token_at_ = text_.size();
        if (!open_.empty()) return fail("it ends too early: " + closing() + " is missing");
        if (next_ != Next::nothing) fail("it ends too early: there is no value");
    }

    void after_value() { next_ = open_.empty() ? Next::nothing : Next::comma; }

    bool wants_value() const { return next_ == Next::value || next_ == Next::first_value; }
    bool wants_key() const { return next_ == Next::key || next_ == Next::first_key; }

    void take_punctuation(char c) {
        if (c == '{' || c == '[') {
            if (!wants_value()) return unexpected(std::string(1, c));
            open_.push_back(c);
            next_ = c == '{' ? Next::first_key : Next::first_value;
        } else if (c == '}' || c == ']') {
            close(c);
        } else if (c == ',') {
            if (next_ != Next::comma) {
                return wants_value() || wants_key() ? fail("a comma too many") : unexpected(",");
            }
            next_ = open_.back() == '{' ? Next::key : Next::value;
        } else if (next_ == Next::colon) {
            next_ = Next::value;
        } else {
            unexpected(":");
        }
    }

    void close(char c) {
        if (open_.empty()) return unexpected(std::string(1, c));
        if (closing().front() != c) {
            return fail("expected " + closing() + ", got " + std::string(1, c));
        }
        const bool follows_comma =
            next_ == Next::key || (next_ == Next::value && open_.back() == '[');
        if (follows_comma) return fail("a comma too many before " + std::string(1, c));
        if (next_ == Next::colon || next_ == Next::value) return unexpected(std::string(1, c));
        open_.pop_back();
        after_value();
    }

    void take_text() {
        const std::size_t begin = at_++;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
        }
        if (at_ >= text_.size()) return fail("a text without its closing quote");
        ++at_;
        const std::string shown = clean_text(text_.substr(begin, at_ - begin), kShownMax);
        if (wants_key()) {
            key_ = shown;
            next_ = Next::colon;
        } else if (wants_value()) {
            after_value();
        } else {
            unexpected(shown);
        }
    }

    /// A number, true, false, null, or what is none of these.
    void take_word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && !is_blank(text_[at_]) && !is_punctuation(text_[at_])) ++at_;
        const std::string_view word = text_.substr(begin, at_ - begin);
        const std::string shown = clean_text(word, kShownMax);
        const bool is_number = word.find_first_not_of("0123456789") == std::string_view::npos;
        const std::string name = is_number ? "a number" : shown;
        if (wants_key()) return fail("expected a key in double quotes, got " + name);
        if (!wants_value()) return unexpected(name);
        if (!is_number && word != "true" && word != "false" && word != "null") {
            return fail("expected a value such as true, 10 or \"text\", got " + name);
        }
        after_value();
    }

    void unexpected(const std::string& got) {
        switch (next_) {
            case Next::nothing:
                return fail("expected nothing more, got " + got);
            case Next::comma:
                return fail("expected a comma or " + closing() + ", got " + got);
            case Next::colon:
                return fail("expected a colon behind " + key_ + ", got " + got);
            case Next::key:
            case Next::first_key:
                return fail("expected a key in double quotes, got " + got);
            case Next::value:
            case Next::first_value:
                return fail("expected a value, got " + got);
        }
    }

    const std::string_view text_;
    std::size_t at_ = 0;
    std::size_t token_at_ = 0;
    std::vector<char> open_;  ///< { and [ without their ends
    Next next_ = Next::value;
    std::string key_;  ///< the latest
    std::optional<SyntaxError> error_;
};

}  // namespace

std::optional<SyntaxError> find_syntax_error(std::string_view text) {
    return SyntaxCheck(text).run();
}

}  // namespace st::json
