#pragma once
/// What streams hold for their viewers, counted in the server's budget for as long as anybody has
/// it: the hub's caches, viewers' queues, sockets that are slow to take it. Packets and wire forms
/// are shared, and count once however many viewers wait for them. Any thread.
#include <cstdint>
#include <memory>
#include <utility>

#include "base/memory_budget.h"
#include "hub/unit.h"

namespace st::hub {

class StreamMemory {
 public:
    /// `budget` outlives this and all packets; null: nothing is limited.
    explicit StreamMemory(MemoryBudget* budget)
        : budget_(budget == nullptr ? unlimited_ : *budget) {}

    /// Of everything peers make the server hold.
    MemoryBudget& budget() { return budget_; }
    /// Of all caches together: an eighth of that. What they hold is counted in both.
    MemoryBudget& caches() {
        const std::size_t eighth = budget_.limit() / 8;
        if (caches_.limit() != eighth) caches_.set_limit(eighth);
        return caches_;
    }

    media::PacketPtr keep(media::Packet packet) {
        struct Kept {
            media::Packet packet;
            MemoryBudget::Charge charge;
        };
        MemoryBudget::Charge charge(budget_, held_bytes(packet));
        const auto kept = std::make_shared<const Kept>(Kept{std::move(packet), std::move(charge)});
        return {kept, &kept->packet};
    }
    SharedBuffer keep(SharedBuffer wire) {
        struct Kept {
            SharedBuffer wire;
            MemoryBudget::Charge charge;
        };
        MemoryBudget::Charge charge(budget_, wire->capacity());
        const auto kept = std::make_shared<const Kept>(Kept{std::move(wire), std::move(charge)});
        return {kept, kept->wire.get()};
    }

    /// What a packet takes in a stream, without its wire forms. It may be a byte: what goes with it
    /// counts.
    static std::size_t held_bytes(const media::Packet& packet) {
        return packet.payload.capacity() + sizeof(media::Packet) + sizeof(Unit);
    }

 private:
    MemoryBudget unlimited_{SIZE_MAX};
    MemoryBudget caches_{0};
    MemoryBudget& budget_;
};

}  // namespace st::hub
