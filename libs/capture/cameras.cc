#include "capture/cameras.h"

#include <algorithm>

#include "base/clock.h"
#include "base/name.h"
#include "base/nearest.h"
#include "base/text.h"
#include "capture/camera_connection.h"
#include "capture/refusals.h"

namespace st::capture {
namespace {

/// More cameras than this that give no name cannot share an address.
constexpr unsigned kNumberMax = 10'000;

static_assert(static_cast<int>(camera::State::gone) ==
              static_cast<int>(control::CameraState::gone));

control::RecordingNow recording_now(const record::Session& session) {
    const record::SessionStart& start = session.start();
    const record::LiveFigures& figures = session.figures();
    control::RecordingNow now;
    now.take = start.take;
    now.part = start.part;
    if (!start.started_by.empty()) now.started_by = start.started_by;
    now.started_at = rfc3339(start.started_us);
    now.messages = figures.messages;
    now.pictures = figures.pictures;
    now.bytes = figures.bytes;
    now.duration_ms = static_cast<std::uint64_t>(figures.duration_ns / 1'000'000);
    now.missing = figures.missing;
    return now;
}

/// The offset is the camera's to the wall clock, which both are told.
control::CameraClock to_control(const ClockTold& told, std::int64_t now_ns) {
    control::CameraClock clock;
    clock.unit = told.unit == camera::TimeUnit::us ? "us" : "ms";
    clock.method = clock::to_string(told.standing.method);
    clock.exchanges = told.standing.exchanges;
    if (told.standing.method == clock::Method::none) return clock;
    clock.offset_us = told.standing.offset_us + wall_us() - now_ns / 1000;
    clock.drift_ppm = told.standing.drift_ppm;
    clock.bound_us = told.standing.bound_us;
    clock.rtt_us = told.standing.rtt_us;
    return clock;
}

control::CameraHealth to_control(const camera::Health& health, std::int64_t at_us) {
    return {health.battery,   health.is_charging,  health.fps,  health.encoder_queue,
            health.unsent,    health.unsent_bytes, health.lost, health.is_awake,
            health.is_hidden, rfc3339(at_us)};
}

bool is_active(camera::State state) {
    return state == camera::State::recording || state == camera::State::stopping;
}

}  // namespace

LinkPtr Cameras::make_link(httpd::NetLoop& net, const std::string& peer, const std::string& path) {
    auto link = std::make_shared<CameraLink>(next_link_.fetch_add(1), peer, path, wall_us());
    const std::weak_ptr<CameraLink> weak = link;
    link->send = [&net, weak](ToConnection message) {
        net.loop().post([self = weak.lock(), sent = std::move(message)] {
            if (!self) return;
            if (const auto camera = self->connection.lock()) camera->on_message(sent);
        });
    };
    link->report = [this, weak](FromConnection message) {
        if (const LinkPtr self = weak.lock()) report(self, std::move(message));
    };
    return link;
}

std::optional<std::string> Cameras::settled_name(const CameraClaim& claim) const {
    if (claim.name) return *claim.name;
    const auto options = options_.get();
    for (const NameRule& rule : options->name_rules) {
        if (rule.model.empty() && rule.address && rule.address->contains(claim.address)) {
            return rule.name;
        }
    }
    return std::nullopt;
}

bool Cameras::may_be_renamed(const CameraClaim& claim) const {
    if (settled_name(claim)) return false;
    const auto options = options_.get();
    const auto has_model = [](const NameRule& rule) { return !rule.model.empty(); };
    return std::any_of(options->name_rules.begin(), options->name_rules.end(), has_model) ||
           given_.has(auth::to_text(claim.address));
}

void Cameras::claim(CameraClaim claim) {
    if (claim.name && !is_valid_name(*claim.name)) {
        return claim.done(Error{"camera name \"" + shown(*claim.name) +
                                    "\" is not allowed: 1 to 64 of A-Z a-z 0-9 . _ -, beginning "
                                    "with a letter or digit",
                                400});
    }
    if (const auto settled = settled_name(claim)) return try_name(std::move(claim), *settled, 1);
    // A lone device of an address is known by that, before it says what it is.
    if (const GivenName* given = given_.only_at(auth::to_text(claim.address))) {
        const std::string name = given->name;
        return try_name(std::move(claim), name, 0);
    }
    const std::string name = claim.default_name;
    try_name(std::move(claim), name, 1);
}

Result<void> Cameras::check_limits(const CameraClaim& claim) const {
    const auto options = options_.get();
    const std::size_t all_max = options->cameras_max;
    if (all_max > 0 && by_name_.size() >= all_max) {
        return Error{"limits.cameras (" + std::to_string(all_max) + ") reached", 503};
    }
    const std::size_t here_max = options->cameras_per_address;
    if (here_max == 0 || claim.place_of.empty()) return {};
    const auto here = std::count_if(by_name_.begin(), by_name_.end(), [&](const auto& one) {
        return one.second.place_of == claim.place_of;
    });
    if (static_cast<std::size_t>(here) < here_max) return {};
    return Error{"limits.cameras_per_address (" + std::to_string(here_max) + ") reached", 429};
}

void Cameras::try_name(CameraClaim claim, const std::string& name, unsigned number) {
    const auto held = by_name_.find(name);
    if (held == by_name_.end()) {
        if (auto room = check_limits(claim); !room) return claim.done(std::move(room));
        return grant(claim, name);
    }
    const LinkPtr holder = held->second.link;
    const loop::TimerId timer = timers_.after(options_->takeover_after, [this, holder] {
        holder->send(Replace{});
        left(holder, "replaced");  // which gives its name to the first that waits
    });
    holder_of_[claim.link->id] = holder->id;
    waiting_[holder->id].push_back(Waiting{std::move(claim), name, number, timer});
    holder->send(Probe{});
}

/// Where neither the camera nor a rule names it, another name of its address does as well.
void Cameras::try_next_name(Waiting waiting, const std::string& refusal) {
    if (settled_name(waiting.claim) || waiting.number == kNumberMax) {
        return waiting.claim.done(Error{refusal, 409});
    }
    const unsigned number = waiting.number + 1;
    std::string next = waiting.claim.default_name;
    if (number > 1) next += "_" + std::to_string(number);
    try_name(std::move(waiting.claim), next, number);
}

void Cameras::grant(CameraClaim& claim, const std::string& name) {
    CameraEntry& entry = by_name_[name];
    entry.link = claim.link;
    entry.place_of = claim.place_of;
    entry.name = name;
    by_link_[claim.link->id] = &entry;
    counters_.cameras.fetch_add(1);
    claim.link->name = name;
    claim.link->name_is_default = !settled_name(claim);
    claim.link->names_itself = claim.name.has_value();
    claim.link->may_be_renamed = may_be_renamed(claim);
    claim.link->address_name = claim.default_name;
    claim.link->address = claim.address;
    events_.add("camera.connected",
                {{"camera", name}, {"peer", claim.link->peer}, {"path", shown(claim.link->path)}});
    claim.done({});
}

/// No timer of theirs runs any more.
std::vector<Cameras::Waiting> Cameras::take_waiting(std::uint64_t holder) {
    auto node = waiting_.extract(holder);
    if (node.empty()) return {};
    for (const Waiting& waiting : node.mapped()) {
        timers_.cancel(waiting.timer);
        holder_of_.erase(waiting.claim.link->id);
    }
    return std::move(node.mapped());
}

void Cameras::alive(const LinkPtr& link) {
    for (Waiting& waiting : take_waiting(link->id)) {
        const std::string refusal = "camera \"" + waiting.name + "\" is connected from " +
                                    link->peer + "; use another name, or kick it";
        try_next_name(std::move(waiting), refusal);
    }
}

void Cameras::give_up(const LinkPtr& link) {
    if (const auto holder = holder_of_.extract(link->id); !holder.empty()) {
        const auto claims = waiting_.find(holder.mapped());
        std::erase_if(claims->second, [&](const Waiting& waiting) {
            if (waiting.claim.link != link) return false;
            timers_.cancel(waiting.timer);
            return true;
        });
        if (claims->second.empty()) waiting_.erase(claims);
    }
    left(link, "closed during the handshake");
}

CameraEntry* Cameras::entry_of(const LinkPtr& link) {
    const auto found = by_link_.find(link->id);
    return found == by_link_.end() ? nullptr : found->second;
}

void Cameras::joined(const LinkPtr& link) {
    CameraEntry* entry = entry_of(link);
    if (entry == nullptr || entry->is_camera) return;
    entry->is_camera = true;
    events_.add("camera.ready", {{"camera", entry->name}, {"peer", link->peer}});
}

void Cameras::set_state(const LinkPtr& link, camera::State state, const std::string& session) {
    CameraEntry* entry = entry_of(link);
    if (entry == nullptr) return;
    counters_.cameras_recording.fetch_add(int{is_active(state)} - int{is_active(entry->state)});
    entry->state = state;
    entry->session = session;
    const bool is_free = state == camera::State::idle || state == camera::State::previewing;
    if (is_free && entry->rename_is_due) set_model(link, entry->model);
}

void Cameras::set_recording(const LinkPtr& link, const record::SessionPtr& recording) {
    if (CameraEntry* entry = entry_of(link)) entry->recording = recording;
}

void Cameras::set_clock(const LinkPtr& link, const ClockTold& clock) {
    CameraEntry* entry = entry_of(link);
    if (entry != nullptr) entry->clock = clock;
}

void Cameras::set_health(const LinkPtr& link, const camera::Health& health) {
    CameraEntry* entry = entry_of(link);
    if (entry == nullptr) return;
    const std::optional<double> battery = entry->health ? entry->health->battery : std::nullopt;
    entry->health = health;
    if (!health.battery) entry->health->battery = battery;
    entry->health_us = wall_us();
}

void Cameras::rename(CameraEntry& entry, const std::string& name, bool is_given) {
    const std::string before = entry.name;
    auto node = by_name_.extract(before);  // the entry stays where it is
    node.key() = name;
    entry.name = name;
    entry.link->name = name;
    by_name_.insert(std::move(node));
    if (on_renamed) on_renamed(entry.link, before, is_given);
}

/// "10.0.0.7", or the first of 10.0.0.7_2 ... that nobody has.
std::string Cameras::free_name(const std::string& address_name) const {
    std::string name = address_name;
    for (unsigned number = 2; by_name_.contains(name) && number < kNumberMax; ++number) {
        name = address_name + "_" + std::to_string(number);
    }
    return name;
}

/// A rule's, else a given one, else, if its present name is that of another device, its address.
std::optional<std::string> Cameras::name_by_model(const CameraLink& link, const std::string& model,
                                                  const std::string& now) const {
    const auto is_free = [&](const std::string& name) {
        return name == now || !by_name_.contains(name);
    };
    const auto options = options_.get();
    for (const NameRule& rule : options->name_rules) {
        if (rule.model.empty() || rule.model != model) continue;
        if (rule.address && !rule.address->contains(link.address)) continue;
        if (is_free(rule.name)) return rule.name;  // else one device of the model has it already
    }
    const std::string address = auth::to_text(link.address);
    if (const GivenName* given = given_.find(address, model)) {
        if (is_free(given->name)) return given->name;
    }
    const GivenName* guessed = given_.only_at(address);
    if (guessed != nullptr && guessed->name == now && guessed->model != model) {
        return free_name(link.address_name);
    }
    return std::nullopt;
}

void Cameras::set_model(const LinkPtr& link, const std::string& model) {
    CameraEntry* entry = entry_of(link);
    if (entry == nullptr) return;
    entry->model = model;
    entry->rename_is_due = link->name_is_default &&
                           (is_active(entry->state) || entry->state == camera::State::finalising);
    if (link->name_is_default && !entry->rename_is_due) {
        const auto name = name_by_model(*link, model, entry->name);
        if (name && *name != entry->name) rename(*entry, *name, false);
    }
    link->send(Named{entry->name});
}

void Cameras::keep_names(GivenNames names, std::function<void(const GivenNames&)> save) {
    given_ = std::move(names);
    save_names_ = std::move(save);
}

control::Decoded<std::string> Cameras::give_name(const std::string& name, const std::string& next,
                                                 const std::string& by) {
    using control::ApiError;
    using control::ErrorCode;
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        return ApiError{ErrorCode::not_found, no_such_camera(name, by_name_), "camera"};
    }
    CameraEntry& entry = found->second;
    if (!is_valid_name(next)) {
        return ApiError{ErrorCode::bad_request,
                        "\"" + shown(next) +
                            "\" is not a name: 1 to 64 of A-Z a-z 0-9 . _ -, "
                            "beginning with a letter or digit",
                        "name"};
    }
    if (!entry.link->name_is_default) {
        return ApiError{ErrorCode::conflict,
                        entry.link->names_itself
                            ? name + " names itself, in the address it connects to (" +
                                  shown(entry.link->path) + "); change it there"
                            : name +
                                  " has its name from a rule in the configuration (cameras); "
                                  "change it there",
                        "camera"};
    }
    if (name == next) return name;
    if (by_name_.contains(next)) {
        return ApiError{ErrorCode::conflict, "another camera is connected as " + next, "name"};
    }
    if (entry.state != camera::State::idle && entry.state != camera::State::previewing) {
        return ApiError{ErrorCode::conflict,
                        name + " is " + std::string(camera::to_string(entry.state)) +
                            "; rename it when that is over",
                        "camera"};
    }
    given_.give({auth::to_text(entry.link->address), entry.model, next});
    if (save_names_) save_names_(given_);
    rename(entry, next, true);
    EventFields fields{{"camera", next}, {"was", name}, {"peer", entry.link->peer}};
    if (!by.empty()) fields.emplace_back("by", by);
    events_.add("camera.renamed", fields);
    entry.link->send(Named{next});
    return next;
}

bool Cameras::left(const LinkPtr& link, const std::string& reason, const EventFields& more) {
    const auto node = by_link_.extract(link->id);
    if (node.empty()) return false;
    const std::string name = node.mapped()->name;
    counters_.cameras.fetch_sub(1);
    if (is_active(node.mapped()->state)) counters_.cameras_recording.fetch_sub(1);
    by_name_.erase(name);
    EventFields fields{{"camera", name}, {"peer", link->peer}, {"reason", shown(reason)}};
    fields.insert(fields.end(), more.begin(), more.end());
    events_.add("camera.disconnected", fields);
    // The first gets the name, and the others have a holder again to wait for.
    for (Waiting& waiting : take_waiting(link->id)) {
        try_name(std::move(waiting.claim), waiting.name, waiting.number);
    }
    return true;
}

const CameraEntry* Cameras::find(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &found->second;
}

const CameraEntry* Cameras::find(std::uint64_t link_id) const {
    const auto found = by_link_.find(link_id);
    return found == by_link_.end() ? nullptr : found->second;
}

control::CameraStatus Cameras::status(const CameraEntry& entry) const {
    const CameraLink& link = *entry.link;
    control::CameraStatus status;
    status.name = entry.name;
    status.peer = link.peer;
    status.path = shown(link.path);
    if (!entry.model.empty()) status.model = entry.model;
    status.state = static_cast<control::CameraState>(entry.state);
    if (!entry.session.empty()) status.session = entry.session;
    if (entry.recording && entry.recording->id() == entry.session) {
        status.recording = recording_now(*entry.recording);
    }
    // Its folder is still being made: "recording" is said when what is recorded has a name.
    if (entry.state == camera::State::recording && entry.session.empty()) {
        status.state = control::CameraState::starting;
    }
    const std::uint32_t width = link.width, height = link.height;
    if (width > 0 && height > 0) {
        status.width = width;
        status.height = height;
    }
    // A second that ended more than a second ago says nothing about now.
    if (timers_.clock_ns() - link.second_ns < 2'000'000'000) {
        status.fps_1s = link.second_pictures;
        status.bitrate_1s = link.second_bits;
    }
    status.frames = link.frames;
    status.bytes = link.bytes;
    status.bad = link.bad;
    if (entry.clock) status.clock = to_control(*entry.clock, timers_.clock_ns());
    if (link.is_jpeg) status.codec = camera::kCodecMjpeg;
    if (entry.health) status.health = to_control(*entry.health, entry.health_us);
    status.connected_at = rfc3339(link.connected_us);
    status.last_seen = rfc3339(link.last_seen_us);
    return status;
}

std::string nearest_name(const std::map<std::string, CameraEntry>& cameras,
                         const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [known, entry] : cameras) names.push_back(known);
    return nearest(name, names);
}

}  // namespace st::capture
