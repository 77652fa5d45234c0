#pragma once
/// An FLV byte stream on its way into the hub, whatever carries it. Lives on a network loop.
#include <memory>

#include "flv/inlet.h"
#include "flv/tag.h"
#include "hub/hub.h"

namespace st::live {

class FlvIngest {
 public:
    FlvIngest(hub::Publication publication, hub::PublisherPtr link)
        : publication_(std::move(publication)), link_(std::move(link)) {}

    /// An Error is final: what follows cannot be read. `now_ns`: the loop's clock.
    Result<void> feed(Bytes bytes, std::int64_t now_ns);
    /// Tags whose content could not be used; the stream goes on without them.
    std::uint64_t bad_tags() const { return bad_tags_; }
    const std::string& last_bad() const { return last_bad_; }
    /// The stream ends here. False: in the middle of a tag.
    bool is_whole() const { return reader_.is_between_tags(); }
    hub::Publication& publication() { return publication_; }

 private:
    hub::Publication publication_;
    const hub::PublisherPtr link_;
    flv::TagReader reader_;
    flv::Inlet inlet_;
    std::uint64_t bad_tags_ = 0;
    std::string last_bad_;
};

}  // namespace st::live
