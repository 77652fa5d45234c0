#include "streamctl-push/kept_messages.h"

#include <utility>

namespace st::streamctl {

void KeptMessages::add(Message message) {
    bytes_ += message.payload->size();
    messages_.push_back(std::move(message));
}

const KeptMessages::Message* KeptMessages::next_unsent() const {
    return sent_ < messages_.size() ? &messages_[sent_] : nullptr;
}

void KeptMessages::mark_sent() { ++sent_; }

void KeptMessages::received(std::uint32_t seq) {
    const auto is_after = [seq](std::uint32_t other) {
        return static_cast<std::int32_t>(other - seq) > 0;
    };
    while (!messages_.empty() && !is_after(messages_.front().seq)) {
        bytes_ -= messages_.front().payload->size();
        messages_.pop_front();
        if (sent_ > 0) --sent_;
    }
}

void KeptMessages::clear() {
    messages_.clear();
    sent_ = bytes_ = 0;
}

std::optional<std::uint32_t> KeptMessages::first() const {
    if (messages_.empty()) return std::nullopt;
    return messages_.front().seq;
}

}  // namespace st::streamctl
