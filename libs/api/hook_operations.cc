#include "api/hook_operations.h"

#include <algorithm>

#include "api/arguments.h"
#include "api/page.h"
#include "api/tell.h"
#include "control/hook_status.h"
#include "notify/hooks.h"

namespace st::api {

using control::Call;
using control::Decoded;
using Done = Operations::Done;

void HookOperations::list(const Done& done) const {
    parts_.hooks.list([done](const std::vector<control::HookStatus>& statuses) {
        control::List all;
        for (const control::HookStatus& status : statuses) {
            all.items.push_back(control::encode(status));
        }
        done(control::encode(all));
    });
}

void HookOperations::list_failed(const Call& call, const Done& done) const {
    parts_.hooks.failed([call, done](std::vector<control::FailedHook> failed) {
        std::sort(failed.begin(), failed.end(),
                  [](const auto& a, const auto& b) { return a.id < b.id; });
        Page page(call);
        for (const control::FailedHook& one : failed) {
            page.add(one.id, [&] { return control::encode(one); });
        }
        done(page.encode());
    });
}

void HookOperations::replay(const Call& call, const Done& done) const {
    const auto on_made = [&parts = parts_, by = call.client(),
                          done](const Decoded<std::string>& id) {
        if (id) tell(parts, "hook.replayed", {{"hook", *id}, {"by", by}});
        done(encoded_done("hook", id));
    };
    parts_.hooks.replay(*call.find("id"), on_made);
}

void HookOperations::test(const Call& call, const Done& done) const {
    const auto request = control::decode_hook_test_request(call.body);
    if (!request) return done(request.error());
    parts_.hooks.test(request->url, [done](const auto& reply) { done(encoded(reply)); });
}

}  // namespace st::api
