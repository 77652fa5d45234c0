#pragma once
/// Asks a program elsewhere whether somebody may publish or play. Without its yes in time the
/// answer is no. The courier's thread, unless said otherwise.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "auth/decision.h"
#include "base/log.h"
#include "loop/timers.h"
#include "notify/http_client.h"
#include "notify/options.h"

namespace st::notify {

class Decider {
 public:
    /// Questions under way at once; a further one is answered no.
    static constexpr std::size_t kPendingMax = 1'000;

    /// All of it outlives this. `wall_us`: the clock of signatures.
    Decider(HttpClient& http, loop::Timers& timers, std::function<std::int64_t()> wall_us, Log log)
        : http_(http), timers_(timers), wall_us_(std::move(wall_us)), log_(std::move(log)) {}
    Decider(const Decider&) = delete;
    Decider& operator=(const Decider&) = delete;

    /// `done` is called once, unless this or its client ends before; its reason is fit for the
    /// peer. `options`: of this question.
    void ask(const DecideOptions& options, const auth::Question& question,
             const auth::Decided& done);

 private:
    HttpClient& http_;
    loop::Timers& timers_;
    const std::function<std::int64_t()> wall_us_;
    const Log log_;
    std::size_t pending_ = 0;
    std::uint64_t next_id_ = 1;
    std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace st::notify
