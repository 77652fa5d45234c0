#include <Poco/Exception.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include "api/exposition.h"
#include "cli/exit_codes.h"
#include "cli/generate.h"
#include "cli/parse.h"
#include "cli/terminal.h"
#include "streamd/config.h"
#include "streamd/daemon.h"
#include "streamd/make_cert.h"
#include "streamd/manual.h"
#include "streamd/options.h"
#include "streamd/server_setup.h"

extern char** environ;

namespace st::streamd {
namespace {

std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> all;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string_view entry(*at);
        const std::size_t equals = entry.find('=');
        if (equals != std::string_view::npos) {
            all.emplace(entry.substr(0, equals), entry.substr(equals + 1));
        }
    }
    return all;
}

void make_absolute(std::string& path) {
    if (!path.empty()) path = std::filesystem::absolute(path).string();
}

int serve(ConfigSources sources, LoadedConfig loaded, Options options) {
    make_absolute(sources.file);
    sources.folder = std::filesystem::current_path().string();
    make_absolute(options.ports_file);
    make_absolute(options.pidfile);
    std::optional<Background> background;
    if (options.is_daemon) background = Background::begin();
    std::optional<Pidfile> pidfile;
    if (!options.pidfile.empty()) pidfile.emplace(options.pidfile);
    if (options.is_daemon && ::chdir("/") != 0) std::perror("chdir /");
    return run_daemon({std::move(sources), std::move(loaded), options.ports_file},
                      background ? &*background : nullptr);
}

int run(int argc, char** argv) {
    CLI::App app{"", "streamd"};
    Options options;
    build(app, options);
    if (const auto code = cli::parse(app, argc, argv)) return *code;
    if (!options.generate.empty()) {
        std::cout << cli::generate(app, manual(), options.generate);
        return cli::finish_output("streamd", cli::kDone);
    }
    if (options.only_print_metrics_page) {
        std::cout << api::metrics_page();
        return cli::finish_output("streamd", cli::kDone);
    }
    if (options.only_print_config_page) {
        std::cout << config_page();
        return cli::finish_output("streamd", cli::kDone);
    }
    if (!options.make_cert.empty()) return make_cert(options.make_cert);
    const ConfigSources sources{options.config_file, environment(), options.settings, {}};
    auto loaded = load_config(sources);
    if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
        for (const std::string& line : errors->lines) std::cerr << "streamd: " << line << "\n";
        return cli::kBadConfig;
    }
    auto& good = std::get<LoadedConfig>(loaded);
    if (options.only_print_config) {
        for (const std::string& line : good.warnings) std::cerr << "streamd: " << line << "\n";
        std::cout << configuration_file(good.entries);
        return cli::finish_output("streamd", cli::kDone);
    }
    if (options.only_check_config) {
        // What tls.auto would make is not made for a check.
        const bool is_auto = good.config.tls.is_auto;
        const Certificates read = is_auto ? Certificates{} : certificates_of(good.config);
        server_options(good.config, read);
        for (const std::string& line : good.warnings) std::cerr << "streamd: " << line << "\n";
        if (read.tls) {
            for (const std::string& line : read.tls->warnings()) {
                std::cerr << "streamd: " << line << "\n";
            }
        }
        return cli::kDone;
    }
    if (const auto code = stay_as_first_process()) return *code;
    return serve(sources, std::move(good), std::move(options));
}

}  // namespace
}  // namespace st::streamd

int main(int argc, char** argv) {
    st::streamd::block_signals();
    try {
        return st::streamd::run(argc, argv);
    } catch (const st::streamd::BadConfig& e) {
        std::cerr << "streamd: " << e.what() << "\n";
        return st::cli::kBadConfig;
    } catch (const st::streamd::NoConfigFile& e) {
        std::cerr << "streamd: " << e.what() << "\n";
        return st::cli::kNoInput;
    } catch (const Poco::Exception& e) {
        std::cerr << "streamd: " << e.displayText() << "\n";
    } catch (const std::exception& e) {
        std::cerr << "streamd: " << e.what() << "\n";
    }
    return st::cli::kRefused;
}
