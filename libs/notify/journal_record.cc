#include "notify/journal_record.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "json/read.h"
#include "json/write.h"

namespace st::notify {
namespace {

json::Object members(const JournalHead& head) {
    json::Object line;
    line.set("journal", 1);
    line.set("salt", head.salt);
    line.set("next", head.next);
    return line;
}

json::Object members(const Added& added) {
    json::Object line;
    line.set("add", added.number);
    if (!added.id.empty()) line.set("id", added.id);
    line.set("at_us", added.at_us);
    line.set("type", added.type);
    line.set("body", added.body);
    return line;
}

json::Object members(const Tried& tried) {
    json::Object line;
    line.set("tried", tried.number);
    line.set("attempts", tried.attempts);
    line.set("next_us", tried.next_us);
    line.set("why", tried.why);
    return line;
}

json::Object members(const Finished& finished) {
    json::Object line;
    line.set("done", finished.number);
    return line;
}

json::Object members(const Failed& failed) {
    json::Object line;
    line.set("failed", failed.number);
    line.set("attempts", failed.attempts);
    line.set("why", failed.why);
    return line;
}

std::uint32_t attempts_in(const json::Object& line) {
    const auto attempts = line["attempts"].natural().value_or(0);
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(attempts, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

std::string encode(const JournalRecord& record) {
    return json::write(std::visit([](const auto& it) { return members(it); }, record)) + "\n";
}

Result<JournalRecord> decode_journal_record(std::string_view line) {
    const auto value = json::read(line, {kJournalLineMax, 4});
    if (!value) return Error{value.error().message};
    const json::Object* object = value->object();
    if (object == nullptr) return Error{"expected an object"};
    if (const auto number = (*object)["add"].natural()) {
        const auto at_us = (*object)["at_us"].integer();
        const std::string* body = (*object)["body"].text();
        if (!at_us || body == nullptr) return Error{"add: expected at_us and body"};
        return JournalRecord(Added{*number, (*object)["id"].text_or_empty(), *at_us,
                                   (*object)["type"].text_or_empty(), *body});
    }
    if (const auto number = (*object)["tried"].natural()) {
        return JournalRecord(Tried{*number, attempts_in(*object),
                                   (*object)["next_us"].integer().value_or(0),
                                   (*object)["why"].text_or_empty()});
    }
    if (const auto number = (*object)["done"].natural()) return JournalRecord(Finished{*number});
    if (const auto number = (*object)["failed"].natural()) {
        return JournalRecord(
            Failed{*number, attempts_in(*object), (*object)["why"].text_or_empty()});
    }
    if ((*object)["journal"].natural() == 1U) {
        return JournalRecord(JournalHead{(*object)["salt"].text_or_empty(),
                                         (*object)["next"].natural().value_or(1)});
    }
    return Error{"not a line of a journal"};
}

}  // namespace st::notify
