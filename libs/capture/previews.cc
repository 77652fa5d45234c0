#include "capture/previews.h"

#include <utility>

#include "capture/refusals.h"
#include "control/glob.h"

namespace st::capture {
namespace {

using std::chrono::milliseconds;

/// Who asks for a preview that nobody asked for by a command.
const char* const kViewer = "viewer";
constexpr milliseconds kViewersPatience{10'000};
const char* const kTimedOut = "the camera did not say in time that it streams";

}  // namespace

void Previews::send(const CameraEntry& entry, const camera::StartParameters& parameters,
                    const std::string& by, milliseconds timeout) {
    entry.link->send(PreviewOrder{parameters, timeout, by});
}

bool Previews::is_watched(const std::string& name) const {
    return options_->previews_on_view && (viewers_.contains(name) || glances_.contains(name));
}

void Previews::end(const CameraEntry& entry) {
    if (wished_.contains(entry.link->id) || is_watched(entry.name)) return;
    entry.link->send(PreviewEnd{});
}

void Previews::preview(const control::PreviewRequest& request, Done done) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : cameras_.all()) {
        if (entry.is_camera) names.push_back(name);
    }
    if (names.empty()) return done(no_cameras());
    const control::Selection selection = control::select_names(request.cameras, names);
    if (!selection.missing.empty()) {
        return done(no_such_cameras(selection.missing, cameras_.all()));
    }
    Waiting pending;
    for (const std::string& name : selection.matched) {
        const CameraEntry& entry = *cameras_.find(name);
        if (request.stop) {
            wished_.erase(entry.link->id);
            end(entry);
            pending.reply.results.push_back({name, control::PreviewOutcome::stopped});
            continue;
        }
        wished_.insert(entry.link->id);
        send(entry, to_camera(request.parameters), request.client, request.timeout);
        if (request.wait) {
            pending.waiting.emplace(entry.link->id, name);
        } else {
            pending.reply.results.push_back({name, control::PreviewOutcome::sent});
        }
    }
    pending.done = std::move(done);
    finish(add(std::move(pending), request.timeout));
}

std::uint64_t Previews::add(Waiting pending, milliseconds patience) {
    const std::uint64_t id = next_id_++;
    for (const auto& [link, name] : pending.waiting) waiting_[link].insert(id);
    pending.timer = timers_.after(patience, [this, id] { time_out(id); });
    pending_.emplace(id, std::move(pending));
    return id;
}

void Previews::answer(const LinkPtr& link, control::PreviewOutcome outcome,
                      const std::string& error) {
    const auto found = waiting_.extract(link->id);
    if (found.empty()) return;
    for (const std::uint64_t id : found.mapped()) {
        Waiting& pending = pending_.at(id);
        control::PreviewResult result;
        result.camera = pending.waiting.extract(link->id).mapped();
        result.outcome = outcome;
        if (!error.empty()) result.error = error;
        if (result.error) pending.reply.ok = false;
        pending.reply.results.push_back(std::move(result));
        finish(id);
    }
}

void Previews::left(const LinkPtr& link) {
    wished_.erase(link->id);
    answer(link, control::PreviewOutcome::disconnected, "the camera disconnected");
}

void Previews::time_out(std::uint64_t id) {
    Waiting& pending = pending_.at(id);
    for (const auto& [link, name] : std::exchange(pending.waiting, {})) {
        pending.reply.ok = false;
        pending.reply.results.push_back({name, control::PreviewOutcome::timeout, kTimedOut});
        const auto of_link = waiting_.find(link);
        of_link->second.erase(id);
        if (of_link->second.empty()) waiting_.erase(of_link);
    }
    finish(id);
}

void Previews::finish(std::uint64_t id) {
    if (const auto pending = take_if_complete(pending_, id, timers_)) {
        pending->done(pending->reply);
    }
}

void Previews::joined(const CameraEntry& entry) {
    if (is_watched(entry.name)) send(entry, {}, kViewer, kViewersPatience);
}

void Previews::on_viewers(const std::string& name, std::size_t viewers) {
    const bool was_watched = is_watched(name);
    if (viewers == 0) {
        viewers_.erase(name);
    } else {
        viewers_[name] = viewers;
    }
    const CameraEntry* entry = cameras_.find(name);
    if (entry == nullptr || was_watched == is_watched(name)) return;
    if (was_watched) return end(*entry);
    if (entry->is_camera) send(*entry, {}, kViewer, kViewersPatience);
}

void Previews::glance(const std::string& name, const std::function<void(bool is_coming)>& then) {
    constexpr milliseconds kPatience{5'000};
    constexpr milliseconds kLongEnough{15'000};  // for the picture to come
    const CameraEntry* entry = cameras_.find(name);
    const bool is_idle =
        entry != nullptr && entry->is_camera &&
        (entry->state == camera::State::idle || entry->state == camera::State::finalising);
    if (!is_idle || !options_->previews_on_view) return then(false);
    ++glances_[name];
    timers_.after(kLongEnough, [this, name] {
        const auto found = glances_.find(name);
        if (--found->second > 0) return;
        glances_.erase(found);
        if (const CameraEntry* camera = cameras_.find(name)) end(*camera);
    });
    Waiting pending;
    pending.waiting.emplace(entry->link->id, name);
    // It has said that it streams; its first picture may still be on the way.
    pending.done = [then](const control::Decoded<control::PreviewReply>&) { then(true); };
    add(std::move(pending), kPatience);
    send(*entry, {}, kViewer, kPatience);
}

}  // namespace st::capture
