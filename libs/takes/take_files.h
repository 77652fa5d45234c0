#pragma once
/// Makes a take of recordings that have ended: one zero for the tables of all, and take.json. Reads
/// and writes the disk; any thread that may block, one at a time for a take.
#include <functional>
#include <optional>
#include <string>

#include "archive/catalogue.h"
#include "base/result.h"
#include "takes/manifest.h"

namespace st::takes {

constexpr char kTakesFolder[] = "takes";

/// Error.code, as of archive::Catalogue.
enum TakeError : int { kNotFound = 404, kConflict = 409, kBroken = 500 };

/// <recordings>/takes/<take>.json
std::string manifest_path(const std::string& recordings_path, const std::string& take);
/// Error 404: there is none.
Result<Manifest> read_manifest(const std::string& recordings_path, const std::string& take);
/// Whole or not at all; makes the folder. Throws std::system_error.
void store_manifest(const std::string& recordings_path, const Manifest& manifest);

/// Reads the recordings, stores their tables where the zero moved, and take.json. Error 404: no
/// recordings, 409: one has not ended.
Result<Manifest> write_take(archive::Catalogue& catalogue, const std::string& recordings_path,
                            const std::string& take, const std::string& version);

/// SHA-256 of a part's MP4, in hex. nullopt: it cannot be read, or `stop`, which is asked again and
/// again, said so.
std::optional<std::string> sha256_of(archive::Catalogue& catalogue, const Part& part,
                                     const std::function<bool()>& stop);

}  // namespace st::takes
