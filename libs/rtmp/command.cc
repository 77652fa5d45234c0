#include "rtmp/command.h"

#include <utility>

#include "base/text.h"

namespace st::rtmp {

std::string Command::text(std::size_t index) const {
    if (index >= arguments.size() || arguments[index].string() == nullptr) return {};
    return *arguments[index].string();
}

double Command::number(std::size_t index, double otherwise) const {
    if (index >= arguments.size() || arguments[index].number() == nullptr) return otherwise;
    return *arguments[index].number();
}

bool Command::boolean(std::size_t index, bool otherwise) const {
    if (index >= arguments.size()) return otherwise;
    if (const bool* value = arguments[index].boolean()) return *value;
    if (const double* value = arguments[index].number()) return *value != 0;
    return otherwise;
}

std::string Command::member(std::string_view key) const {
    const flv::AmfObject* members = object.object();
    const flv::AmfValue* value = members == nullptr ? nullptr : members->find(key);
    return value == nullptr || value->string() == nullptr ? std::string() : *value->string();
}

Result<Command> decode_command(MessageType type, Bytes body) {
    if (type == MessageType::amf3_command && !body.empty() && body[0] == 0) body = body.subspan(1);
    flv::Amf0Reader reader(body, kCommandLimits);
    Result<flv::AmfValue> value = reader.next();
    if (!value) return Error{"rtmp: command: " + value.error().message};
    if (value->string() == nullptr) return Error{"rtmp: a command does not begin with its name"};
    Command command;
    command.name = *value->string();
    for (std::size_t i = 0; !reader.at_end(); ++i) {
        value = reader.next();
        if (!value && i >= 2) break;  // arguments that nobody needs are skipped, not fatal
        if (!value) return Error{"rtmp: " + shown(command.name) + ": " + value.error().message};
        if (i == 0) {
            if (value->number() != nullptr) command.transaction = *value->number();
        } else if (i == 1) {
            command.object = *std::move(value);
        } else {
            command.arguments.push_back(*std::move(value));
        }
    }
    return command;
}

}  // namespace st::rtmp
