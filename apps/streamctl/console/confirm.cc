#include "streamctl/console/confirm.h"

#include <unistd.h>

#include <iostream>

#include "cli/terminal.h"
#include "streamctl/client/failed.h"
#include "streamctl/client/printable.h"

namespace st::streamctl {

void need_somebody_to_ask() {
    if (!cli::is_terminal(STDIN_FILENO) || !cli::is_terminal(STDERR_FILENO)) {
        throw Failed(cli::kUsage, "nobody can be asked here: add --yes");
    }
}

bool is_confirmed(const std::string& question, Interrupt& interrupt) {
    need_somebody_to_ask();
    std::cerr << printable(question) << " [y/N] " << std::flush;
    if (!interrupt.wait_for_input(STDIN_FILENO)) {
        std::cerr << '\n';
        throw Failed(cli::kInterrupted, "interrupted");
    }
    std::string answer;
    std::getline(std::cin, answer);
    if (!std::cin) std::cerr << '\n';
    std::cin.clear();
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace st::streamctl
