#include "cli/parse.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "base/nearest.h"
#include "cli/exit_codes.h"
#include "cli/terminal.h"

namespace st::cli {
namespace {

constexpr std::size_t kColumnsMax = 80;
constexpr std::size_t kColumnsMin = 40;
constexpr std::size_t kHelpColumn = 28;
/// Where there is no room for two columns.
constexpr std::size_t kNarrow = 60;
constexpr std::size_t kNarrowHelpColumn = 6;

/// Descriptions wrapped at 80 columns or the terminal's fewer, names in a column of their own.
class WrappingFormatter final : public CLI::Formatter {
 public:
    WrappingFormatter() {
        column_width(help_column_);
        label("SUBCOMMAND", "COMMAND");
        label("SUBCOMMANDS", "COMMAND");
    }

    std::string make_usage(const CLI::App* app, std::string name) const override {
        return '\n' + CLI::Formatter::make_usage(app, name);
    }

    std::string make_option(const CLI::Option* option, bool is_positional) const override {
        return lay_out(make_option_name(option, is_positional) + make_option_opts(option),
                       make_option_desc(option));
    }
    std::string make_subcommand(const CLI::App* command) const override {
        return lay_out(command->get_name(), first_line(command->get_description()));
    }

    std::string make_description(const CLI::App* app) const override {
        std::string out;
        std::istringstream lines(app->get_description());
        for (std::string line; std::getline(lines, line);) {
            line.erase(std::remove(line.begin(), line.end(), '`'), line.end());
            out += wrap(line, 0, 0) + '\n';
        }
        return out;
    }

    std::string make_option_opts(const CLI::Option* option) const override {
        std::string text;
        if (option->get_type_size() != 0 && !option->get_type_name().empty() &&
            option->nonpositional()) {
            text += " " + option->get_type_name();
        }
        if (option->get_expected_max() > 1) text += "...";
        return text;
    }
    std::string make_option_desc(const CLI::Option* option) const override {
        std::string text = option->get_description();
        if (!option->get_default_str().empty()) text += " (" + option->get_default_str() + ")";
        if (!option->get_envname().empty()) text += " [$" + option->get_envname() + "]";
        return text;
    }

 private:
    static std::string first_line(const std::string& text) {
        return text.substr(0, text.find('\n'));
    }

    std::string lay_out(const std::string& name, const std::string& text) const {
        std::string out = "  " + name;
        if (out.size() + 1 >= help_column_)
            out += '\n' + std::string(help_column_, ' ');
        else
            out.resize(help_column_, ' ');
        return out + wrap(text, help_column_, help_column_) + '\n';
    }

    /// Words in lines; the first begins at `column`, the others at `indent`.
    std::string wrap(const std::string& text, std::size_t column, std::size_t indent) const {
        std::string out;
        std::istringstream words(text);
        for (std::string word; words >> word;) {
            if (column > indent && column + 1 + word.size() > columns_) {
                out += '\n' + std::string(indent, ' ');
                column = indent;
            } else if (column > indent) {
                out += ' ';
                ++column;
            }
            out += word;
            column += word.size();
        }
        return out;
    }

    const std::size_t columns_ =
        std::clamp(static_cast<std::size_t>(columns(STDOUT_FILENO)), kColumnsMin, kColumnsMax);
    const std::size_t help_column_ = columns_ < kNarrow ? kNarrowHelpColumn : kHelpColumn;
};

/// The command that was being parsed when it went wrong: the deepest one that was named.
const CLI::App& active(const CLI::App& app) {
    for (const CLI::App* command : app.get_subcommands()) return active(*command);
    return app;
}

void collect_options(const CLI::App& app, std::vector<std::string>& names) {
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    if (app.get_parent() != nullptr) collect_options(*app.get_parent(), names);
}

std::string suggestion(const CLI::App& app, const std::string& word) {
    const CLI::App& command = active(app);
    std::vector<std::string> names;
    if (word.size() > 1 && word.front() == '-') {
        collect_options(command, names);
        return nearest(word.substr(0, word.find('=')), names);
    }
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
        if (!sub->get_group().empty()) names.push_back(sub->get_name());
    }
    return nearest(word, names);
}

std::string full_name(const CLI::App& app) {
    const CLI::App* parent = app.get_parent();
    return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

/// The words of a command behind the program's name.
std::string below_program(const CLI::App& app) {
    const CLI::App* parent = app.get_parent();
    if (parent == nullptr) return "";
    const std::string before = below_program(*parent);
    return before + (before.empty() ? "" : " ") + app.get_name();
}

enum class Source { argv, line };

/// Where more is to be read.
std::string advice(const CLI::App& command, Source source) {
    if (source == Source::argv) return "Try '" + full_name(command) + " --help'.";
    const bool is_whole = command.get_parent() == nullptr;
    return is_whole ? "'help' lists the commands." : "Try 'help " + below_program(command) + "'.";
}

int complain(const CLI::App& app, const CLI::ParseError& error, Source source, std::ostream& err) {
    const auto extras = app.remaining(true);
    err << app.get_name() << ": ";
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
        const std::string& word = extras.front();
        const bool is_option = word.size() > 1 && word.front() == '-';
        const bool is_command = !is_option && &active(app) == &app &&
                                !app.get_subcommands([](const CLI::App*) { return true; }).empty();
        err << (is_option    ? "unknown option "
                : is_command ? "unknown command "
                             : "unexpected word ")
            << word;
        const std::string near = suggestion(app, word);
        if (!near.empty()) err << "; did you mean " << near << "?";
    } else {
        err << error.what();
    }
    err << '\n' << advice(active(app), source) << '\n';
    return kUsage;
}

template <class Run>
std::optional<int> guarded(CLI::App& app, Run run, Source source, std::ostream& out,
                           std::ostream& err) {
    try {
        run();
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        out << app.help();  // of the command that was named
        return kDone;
    } catch (const CLI::CallForVersion& version) {
        out << version.what() << '\n';
        return kDone;
    } catch (const CLI::ParseError& error) {
        return complain(app, error, source, err);
    }
}

}  // namespace

void prepare(CLI::App& app) {
    app.formatter(std::make_shared<WrappingFormatter>());
    app.set_help_flag("-h,--help", "Show this help and exit");
    app.set_version_flag("--version", app.get_name() + " " ST_VERSION, "Show the version and exit");
    app.fallthrough();
    app.option_defaults()->always_capture_default(false);
}

std::optional<int> parse(CLI::App& app, int argc, const char* const* argv, std::ostream& out,
                         std::ostream& err) {
    return guarded(
        app, [&] { app.parse(argc, argv); }, Source::argv, out, err);
}

std::optional<int> parse(CLI::App& app, int argc, const char* const* argv) {
    const auto code = parse(app, argc, argv, std::cout, std::cerr);
    return code ? std::optional<int>(finish_output(app.get_name(), *code)) : std::nullopt;
}

std::optional<int> parse(CLI::App& app, std::vector<std::string> words, std::ostream& out,
                         std::ostream& err) {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    return guarded(
        app, [&] { app.parse(words); }, Source::line, out, err);
}

std::string help_of(const CLI::App& command) {
    const CLI::App* parent = command.get_parent();
    return command.help(parent == nullptr ? "" : full_name(*parent));
}

Result<std::vector<std::string>> split_words(std::string_view line) {
    std::vector<std::string> words;
    bool in_word = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (!in_word) {
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
            if (c == '#') break;
            words.emplace_back();
            in_word = true;
        }
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            in_word = false;
        } else if (c == '\\') {
            if (++i == line.size()) return Error{"a backslash at the end of the line"};
            words.back() += line[i];
        } else if (c == '\'' || c == '"') {
            for (++i; i < line.size() && line[i] != c; ++i) {
                const bool escape = c == '"' && line[i] == '\\' && i + 1 < line.size() &&
                                    (line[i + 1] == '"' || line[i + 1] == '\\');
                if (escape) ++i;
                words.back() += line[i];
            }
            if (i == line.size()) return Error{std::string("a ") + c + " that is not closed"};
        } else {
            words.back() += c;
        }
    }
    return words;
}

}  // namespace st::cli
