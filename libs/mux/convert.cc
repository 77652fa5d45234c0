#include "mux/convert.h"

#include <array>
#include <exception>
#include <utility>

#include "mp4/file_error.h"
#include "mux/run.h"

namespace st::mux {
namespace {

Result<Report> guarded(const Job& job, Makes makes) {
    try {
        return Run(job, makes).go();
    } catch (const Failure& failure) {
        return Error{failure.what(), static_cast<int>(failure.code())};
    } catch (const mp4::FileError& error) {
        const bool is_io = error.kind() == mp4::FileError::Kind::io;
        return Error{error.what(), static_cast<int>(is_io ? Exit::io : Exit::cannot_create)};
    } catch (const std::exception& error) {  // no memory: the other jobs of the program go on
        return Error{job.input + ": " + error.what(), static_cast<int>(Exit::io)};
    }
}

}  // namespace

Result<Report> convert(const Job& job) { return guarded(job, Makes::outputs); }

Result<Report> make_table(const Job& job) { return guarded(job, Makes::table); }

Result<Report> inspect(const Job& job) { return guarded(job, Makes::nothing); }

std::optional<OutputFormat> format_named(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, OutputFormat>, 5> kFormats = {
        {{"mp4", OutputFormat::mp4},
         {"fmp4", OutputFormat::fmp4},
         {"flv", OutputFormat::flv},
         {"h264", OutputFormat::h264},
         {"dump", OutputFormat::dump}}};
    for (const auto& [name, format] : kFormats) {
        if (name == word) return format;
    }
    return std::nullopt;
}

OutputFormat format_of_path(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const auto dot = name.rfind('.');
    const std::string_view ending = dot == std::string_view::npos ? "" : name.substr(dot + 1);
    if (ending == "264") return OutputFormat::h264;
    return format_named(ending).value_or(OutputFormat::mp4);
}

std::string part_name(const std::string& output, unsigned part) {
    if (part <= 1) return output;
    const std::string number = std::to_string(part);
    const std::string suffix =
        '-' + std::string(number.size() < 3 ? 3 - number.size() : 0, '0') + number;
    const auto dot = output.rfind('.');
    const auto slash = output.rfind('/');
    const bool has_extension =
        dot != std::string::npos && (slash == std::string::npos || dot > slash + 1) && dot > 0;
    if (!has_extension) return output + suffix;
    return output.substr(0, dot) + suffix + output.substr(dot);
}

}  // namespace st::mux
