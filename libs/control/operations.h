#pragma once
/// The one list of operations. streamctl, the HTTP API and JSON-RPC are doors to it: each finds an
/// operation here by its own kind of name, and hands over the same parameters. docs/openapi.json
/// describes them for the HTTP door; a test compares. Pure; any thread.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/error.h"

namespace st::control {

enum class Operation : std::uint8_t {
    capture_start,
    capture_stop,
    capture_preview,
    cameras_list,
    cameras_get,
    cameras_kick,
    cameras_rename,
    recordings_list,
    recordings_get,
    recordings_delete,
    recordings_keep,
    takes_list,
    takes_get,
    takes_judge,
    takes_delete,
    events_list,
    streams_list,
    streams_get,
    streams_kick,
    streams_snapshot,
    archive_list,
    record_start,
    record_stop,
    record_list,
    record_stop_all,
    record_segments,
    record_delete_segment,
    viewers_list,
    viewers_kick,
    sources_list,
    sources_restart,
    server_status,
    server_config,
    server_reload,
    login_link,
    hooks_list,
    hooks_failed,
    hooks_replay,
    hooks_test,
    tokens_list,
    tokens_new,
    tokens_revoke,
    sign,
};

enum class ParameterType : std::uint8_t { text, texts, integer, boolean, time, state, size };

/// Where the HTTP door carries it; over JSON-RPC every parameter is a member of `params`.
enum class Place : std::uint8_t { body, path, query };

struct Parameter {
    std::string_view name;
    ParameterType type;
    Place place;
    bool required;
    std::uint64_t min = 0;  ///< integer
    std::uint64_t max = 0;  ///< integer; 0: no bound worth naming
};

struct OperationInfo {
    Operation operation;
    std::string_view rpc;     ///< "capture.start"
    std::string_view method;  ///< "POST"
    std::string_view path;    ///< below /api/v1: "cameras/{name}"
    std::span<const Parameter> parameters;
};

/// In a fixed order.
std::span<const OperationInfo> operations();

/// Null if there is none.
const OperationInfo* find_rpc(std::string_view name);

using Arguments = std::vector<std::pair<std::string, std::string>>;

/// What a request below /api/v1 means.
struct Match {
    const OperationInfo* operation = nullptr;  ///< null: see `allowed`
    Arguments path_arguments;
    std::string allowed;  ///< methods this path takes, "GET, HEAD"; "": there is no such path
};

/// `segments` behind /api/v1, decoded. HEAD finds what GET does.
Match match_http(std::string_view method, std::span<const std::string> segments);

/// An operation with its parameters, whichever door it came through.
struct Call {
    const OperationInfo* operation = nullptr;
    std::string body;     ///< the parameters of bodies: one JSON object, not yet looked at, or ""
    Arguments arguments;  ///< the others: names of the table, each once; integers checked
    std::string peer{};   ///< where it came from, for who does not say who he is

    /// Null if it was not given.
    const std::string* find(std::string_view name) const;
    /// Who asks, if it stands among the arguments: "user@host", else where it came from.
    std::string client() const;
    /// Who asks, where the body may say it: `said`, else where it came from.
    std::string by(const std::string& said) const { return said.empty() ? peer : said; }
};

/// From the HTTP door. A parameter the operation does not have, one that stands twice and an
/// integer out of range are errors by name.
Decoded<Call> http_call(const Match& match, const Arguments& query, std::string body);

/// From JSON-RPC: `params` is the JSON text of an object, or "".
Decoded<Call> rpc_call(const OperationInfo& operation, const std::string& params);

}  // namespace st::control
