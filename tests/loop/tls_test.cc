#include <Poco/Net/SocketAddress.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "certificate/authority.h"
#include "loop/collector.h"
#include "loop/listener.h"
#include "loop/tcp_stream.h"
#include "loop/tls_context.h"
#include "support/temporary_folder.h"

namespace st::loop {
namespace {

using certificate::CertificateAndKey;
using certificate::ServerWanted;

using std::chrono::hours;
using std::chrono::milliseconds;

/// A folder with a certificate and its key, gone when the test ends.
class Folder {
 public:
    std::string write(const std::string& name, std::string_view text) const {
        std::string path = folder_.path() + "/" + name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    TlsFiles pair(const ServerWanted& wanted, const std::string& name = "lab") const {
        const CertificateAndKey authority = certificate::make_authority(
            {.name = "Test", .limits = {}, .validity = {.until = hours(24)}, .key = {}});
        const CertificateAndKey made = certificate::make_server_certificate(wanted, authority);
        // The chain, so that the same file tells a client whom to trust.
        return {write(name + ".crt", made.certificate + authority.certificate),
                write(name + ".key", made.key)};
    }

 private:
    test::TemporaryFolder folder_;
};

ServerWanted for_localhost() {
    return {.names = {"localhost"}, .addresses = {"127.0.0.1"}, .validity = {.until = hours(24)}};
}

/// One end of a connection.
struct End : Collector {
    std::unique_ptr<TcpStream> stream;
};

/// Both ends on one loop: the server's is made when the client's connection is accepted.
class TlsTest : public ::testing::Test {
 protected:
    void SetUp() override {
        files = folder.pair(for_localhost());
        context = TlsContext::for_server(files);
        listener.start(loop, [this](const SocketPtr& socket) {
            server.stream = std::make_unique<TcpStream>(loop, *socket, server, context->accept());
            if (on_accept) on_accept();
        });
    }
    void TearDown() override {
        client.stream.reset();
        server.stream.reset();
        listener.stop();
    }
    Poco::Net::StreamSocket dial() const {
        Poco::Net::StreamSocket socket;
        socket.connect(Poco::Net::SocketAddress("127.0.0.1", listener.port()));
        return socket;
    }
    void connect(const TlsTrust& trust, const std::string& host) {
        client.stream = std::make_unique<TcpStream>(loop, dial(), client,
                                                    TlsContext::for_client(trust)->connect(host));
    }
    void connect() { connect({.ca_file = files.certificate}, "localhost"); }
    /// Until something stops the loop, which has to happen within half a minute.
    void run() {
        const TimerId guard = loop.after(std::chrono::seconds(30), [this] {
            ADD_FAILURE() << "nothing happened for half a minute";
            loop.stop();
        });
        loop.run();
        loop.cancel(guard);
    }

    Folder folder;
    TlsFiles files;
    TlsContextPtr context;
    EventLoop loop;
    Listener listener{"127.0.0.1", 0};
    End server;
    End client;
    std::function<void()> on_accept;
};

std::string pattern(std::size_t bytes) {
    std::string text(bytes, 'x');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i / 997 + i) % 26);
    return text;
}

TEST_F(TlsTest, carries_bytes_both_ways_and_ends_cleanly) {
    connect();
    client.stream->send("question");  // before the handshake: it waits
    server.on_bytes = [&] {
        if (server.received != "question") return;
        server.stream->send("answer");
        server.stream->finish(milliseconds(5000));
    };
    client.on_close = [&] { loop.stop(); };
    run();
    EXPECT_EQ(client.received, "answer");
    EXPECT_TRUE(client.ended);
    EXPECT_EQ(client.end_error, "");
    EXPECT_EQ(client.drained, 1);
    EXPECT_TRUE(server.stream->is_secure());
}

TEST_F(TlsTest, carries_megabytes_both_ways_at_once_through_small_buffers) {
    const std::string up = pattern(5'000'000);
    const std::string down = pattern(7'000'000);
    connect();
    client.stream->limit_kernel_queue({8192, 8192});
    client.stream->send(up);
    on_accept = [&] {
        server.stream->limit_kernel_queue({8192, 8192});
        std::vector<SharedBuffer> buffers;
        std::size_t at = 0;
        for (std::size_t i = 0; at < down.size(); ++i) {  // records gathered, whole and split
            const std::size_t size =
                std::min<std::size_t>(1 + (i * 7919) % 40'000, down.size() - at);
            buffers.push_back(share(Buffer(as_bytes(down).subspan(at, size))));
            at += size;
        }
        server.stream->send(std::span<const SharedBuffer>(buffers));
    };
    const auto check = [&] {
        if (server.received.size() == up.size() && client.received.size() == down.size()) {
            loop.stop();
        }
    };
    server.on_bytes = client.on_bytes = check;
    run();
    EXPECT_TRUE(server.received == up);
    EXPECT_TRUE(client.received == down);
    EXPECT_EQ(client.stream->queued_bytes() + server.stream->queued_bytes(), 0U);
    EXPECT_EQ(client.stream->bytes_out(), up.size());
}

TEST_F(TlsTest, a_paused_reader_gets_everything_after_resume_whatever_is_buffered_where) {
    const std::string text = pattern(900'000);
    connect();
    client.stream->send(text);
    server.on_bytes = [&] {
        if (server.received.size() == text.size()) return loop.stop();
        server.stream->pause_reading();
        loop.after(milliseconds(1), [&] { server.stream->resume_reading(); });
    };
    run();
    EXPECT_TRUE(server.received == text);
}

TEST_F(TlsTest, finish_sends_the_queue_and_says_goodbye_to_a_peer_that_reads_late) {
    const std::string text = pattern(20'000'000);
    connect();
    client.stream->send("go");
    server.on_bytes = [&] {
        client.stream->pause_reading();
        server.stream->limit_kernel_queue({8192, 8192});
        server.stream->send(text);
        EXPECT_GT(server.stream->queued_bytes(), 0U);
        server.stream->finish(std::chrono::seconds(20));
        loop.after(milliseconds(30), [&] { client.stream->resume_reading(); });
    };
    client.on_close = [&] { loop.stop(); };
    run();
    EXPECT_TRUE(client.received == text);
    EXPECT_EQ(client.end_error, "");
}

TEST_F(TlsTest, a_peer_that_vanishes_without_goodbye_is_an_end_with_its_reason) {
    connect();
    client.stream->send("last words");
    server.on_bytes = [&] { ::shutdown(client.stream->socket().impl()->sockfd(), SHUT_WR); };
    server.on_close = [&] { loop.stop(); };
    run();
    EXPECT_EQ(server.received, "last words");
    EXPECT_EQ(server.end_error, "closed without a TLS close_notify");
}

TEST_F(TlsTest, a_closed_stream_says_goodbye) {
    connect();
    client.stream->send("x");
    server.on_bytes = [&] { client.stream->close(); };
    server.on_close = [&] { loop.stop(); };
    run();
    EXPECT_TRUE(server.ended);
    EXPECT_EQ(server.end_error, "");
}

TEST_F(TlsTest, may_be_destroyed_inside_its_own_callback) {
    connect();
    client.stream->send("x");
    server.on_bytes = [&] { server.stream.reset(); };
    client.on_close = [&] { loop.stop(); };
    run();
    EXPECT_FALSE(server.stream);
}

TEST_F(TlsTest, bytes_that_are_not_tls_end_that_connection_alone) {
    for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(64, '\0'),
                                     std::string("\x16\x03\x01\xff\xff"),
                                     std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff", 10)}) {
        SCOPED_TRACE(bytes);
        Poco::Net::StreamSocket peer = dial();
        peer.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
        peer.shutdownSend();
        server.ended = false;
        server.on_close = [&] { loop.stop(); };
        run();
        EXPECT_TRUE(server.ended);
        EXPECT_NE(server.end_error, "");
        EXPECT_EQ(server.received, "");
    }
}

/// A relay that passes bytes on and may change them.
class Relay {
 public:
    Relay(std::uint16_t to, std::function<void(std::span<char>, std::size_t)> change)
        : socket_(Poco::Net::SocketAddress("127.0.0.1", 0)), change_(std::move(change)) {
        thread_ = std::thread([this, to] {
            Poco::Net::StreamSocket near = socket_.acceptConnection();
            Poco::Net::StreamSocket far(Poco::Net::SocketAddress("127.0.0.1", to));
            std::thread back([&] { pump(far, near, nullptr); });
            pump(near, far, change_);
            back.join();
        });
    }
    ~Relay() { thread_.join(); }
    Poco::Net::SocketAddress address() const { return socket_.address(); }

 private:
    static void pump(Poco::Net::StreamSocket& from, Poco::Net::StreamSocket& to,
                     const std::function<void(std::span<char>, std::size_t)>& change) {
        std::array<char, 4096> bytes{};
        std::size_t passed = 0;
        try {
            for (;;) {
                const int got = from.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
                if (got <= 0) break;
                if (change) change(std::span(bytes).first(static_cast<std::size_t>(got)), passed);
                passed += static_cast<std::size_t>(got);
                to.sendBytes(bytes.data(), got);
            }
            to.shutdownSend();
        } catch (const Poco::Exception&) {  // one side is gone: the other learns of it
            ::shutdown(from.impl()->sockfd(), SHUT_RDWR);  // not close(): both threads use it
        }
    }

    Poco::Net::ServerSocket socket_;
    std::function<void(std::span<char>, std::size_t)> change_;
    std::thread thread_;
};

TEST_F(TlsTest, a_record_changed_on_the_way_ends_the_connection_and_is_not_delivered) {
    constexpr std::size_t kUntouched = 50'000;  // well behind the handshake
    const Relay relay(listener.port(), [&](std::span<char> bytes, std::size_t passed) {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            if (passed + i == kUntouched) bytes[i] = static_cast<char>(bytes[i] ^ 1);
        }
    });
    Poco::Net::StreamSocket socket;
    socket.connect(relay.address());
    client.stream = std::make_unique<TcpStream>(
        loop, socket, client,
        TlsContext::for_client({.ca_file = files.certificate})->connect("localhost"));
    const std::string text = pattern(200'000);
    client.stream->send(text);
    server.on_close = [&] {
        client.stream.reset();
        loop.stop();
    };
    run();
    EXPECT_NE(server.end_error, "");
    EXPECT_LT(server.received.size(), kUntouched);
    EXPECT_EQ(server.received, text.substr(0, server.received.size()));
}

TEST_F(TlsTest, stalled_handshakes_keep_nobody_waiting) {
    std::vector<std::unique_ptr<End>> stalled;
    std::vector<Poco::Net::StreamSocket> peers;
    listener.stop();
    Listener other("127.0.0.1", 0);
    other.start(loop, [&](const SocketPtr& socket) {
        auto end = std::make_unique<End>();
        end->stream = std::make_unique<TcpStream>(loop, *socket, *end, context->accept());
        end->on_bytes = [&, raw = end.get()] { raw->stream->send("served"); };
        stalled.push_back(std::move(end));
    });
    for (int i = 0; i < 300; ++i) {  // of half a record header each
        peers.emplace_back(Poco::Net::SocketAddress("127.0.0.1", other.port()));
        peers.back().sendBytes("\x16\x03", 2);
    }
    client.stream = std::make_unique<TcpStream>(
        loop, Poco::Net::StreamSocket(Poco::Net::SocketAddress("127.0.0.1", other.port())), client,
        TlsContext::for_client({.ca_file = files.certificate})->connect("localhost"));
    client.stream->send("hello");
    client.on_bytes = [&] { loop.stop(); };
    run();
    EXPECT_EQ(client.received, "served");
    EXPECT_EQ(stalled.size(), 301U);
    other.stop();
}

TEST_F(TlsTest, a_client_refuses_a_certificate_it_has_no_reason_to_believe) {
    const Folder elsewhere;
    const TlsFiles foreign = elsewhere.pair(for_localhost());
    client.on_close = [&] { loop.stop(); };
    connect({.ca_file = foreign.certificate}, "localhost");
    run();
    EXPECT_EQ(client.end_error.find("certificate of localhost not accepted: "), 0U)
        << client.end_error;
    EXPECT_EQ(server.received, "");
}

TEST_F(TlsTest, a_client_refuses_a_certificate_for_another_host) {
    client.on_close = [&] { loop.stop(); };
    client.stream.reset();
    connect({.ca_file = files.certificate}, "example.org");
    run();
    EXPECT_NE(client.end_error.find("hostname mismatch"), std::string::npos) << client.end_error;
}

TEST_F(TlsTest, a_client_refuses_a_certificate_for_another_address) {
    client.on_close = [&] { loop.stop(); };
    connect({.ca_file = files.certificate}, "127.0.0.2");
    run();
    EXPECT_NE(client.end_error.find("IP address mismatch"), std::string::npos) << client.end_error;
}

TEST_F(TlsTest, an_address_in_the_certificate_is_accepted) {
    connect({.ca_file = files.certificate}, "127.0.0.1");
    client.stream->send("x");
    server.on_bytes = [&] { loop.stop(); };
    run();
    EXPECT_EQ(server.received, "x");
}

TEST_F(TlsTest, an_insecure_client_takes_any_certificate) {
    connect({.ca_file = {}, .is_insecure = true}, "example.org");
    client.stream->send("x");
    server.on_bytes = [&] { loop.stop(); };
    run();
    EXPECT_EQ(server.received, "x");
}

TEST_F(TlsTest, a_new_context_serves_new_connections_while_the_old_one_lives_on) {
    connect();
    client.stream->send("old");
    server.on_bytes = [&] { loop.stop(); };
    run();
    const Folder elsewhere;
    const TlsFiles renewed = elsewhere.pair(for_localhost());
    context = TlsContext::for_server(renewed);
    End old_server;
    old_server.stream = std::move(server.stream);
    old_server.stream->set_handler(old_server);
    End second;
    second.stream = std::make_unique<TcpStream>(
        loop, dial(), second,
        TlsContext::for_client({.ca_file = renewed.certificate})->connect("localhost"));
    second.stream->send("new");
    server.received.clear();
    run();
    EXPECT_EQ(server.received, "new");
    client.stream->send("still");
    old_server.on_bytes = [&] { loop.stop(); };
    run();
    EXPECT_EQ(old_server.received, "still");
}

std::string refusal_of(const TlsFiles& files) {
    try {
        const auto context = TlsContext::for_server(files);
        return "accepted";
    } catch (const TlsError& e) {
        return e.what();
    }
}

TEST(TlsContext, names_the_file_and_what_is_wrong_with_it) {
    const Folder folder;
    const TlsFiles good = folder.pair(for_localhost(), "good");
    const TlsFiles other = folder.pair(for_localhost(), "other");
    EXPECT_EQ(refusal_of(good), "accepted");
    EXPECT_EQ(refusal_of({"/nowhere/at.crt", good.key}),
              "certificate /nowhere/at.crt: No such file or directory; check "
              "tls.certificate (--tls-cert)");
    EXPECT_EQ(refusal_of({good.certificate, other.key}),
              "key " + other.key + ": does not belong to certificate " + good.certificate +
                  "; give the key it was made with");
    const std::string text = folder.write("text", "hello\n");
    EXPECT_EQ(refusal_of({text, good.key}).find("certificate " + text + ": expected PEM"), 0U);
    EXPECT_EQ(refusal_of({good.certificate, text}).find("key " + text + ": expected PEM"), 0U);
    const std::string empty = folder.write("empty", "");
    EXPECT_EQ(refusal_of({good.certificate, empty}).find("key " + empty + ": it is empty"), 0U);
    if (::geteuid() != 0) {
        ::chmod(good.key.c_str(), 0);
        EXPECT_NE(refusal_of(good).find("Permission denied; let streamd's user read it"),
                  std::string::npos);
    }
}

TEST(TlsContext, warns_of_a_certificate_that_clients_will_refuse) {
    const Folder folder;
    ServerWanted wanted = for_localhost();
    EXPECT_TRUE(TlsContext::for_server(folder.pair(wanted))->warnings().empty());
    wanted.validity.from = hours(-48);
    wanted.validity.until = hours(-24);
    auto warnings = TlsContext::for_server(folder.pair(wanted))->warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find(": expired on 20"), std::string::npos) << warnings[0];
    wanted.validity.from = hours(24);
    wanted.validity.until = hours(48);
    warnings = TlsContext::for_server(folder.pair(wanted))->warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find(": not valid before 20"), std::string::npos) << warnings[0];
}

TEST(TlsContext, a_client_names_the_ca_file_it_cannot_use) {
    const Folder folder;
    EXPECT_THROW(TlsContext::for_client({.ca_file = "/nowhere/ca.pem"}), TlsError);
    EXPECT_THROW(TlsContext::for_client({.ca_file = folder.write("x", "not PEM")}), TlsError);
}

}  // namespace
}  // namespace st::loop
