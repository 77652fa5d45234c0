#pragma once
/// pictures.csv: one row a picture, in the order of showing. Pure. Spec: docs/times.md, "The table
/// of pictures".
///
/// UTF-8, a header line, lines end in a line feed. What is not known is empty.
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// Reads a table that comes in pieces, wherever they begin and end. Rows count from 0 without a
/// gap.
class PictureTableReader {
 public:
    /// Gets each row, and the name of its file.
    using Take = std::function<void(PictureRow& row, const std::string& file)>;
    explicit PictureTableReader(Take take) : take_(std::move(take)) {}

    /// Error: the line and what is wrong with it; nothing more can be fed then.
    Result<void> feed(std::string_view piece);
    /// All of it was fed. Error: there is no header, or a line is cut off.
    Result<void> finish() const;

    const std::vector<std::string>& files() const { return files_; }

 private:
    Result<void> line(std::string_view text);
    /// The column that is wrong; nullopt: none.
    std::optional<std::size_t> row(std::string_view text);
    bool read_wall(std::string_view text, std::optional<std::int64_t>& out);
    bool find_file(std::string_view name);
    Error wrong(const std::string& what) const;

    const Take take_;
    std::string begun_;        ///< the line that is not whole yet
    std::uint64_t lines_ = 0;  ///< that were read
    PictureRow row_;
    std::vector<std::string> files_;
    std::string second_text_;  ///< of the date that was parsed last
    std::int64_t second_us_ = 0;
};

/// The whole of it, if it has kTableRowsMax rows at most. Error: as of the reader.
Result<PictureTable> read_picture_table(std::string_view text);

}  // namespace st::mux
