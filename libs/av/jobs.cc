#include "av/jobs.h"

#include <link.h>
#include <sys/mman.h>

#include <chrono>
#include <vector>

#include "av/coded_pictures.h"
#include "av/colours.h"
#include "av/decodable.h"
#include "av/error.h"
#include "av/picture.h"
#include "av/rows.h"
#include "av/shown_pictures.h"
#include "av/slots.h"
#include "av/verify.h"
#include "media/movie_facts.h"

extern "C" {
#include <libavutil/log.h>
}

namespace st::av {
namespace {

template <class T>
T request_of(std::string_view request) {
    const auto decoded = media::from_bytes<T>(request);
    if (!decoded) throw Error("a request of " + std::to_string(request.size()) + " bytes");
    return *decoded;
}

/// Whether it was the JPEG that failed.
bool can_decode(int file, std::uint64_t pixels_max) {
    try {
        decode_first_picture(file, pixels_max, false);
        return true;
    } catch (const Error&) {
        return false;
    }
}

std::string check(const media::MovieCheck& wanted, std::span<const int> fds) {
    if (fds.empty()) throw Error("no file came with the job");
    media::MovieAnswer answer;
    answer.facts = wanted.is_indexed != 0 ? read_indexed(fds[0]) : read_pictures(fds[0]);
    if (wanted.decodes == 0) return media::to_bytes(answer);
    std::string why;
    try {
        const auto jpeg = decode_first_picture(fds[0], wanted.pixels_max, fds.size() > 1);
        answer.has_decoded = 1;
        if (fds.size() > 1) write_all(fds[1], jpeg);
        answer.has_jpeg = fds.size() > 1;
    } catch (const Error& error) {
        why = error.what();
        answer.has_decoded = fds.size() > 1 && can_decode(fds[0], wanted.pixels_max) ? 1 : 0;
    }
    return media::to_bytes(answer) + why;
}

std::string make_picture(const media::PictureRequest& wanted, std::span<const int> fds) {
    if (fds.size() < 2) throw Error("no files came with the job");
    write_all(fds[1], decode_first_picture(fds[0], wanted.pixels_max, true));
    return "";
}

std::string make_picture_at(const media::PictureAt& wanted, std::span<const int> fds) {
    if (fds.size() < 2) throw Error("no files came with the job");
    const auto form = wanted.is_png != 0 ? PictureForm::png : PictureForm::jpeg;
    write_all(fds[1], decode_picture_at(fds[0], std::chrono::microseconds(wanted.at_us),
                                        wanted.pixels_max, form));
    return "";
}

int release_text(dl_phdr_info* library, std::size_t, void*) {
    for (int i = 0; i < library->dlpi_phnum; ++i) {
        const auto& segment = library->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        constexpr std::uintptr_t kPage = 4096;
        const std::uintptr_t begin = (library->dlpi_addr + segment.p_vaddr) & ~(kPage - 1);
        const std::uintptr_t end = library->dlpi_addr + segment.p_vaddr + segment.p_memsz;
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

std::string perform_job(std::string_view name, std::string_view request, std::span<const int> fds) {
    if (name == media::kCheckJob) return check(request_of<media::MovieCheck>(request), fds);
    if (name == media::kPictureJob) {
        return make_picture(request_of<media::PictureRequest>(request), fds);
    }
    if (name == media::kPictureAtJob)
        return make_picture_at(request_of<media::PictureAt>(request), fds);
    if (name == media::kDecodableJob) {
        find_decodable(request_of<media::DecodableRequest>(request), fds);
        return "";
    }
    if (name == media::kSlotsJob) {
        encode_slots(request_of<media::SlotsRequest>(request), fds);
        return "";
    }
    if (name == media::kPicturesJob) {
        copy_pictures(fds);
        return "";
    }
    if (name == media::kRowsJob) {
        measure_rows(request_of<media::RowsRequest>(request), fds);
        return "";
    }
    if (name == media::kColoursJob)
        return media::to_bytes(measure_colours(request_of<media::ColoursRequest>(request), fds));
    throw Error("no job is called " + std::string(name));
}

void quiet_libav() { av_log_set_level(AV_LOG_QUIET); }

void release_loader_pages() { ::dl_iterate_phdr(release_text, nullptr); }

}  // namespace st::av
