#include "loop/unix_listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "support/temporary_folder.h"

namespace st::loop {
namespace {

class UnixListenerTest : public testing::Test {
 protected:
    Fd connect() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto* at = reinterpret_cast<const sockaddr*>(&address);
        if (::connect(fd.get(), at, sizeof address) != 0) fd.reset();
        return fd;
    }
    int error_of_another() const {
        try {
            const UnixListener another(path_, 0600);
        } catch (const std::system_error& e) {
            return e.code().value();
        }
        return 0;
    }

    const test::TemporaryFolder temporary_{"/tmp/"};  // a socket's path has 107 bytes at most
    const std::string& folder_ = temporary_.path();
    std::string path_ = folder_ + "/a.sock";
};

TEST_F(UnixListenerTest, says_who_connects) {
    EventLoop loop;
    UnixListener listener(path_, 0600);
    struct stat there {};
    ASSERT_EQ(::stat(path_.c_str(), &there), 0);
    EXPECT_EQ(there.st_mode & 0777U, 0600U);
    PeerCredentials who;
    listener.start(loop,
                   [&](const SocketPtr&, const PeerCredentials& peer) {
                       who = peer;
                       loop.stop();
                   },
                   {});
    const Fd client = connect();
    ASSERT_TRUE(client);
    loop.after(std::chrono::seconds(60), [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(who.uid, ::geteuid());
    EXPECT_EQ(who.pid, ::getpid());
    listener.stop();
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, takes_the_place_of_a_dead_socket_alone) {
    {
        const UnixListener first(path_, 0600);
        EXPECT_EQ(error_of_another(), EADDRINUSE);
        std::filesystem::rename(path_, folder_ + "/kept");
    }
    std::filesystem::rename(folder_ + "/kept", path_);
    EXPECT_TRUE(std::filesystem::exists(path_)) << "not its own name any more: not removed";
    EXPECT_EQ(error_of_another(), 0);
    std::ofstream(path_) << "a file";
    EXPECT_EQ(error_of_another(), EADDRINUSE);
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, does_not_remove_its_successor) {
    auto first = std::make_unique<UnixListener>(path_, 0600);
    std::filesystem::remove(path_);
    const UnixListener second(path_, 0600);
    first.reset();
    EXPECT_TRUE(connect());
}

TEST_F(UnixListenerTest, refuses_a_path_that_is_too_long) {
    path_ = folder_ + "/" + std::string(200, 'x');
    EXPECT_EQ(error_of_another(), ENAMETOOLONG);
}

}  // namespace
}  // namespace st::loop
