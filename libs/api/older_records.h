#pragma once
/// What Node-Media-Server's fork calls records, in its addresses and its envelope: segments of live
/// streams listed, fetched and deleted. docs/coming-from-other-servers.md.
///
///     GET    /api/statistics/records
///     GET    /api/statistics/records/<app>/<name>
///     DELETE /api/statistics/records/<app>/<name>/<file>
///     GET    /records/<app>/<name>/<file>
#include <optional>
#include <string>
#include <vector>

#include "api/parts.h"
#include "api/statistics.h"
#include "archive/catalogue.h"
#include "httpd/router.h"

namespace st::api {

class OlderRecords {
 public:
    /// Outlives this.
    explicit OlderRecords(Parts& parts) : parts_(parts) {}

    /// nullopt: the request is for another route.
    std::optional<httpd::Plan> plan(const httpd::Request& request);

 private:
    using Names = std::vector<std::string>;

    // On the disk's threads.
    StatisticsAnswer list() const;
    StatisticsAnswer list_of(const std::string& stream) const;
    StatisticsAnswer remove(const Names& names, const std::string& by) const;

    bool is_being_recorded(const std::string& stream) const;

    Parts& parts_;
};

}  // namespace st::api
