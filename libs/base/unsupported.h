#pragma once
/// What some file systems (network shares, FUSE) do not know.
#include <cerrno>

namespace st {

/// `error`, of flock(2), a lock by fcntl(2), fsync(2) of a folder or syncfs(2), means that there is
/// no such thing here.
inline bool is_unsupported(int error) {
    return error == EOPNOTSUPP || error == ENOTSUP || error == ENOSYS || error == ENOLCK ||
           error == EINVAL;
}

}  // namespace st
