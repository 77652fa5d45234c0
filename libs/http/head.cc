#include "http/head.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "base/text.h"

namespace st::http {
namespace {

constexpr std::size_t kLengthDigitsMax = 18;  // fits 64 bits with room to add to

std::string in_quotes(std::string_view text) {
    constexpr std::size_t kQuotedMax = 64;
    return '"' + clean_text(text, kQuotedMax) + (text.size() > kQuotedMax ? "...\"" : "\"");
}

/// The length a body was given, or none. Error.code 400.
Result<std::optional<std::uint64_t>> read_content_length(const std::vector<Field>& fields) {
    std::optional<std::uint64_t> length;
    for (const Field& field : fields) {
        if (!iequals(field.name, "Content-Length")) continue;
        const bool digits = std::all_of(field.value.begin(), field.value.end(),
                                        [](char c) { return c >= '0' && c <= '9'; });
        if (field.value.empty() || !digits || field.value.size() > kLengthDigitsMax) {
            return Error{"head: Content-Length " + in_quotes(field.value) + ", expected a number",
                         400};
        }
        const std::uint64_t value = std::stoull(field.value);
        if (length && *length != value) return Error{"head: two different Content-Length", 400};
        length = value;
    }
    return length;
}

/// True if the body is chunked. Error.code 400 or 501.
Result<bool> read_transfer_coding(const std::vector<Field>& fields, int version_minor) {
    const std::size_t count = count_fields(fields, "Transfer-Encoding");
    if (count == 0) return false;
    const std::string& coding = *find_field(fields, "Transfer-Encoding");
    if (version_minor < 1) return Error{"head: Transfer-Encoding in HTTP/1.0", 400};
    if (count > 1 || !iequals(coding, "chunked")) {
        return Error{"head: Transfer-Encoding " + in_quotes(coding) + ", only chunked is known",
                     501};
    }
    // RFC 9112 section 6.1: with both, two readers may see two different bodies.
    if (find_field(fields, "Content-Length") != nullptr) {
        return Error{"head: Content-Length beside Transfer-Encoding", 400};
    }
    return true;
}

bool wants_keep_alive(const std::vector<Field>& fields, int version_minor) {
    if (list_has(fields, "Connection", "close")) return false;
    return version_minor >= 1 || list_has(fields, "Connection", "keep-alive");
}

/// host[:port] with nothing in it that could end it early somewhere else. RFC 3986 section 3.2.
bool is_authority(std::string_view text) {
    constexpr std::string_view kMarks = "-._~!$&'()*+,;=%";
    std::size_t at = 0;
    if (!text.empty() && text[0] == '[') {
        at = text.find(']');
        if (at == std::string_view::npos || at < 3) return false;
        const std::string_view inner = text.substr(1, at - 1);
        if (inner.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) {
            return false;
        }
        ++at;
    } else {
        while (at < text.size() && text[at] != ':') {
            const char c = ascii_lower(text[at]);
            const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if (!plain && kMarks.find(c) == std::string_view::npos) return false;
            ++at;
        }
    }
    if (at == text.size()) return true;
    return text[at] == ':' &&
           text.find_first_not_of("0123456789", at + 1) == std::string_view::npos &&
           text.size() - at <= 6;
}

/// "HTTP/1.x" -> x, at most 1. Error.code 400 or 505.
Result<int> read_version(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
        !is_digit(text[7])) {
        return Error{"head: version " + in_quotes(text) + ", expected HTTP/1.1", 400};
    }
    if (text[5] != '1') return Error{"head: " + std::string(text) + ", expected HTTP/1.1", 505};
    return text[7] == '0' ? 0 : 1;
}

/// How the body ends, and what follows it.
template <class Head>
Result<void> read_framing(Head& head) {
    auto length = read_content_length(head.fields);
    if (!length) return length.error();
    head.content_length = *length;
    auto chunked = read_transfer_coding(head.fields, head.version_minor);
    if (!chunked) return chunked.error();
    head.chunked = *chunked;
    head.keep_alive = wants_keep_alive(head.fields, head.version_minor);
    return {};
}

}  // namespace

Result<std::optional<std::string_view>> HeadLines::next(Bytes& bytes) {
    if (std::exchange(whole_, false)) line_.clear();
    const auto newline = std::find(bytes.begin(), bytes.end(), std::uint8_t{'\n'});
    const std::size_t size =
        static_cast<std::size_t>(newline - bytes.begin()) + (newline != bytes.end() ? 1 : 0);
    bytes_ += size;
    if (bytes_ > limits_.head_bytes_max) {
        return Error{"head: over " + std::to_string(limits_.head_bytes_max) + " bytes", 431};
    }
    for (const std::uint8_t byte : bytes.first(size)) {
        const bool control = (byte < 0x20 && byte != '\t' && byte != '\r' && byte != '\n');
        if (control || byte == 0x7F) {
            return Error{"head: control byte " + std::to_string(byte), 400};
        }
    }
    line_ += as_text(bytes.first(size));
    bytes = bytes.subspan(size);
    if (line_.empty() || line_.back() != '\n') return std::optional<std::string_view>();
    const std::string_view line(line_);
    if (!line.ends_with("\r\n") || line.find('\r') != line.size() - 2) {
        return Error{"head: a line does not end with CR LF", 400};
    }
    whole_ = true;
    return std::optional(line.substr(0, line.size() - 2));
}

Result<Field> parse_field(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
        return Error{"head: a folded line: " + in_quotes(trim(line)), 400};
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return Error{"head: " + in_quotes(line) + " is not \"Name: value\"", 400};
    }
    return Field{std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))};
}

Result<void> HeadLines::add_field(std::string_view line, std::vector<Field>& fields) const {
    if (fields.size() >= limits_.fields_max) {
        return Error{"head: over " + std::to_string(limits_.fields_max) + " fields", 431};
    }
    auto field = parse_field(line);
    if (!field) return field.error();
    fields.push_back(*std::move(field));
    return {};
}

Result<std::size_t> RequestReader::feed(Bytes bytes) {
    const std::size_t all = bytes.size();
    while (!complete_) {
        auto line = lines_.next(bytes);
        const std::size_t line_bytes_max = limits_.target_bytes_max + kMethodBytesMax + 16;
        if (!started_ &&
            (!line ? line.error().code == 431 : lines_.line_bytes() > line_bytes_max)) {
            return Error{"head: request line over " + std::to_string(line_bytes_max) + " bytes",
                         414};
        }
        if (!line) return line.error();
        if (!*line) break;
        if (auto taken = take_line(**line); !taken) return taken.error();
    }
    return all - bytes.size();
}

Result<void> RequestReader::take_line(std::string_view line) {
    if (!started_) {
        // RFC 9112 section 2.2: some clients send an empty line after the body before.
        if (line.empty() && lines_.bytes() == 2) return {};
        started_ = true;
        return read_request_line(line);
    }
    if (!line.empty()) return lines_.add_field(line, head_.fields);
    complete_ = true;
    return check_fields();
}

Result<void> RequestReader::read_request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return Error{"head: " + in_quotes(line) + " is not \"METHOD target HTTP/1.1\"", 400};
    }
    const std::string_view method = line.substr(0, first);
    if (!is_token(method) || method.size() > kMethodBytesMax) {
        return Error{"head: method " + in_quotes(method), 400};
    }
    head_.method = method;
    auto version = read_version(line.substr(last + 1));
    if (!version) return version.error();
    head_.version_minor = *version;
    return read_target(line.substr(first + 1, last - first - 1));
}

Result<void> RequestReader::read_target(std::string_view target) {
    if (target.size() > limits_.target_bytes_max) {
        return Error{"head: target over " + std::to_string(limits_.target_bytes_max) + " bytes",
                     414};
    }
    const bool plain = std::all_of(target.begin(), target.end(),
                                   [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
    if (target.empty() || !plain) {
        return Error{"head: target " + in_quotes(target) + " holds a byte that must be encoded",
                     400};
    }
    if (target[0] == '/' || (target == "*" && head_.method == "OPTIONS")) {
        head_.target = target;
        return {};
    }
    for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"}) {
        if (!iequals(target.substr(0, scheme.size()), scheme)) continue;
        const std::string_view rest = target.substr(scheme.size());
        const auto end = std::min(rest.find_first_of("/?"), rest.size());
        head_.host = rest.substr(0, end);
        if (head_.host.empty() || !is_authority(head_.host)) break;
        head_.target = rest.substr(end);
        if (!head_.target.starts_with('/')) head_.target.insert(0, "/");
        return {};
    }
    return Error{"head: target " + in_quotes(target) + ", expected a path", 400};
}

Result<void> RequestReader::check_fields() {
    const std::size_t hosts = count_fields(head_.fields, "Host");
    if (hosts > 1 || (hosts == 0 && head_.version_minor >= 1)) {
        return Error{"head: Host comes " + std::to_string(hosts) + " times, expected once", 400};
    }
    if (hosts == 1) {
        const std::string& host = *head_.find("Host");
        if (!is_authority(host)) return Error{"head: Host " + in_quotes(host), 400};
        // RFC 9112 section 3.2.2: the authority of an absolute-form target goes before Host.
        if (head_.host.empty()) head_.host = host;
    }
    head_.expects_continue =
        head_.version_minor >= 1 && list_has(head_.fields, "Expect", "100-continue");
    return read_framing(head_);
}

RequestHead RequestReader::take() {
    assert(complete_);
    lines_ = HeadLines(limits_);
    started_ = complete_ = false;
    return std::exchange(head_, {});
}

Result<std::size_t> ResponseReader::feed(Bytes bytes) {
    const std::size_t all = bytes.size();
    while (!complete_) {
        auto line = lines_.next(bytes);
        if (!line) return Error{line.error().message};
        if (!*line) break;
        if (auto taken = take_line(**line); !taken) return Error{taken.error().message};
    }
    return all - bytes.size();
}

Result<void> ResponseReader::take_line(std::string_view line) {
    if (!started_) {
        started_ = true;
        return read_status_line(line);
    }
    if (!line.empty()) return lines_.add_field(line, head_.fields);
    complete_ = true;
    return read_framing(head_);
}

Result<void> ResponseReader::read_status_line(std::string_view line) {
    auto version = read_version(line.substr(0, 8));
    if (!version) return version.error();
    const std::string_view digits = line.size() >= 12 ? line.substr(9, 3) : std::string_view();
    if (digits.empty() || line[8] != ' ' || (line.size() > 12 && line[12] != ' ') ||
        digits.find_first_not_of("0123456789") != std::string_view::npos || digits[0] == '0') {
        return Error{"head: " + in_quotes(line) + " is not \"HTTP/1.1 200 OK\""};
    }
    head_.version_minor = *version;
    head_.status = std::stoi(std::string(digits));
    if (line.size() > 13) head_.reason = line.substr(13);
    return {};
}

ResponseHead ResponseReader::take() {
    assert(complete_);
    lines_ = HeadLines(limits_);
    started_ = complete_ = false;
    return std::exchange(head_, {});
}

}  // namespace st::http
