#pragma once
/// One GET over HTTP on a connection of its own, as far as the head of the answer; its body is read
/// by whoever asked. Main thread.
#include <string>
#include <vector>

#include "base/bytes.h"
#include "http/head.h"
#include "streamctl/client/api_client.h"
#include "streamctl/client/connection.h"

namespace st::streamctl {

class Get {
 public:
    /// `path` begins with "/api"; `more` are header fields beside ours. Throws Failed if there is
    /// no answer.
    Get(ApiClient& client, Interrupt& interrupt, const std::string& path,
        const std::vector<Field>& more = {});

    const http::ResponseHead& head() const { return head_; }
    /// At least one byte of the body, waiting for it if need be; valid until the next call. Throws
    /// Failed if none comes.
    Bytes unread();
    void consume(std::size_t bytes) { rest_ = rest_.subspan(bytes); }
    /// The connection is to be taken for lost, because of `why`.
    Failed lost(const std::string& why) const { return connection_.unreachable(why); }

 private:
    Bytes receive();

    ApiClient& client_;
    Connection connection_;
    std::vector<std::uint8_t> piece_;
    Bytes rest_;  ///< of piece_
    http::ResponseHead head_;
};

}  // namespace st::streamctl
