#include "httpd/net_loop.h"

namespace st::httpd {

Result<void> Admission::Ticket::count_as(const std::string& address) {
    if (admission_ == nullptr || address == address_) return {};
    if (auto moved = admission_->move(address_, address); !moved) return moved;
    address_ = address;
    return {};
}

Result<Admission::Ticket> Admission::enter(const std::string& address) {
    const std::size_t connections_max = options_->connections;
    const Lock lock(mutex_);
    if (connections_max > 0 && count_ >= connections_max) {
        counters_.connections_refused_total.fetch_add(1);
        return Error{"limits.connections (" + std::to_string(connections_max) + ") reached", 503};
    }
    if (auto added = add_to(address); !added) return added.error();
    return take_place(address);
}

Admission::Ticket Admission::enter_always() {
    const Lock lock(mutex_);
    return take_place("");
}

Admission::Ticket Admission::take_place(const std::string& address) {
    ++count_;
    counters_.connections_total.fetch_add(1);
    counters_.connections.fetch_add(1);
    return Ticket(*this, address);
}

Result<void> Admission::add_to(const std::string& address) {
    const std::size_t here_max = options_->connections_per_address;
    if (per_address_.take(address, here_max)) return {};
    counters_.connections_refused_total.fetch_add(1);
    return Error{"limits.connections_per_address (" + std::to_string(here_max) + ") reached", 429};
}

Result<void> Admission::move(const std::string& from, const std::string& to) {
    const Lock lock(mutex_);
    if (auto added = add_to(to); !added) return added;
    per_address_.give_back(from);
    return {};
}

void Admission::leave(const std::string& address) {
    const Lock lock(mutex_);
    --count_;
    counters_.connections.fetch_sub(1);
    per_address_.give_back(address);
}

}  // namespace st::httpd
