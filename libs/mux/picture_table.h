#pragma once
/// pictures.csv: one row a picture, in the order of showing. Pure. Spec: docs/times.md, "The table
/// of pictures".
///
/// UTF-8, a header line, lines end in a line feed. What is not known is empty.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace st::mux {

constexpr std::string_view kPictureTableHeader =
    "picture,seq,take_us,wall,device_us,arrival_us,pts_us,duration_us,bytes,key,lost_before,file\n";

struct PictureRow {
    std::uint64_t picture = 0;               ///< from 0, in the order of showing
    std::optional<std::uint32_t> seq;        ///< of the message it began in
    std::optional<std::int64_t> take_us;     ///< when it was taken, on the common line
    std::optional<std::int64_t> wall_us;     ///< the same on the server's wall clock
    std::optional<std::uint64_t> device_us;  ///< its camera's stamp
    std::optional<std::int64_t> arrival_us;  ///< when it came in, on the common line
    std::int64_t pts_us = 0;                 ///< when `file` shows it
    std::int64_t duration_us = 0;            ///< for how long
    std::uint32_t bytes = 0;
    bool is_key = false;
    std::uint32_t lost_before = 0;  ///< messages between it and the picture that came before it
    std::uint32_t file = 0;         ///< place in PictureTable::files
};

struct PictureTable {
    std::vector<PictureRow> rows;
    std::vector<std::string> files;  ///< names, in order
};

/// 2026-01-31T08:15:30.250123Z. Keeps the text of the last second: a row costs 80 ns, not 400.
class WallText {
 public:
    void append(std::string& out, std::int64_t wall_us);

 private:
    std::int64_t second_ = std::numeric_limits<std::int64_t>::min();
    std::string text_;  ///< up to the second
};

/// Without the header; `file`: the name of row.file.
void append_row(std::string& out, const PictureRow& row, std::string_view file, WallText& wall);
/// All of it.
std::string to_csv(const PictureTable& table);

constexpr std::size_t kTableRowsMax = 20'000'000;
constexpr std::size_t kTableFilesMax = 999;

/// Error: the line and what is wrong with it. Rows count from 0 without a gap.
Result<PictureTable> read_picture_table(std::string_view text);

}  // namespace st::mux
