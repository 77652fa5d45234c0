#include "api/hook_operations.h"

#include <algorithm>

#include "api/arguments.h"
#include "api/page.h"
#include "control/hook_status.h"

namespace st::api {
namespace {

using control::Decoded;
using control::Operation;
using Done = Operations::Done;

void list(notify::Hooks& hooks, const Done& done) {
    hooks.list([done](const std::vector<control::HookStatus>& statuses) {
        control::List all;
        for (const control::HookStatus& status : statuses) {
            all.items.push_back(control::encode(status));
        }
        done(control::encode(all));
    });
}

void list_failed(notify::Hooks& hooks, const control::Call& call, const Done& done) {
    hooks.failed([call, done](std::vector<control::FailedHook> failed) {
        std::sort(failed.begin(), failed.end(),
                  [](const auto& a, const auto& b) { return a.id < b.id; });
        Page page(call);
        for (const control::FailedHook& one : failed) {
            page.add(one.id, [&] { return control::encode(one); });
        }
        done(page.encode());
    });
}

void replay(notify::Hooks& hooks, const control::Call& call, const Done& done,
            const std::function<void(const std::string& id)>& on_replayed) {
    hooks.replay(*call.find("id"), [done, on_replayed](const Decoded<std::string>& made) {
        if (made) on_replayed(*made);
        done(encoded_done("hook", made));
    });
}

void test(notify::Hooks& hooks, const control::Call& call, const Done& done) {
    const auto request = control::decode_hook_test_request(call.body);
    if (!request) return done(request.error());
    hooks.test(request->url, [done](const auto& reply) { done(encoded(reply)); });
}

}  // namespace

bool call_hooks(notify::Hooks& hooks, const control::Call& call, const Done& done,
                const std::function<void(const std::string& id)>& on_replayed) {
    switch (call.operation->operation) {
        case Operation::hooks_list:
            list(hooks, done);
            return true;
        case Operation::hooks_failed:
            list_failed(hooks, call, done);
            return true;
        case Operation::hooks_replay:
            replay(hooks, call, done, on_replayed);
            return true;
        case Operation::hooks_test:
            test(hooks, call, done);
            return true;
        default:
            return false;
    }
}

}  // namespace st::api
