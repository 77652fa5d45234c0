#pragma once
/// An FLV byte stream on its way to a publisher, whatever carries it. Lives on a network loop.
#include "flv/tag.h"
#include "httpd/input_account.h"
#include "live/publisher.h"

namespace st::live {

class FlvIngest {
 public:
    explicit FlvIngest(Publisher& publisher) : publisher_(publisher) {}

    /// An Error is final: what follows cannot be read. `now_ns`: the loop's clock.
    Result<void> feed(Bytes bytes, std::int64_t now_ns);
    /// False: the bytes so far end in the middle of a tag.
    bool is_whole() const { return reader_.is_between_tags(); }
    /// A tag that is not whole, and what the publisher holds.
    httpd::InputAccount::Held held() const {
        return {reader_.held_bytes(), reader_.missing_bytes(), publisher_.held_bytes()};
    }

 private:
    void note_oddities();

    Publisher& publisher_;
    flv::TagReader reader_;
    std::uint64_t skipped_ = 0;  ///< tags, as far as they were told
};

}  // namespace st::live
