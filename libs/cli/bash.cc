#include <sstream>

#include "base/joined.h"
#include "cli/model.h"

namespace st::cli {
namespace {

std::string function_name(const std::string& program) {
    std::string name = "_" + program;
    for (char& c : name) {
        if (c == '-' || c == '.') c = '_';
    }
    return name;
}

/// The function that asks the program for names; not compgen -W, which would expand what it gets.
std::string ask_function(const std::string& program) { return function_name(program) + "_names"; }

void write_ask(std::ostream& out, const std::string& program) {
    out << ask_function(program) << "() {\n"
        << "    local name\n"
        << "    while IFS= read -r name; do\n"
        << "        [[ $name == \"$cur\"* ]] && COMPREPLY+=(\"$name\")\n"
        << "    done < <(command " << program
        << " __complete \"$1\" \"${COMP_LINE:0:COMP_POINT}\" 2>/dev/null)\n"
        << "}\n";
}

std::string reply(const OptionModel& option, const std::string& program) {
    switch (option.kind) {
        case ValueKind::file:
            return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
        case ValueKind::folder:
            return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")";
        case ValueKind::live:
            return ask_function(program) + " " + option.live;
        case ValueKind::choice:
            return "mapfile -t COMPREPLY < <(compgen -W '" + joined(option.choices, " ") +
                   "' -- \"$cur\")";
        case ValueKind::list:
            // The words go behind the last comma.
            return "local done=${cur%\"${cur##*,}\"}; mapfile -t COMPREPLY < <(compgen -P "
                   "\"$done\" "
                   "-W '" +
                   joined(option.choices, " ") + "' -- \"${cur##*,}\")";
        case ValueKind::none:
        case ValueKind::any:
            break;
    }
    return ":";
}

/// Which words behind an option are its value, for every command: "path,--option" patterns.
void write_values(std::ostream& out, const CommandModel& command, const std::string& path,
                  const std::string& program) {
    for (const OptionModel& option : command.options) {
        if (option.kind == ValueKind::none) continue;
        std::vector<std::string> patterns;
        for (const std::string& name : option.names) {
            patterns.push_back((path.empty() ? "*" : "\"" + path + "\"") + "," + name);
        }
        out << "        " << joined(patterns, "|") << ")\n            " << reply(option, program)
            << "\n            return ;;\n";
    }
    for (const CommandModel& sub : command.commands) {
        write_values(out, sub, path.empty() ? sub.name : path + " " + sub.name, program);
    }
}

void write_steps(std::ostream& out, const CommandModel& command, const std::string& path) {
    for (const CommandModel& sub : command.commands) {
        const std::string longer = path.empty() ? sub.name : path + " " + sub.name;
        out << "            \"" << path << "," << sub.name << "\") path=\"" << longer << "\" ;;\n";
        write_steps(out, sub, longer);
    }
}

std::vector<std::string> option_words(const CommandModel& command) {
    std::vector<std::string> words;
    for (const OptionModel& option : command.options) {
        words.insert(words.end(), option.names.begin(), option.names.end());
    }
    return words;
}

void write_words(std::ostream& out, const CommandModel& command, const std::string& path,
                 const std::vector<std::string>& inherited) {
    std::vector<std::string> options = option_words(command);
    for (const std::string& word : inherited) {
        bool known = false;
        for (const std::string& option : options) known = known || option == word;
        if (!known) options.push_back(word);
    }
    std::vector<std::string> commands;
    for (const CommandModel& sub : command.commands) commands.push_back(sub.name);
    std::string files;
    for (const OptionModel& word : command.positionals) {
        if (word.kind == ValueKind::file || word.kind == ValueKind::folder) files = " files=yes";
        if (word.kind == ValueKind::live) files += " names=" + word.live;
        if (word.kind == ValueKind::choice) {
            commands.insert(commands.end(), word.choices.begin(), word.choices.end());
        }
    }
    out << "        \"" << path << "\") options='" << joined(options, " ") << "' commands='"
        << joined(commands, " ") << "'" << files << " ;;\n";
    for (const CommandModel& sub : command.commands) {
        write_words(out, sub, path.empty() ? sub.name : path + " " + sub.name, options);
    }
}

}  // namespace

std::string bash_completion(const CommandModel& program) {
    const std::string function = function_name(program.name);
    std::vector<std::string> with_value;
    for (const OptionModel& option : program.options) {
        if (option.kind == ValueKind::none) continue;
        with_value.insert(with_value.end(), option.names.begin(), option.names.end());
    }
    std::ostringstream out;
    const bool asks = asks_for_names(program);
    out << "# Generated by " << program.name << " --generate bash; do not edit.\n";
    if (asks) write_ask(out, program.name);
    out << function << "() {\n"
        << "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
        << "    local path='' options='' commands='' files=''" << (asks ? " names=''" : "")
        << (program.commands.empty() ? "\n" : " i word\n") << "    COMPREPLY=()\n"
        << "    # bash splits --option=value at the sign\n"
        << "    if [[ $cur == '=' ]]; then\n        cur=''\n"
        << "    elif [[ $prev == '=' ]] && ((COMP_CWORD > 1)); then\n"
        << "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n    fi\n";
    if (!program.commands.empty()) {
        out << "    for ((i = 1; i < COMP_CWORD; ++i)); do\n"
            << "        word=${COMP_WORDS[i]}\n"
            << "        case \"$path,$word\" in\n";
        write_steps(out, program, "");
        std::vector<std::string> patterns;
        for (const std::string& name : with_value) patterns.push_back("*," + name);
        if (!patterns.empty()) {
            out << "            " << joined(patterns, "|")
                << ")\n                if [[ ${COMP_WORDS[i + 1]} == '=' ]]; then ((i += 2)); "
                   "else ((++i)); fi ;;\n";
        }
        out << "        esac\n    done\n";
    }
    out << "    case \"$path,$prev\" in\n";
    write_values(out, program, "", program.name);
    out << "    esac\n    case \"$path\" in\n";
    write_words(out, program, "", {});
    out << "    esac\n"
        << "    if [[ $cur == -* ]]; then\n"
        << "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
        << "        return\n    fi\n"
        << "    mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$cur\")\n"
        << "    if [[ -n $files ]]; then\n"
        << "        compopt -o filenames\n"
        << "        mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- \"$cur\")\n"
        << "    fi\n";
    if (asks) out << "    [[ -n $names ]] && " << ask_function(program.name) << " \"$names\"\n";
    out << "}\n"
        << "complete -F " << function << ' ' << program.name << '\n';
    return out.str();
}

}  // namespace st::cli
