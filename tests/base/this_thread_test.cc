#include "base/this_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace st {
namespace {

int nice_of_this_thread() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

TEST(ThisThread, has_a_name_of_fifteen_bytes_and_a_priority_of_its_own) {
    const int before = nice_of_this_thread();
    std::thread([&] {
        name_this_thread("a-name-of-more-than-that");
        std::array<char, 32> name{};
        ::pthread_getname_np(::pthread_self(), name.data(), name.size());
        EXPECT_STREQ(name.data(), "a-name-of-more-");
        lower_priority(19);
        EXPECT_EQ(nice_of_this_thread(), 19);
    }).join();
    EXPECT_EQ(nice_of_this_thread(), before);
}

}  // namespace
}  // namespace st
