#include "http/response.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace st::http {
namespace {

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::string_view reason_phrase(int status) {
    struct Phrase {
        int status;
        std::string_view text;
    };
    static constexpr std::array kPhrases{
        Phrase{100, "Continue"},
        Phrase{101, "Switching Protocols"},
        Phrase{200, "OK"},
        Phrase{201, "Created"},
        Phrase{202, "Accepted"},
        Phrase{204, "No Content"},
        Phrase{206, "Partial Content"},
        Phrase{301, "Moved Permanently"},
        Phrase{302, "Found"},
        Phrase{304, "Not Modified"},
        Phrase{307, "Temporary Redirect"},
        Phrase{308, "Permanent Redirect"},
        Phrase{400, "Bad Request"},
        Phrase{401, "Unauthorized"},
        Phrase{403, "Forbidden"},
        Phrase{404, "Not Found"},
        Phrase{405, "Method Not Allowed"},
        Phrase{408, "Request Timeout"},
        Phrase{409, "Conflict"},
        Phrase{411, "Length Required"},
        Phrase{413, "Content Too Large"},
        Phrase{414, "URI Too Long"},
        Phrase{415, "Unsupported Media Type"},
        Phrase{416, "Range Not Satisfiable"},
        Phrase{417, "Expectation Failed"},
        Phrase{426, "Upgrade Required"},
        Phrase{429, "Too Many Requests"},
        Phrase{431, "Request Header Fields Too Large"},
        Phrase{500, "Internal Server Error"},
        Phrase{501, "Not Implemented"},
        Phrase{503, "Service Unavailable"},
        Phrase{504, "Gateway Timeout"},
        Phrase{505, "HTTP Version Not Supported"},
        Phrase{507, "Insufficient Storage"},
    };
    for (const Phrase& phrase : kPhrases) {
        if (phrase.status == status) return phrase.text;
    }
    return "Unknown";
}

std::string encode_head(int status, std::span<const Field> fields) {
    std::string head = "HTTP/1.1 " + std::to_string(status) + ' ';
    head.append(reason_phrase(status)).append("\r\n");
    for (const Field& field : fields) append_field(head, field.name, field.value);
    head += "\r\n";
    return head;
}

std::string encode_request_head(std::string_view method, std::string_view target,
                                std::span<const Field> fields) {
    const bool clean =
        std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!is_token(method) || target.empty() || !clean) {
        throw std::invalid_argument("http: method or target would break the request line");
    }
    std::string head(method);
    head.append(" ").append(target).append(" HTTP/1.1\r\n");
    for (const Field& field : fields) append_field(head, field.name, field.value);
    head += "\r\n";
    return head;
}

std::string encode_response(const Response& response, bool keep_alive, std::string_view date,
                            bool is_head_request) {
    std::vector<Field> fields;
    fields.reserve(response.fields.size() + 4);
    if (!date.empty()) fields.push_back({"Date", std::string(date)});
    if (!response.content_type.empty()) fields.push_back({"Content-Type", response.content_type});
    if (has_body(response.status)) {
        fields.push_back({"Content-Length", std::to_string(response.body.size())});
    }
    fields.insert(fields.end(), response.fields.begin(), response.fields.end());
    fields.push_back({"Connection", keep_alive ? "keep-alive" : "close"});
    std::string text = encode_head(response.status, fields);
    if (has_body(response.status) && !is_head_request) text += response.body;
    return text;
}

std::string http_date(std::int64_t unix_seconds) {
    using namespace std::chrono;
    static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const sys_seconds time{seconds(unix_seconds)};
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  kDays[weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                  kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                  static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text.data();
}

std::string encode_chunk_head(std::size_t data_bytes) {
    assert(data_bytes > 0 && "an empty chunk ends the body");
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%zx\r\n", data_bytes);
    return text.data();
}

}  // namespace st::http
