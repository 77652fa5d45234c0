#include "jobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string_view>

#include "base/fd_io.h"
#include "base/field.h"
#include "cli/exit_codes.h"
#include "record/session_facts.h"

namespace st::h264mux {
namespace {

namespace fs = std::filesystem;

bool is_folder(const std::string& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

/// The last component of a path, also of one that ends in a slash.
std::string own_name(const std::string& path) {
    const fs::path normal = fs::path(path).lexically_normal();
    const fs::path name =
        normal.has_filename() ? normal.filename() : normal.parent_path().filename();
    if (!name.empty() && name != "." && name != "..") return name.string();
    std::error_code ignored;
    return fs::canonical(path, ignored).filename().string();
}

std::string extension(mux::OutputFormat format) {
    switch (format) {
        case mux::OutputFormat::mp4:
        case mux::OutputFormat::fmp4:
            return ".mp4";
        case mux::OutputFormat::flv:
            return ".flv";
        case mux::OutputFormat::h264:
            return ".h264";
        case mux::OutputFormat::dump:
            return ".dump";
    }
    return {};
}

bool is_to_stdout(const Options& options) { return options.output == "-"; }

bool is_to_folder(const Options& options) {
    if (options.output.empty() || is_to_stdout(options)) return false;
    if (options.output.back() == '/' || is_folder(options.output)) return true;
    std::error_code ignored;
    const bool is_many = options.inputs.size() > 1 && !options.join;
    return is_many && !fs::path(options.output).has_extension() &&
           !fs::exists(options.output, ignored);
}

/// A file of this name would be taken for what we do not write.
bool is_foreign_ending(const std::string& path) {
    static const std::set<std::string> foreign = {
        ".mkv", ".mk3d", ".mov", ".qt",   ".webm", ".avi",   ".ts",  ".m2ts", ".mts",
        ".mpg", ".mpeg", ".vob", ".wmv",  ".asf",  ".3gp",   ".3g2", ".ogg",  ".ogv",
        ".mxf", ".f4v",  ".265", ".hevc", ".h265", ".fdump", ".gif", ".jpg",  ".png"};
    std::string ending = fs::path(path).extension().string();
    std::ranges::transform(ending, ending.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return foreign.contains(ending);
}

mux::OutputFormat format_of(const Options& options) {
    if (options.format) return *options.format;
    const bool is_named = !options.output.empty() && !is_to_folder(options);
    return is_named ? mux::format_of_path(options.output) : mux::OutputFormat::mp4;
}

/// From where `from` stands to its end.
Result<void> copy_all(int from, const std::string& from_name, int to, const std::string& to_name) {
    std::vector<char> block(std::size_t{1} << 20);
    for (;;) {
        const ssize_t got = ::read(from, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return Error{"read " + from_name + ": " + std::strerror(errno), cli::kIoFailed};
        if (got == 0) return {};
        if (!write_all(to, as_bytes({block.data(), static_cast<std::size_t>(got)})))
            return Error{"write " + to_name + ": " + std::strerror(errno), cli::kIoFailed};
    }
}

/// Standard input in a file that has no name any more: it is read from the start, maybe twice.
Result<Fd> spool_stdin() {
    auto spool = unlinked_file();
    if (!spool) return spool;
    const auto copied = copy_all(0, "standard input", spool->get(), "a temporary file");
    if (!copied) return copied.error();
    return spool;
}

mux::Job common_job(const Options& options) {
    mux::Job job;
    job.input_format = options.input_format;
    job.format = format_of(options);
    job.index_in_front = options.faststart;
    job.overwrite = options.overwrite;
    job.split = !options.no_split;
    job.timing = options.timing;
    job.fps = options.fps;
    job.max_gap = options.max_gap;
    job.thumbnail = options.thumbnail;
    job.rotate = options.rotate;
    if (options.times == "-")
        job.table_fd = 1;
    else
        job.table = options.times;
    job.reads_ahead = options.threads == 1;
    return job;
}

/// Where the output of an input goes; empty: nowhere that could be named.
std::string output_of(const Options& options, const std::string& input, bool is_session) {
    const std::string ending = extension(format_of(options));
    const bool to_folder = is_to_folder(options);
    if (!options.output.empty() && !to_folder) return options.output;
    if (input == "-")
        return to_folder ? (fs::path(options.output) / ("stdin" + ending)).string() : "";
    // A session is named by its directory, whose dots are part of the name.
    if (is_session) {
        return to_folder ? (fs::path(options.output) / (own_name(input) + ending)).string()
                         : (fs::path(input) / ("stream" + ending)).string();
    }
    const fs::path beside = fs::path(input).replace_extension(ending);
    return to_folder ? (fs::path(options.output) / beside.filename()).string() : beside.string();
}

/// What lies beside a session's stream, for the job that reads it.
void take_facts(PlannedJob& planned, const record::SessionFacts& facts) {
    if (planned.job.camera.empty()) planned.job.camera = facts.camera;
    planned.job.ping = facts.ping;
    // Of several inputs, the first one's clock is that of all.
    if (planned.job.input.empty()) planned.job.take_zero = facts.take_zero;
    if (facts.is_recording)
        planned.notes.emplace_back("still recording: read up to its present end");
}

bool is_film(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 8> head{};
    return file && ::pread(file.get(), head.data(), head.size(), 0) == 8 &&
           std::string_view(head.data() + 4, 4) == "ftyp";
}

/// Of a folder without a stream.
std::string what_is_missing(const std::string& folder) {
    std::error_code ignored;
    std::size_t recordings = 0;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (!entry.is_directory(ignored)) continue;
        if (!record::read_session_facts(entry.path().string()).stream.empty()) ++recordings;
    }
    if (recordings > 0) {
        return "is a folder of recordings, not one of them; for all of them: " +
               (fs::path(folder) / "*/").string();
    }
    if (fs::exists(fs::path(folder) / "stream.mp4", ignored)) {
        return "this recording has its MP4 alone; there is no stream.fdump or stream.h264 to "
               "convert";
    }
    return "there is no stream.fdump and no stream.h264 in this folder";
}

/// The file an input stands for, opened if it is standard input.
Result<mux::Source> source_of(const std::string& input, PlannedJob& planned) {
    if (input == "-") {
        auto spool = spool_stdin();
        if (!spool) return spool.error();
        planned.spools.push_back(std::move(*spool));
        return mux::Source{"standard input", planned.spools.back().get()};
    }
    if (is_folder(input)) {
        const record::SessionFacts facts = record::read_session_facts(input);
        if (facts.stream.empty()) {
            return Error{input + ": " + what_is_missing(input), cli::kNoInput};
        }
        take_facts(planned, facts);
        return mux::Source{facts.stream, -1};
    }
    if (::access(input.c_str(), R_OK) != 0) {
        // There is such an input: what fails is reading it.
        return Error{input + ": " + std::strerror(errno),
                     errno == EACCES ? cli::kIoFailed : cli::kNoInput};
    }
    if (fs::path(input).filename() == "stream.fdump") {
        const fs::path folder = fs::path(input).parent_path();
        take_facts(planned, record::read_session_facts(folder.empty() ? "." : folder.string()));
    }
    return mux::Source{input, -1};
}

/// One job for `inputs`, the first of which names the output.
Result<PlannedJob> plan_one(const Options& options, std::span<const std::string> inputs) {
    PlannedJob planned;
    planned.job = common_job(options);
    planned.spoken_input = inputs.front();
    for (const std::string& input : inputs) {
        auto source = source_of(input, planned);
        if (!source) return source.error();
        if (&input != &inputs.front()) {
            planned.job.joined.push_back(*source);
            continue;
        }
        planned.job.input = source->name;
        planned.job.input_fd = source->fd;
    }
    if (options.only_info || is_table_alone(options)) return planned;
    if (options.at) {
        planned.picture = options.output;
        return planned;
    }
    if (is_to_stdout(options)) {
        planned.job.output = "standard output";
        planned.job.output_fd = 1;
        return planned;
    }
    const bool is_session = inputs.front() != "-" && is_folder(inputs.front());
    planned.job.output = output_of(options, inputs.front(), is_session);
    if (planned.job.output.empty()) return Error{"standard input needs --output", cli::kUsage};
    const bool is_own = !options.cfr && planned.job.format == mux::OutputFormat::mp4;
    if (options.cfr && is_session && options.output.empty())
        planned.job.output = (fs::path(inputs.front()) / "stream.cfr.mp4").string();
    if (is_session && options.output.empty() && is_own) planned.session = inputs.front();
    // The session's table tells of its MP4, and is made anew with it.
    if (!planned.session.empty() && planned.job.table.empty()) {
        planned.job.table = record::read_session_facts(planned.session).table;
        planned.job.replaces_table = true;
    }
    return planned;
}

bool is_picture_name(const std::string& path) {
    const std::string ending = fs::path(path).extension().string();
    return iequals(ending, ".jpg") || iequals(ending, ".jpeg") || iequals(ending, ".png");
}

/// --at with anything that makes a film.
std::optional<std::string> contradiction_of_a_picture(const Options& options) {
    if (options.inputs.size() != 1) return "--at takes one input";
    if (options.only_info) return "use either --at or --info";
    if (!is_picture_name(options.output) || is_folder(options.output))
        return "--at needs --output NAME.jpg or NAME.png";
    if (options.from || options.to) return "use either --at or --from and --to";
    if (options.format || options.join || options.align || options.faststart ||
        !options.thumbnail.empty() || !options.times.empty() || options.rotate != 0)
        return "--at writes one picture: no --format, --join, --align, --faststart, --thumbnail, "
               "--times or --rotate";
    return std::nullopt;
}

/// Options that do not go together, said before anything is read.
std::optional<std::string> contradiction(const Options& options) {
    using mux::OutputFormat;
    const OutputFormat format = format_of(options);
    const bool copies = format == OutputFormat::h264 || format == OutputFormat::dump;
    const bool is_mp4 = format == OutputFormat::mp4 || format == OutputFormat::fmp4;
    const bool many = options.inputs.size() > 1 && !options.join;
    const bool to_file = !options.output.empty() && !is_to_folder(options);
    if (to_file && many && !options.only_info)
        return "--output " + options.output + " is one file, but there are several inputs";
    if (to_file && !is_to_stdout(options) && !options.format && !options.only_info && !options.at &&
        is_foreign_ending(options.output)) {
        return "--output " + options.output +
               ": files of that kind are not written; --format mp4, fmp4, flv, h264 or dump writes "
               "one of these under that name";
    }
    if (options.join && !to_file && !options.only_info) return "--join needs --output FILE";
    if (options.join && options.align) return "use either --join or --align";
    const bool are_positions =
        options.from && options.from->is_position() && options.to && options.to->is_position();
    if (are_positions && *options.from->position >= *options.to->position)
        return "--from must be before --to";
    if (options.to && options.to->is_position() && options.to->position->count() == 0)
        return "--to 0 leaves nothing";
    const bool asks_for_clock =
        options.timing == mux::Timing::device || options.timing == mux::Timing::arrival;
    if (options.fps && asks_for_clock && !options.join)
        return "--fps spaces the pictures evenly: no --timing device or arrival";
    if (options.cfr && (options.at || options.only_info || !options.times.empty() ||
                        !options.thumbnail.empty() || options.rotate != 0 || options.fps))
        return "--cfr makes films of its own: no --at, --info, --times, --thumbnail, --rotate or "
               "--fps";
    if (options.cfr && (format != OutputFormat::mp4 || is_to_stdout(options)))
        return "--cfr makes MP4 files only";
    if (options.at) return contradiction_of_a_picture(options);
    if (!options.times.empty() && many) return "--times is one table, but there are several inputs";
    if (!options.times.empty() && !is_mp4) return "--times is for MP4s only";
    if (options.times == "-" && (options.as_json || is_to_stdout(options)))
        return "--times - needs standard output for itself";
    if ((options.from || options.to) && copies) return "--from and --to cut MP4s and FLV only";
    if (options.align && (options.from || options.to))
        return "use either --align or --from and --to";
    if (options.align && (options.fps || options.timing == mux::Timing::constant))
        return "--align needs the cameras' times: no --fps and no --timing constant";
    if (options.align && copies) return "--align makes MP4s and FLV only";
    if (options.rotate != 0 && !is_mp4) return "--rotate is for MP4s only";
    if (options.faststart && format != OutputFormat::mp4)
        return "--faststart is for --format mp4 only";
    if (!options.thumbnail.empty() && options.only_info) return "--info makes no --thumbnail";
    if (!options.thumbnail.empty() && is_table_alone(options))
        return "--times without --output writes the table alone: no --thumbnail";
    if (!options.thumbnail.empty() && many)
        return "--thumbnail is one file, but there are several inputs";
    if (!options.thumbnail.empty() && (copies || is_to_stdout(options)))
        return "--thumbnail needs an MP4 or FLV file as output";
    if (!is_to_stdout(options) || options.only_info) return std::nullopt;
    if (!options.format) return "--output - needs --format fmp4, flv or h264";
    if (format == OutputFormat::mp4 || format == OutputFormat::dump)
        return "--output - takes --format fmp4, flv or h264 only";
    if (options.as_json) return "use either --json or --output -: both write standard output";
    return std::nullopt;
}

bool is_same_file(const PlannedJob& planned, const std::string& output) {
    std::error_code ignored;
    if (fs::equivalent(planned.job.input, output, ignored)) return true;
    return std::ranges::any_of(planned.job.joined, [&](const mux::Source& source) {
        return fs::equivalent(source.name, output, ignored);
    });
}

bool is_one_file(const std::string& a, const std::string& b) {
    std::error_code ignored;
    return fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored) ||
           fs::equivalent(a, b, ignored);
}

/// Files of one job that are the same, or are read by it.
std::optional<Error> collision_within(const Options& options, const PlannedJob& planned) {
    const bool has_file = !planned.job.output.empty() && planned.job.output_fd < 0;
    const std::string output = fs::path(planned.job.output).lexically_normal().string();
    if (has_file && is_same_file(planned, output)) {
        if (is_film(planned.spoken_input)) {
            return Error{planned.spoken_input + " is an MP4 already, and would be its own output",
                         cli::kBadInput};
        }
        return Error{planned.spoken_input + " would be its own output; name another with --output",
                     cli::kUsage};
    }
    const std::string table = options.times == "-" ? "" : options.times;
    for (const auto& [option, file] :
         {std::pair("--thumbnail", options.thumbnail), std::pair("--times", table)}) {
        if (file.empty()) continue;
        if (is_same_file(planned, file))
            return Error{std::string(option) + " " + file + " is an input", cli::kUsage};
        if (has_file && is_one_file(file, output)) {
            return Error{std::string(option) + " and --output are one file: " + output,
                         cli::kUsage};
        }
    }
    if (!table.empty() && !options.thumbnail.empty() && is_one_file(table, options.thumbnail))
        return Error{"--times and --thumbnail are one file: " + table, cli::kUsage};
    return std::nullopt;
}

/// What would be written twice, or written and read. Has the jobs ask before they write more files
/// than are known by now.
std::optional<Error> collision(const Options& options, std::vector<PlannedJob>& jobs) {
    const auto names = std::make_shared<OutputNames>();
    const std::string input = "input";
    for (const PlannedJob& planned : jobs) {
        if (planned.job.input_fd < 0) names->claim(planned.job.input, input);
        for (const mux::Source& source : planned.job.joined) {
            if (source.fd < 0) names->claim(source.name, input);
        }
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        PlannedJob& planned = jobs[i];
        if (auto error = collision_within(options, planned)) return error;
        const std::string own = "job " + std::to_string(i);
        const std::string output = planned.job.output_fd < 0 ? planned.job.output : "";
        for (const std::string& file :
             {output, planned.job.thumbnail, planned.job.table, planned.picture}) {
            if (file.empty() || names->claim(file, own)) continue;
            const std::string name = fs::path(file).lexically_normal().string();
            if (names->claim(file, input))
                return Error{name + " is an input, and would be written", cli::kUsage};
            return Error{"two inputs would both write " + name, cli::kUsage};
        }
        planned.job.may_write_part = [names, part = own + ", a part"](const std::string& path) {
            return names->claim(path, part);
        };
    }
    return std::nullopt;
}

}  // namespace

bool is_table_alone(const Options& options) {
    return !options.times.empty() && options.output.empty();
}

bool OutputNames::claim(const std::string& path, const std::string& owner) {
    std::error_code error;
    fs::path name = fs::weakly_canonical(path, error);
    if (error) name = fs::path(path).lexically_normal();
    const std::scoped_lock lock(mutex_);
    return owners_.try_emplace(name.string(), owner).first->second == owner;
}

Result<Fd> unlinked_file() {
    const char* const folder = std::getenv("TMPDIR");
    std::string name =
        std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/h264mux-XXXXXX";
    Fd file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return Error{"create " + name + ": " + std::strerror(errno), cli::kCannotCreate};
    ::unlink(name.c_str());
    return file;
}

Result<void> store_file(int from, const std::string& path) {
    const std::string part = path + ".part";
    const Fd file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file) return Error{"create " + part + ": " + std::strerror(errno), cli::kCannotCreate};
    ::lseek(from, 0, SEEK_SET);
    auto copied = copy_all(from, "a temporary file", file.get(), part);
    if (copied && ::fsync(file.get()) != 0 && errno != EINVAL) {
        copied = Error{"write " + part + ": " + std::strerror(errno), cli::kIoFailed};
    }
    if (copied && ::rename(part.c_str(), path.c_str()) != 0) {
        copied = Error{"create " + path + ": " + std::strerror(errno), cli::kCannotCreate};
    }
    if (!copied) ::unlink(part.c_str());
    return copied;
}

Result<std::vector<PlannedJob>> plan_jobs(const Options& options) {
    std::vector<PlannedJob> jobs;
    if (options.inputs.empty()) return Error{"INPUT is required", cli::kUsage};
    if (const auto why = contradiction(options)) return Error{*why, cli::kUsage};
    const std::span<const std::string> inputs(options.inputs);
    const std::size_t step = options.join ? inputs.size() : 1;
    for (std::size_t i = 0; i < inputs.size(); i += step) {
        auto planned = plan_one(options, inputs.subspan(i, step));
        if (!planned) return planned.error();
        jobs.push_back(std::move(*planned));
    }
    if (const auto error = collision(options, jobs)) return *error;
    if (is_to_folder(options) && !options.only_info) {
        std::error_code error;
        fs::create_directories(options.output, error);
        if (error)
            return Error{"create " + options.output + ": " + error.message(), cli::kCannotCreate};
    }
    return jobs;
}

}  // namespace st::h264mux
