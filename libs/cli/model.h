#pragma once
/// A CLI::App as plain values, visible parts only: what the generators walk. Private to libs/cli.
#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace st::cli {

enum class ValueKind {
    none,  ///< a flag
    any,
    file,
    folder,
    choice,
    list,  ///< some of OptionModel::choices, separated by commas
    live,  ///< names that are asked for: OptionModel::live
};

struct OptionModel {
    std::vector<std::string>
        names;          ///< with their dashes, short ones first; a positional: its name
    std::string value;  ///< name of the value, "" for a flag
    ValueKind kind = ValueKind::none;
    std::vector<std::string> choices;
    std::string live;  ///< what `PROGRAM __complete` is asked for
    std::string help;
    std::string fallback;     ///< the default; "" if none is shown
    std::string environment;  ///< a variable that sets it
    bool is_repeatable = false;
    bool is_required = false;
};

struct CommandModel {
    std::string name;
    std::string group;    ///< under which help lists it
    std::string summary;  ///< first line of the description
    std::string details;  ///< what follows it
    std::vector<OptionModel> options;
    std::vector<OptionModel> positionals;
    std::vector<CommandModel> commands;
};

/// Value name -> kind of live names; see Manual.
using Live = std::map<std::string, std::string>;

CommandModel model_of(const CLI::App& app, const Live& live);
/// True if a value of this command or of one below it is completed with live names.
bool asks_for_names(const CommandModel& command);

std::string man_page(const CommandModel& program, const struct Manual& manual);
std::string bash_completion(const CommandModel& program);
std::string zsh_completion(const CommandModel& program);
std::string fish_completion(const CommandModel& program);

}  // namespace st::cli
