#pragma once
/// What one connection makes the server hold of what its peer sends, charged to the memory budget
/// (base/memory_budget.h), and whether its socket is read: not while its owner pauses it, and not
/// while memory is short and the connection holds more than its share. One loop, its thread only.
#include <chrono>
#include <functional>
#include <memory>

#include "base/memory_budget.h"
#include "loop/transport.h"

namespace st::httpd {

/// While memory is short, something that is not whole must grow by so much in this time, or its
/// connection is ended.
constexpr std::size_t kGrowthBytesMin = 64 * 1024;
constexpr std::chrono::seconds kGrowthTime{10};

class InputAccount {
 public:
    struct Held {
        std::size_t half = 0;  ///< of what only more input makes whole: a message, a tag
        /// What has to come before that is whole, at least; 0: not known.
        std::size_t missing = 0;
        std::size_t whole = 0;  ///< of what waits here to be used
    };
    /// Each of them may close the connection.
    struct Ends {
        /// Something half hardly grows while memory is short.
        std::function<void()> on_too_slow;
        /// The peer has left, and what waits in the kernel does not make whole what it began: there
        /// is nothing to be read for.
        std::function<void()> on_left;
    };

    /// `transport` may go before this once close() was called; the rest outlives it.
    InputAccount(loop::Transport& transport, MemoryBudget& memory, Ends ends);
    ~InputAccount();
    InputAccount(const InputAccount&) = delete;
    InputAccount& operator=(const InputAccount&) = delete;

    void note_input(std::size_t bytes) { received_ += bytes; }
    /// After everything was made of what came.
    void set(const Held& held);
    /// Nothing is held any more, and reading is somebody else's business.
    void close();

    /// The owner's back-pressure, independent of this.
    void pause();
    void resume();
    /// Neither the owner nor a want of memory keeps the socket from being read.
    bool is_read() const { return !is_paused_ && !is_starved_; }
    /// From the transport, when the peer has closed its side while it is not read.
    void on_hang_up();

 private:
    void feed_again();
    void read_if_allowed();
    void watch_growth();
    void on_growth_timer();
    /// False: it is another's; begin_turn() is called when it is ours.
    bool take_turn();
    void begin_turn();
    void end_turn();

    loop::Transport& transport_;
    loop::EventLoop& loop_;
    MemoryBudget& memory_;
    const Ends ends_;
    Held held_;
    bool is_closed_ = false;
    bool is_paused_ = false;   ///< by the owner
    bool is_starved_ = false;  ///< not read until the budget has room
    bool has_turn_ = false;    ///< may finish what it began all the same
    bool wants_turn_ = false;  ///< on_turn_ will be called
    bool is_leaving_ = false;  ///< the peer left: what it sent is read to its end
    std::uint64_t received_ = 0;
    std::uint64_t received_then_ = 0;  ///< when the growth timer was armed
    loop::TimerId growth_timer_ = 0;
    /// Expires with this: for tasks that are on their way.
    const std::shared_ptr<InputAccount*> self_ = std::make_shared<InputAccount*>(this);
    const MemoryBudget::Wake on_turn_;
    MemoryBudget::Holder holder_;
};

}  // namespace st::httpd
