#include "cli/model.h"

#include <algorithm>
#include <sstream>

namespace st::cli {
namespace {

ValueKind kind_of(const std::string& value) {
    if (value.empty()) return ValueKind::none;
    if (value.find('|') != std::string::npos) return ValueKind::choice;
    if (value.find(',') != std::string::npos && value.find('=') == std::string::npos) {
        return ValueKind::list;
    }
    if (value.find("DIR") != std::string::npos) return ValueKind::folder;
    for (const char* word : {"FILE", "PATH", "INPUT"}) {
        if (value.find(word) != std::string::npos) return ValueKind::file;
    }
    return ValueKind::any;
}

OptionModel model_of(const CLI::Option& option, const Live& live) {
    OptionModel model;
    for (const std::string& name : option.get_snames()) model.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) model.names.push_back("--" + name);
    const bool takes_value = option.get_type_size() != 0;
    if (model.names.empty()) model.names.push_back(option.get_name(/*positional=*/true));
    if (takes_value) model.value = option.nonpositional() ? option.get_type_name() : model.names[0];
    const auto found = live.find(model.value);
    if (found != live.end()) model.live = found->second;
    model.kind = model.live.empty() ? kind_of(model.value) : ValueKind::live;
    const bool has_choices = model.kind == ValueKind::choice || model.kind == ValueKind::list;
    const char separator = model.kind == ValueKind::list ? ',' : '|';
    std::istringstream words(has_choices ? model.value : "");
    for (std::string word; std::getline(words, word, separator);) model.choices.push_back(word);
    model.help = option.get_description();
    model.fallback = option.get_default_str();
    model.environment = option.get_envname();
    model.is_repeatable = takes_value && option.get_expected_max() > 1;
    model.is_required = option.get_required();
    return model;
}

}  // namespace

CommandModel model_of(const CLI::App& app, const Live& live) {
    CommandModel model;
    model.name = app.get_name();
    model.group = app.get_group();
    const std::string text = app.get_description();
    const std::size_t line_end = text.find('\n');
    model.summary = text.substr(0, line_end);
    if (line_end != std::string::npos) {
        const std::size_t details = text.find_first_not_of('\n', line_end);
        if (details != std::string::npos) model.details = text.substr(details);
    }
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        (option->nonpositional() ? model.options : model.positionals)
            .push_back(model_of(*option, live));
    }
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!command->get_group().empty()) model.commands.push_back(model_of(*command, live));
    }
    return model;
}

bool asks_for_names(const CommandModel& command) {
    const auto is_live = [](const OptionModel& option) { return option.kind == ValueKind::live; };
    return std::any_of(command.options.begin(), command.options.end(), is_live) ||
           std::any_of(command.positionals.begin(), command.positionals.end(), is_live) ||
           std::any_of(command.commands.begin(), command.commands.end(), asks_for_names);
}

}  // namespace st::cli
