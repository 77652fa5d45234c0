#include <algorithm>
#include <cctype>
#include <sstream>

#include "cli/generate.h"
#include "cli/model.h"

namespace st::cli {
namespace {

/// Text for troff: backslashes and dashes as themselves, no line that looks like a request.
std::string escaped(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool line_start = i == 0 || text[i - 1] == '\n';
        if (line_start && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

/// Prose: `words` between back quotes in bold.
std::string prose(const std::string& text) {
    std::string out;
    bool bold = false;
    for (const char c : escaped(text)) {
        if (c != '`') {
            out += c;
            continue;
        }
        out += bold ? "\\fR" : "\\fB";
        bold = !bold;
    }
    return out;
}

/// Lines of at most 80 bytes, so that the source can be read; none begins like a request.
std::string wrapped(const std::string& text) {
    constexpr std::size_t kLineMax = 80;
    std::string out;
    std::size_t column = 0;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (column > 0 && column + 1 + word.size() > kLineMax) {
            out += '\n';
            column = 0;
            if (word[0] == '.' || word[0] == '\'') out += "\\&";
        } else if (column > 0) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out;
}

std::string bold(const std::string& text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + escaped(text) + "\\fR"; }

/// Bold in any case: back quotes say nothing more.
std::string heading(std::string text) {
    std::erase(text, '`');
    return bold(text);
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

/// Paragraphs, examples and lists of hand-written text.
void write_text(std::ostream& out, const std::string& text) {
    std::istringstream lines(text);
    bool in_example = false;
    bool fresh = true;       // behind a heading or a paragraph request: no second one
    bool paragraph = false;  // a blank line was seen
    for (std::string line; std::getline(lines, line);) {
        const bool example = line.rfind("    ", 0) == 0;
        if (in_example && !example) {
            out << ".EE\n.RE\n";
            in_example = false;
        }
        const std::size_t entry = example ? std::string::npos : line.find(" :: ");
        if (line.empty()) {
            paragraph = !fresh;
            continue;
        }
        // A list makes its own distance; an empty paragraph before it is an error to mandoc.
        if (paragraph && entry == std::string::npos) {
            out << ".PP\n";
            fresh = true;
        }
        paragraph = false;
        if (example && !in_example) {
            if (fresh) out << ".\n";  // a lone PP before RS draws a warning; this separates them
            out << ".RS 4\n.EX\n";
            in_example = true;
        }
        if (entry != std::string::npos) {
            out << ".TP\n"
                << heading(line.substr(0, entry)) << '\n'
                << wrapped(prose(line.substr(entry + 4)));
        } else {
            out << (example ? escaped(line.substr(4)) : wrapped(prose(line)));
        }
        out << '\n';
        fresh = false;
    }
    if (in_example) out << ".EE\n.RE\n";
}

std::string sentence(const OptionModel& option) {
    std::string text = option.help;
    if (!text.empty() && text.back() != '.') text += '.';
    if (!option.fallback.empty()) text += " Default: " + option.fallback + ".";
    if (!option.environment.empty()) text += " Environment: " + option.environment + ".";
    return text;
}

void write_options(std::ostream& out, const std::vector<OptionModel>& options) {
    for (const OptionModel& option : options) {
        out << ".TP\n";
        for (std::size_t i = 0; i < option.names.size(); ++i) {
            out << (i == 0 ? "" : ", ") << bold(option.names[i]);
        }
        if (option.kind == ValueKind::choice)
            out << ' ' << bold(option.value);
        else if (!option.value.empty())
            out << ' ' << italic(option.value);
        out << '\n' << wrapped(prose(sentence(option))) << '\n';
    }
}

std::string usage_of(const CommandModel& command) {
    std::string text;
    for (const OptionModel& word : command.positionals) {
        const std::string name = italic(word.names[0]) + (word.is_repeatable ? " ..." : "");
        text += word.is_required ? " " + name : " [" + name + "]";
    }
    return text;
}

/// What stands on the command line without a name.
void write_words(std::ostream& out, const CommandModel& command) {
    std::vector<OptionModel> described;
    for (const OptionModel& word : command.positionals) {
        if (!word.help.empty()) described.push_back(word);
    }
    for (OptionModel& word : described) word.value.clear();
    write_options(out, described);
}

void write_command(std::ostream& out, const CommandModel& command, const std::string& prefix) {
    const std::string name = prefix + command.name;
    out << ".SS " << bold(name) << usage_of(command) << '\n';
    out << prose(command.summary + (command.summary.empty() ? "" : ".")) << '\n';
    if (!command.details.empty()) {
        out << ".PP\n";
        write_text(out, command.details);
    }
    write_words(out, command);
    std::vector<OptionModel> options;
    for (const OptionModel& option : command.options) {
        if (option.names.back() != "--help") options.push_back(option);
    }
    write_options(out, options);
    for (const CommandModel& sub : command.commands) write_command(out, sub, name + " ");
}

/// Which commands there are, before each is described.
void write_groups(std::ostream& out, const std::vector<CommandModel>& commands) {
    std::vector<std::pair<std::string, std::string>> groups;
    for (const CommandModel& command : commands) {
        auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const auto& one) { return one.first == command.group; });
        if (found == groups.end()) found = groups.insert(groups.end(), {command.group, ""});
        found->second += (found->second.empty() ? "" : ", ") + bold(command.name);
    }
    if (groups.size() < 2) return;
    for (const auto& [group, names] : groups)
        out << ".TP\n" << escaped(group) << '\n' << wrapped(names) << '\n';
}

/// Where words may be separated for the reader: "streamctl-like" lists of see-also entries.
void write_see_also(std::ostream& out, const std::vector<std::string>& entries) {
    if (entries.empty()) return;
    out << ".SH SEE ALSO\n";
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::size_t open = entries[i].find('(');
        out << ".BR " << escaped(entries[i].substr(0, open)) << ' ' << entries[i].substr(open)
            << (i + 1 < entries.size() ? "," : "") << '\n';
    }
}

}  // namespace

std::string man_page(const CommandModel& program, const Manual& manual) {
    std::ostringstream out;
    out << ".\\\" Generated by " << program.name << " --generate man; do not edit.\n";
    out << ".TH " << upper(program.name) << ' ' << manual.section << ' ' << kManualDate
        << " \"streamd " ST_VERSION "\" \"streamd manual\"\n";
    out << ".SH NAME\n" << program.name << " \\- " << escaped(manual.summary) << '\n';
    out << ".SH SYNOPSIS\n" << bold(program.name) << " [" << italic("OPTIONS") << ']';
    if (!program.commands.empty()) {
        out << " [" << italic("COMMAND") << " [" << italic("ARGUMENTS") << "]]";
    }
    out << usage_of(program) << '\n';
    out << ".SH DESCRIPTION\n";
    write_text(out, manual.description);
    if (!program.commands.empty()) {
        out << ".SH COMMANDS\n";
        write_groups(out, program.commands);
        for (const CommandModel& command : program.commands) write_command(out, command, "");
    }
    out << ".SH OPTIONS\n";
    if (!program.commands.empty()) out << "These may stand before or after the command.\n";
    write_words(out, program);
    write_options(out, program.options);
    for (const ManualPart& part : manual.parts) {
        out << ".SH " << part.title << '\n';
        write_text(out, part.text);
    }
    write_see_also(out, manual.see_also);
    return out.str();
}

}  // namespace st::cli
