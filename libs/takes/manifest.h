#pragma once
/// take.json, version 2: what was recorded together, where each picture of it lies in time, and
/// whether that can be believed. Pure. Spec: docs/times.md, "Takes".
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace st::takes {

constexpr std::size_t kManifestBytesMax = std::size_t{4} << 20;
constexpr unsigned kManifestDepthMax = 24;

/// One MP4. Times are microseconds on the take's line.
struct Part {
    std::string recording;
    std::string file;                   ///< counted from the recordings folder; "": no MP4 was kept
    std::optional<std::string> sha256;  ///< hex; nullopt: not read yet
    /// The file that it is of; see stamp_of() in takes/take_files.h.
    std::optional<std::string> sha256_of;
    std::optional<std::int64_t> first_us;
    std::optional<std::int64_t> last_us;  ///< when its last picture was taken
    std::uint64_t pictures = 0;
    std::uint64_t lost = 0;                ///< messages that never came
    std::optional<double> fps;             ///< measured
    json::Object clock;                    ///< as in session.json
    std::optional<std::int64_t> bound_us;  ///< its times are wrong by no more; nullopt: not bounded
};

struct Camera {
    std::string camera;
    std::optional<std::string> model;
    std::vector<Part> parts;  ///< in the order of recording
};

/// How far the nearest picture of another camera is, over all pictures of all pairs of cameras
/// while both have pictures.
struct Pairing {
    std::int64_t worst_us = 0;
    std::int64_t p95_us = 0;
};

enum class Verdict : std::uint8_t {
    ok,
    check,   ///< usable, but `why` says what to look at
    failed,  ///< something it claims is not so, or there is nothing
};
std::string_view to_string(Verdict verdict);
/// A word that is none is `failed`.
Verdict verdict_of(std::string_view word);

struct Manifest {
    std::string take;
    std::string started_at;  ///< RFC 3339
    std::string ended_at;
    std::int64_t zero_wall_us = 0;
    /// The same on CLOCK_MONOTONIC of the server's machine, as it ran then.
    std::int64_t zero_monotonic_us = 0;
    std::string boot_id;          ///< in which start of the machine that was; "": not known
    std::vector<Camera> cameras;  ///< by name
    std::optional<Pairing> pairing;
    Verdict verdict = Verdict::failed;
    std::vector<std::string> why;
    std::vector<std::string> judged;  ///< of `why`, what somebody found out who looked at it
    std::string streamd;              ///< version
};

/// One line.
std::string encode(const Manifest& manifest);
/// Error: what is wrong. Error.code is kOutdated if nobody misses it where it is made anew: it is
/// of an earlier version, or no JSON object. Others, say of a newer server, are not for us to
/// replace.
Result<Manifest> decode_manifest(std::string_view text);
constexpr int kOutdated = 1;

}  // namespace st::takes
