#pragma once
/// Makes a take of recordings that have ended: one zero for the tables of all, and take.json. Reads
/// and writes the disk; any thread that may block, one at a time for a take.
#include <functional>
#include <optional>
#include <string>

#include "archive/catalogue.h"
#include "base/fd.h"
#include "base/result.h"
#include "takes/manifest.h"

namespace st::takes {

constexpr char kTakesFolder[] = "takes";
/// Behind the name of a take.json that was made anew.
constexpr char kSetAside[] = ".bad";

/// Error.code, as of archive::Catalogue.
enum TakeError : int { kNotFound = 404, kConflict = 409, kBroken = 500, kUnavailable = 503 };

/// <recordings>/takes/<take>.json
std::string manifest_path(const std::string& recordings_path, const std::string& take);
/// Error 404: there is none, or it is outdated; 500: it cannot be read, or is of a newer server.
Result<Manifest> read_manifest(const std::string& recordings_path, const std::string& take);
/// Whole or not at all; makes the folder. Throws std::system_error.
void store_manifest(const std::string& recordings_path, const Manifest& manifest);

/// Reads the recordings, stores their tables where the zero moved, and take.json. Digests of files
/// that are as they were stay. A take.json that is outdated is set aside. Error 404: no recordings,
/// 409: one has not ended, 500: there is a take.json that read_manifest() refuses, or a table
/// cannot be stored, 503: they are not all known yet.
Result<Manifest> write_take(archive::Catalogue& catalogue, const std::string& recordings_path,
                            const std::string& take, const std::string& version);

/// A part's MP4, open for reading. Not set: there is none.
Fd open_part(archive::Catalogue& catalogue, const Part& part);
/// Bytes, mtime and inode, so that another file, or other contents, have another one. "": not set.
std::string stamp_of(const Fd& file);

struct Digest {
    std::string sha256;  ///< hex
    std::string of;      ///< stamp_of() the file
};
/// Of a part's MP4. nullopt: it cannot be read, it was replaced or changed meanwhile, or `stop`,
/// which is asked again and again, said so.
std::optional<Digest> digest_of(archive::Catalogue& catalogue, const Part& part,
                                const std::function<bool()>& stop);

}  // namespace st::takes
