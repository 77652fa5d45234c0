#include "streamctl/recordings/download_plan.h"

#include <filesystem>

#include "streamctl/client/failed.h"
#include "streamctl/client/printable.h"

namespace st::streamctl {

/// stream.mp4 -> ID.mp4, stream-002.mp4 -> ID-002.mp4, thumbnail.jpg -> ID.jpg.
std::string local_file_name(const std::string& id, const std::string& name) {
    for (const std::string_view stem : {"stream", "thumbnail"}) {
        if (name.starts_with(stem)) return id + name.substr(stem.size());
    }
    return id + "-" + name;
}

namespace {

namespace fs = std::filesystem;

/// A name the server gave may become part of ours only if it can leave no folder.
bool is_plain(const std::string& name) {
    return !name.empty() && name.size() <= 128 && name.front() != '.' &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "._-") == std::string::npos;
}

WantedFile file_of(const control::Recording& recording, const control::RecordingFile& file,
                   const std::string& folder) {
    if (!is_plain(recording.id)) throw Failed(cli::kRefused, "the server's id is no file name");
    if (!is_plain(file.name)) {
        throw Failed(cli::kRefused, recording.id + ": \"" + printable(file.name) +
                                        "\" is no file name to take from a server");
    }
    const fs::path target = fs::path(folder) / local_file_name(recording.id, file.name);
    return {"/api/v1/recordings/" + recording.id + "/files/" + file.name,
            fs::absolute(target).lexically_normal().string(), recording.id, file.bytes};
}

}  // namespace

std::vector<WantedFile> wanted_files(const control::Recording& recording, const std::string& folder,
                                     bool all_files) {
    std::vector<WantedFile> out;
    for (const control::RecordingFile& file : recording.files) {
        if (file.kind == "mp4" || all_files) out.push_back(file_of(recording, file, folder));
    }
    return out;
}

std::vector<WantedFile> wanted_mp4(const control::Recording& recording, const std::string& file) {
    constexpr std::string_view kStem = "stream";
    const fs::path wanted(file);
    const std::string folder = wanted.has_parent_path() ? wanted.parent_path().string() : ".";
    std::vector<WantedFile> out;
    for (const control::RecordingFile& part : recording.files) {
        if (part.kind != "mp4") continue;
        WantedFile one = file_of(recording, part, folder);
        const fs::path name(part.name);
        const std::string stem = name.stem().string();
        const std::string number = stem.starts_with(kStem) ? stem.substr(kStem.size()) : "-" + stem;
        one.target =
            (fs::absolute(folder) / (wanted.stem().string() + number + wanted.extension().string()))
                .lexically_normal()
                .string();
        out.push_back(std::move(one));
    }
    return out;
}

std::optional<WantedFile> wanted_file(const control::Recording& recording, const std::string& name,
                                      const std::string& folder) {
    for (const control::RecordingFile& file : recording.files) {
        if (file.name != name) continue;
        WantedFile wanted = file_of(recording, file, folder);
        wanted.is_result = false;
        return wanted;
    }
    return std::nullopt;
}

std::optional<WantedFile> wanted_dump(const control::Recording& recording,
                                      const std::string& folder) {
    for (const control::RecordingFile& file : recording.files) {
        if (file.kind != "dump") continue;
        WantedFile wanted = file_of(recording, file, folder);
        wanted.is_result = false;
        return wanted;
    }
    return std::nullopt;
}

}  // namespace st::streamctl
