#pragma once
/// Names that users gave to cameras which do not name themselves, by address and model, and the
/// file they are kept in. Pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace st::capture {

struct GivenName {
    std::string address;  ///< as text, without a port
    std::string model;    ///< from the capabilities; may be empty
    std::string name;
    bool operator==(const GivenName&) const = default;
};

class GivenNames {
 public:
    /// {"version":1,"cameras":[{"address","model","name"}]}. Entries that make no sense are left
    /// out: the file may have been edited by hand.
    static Result<GivenNames> decode(std::string_view text);
    std::string encode() const;

    /// Instead of what that device had, and of who had the name.
    void give(GivenName given);
    /// Of the one device that is known at that address; null: none is, or several are.
    const GivenName* only_at(std::string_view address) const;
    const GivenName* find(std::string_view address, std::string_view model) const;
    bool has(std::string_view address) const;
    const std::vector<GivenName>& all() const { return all_; }

 private:
    static constexpr std::size_t kMax = 10'000;

    std::vector<GivenName> all_;
};

}  // namespace st::capture
