#pragma once
/// Recordings' files over HTTP: resumed where they were left, checked by their size, and under
/// their name only when they are whole. Main thread.
#include <cstdint>
#include <optional>
#include <string>

#include "control/recording.h"
#include "streamctl/commands/commands.h"
#include "streamctl/recordings/download_plan.h"

namespace st::streamctl {

class Download {
 public:
    /// How often a connection may be lost without a byte in between.
    static constexpr int kTriesMax = 5;
    /// So much of a .part that was there is compared with the file.
    static constexpr std::uint64_t kDoubtedMax = 16 * 1024;

    Download(ApiClient& client, Interrupt& interrupt, Console& console)
        : client_(client), interrupt_(interrupt), console_(console) {}

    /// The recording's MP4s (all files with options.all_files) into options.folder, which is made
    /// if need be, or its MP4 as options.file. Prints each path. False, and said, if it has none.
    /// Throws Failed.
    bool fetch(const control::Recording& recording, const Options& options);
    /// Its dump alone, without a word on stdout: where it is. nullopt if it was not kept.
    std::optional<std::string> fetch_dump(const control::Recording& recording,
                                          const Options& options);
    /// One of its files into `folder`, likewise.
    std::optional<std::string> fetch_file(const control::Recording& recording,
                                          const std::string& name, const std::string& folder);
    /// The last file had been downloaded before.
    bool was_there() const { return was_there_; }

 private:
    void make_folder(const std::string& folder) const;
    void fetch(const WantedFile& file);
    void print(const WantedFile& file);
    /// One request; what it got is written behind `have`. Returns the bytes there are now; 0 if
    /// the last of them, so many as are `doubted`, are not the file's.
    std::uint64_t fetch_from(const WantedFile& file, int part, std::uint64_t have,
                             std::uint64_t doubted);

    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    bool was_there_ = false;
};

}  // namespace st::streamctl
