#pragma once
/// What a helper program does with movie files (the jobs of media/movie_facts.h). Parses and
/// decodes what we do not trust.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace st::av {

/// See worker/serve.h. Throws av::Error as a refusal.
std::string perform_job(std::string_view name, std::string_view request, std::span<const int> fds);

/// libav shall say nothing on standard error: what failed comes as an Error. For main().
void quiet_libav();

/// Gives back the memory that loading some 140 libraries touched and that will hardly be touched
/// again: pages of program text, read again from the page cache where they are needed after all.
/// For main().
void release_loader_pages();

}  // namespace st::av
