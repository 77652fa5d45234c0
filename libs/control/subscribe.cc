#include "control/subscribe.h"

#include "control/fields.h"
#include "control/json.h"

namespace st::control {

Decoded<Subscription> decode_subscription(std::string_view params) {
    const auto object = parse_request(params);
    if (!object) return object.error();
    Subscription subscription;
    ObjectReader reader(*object);
    reader.read("types", subscription.types, kEventTypesMax);
    reader.read("since", subscription.since);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return subscription;
}

std::string encode(const Subscription& subscription) {
    json::Object object;
    if (!subscription.types.empty()) object.set("types", to_array(subscription.types));
    if (subscription.since) object.set("since", *subscription.since);
    return json::write(object);
}

}  // namespace st::control
