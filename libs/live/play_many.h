#pragma once
/// Several streams over one WebSocket, for walls: /play-many. docs/live.md, "Many at once".
///
///     in   {"token":"..."}, where the request has none
///          {"subscribe":[{"id":0,"path":"/camera/door","mode":"all"}]}   {"unsubscribe":[0]}
///     out  {"id":0,"state":"live"} and so on, as text, and {"alive":true} in silence
///          u16 id (big-endian), one FLV tag with its PreviousTagSize, as a binary message
///
/// Each subscription is a viewer of its own, with its own right to the stream. Lives on its network
/// loop.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "auth/access.h"
#include "base/per_second.h"
#include "httpd/net_loop.h"
#include "httpd/websocket.h"
#include "json/value.h"
#include "live/arrival_zero.h"
#include "live/parts.h"
#include "live/viewer.h"
#include "loop/transport.h"

namespace st::live {

class PlayMany final : public httpd::Connection,
                       public httpd::WebSocketHandler,
                       public std::enable_shared_from_this<PlayMany> {
 public:
    static constexpr std::size_t kSubscriptionsMax = 64;
    /// Browsers see no pings: after so long without a message, or twice that, they get a text.
    static constexpr std::chrono::seconds kAliveInterval{5};

    /// `facts`: of the upgrade; each subscription adds its path, what its own address proves, and
    /// what the session of `cookie` (httpd::Sessions) gives by then.
    PlayMany(Parts& parts, httpd::NetLoop& net, httpd::Admission::Ticket ticket,
             std::unique_ptr<loop::Transport> stream, auth::Facts facts, std::string cookie,
             std::string peer);
    ~PlayMany() override;

    /// Right after it was added to its loop; the upgrade has been answered.
    void start(Bytes pending);
    void shut_down() override;

 private:
    class Subscription;
    using SubscriptionPtr = std::shared_ptr<Subscription>;

    void on_binary(Buffer /*message*/) override {}
    void on_text(const std::string& text) override;
    void on_drained() override;
    void on_over(std::uint16_t code, const std::string& reason) override;
    void on_gone() override;

    void subscribe(const json::Value& wanted);
    void unsubscribe(std::uint16_t id);
    /// What is to be known to decide about one stream. Error: there can be none at that path.
    Result<auth::Facts> facts_for(const auth::Policy& policy, const std::string& path,
                                  const std::string& query) const;
    void take_token(const std::string& token);
    /// `id`: the stream that the token was for, if it was for one.
    void refuse_guess(std::optional<std::uint16_t> id, const std::string& why);
    void complain(const std::string& text);
    void tell(std::uint16_t id, const std::string& state, const std::string& reason,
              const std::optional<hub::LineZero>& zero);
    void send(const std::string& text);
    void arm_alive_timer();
    /// It is over: nothing more of it is sent.
    void remove(std::uint16_t id);

    Parts& parts_;
    httpd::NetLoop& net_;
    httpd::Admission::Ticket ticket_;
    auth::Facts facts_;  ///< of the connection
    const std::string cookie_;
    const std::string peer_;
    std::unique_ptr<httpd::WebSocket> socket_;
    std::map<std::uint16_t, SubscriptionPtr> subscriptions_;
    PerSecond rate_{kCommandsPerSecondMax};  ///< of streams to begin and to leave
    std::size_t unread_texts_ = 0;           ///< bytes, at most, that the peer has not taken
    loop::TimerId guess_timer_ = 0;          ///< a wrong token came, and waits for its answer
    loop::TimerId alive_timer_ = 0;          ///< runs until it is over
    bool has_sent_ = false;                  ///< a message, since that timer was armed
    std::uint16_t first_drained_ = 0;        ///< which one had the room that there was last
};

}  // namespace st::live
