#include "completion.h"

#include <sstream>

#include "options.h"

namespace st::streamctl {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!command->get_group().empty()) names.push_back(command->get_name());
    }
    return names;
}

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

std::vector<std::string> choices(const CLI::Option& option) {
    std::vector<std::string> words;
    const std::string names = option.get_type_name();
    if (names.find('|') == std::string::npos) return words;
    std::istringstream in(names);
    for (std::string word; std::getline(in, word, '|');) words.push_back(word);
    return words;
}

std::vector<std::string> arguments(const CLI::App& app, const std::string& path,
                                   const LiveNames& live) {
    if (path == "start" || path == "stop" || path == "capture" || path == "cameras" ||
        path == "kick") {
        return live.cameras();
    }
    if (path == "get" || path == "recordings delete") return live.recordings();
    if (path == "recordings") return {"delete"};
    if (path == "help") return command_names(app);
    if (path == "events") return {"on", "off"};
    return {};
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
    std::string path;
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
            path += (path.empty() ? "" : " ") + word;
            break;
        }
    }
    if (pending != nullptr) {
        found.words = pending->get_name() == "--camera" ? live.cameras() : choices(*pending);
    } else if (found.word.starts_with("-")) {
        add_options(*command, found.words);
        if (command != &app) add_options(app, found.words);
    } else if (command == &app) {
        found.words = command_names(app);
        found.words.push_back("exit");
    } else {
        found.words = arguments(app, path, live);
    }
    return found;
}

}  // namespace st::streamctl
