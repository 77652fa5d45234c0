#include "cli/values.h"

#include <array>
#include <charconv>

#include "base/units.h"

namespace st::cli {
namespace {

Result<Pair> parse_pair(std::string_view text, char separator, std::uint32_t min,
                        std::uint32_t max) {
    const auto wrong = [&](const std::string& why) {
        return Error{"\"" + std::string(text) + "\": " + why};
    };
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) {
        return wrong(separator == 'x' ? "expected WIDTHxHEIGHT, e.g. 1280x720"
                                      : "expected WIDTH:HEIGHT, e.g. 16:9");
    }
    Pair pair;
    for (const auto& [part, out] : {std::pair{text.substr(0, at), &pair.first},
                                    std::pair{text.substr(at + 1), &pair.second}}) {
        const auto number = parse_number(part, max);
        if (!number) return wrong(number.error().message);
        if (*number < min) return wrong(std::string(part) + " is below " + std::to_string(min));
        *out = static_cast<std::uint32_t>(*number);
    }
    return pair;
}

}  // namespace

Result<Pair> parse_resolution(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, Pair>, 5> kWords = {{
        {"480p", {854, 480}},
        {"720p", {1280, 720}},
        {"1080p", {1920, 1080}},
        {"1440p", {2560, 1440}},
        {"2160p", {3840, 2160}},
    }};
    for (const auto& [word, size] : kWords) {
        if (word == text) return size;
    }
    return parse_pair(text, 'x', 16, 16'384);
}

Result<Pair> parse_aspect(std::string_view text) { return parse_pair(text, ':', 1, 16'384); }

Result<std::uint32_t> parse_fps(std::string_view text) {
    const auto number = parse_number(text, 1000);
    if (!number) return Error{"expected a whole number from 0 to 1000, got " + std::string(text)};
    return static_cast<std::uint32_t>(*number);
}

Result<double> parse_frame_rate(std::string_view text) {
    constexpr double kMin = 0.001;
    constexpr double kMax = 1000;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() ||
        !(value >= kMin && value <= kMax)) {
        return Error{"\"" + std::string(text) + "\" is not a frame rate between 0.001 and 1000"};
    }
    return value;
}

Result<std::uint64_t> parse_camera_bitrate(std::string_view text) {
    auto bps = parse_bitrate(text);
    if (bps && *bps > 1'000'000'000) {
        return Error{"\"" + std::string(text) + "\" is over 1000M (a bare number is Mbit/s)"};
    }
    return bps;
}

namespace {

auto duration_parser(DurationRange range) {
    return [range](std::string_view text) -> Result<std::chrono::milliseconds> {
        auto value = parse_duration(text);
        if (!value) return value;
        if (*value < range.least) {
            return Error{std::string(text) + " is less than " + format_duration(range.least)};
        }
        if (*value > range.most) {
            return Error{std::string(text) + " is more than " + format_duration(range.most)};
        }
        return value;
    };
}

}  // namespace

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help, DurationRange range) {
    return add_value<std::chrono::milliseconds>(app, name, target, duration_parser(range), help,
                                                "D")
        ->default_str(format_duration(target));
}

CLI::Option* add_duration(CLI::App& app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& target, const std::string& help,
                          DurationRange range) {
    return add_value<std::chrono::milliseconds>(app, name, target, duration_parser(range), help,
                                                "D");
}

CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint32_t& target,
                        std::uint32_t min, std::uint32_t max, const std::string& help) {
    const auto parse = [min, max](std::string_view text) -> Result<std::uint32_t> {
        const auto number = parse_number(text, max);
        if (!number) return number.error();
        if (*number < min) {
            return Error{"\"" + std::string(text) + "\" is below " + std::to_string(min)};
        }
        return static_cast<std::uint32_t>(*number);
    };
    return add_value<std::uint32_t>(app, name, target, parse, help, "N")
        ->default_str(std::to_string(target));
}

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& target,
                      const std::string& help, const std::string& value_name) {
    const std::string fallback = target;
    return app.add_option(name, target, help)->type_name(value_name)->default_str(fallback);
}

CLI::Option* add_word(CLI::App& app, const std::string& name, std::string& target,
                      const std::vector<std::string>& words, const std::string& help) {
    std::vector<std::pair<std::string, std::string>> choices;
    for (const std::string& word : words) choices.emplace_back(word, word);
    return add_choice<std::string>(app, name, target, std::move(choices), help);
}

}  // namespace st::cli
