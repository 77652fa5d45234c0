#pragma once
/// The operations on hooks. Any thread.
#include "api/operations.h"

namespace st::api {

class HookOperations {
 public:
    explicit HookOperations(Parts& parts) : parts_(parts) {}

    void list(const Operations::Done& done) const;
    void list_failed(const control::Call& call, const Operations::Done& done) const;
    void replay(const control::Call& call, const Operations::Done& done) const;
    void test(const control::Call& call, const Operations::Done& done) const;

 private:
    Parts& parts_;
};

}  // namespace st::api
