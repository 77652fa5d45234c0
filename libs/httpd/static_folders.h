#pragma once
/// Folders of files that are served as they are (web.static), to everybody who can connect. Files
/// below the folder alone: no links, no names that begin with a dot, no listings. docs/pages.md.
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "httpd/router.h"
#include "loop/task_pool.h"

namespace st::httpd {

struct StaticFolder {
    /// {"manual"}: the segments of a path; what stands behind them is a path below `root`.
    std::vector<std::string> route;
    std::string root;  ///< absolute
};

/// The file or folder `names` lead to from `root`; each is one name. Error.code 404: there is
/// nothing there that may be seen, without saying what is.
Result<Fd> open_below(int root, const std::vector<std::string>& names);

class StaticFolders {
 public:
    /// Throws std::system_error for a root that is no folder that can be read.
    explicit StaticFolders(const std::vector<StaticFolder>& folders);

    /// Takes GET and HEAD below the routes; the longest one counts. Outlives the router, as `disk`
    /// does.
    void add_route(Router& router, loop::BlockingWork& disk) const;

 private:
    struct Root {
        std::vector<std::string> route;
        Fd folder;
    };
    const Root* find(const std::vector<std::string>& segments) const;

    std::vector<Root> roots_;  ///< the longest route first
};

}  // namespace st::httpd
