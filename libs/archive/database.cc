#include "archive/database.h"

#include <sqlite3.h>

#include <cerrno>

#include "base/out_of_descriptors.h"
#include "control/glob.h"

namespace st::archive {
namespace {

constexpr int kBusyMs = 2'000;

std::string_view text_of(sqlite3_value* value) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
    return text == nullptr ? std::string_view()
                           : std::string_view(text, sqlite3_value_bytes(value));
}

/// matches(pattern, text): the patterns of our own options, in SQL.
void matches(sqlite3_context* context, int, sqlite3_value** values) {
    sqlite3_result_int(context,
                       control::glob_match(text_of(values[0]), text_of(values[1])) ? 1 : 0);
}

bool takes_no_files(int system_errno) {
    return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EROFS ||
           system_errno == EACCES || system_errno == EPERM;
}

}  // namespace

DatabaseError::DatabaseError(const std::string& what, int code, int system_errno)
    : std::runtime_error(what), code_(code), system_errno_(system_errno) {}

bool DatabaseError::is_damage() const {
    const int kind = code_ & 0xFF;
    // A program without descriptors finds no file, and nothing is wrong with it.
    if (is_out_of_descriptors(system_errno_)) return false;
    return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_ERROR ||
           kind == SQLITE_SCHEMA || kind == SQLITE_MISMATCH || code_ == SQLITE_READONLY_DBMOVED ||
           (kind == SQLITE_CANTOPEN && !takes_no_files(system_errno_));
}

bool DatabaseError::is_refusal() const {
    const int kind = code_ & 0xFF;
    if (is_out_of_descriptors(system_errno_)) return false;
    // What SQLite cannot make it tries to open without making it, so that ENOENT is what is left.
    const bool has_not_made_it = takes_no_files(system_errno_) || system_errno_ == ENOENT;
    return kind == SQLITE_FULL || kind == SQLITE_IOERR ||
           (kind == SQLITE_READONLY && code_ != SQLITE_READONLY_DBMOVED) ||
           (kind == SQLITE_CANTOPEN && has_not_made_it);
}

void Statement::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, const std::string& sql) : database_(&database) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v2(database.raw(), sql.c_str(), static_cast<int>(sql.size()),
                                        &made, nullptr);
    statement_.reset(made);
    if (code != SQLITE_OK) fail(code);
}

void Statement::fail(int code) const {
    throw DatabaseError(std::string("catalogue: ") + sqlite3_errmsg(database_->raw()), code,
                        sqlite3_system_errno(database_->raw()));
}

Statement& Statement::bind(std::int64_t value) {
    const int code = sqlite3_bind_int64(statement_.get(), ++bound_, value);
    if (code != SQLITE_OK) fail(code);
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    const int code = sqlite3_bind_text(statement_.get(), ++bound_, text.data(),
                                       static_cast<int>(text.size()), SQLITE_TRANSIENT);
    if (code != SQLITE_OK) fail(code);
    return *this;
}

Statement& Statement::bind(const std::optional<std::string>& text) {
    if (text) return bind(std::string_view(*text));
    const int code = sqlite3_bind_null(statement_.get(), ++bound_);
    if (code != SQLITE_OK) fail(code);
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(code);
    return false;
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bound_ = 0;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const { return optional_text(column).value_or(""); }

std::optional<std::string> Statement::optional_text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    if (text == nullptr) return std::nullopt;
    return std::string(text,
                       static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Database::Database(const std::string& path, Mode mode) {
    sqlite3* made = nullptr;
    const int access = mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                           : SQLITE_OPEN_READWRITE;  // a reader of a WAL writes too
    // A path of a file begins with a slash, so that none is taken for more than its name.
    const int flags = access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    const int code = sqlite3_open_v2(path.c_str(), &made, flags, nullptr);
    handle_.reset(made);
    if (code != SQLITE_OK) {
        throw DatabaseError(path + ": " + (made != nullptr ? sqlite3_errmsg(made) : "no memory"),
                            code, made != nullptr ? sqlite3_system_errno(made) : 0);
    }
    sqlite3_extended_result_codes(made, 1);
    sqlite3_busy_timeout(made, kBusyMs);
    sqlite3_create_function_v2(made, "matches", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                               matches, nullptr, nullptr, nullptr);
    run("PRAGMA trusted_schema=OFF");
    run("PRAGMA cell_size_check=ON");
}

void Database::run(const std::string& sql) { Statement(*this, sql).run(); }

std::int64_t Database::number(const std::string& sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.integer(0) : 0;
}

Transaction::~Transaction() {
    if (is_over_) return;
    try {
        database_.run("ROLLBACK");
    } catch (const DatabaseError&) {  // SQLite has rolled back by itself
    }
}

void Transaction::commit() {
    database_.run("COMMIT");
    is_over_ = true;
}

}  // namespace st::archive
