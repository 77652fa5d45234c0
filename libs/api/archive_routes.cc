#include "api/archive_routes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "api/answers.h"
#include "api/arguments.h"
#include "archive/archive.h"
#include "base/clock.h"
#include "control/error.h"
#include "httpd/answers.h"
#include "httpd/file_answer.h"
#include "live/parts.h"
#include "media/movie_facts.h"
#include "worker/job.h"

namespace st::api {
namespace {

using control::ApiError;
using control::Decoded;
using control::ErrorCode;

constexpr const char* kMovie = "archive.mp4";
constexpr const char* kPicture = "picture.jpg";
constexpr double kUsPerSecond = 1e6;
constexpr std::chrono::milliseconds kDecodeTimeout{30'000};

httpd::Answer refused(const ApiError& error) { return {refusal(error), {}}; }

httpd::Answer refused(const Error& error) { return refused(to_error(error)); }

Decoded<std::int64_t> time_of(const httpd::Request& request, const char* name) {
    const std::string* text = request.target.find(name);
    if (text == nullptr) {
        return ApiError{ErrorCode::bad_request, std::string(name) + ": missing", name};
    }
    const auto at = parse_rfc3339(*text);
    if (!at) {
        return ApiError{ErrorCode::bad_request, std::string(name) + ": " + at.error().message,
                        name};
    }
    return *at;
}

/// A number of seconds, "12.5".
Decoded<std::int64_t> duration_of(const httpd::Request& request) {
    const std::string* text = request.target.find("duration");
    if (text == nullptr) return ApiError{ErrorCode::bad_request, "duration: missing", "duration"};
    double seconds = 0;
    const char* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, seconds, std::chars_format::fixed);
    if (parsed.ec != std::errc{} || parsed.ptr != end || !(seconds > 0) || seconds > 1e9) {
        return ApiError{ErrorCode::bad_request,
                        "duration: \"" + text->substr(0, 40) + "\" is no number of seconds above 0",
                        "duration"};
    }
    return std::max<std::int64_t>(1, std::llround(seconds * kUsPerSecond));
}

Decoded<archive::Gaps> gaps_of(const httpd::Request& request) {
    const std::string* text = request.target.find("gaps");
    if (text == nullptr || *text == "keep") return archive::Gaps::keep;
    if (*text == "skip") return archive::Gaps::skip;
    return ApiError{ErrorCode::bad_request,
                    "gaps: \"" + text->substr(0, 40) + "\" is neither keep nor skip", "gaps"};
}

/// The error, if the query has what nobody reads here.
std::optional<ApiError> unknown_of(const httpd::Request& request,
                                   std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : request.target.query) {
        if (name == "token" || std::ranges::find(known, name) != known.end()) continue;
        const std::string shown = name.substr(0, 64);
        return ApiError{ErrorCode::bad_request, shown + ": unknown parameter", shown};
    }
    return std::nullopt;
}

std::string stream_of(const httpd::Request& request) {
    return "/" + request.target.segments[3] + "/" + request.target.segments[4];
}

}  // namespace

bool ArchiveRoutes::is_here(const std::vector<std::string>& segments) {
    return segments.size() == 6 && segments[0] == "api" && segments[1] == "v1" &&
           segments[2] == "streams" && (segments[5] == kMovie || segments[5] == kPicture);
}

void ArchiveRoutes::answer(httpd::Request request, const httpd::Reply& reply) {
    const bool is_movie = request.target.segments[5] == kMovie;
    parts_.movies.post(
        is_movie ? loop::Effort::slow : loop::Effort::quick,
        [this, reply, is_movie, shared = std::make_shared<httpd::Request>(std::move(request))] {
            if (shared->asker.stop_requested()) return;
            try {
                reply(is_movie ? movie(*shared) : picture(*shared));
            } catch (const std::exception& e) {  // C3: a request
                reply(refused(error_of(e)));
            }
        });
}

httpd::Answer ArchiveRoutes::movie(const httpd::Request& request) {
    if (const auto error = unknown_of(request, {"start", "duration", "gaps"})) {
        return refused(*error);
    }
    const auto start = time_of(request, "start");
    if (!start) return refused(start.error());
    const auto duration = duration_of(request);
    if (!duration) return refused(duration.error());
    const auto gaps = gaps_of(request);
    if (!gaps) return refused(gaps.error());
    const auto movie = parts_.archive.movie({stream_of(request), *start, *duration, *gaps},
                                            httpd::asks_for_more(request.head), request.asker);
    if (!movie) return refused(movie.error());
    const archive::MovieFile& made = **movie;
    httpd::FileContent content;
    content.type = "video/mp4";
    content.etag = '"' + made.tag + '"';
    content.ranges.push_back({nullptr, 0, made.head->size(), made.head});
    for (const auto& piece : made.pieces) {
        content.ranges.push_back({piece.file, piece.at, piece.bytes});
    }
    httpd::Answer answer = httpd::answer_with(request.head, std::move(content));
    answer.response.fields.push_back({"Cache-Control", "no-cache"});
    answer.response.fields.push_back({"X-Archive-Start", rfc3339_us(made.start_us)});
    return answer;
}

httpd::Answer ArchiveRoutes::picture(const httpd::Request& request) {
    if (const auto error = unknown_of(request, {"at"})) return refused(*error);
    const auto at = time_of(request, "at");
    if (!at) return refused(at.error());
    const auto moment = parts_.archive.moment(stream_of(request), *at, request.asker);
    if (!moment) return refused(moment.error());
    const Fd jpeg(::memfd_create("picture", MFD_CLOEXEC));
    if (!jpeg) return refused(ApiError{ErrorCode::unavailable, "no memory for a picture", {}});
    const std::array<int, 2> fds{moment->get(), jpeg.get()};
    worker::Job job;
    job.name = media::kPictureAtJob;
    job.request =
        media::to_bytes(media::PictureAt{parts_.live_parts.options->picture_pixels_max, 0, 0});
    job.fds = fds;
    job.limits = {kDecodeTimeout, kDecodeTimeout};
    job.cancel = request.asker;
    const auto ran = parts_.live_parts.run_job(job);
    if (!ran.answer) {
        return refused(ApiError{ErrorCode::unavailable,
                                "the picture cannot be decoded: " + ran.answer.error().message,
                                {}});
    }
    httpd::FileContent content;
    content.type = "image/jpeg";
    const off_t bytes = ::lseek(jpeg.get(), 0, SEEK_END);
    Buffer picture(static_cast<std::size_t>(std::max<off_t>(bytes, 0)));
    if (::pread(jpeg.get(), picture.data(), picture.size(), 0) != bytes) {
        return refused(ApiError{ErrorCode::unavailable, "the picture cannot be read again", {}});
    }
    content.ranges.push_back({nullptr, 0, picture.size(), share(std::move(picture))});
    return httpd::answer_with(request.head, std::move(content));
}

}  // namespace st::api
