#include "takes/constant_rate.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/fd.h"
#include "media/movie_facts.h"
#include "mp4/file_error.h"
#include "mp4/sample_file.h"
#include "mux/failure.h"
#include "takes/movie_job.h"

namespace st::takes {
namespace {

Error failure(mux::Exit code, const std::string& what) {
    return {what + ": " + std::strerror(errno), static_cast<int>(code)};
}

Result<Fd> plan_file(std::span<const Slot> slots) {
    std::vector<std::int32_t> plan;
    plan.reserve(slots.size());
    for (const Slot& slot : slots) {
        plan.push_back(slot.picture ? static_cast<std::int32_t>(*slot.picture) : media::kNoPicture);
    }
    return memory_file(
        {reinterpret_cast<const std::uint8_t*>(plan.data()), plan.size() * sizeof(std::int32_t)});
}

/// Beside the output, without a name: it may be as large.
Result<Fd> stream_file(const std::string& output) {
    const std::size_t slash = output.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : output.substr(0, slash + 1);
    std::string name = folder + "/.cfr-XXXXXX";
    Fd file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return failure(mux::Exit::cannot_create, "create " + name);
    ::unlink(name.c_str());
    return file;
}

Result<void> encode_slots(const ConstantRate& wanted, int plan, int stream) {
    MovieJob job;
    job.name = media::kSlotsJob;
    job.request = media::to_bytes(media::SlotsRequest{
        kPixelsMax, wanted.movies.size(), wanted.slots.size(), wanted.rate, wanted.crf});
    job.movies = wanted.movies;
    job.others = {plan, stream};
    job.about = wanted.output;
    job.run = wanted.run;
    job.cancel = wanted.cancel;
    return run_on_movies(job);
}

/// Before the film has its name: that it has a picture for each slot, and that its table is stored.
class SlotVerifier final : public mux::Verifier {
 public:
    /// `table` may be null.
    SlotVerifier(const ConstantRate& wanted, mp4::SampleFile* table)
        : wanted_(wanted), table_(table) {}

    Result<mux::Verified> verify(const mux::Verification& film) override {
        auto found = wanted_.verifier->verify(film);
        if (!found) return found;
        if (found->facts.pictures != wanted_.slots.size()) {
            return Error{wanted_.output + ": has " + std::to_string(found->facts.pictures) +
                             " pictures instead of " + std::to_string(wanted_.slots.size()),
                         static_cast<int>(mux::Exit::io)};
        }
        if (table_ != nullptr) {
            table_->append(as_bytes(wanted_.table_text));
            table_->sync();
        }
        return found;
    }

 private:
    const ConstantRate& wanted_;
    mp4::SampleFile* const table_;
};

/// Throws mp4::FileError.
Result<mux::Report> write_film(const ConstantRate& wanted, int stream, mp4::SampleFile* table) {
    SlotVerifier verifier(wanted, table);
    mux::Job job;
    job.input = "the pictures at an even rate";
    job.input_fd = stream;
    job.input_format = mux::InputFormat::h264;
    job.output = wanted.output;
    job.overwrite = wanted.overwrite;
    job.fps = wanted.rate;
    job.camera = wanted.camera;
    job.verifier = &verifier;
    job.index_in_front = true;
    job.cancel = wanted.cancel;
    auto report = mux::convert(job);
    if (!report || table == nullptr) return report;
    try {
        table->keep();
    } catch (const mp4::FileError&) {
        // The film that was there before is gone, and its table is not of this one.
        ::unlink((wanted.overwrite ? wanted.table : wanted.output).c_str());
        throw;
    }
    return report;
}

}  // namespace

Result<mux::Report> encode(const ConstantRate& wanted) {
    const auto plan = plan_file(wanted.slots);
    if (!plan) return plan.error();
    const auto stream = stream_file(wanted.output);
    if (!stream) return stream.error();
    try {
        std::unique_ptr<mp4::SampleFile> table;
        if (!wanted.table.empty())
            table = std::make_unique<mp4::SampleFile>(wanted.table, wanted.overwrite);
        if (const auto done = encode_slots(wanted, plan->get(), stream->get()); !done)
            return done.error();
        return write_film(wanted, stream->get(), table.get());
    } catch (const mp4::FileError& error) {
        const bool is_refused = error.kind() == mp4::FileError::Kind::cannot_create;
        return Error{error.what(),
                     static_cast<int>(is_refused ? mux::Exit::cannot_create : mux::Exit::io)};
    }
}

}  // namespace st::takes
