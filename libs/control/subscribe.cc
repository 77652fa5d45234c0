#include "control/subscribe.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr auto kSubscription = [](auto& way, auto& subscription) {
    rare_field(way, "types", subscription.types, kEventTypesMax);
    rare_field(way, "since", subscription.since);
};

}  // namespace

Decoded<Subscription> decode_subscription(std::string_view params) {
    return read_request<Subscription>(params, kSubscription);
}

std::string encode(const Subscription& subscription) {
    return write_fields(subscription, kSubscription);
}

}  // namespace st::control
