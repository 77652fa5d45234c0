#pragma once
#include <iostream>
#include <string_view>

#include "streamctl/options.h"

namespace st::streamctl {

/// What a command says: results to stdout, messages to stderr.
class Console {
 public:
    explicit Console(const Options& options) : quiet_(options.quiet), json_(options.json) {}

    bool json() const { return json_; }
    bool quiet() const { return quiet_; }
    /// A result, for stdout.
    void result(std::string_view line) { std::cout << line << '\n'; }
    /// The server's answer as it is, with --json.
    void body(std::string_view body);
    /// A note for people; not when quiet.
    void note(std::string_view line) {
        if (!quiet_) std::cerr << "streamctl: " << line << std::endl;
    }
    /// What went wrong.
    void trouble(std::string_view line) { std::cerr << "streamctl: " << line << std::endl; }

 private:
    bool quiet_;
    bool json_;
};

}  // namespace st::streamctl
