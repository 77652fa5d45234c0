#include "mux/run.h"

namespace st::mux {
namespace {

/// The text may wait in memory; of a day of pictures it is a quarter of a gigabyte.
constexpr std::size_t kTextBytes = std::size_t{1} << 20;

std::int64_t us_of(std::int64_t ticks, std::int64_t ticks_per_second) {
    const std::int64_t per_second = 1'000'000;
    return (ticks * per_second + ticks_per_second / 2) / ticks_per_second;
}

}  // namespace

/// Rows stand in the order of showing, which of a stream with B-frames is not that of the samples.
void Run::write_table() {
    table_ = job_.table_fd >= 0
                 ? mp4::SampleFile::to_descriptor(job_.table_fd, "the table of pictures")
                 : std::make_unique<mp4::SampleFile>(
                       job_.table, job_.overwrite || job_.replaces_table, job_.links);
    const auto header = kPictureTableHeader;
    table_->append({reinterpret_cast<const std::uint8_t*>(header.data()), header.size()});
    unsigned number = 0;
    for (const Part& part : assembler_->parts()) {
        check_cancelled();
        ++number;
        const bool has_file = writes_ && job_.keeps_output && job_.output_fd < 0;
        write_part_rows(part, has_file ? base_name(part_name(job_.output, number)) : "");
    }
    table_->flush();
}

void Run::write_part_rows(const Part& part, const std::string& name) {
    const mp4::Samples samples = samples_of(part);
    std::vector<std::size_t> shown(samples.count);  // place after the part's first -> picture
    for (std::size_t i = 0; i < samples.count; ++i)
        shown[samples.shown_at[i] - samples.first_place] = i;
    std::string text;
    WallText wall;
    const auto flush = [&] {
        table_->append_borrowed({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        table_->flush();
        text.clear();
    };
    for (std::size_t k = 0; k < samples.count; ++k) {
        const auto pts_us = [&](std::int64_t ticks) {
            return us_of(samples.begins_ticks + ticks, samples.ticks_per_second);
        };
        const std::int64_t ticks = samples.shown(shown[k]);
        const std::int64_t next =
            k + 1 < samples.count ? samples.shown(shown[k + 1]) : samples.end_ticks();
        PictureRow row = row_of(part.first + shown[k], part.first + k);
        row.pts_us = pts_us(ticks);
        row.duration_us = pts_us(next) - row.pts_us;
        append_row(text, row, name, wall);
        if (text.size() >= kTextBytes) flush();
    }
    flush();
}

PictureRow Run::row_of(std::size_t picture, std::size_t place) const {
    const mp4::Picture& entry = assembler_->pictures()[picture];
    PictureRow row;
    row.picture = place;
    row.bytes = entry.bytes;
    row.is_key = entry.is_sync != 0;
    const PictureNumber& number = assembler_->numbers()[picture];
    row.lost_before = number.lost_before;
    if (entry.is_bare != 0) return row;
    row.seq = number.seq;
    if (input_->has_device_times()) row.device_us = entry.device_us;
    if (server_us_.empty()) return row;
    const ServerOrigin& origin = report_.place->origin;
    const std::int64_t begun_us = origin.monotonic_ns / 1000;
    const TakeZero zero = job_.take_zero.value_or(
        TakeZero{begun_us + server_us_.front(), origin.wall_us + server_us_.front()});
    row.take_us = begun_us + server_us_[place] - zero.monotonic_us;
    row.wall_us = zero.wall_us + *row.take_us;
    row.arrival_us =
        begun_us + static_cast<std::int64_t>(entry.arrival_ns / 1000) - zero.monotonic_us;
    return row;
}

}  // namespace st::mux
