#pragma once
/// What is sent: bodies of hooks, made of events. Pure; any thread. docs/hooks.md.
#include <string>
#include <string_view>
#include <vector>

namespace st::notify {

/// {"type","timestamp","data"} of Standard Webhooks 1.0: `event` is the event as the API gives it;
/// what stands in type and time is left out of data. Over 20 KB texts are cut.
std::string standard_body(std::string_view type, std::string_view event, std::string_view time);

/// The POSTs of Node-Media-Server 4 that an event means, in order: {"id","ip","app","name","query",
/// "protocol","createtime","endtime","inbytes","outbytes","filePath","action"}; none for events
/// that it does not know. Times are Unix milliseconds.
std::vector<std::string> nms_bodies(std::string_view type, std::string_view event);
std::string nms_test_body();

}  // namespace st::notify
