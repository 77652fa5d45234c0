#include "av/handles.h"

#include <string>

#include "av/error.h"

namespace st::av {

InputPtr open_mp4(const std::string& path) {
    AVFormatContext* raw = nullptr;
    AVDictionary* options = nullptr;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    // "file:" in front: a name with a colon in it is not a protocol.
    const int code =
        avformat_open_input(&raw, ("file:" + path).c_str(), av_find_input_format("mp4"), &options);
    av_dict_free(&options);
    if (code < 0) raise("open " + path, code);
    return InputPtr(raw);
}

AVStream& video_stream(AVFormatContext& input, const std::string& path) {
    for (unsigned i = 0; i < input.nb_streams; ++i) {
        if (input.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) return *input.streams[i];
    }
    throw Error(path + ": no video track");
}

}  // namespace st::av
