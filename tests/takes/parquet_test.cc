#include "takes/parquet.h"

#include <gtest/gtest.h>

#include "base/encodings.h"

namespace st::takes {
namespace {

constexpr std::string_view kLibrary = "a version 1";

std::string hex(std::string_view bytes) { return hex_encode(as_bytes(bytes)); }

/// Text to hex digits, its length in front as Thrift's compact protocol has it.
std::string text(std::string_view text) {
    const auto size = static_cast<std::uint8_t>(text.size());
    return hex_encode(Bytes(&size, 1)) + hex(text);
}

TEST(Parquet, is_pages_and_a_footer) {
    ParquetTable table;
    table.add("n", std::span<const std::int64_t>(std::vector<std::int64_t>{1, -2}));
    table.add_metadata("k", "v");
    const std::string expected =
        hex("PAR1") +
        // PageHeader: a data page, 22 bytes, not compressed
        "1500"
        "152c"
        "152c"
        // DataPageHeader: 2 values, PLAIN, levels are RLE
        "2c"
        "1504"
        "1500"
        "1506"
        "1506"
        "00"
        "00"
        // definition levels: 2 bytes, twice the level 1
        "02000000"
        "0401"
        "0100000000000000"
        "feffffffffffffff"
        // FileMetaData: version 1; two SchemaElements: the root with one child,
        "1502"
        "192c"
        "48" +
        text("schema") +
        "1502"
        "00"
        // an optional INT64
        "1504"
        "2502"
        "18" +
        text("n") +
        "00"
        // 2 rows
        "1604"
        // one RowGroup, one ColumnChunk; its ColumnMetaData: INT64, PLAIN and RLE, path, not
        // compressed, 2 values,
        "191c"
        "191c"
        "2600"
        "1c"
        "1504"
        "19250006"
        "1918" +
        text("n") +
        "1500"
        "1604"
        // 39 bytes with their header, twice; the page begins at 4
        "164e"
        "164e"
        "2608"
        "00"
        "00"
        // of the group 39 bytes, 2 rows
        "164e"
        "1604"
        "00"
        // metadata, who wrote it
        "191c"
        "18" +
        text("k") + "18" + text("v") +
        "00"
        "18" +
        text(kLibrary) +
        "00"
        "52000000" +
        hex("PAR1");
    EXPECT_EQ(hex(table.file(kLibrary)), expected);
}

/// Bytes of the page, behind its header, which ends with the levels' encodings.
bool has_page(const std::string& file, std::string_view page) {
    return hex(file).find(
               "15061506"
               "0000" +
               std::string(page)) != std::string::npos;
}

TEST(Parquet, holds_numbers_and_text_as_they_are) {
    ParquetTable table;
    table.add("f", 1.5F);
    table.add("d", -0.5);
    table.add("s", std::string("\xC3\xA4"));
    const std::string file = table.file(kLibrary);
    const std::string levels =
        "02000000"
        "0201";
    EXPECT_TRUE(has_page(file, levels + "0000c03f"));
    EXPECT_TRUE(has_page(file, levels + "000000000000e0bf"));
    EXPECT_TRUE(has_page(file, levels + "02000000"
                                        "c3a4"));
    // FLOAT; DOUBLE; BYTE_ARRAY, which is UTF8 and a STRING
    EXPECT_NE(hex(file).find("1508"
                             "2502"
                             "18" +
                             text("f") + "00"),
              std::string::npos);
    EXPECT_NE(hex(file).find("150a"
                             "2502"
                             "18" +
                             text("d") + "00"),
              std::string::npos);
    EXPECT_NE(hex(file).find("150c"
                             "2502"
                             "18" +
                             text("s") +
                             "2500"
                             "4c"
                             "1c"
                             "00"
                             "00"
                             "00"),
              std::string::npos);
}

TEST(Parquet, holds_lists_in_three_levels) {
    ParquetTable table;
    table.add_list("l", std::span<const std::string>(std::vector<std::string>{"a", "bc"}));
    const std::string file = table.file(kLibrary);
    // repetition levels 0, 1; definition levels 3, 3
    EXPECT_TRUE(has_page(file,
                         "04000000"
                         "0200"
                         "0201"
                         "02000000"
                         "0403"
                         "01000000"
                         "61"
                         "02000000"
                         "6263"));
    // an optional group of one child, which is a LIST; a repeated group of one child; the element
    EXPECT_NE(hex(file).find("3502"
                             "18" +
                             text("l") +
                             "1502"
                             "1506"
                             "4c"
                             "3c"
                             "00"
                             "00"
                             "00" +
                             "3504"
                             "18" +
                             text("list") +
                             "1502"
                             "00" +
                             "150c"
                             "2502"
                             "18" +
                             text("element") +
                             "2500"
                             "4c"
                             "1c"
                             "00"
                             "00"
                             "00" +
                             "1602"),
              std::string::npos)
        << "and one row";
    EXPECT_NE(hex(file).find("1938" + text("l") + text("list") + text("element")),
              std::string::npos)
        << "the path";
}

TEST(Parquet, holds_lists_in_lists) {
    ParquetTable table;
    table.add_list("l", std::span<const double>(std::vector<double>{0.5, 1}), 3);
    const std::string file = table.file(kLibrary);
    EXPECT_TRUE(has_page(file,
                         "04000000"
                         "0200"
                         "0201"
                         "02000000"
                         "0407"
                         "000000000000e03f"
                         "000000000000f03f"));
    EXPECT_NE(hex(file).find("1978" + text("l") + text("list") + text("element") + text("list") +
                             text("element") + text("list") + text("element")),
              std::string::npos);
}

TEST(Parquet, has_any_number_of_columns) {
    ParquetTable table;
    for (int i = 0; i < 15; ++i) table.add("c", std::int64_t{i});
    const std::string file = hex(table.file(kLibrary));
    EXPECT_NE(file.find("1502"
                        "19fc10"
                        "48" +
                        text("schema") + "151e"),
              std::string::npos);
    EXPECT_NE(file.find("1602"
                        "191c"
                        "19fc0f"),
              std::string::npos)
        << "column chunks";
}

}  // namespace
}  // namespace st::takes
