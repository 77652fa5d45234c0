/// recordings ID: everything about one.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/joined.h"
#include "base/units.h"
#include "control/json.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/commands.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

using json::Object;
using json::Value;

constexpr double kMega = 1e6;

/// Reads session.json as it is; what is null or not there is not shown.
class Details {
 public:
    Details(const Object& object, Console& console) : object_(object), console_(console) {}

    void print() {
        text("recording", "id");
        text("copy of", "copy_of");
        show("camera", joined({member("camera"), model(), member("peer"), member("path")}, ", "));
        text("take", "take");
        if (count("part") > 1) show("part", std::to_string(count("part")));
        print_state();
        print_start();
        print_pictures();
        print_losses();
        print_clock();
        print_files();
        for (const std::string& warning : texts("warnings")) show("note", warning);
        text("error", "error");
    }

 private:
    void show(const std::string& name, const std::string& value) {
        if (!value.empty()) console_.field(name, value);
    }
    std::string member(const char* key) const { return printable(object_[key].text_or_empty()); }
    std::uint64_t count(const char* key) const { return object_[key].natural().value_or(0); }
    void text(const char* name, const char* key) { show(name, member(key)); }

    /// Empty if there is none.
    static Object inner(const Object& of, const char* key) {
        const Object* found = of[key].object();
        return found != nullptr ? *found : Object();
    }
    std::vector<const Object*> objects(const char* key) const {
        std::vector<const Object*> all;
        if (const json::Array* array = object_[key].array()) {
            for (const Value& value : *array) {
                if (value.object() != nullptr) all.push_back(value.object());
            }
        }
        return all;
    }
    std::vector<std::string> texts(const char* key) const {
        std::vector<std::string> all;
        if (const json::Array* array = object_[key].array()) {
            for (const Value& value : *array) all.push_back(printable(value.text_or_empty()));
        }
        return all;
    }
    static std::string number_of(const Object& of, const char* key, int decimals) {
        const auto value = of[key].real();
        return value ? fixed(*value, decimals) : "";
    }
    static std::string size_of(const Object& of) {
        const auto width = of["width"].natural().value_or(0);
        const auto height = of["height"].natural().value_or(0);
        return width == 0 ? "" : size_text(width, height);
    }

    std::string model() const {
        const Object capabilities = inner(object_, "capabilities");
        for (const char* key : {"deviceModel", "model"}) {
            if (const std::string* found = capabilities[key].text()) return printable(*found);
        }
        return {};
    }

    std::string time(const char* key) const {
        const std::string* given = object_[key].text();
        return given == nullptr ? "" : local_time(*given);
    }

    static std::string by(const std::string& who) { return who.empty() ? "" : " by " + who; }

    void print_state() {
        const bool is_kept = object_["kept"].boolean().value_or(false);
        show("state", member("state") + (is_kept ? ", kept" : ""));
        show("started", time("started_at") + by(member("started_by")));
        const std::string ended = time("ended_at");
        const std::string why = end_words(member("end_reason"), member("stopped_by"));
        if (!ended.empty()) show("ended", ended + (why.empty() ? "" : " (" + why + ")"));
        const Object close = inner(object_, "close");
        if (const auto code = close["code"].natural()) {
            const std::string reason = printable(close["reason"].text_or_empty());
            show("connection closed with",
                 std::to_string(*code) + (reason.empty() ? "" : " " + reason));
        }
    }

    void print_start() {
        const Object start = inner(object_, "start");
        const Object aspect = inner(start, "aspect");
        std::vector<std::string> asked{size_of(inner(start, "resolution"))};
        if (const auto width = aspect["width"].natural()) {
            asked.push_back(std::to_string(*width) + ":" +
                            std::to_string(aspect["height"].natural().value_or(0)));
        }
        if (const auto bps = start["bitrate_bps"].real()) {
            asked.push_back(fixed(*bps / kMega, 2) + " Mbit/s");
        }
        if (const auto fps = start["fps"].natural()) {
            asked.push_back(*fps == 0 ? "no limit to the frame rate"
                                      : "at most " + std::to_string(*fps) + " fps");
        }
        show("asked for", joined(asked, ", "));
    }

    void print_pictures() {
        show("pictures", std::to_string(count("pictures")) + " (" +
                             counted(count("key_frames"), "key frame") + ") in " +
                             counted(count("messages"), "message"));
        show("duration", clock_text(count("duration_ms")));
        show("size", human_bytes(count("bytes")));
        const std::string fps = number_of(object_, "fps", 2);
        std::vector<std::string> rates;
        for (const auto& [name, key] :
             {std::pair{"camera's clock ", "fps_device"}, std::pair{"arrivals ", "fps_arrival"}}) {
            const std::string rate = number_of(object_, key, 2);
            if (!rate.empty()) rates.push_back(name + rate);
        }
        if (!fps.empty())
            show("fps", fps + (rates.empty() ? "" : " (" + joined(rates, ", ") + ")"));
        if (const auto bps = object_["bitrate_bps"].real(); bps && *bps > 0) {
            show("bit rate", fixed(*bps / kMega, 2) + " Mbit/s");
        }
    }

    void print_losses() {
        const std::uint64_t gaps = std::max(count("seq_gap_count"), objects("seq_gaps").size());
        std::uint64_t lost = count("seq_missing");
        if (lost == 0) {
            for (const Object* gap : objects("seq_gaps"))
                lost += (*gap)["missing"].natural().value_or(0);
        }
        show("lost",
             lost == 0 ? "nothing" : counted(lost, "message") + " in " + counted(gaps, "gap"));
        for (const Object* gap : objects("seq_gaps")) {
            show("gap", counted((*gap)["missing"].natural().value_or(0), "message") +
                            " after number " +
                            std::to_string((*gap)["after"].natural().value_or(0)));
        }
        more("gap", gaps, objects("seq_gaps").size());
        const Object dropped = inner(object_, "dropped");
        const auto number = [&](const char* key) { return dropped[key].natural().value_or(0); };
        const std::uint64_t unknown = number("unknown_form");
        const std::uint64_t undecodable = number("lost_pictures");
        const std::uint64_t all = number("undecodable");
        const std::uint64_t early = all - std::min(all, unknown + undecodable);
        std::vector<std::string> left_out;
        for (const auto& [n, what] : {std::pair{number("before_start"), " before the start"},
                                      std::pair{number("bad"), " malformed"},
                                      std::pair{early, " before the first key frame"},
                                      std::pair{unknown, " in no known form"},
                                      std::pair{undecodable, " that nothing decodes"}}) {
            if (n > 0) left_out.push_back(std::to_string(n) + what);
        }
        show("messages left out", joined(left_out, ", "));
        for (const Object* damage : objects("damage")) {
            show("damage", printable((*damage)["file"].text_or_empty()) + " at byte " +
                               std::to_string((*damage)["offset"].natural().value_or(0)) + ", " +
                               counted((*damage)["bytes"].natural().value_or(0), "byte") + ": " +
                               printable((*damage)["what"].text_or_empty()));
        }
        more("damage", count("damage_count"), objects("damage").size());
    }

    /// The lists of session.json have an end.
    void more(const char* name, std::uint64_t all, std::size_t listed) {
        if (all > listed) show(name, "and " + std::to_string(all - listed) + " more");
    }

    static std::string unit_of(const Object& clock) {
        const std::string unit = unit_text(clock["unit"].text_or_empty());
        return unit.empty() ? "" : "in " + unit;
    }
    /// How it was learnt how far off the server's clock it is.
    static std::string method_of(const Object& clock) {
        const std::string method = printable(clock["method"].text_or_empty());
        const auto exchanges = clock["exchanges"].natural().value_or(0);
        if (method == "exchange") return "known by " + counted(exchanges, "exchange");
        if (method == "arrival") return "known by arrivals alone";
        return method == "none" ? "its offset is not known" : method;
    }

    void print_clock() {
        text("timing", "timing");
        const Object clock = inner(object_, "clock");
        show("clock", joined({unit_of(clock), method_of(clock)}, ", "));
        const std::string offset = number_of(clock, "offset_us", 0);
        if (!offset.empty()) show("clock offset", offset + " us to the server's wall clock");
        const std::string drift = number_of(clock, "drift_ppm", 1);
        if (!drift.empty()) show("clock drift", drift + " ppm");
        const std::string bound = number_of(clock, "bound_us", 0);
        if (!bound.empty()) show("clock accuracy", "±" + bound + " us");
        const std::string rtt = number_of(clock, "rtt_us", 0);
        if (!rtt.empty()) show("shortest round trip", rtt + " us");
        const std::string ping = number_of(clock, "ping_us", 0);
        if (!ping.empty()) show("shortest ping", ping + " us");
        if (const auto repairs = clock["repairs"].natural().value_or(0); repairs > 0) {
            show("repaired times", std::to_string(repairs));
        }
    }

    void print_files() {
        text("folder", "directory");
        for (const Object* file : objects("files")) {
            std::vector<std::string> facts{printable((*file)["name"].text_or_empty()),
                                           human_bytes((*file)["bytes"].natural().value_or(0))};
            if (const auto ms = (*file)["duration_ms"].natural().value_or(0); ms > 0) {
                facts.push_back(clock_text(ms));
                facts.push_back(counted((*file)["pictures"].natural().value_or(0), "picture"));
                facts.push_back(size_of(*file));
            }
            show("file", joined(facts, ", "));
        }
    }

    const Object& object_;
    Console& console_;
};

}  // namespace

int run_recording(const std::string& id, ApiClient& client, Console& console) {
    const std::string body = client.ask("recordings.get", json::Object{{"id", id}});
    if (console.json()) {
        console.body(body);
        return cli::kDone;
    }
    const auto object = understood(control::parse_object(body, control::kReply));
    Details(object, console).print();
    return cli::kDone;
}

}  // namespace st::streamctl
