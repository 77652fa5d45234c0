#pragma once
/// Option values with units, on top of base/units.h: each stores its value, and a text that does
/// not parse is a usage error that says why. The default shown is the target's value at
/// declaration.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace st::cli {

/// Two positive numbers: "1280x720", "16:9".
struct Pair {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
};
/// "1280x720": both 16 .. 16384; or a word such as "720p".
Result<Pair> parse_resolution(std::string_view text);
/// "16:9": both 1 .. 16384.
Result<Pair> parse_aspect(std::string_view text);
/// 0 (unlimited) .. 1000.
Result<std::uint32_t> parse_fps(std::string_view text);
/// 0.001 .. 1000 pictures a second, with a fraction.
Result<double> parse_frame_rate(std::string_view text);
/// At most 1 Gbit/s; otherwise as base/units.h's parse_bitrate.
Result<std::uint64_t> parse_camera_bitrate(std::string_view text);

/// An option whose text goes through `parse`. `value_name` stands for the value in help and manual;
/// "a|b|c" means one of these words, FILE and DIR are completed as such.
template <class T, class Target>
CLI::Option* add_value(CLI::App& app, const std::string& name, Target& target,
                       std::function<Result<T>(std::string_view)> parse, const std::string& help,
                       const std::string& value_name) {
    const std::string shown = name.substr(name.rfind(',') + 1);
    return app
        .add_option_function<std::string>(
            name,
            [&target, parse = std::move(parse), shown](const std::string& text) {
                auto value = parse(text);
                if (!value) throw CLI::ValidationError(shown, value.error().message);
                target = std::move(*value);
            },
            help)
        ->type_name(value_name);
}

struct DurationRange {
    std::chrono::milliseconds least{0};
    std::chrono::milliseconds most = std::chrono::milliseconds::max();
};
/// "10s", "500ms", a bare number is seconds. Value name: D.
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help, DurationRange range = {});
CLI::Option* add_duration(CLI::App& app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& target, const std::string& help,
                          DurationRange range = {});
/// A whole number in a range. Value name: N.
CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint32_t& target,
                        std::uint32_t min, std::uint32_t max, const std::string& help);
/// Any text. The value name also says how it is completed (FILE, DIR).
CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& target,
                      const std::string& help, const std::string& value_name);

/// One of a few words, each standing for a value. The default shown is the target's word.
template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& name, T& target,
                        std::vector<std::pair<std::string, T>> choices, const std::string& help) {
    std::string words;
    std::string fallback;
    for (const auto& [word, value] : choices) {
        words += (words.empty() ? "" : "|") + word;
        if (value == target) fallback = word;
    }
    const auto parse = [choices = std::move(choices), words](std::string_view text) -> Result<T> {
        for (const auto& [word, value] : choices) {
            if (word == text) return value;
        }
        return Error{"\"" + std::string(text) + "\" is not one of " + words};
    };
    return add_value<T>(app, name, target, parse, help, words)->default_str(fallback);
}
/// One of a few words, which is stored as it is.
CLI::Option* add_word(CLI::App& app, const std::string& name, std::string& target,
                      const std::vector<std::string>& words, const std::string& help);

}  // namespace st::cli
