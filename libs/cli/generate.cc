#include "cli/generate.h"

#include "cli/model.h"

namespace st::cli {

CLI::Option* add_generate(CLI::App& app, std::string& what) {
    return app.add_option("--generate", what, "Write the man page or a shell's completions")
        ->type_name(kGenerateWords)
        ->check(CLI::IsMember(std::vector<std::string>{"man", "bash", "zsh", "fish"}))
        ->group("");
}

std::string generate(const CLI::App& app, const Manual& manual, std::string_view what) {
    const CommandModel program = model_of(app, manual.live);
    if (what == "bash") return bash_completion(program);
    if (what == "zsh") return zsh_completion(program);
    if (what == "fish") return fish_completion(program);
    return man_page(program, manual);
}

}  // namespace st::cli
