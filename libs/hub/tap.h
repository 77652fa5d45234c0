#pragma once
/// Who gets a stream's packets as they are, in no wire form: a recorder, whoever wants one picture.
#include <memory>

#include "hub/unit.h"

namespace st::hub {

/// All calls in order and with the stream's lock held: they take what they are given and return.
class Tap {
 public:
    virtual ~Tap() = default;
    /// Before the first packet: the headers in force, for who begins without an entry.
    virtual void know(const std::shared_ptr<const Headers>& /*headers*/) {}
    /// At first what the stream keeps, if anything; that begins with an entry.
    virtual void take(const UnitPtr& unit) = 0;
    virtual void publisher_left() = 0;
};
using TapPtr = std::shared_ptr<Tap>;

}  // namespace st::hub
