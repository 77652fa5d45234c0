#pragma once
/// POSTs to programs elsewhere. Courier is the real client; tests answer by hand.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace st::notify {

struct HttpPost {
    std::string url;
    std::vector<std::string> headers;  ///< "Name: value"
    std::string body;
    std::chrono::milliseconds timeout{15'000};
};

struct HttpResult {
    int status = 0;     ///< 0: there was no answer, and `error` says why
    std::string error;  ///< cleaned text
    std::optional<std::chrono::seconds> retry_after;

    bool is_good() const { return status >= 200 && status < 300; }
    /// For logs and people.
    std::string text() const { return status == 0 ? error : "HTTP " + std::to_string(status); }
};

using RequestId = std::uint64_t;

class HttpClient {
 public:
    virtual ~HttpClient() = default;
    /// `done` is called once, on the client's thread and not within this call, as soon as the
    /// status is known; never after the client's end. Redirects are answers like any other.
    virtual RequestId post(HttpPost request, std::function<void(HttpResult)> done) = 0;
    /// Its answer is no longer wanted: `done` is not called. Nothing if it was already.
    virtual void give_up(RequestId request) = 0;
};

}  // namespace st::notify
