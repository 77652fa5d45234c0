#include "streamctl/takes/sync_check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/fd.h"
#include "base/fd_io.h"
#include "control/judgement.h"
#include "json/write.h"
#include "media/movie_facts.h"
#include "streamctl/console/table.h"
#include "streamctl/takes/films.h"
#include "streamctl/takes/helpers.h"
#include "takes/flash.h"

namespace st::streamctl {
namespace {

/// What it says stands in take.json behind this.
constexpr char kAbout[] = "sync-check: ";
constexpr std::size_t kBands = 120;

class SyncCheck {
 public:
    SyncCheck(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console)
        : options_(options),
          client_(client),
          interrupt_(interrupt),
          console_(console),
          manifest_(fetch_take(options.take.name, client)) {}

    int run() {
        const FetchedFiles fetched(temporary_folder());
        films_ = fetch_films(manifest_, true, fetched, client_, interrupt_, console_).films;
        if (films_.size() < 2)
            throw Failed(cli::kRefused, "take " + manifest_.take +
                                            ": it has only one camera, and a check needs two");
        leave_decodable(films_, run_job_);
        std::vector<takes::Witness> witnesses;
        for (const Film& film : films_) witnesses.push_back(watch(film, fetched.path()));
        checks_ = takes::compare(witnesses);
        for (std::size_t i = 0; i < films_.size(); ++i) {
            if (checks_[i].flashes > 0) continue;
            throw Failed(cli::kRefused,
                         films_[i].camera + (witnesses[i].flashes.empty()
                                                 ? ": no flash can be seen in its pictures"
                                                 : ": no other camera saw the flashes it saw"));
        }
        const bool is_ok = std::ranges::none_of(checks_, &takes::FlashCheck::is_refuted);
        const bool is_kept = is_ok && keeps_verdict(manifest_.why, options_.take.readout);
        if (!is_kept) judge(is_ok);
        console_.json() ? print_json(is_ok) : print(is_ok);
        if (is_kept) {
            console_.trouble(
                "an earlier check refuted the clocks' claim, and this one, without --readout, may "
                "be less strict: the verdict stays " +
                std::string(takes::to_string(manifest_.verdict)));
        }
        return is_ok && !is_kept ? cli::kDone : cli::kDamaged;
    }

 private:
    static std::string temporary_folder() {
        const char* const folder = std::getenv("TMPDIR");
        return folder != nullptr && *folder != '\0' ? folder : "/tmp";
    }

    takes::Witness watch(const Film& film, const std::string& folder) {
        if (!film.is_bounded)
            throw Failed(cli::kRefused,
                         film.camera + ": makes no claim: how far off its times are is not known");
        const auto measured = measure(film, folder);
        if (measured.size() != film.table.rows.size() * kBands)
            throw Failed(cli::kBadInput, film.camera + ": its table is not that of its film");
        std::vector<std::int64_t> taken;
        std::vector<std::uint16_t> means;
        for (const takes::Shown& run : film.runs) {
            taken.insert(taken.end(), run.at_us.begin(), run.at_us.end());
            for (const std::size_t picture : run.pictures) {
                const auto rows = std::span(measured).subspan(picture * kBands, kBands);
                means.insert(means.end(), rows.begin(), rows.end());
            }
        }
        takes::Brightness brightness{taken, means, kBands, {}};
        if (options_.take.readout) {
            const auto us = std::chrono::microseconds(*options_.take.readout).count();
            brightness.readout = {static_cast<double>(us), 0};
        }
        takes::Witness out;
        out.flashes = takes::find_flashes(brightness);
        out.bound_us = static_cast<double>(film.bound_us);
        return out;
    }

    std::vector<std::uint16_t> measure(const Film& film, const std::string& folder) {
        std::string name = folder + "/rows-XXXXXX";
        const Fd rows(::mkostemp(name.data(), O_CLOEXEC));
        if (!rows) throw system_failure(cli::kIoFailed, "create " + name);
        for (const std::string& movie : film.movies) {
            worker::Job job;
            job.name = media::kRowsJob;
            job.request = media::to_bytes(media::RowsRequest{std::uint64_t{8192} * 8192, kBands});
            job.limits = {std::chrono::hours(4), std::chrono::hours(4)};
            run_on_film(std::move(job), movie, rows.get(), film.camera, run_job_);
        }
        struct stat status {};
        if (::fstat(rows.get(), &status) != 0) throw system_failure(cli::kIoFailed, name);
        std::vector<std::uint16_t> means(static_cast<std::size_t>(status.st_size) /
                                         sizeof(std::uint16_t));
        const std::span bytes(reinterpret_cast<std::uint8_t*>(means.data()),
                              means.size() * sizeof(std::uint16_t));
        if (read_up_to(rows.get(), bytes, 0) != bytes.size())
            throw system_failure(cli::kIoFailed, "read " + name);
        return means;
    }

    /// The server's take.json says what was found; what it said about other things stays.
    void judge(bool is_ok) {
        control::Judgement judgement;
        judgement.about = kAbout;
        const bool has_other = std::ranges::any_of(
            manifest_.why, [](const std::string& why) { return !why.starts_with(kAbout); });
        judgement.verdict = is_ok ? (has_other ? "check" : "ok") : "failed";
        for (std::size_t i = 0; i < films_.size(); ++i) {
            if (checks_[i].is_refuted()) judgement.why.push_back(sentence(i));
        }
        json::Object object;
        object.set("name", manifest_.take);
        object.set("verdict", judgement.verdict);
        object.set("about", judgement.about);
        json::Array why;
        for (const std::string& one : judgement.why) why.emplace_back(one);
        object.set("why", why);
        client_.ask_as_client("takes.judge", std::move(object));
    }

    std::string sentence(std::size_t i) const {
        const takes::FlashCheck& check = checks_[i];
        return films_[i].camera + " saw the flash " + ms_text(std::abs(check.off_us)) + " ms " +
               (check.off_us > 0 ? "later" : "earlier") + " than the others, by its clock; the " +
               "bounds allow " + ms_text(check.allowed_us) + " ms";
    }

    void print(bool is_ok) {
        Table table({{"CAMERA"}, {"FLASHES", true}, {"OFF", true}, {"ALLOWED", true}, {"CLAIM"}});
        for (std::size_t i = 0; i < films_.size(); ++i) {
            const takes::FlashCheck& check = checks_[i];
            table.add({films_[i].camera, std::to_string(check.flashes),
                       (check.off_us > 0 ? "+" : "") + ms_text(check.off_us) + " ms",
                       "±" + ms_text(check.allowed_us) + " ms",
                       check.is_refuted() ? "refuted" : "holds"});
        }
        table.print(std::cout, output_width());
        if (!is_ok) console_.trouble("the clocks' claim is refuted: the verdict is failed");
    }

    void print_json(bool is_ok) {
        json::Array cameras;
        for (std::size_t i = 0; i < films_.size(); ++i) {
            json::Object one;
            one.set("camera", films_[i].camera);
            one.set("flashes", checks_[i].flashes);
            one.set("off_us", static_cast<std::int64_t>(std::llround(checks_[i].off_us)));
            one.set("allowed_us", static_cast<std::int64_t>(std::llround(checks_[i].allowed_us)));
            one.set("ok", !checks_[i].is_refuted());
            cameras.emplace_back(one);
        }
        json::Object object;
        object.set("ok", is_ok);
        object.set("take", manifest_.take);
        object.set("cameras", cameras);
        console_.body(json::write(object));
    }

    const Options& options_;
    ApiClient& client_;
    Interrupt& interrupt_;
    Console& console_;
    const takes::Manifest manifest_;
    std::vector<Film> films_;
    std::vector<takes::FlashCheck> checks_;
    Helpers helpers_{interrupt_};
    const worker::RunJob run_job_ = [this](const worker::Job& job) { return helpers_.run(job); };
};

}  // namespace

bool keeps_verdict(const std::vector<std::string>& why,
                   const std::optional<milliseconds>& readout) {
    return !readout && std::ranges::any_of(why, [](const std::string& sentence) {
        return sentence.starts_with(kAbout);
    });
}

int run_sync_check(const Options& options, ApiClient& client, Interrupt& interrupt,
                   Console& console) {
    return SyncCheck(options, client, interrupt, console).run();
}

}  // namespace st::streamctl
