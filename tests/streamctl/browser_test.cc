#include "streamctl/commands/browser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>

#include "support/temporary_folder.h"

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

/// A desktop whose xdg-open notes what it is given, and what it finds there.
class Browser : public testing::Test {
 protected:
    Browser() {
        fs::create_directory(folder_ / "bin");
        set("PATH", (folder_ / "bin").string() + ":/usr/bin:/bin");
        set("XDG_RUNTIME_DIR", folder_.string());
        set("DISPLAY", ":99");
        set("WAYLAND_DISPLAY", "");
        set("BROWSER", "");
    }
    ~Browser() override {
        for (const auto& [name, value] : before_)
            value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }

    void set(const std::string& name, const std::string& value) {
        const char* now = std::getenv(name.c_str());
        before_.try_emplace(name, now == nullptr ? std::nullopt : std::optional<std::string>(now));
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    void add_program(const std::string& name) {
        const fs::path path = folder_ / "bin" / name;
        std::ofstream(path) << "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" >" << folder_.string()
                            << "/said.part\nstat -c %a \"$1\" >>" << folder_.string()
                            << "/said.part\ncat \"$1\" >>" << folder_.string() << "/said.part\nmv "
                            << folder_.string() << "/said.part " << folder_.string() << "/said\n";
        fs::permissions(path, fs::perms::owner_all);
    }
    std::string said() {
        wait_until([&] { return fs::exists(folder_ / "said"); });
        return test::read_text(folder_ / "said");
    }
    template <class Is>
    static void wait_until(Is is) {
        for (int i = 0; i < 2000 && !is(); ++i) std::this_thread::sleep_for(milliseconds(10));
        EXPECT_TRUE(is());
    }
    std::size_t pages() const {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(folder_))
            count += entry.path().filename().string().starts_with("streamctl-open-");
        return count;
    }

    const test::TemporaryFolder temporary_;
    const fs::path folder_ = temporary_.path();
    std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(Browser, gets_a_private_page_that_leads_there_and_goes_away) {
    add_program("xdg-open");
    ASSERT_TRUE(open_in_browser("http://127.0.0.1:1/#once=5ec7e7", seconds(1)));
    const std::string text = said();
    const std::string arguments = text.substr(0, text.find("600\n"));
    EXPECT_THAT(arguments, HasSubstr("/monitor.html\n"));
    EXPECT_THAT(arguments, Not(HasSubstr("5ec7e7")));
    EXPECT_THAT(text, HasSubstr("href=\"http://127.0.0.1:1/#once=5ec7e7\""));
    wait_until([&] { return pages() == 0; });
}

TEST_F(Browser, may_be_named_by_the_environment) {
    add_program("surf");
    set("PATH", "/nowhere:" + (folder_ / "bin").string());
    set("BROWSER", "none-of-this-name:surf");
    set("DISPLAY", "");
    set("WAYLAND_DISPLAY", "wayland-0");
    EXPECT_TRUE(open_in_browser("http://127.0.0.1:1/", seconds(0)));
}

TEST_F(Browser, is_none_without_a_desktop_or_a_program) {
    set("PATH", (folder_ / "bin").string());
    EXPECT_FALSE(open_in_browser("http://127.0.0.1:1/", seconds(0)));
    add_program("xdg-open");
    set("DISPLAY", "");
    EXPECT_FALSE(open_in_browser("http://127.0.0.1:1/", seconds(0)));
    EXPECT_EQ(pages(), 0U);
}

TEST(PageTo, an_address_cannot_leave_its_attribute) {
    EXPECT_THAT(page_to("http://a/?x=1&y=\"><script>"),
                HasSubstr("href=\"http://a/?x=1&amp;y=&quot;>&lt;script>\""));
}

}  // namespace
}  // namespace st::streamctl
