#include "av/handles.h"

#include <array>
#include <fstream>
#include <string>
#include <string_view>

#include "av/error.h"

namespace st::av {

namespace {

InputPtr open_as(const char* format, const std::string& path) {
    AVFormatContext* raw = nullptr;
    AVDictionary* options = nullptr;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    // "file:" in front: a name with a colon in it is not a protocol.
    const int code =
        avformat_open_input(&raw, ("file:" + path).c_str(), av_find_input_format(format), &options);
    av_dict_free(&options);
    if (code < 0) raise("open " + path, code);
    return InputPtr(raw);
}

bool begins_like_flv(const std::string& path) {
    std::array<char, 3> begin{};
    std::ifstream(path, std::ios::binary).read(begin.data(), begin.size());
    return std::string_view(begin.data(), begin.size()) == "FLV";
}

}  // namespace

InputPtr open_mp4(const std::string& path) { return open_as("mp4", path); }

InputPtr open_pictures(const std::string& path) {
    return open_as(begins_like_flv(path) ? "flv" : "mp4", path);
}

AVStream& video_stream(AVFormatContext& input, const std::string& path) {
    for (unsigned i = 0; i < input.nb_streams; ++i) {
        if (input.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) return *input.streams[i];
    }
    throw Error(path + ": no video track");
}

}  // namespace st::av
