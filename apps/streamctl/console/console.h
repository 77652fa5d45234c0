#pragma once
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "streamctl/options.h"

namespace st::streamctl {

/// What a command says: results to stdout, messages to stderr.
class Console {
 public:
    /// `options` outlive it.
    explicit Console(const Options& options)
        : options_(options), quiet_(options.quiet), json_(options.json) {}

    bool json() const { return json_; }
    bool quiet() const { return quiet_; }
    /// A result, for stdout.
    void result(std::string_view line) { std::cout << line << '\n'; }
    /// The path of a recording's file on the server: as it is if it can be read here, else with
    /// "server:" before it.
    void server_file(const std::string& path, const std::string& recording);
    /// After those: how to have the files that cannot be read here.
    void say_how_to_fetch();
    /// The server's answer as it is, with --json.
    void body(std::string_view body);
    /// A note for people; not when quiet.
    void note(std::string_view line) {
        if (!quiet_) std::cerr << "streamctl: " << line << std::endl;
    }
    /// What went wrong.
    void trouble(std::string_view line) { std::cerr << "streamctl: " << line << std::endl; }

 private:
    const Options& options_;
    std::vector<std::string> out_of_reach_;  ///< recordings whose files cannot be read here
    bool quiet_;
    bool json_;
};

}  // namespace st::streamctl
