#include "cli/exit_codes.h"

namespace st::cli {
namespace {

const char* meaning(ExitCode code) {
    switch (code) {
        case kDone:
            return "Done.";
        case kRefused:
            return "The server or a camera refused or failed, or a camera did not answer in time.";
        case kDamaged:
            return "Done, but bytes were damaged or pictures lost.";
        case kUsage:
            return "The command line is wrong.";
        case kBadInput:
            return "An input is not what it claims to be.";
        case kNoInput:
            return "There is no such input.";
        case kUnreachable:
            return "The server cannot be reached, or went away.";
        case kCannotCreate:
            return "An output exists already or cannot be written.";
        case kIoFailed:
            return "Reading or writing failed.";
        case kNoAnswer:
            return "The server gave no answer in time.";
        case kNotAuthorised:
            return "The server asks for a token, or for another one.";
        case kBadConfig:
            return "The configuration cannot be used.";
        case kInterrupted:
            return "Interrupted.";
    }
    return "";
}

}  // namespace

std::string exit_status_text(std::initializer_list<ExitMeaning> codes) {
    std::string text;
    for (const ExitMeaning& its : codes) {
        text += std::to_string(static_cast<int>(its.code)) +
                " :: " + (its.text != nullptr ? its.text : meaning(its.code)) + "\n";
    }
    return text;
}

}  // namespace st::cli
