#pragma once
/// A network loop with the connections that live on it, and who may still come in.
#include <memory>
#include <string>
#include <unordered_map>

#include "auth/address.h"
#include "base/current.h"
#include "base/places.h"
#include "base/sync.h"
#include "httpd/counters.h"
#include "httpd/options.h"
#include "loop/loop_thread.h"

namespace st::httpd {

/// Something that lives on a network loop until it removes itself.
class Connection {
 public:
    virtual ~Connection() = default;
    /// The server ends: say goodbye and close. Its loop's thread.
    virtual void shut_down() = 0;
};

/// Counts connections in all and per address; a ticket holds one place until it is destroyed.
class Admission {
 public:
    class Ticket {
     public:
        Ticket() = default;
        Ticket(Admission& admission, const std::string& address)
            : admission_(&admission), entered_as_(address), address_(address) {}
        Ticket(Ticket&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)),
              entered_as_(std::move(other.entered_as_)),
              address_(std::move(other.address_)) {}
        Ticket& operator=(Ticket&& other) noexcept {
            std::swap(admission_, other.admission_);
            std::swap(entered_as_, other.entered_as_);
            std::swap(address_, other.address_);
            return *this;
        }
        ~Ticket() {
            if (admission_ != nullptr) admission_->leave(address_);
        }
        /// Counts under another address from now on: the client's, once a trusted proxy named it.
        /// Error.code 429: that one has as many as it may.
        Result<void> count_as(const std::string& address);
        /// Whose place it is: "" of a trusted proxy, of who comes by the control socket, and of
        /// none.
        const std::string& address() const { return address_; }
        /// As it entered.
        Result<void> count_as_entered() { return count_as(entered_as_); }

     private:
        Admission* admission_ = nullptr;
        std::string entered_as_;
        std::string address_;
    };

    Admission(const Current<Options>& options, Counters& counters)
        : options_(options), counters_(counters) {}

    /// Any thread. Error: which limit; its code is 503 if all are too many, 429 if those of the
    /// address are. The place is counted only on success. "": counted in all alone, as a trusted
    /// proxy is, whose clients count instead.
    Result<Ticket> enter(const std::string& address) ST_EXCLUDES(mutex_);
    /// Counted in all, and let in whatever the limits say: whoever has filled them must not keep
    /// the operator out.
    Ticket enter_always() ST_EXCLUDES(mutex_);

 private:
    Ticket take_place(const std::string& address) ST_REQUIRES(mutex_);
    Result<void> add_to(const std::string& address) ST_REQUIRES(mutex_);
    Result<void> move(const std::string& from, const std::string& to) ST_EXCLUDES(mutex_);
    void leave(const std::string& address) ST_EXCLUDES(mutex_);

    const Current<Options>& options_;
    Counters& counters_;
    Mutex mutex_;
    std::size_t count_ ST_GUARDED_BY(mutex_) = 0;
    Places per_address_ ST_GUARDED_BY(mutex_);
};

/// One thread with its loop and connections. Members other than loop(), busy() and size(): its
/// thread only.
class NetLoop {
 public:
    explicit NetLoop(const std::string& name, const loop::OnFailure& on_failure = {})
        : thread_(std::make_unique<loop::LoopThread>(name, on_failure)), loop_(thread_->loop()) {}
    /// Over a loop that its owner runs, for tests.
    explicit NetLoop(loop::EventLoop& loop) : loop_(loop) {}
    ~NetLoop() { stop(); }

    loop::EventLoop& loop() { return loop_; }
    const loop::BusyStats& busy() const { return loop_.busy(); }

    void add(std::shared_ptr<Connection> connection) {
        Connection* key = connection.get();
        connections_.emplace(key, std::move(connection));
        size_.store(connections_.size(), std::memory_order_relaxed);
    }
    /// The connection is destroyed at the end of this turn.
    void remove(Connection& connection) {
        const auto found = connections_.find(&connection);
        if (found == connections_.end()) return;
        loop_.retire(std::move(found->second));
        connections_.erase(found);
        size_.store(connections_.size(), std::memory_order_relaxed);
    }
    /// Any thread.
    std::size_t size() const { return size_.load(std::memory_order_relaxed); }
    /// Each in a task of its own: one that fails keeps nobody else open.
    void shut_down_all() {
        for (const auto& [key, connection] : connections_) {
            loop_.post([connection = connection] { connection->shut_down(); });
        }
    }
    /// Any thread but the loop's: ends the thread, then destroys what still lives on the loop.
    void stop() {
        if (thread_) thread_->stop();
        connections_.clear();
    }

 private:
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
    std::atomic<std::size_t> size_{0};
    std::unique_ptr<loop::LoopThread> thread_;  ///< null: its owner runs the loop
    loop::EventLoop& loop_;
};

}  // namespace st::httpd
