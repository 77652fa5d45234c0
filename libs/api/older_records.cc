#include "api/older_records.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "api/segment_files.h"
#include "base/clock.h"
#include "base/name.h"
#include "json/write.h"
#include "record/segments.h"

namespace st::api {
namespace {

constexpr std::size_t kFilesMax = 10'000;  // of one answer, the newest

std::string stream_of(const std::vector<std::string>& names) {
    return "/" + names[0] + "/" + names[1];
}

json::Object file_object(const archive::MediaRow& row, const std::string& stream) {
    const std::string name = row.file.substr(row.file.rfind('/') + 1);
    json::Object data{{"name", name},
                      {"url", "/records" + stream + "/" + name},
                      {"size", row.bytes},
                      {"createTime", row.start_us / 1000}};
    if (row.end_us > 0) {
        data.set("endTime", row.end_us / 1000);
        data.set("duration", static_cast<double>(row.end_us - row.start_us) / 1e6);
    }
    return data;
}

httpd::Answer json_answer(StatisticsAnswer made) {
    return {{made.status,
             "application/json",
             {{"Cache-Control", "no-store"}},
             std::move(made.body) + "\n"},
            {}};
}

}  // namespace

std::optional<httpd::Plan> OlderRecords::plan(const httpd::Request& request) {
    const std::vector<std::string>& segments = request.target.segments;
    const bool is_list = segments.size() >= 3 && segments[0] == "api" &&
                         segments[1] == "statistics" && segments[2] == "records";
    const bool is_file = segments.size() == 4 && segments[0] == "records";
    if (!is_list && !is_file) return std::nullopt;
    const Names names(segments.begin() + (is_file ? 1 : 3), segments.end());
    if (!is_file && !names.empty() && names.size() != 2 && names.size() != 3) {
        return std::nullopt;
    }
    if (names.size() >= 2 && !is_stream_path(stream_of(names))) return std::nullopt;
    if (names.size() == 3 && !is_safe_file_name(names[2])) return std::nullopt;
    const bool deletes = is_list && names.size() == 3;
    const std::string& method = request.head.method;
    httpd::Plan plan;
    plan.role = auth::Role::control;
    if (deletes ? method != "DELETE" : (method != "GET" && method != "HEAD")) {
        plan.refusal = httpd::method_refusal(method, deletes ? "DELETE" : "GET, HEAD");
        return plan;
    }
    plan.answer = [this, is_file, names](httpd::Request asked, const httpd::Reply& reply) {
        auto shared = std::make_shared<httpd::Request>(std::move(asked));
        parts_.disk.post(loop::Effort::slow, [this, is_file, names, shared, reply] {
            try {
                if (is_file) {
                    return reply(
                        SegmentFiles(parts_).answer(stream_of(names), names[2], shared->head));
                }
                if (names.empty()) return reply(json_answer(list()));
                if (names.size() == 2) return reply(json_answer(list_of(stream_of(names))));
                reply(json_answer(remove(names, shared->peer.text)));
            } catch (const std::exception& e) {  // C3: a request
                reply(json_answer(statistics_failure(500, e.what())));
            }
        });
    };
    return plan;
}

bool OlderRecords::is_being_recorded(const std::string& stream) const {
    const auto active = parts_.segments.list();
    return std::any_of(active.begin(), active.end(),
                       [&](const auto& one) { return one.stream == stream; });
}

StatisticsAnswer OlderRecords::list() const {
    json::Array all;
    const auto active = parts_.segments.list();
    for (const archive::SegmentTotal& total : parts_.catalogue.segment_totals()) {
        const bool is_recording = std::any_of(active.begin(), active.end(), [&](const auto& one) {
            return one.stream == total.stream;
        });
        all.push_back(json::Object{{"streamPath", total.stream},
                                   {"files", total.files},
                                   {"totalBytes", total.bytes},
                                   {"isRecording", is_recording}});
    }
    return statistics_success(std::move(all), wall_us());
}

StatisticsAnswer OlderRecords::list_of(const std::string& stream) const {
    json::Array files;
    for (const archive::MediaRow& row : parts_.catalogue.newest_segments(stream, kFilesMax)) {
        files.push_back(file_object(row, stream));
    }
    const bool is_recording = is_being_recorded(stream);
    if (files.empty() && !is_recording) return statistics_failure(404, "Record not found");
    json::Object data{{"streamPath", stream}, {"isRecording", is_recording}};
    data.set("files", std::move(files));  // ten thousand are not copied
    return statistics_success(std::move(data), wall_us());
}

StatisticsAnswer OlderRecords::remove(const Names& names, const std::string& by) const {
    const auto removed = SegmentFiles(parts_).remove(stream_of(names), names[2], by);
    if (!removed) return statistics_failure(removed.error().code, removed.error().message);
    return statistics_success(json::Object{{"deleted", names[2]}}, wall_us());
}

}  // namespace st::api
