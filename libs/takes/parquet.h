#pragma once
/// Apache Parquet files (parquet.apache.org/docs/file-format; parquet.thrift, Encodings.md and
/// LogicalTypes.md of github.com/apache/parquet-format), whose headers are structs in the compact
/// protocol of Thrift (doc/specs/thrift-compact-protocol.md of github.com/apache/thrift). One row
/// group, each column one data page (version 1), values as they are (PLAIN), no compression, no
/// dictionaries, no nulls. Pure: bytes out.
///
///     "PAR1"
///     PageHeader, repetition levels, definition levels, values     of each column
///     FileMetaData, u32 its size, "PAR1"
///
/// The schema is Arrow's: every column may be null, text is a STRING, lists have three levels.
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace st::takes {

/// int64, float, double, or UTF-8.
template <class T>
concept ParquetValue = std::same_as<T, std::int64_t> || std::same_as<T, float> ||
    std::same_as<T, double> || std::same_as<T, std::string>;

/// Columns have equal numbers of rows, in the order in which they were added.
class ParquetTable {
 public:
    /// One value a row.
    template <ParquetValue T>
    void add(std::string_view name, std::span<const T> values);
    template <ParquetValue T>
    void add(std::string_view name, T value) {
        add(name, std::span<const T>(&value, 1));
    }
    /// The column of a table of one row, which holds a list. `depth`: of lists in lists, of which
    /// all but the outermost hold one value each: {1, 2} is [[[1]], [[2]]] at 3. Values are not
    /// none.
    template <ParquetValue T>
    void add_list(std::string_view name, std::span<const T> values, unsigned depth = 1);
    /// Stands in the file's metadata, for readers that know the key.
    void add_metadata(std::string_view key, std::string_view value) {
        metadata_.emplace_back(key, value);
    }

    /// `library`: who writes it, "NAME version VERSION".
    std::string file(std::string_view library) const;

 private:
    struct Column {
        std::string name;
        int type = 0;
        unsigned depth = 0;
        std::size_t values = 0;
        std::string page;
    };
    template <class T>
    void add_column(std::string_view name, std::span<const T> values, unsigned depth);

    std::vector<Column> columns_;
    std::vector<std::pair<std::string, std::string>> metadata_;
};

}  // namespace st::takes
