#include "takes/takes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "base/this_thread.h"
#include "json/read.h"
#include "json/write.h"
#include "takes/material.h"
#include "takes/take_files.h"

namespace st::takes {
namespace {

constexpr int kNice = 10;  // recording comes first
/// A take that could not be made is tried again after so long, then after twice as long and so on.
constexpr std::chrono::seconds kRetryAfter{2};
constexpr std::chrono::seconds kRetryAfterMax{600};
/// Of a second each, for what the catalogue does not know yet.
constexpr int kMoreTries = 9;
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

/// A part with an MP4 of which no digest is known, but for `unreadable` ones.
const Part* undigested_part(const Manifest& manifest, const std::set<std::string>& unreadable) {
    for (const Camera& camera : manifest.cameras) {
        for (const Part& part : camera.parts) {
            if (!part.file.empty() && !part.sha256 && !unreadable.contains(part.file)) return &part;
        }
    }
    return nullptr;
}

std::int64_t ns_of(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

/// When a film's contents did, or it was put there with those of before; 0: nobody can say.
std::int64_t changed_ns(const Fd& film) {
    struct stat status {};
    if (!film || ::fstat(film.get(), &status) != 0) return 0;
    return std::max(ns_of(status.st_mtim), ns_of(status.st_ctim));
}

std::int64_t written_ns(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? ns_of(status.st_mtim) : 0;
}

void set_digest(Manifest& manifest, const std::string& file, const Digest& digest) {
    for (Camera& camera : manifest.cameras) {
        for (Part& part : camera.parts) {
            if (part.file != file) continue;
            part.sha256 = digest.sha256;
            part.sha256_of = digest.of;
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

bool Takes::is_closing() {
    const Lock lock(mutex_);
    return closing_;
}

void Takes::run() {
    name_this_thread("st-takes");
    lower_priority(kNice);
    for (;;) {
        std::optional<std::string> undigested;
        {
            Lock lock(mutex_);
            while (!closing_ && ended_.empty() && undigested_.empty()) wait(lock);
            if (ended_.empty()) {
                if (closing_) return;
                undigested = std::move(undigested_.front());
                undigested_.pop_front();
            }
        }
        undigested ? digest(*undigested) : make_ended();
    }
}

/// Until there is something to do, or a take that could not be made is due again.
void Takes::wait(Lock& lock) {
    const auto now = std::chrono::steady_clock::now();
    const auto next = std::ranges::min_element(later_, {}, &Later::due);
    if (next == later_.end()) return news_.wait(lock.native());
    if (next->due > now) {
        news_.wait_until(lock.native(), next->due);
        return;
    }
    ended_.push_back(next->take);
}

void Takes::make_ended() {
    for (;;) {
        std::string take;
        {
            const Lock lock(mutex_);
            if (ended_.empty()) return;
            take = std::move(ended_.front());
            ended_.pop_front();
        }
        std::string problem;
        try {
            problem = make(take);
        } catch (const std::exception& e) {  // C3: the other takes go on
            problem = e.what();
        }
        try_later(take, problem);
    }
}

/// "": it was made, or will be asked for again. Else why it could not be made.
std::string Takes::make(const std::string& take) {
    // Not while others wait for the files.
    if (const auto known = entries_of(catalogue_, take, kMoreTries); !known)
        return known.error().message;
    Result<Manifest> made = Error{};
    {
        const Lock files(files_mutex_);
        made = write_take(catalogue_, path_, take, version_);
    }
    if (!made) {
        // The last of its recordings will say so as well.
        const bool is_early = made.error().code == kConflict || made.error().code == kNotFound;
        return is_early ? std::string() : made.error().message;
    }
    finished_(*made);
    digest_later(take);
    return {};
}

void Takes::digest_later(const std::string& take) {
    {
        const Lock lock(mutex_);
        if (std::ranges::find(undigested_, take) != undigested_.end()) return;
        undigested_.push_back(take);
    }
    news_.notify_all();
}

/// The catalogue may not know all of its recordings yet, the disk may be full.
void Takes::try_later(const std::string& take, const std::string& problem) {
    const Lock lock(mutex_);
    const auto known = std::ranges::find(later_, take, &Later::take);
    if (problem.empty()) {
        if (known != later_.end()) later_.erase(known);
        return;
    }
    if (known == later_.end()) {
        log_.error("take " + take + ": " + problem + "; it is tried again");
        later_.push_back({take, kRetryAfter, std::chrono::steady_clock::now() + kRetryAfter});
        return;
    }
    known->delay = std::min(2 * known->delay, kRetryAfterMax);
    known->due = std::chrono::steady_clock::now() + known->delay;
}

/// File by file. What was interrupted goes on when the take is asked for, or changes.
void Takes::digest(const std::string& take) {
    std::set<std::string> unreadable;
    // Others that end meanwhile do not wait for it.
    const auto stop = [this] {
        make_ended();
        return is_closing();
    };
    try {
        for (;;) {
            const auto manifest = read_manifest(path_, take);
            const Part* const part = manifest ? undigested_part(*manifest, unreadable) : nullptr;
            if (part == nullptr) return;
            const auto digest = digest_of(catalogue_, *part, stop);
            if (is_closing()) return;
            if (!digest) {
                unreadable.insert(part->file);
                continue;
            }
            const Lock files(files_mutex_);
            auto now = read_manifest(path_, take);
            if (!now) return;
            set_digest(*now, part->file, *digest);
            store_manifest(path_, *now);
        }
    } catch (const std::exception& e) {  // C3: the other takes go on
        log_.error("take " + take + ": digests: " + e.what());
    }
}

bool Takes::is_described(const std::string& take) const {
    return ::access(manifest_path(path_, take).c_str(), F_OK) == 0;
}

Summary Takes::summary(const std::string& take) {
    Summary sum;
    sum.take = take;
    archive::RecordingQuery query;
    query.take = take;
    query.limit = kPage;
    for (;;) {
        const archive::RecordingPage page = catalogue_.list(query);
        sum.is_building = sum.is_building || page.is_building;
        for (const record::RecordingEntry& entry : page.items) add(sum, entry);
        if (!page.next) break;
        query.cursor = *page.next;
    }
    if (const auto manifest = read_manifest(path_, take)) add(sum, *manifest);
    return sum;
}

/// A recording that is deleted, by whomever, is no part of its take any more; one that is converted
/// again may have other MP4s, or others of the same names.
bool Takes::is_as_described(const Manifest& manifest,
                            const std::vector<record::RecordingEntry>& entries) {
    std::map<std::string, std::set<std::string>> described;  // MP4s of each recording
    std::map<std::string, std::string> digested;             // which files those were
    for (const Camera& camera : manifest.cameras) {
        for (const Part& part : camera.parts) {
            described[part.recording].insert(part.file);
            if (part.sha256_of) digested[part.file] = *part.sha256_of;
        }
    }
    const std::int64_t described_ns = written_ns(manifest_path(path_, manifest.take));
    const std::int64_t now_ns = wall_us() * 1000;  // what seems later says nothing
    std::map<std::string, std::set<std::string>> there;
    for (const record::RecordingEntry& entry : entries) {
        std::set<std::string>& files = there[entry.id];
        for (const Mp4& file : recording_of(entry).files) {
            const std::string path = entry.id + "/" + file.name;
            files.insert(path);
            const auto opened = catalogue_.open_file(entry.id, file.name);
            if (!opened) continue;
            const Fd film(*opened);
            if (const auto known = digested.find(path); known != digested.end()) {
                if (stamp_of(film) != known->second) return false;
                continue;
            }
            const std::int64_t made_ns = changed_ns(film);
            if (made_ns > described_ns && made_ns <= now_ns) return false;
        }
        if (files.empty()) files.insert("");
    }
    return std::ranges::all_of(described, [&](const auto& recording) {
        const auto now = there.find(recording.first);
        return now != there.end() && now->second == recording.second;
    });
}

Result<Manifest> Takes::get(const std::string& take) {
    auto manifest = read_manifest(path_, take);
    if (!manifest && manifest.error().code != kNotFound) return manifest;
    const auto entries = entries_of(catalogue_, take);
    if (manifest && (!entries || is_as_described(*manifest, *entries))) {
        if (undigested_part(*manifest, {}) != nullptr) digest_later(take);
        return manifest;
    }
    if (!entries) return entries.error();
    auto made = Result<Manifest>(Error{});
    {
        const Lock files(files_mutex_);
        made = write_take(catalogue_, path_, take, version_);
    }
    const bool is_early =
        !made && (made.error().code == kConflict || made.error().code == kUnavailable);
    // One of it records again: what was known before that holds until it has ended.
    if (manifest && is_early) return manifest;
    if (made) digest_later(take);
    return made;
}

Result<void> Takes::remove(const std::string& take, const Removed& removed) {
    // Not while others wait for the files.
    if (const auto known = entries_of(catalogue_, take, kMoreTries); !known) return known.error();
    const Lock files(files_mutex_);
    const auto entries = entries_of(catalogue_, take);
    if (!entries) return entries.error();
    const std::string path = manifest_path(path_, take);
    const bool has_manifest = ::access(path.c_str(), F_OK) == 0;
    if (entries->empty() && !has_manifest) return Error{"no take \"" + take + "\"", kNotFound};
    for (const record::RecordingEntry& entry : *entries) {
        const bool is_open = entry.state == record::RecordingState::recording ||
                             entry.state == record::RecordingState::finalising;
        if (is_open) return Error{"recording " + entry.id + " has not ended", kConflict};
        if (entry.kept)
            return Error{"recording " + entry.id + " is kept: release it first", kConflict};
    }
    for (const record::RecordingEntry& entry : *entries) {
        const auto gone = catalogue_.remove(entry.id);
        if (!gone && gone.error().code != kNotFound) return gone.error();
        if (gone) removed(entry);
    }
    if (has_manifest && ::unlink(path.c_str()) != 0 && errno != ENOENT)
        return Error{"delete " + path + ": " + std::strerror(errno), kBroken};
    ::unlink((path + kSetAside).c_str());
    return {};
}

Result<Manifest> Takes::judge(const std::string& take, Verdict verdict, const std::string& about,
                              const std::vector<std::string>& why) {
    if (const auto current = get(take); !current) return current;
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
    object.set("state", std::string(to_text(summary.state)));
    object.set("verdict",
               summary.verdict ? json::Value(to_string(*summary.verdict)) : json::Value());
    object.set("bound_us", summary.bound_us);
    object.set("pairing", summary.pairing ? json::Value(pairing) : json::Value());
    return json::write(object);
}

}  // namespace st::takes
