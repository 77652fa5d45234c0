#include "api/statistics.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "json/write.h"

namespace st::api {
namespace {

using json::Object;

StatisticsAnswer success(json::Value data, const StatisticsInput& input) {
    return statistics_success(std::move(data), input.now_us);
}

StatisticsAnswer failure(const std::string& message) { return statistics_failure(404, message); }

Object server(const StatisticsInput& input) {
    std::uint64_t live = 0;
    std::uint64_t viewers = 0;
    for (const hub::StreamStatus& stream : input.streams) {
        live += stream.is_live ? 1 : 0;
        viewers += stream.viewers;
    }
    return {{"totalStreams", input.streams.size()},
            {"activeStreams", live},
            {"totalViewers", viewers},
            {"serverUptime", uptime_text(input.uptime_ms)}};
}

Object stream_object(const hub::StreamStatus& stream, const StatisticsInput& input) {
    const std::uint64_t up_ms = stream.is_live ? static_cast<std::uint64_t>(std::max<std::int64_t>(
                                                     input.now_us - stream.since_us, 0)) /
                                                     1000
                                               : 0;
    const std::uint64_t kbps =
        stream.is_live ? stream.statistics.rates(input.now_ns).bits_per_second_1s / 1024 : 0;
    return {{"id", stream.path},
            {"name", stream.path.substr(stream.path.rfind('/') + 1)},
            {"viewers", stream.viewers},
            {"bitrate", std::to_string(kbps) + " kbps"},
            {"status", stream.is_live ? "online" : "offline"},
            {"uptime", uptime_text(up_ms)},
            {"protocol", stream.publisher.protocol}};
}

json::Array streams(const StatisticsInput& input) {
    json::Array list;
    for (const hub::StreamStatus& stream : input.streams) {
        list.push_back(stream_object(stream, input));
    }
    return list;
}

StatisticsAnswer one_stream(const std::string& path, const StatisticsInput& input) {
    for (const hub::StreamStatus& stream : input.streams) {
        if (stream.path != path) continue;
        Object data = stream_object(stream, input);
        data.set("createTime", stream.since_us / 1000);
        data.set("totalBytes", stream.statistics.bytes());
        data.set("lastBitrateUpdate", input.now_us / 1000);
        return success(data, input);
    }
    return failure("Stream not found");
}

}  // namespace

StatisticsAnswer statistics_success(json::Value data, std::int64_t now_us) {
    Object answer;
    answer.set("success", true);
    answer.set("data", std::move(data));
    answer.set("timestamp", now_us / 1000);
    return {200, json::write(answer)};
}

StatisticsAnswer statistics_failure(int status, const std::string& message) {
    const Object answer{{"success", false}, {"error", message}, {"message", message}};
    return {status, json::write(answer)};
}

std::string uptime_text(std::uint64_t ms) {
    const std::uint64_t s = ms / 1000;
    if (s >= 86'400) {
        return std::to_string(s / 86'400) + "d " + std::to_string(s / 3600 % 24) + "h " +
               std::to_string(s / 60 % 60) + "m";
    }
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%02u:%02u:%02u", static_cast<unsigned>(s / 3600),
                  static_cast<unsigned>(s / 60 % 60), static_cast<unsigned>(s % 60));
    return text.data();
}

StatisticsAnswer statistics_answer(std::span<const std::string> segments,
                                   const StatisticsInput& input) {
    if (segments.size() == 1 && segments[0] == "server") return success(server(input), input);
    if (segments.size() == 1 && segments[0] == "streams") return success(streams(input), input);
    if (segments.size() == 1 && segments[0] == "dashboard") {
        return success(Object{{"server", server(input)}, {"streams", streams(input)}}, input);
    }
    if (segments.size() == 1 && segments[0] == "health") {
        const double uptime_s = static_cast<double>(input.uptime_ms) / 1000;
        return success(Object{{"status", "ok"}, {"uptime", uptime_s}}, input);
    }
    if (segments.size() == 3 && segments[0] == "streams") {
        return one_stream("/" + segments[1] + "/" + segments[2], input);
    }
    return failure("Not found");
}

}  // namespace st::api
