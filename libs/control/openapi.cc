/// The OpenAPI document: paths from the table of operations, shapes written out here once.
#include "control/json.h"
#include "control/operations.h"
#include "json/read.h"
#include "json/write.h"

namespace st::control {
namespace {

using json::Object;

/// Components of the document. "nullable" in OpenAPI 3.1's way: a list of types.
constexpr std::string_view kSchemas = R"json({
"Error":{"type":"object","required":["error"],"properties":{"error":{"type":"object","required":["code","message","field"],"properties":{"code":{"type":"string","enum":["bad_request","unauthorized","forbidden","not_found","method_not_allowed","conflict","no_cameras","too_large","unsupported_media_type","too_many_requests","internal","unavailable"]},"message":{"type":"string"},"field":{"type":["string","null"]}}}}},
"Size":{"type":"object","required":["width","height"],"additionalProperties":false,"properties":{"width":{"type":"integer","minimum":1},"height":{"type":"integer","minimum":1}}},
"StartReply":{"type":"object","required":["ok","results"],"properties":{"ok":{"type":"boolean"},"results":{"type":"array","items":{"type":"object","required":["camera","outcome","session","error"],"properties":{"camera":{"type":"string"},"outcome":{"type":"string","enum":["started","already_recording","refused","timeout","disconnected","sent"]},"session":{"type":["string","null"]},"error":{"type":["string","null"]}}}}}},
"Config":{"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":{"type":"object","required":["key","value","source"],"properties":{"key":{"type":"string"},"value":{},"source":{"type":"string"}}}},"next":{"type":"null"}}},
"ReloadReply":{"type":"object","required":["ok","changed","needs_restart"],"properties":{"ok":{"const":true},"changed":{"type":"array","items":{"type":"string"}},"needs_restart":{"type":"array","items":{"type":"string"}}}},
"StopReply":{"type":"object","required":["ok","results"],"properties":{"ok":{"type":"boolean"},"results":{"type":"array","items":{"type":"object","required":["camera","outcome","session","state","files"],"properties":{"camera":{"type":"string"},"outcome":{"type":"string","enum":["stopped","not_recording","timeout","failed","sent"]},"session":{"type":["string","null"]},"state":{"type":["string","null"],"enum":["recording","finalising","done","failed",null]},"files":{"type":"array","items":{"type":"object","required":["path","url","bytes","duration_ms","pictures"],"properties":{"path":{"type":"string"},"url":{"type":"string"},"bytes":{"type":"integer"},"duration_ms":{"type":"integer"},"pictures":{"type":"integer"}}}},"error":{"type":"string"},"seq_missing":{"type":"integer"},"damage_count":{"type":"integer"},"warnings":{"type":"array","items":{"type":"string"}}}}}}},
"Camera":{"type":"object","required":["name","peer","path","model","state","session","width","height","fps_1s","bitrate_1s","frames","bytes","bad","connected_at","last_seen"],"properties":{"name":{"type":"string"},"peer":{"type":"string"},"path":{"type":"string"},"model":{"type":["string","null"]},"state":{"type":"string","enum":["idle","starting","recording","stopping","finalising","gone"]},"session":{"type":["string","null"]},"width":{"type":["integer","null"]},"height":{"type":["integer","null"]},"fps_1s":{"type":"number"},"bitrate_1s":{"type":"integer"},"frames":{"type":"integer"},"bytes":{"type":"integer"},"bad":{"type":"integer"},"connected_at":{"type":"string","format":"date-time"},"last_seen":{"type":"string","format":"date-time"}}},
"CameraList":{"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Camera"}},"next":{"type":["string","null"]}}},
"Recording":{"type":"object","required":["directory","version","id","camera","peer","path","take","state","started_at","files","damage","error"],"properties":{"directory":{"type":"string"},"version":{"type":"integer"},"id":{"type":"string"},"camera":{"type":"string"},"peer":{"type":"string"},"path":{"type":"string"},"take":{"type":["string","null"]},"state":{"type":"string","enum":["recording","finalising","done","failed"]},"started_at":{"type":"string","format":"date-time"},"ended_at":{"type":["string","null"]},"pictures":{"type":"integer"},"bytes":{"type":"integer"},"duration_ms":{"type":"integer"},"files":{"type":"array","items":{"type":"object","required":["name","kind","bytes"],"properties":{"name":{"type":"string"},"kind":{"type":"string","enum":["mp4","dump","thumbnail","h264"]},"bytes":{"type":"integer"}}}},"damage":{"type":"array","items":{"type":"object"}},"error":{"type":["string","null"]}}},
"RecordingList":{"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Recording"}},"next":{"type":["string","null"]}}},
"EventList":{"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":{"type":"object","required":["id","time","type"],"properties":{"id":{"type":"integer"},"time":{"type":"string","format":"date-time"},"type":{"type":"string"}}}},"next":{"type":["string","null"]}}},
"Done":{"type":"object","required":["ok"],"properties":{"ok":{"type":"boolean"},"camera":{"type":"string"},"recording":{"type":"string"},"source":{"type":"string"},"stream":{"type":"string"},"viewer":{"type":"integer"}}},
"Stream":{"type":"object","required":["path","state","protocol","peer","since","video","audio","fps_1s","fps_10s","bitrate_1s","bitrate_10s","key_interval_ms","packets","bytes","clock_jumps","viewers","dropped","queue_bytes_max","gop_packets","gop_bytes"],"properties":{"path":{"type":"string"},"state":{"type":"string","enum":["live","waiting"]},"protocol":{"type":"string"},"peer":{"type":"string"},"since":{"type":["string","null"],"format":"date-time"},"video":{"type":["object","null"],"required":["codec","width","height"],"properties":{"codec":{"type":"string"},"width":{"type":["integer","null"]},"height":{"type":["integer","null"]}}},"audio":{"type":["object","null"],"required":["codec","sample_rate","channels"],"properties":{"codec":{"type":"string"},"sample_rate":{"type":["integer","null"]},"channels":{"type":["integer","null"]}}},"fps_1s":{"type":"number"},"fps_10s":{"type":"number"},"bitrate_1s":{"type":"integer"},"bitrate_10s":{"type":"integer"},"key_interval_ms":{"type":"integer"},"packets":{"type":"integer"},"bytes":{"type":"integer"},"clock_jumps":{"type":"integer"},"viewers":{"type":"integer"},"dropped":{"type":"integer"},"queue_bytes_max":{"type":"integer"},"gop_packets":{"type":"integer"},"gop_bytes":{"type":"integer"}}},
"StreamList":{"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Stream"}},"next":{"type":"null"}}},
"Viewer":{"type":"object","required":["id","stream","protocol","peer","since","bytes","packets","dropped","cuts","queue_bytes","queue_bytes_max"],"properties":{"id":{"type":"integer"},"stream":{"type":"string"},"protocol":{"type":"string"},"peer":{"type":"string"},"since":{"type":"string","format":"date-time"},"bytes":{"type":"integer"},"packets":{"type":"integer"},"dropped":{"type":"integer"},"cuts":{"type":"integer"},"queue_bytes":{"type":"integer"},"queue_bytes_max":{"type":"integer"}}},
"ViewerList":{"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Viewer"}},"next":{"type":"null"}}},
"Snapshot":{"type":"object","required":["stream","content_type","data"],"properties":{"stream":{"type":"string"},"content_type":{"const":"image/jpeg"},"data":{"type":"string","contentEncoding":"base64"}}},
"Source":{"type":"object","required":["path","input","state","pid","viewers","restarts","crashes","last_error","uptime_ms"],"properties":{"path":{"type":"string"},"input":{"type":"string"},"state":{"type":"string","enum":["idle","starting","running","stopping","backing_off","failed"]},"pid":{"type":["integer","null"]},"viewers":{"type":"integer"},"restarts":{"type":"integer"},"crashes":{"type":"integer"},"last_error":{"type":["string","null"]},"uptime_ms":{"type":["integer","null"]}}},
"SourceList":{"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Source"}},"next":{"type":"null"}}},
"Status":{"type":"object","required":["version","started_at","uptime_ms","connections","cameras","frames","bytes","bad","recordings","urls","loops"],"properties":{"version":{"type":"string"},"started_at":{"type":"string","format":"date-time"},"uptime_ms":{"type":"integer"},"connections":{"type":"integer"},"cameras":{"type":"object","required":["connected","recording","finalising"]},"frames":{"type":"integer"},"bytes":{"type":"integer"},"bad":{"type":"integer"},"recordings":{"type":"object","required":["path","disk_free_bytes","disk_total_bytes"]},"urls":{"type":"array","items":{"type":"string"}},"loops":{"type":"array","items":{"type":"object","required":["connections","busy_max_us"]}}}}
})json";

Object reference(std::string_view name) {
    Object object;
    object.set("$ref", "#/components/schemas/" + std::string(name));
    return object;
}

Object type_of(const Parameter& parameter) {
    Object schema;
    switch (parameter.type) {
        case ParameterType::text:
            schema.set("type", "string");
            break;
        case ParameterType::boolean:
            schema.set("type", "boolean");
            break;
        case ParameterType::size:
            return reference("Size");
        case ParameterType::time:
            schema.set("type", "string");
            schema.set("format", "date-time");
            break;
        case ParameterType::texts: {
            Object item;
            item.set("type", "string");
            schema.set("type", "array");
            schema.set("items", item);
            schema.set("minItems", 1);
            break;
        }
        case ParameterType::integer:
            schema.set("type", "integer");
            schema.set("minimum", parameter.min);
            if (parameter.max > 0) schema.set("maximum", parameter.max);
            break;
        case ParameterType::state: {
            json::Array states;
            for (const char* state : {"recording", "finalising", "done", "failed"})
                states.push_back(state);
            schema.set("type", "string");
            schema.set("enum", states);
            break;
        }
    }
    return schema;
}

Object json_content(const Object& schema) {
    Object media;
    media.set("schema", schema);
    Object content;
    content.set("application/json", media);
    return content;
}

/// Over HTTP a picture is the body itself; JSON-RPC has it as text.
Object picture_content() {
    Object content;
    content.set("image/jpeg", json::Object());
    return content;
}

Object responses(const OperationInfo& info) {
    Object good;
    good.set("description", "The result.");
    good.set("content", info.operation == Operation::streams_snapshot
                            ? picture_content()
                            : json_content(reference(info.reply)));
    Object bad;
    bad.set("description", "Why not.");
    bad.set("content", json_content(reference("Error")));
    Object all;
    all.set("200", good);
    all.set("default", bad);
    return all;
}

Object describe(const OperationInfo& info) {
    Object operation;
    operation.set("operationId", std::string(info.rpc));
    operation.set("summary", std::string(info.summary));
    json::Array parameters;
    Object properties;
    for (const Parameter& parameter : info.parameters) {
        Object schema = type_of(parameter);
        if (parameter.place == Place::body) {
            properties.set(std::string(parameter.name), schema);
            continue;
        }
        Object described;
        described.set("name", std::string(parameter.name));
        described.set("in", parameter.place == Place::path ? "path" : "query");
        described.set("required", parameter.required);
        described.set("description", std::string(parameter.help));
        described.set("schema", schema);
        parameters.push_back(described);
    }
    if (parameters.size() > 0) operation.set("parameters", parameters);
    if (properties.size() > 0) {
        Object body;
        body.set("type", "object");
        body.set("additionalProperties", false);
        body.set("properties", properties);
        Object request;
        request.set("required", false);
        request.set("content", json_content(body));
        operation.set("requestBody", request);
    }
    operation.set("responses", responses(info));
    return operation;
}

}  // namespace

std::string openapi_document(std::string_view version) {
    Object paths;
    for (const OperationInfo& info : operations()) {
        const std::string path = "/api/v1/" + std::string(info.path);
        const Object* const known = paths[path].object();
        Object item = known != nullptr ? *known : Object();
        std::string method(info.method);
        for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
        item.set(method, describe(info));
        paths.set(path, item);
    }
    Object about;
    about.set("title", "streamd");
    about.set("version", std::string(version));
    about.set("description",
              "Cameras in, recordings out. See http-api.md for what the fields mean.");
    Object components;
    components.set("schemas", *json::read(kSchemas));
    Object document;
    document.set("openapi", "3.1.0");
    document.set("info", about);
    document.set("paths", paths);
    document.set("components", components);
    return json::write_indented(document) + "\n";
}

}  // namespace st::control
