#pragma once
/// SQLite as RAII. Private to libs/archive. A connection belongs to one thread at a time.
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace st::archive {

/// What SQLite says went wrong.
class DatabaseError : public std::runtime_error {
 public:
    /// `system_errno`: what the system said of it last, if anything.
    DatabaseError(const std::string& what, int code, int system_errno);
    /// The file is damaged, gone or not SQLite's: rebuilding it helps.
    bool is_damage() const;
    /// The disk has no room for it, is read-only, or does not do what it needs. Of what is not
    /// there nobody knows why: gone, or it could not be made.
    bool is_refusal() const;

 private:
    int code_;
    int system_errno_;
};

class Database;

/// A prepared statement. Columns and parameters in the order of its text.
class Statement {
 public:
    Statement(Database& database, const std::string& sql);

    Statement& bind(std::int64_t value);
    Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
    Statement& bind(std::string_view text);
    Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
    Statement& bind(const std::optional<std::string>& text);
    /// Whether there is a row. Throws DatabaseError.
    bool step();
    /// Until it has no more rows; then it can be bound anew.
    void run();
    void reset();

    std::int64_t integer(int column) const;
    std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    std::string text(int column) const;
    std::optional<std::string> optional_text(int column) const;

 private:
    struct Close {
        void operator()(sqlite3_stmt* statement) const;
    };
    [[noreturn]] void fail(int code) const;

    Database* database_;
    std::unique_ptr<sqlite3_stmt, Close> statement_;
    int bound_ = 0;
};

class Database {
 public:
    enum class Mode : std::uint8_t { write, read };

    /// `path`: of a file, or "file:/NAME?vfs=memdb": in memory, for all connections of this program
    /// that say the same name, until the last is closed. Throws DatabaseError.
    Database(const std::string& path, Mode mode);

    void run(const std::string& sql);
    std::int64_t number(const std::string& sql);
    sqlite3* raw() const { return handle_.get(); }

 private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

/// All or nothing: rolled back unless commit() was called.
class Transaction {
 public:
    explicit Transaction(Database& database) : database_(database) { database_.run("BEGIN"); }
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

 private:
    Database& database_;
    bool is_over_ = false;
};

}  // namespace st::archive
