#include "jobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "cli/exit_codes.h"
#include "mux/session.h"

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
            return ".mp4";
        case mux::OutputFormat::h264:
            return ".h264";
        case mux::OutputFormat::dump:
            return ".dump";
    }
    return {};
}

/// Standard input in a file that has no name any more: it is read from the start, maybe twice.
Result<Fd> spool_stdin() {
    const char* const folder = std::getenv("TMPDIR");
    std::string name =
        std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/h264mux-XXXXXX";
    Fd spool(::mkostemp(name.data(), O_CLOEXEC));
    if (!spool) return Error{"create " + name + ": " + std::strerror(errno), cli::kCannotCreate};
    ::unlink(name.c_str());
    std::vector<char> block(std::size_t{1} << 20);
    for (;;) {
        const ssize_t got = ::read(0, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return Error{std::string("read standard input: ") + std::strerror(errno),
                         cli::kIoFailed};
        if (got == 0) return spool;
        for (ssize_t at = 0; at < got;) {
            const ssize_t put =
                ::write(spool.get(), block.data() + at, static_cast<std::size_t>(got - at));
            if (put < 0 && errno == EINTR) continue;
            if (put < 0)
                return Error{"write " + name + ": " + std::strerror(errno), cli::kIoFailed};
            at += put;
        }
    }
}

mux::Job common_job(const Options& options) {
    mux::Job job;
    job.input_format = options.input_format;
    job.format = options.format;
    job.overwrite = options.overwrite;
    job.split = !options.no_split;
    job.timing = options.timing;
    job.fps = options.fps;
    job.max_gap = options.max_gap;
    job.thumbnail = options.thumbnail;
    job.rotate = options.rotate;
    job.from = options.from;
    job.to = options.to;
    // With one job at a time the only other thread waits for signals: a fork is safe, and cheaper.
    job.may_fork = options.threads == 1;
    job.worker = {"/proc/self/exe", "--worker"};
    return job;
}

/// Where the output of an input goes; empty: nowhere that could be named.
std::string output_of(const Options& options, const std::string& input, bool is_session) {
    const std::string ending = extension(options.format);
    const bool to_folder =
        !options.output.empty() && (options.output.back() == '/' || is_folder(options.output));
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

Result<PlannedJob> plan_one(const Options& options, const std::string& input) {
    PlannedJob planned;
    planned.job = common_job(options);
    planned.spoken_input = input;
    planned.job.input = input;
    const bool is_session = input != "-" && is_folder(input);
    if (input == "-") {
        auto spool = spool_stdin();
        if (!spool) return spool.error();
        planned.spool = std::move(*spool);
        planned.job.input = "standard input";
        planned.job.input_fd = planned.spool.get();
    } else if (is_session) {
        const mux::SessionFacts facts = mux::read_session(input);
        planned.job.input = facts.stream;
        planned.job.camera = facts.camera;
        planned.job.ping = facts.ping;
        if (facts.stream.empty()) {
            return Error{input + ": no stream.fdump and no stream.h264 in this directory",
                         cli::kNoInput};
        }
        if (facts.is_recording)
            planned.notes.emplace_back("still recording: read up to its present end");
    } else if (::access(input.c_str(), R_OK) != 0) {
        return Error{input + ": " + std::strerror(errno),
                     errno == EACCES ? cli::kIoFailed : cli::kNoInput};
    }
    if (!is_session && fs::path(input).filename() == "stream.fdump") {
        const fs::path folder = fs::path(input).parent_path();
        const mux::SessionFacts facts = mux::read_session(folder.empty() ? "." : folder.string());
        planned.job.camera = facts.camera;
        planned.job.ping = facts.ping;
    }
    if (options.only_info) return planned;
    planned.job.output = output_of(options, input, is_session);
    if (planned.job.output.empty()) return Error{"standard input needs --output", cli::kUsage};
    return planned;
}

}  // namespace

Result<std::vector<PlannedJob>> plan_jobs(const Options& options) {
    std::vector<PlannedJob> jobs;
    if (options.inputs.empty()) return Error{"INPUT is required", cli::kUsage};
    const bool to_file =
        !options.output.empty() && options.output.back() != '/' && !is_folder(options.output);
    if (to_file && options.inputs.size() > 1 && !options.only_info) {
        return Error{"--output " + options.output + " is one file, but there are several inputs",
                     cli::kUsage};
    }
    if (options.from && options.to && *options.from >= *options.to) {
        return Error{"--from must be before --to", cli::kUsage};
    }
    if ((options.from || options.to) && options.format != mux::OutputFormat::mp4) {
        return Error{"--from and --to cut MP4s only", cli::kUsage};
    }
    if (options.align && (options.from || options.to)) {
        return Error{"--align goes without --from and --to", cli::kUsage};
    }
    if (options.align && (options.fps || options.timing == mux::Timing::constant)) {
        return Error{"--align needs the cameras' times: no --fps and no --timing constant",
                     cli::kUsage};
    }
    if (options.align && options.format != mux::OutputFormat::mp4) {
        return Error{"--align makes MP4s", cli::kUsage};
    }
    if (!options.thumbnail.empty() && options.inputs.size() > 1) {
        return Error{"--thumbnail is one file, but there are several inputs", cli::kUsage};
    }
    std::set<std::string> outputs;
    for (const std::string& input : options.inputs) {
        auto planned = plan_one(options, input);
        if (!planned) return planned.error();
        const std::string output = fs::path(planned->job.output).lexically_normal().string();
        if (!output.empty() && !outputs.insert(output).second) {
            return Error{"two inputs would both write " + output, cli::kUsage};
        }
        std::error_code ignored;
        if (!output.empty() && fs::equivalent(planned->job.input, output, ignored)) {
            return Error{input + " is its own output; name another with --output", cli::kUsage};
        }
        jobs.push_back(std::move(*planned));
    }
    return jobs;
}

}  // namespace st::h264mux
