#pragma once
/// A publishing connection as the hub may reach it: by posts to its loop.
#include <memory>

#include "httpd/net_loop.h"
#include "hub/viewer.h"

namespace st::live {

/// A connection that publishes. Its loop's thread.
class PublishingConnection {
 public:
    virtual ~PublishingConnection() = default;
    /// Provoke a sign of life, where the protocol can.
    virtual void probe() = 0;
    /// Close: the stream is another one's ("replaced"), or an operator said so ("kicked").
    virtual void dismiss(const char* reason) = 0;
};

class PublisherLink final : public hub::Publisher {
 public:
    PublisherLink(httpd::NetLoop& net, std::weak_ptr<PublishingConnection> connection)
        : net_(net), connection_(std::move(connection)) {}

    void probe() override {
        post([](PublishingConnection& connection) { connection.probe(); });
    }
    void replaced() override {
        post([](PublishingConnection& connection) { connection.dismiss("replaced"); });
    }
    void kicked() override {
        post([](PublishingConnection& connection) { connection.dismiss("kicked"); });
    }

 private:
    template <class Call>
    void post(Call call) {
        net_.loop().post([weak = connection_, call] {
            if (const auto connection = weak.lock()) call(*connection);
        });
    }

    httpd::NetLoop& net_;
    const std::weak_ptr<PublishingConnection> connection_;
};

}  // namespace st::live
