#pragma once
/// What a daemon does to its process: descriptors, pidfile, background, readiness.
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"

namespace st::streamd {

/// Raises the soft limit of open descriptors to `wanted`, the hard limit too where allowed. Returns
/// what is in force.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted);

/// The limit of open descriptors that is in force.
std::uint64_t descriptor_limit();

/// Descriptors that so many connections may need, each a camera that records, and the other way
/// round.
std::uint64_t descriptors_for(std::uint64_t connections);
std::uint64_t connections_for(std::uint64_t descriptors);

/// Bytes of memory this process may use: the machine's, or what its control group allows.
std::uint64_t available_memory();

/// Locked for the life of the process; a second one fails, a stale file is taken over.
class Pidfile {
 public:
    Pidfile() = default;
    /// Throws std::runtime_error with a text for the user.
    explicit Pidfile(const std::string& path);
    Pidfile(Pidfile&&) = default;
    Pidfile& operator=(Pidfile&&) = default;
    ~Pidfile();

 private:
    std::string path_;
    Fd fd_;
};

/// Forks into the background: new session, umask 027, standard streams to /dev/null. The parent
/// waits for ready() and exits with 0, or with the child's exit code if that ends before. Call
/// before any thread exists. Returns in the child only.
class Background {
 public:
    static Background begin();
    /// The child serves: lets the parent go.
    void ready();

 private:
    Fd pipe_;
};

/// The first process of a container is the parent of every orphan in it. As such this one stays
/// behind: it waits for whatever ends, hands signals on, and ends as the server does, which runs in
/// a child. Call before any thread exists. nullopt: in the child, or not the first process; else
/// the exit code. Throws std::system_error.
std::optional<int> stay_as_first_process();

/// Writes `text` to `path` by way of a temporary file with these permissions, less the umask; what
/// lies there is replaced, never followed or written into. Throws std::runtime_error.
void replace_file(const std::string& path, const std::string& text, mode_t mode = 0644);

/// sd_notify(3) without the library: a datagram to $NOTIFY_SOCKET; nothing where that is not set.
void notify_service_manager(const std::string& state);

}  // namespace st::streamd
