#include "notify/curl_library.h"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace st::notify {
namespace {

constexpr const char* kName = "libcurl.so.4";

[[noreturn]] void fail(const std::string& why) {
    throw std::runtime_error("hooks need libcurl (Debian: libcurl4): " + why);
}

std::string last_error() {
    const char* why = ::dlerror();
    return why == nullptr ? "no reason given" : why;
}

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) fail(last_error());
}

}  // namespace

CurlLibrary::CurlLibrary() {
    // It stays loaded: OpenSSL and it have things to do when the process ends.
    void* library = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) fail(last_error());
    find(library, "curl_global_init", global_init);
    find(library, "curl_global_cleanup", global_cleanup);
    find(library, "curl_easy_init", easy_init);
    find(library, "curl_easy_cleanup", easy_cleanup);
    find(library, "curl_easy_setopt", easy_setopt);
    find(library, "curl_easy_getinfo", easy_getinfo);
    find(library, "curl_easy_strerror", easy_strerror);
    find(library, "curl_slist_append", slist_append);
    find(library, "curl_slist_free_all", slist_free_all);
    find(library, "curl_multi_init", multi_init);
    find(library, "curl_multi_cleanup", multi_cleanup);
    find(library, "curl_multi_setopt", multi_setopt);
    find(library, "curl_multi_add_handle", multi_add_handle);
    find(library, "curl_multi_remove_handle", multi_remove_handle);
    find(library, "curl_multi_perform", multi_perform);
    find(library, "curl_multi_info_read", multi_info_read);
    find(library, "curl_multi_poll", multi_poll);
    find(library, "curl_multi_wakeup", multi_wakeup);
    // Counted by libcurl, and safe in several threads since 7.84.
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) fail("it cannot be set up");
}

CurlLibrary::~CurlLibrary() { global_cleanup(); }

}  // namespace st::notify
