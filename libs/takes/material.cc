#include "takes/material.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/fd.h"
#include "json/read.h"
#include "record/folder.h"
#include "takes/take_files.h"

namespace st::takes {
namespace {

constexpr unsigned kDepthMax = 32;
constexpr std::size_t kPage = 1000;

std::optional<Place> place_of(const json::Value& value) {
    const json::Object* const times = value.object();
    if (times == nullptr) return std::nullopt;
    const auto first = (*times)["first_us"].integer();
    const auto wall = (*times)["first_wall_us"].integer();
    if (!first || !wall) return std::nullopt;
    return Place{*first, *wall, (*times)["bound_us"].integer(),
                 (*times)["assumed_us"].integer().value_or(0)};
}

std::optional<std::string> text_or_none(const json::Value& value) {
    return value.text() != nullptr ? std::optional(*value.text()) : std::nullopt;
}

}  // namespace

Recording recording_of(const record::RecordingEntry& entry) {
    Recording out;
    out.id = entry.id;
    out.camera = entry.camera;
    out.state = entry.state;
    out.started_us = entry.started_us;
    const auto value = json::read(entry.json, {entry.json.size(), kDepthMax});
    if (!value || value->object() == nullptr) return out;
    const json::Object& session = *value->object();
    if (const json::Object* said = session["capabilities"].object())
        out.model = text_or_none((*said)["deviceModel"]);
    out.part = static_cast<unsigned>(session["part"].natural().value_or(1));
    out.end_reason = session["end_reason"].text_or_empty();
    out.started_at = session["started_at"].text_or_empty();
    out.ended_at = session["ended_at"].text_or_empty();
    out.boot_id = session["boot_id"].text_or_empty();
    out.place = place_of(session["times"]);
    if (const json::Object* clock = session["clock"].object()) out.clock = *clock;
    out.lost = session["seq_missing"].natural().value_or(0);
    if (const json::Object* dropped = session["dropped"].object()) {
        out.lost_pictures = (*dropped)["lost_pictures"].natural().value_or(0);
        out.unknown_form = (*dropped)["unknown_form"].natural().value_or(0);
    }
    out.damage_count = session["damage_count"].natural().value_or(0);
    out.fps = session["fps"].real();
    out.error = text_or_none(session["error"]);
    if (const json::Array* files = session["files"].array()) {
        for (const json::Value& file : *files) {
            const json::Object* const one = file.object();
            if (one == nullptr || (*one)["kind"] != json::Value("mp4")) continue;
            out.files.push_back(
                {(*one)["name"].text_or_empty(), (*one)["pictures"].natural().value_or(0)});
        }
    }
    return out;
}

Result<std::vector<record::RecordingEntry>> entries_of(archive::Catalogue& catalogue,
                                                       const std::string& take, int more_tries) {
    std::vector<record::RecordingEntry> all;
    archive::RecordingQuery query;
    query.take = take;
    query.limit = kPage;
    for (;;) {
        archive::RecordingPage page = catalogue.list(query);
        for (; page.is_building && more_tries > 0; --more_tries) {
            page = catalogue.list(query);  // which waits a while
        }
        if (page.is_building) return Error{"the recordings are not all known yet", kUnavailable};
        std::ranges::move(page.items, std::back_inserter(all));
        if (!page.next) break;
        query.cursor = *page.next;
    }
    std::ranges::sort(all, {}, [](const record::RecordingEntry& entry) {
        return std::pair(entry.started_us, entry.id);
    });
    return all;
}

bool read_table(archive::Catalogue& catalogue, const std::string& id,
                const mux::PictureTableReader::Take& take) {
    constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
    const auto opened = catalogue.open_file(id, record::kPicturesName);
    if (!opened) return false;
    const Fd fd(*opened);
    mux::PictureTableReader reader(take);
    std::vector<char> piece(kPieceBytes);
    for (;;) {
        const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) return reader.finish().ok();
        if (!reader.feed({piece.data(), static_cast<std::size_t>(got)})) return false;
    }
}

TableSum sum_of_table(archive::Catalogue& catalogue, const std::string& id) {
    TableSum sum;
    const bool is_whole =
        read_table(catalogue, id, [&](const mux::PictureRow& row, const std::string& file) {
            if (sum.rows++ == 0) {
                sum.first_us = row.take_us;
                sum.first_wall_us = row.wall_us;
            }
            sum.last_us = row.take_us;
            if (sum.files.empty() || sum.files.back().name != file)
                sum.files.push_back({file, {}, {}});
            if (!row.take_us) return;
            TableSum::File& of_file = sum.files.back();
            if (!of_file.first_us) of_file.first_us = row.take_us;
            of_file.last_us = row.take_us;
            sum.taken_us.push_back(*row.take_us);
        });
    return is_whole ? sum : TableSum();
}

}  // namespace st::takes
