#include "control/judgement.h"

#include "control/fields.h"

namespace st::control {

std::string encode(const Judgement& judgement) {
    json::Object object;
    object.set("verdict", judgement.verdict);
    object.set("about", judgement.about);
    object.set("why", to_array(judgement.why));
    client_field(object, judgement.client);
    return json::write(object);
}

Decoded<Judgement> decode_judgement(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    Judgement out;
    reader.require("verdict");
    reader.require("about");
    reader.read("verdict", out.verdict);
    reader.read("about", out.about);
    reader.read("why", out.why, kReasonsMax);
    client_field(reader, out.client);
    if (out.verdict != "ok" && out.verdict != "check" && out.verdict != "failed")
        reader.fail("verdict", "is not ok, check or failed");
    out.about = clean_text(out.about, kClientBytesMax);
    if (out.about.empty()) reader.fail("about", "is empty");
    for (std::string& sentence : out.why) sentence = clean_text(sentence, kReasonBytesMax);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return out;
}

}  // namespace st::control
