#include "streamctl/console/completion.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "streamctl/options.h"

namespace st::streamctl {
namespace {

void add_options(const CLI::App& app, std::vector<std::string>& words) {
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
}

/// The option called `word`, of the command or of the program; null if it is none.
const CLI::Option* find_option(const CLI::App& app, const CLI::App& command,
                               const std::string& word) {
    if (word.size() < 2 || word.front() != '-') return nullptr;
    if (const CLI::Option* option = command.get_option_no_throw(word)) return option;
    return app.get_option_no_throw(word);
}

/// Files whose path begins with what is typed, folders with a slash at the end. Names that would
/// have to be quoted are left out.
void add_files(const std::string& typed, bool folders_only, std::vector<std::string>& words) {
    namespace fs = std::filesystem;
    constexpr std::size_t kFilesMax = 1000;
    const std::size_t slash = typed.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : typed.substr(0, slash + 1);
    const std::string begin = slash == std::string::npos ? typed : typed.substr(slash + 1);
    std::error_code error;
    fs::directory_iterator entries(folder.empty() ? "." : folder, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        const bool is_hidden = name.starts_with('.') && !begin.starts_with('.');
        if (is_hidden || !name.starts_with(begin)) continue;
        if (name.find_first_of(" \t\"'\\#") != std::string::npos) continue;
        std::error_code ignored;
        const bool is_folder = entries->is_directory(ignored);
        if (folders_only && !is_folder) continue;
        words.push_back(folder + name + (is_folder ? "/" : ""));
        if (words.size() >= kFilesMax) break;
    }
}

/// What stands for the value of an option or a word, whatever says it: choices, live names, files.
void add_values(const CLI::Option& option, const LiveNames& live, const std::string& typed,
                std::vector<std::string>& words) {
    const std::string name = option.nonpositional() ? option.get_type_name() : option.get_name();
    const auto kinds = manual().live;
    const auto found = kinds.find(name);
    if (found != kinds.end()) {
        const auto names = live(found->second);
        words.insert(words.end(), names.begin(), names.end());
    }
    if (name == "FILE" || name == "DIR" || name == "INPUT") add_files(typed, name == "DIR", words);
    if (name.find('|') == std::string::npos) return;
    std::istringstream in(name);
    for (std::string word; std::getline(in, word, '|');) words.push_back(word);
}

/// The words behind a command that are no options.
void add_arguments(const CLI::App& app, const CLI::App& command, const LiveNames& live,
                   const std::string& typed, std::vector<std::string>& words) {
    for (const CLI::Option* option : command.get_options()) {
        if (!option->nonpositional()) add_values(*option, live, typed, words);
    }
    for (const std::string& name : command_names(command)) words.push_back(name);
    if (command.get_name() == "help") words = command_names(app);
    if (command.get_name() == "events") words.insert(words.end(), {"on", "off"});
}

}  // namespace

Candidates candidates_for(const std::string& line, const LiveNames& live) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; in >> word;) words.push_back(word);
    Candidates found;
    if (!words.empty() && !line.empty() && line.back() != ' ' && line.back() != '\t') {
        found.word = words.back();
        words.pop_back();
    }
    CLI::App app("", "streamctl");
    Options options;
    build(app, options);
    const CLI::App* command = &app;
    const CLI::Option* pending = nullptr;  // an option whose value comes next
    for (const std::string& word : words) {
        if (pending != nullptr) {
            pending = nullptr;
            continue;
        }
        pending = find_option(app, *command, word);
        if (pending != nullptr && pending->get_items_expected_max() == 0) pending = nullptr;
        if (word.front() == '-') continue;
        for (const CLI::App* next :
             command->get_subcommands([](const CLI::App*) { return true; })) {
            if (next->get_name() != word) continue;
            command = next;
            break;
        }
    }
    if (pending != nullptr) {
        add_values(*pending, live, found.word, found.words);
    } else if (found.word.starts_with("-")) {
        add_options(*command, found.words);
        if (command != &app) add_options(app, found.words);
    } else if (command == &app) {
        found.words = command_names(app);
        found.words.push_back("exit");
    } else {
        add_arguments(app, *command, live, found.word, found.words);
    }
    return found;
}

}  // namespace st::streamctl
