#pragma once
/// The browser of the desktop that a command is typed on.
#include <chrono>
#include <string>

namespace st::streamctl {

/// A page that goes on to `url` by itself. Pure.
std::string page_to(const std::string& url);

/// Opens `url`, by xdg-open or else $BROWSER, and does not wait for that. Everybody on the machine
/// can read a program's arguments, so what it is given is the name of a file that leads to `url`,
/// which this account alone can read; it is removed after `lifetime`. False: there is no desktop,
/// or nothing that opens addresses on it. Main thread.
bool open_in_browser(const std::string& url, std::chrono::seconds lifetime);

}  // namespace st::streamctl
