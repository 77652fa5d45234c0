#pragma once
/// A command that prints a list of the server's: a row for each item, or the JSON of it all.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/list.h"
#include "streamctl/commands/commands.h"
#include "streamctl/console/table.h"

namespace st::streamctl {

struct Listing {
    std::string_view method;
    std::vector<Table::Column> columns;
    std::string nothing;  ///< what is said of an empty list
};

/// `decode` reads an item, `row` makes cells of what it read. Returns the exit code.
template <class Decode, class Row>
int print_list(ApiClient& client, Console& console, const Listing& listing, Decode decode, Row row,
               json::Object params = {}) {
    const control::List list = whole_list(client, listing.method, std::move(params));
    if (list.is_building) console.note("the server is still looking through its folder");
    if (console.json()) {
        console.body(control::encode(list));
        return cli::kDone;
    }
    if (list.items.empty()) {
        console.note(listing.nothing);
        return cli::kDone;
    }
    Table table(listing.columns);
    for (const std::string& item : list.items) table.add(row(understood(decode(item))));
    table.print(std::cout, output_width());
    return cli::kDone;
}

}  // namespace st::streamctl
