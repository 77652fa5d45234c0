#pragma once
/// What an earlier run left unfinished. Private to libs/record.
#include <optional>
#include <string>

#include "record/writer.h"

namespace st::record {

/// Looks at one folder in which nobody is at work. A job if it holds a dump and its
/// session.json is missing, unreadable, says recording or finalising, or says failed and lists no
/// MP4 (a disk that was full may have room now). What the folder cannot say comes from the dump.
/// From then on its session.json says finalising, so that nobody deletes it meanwhile. Throws
/// std::system_error. `known`: what this run knows of it, where its session.json is from when it
/// began.
std::optional<Unfinished> take_back(const Folder& folder, const std::string& id,
                                    const std::optional<Meta>& known);

}  // namespace st::record
