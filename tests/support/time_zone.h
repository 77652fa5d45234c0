#pragma once
#include <stdlib.h>
#include <time.h>

#include <string>

namespace st {

/// The time zone of this process for the length of a test.
class TimeZone {
 public:
    explicit TimeZone(const char* name) {
        const char* before = ::getenv("TZ");
        if (before != nullptr) before_ = before;
        had_one_ = before != nullptr;
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    ~TimeZone() {
        if (had_one_)
            ::setenv("TZ", before_.c_str(), 1);
        else
            ::unsetenv("TZ");
        ::tzset();
    }
    TimeZone(const TimeZone&) = delete;
    TimeZone& operator=(const TimeZone&) = delete;

 private:
    std::string before_;
    bool had_one_ = false;
};

}  // namespace st
