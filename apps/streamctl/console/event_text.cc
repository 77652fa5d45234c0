#include "streamctl/console/event_text.h"

#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "base/units.h"
#include "base/when.h"
#include "control/json.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/sentences.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

/// The fields of one event, made printable.
class Fields {
 public:
    explicit Fields(const json::Object& object) : object_(object) {}

    std::string text(std::string_view key) const { return printable(object_[key].text_or_empty()); }
    std::uint64_t number(std::string_view key) const { return object_[key].natural().value_or(0); }
    /// `before` and the text, or nothing if there is none.
    std::string with(const std::string& before, std::string_view key) const {
        const std::string value = text(key);
        return value.empty() ? "" : before + value;
    }

 private:
    const json::Object& object_;
};

bool is_of_camera(const std::string& stream) { return stream.starts_with("/camera/"); }

/// ": stopped by kim@desk"
std::string end_of(const Fields& event) {
    const std::string words = end_words(event.text("end_reason"), event.text("stopped_by"));
    return words.empty() ? "" : ": " + words;
}

std::string recording_text(const std::string& type, const Fields& event) {
    const std::string camera = event.text("camera");
    const std::string id = event.text("session");
    if (type == "session.opened") {
        return camera + ": recording " + id + event.with(", take ", "take") +
               event.with(", started by ", "started_by");
    }
    if (type == "session.finished") {
        return camera + ": " + id + " " + event.text("state") + ", " +
               counted(event.number("pictures"), "picture") + end_of(event) +
               event.with("; ", "error");
    }
    return camera + ": " + (id.empty() ? "recording" : id) + " failed" + event.with(": ", "error");
}

std::string deletion_text(const Fields& event) {
    const std::string what = event.text("session").empty()
                                 ? event.text("stream") + ": " + event.text("file")
                                 : event.text("session");
    const std::string reason = event.text("reason");
    std::string why = event.with(", ", "reason");
    if (reason == "asked") why = event.with(" by ", "deleted_by");
    if (reason == "age") why = ", too old";
    if (reason == "bytes") why = ", as more is stored than recording.max_bytes";
    if (reason == "free") why = ", the disk is nearly full";
    return what + ": deleted" + why;
}

std::string take_text(const Fields& event) {
    return "take " + event.text("take") + ": " + event.text("verdict") + ", " +
           counted(event.number("recordings"), "recording") + event.with("; ", "why");
}

std::string camera_text(const std::string& type, const Fields& event) {
    const std::string camera = event.text("camera");
    if (type == "camera.connected") return camera + ": connected" + event.with(" from ", "peer");
    if (type == "camera.disconnected") {
        if (const std::string by = event.text("by"); !by.empty()) {
            return camera + ": disconnected by " + by;
        }
        const std::uint64_t awaited_ms = event.number("awaited_ms");
        return camera + ": disconnected" + event.with(" (", "reason") +
               (event.text("reason").empty() ? "" : ")") +
               (awaited_ms == 0 ? ""
                                : "; its recording waits for it, up to " +
                                      format_duration(std::chrono::milliseconds(awaited_ms)));
    }
    if (type == "camera.resumed") {
        return camera + ": goes on with " + event.text("session") + " after " +
               fixed(static_cast<double>(event.number("away_ms")) / 1000, 1) + " s";
    }
    if (type == "camera.renamed") {
        return event.text("was") + ": is called " + camera + " from now on" +
               event.with(", renamed by ", "by");
    }
    if (type == "camera.previewing") {
        return camera + ": is streaming without being recorded" + event.with(", asked by ", "by");
    }
    if (type == "camera.clock") {
        return camera + ": its clock has jumped; it is known to ±" +
               fixed(static_cast<double>(event.number("bound_us")) / 1000, 1) + " ms";
    }
    if (type == "camera.stalled") {
        return camera + ": waits for the disk, " + human_bytes(event.number("queued_bytes")) +
               " behind";
    }
    if (type == "camera.bad_payload") {
        return camera + ": " + counted(event.number("undecodable"), "message") +
               " in no known form of H.264";
    }
    if (type == "camera.given_up") {
        return camera + ": could not be started again, tried " +
               counted(event.number("tries"), "time") + event.with(", in take ", "take");
    }
    if (type == "camera.text") return camera + " says: " + event.text("text");
    return {};
}

std::string stream_text(const std::string& type, const Fields& event) {
    const std::string stream = event.text("stream");
    const std::string peer = event.with(" by ", "peer") + event.with(", ", "protocol");
    if (type == "stream.published") return stream + ": published" + peer;
    if (type == "stream.ended") return stream + ": ended" + event.with(": ", "reason");
    if (type == "record.started") return stream + ": is being recorded" + event.with(", by ", "by");
    if (type == "record.segment") {
        return stream + ": " + event.text("file") + ", " +
               counted(event.number("pictures"), "picture") + event.with(" (", "reason") + ")";
    }
    if (type == "record.stopped") {
        return stream + ": no longer recorded" + event.with(": ", "reason") +
               event.with(", ", "error");
    }
    if (type == "record.slow") {
        return stream + ": the disk is too slow to record it, " +
               human_bytes(event.number("waiting_bytes")) + " behind";
    }
    const std::string viewer =
        stream + ": viewer " + std::to_string(event.number("viewer")) + event.with(" at ", "peer");
    if (type == "viewer.joined") return viewer + " joined";
    if (type == "viewer.left") {
        const bool is_plain = event.text("reason") == "viewer left";
        return viewer + " left" + (is_plain ? "" : event.with(": ", "reason"));
    }
    if (type == "viewer.slow") {
        return viewer + " is too slow, " + counted(event.number("dropped"), "packet") + " dropped";
    }
    return {};
}

/// What another event says as well.
bool is_told_otherwise(const std::string& type, const Fields& event) {
    if (type == "camera.ready" || type == "camera.started" || type == "camera.stopped") return true;
    if (type == "camera.clock" && event.number("jumps") == 0) return true;  // it is as ever
    if (type == "server.disk") return !event.text("session").empty();
    return (type == "stream.published" || type == "stream.ended") &&
           is_of_camera(event.text("stream"));
}

std::string sentence(const std::string& type, const Fields& event) {
    std::string text;
    if (type.starts_with("session.")) text = recording_text(type, event);
    if (type.starts_with("camera.")) text = camera_text(type, event);
    if (type.starts_with("stream.") || type.starts_with("viewer.") || type.starts_with("record."))
        text = stream_text(type, event);
    if (type == "take.finished") text = take_text(event);
    if (type == "server.disk" || type == "server.clock") text = event.text("warning");
    if (type == "recording.deleted") text = deletion_text(event);
    if (type == "recording.kept" || type == "recording.released") {
        text = event.text("session") + ": " + type.substr(type.find('.') + 1) +
               event.with(" by ", "by");
    }
    if (type == "source.restarted") {
        text = event.text("stream") + ": the source was restarted" + event.with(" by ", "by");
    }
    if (type == "take.judged") {
        text = "take " + event.text("take") + ": judged " + event.text("verdict") +
               event.with(" by ", "by");
    }
    if (type == "token.created") {
        text = "token " + event.text("token") + ": created for " + event.text("roles") +
               event.with(" by ", "by");
    }
    if (type == "token.revoked")
        text = "token " + event.text("token") + ": revoked" + event.with(" by ", "by");
    if (type == "url.signed") {
        text = event.text("url") + ": signed for " + event.text("role") +
               event.with(" until ", "until") + event.with(" by ", "by");
    }
    if (type == "login.linked") text = "a link to log in was made" + event.with(" by ", "by");
    if (type == "hook.replayed")
        text = "message " + event.text("hook") + ": to be sent again" +
               event.with(", asked by ", "by");
    if (type == "server.reloaded") {
        text = "the server has read its configuration again" + event.with(", asked by ", "by") +
               event.with("; changed: ", "changed") +
               event.with("; needs a restart: ", "needs_restart");
    }
    if (!text.empty()) return text;
    // Of a newer server: its own word, and whatever says what it is about.
    return printable(type) + event.with(" ", "stream") + event.with(" ", "camera") +
           event.with(" ", "session") + event.with(": ", "reason") + event.with(": ", "error");
}

}  // namespace

std::string event_text(const control::RpcEvent& event) {
    const auto object = control::parse_object(event.json, control::kReply);
    if (!object) return {};
    const Fields fields(*object);
    if (is_told_otherwise(event.type, fields)) return {};
    const auto at = parse_rfc3339(event.time);
    return (at ? local_clock(*at) : printable(event.time)) + " " + sentence(event.type, fields);
}

}  // namespace st::streamctl
