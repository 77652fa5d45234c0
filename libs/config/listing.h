#pragma once
/// All values as a file that Layers::load_file reads back: JSON with comments that say what each
/// key is and which layer its value comes from.
#include <set>
#include <string>
#include <vector>

#include "config/layers.h"
#include "config/schema.h"

namespace st::config {

/// `entries`: in the order of the table, as Layers::entries() gives them. Values that may not be
/// shown stand as comments, to be filled in: `hidden` are their paths.
std::string listing(const Schema& schema, const std::vector<Layers::Entry>& entries,
                    const std::set<std::string>& hidden = {});

}  // namespace st::config
