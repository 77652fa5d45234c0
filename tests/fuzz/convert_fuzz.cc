/// The whole way from any bytes to an MP4 that libavformat reads back. The first byte chooses the
/// form.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "av/jobs.h"
#include "base/fd.h"
#include "mux/convert.h"
#include "record/verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using st::mux::InputFormat;
    if (size == 0) return 0;
    st::av::quiet_libav();
    const st::Fd fd(::memfd_create("input", MFD_CLOEXEC));
    if (::write(fd.get(), data + 1, size - 1) != static_cast<ssize_t>(size - 1)) return 0;
    st::mux::Job job;
    job.input = "input";
    job.input_fd = fd.get();
    constexpr InputFormat kFormats[] = {InputFormat::automatic, InputFormat::fdump,
                                        InputFormat::dump, InputFormat::h264};
    job.input_format = kFormats[data[0] % 4];
    job.split = (data[0] & 4) != 0;
    job.output = "/tmp/convert_fuzz_" + std::to_string(::getpid()) + ".mp4";
    job.overwrite = true;
    job.check_decoding = false;
    st::record::HelperVerifier verifier(
        [](const st::worker::Job& asked) -> st::worker::JobResult {
            try {
                return {st::av::perform_job(asked.name, asked.request, asked.fds), {}};
            } catch (const std::exception& error) {
                return {st::worker::JobError{st::worker::Fault::refused, error.what()}, {}};
            }
        },
        {});
    job.verifier = &verifier;
    const auto report = st::mux::convert(job);
    if (report) {
        for (const auto& file : report->files) std::remove(file.path.c_str());
    } else if (report.error().code != 65) {
        std::fprintf(stderr, "%s\n", report.error().message.c_str());
        std::abort();
    }
    return 0;
}
