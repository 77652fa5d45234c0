#pragma once
/// Carries out tokens.* and sign. The control loop's thread.
#include <functional>
#include <string>
#include <vector>

#include "api/operations.h"
#include "api/stored_tokens.h"
#include "base/current.h"
#include "base/event_sink.h"

namespace st::api {

class Tokens {
 public:
    /// Writes the file and then calls `done` on the control loop with "", or why it could not.
    using Store = std::function<void(std::string text, std::function<void(std::string)> done)>;
    /// Puts what is stored in force.
    using Apply = std::function<void(const StoredTokens& stored)>;

    /// `policy`: in force, with what Apply brought into it. All of it outlives this.
    Tokens(const Current<auth::Policy>& policy, StoredTokens stored, Store store, Apply apply,
           EventSink& events);

    void list(const control::Call& call, const Operations::Done& done) const;
    void create(const control::Call& call, const Operations::Done& done);
    void revoke(const control::Call& call, const Operations::Done& done);
    void sign(const control::Call& call, const Operations::Done& done) const;

 private:
    const Current<auth::Policy>& policy_;
    StoredTokens stored_;
    const Store store_;
    const Apply apply_;
    EventSink& events_;
};

}  // namespace st::api
