#include "httpd/net_loop.h"

namespace st::httpd {

Result<Admission::Ticket> Admission::enter(const std::string& address) {
    const Options limits = *options_.get();
    const Lock lock(mutex_);
    if (limits.connections > 0 && count_ >= limits.connections) {
        counters_.connections_refused_total.fetch_add(1);
        return Error{"limits.connections (" + std::to_string(limits.connections) + ") reached",
                     503};
    }
    std::size_t& here = per_address_[address];
    if (limits.connections_per_address > 0 && here >= limits.connections_per_address) {
        counters_.connections_refused_total.fetch_add(1);
        return Error{"limits.connections_per_address (" +
                         std::to_string(limits.connections_per_address) + ") reached",
                     503};
    }
    ++here;
    ++count_;
    counters_.connections_total.fetch_add(1);
    counters_.connections.fetch_add(1);
    return Ticket(*this, address);
}

void Admission::leave(const std::string& address) {
    const Lock lock(mutex_);
    --count_;
    counters_.connections.fetch_sub(1);
    const auto here = per_address_.find(address);
    if (here != per_address_.end() && --here->second == 0) per_address_.erase(here);
}

}  // namespace st::httpd
