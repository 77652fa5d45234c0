#include "takes/parquet.h"

#include <algorithm>
#include <bit>

#include "takes/numbers.h"

namespace st::takes {
namespace {

constexpr std::string_view kMagic = "PAR1";

// ---- of parquet.thrift

constexpr int kInt64 = 2;
constexpr int kFloat = 4;
constexpr int kDouble = 5;
constexpr int kByteArray = 6;

constexpr int kOptional = 1;
constexpr int kRepeated = 2;

constexpr int kUtf8 = 0;  ///< ConvertedType
constexpr int kList = 3;
constexpr int kLogicalString = 1;  ///< LogicalType
constexpr int kLogicalList = 3;

constexpr int kPlain = 0;
constexpr int kRle = 3;

// ---- the compact protocol of Thrift

enum class Kind : std::uint8_t { i32 = 5, i64 = 6, binary = 8, list = 9, structure = 12 };

void put_zigzag(std::string& out, std::int64_t value) {
    put_varint(out,
               static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

void put_text(std::string& out, std::string_view text) {
    put_varint(out, text.size());
    out += text;
}

/// Fields are added in the order of their numbers, at most 15 apart.
class Struct {
 public:
    Struct& i32(int field, int value) {
        put_zigzag(begin(field, Kind::i32), value);
        return *this;
    }
    Struct& i64(int field, std::uint64_t value) {
        put_zigzag(begin(field, Kind::i64), static_cast<std::int64_t>(value));
        return *this;
    }
    Struct& text(int field, std::string_view value) {
        put_text(begin(field, Kind::binary), value);
        return *this;
    }
    Struct& child(int field, const Struct& value) {
        begin(field, Kind::structure) += value.bytes();
        return *this;
    }
    Struct& i32s(int field, const std::vector<int>& values) {
        std::string& out = begin_list(field, Kind::i32, values.size());
        for (const int value : values) put_zigzag(out, value);
        return *this;
    }
    Struct& texts(int field, const std::vector<std::string>& values) {
        std::string& out = begin_list(field, Kind::binary, values.size());
        for (const std::string& value : values) put_text(out, value);
        return *this;
    }
    Struct& children(int field, const std::vector<Struct>& values) {
        std::string& out = begin_list(field, Kind::structure, values.size());
        for (const Struct& value : values) out += value.bytes();
        return *this;
    }
    std::string bytes() const { return fields_ + '\0'; }

 private:
    std::string& begin(int field, Kind kind) {
        fields_ += static_cast<char>((field - last_) << 4 | static_cast<int>(kind));
        last_ = field;
        return fields_;
    }
    std::string& begin_list(int field, Kind of, std::size_t size) {
        constexpr std::size_t kLong = 15;
        begin(field, Kind::list);
        fields_ += static_cast<char>(std::min(size, kLong) << 4 | static_cast<std::size_t>(of));
        if (size >= kLong) put_varint(fields_, size);
        return fields_;
    }

    std::string fields_;
    int last_ = 0;
};

// ---- pages

template <class T>
constexpr int type_of() {
    if constexpr (std::same_as<T, std::int64_t>) return kInt64;
    if constexpr (std::same_as<T, float>) return kFloat;
    if constexpr (std::same_as<T, double>) return kDouble;
    return kByteArray;
}

void put_plain(std::string& out, std::int64_t value) { put(out, value); }
void put_plain(std::string& out, float value) { put(out, std::bit_cast<std::uint32_t>(value)); }
void put_plain(std::string& out, double value) { put(out, std::bit_cast<std::uint64_t>(value)); }
void put_plain(std::string& out, const std::string& value) {
    put(out, static_cast<std::uint32_t>(value.size()));
    out += value;
}

/// A run of equal levels, each of which fits into a byte.
struct Run {
    std::size_t length;
    unsigned level;
};

/// Runs of the hybrid of RLE and bit packing, behind their size.
void put_levels(std::string& out, const std::vector<Run>& runs) {
    std::string levels;
    for (const Run& run : runs) {
        if (run.length == 0) continue;
        put_varint(levels, run.length << 1);
        levels += static_cast<char>(run.level);
    }
    put(out, static_cast<std::uint32_t>(levels.size()));
    out += levels;
}

// ---- the footer

Struct annotation(int logical_type) { return Struct().child(logical_type, Struct()); }

/// A list is a group of a repeated group of one element.
void add_schema(std::vector<Struct>& schema, std::string_view name, int type, unsigned depth) {
    Struct element;
    if (depth > 0) {
        element.i32(3, kOptional).text(4, name).i32(5, 1).i32(6, kList);
        schema.push_back(element.child(10, annotation(kLogicalList)));
        schema.push_back(Struct().i32(3, kRepeated).text(4, "list").i32(5, 1));
        add_schema(schema, "element", type, depth - 1);
        return;
    }
    element.i32(1, type).i32(3, kOptional).text(4, name);
    if (type == kByteArray) element.i32(6, kUtf8).child(10, annotation(kLogicalString));
    schema.push_back(element);
}

std::vector<std::string> path_of(const std::string& name, unsigned depth) {
    std::vector<std::string> path{name};
    for (; depth > 0; --depth) path.insert(path.end(), {"list", "element"});
    return path;
}

}  // namespace

template <class T>
void ParquetTable::add_column(std::string_view name, std::span<const T> values, unsigned depth) {
    Column column{std::string(name), type_of<T>(), depth, values.size(), {}};
    // All but the first value go on with the outermost list.
    if (depth > 0) put_levels(column.page, {{1, 0}, {values.size() - 1, 1}});
    put_levels(column.page, {{values.size(), 2 * depth + 1}});
    for (const T& value : values) put_plain(column.page, value);
    columns_.push_back(std::move(column));
}

template <ParquetValue T>
void ParquetTable::add(std::string_view name, std::span<const T> values) {
    add_column(name, values, 0);
}
template <ParquetValue T>
void ParquetTable::add_list(std::string_view name, std::span<const T> values, unsigned depth) {
    add_column(name, values, depth);
}

std::string ParquetTable::file(std::string_view library) const {
    const std::size_t rows = columns_.empty() ? 0 : columns_[0].depth > 0 ? 1 : columns_[0].values;
    std::string out(kMagic);
    std::vector<Struct> schema{
        Struct().text(4, "schema").i32(5, static_cast<int>(columns_.size()))};
    std::vector<Struct> chunks;
    for (const Column& column : columns_) {
        const std::size_t begin = out.size();
        const int size = static_cast<int>(column.page.size());
        const Struct page = Struct()
                                .i32(1, static_cast<int>(column.values))
                                .i32(2, kPlain)
                                .i32(3, kRle)
                                .i32(4, kRle);
        out += Struct().i32(1, 0).i32(2, size).i32(3, size).child(5, page).bytes();
        out += column.page;
        Struct meta;
        meta.i32(1, column.type).i32s(2, {kPlain, kRle});
        meta.texts(3, path_of(column.name, column.depth)).i32(4, 0).i64(5, column.values);
        meta.i64(6, out.size() - begin).i64(7, out.size() - begin).i64(9, begin);
        chunks.push_back(Struct().i64(2, 0).child(3, meta));
        add_schema(schema, column.name, column.type, column.depth);
    }
    const Struct group =
        Struct().children(1, chunks).i64(2, out.size() - kMagic.size()).i64(3, rows);
    std::vector<Struct> metadata;
    for (const auto& [key, value] : metadata_)
        metadata.push_back(Struct().text(1, key).text(2, value));
    Struct footer;
    footer.i32(1, 1).children(2, schema).i64(3, rows).children(4, {group});
    if (!metadata.empty()) footer.children(5, metadata);
    const std::string bytes = footer.text(6, library).bytes();
    out += bytes;
    put(out, static_cast<std::uint32_t>(bytes.size()));
    out += kMagic;
    return out;
}

template void ParquetTable::add(std::string_view, std::span<const std::int64_t>);
template void ParquetTable::add(std::string_view, std::span<const float>);
template void ParquetTable::add(std::string_view, std::span<const double>);
template void ParquetTable::add(std::string_view, std::span<const std::string>);
template void ParquetTable::add_list(std::string_view, std::span<const std::int64_t>, unsigned);
template void ParquetTable::add_list(std::string_view, std::span<const double>, unsigned);
template void ParquetTable::add_list(std::string_view, std::span<const std::string>, unsigned);

}  // namespace st::takes
