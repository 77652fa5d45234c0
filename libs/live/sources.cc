#include "live/sources.h"

#include <future>

#include "base/clock.h"

namespace st::live {
namespace {

constexpr std::chrono::milliseconds kLookAgain{20};

}  // namespace

Sources::Sources(const std::vector<SourceOptions>& options, const std::vector<std::string>& worker,
                 hub::Hub& hub, const Log& log) {
    if (options.empty()) return;
    const Log its_log = log.with("source");
    thread_ = std::make_unique<loop::LoopThread>("sources", [its_log](std::string_view what) {
        its_log.error("a task failed: " + std::string(what));
    });
    for (const SourceOptions& one : options) {
        sources_.emplace(one.path,
                         std::make_unique<Source>(one, worker, thread_->loop(), hub, its_log));
    }
}

Sources::~Sources() {
    if (!thread_) return;
    shut_down();
    std::promise<void> gone;
    const std::int64_t deadline = monotonic_ns() + std::chrono::nanoseconds(kGoodbye).count();
    std::function<void()> look = [&] {
        bool any = false;
        for (const auto& [path, source] : sources_) any = any || source->has_process();
        if (!any || monotonic_ns() >= deadline) return gone.set_value();
        thread_->loop().after(kLookAgain, look);
    };
    thread_->loop().post(look);
    gone.get_future().wait();
    thread_->stop();
    sources_.clear();  // before the loop: their descriptors are on it
}

Source* Sources::find(std::string_view path) const {
    const auto found = sources_.find(path);
    return found == sources_.end() ? nullptr : found->second.get();
}

void Sources::on_event(const hub::Event& event) {
    if (const auto* joined = std::get_if<hub::Joined>(&event)) on_viewers(joined->path, true);
    if (const auto* left = std::get_if<hub::Left>(&event)) on_viewers(left->path, false);
}

void Sources::on_viewers(const std::string& path, bool has_joined) {
    Source* source = find(path);
    if (source == nullptr) return;
    thread_->loop().post([source, has_joined] { source->on_viewers(has_joined); });
}

std::vector<SourceStatus> Sources::status() const {
    std::vector<SourceStatus> all;
    for (const auto& [path, source] : sources_) all.push_back(source->status());
    return all;
}

bool Sources::is_coming(std::string_view path) const {
    const Source* source = find(path);
    return source != nullptr && source->status().state != SourceState::failed;
}

bool Sources::restart(std::string_view path) {
    Source* source = find(path);
    if (source == nullptr) return false;
    thread_->loop().post([source] { source->restart(); });
    return true;
}

void Sources::shut_down() {
    if (!thread_) return;
    thread_->loop().post([this] {
        for (const auto& [path, source] : sources_) source->shut_down();
    });
}

}  // namespace st::live
