#pragma once
/// The error of who cannot open a file that may well be there.
#include <cerrno>

namespace st {

inline bool is_out_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

}  // namespace st
