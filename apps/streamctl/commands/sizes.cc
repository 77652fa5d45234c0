#include "streamctl/commands/sizes.h"

#include <cmath>

#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

std::string size_text(const control::Size& size) {
    return streamctl::size_text(size.width, size.height);
}

std::string aspect_text(const control::Size& ratio) {
    return std::to_string(ratio.width) + ":" + std::to_string(ratio.height);
}

}  // namespace

std::string asked_for(const control::StartParameters& parameters) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (parameters.resolution) add(size_text(*parameters.resolution));
    if (parameters.aspect) add(aspect_text(*parameters.aspect));
    if (parameters.bitrate_bps) add(std::to_string(*parameters.bitrate_bps / 1000) + " kbit/s");
    if (parameters.fps) {
        add(*parameters.fps == 0 ? "no limit to the pictures per second"
                                 : std::to_string(*parameters.fps) + " pictures/s");
    }
    return text;
}

std::optional<std::string> size_trouble(const control::StartParameters& parameters,
                                        const control::Size& delivered) {
    // Encoders round to blocks of 16: 640x352 is as near to 16:9 as they come.
    constexpr double kRounding = 0.03;
    const std::string delivers = "delivers " + size_text(delivered) + ", not ";
    if (const auto& wanted = parameters.resolution) {
        if (delivered == *wanted) return std::nullopt;
        return delivers + size_text(*wanted);
    }
    if (!parameters.aspect) return std::nullopt;
    const auto ratio = [](const control::Size& of) {
        return static_cast<double>(of.width) / static_cast<double>(of.height);
    };
    const double wanted = ratio(*parameters.aspect);
    if (std::abs(ratio(delivered) - wanted) <= kRounding * wanted) return std::nullopt;
    return delivers + aspect_text(*parameters.aspect);
}

bool SizeWatch::look(const control::CameraStatus& camera) {
    if (!camera.width || !camera.height) return false;
    const control::Size size{*camera.width, *camera.height};
    if (!said_.insert(camera.name).second) return true;
    if (const auto trouble = size_trouble(parameters_, size))
        console_.trouble(camera.name + ": " + *trouble);
    else if (says_all_)
        console_.note(camera.name + ": delivers " + size_text(size));
    return true;
}

}  // namespace st::streamctl
