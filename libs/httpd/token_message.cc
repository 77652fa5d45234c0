#include "httpd/token_message.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

namespace st::httpd {

std::optional<std::string> read_token_message(const std::string& text) {
    if (text.size() > kTokenMessageBytesMax) return std::nullopt;
    try {
        Poco::JSON::Parser parser;
        const auto value = parser.parse(text);
        const auto object = value.extract<Poco::JSON::Object::Ptr>();
        const auto token = object->get("token");
        if (!token.isString()) return std::nullopt;
        return token.extract<std::string>();
    } catch (const Poco::Exception&) {
        return std::nullopt;
    }
}

}  // namespace st::httpd
