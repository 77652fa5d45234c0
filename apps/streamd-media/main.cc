/// streamd's helper program: the only one of streamd's processes that links libav. Not for people.
///
///     streamd-media serve             jobs from the socket that is standard input (worker/serve.h)
///     streamd-media input             an on-demand source, named on standard input
///     (av/input_process.h)
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "av/input_process.h"
#include "av/jobs.h"
#include "av/picture.h"
#include "worker/filter.h"
#include "worker/serve.h"

namespace st {
namespace {

int serve_jobs() {
    av::quiet_libav();
    av::warm_up();  // what is opened lazily must be open before nothing can be opened any more
    const std::string unfiltered = worker::restrict_system_calls();
    av::release_loader_pages();
    return worker::serve(av::perform_job, unfiltered);
}

int run(const std::vector<std::string>& words) {
    if (words == std::vector<std::string>{"serve"}) return serve_jobs();
    if (words == std::vector<std::string>{"input"}) {
        if (const auto code = av::run_input()) return *code;
    }
    std::fputs("streamd-media is started by streamd and streamctl; it does nothing by itself\n",
               stderr);
    return 64;
}

}  // namespace
}  // namespace st

int main(int argc, char** argv) {
    try {
        return st::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "streamd-media: %s\n", error.what());
        return 1;
    }
}
