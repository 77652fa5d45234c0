#pragma once
/// Tokens that were made with `streamctl token new`, beside those of the configuration, and the
/// file they are kept in: their digests alone. Pure; one thread at a time.
#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "base/result.h"

namespace st::api {

struct StoredToken {
    auth::Token token;
    std::string created_at;  ///< RFC 3339
};

class StoredTokens {
 public:
    static constexpr std::size_t kMax = 10'000;

    /// {"version":1,"tokens":[{"name","sha256","roles","created_at"}]}. A file that cannot be read
    /// as a whole is an error: nobody is to be let in or kept out by half of it.
    static Result<StoredTokens> decode(std::string_view text);
    std::string encode() const;

    /// False: the name is taken, or there are kMax.
    bool add(StoredToken token);
    /// False: there is none of that name.
    bool revoke(std::string_view name);
    const std::vector<StoredToken>& all() const { return all_; }

 private:
    std::vector<StoredToken> all_;
};

}  // namespace st::api
