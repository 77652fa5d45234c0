#include "takes/takes.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "json/read.h"
#include "json/write.h"
#include "takes/material.h"
#include "takes/take_files.h"

namespace st::takes {
namespace {

constexpr int kNice = 10;  // recording comes first
constexpr std::size_t kPage = 1000;
constexpr unsigned kDepthMax = 32;

/// The one that most needs to be looked at stands for all.
unsigned rank_of(record::RecordingState state) {
    switch (state) {
        case record::RecordingState::failed:
            return 3;
        case record::RecordingState::recording:
            return 2;
        case record::RecordingState::finalising:
            return 1;
        case record::RecordingState::done:
            return 0;
    }
    return 0;
}

void add(Summary& sum, const record::RecordingEntry& entry) {
    sum.cameras.insert(entry.camera);
    ++sum.recordings;
    if (rank_of(entry.state) > rank_of(sum.state)) sum.state = entry.state;
    const auto value = json::read(entry.json, {entry.json.size(), kDepthMax});
    if (!value || value->object() == nullptr) return;
    const json::Object& session = *value->object();
    const std::string started = session["started_at"].text_or_empty();
    if (sum.started_at.empty() || started < sum.started_at) sum.started_at = started;
    sum.pictures += session["pictures"].natural().value_or(0);
    sum.bytes += session["bytes"].natural().value_or(0);
    sum.lost += session["seq_missing"].natural().value_or(0);
    sum.duration_ms = std::max(sum.duration_ms, session["duration_ms"].natural().value_or(0));
}

void add(Summary& sum, const Manifest& manifest) {
    sum.verdict = manifest.verdict;
    sum.pairing = manifest.pairing;
    bool is_bounded = true;
    for (const Camera& camera : manifest.cameras) {
        for (const Part& part : camera.parts) {
            is_bounded = is_bounded && part.bound_us;
            if (part.bound_us) sum.bound_us = std::max(sum.bound_us.value_or(0), *part.bound_us);
        }
    }
    if (!is_bounded) sum.bound_us.reset();
}

/// Of the parts that both have. One that ended, or was deleted, meanwhile is in one alone.
void copy_digests(const Manifest& from, Manifest& to) {
    std::map<std::string, std::string> known;
    for (const Camera& camera : from.cameras) {
        for (const Part& part : camera.parts) {
            if (part.sha256) known[part.file] = *part.sha256;
        }
    }
    for (Camera& camera : to.cameras) {
        for (Part& part : camera.parts) {
            if (const auto digest = known.find(part.file); digest != known.end())
                part.sha256 = digest->second;
        }
    }
}

}  // namespace

Takes::Takes(archive::Catalogue& catalogue, std::string recordings_path, std::string version,
             Log log, Finished finished)
    : catalogue_(catalogue),
      path_(std::move(recordings_path)),
      version_(std::move(version)),
      log_(std::move(log)),
      finished_(std::move(finished)),
      thread_([this] { run(); }) {}

Takes::~Takes() {
    {
        const Lock lock(mutex_);
        closing_ = true;
    }
    news_.notify_all();
    thread_.join();
}

void Takes::recording_ended(const std::string& take) {
    {
        const Lock lock(mutex_);
        if (std::ranges::find(ended_, take) != ended_.end()) return;
        ended_.push_back(take);
    }
    news_.notify_all();
}

bool Takes::is_busy() {
    const Lock lock(mutex_);
    return closing_ || !ended_.empty();
}

void Takes::run() {
    ::pthread_setname_np(::pthread_self(), "st-takes");
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    for (;;) {
        std::string take;
        bool is_new = false;
        {
            Lock lock(mutex_);
            while (ended_.empty() && undigested_.empty() && !closing_) news_.wait(lock.native());
            if (ended_.empty() && closing_) return;
            is_new = !ended_.empty();
            auto& queue = is_new ? ended_ : undigested_;
            take = std::move(queue.front());
            queue.pop_front();
        }
        try {
            is_new ? make(take) : digest(take);
        } catch (const std::exception& e) {  // C3: the thread's top; the other takes go on
            log_.error("take " + take + ": " + e.what());
        }
    }
}

void Takes::make(const std::string& take) {
    Result<Manifest> made = Error{};
    {
        const Lock files(files_mutex_);
        made = write_take(catalogue_, path_, take, version_);
    }
    if (!made) {
        // The last of its recordings will say so as well.
        if (made.error().code != kConflict && made.error().code != kNotFound)
            log_.error("take " + take + ": " + made.error().message);
        return;
    }
    finished_(*made);
    const Lock lock(mutex_);
    undigested_.push_back(take);
}

/// What was interrupted begins again when the take is asked for, or changes.
void Takes::digest(const std::string& take) {
    auto manifest = read_manifest(path_, take);
    if (!manifest) return;
    if (!add_digests(catalogue_, *manifest, [this] { return is_busy(); })) {
        const Lock lock(mutex_);
        if (!closing_ && !ended_.empty()) undigested_.push_back(take);
        return;
    }
    const Lock files(files_mutex_);
    auto now = read_manifest(path_, take);
    if (!now) return;
    copy_digests(*manifest, *now);
    store_manifest(path_, *now);
}

bool Takes::is_described(const std::string& take) const {
    return ::access(manifest_path(path_, take).c_str(), F_OK) == 0;
}

Summaries Takes::list() {
    Summaries out;
    std::map<std::string, Summary> found;
    archive::RecordingQuery query;
    query.limit = kPage;
    for (;;) {
        const archive::RecordingPage page = catalogue_.list(query);
        out.is_building = out.is_building || page.is_building;
        for (const record::RecordingEntry& entry : page.items) {
            if (!entry.take) continue;
            Summary& sum = found[*entry.take];
            sum.take = *entry.take;
            add(sum, entry);
        }
        if (!page.next) break;
        query.cursor = *page.next;
    }
    for (auto& [take, sum] : found) {
        if (const auto manifest = read_manifest(path_, take)) add(sum, *manifest);
        out.items.push_back(std::move(sum));
    }
    std::ranges::stable_sort(out.items, std::ranges::greater(), &Summary::started_at);
    return out;
}

/// A recording that is deleted, by whomever, is no part of its take any more.
bool Takes::has_all_of(const Manifest& manifest) {
    std::set<std::string> there;
    for (const record::RecordingEntry& entry : entries_of(catalogue_, manifest.take))
        there.insert(entry.id);
    for (const Camera& camera : manifest.cameras) {
        for (const Part& part : camera.parts) {
            if (!there.contains(part.recording)) return false;
        }
    }
    return true;
}

Result<Manifest> Takes::get(const std::string& take) {
    auto manifest = read_manifest(path_, take);
    const bool is_stale = manifest && !has_all_of(*manifest);
    if (!is_stale && (manifest || manifest.error().code != kNotFound)) return manifest;
    auto made = Result<Manifest>(Error{});
    {
        const Lock files(files_mutex_);
        made = write_take(catalogue_, path_, take, version_);
    }
    // One of it records again: what was known before that holds until it has ended.
    if (!made && is_stale && made.error().code == kConflict) return manifest;
    if (!made) return made;
    {
        const Lock lock(mutex_);
        undigested_.push_back(take);
    }
    news_.notify_all();
    return made;
}

Result<void> Takes::remove(const std::string& take, const Removed& removed) {
    const Lock files(files_mutex_);
    const auto entries = entries_of(catalogue_, take);
    const std::string path = manifest_path(path_, take);
    const bool has_manifest = ::access(path.c_str(), F_OK) == 0;
    if (entries.empty() && !has_manifest) return Error{"no take \"" + take + "\"", kNotFound};
    for (const record::RecordingEntry& entry : entries) {
        const bool is_open = entry.state == record::RecordingState::recording ||
                             entry.state == record::RecordingState::finalising;
        if (is_open) return Error{"recording " + entry.id + " has not ended", kConflict};
        if (entry.kept)
            return Error{"recording " + entry.id + " is kept: release it first", kConflict};
    }
    for (const record::RecordingEntry& entry : entries) {
        const auto gone = catalogue_.remove(entry.id);
        if (!gone && gone.error().code != kNotFound) return gone.error();
        if (gone) removed(entry);
    }
    if (has_manifest && ::unlink(path.c_str()) != 0 && errno != ENOENT)
        return Error{"delete " + path + ": " + std::strerror(errno), kBroken};
    return {};
}

Result<Manifest> Takes::judge(const std::string& take, Verdict verdict, const std::string& about,
                              const std::vector<std::string>& why) {
    const Lock files(files_mutex_);
    auto manifest = read_manifest(path_, take);
    if (!manifest) return manifest;
    for (auto* sentences : {&manifest->why, &manifest->judged}) {
        std::erase_if(*sentences,
                      [&](const std::string& sentence) { return sentence.starts_with(about); });
        for (const std::string& sentence : why) sentences->push_back(about + sentence);
    }
    manifest->verdict = verdict;
    store_manifest(path_, *manifest);
    return manifest;
}

std::string encode(const Summary& summary) {
    json::Array cameras;
    for (const std::string& camera : summary.cameras) cameras.emplace_back(camera);
    json::Object pairing;
    if (summary.pairing) {
        pairing.set("worst_us", summary.pairing->worst_us);
        pairing.set("p95_us", summary.pairing->p95_us);
    }
    json::Object object;
    object.set("take", summary.take);
    object.set("started_at", summary.started_at);
    object.set("cameras", cameras);
    object.set("recordings", summary.recordings);
    object.set("pictures", summary.pictures);
    object.set("duration_ms", summary.duration_ms);
    object.set("bytes", summary.bytes);
    object.set("seq_missing", summary.lost);
    object.set("state", std::string(record::to_string(summary.state)));
    object.set("verdict",
               summary.verdict ? json::Value(to_string(*summary.verdict)) : json::Value());
    object.set("bound_us", summary.bound_us);
    object.set("pairing", summary.pairing ? json::Value(pairing) : json::Value());
    return json::write(object);
}

}  // namespace st::takes
